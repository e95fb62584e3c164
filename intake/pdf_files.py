"""Directives in PDF files with a text layer, read with PDFium: text by its place on the page, and
tables by their ruled lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from intake.errors import IntakeError
from intake.frames import Edge
from intake.layout import Line, page_parts, paragraphs
from intake.ocr import DPI, INSTALL, MARKED, MAX_SCANS, Seen, doubts, installed, recognised
from intake.packages import broken
from intake.paper import PLAIN, Options, Paper, TableBlock, paper
from intake.printed import Glyph
from intake.unruled import Unruled

MAX_PAGES = 2_000
_SCANNED = (
    "Tệp PDF là bản quét, không có lớp chữ; hãy gửi tệp Word (.docx) gốc, bản PDF đã nhận dạng "
    f"chữ (OCR), hoặc {INSTALL} trên máy chủ."
)
_NOTHING_SEEN = "Không nhận dạng được chữ nào trong bản quét; hãy gửi tệp Word (.docx) gốc."
_LOCKED = "Tệp đặt mật khẩu; hãy bỏ mật khẩu rồi nhập lại."
# Fewer letters on a page than this are a stamp or a page number.
_LEAST_LETTERS = 25
_PASSWORD, _PATH, _IMAGE = 4, 2, 3
# What share of a page a picture covers that is the page itself; how many curves letters take.
_COVERED = 0.3
_MANY_PATHS = 60
_MOST_PIXELS = 6_000
_THIN = 2.5
# PDFium serves one thread at a time; those who read at the same time (several committees in one
# process) take turns page by page.
_turn = Lock()


def read_pdf(content: bytes, options: Options = PLAIN) -> Paper:
    """A .pdf file; `line` is the page. Raises IntakeError, in one line, for scans that cannot be
    read, locked and damaged files."""
    # Heavy, and needed by nothing else.
    import pypdfium2  # noqa: PLC0415

    try:
        with _turn:
            document = pypdfium2.PdfDocument(content)
            pages = len(document)
    except pypdfium2.PdfiumError as error:
        locked = getattr(error, "err_code", None) == _PASSWORD or "password" in str(error).lower()
        raise (IntakeError(_LOCKED) if locked else broken(".pdf")) from error
    try:
        if pages > MAX_PAGES:
            raise IntakeError(f"Tệp có hơn {MAX_PAGES} trang; hãy chia nhỏ.")
        return _read(document, pages, options)
    except pypdfium2.PdfiumError as error:
        raise broken(".pdf") from error
    finally:
        with _turn:
            document.close()


def _read(document: Any, pages: int, options: Options) -> Paper:
    parts: list[Line | TableBlock] = []
    letters = 0
    unruled = Unruled()
    scans = _Scans(usable=options.ocr and installed())
    for number in range(1, pages + 1):
        with _turn:
            page = document[number - 1]
            seen = Seen(_glyphs(page), *_edges(page))
            scanned = len(seen.glyphs) < _LEAST_LETTERS and _is_picture(page)
            picture = scans.picture(number, page) if scanned else None
            page.close()
        if scanned:
            seen = scans.read(number, picture)
        letters += len(seen.glyphs)
        parts += page_parts(number, seen.glyphs, seen.flat, seen.upright, unruled)
        if options.progress:
            options.progress(number, pages)
    if letters < _LEAST_LETTERS * pages:
        raise IntakeError(scans.refusal)
    return replace(paper(paragraphs(parts), "trang"), remarks=tuple(scans.remarks()))


# --- Scanned pages --------------------------------------------------------------------------------


@dataclass
class _Scans:
    """The pages without text: read by recognition where that is `usable`, told of in any case."""

    usable: bool
    read_pages: list[int] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    doubtful: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def picture(self, number: int, page: Any) -> tuple[Any, float] | None:
        """What is to be recognised, and how high the page is; None where nothing can be."""
        if not self.usable:
            self.unread.append(number)
            return None
        if len(self.read_pages) >= MAX_SCANS:
            raise IntakeError(
                f"Bản quét có hơn {MAX_SCANS} trang; hãy gửi tệp Word (.docx) gốc hoặc chia nhỏ."
            )
        self.read_pages.append(number)
        return page.render(scale=_scale(page), grayscale=True).to_pil(), page.get_height()

    def read(self, number: int, picture: tuple[Any, float] | None) -> Seen:
        if picture is None:
            return Seen([], [], [])
        seen = recognised(*picture)
        self.doubtful[number] = seen.doubtful
        return seen

    @property
    def refusal(self) -> str:
        return _NOTHING_SEEN if self.usable and self.read_pages else _SCANNED

    def remarks(self) -> Iterator[tuple[int, str]]:
        if self.read_pages:
            yield 0, f"trang {_ranges(self.read_pages)} {MARKED}"
        if self.unread:
            yield 0, f"trang {_ranges(self.unread)} là ảnh quét không có chữ nên chưa đọc được"
        yield from doubts(self.doubtful)


def _scale(page: Any) -> float:
    """Pixels a point; a poster is not drawn at full size."""
    largest: float = max(page.get_width(), page.get_height())
    return min(DPI / 72, _MOST_PIXELS / max(largest, 1.0))


def _ranges(pages: Sequence[int]) -> str:
    """ "1–3, 7" for 1, 2, 3, 7."""
    found: list[list[int]] = []
    for page in pages:
        if found and page == found[-1][-1] + 1:
            found[-1].append(page)
        else:
            found.append([page])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in found)


def _is_picture(page: Any) -> bool:
    """Whether a page without text is a scan, or text drawn as curves; a blank page is neither."""
    area = page.get_width() * page.get_height()
    paths = 0
    for item in page.get_objects(filter=[_PATH, _IMAGE], max_depth=4):
        left, bottom, right, top = item.get_bounds()
        if item.type == _IMAGE and (right - left) * (top - bottom) > _COVERED * area:
            return True
        paths += item.type == _PATH
    return paths > _MANY_PATHS


# --- A page's letters and lines -------------------------------------------------------------------


def _glyphs(page: Any) -> list[Glyph]:
    import ctypes  # noqa: PLC0415

    import pypdfium2.raw as pdfium  # noqa: PLC0415

    text = page.get_textpage()
    raw, box = text.raw, pdfium.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    # Four calls for each of half a million letters: nothing is looked up or wrapped twice.
    unicode_of, box_of = pdfium.FPDFText_GetUnicode, pdfium.FPDFText_GetLooseCharBox
    origin_of = pdfium.FPDFText_GetCharOrigin
    at_box, at_x, at_y = ctypes.byref(box), ctypes.byref(x), ctypes.byref(y)
    found: list[Glyph] = []
    for place in range(text.count_chars()):
        code = unicode_of(raw, place)
        # PDFium gives a hyphen at a line's end as U+0002.
        letter = "-" if code == 2 else chr(code) if 0 < code < 0x110000 else ""
        if not letter or letter in "\r\n\ufffe\uffff":
            continue
        if letter.isspace() and pdfium.FPDFText_IsGenerated(raw, place):
            continue
        box_of(raw, place, at_box)
        origin_of(raw, place, at_x, at_y)
        found.append(Glyph(letter, box.left, box.bottom, box.right, box.top, y.value))
    text.close()
    return found


def _edges(page: Any) -> tuple[list[Edge], list[Edge]]:
    """The page's horizontal and vertical ruled lines."""
    flat: list[Edge] = []
    upright: list[Edge] = []
    for item in page.get_objects(filter=[_PATH], max_depth=4):
        left, bottom, right, top = item.get_bounds()
        width, height = right - left, top - bottom
        if height <= _THIN < width:
            flat.append(Edge((bottom + top) / 2, left, right))
        elif width <= _THIN < height:
            upright.append(Edge((left + right) / 2, bottom, top))
        elif width > _THIN and height > _THIN and _is_frame(item):
            flat += [Edge(bottom, left, right), Edge(top, left, right)]
            upright += [Edge(left, bottom, top), Edge(right, bottom, top)]
    return flat, upright


def _is_frame(item: Any) -> bool:
    """Whether a path is a drawn rectangle, not a filled ground or a curve."""
    import ctypes  # noqa: PLC0415

    import pypdfium2.raw as pdfium  # noqa: PLC0415

    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(item.raw, fill, stroke)
    return bool(stroke.value) and 4 <= pdfium.FPDFPath_CountSegments(item.raw) <= 6
