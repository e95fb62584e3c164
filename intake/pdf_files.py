"""Directives in PDF files with a text layer, read with PDFium: text by its place on the page, and
tables by their ruled lines."""

import contextlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from deadlines.text import clean
from intake.errors import IntakeError
from intake.grid import Row, check_length, tidy
from intake.outline import marker
from intake.packages import broken
from intake.paper import Block, Paper, Paragraph, Progress, TableBlock, paper

MAX_PAGES = 2_000
_SCANNED = (
    "Tệp PDF là bản quét, không có lớp chữ; "
    "hãy gửi tệp Word (.docx) gốc hoặc bản PDF đã nhận dạng chữ (OCR)."
)
_LOCKED = "Tệp đặt mật khẩu; hãy bỏ mật khẩu rồi nhập lại."
# Fewer letters on a page than this are a stamp or a page number.
_LEAST_LETTERS = 25
_TERMINAL = re.compile(r"""[.;:!?…]["')\]*”]*\s*$""")
_HYPHEN = re.compile(r"[A-ZĐ\d]-$")
_YEAR_CUT = re.compile(r"\d/\d{1,2}/\d{1,3}$|/\d{1,3}$")
_PAGE_NUMBER = re.compile(r"[-–\s]*(?:trang\s+)?\d{1,4}(?:\s*/\s*\d{1,4})?[-–\s]*", re.IGNORECASE)
_PASSWORD, _PATH, _IMAGE, _FORM = 4, 2, 3, 5
# Points of nothing between two columns; justified lines stretch their blanks less.
_COLUMN_GAP = 22
_THIN = 2.5
_NEAR = 3.0


@dataclass(frozen=True)
class Glyph:
    """One letter, the box it takes up, and the line it stands on; y grows upwards."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    base: float

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2


@dataclass(frozen=True)
class Line:
    """One printed line."""

    page: int
    text: str
    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True)
class Edge:
    """A ruled line: at `at`, from `start` to `end` along the other axis."""

    at: float
    start: float
    end: float


def read_pdf(content: bytes, progress: Progress | None = None) -> Paper:
    """A .pdf file; `line` is the page. Raises IntakeError, in one line, for scans, locked and
    damaged files."""
    # Heavy, and needed by nothing else.
    import pypdfium2  # noqa: PLC0415

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        locked = getattr(error, "err_code", None) == _PASSWORD or "password" in str(error).lower()
        raise (IntakeError(_LOCKED) if locked else broken(".pdf")) from error
    with contextlib.closing(document):
        if len(document) > MAX_PAGES:
            raise IntakeError(f"Tệp có hơn {MAX_PAGES} trang; hãy chia nhỏ.")
        try:
            return _read(document, progress)
        except pypdfium2.PdfiumError as error:
            raise broken(".pdf") from error


def _read(document: Any, progress: Progress | None) -> Paper:
    parts: list[Line | TableBlock] = []
    letters = pages = 0
    for number in range(len(document)):
        page = document[number]
        glyphs = _glyphs(page)
        letters += len(glyphs)
        pages += 1
        parts += _page(number + 1, glyphs, *_edges(page))
        page.close()
        if progress:
            progress(number + 1, len(document))
    if letters < _LEAST_LETTERS * pages:
        raise IntakeError(_SCANNED)
    return paper(_paragraphs(parts), "trang")


# --- A page's letters and lines -------------------------------------------------------------------


def _glyphs(page: Any) -> list[Glyph]:
    import ctypes  # noqa: PLC0415

    import pypdfium2.raw as pdfium  # noqa: PLC0415

    text = page.get_textpage()
    raw, box = text.raw, pdfium.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    found: list[Glyph] = []
    for place in range(text.count_chars()):
        code = pdfium.FPDFText_GetUnicode(raw, place)
        # PDFium gives a hyphen at a line's end as U+0002.
        letter = "-" if code == 2 else chr(code) if 0 < code < 0x110000 else ""
        if not letter or letter in "\r\n\ufffe\uffff":
            continue
        if letter.isspace() and pdfium.FPDFText_IsGenerated(raw, place):
            continue
        pdfium.FPDFText_GetLooseCharBox(raw, place, box)
        pdfium.FPDFText_GetCharOrigin(raw, place, x, y)
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


def _page(
    number: int, glyphs: list[Glyph], flat: list[Edge], upright: list[Edge]
) -> list[Line | TableBlock]:
    """The page's lines and tables from top to bottom."""
    tables = [frame for frame in _frames(flat, upright) if len(frame.xs) > 2 and len(frame.ys) > 1]
    inside: dict[int, list[Glyph]] = defaultdict(list)
    outside: list[Glyph] = []
    for glyph in glyphs:
        held = next((at for at, frame in enumerate(tables) if frame.holds(glyph)), None)
        (outside if held is None else inside[held]).append(glyph)
    placed: list[tuple[float, Line | TableBlock]] = []
    lowest = float("inf")
    for line in _lines(number, outside):
        lowest = min(lowest, line.top)
        placed.append((lowest, line))
    for at, frame in enumerate(tables):
        rows = frame.rows(number, inside[at])
        if rows:
            placed.append((max(frame.ys), TableBlock(number, tuple(rows))))
    # Python keeps the order of what stands at one height, so that columns of a head stay apart.
    return [part for _top, part in sorted(placed, key=lambda one: -one[0])]


def _lines(number: int, glyphs: Sequence[Glyph]) -> list[Line]:
    """Letters as printed lines from top to bottom; where two columns stand side by side (the head
    and the foot of every official letter), first the left one."""
    done: list[Line] = []
    left: list[Line] = []
    right: list[Line] = []
    column = 0.0
    for run in _runs(glyphs):
        row = _row(number, run, column)
        if column and any(one.left < column - 8 and one.right > column + 8 for one in row):
            done += [*left, *right]
            left, right, column = [], [], 0.0
        if not column:
            row = _row(number, run, 0.0)
            if len(row) < 2:
                done += row
                continue
            column = row[1].left
        left += [one for one in row if one.left < column - 4]
        right += [one for one in row if one.left >= column - 4]
    return [*done, *left, *right]


def _row(number: int, run: list[Glyph], column: float) -> list[Line]:
    """What one printed line holds side by side, without page numbers."""
    parts = [_line(number, part) for part in _gapped(run, column)]
    return [one for one in parts if one.text and not _PAGE_NUMBER.fullmatch(one.text)]


def _line(number: int, part: list[Glyph]) -> Line:
    drawn = [one for one in part if not one.text.isspace()] or part
    return Line(
        number,
        clean("".join(glyph.text for glyph in part)),
        drawn[0].left,
        max(one.right for one in drawn),
        max(one.top for one in drawn),
        min(one.bottom for one in drawn),
    )


def _runs(glyphs: Sequence[Glyph]) -> Iterator[list[Glyph]]:
    """Letters line by line, each from left to right. A file may draw them in any order: letters of
    a substitute font come after all others."""
    run: list[Glyph] = []
    for glyph in sorted(glyphs, key=lambda one: (-one.base, one.left)):
        if run and run[0].base - glyph.base > max(2.0, 0.25 * (run[0].top - run[0].bottom)):
            yield _in_order(run)
            run = []
        run.append(glyph)
    if run:
        yield _in_order(run)


def _in_order(run: list[Glyph]) -> list[Glyph]:
    """From left to right, with a blank where letters stand apart and none was drawn."""
    found: list[Glyph] = []
    for glyph in sorted(run, key=lambda one: one.left):
        last = found[-1] if found else None
        if last is not None and not last.text.isspace() and not glyph.text.isspace():
            gap = glyph.left - last.right
            if gap > 0.14 * (glyph.top - glyph.bottom):
                found.append(replace(glyph, text=" ", left=last.right, right=glyph.left))
        found.append(glyph)
    return found


def _gapped(run: list[Glyph], column: float) -> Iterator[list[Glyph]]:
    """What stands side by side: parted where nothing is drawn for long, and where a word begins
    just where the right column does."""
    part: list[Glyph] = []
    blank = 0.0
    for glyph in run:
        if glyph.text.isspace():
            blank += glyph.right - glyph.left
        else:
            begins = blank and column and abs(glyph.left - column) < 3
            if part and (blank > _COLUMN_GAP or begins):
                yield part
                part = []
            blank = 0.0
        part.append(glyph)
    if part:
        yield part


# --- Tables ---------------------------------------------------------------------------------------


@dataclass
class Frame:
    """A ruled table: where its lines stand."""

    flat: list[Edge]
    upright: list[Edge]
    xs: list[float]
    ys: list[float]

    def holds(self, glyph: Glyph) -> bool:
        x, y = glyph.middle
        return self.xs[0] - 1 <= x <= self.xs[-1] + 1 and self.ys[-1] - 1 <= y <= self.ys[0] + 1

    def rows(self, page: int, glyphs: list[Glyph]) -> list[Row]:
        """The cells, row by row; what is merged downwards is repeated in each row it spans."""
        texts: dict[tuple[int, int], list[Glyph]] = defaultdict(list)
        for glyph in glyphs:
            x, y = glyph.middle
            texts[_slot(self.ys, y, down=True), _slot(self.xs, x, down=False)].append(glyph)
        owners = self._owners()
        merged: dict[tuple[int, int], list[Glyph]] = defaultdict(list)
        for slot in sorted(texts):
            merged[owners.get(slot, slot)] += texts[slot]
        cells = {slot: _cell_text(held) for slot, held in merged.items()}
        found: list[Row] = []
        for row in range(len(self.ys) - 1):
            line = tuple(
                self._shown(cells, owners, row, column) for column in range(len(self.xs) - 1)
            )
            if any(line):
                found.append(Row(page, line))
                check_length(len(found))
        return found

    def _shown(
        self,
        cells: dict[tuple[int, int], str],
        owners: dict[tuple[int, int], tuple[int, int]],
        row: int,
        column: int,
    ) -> str:
        owner = owners[row, column]
        return cells.get(owner, "") if owner[1] == column else ""

    def _owners(self) -> dict[tuple[int, int], tuple[int, int]]:
        """For each slot the first slot of the cell it belongs to."""
        owners: dict[tuple[int, int], tuple[int, int]] = {}
        for row in range(len(self.ys) - 1):
            middle = (self.ys[row] + self.ys[row + 1]) / 2
            for column in range(len(self.xs) - 1):
                owner = (row, column)
                center = (self.xs[column] + self.xs[column + 1]) / 2
                if column and not _crossed(self.upright, self.xs[column], middle):
                    owner = owners[row, column - 1]
                elif row and not _crossed(self.flat, self.ys[row], center):
                    owner = owners[row - 1, column]
                owners[row, column] = owner
        return owners


def _slot(bounds: list[float], at: float, *, down: bool) -> int:
    for place in range(len(bounds) - 1):
        low, high = sorted((bounds[place], bounds[place + 1]))
        if low <= at <= high:
            return place
    beyond = at < bounds[-1] if down else at > bounds[-1]
    return len(bounds) - 2 if beyond else 0


def _crossed(edges: list[Edge], at: float, along: float) -> bool:
    return any(
        abs(edge.at - at) <= _NEAR and edge.start - _NEAR <= along <= edge.end + _NEAR
        for edge in edges
    )


def _cell_text(glyphs: list[Glyph]) -> str:
    lines = ["".join(glyph.text for glyph in run) for run in _runs(glyphs)]
    return tidy(_unbroken([clean(line) for line in lines if line.strip()]))


def _unbroken(lines: Sequence[str]) -> str:
    """Lines of a cell as text: only bullets and numbers begin a line of their own."""
    text = ""
    for line in lines:
        starts = line.startswith(("-", "+", "•")) or (
            marker(line) is not None and _TERMINAL.search(text)
        )
        text = f"{text}\n{line}" if text and starts else _joined(text, line)
    return text


def _joined(text: str, line: str) -> str:
    """Two printed lines as one; narrow columns cut "KH-|BCĐ" and "20/12/202|3"."""
    cut = _HYPHEN.search(text) or (_YEAR_CUT.search(text) and line[:1].isdigit())
    return f"{text}{line}" if cut else f"{text} {line}".strip()


_Ruled = tuple[list[Edge], list[Edge]]


def _frames(flat: list[Edge], upright: list[Edge]) -> list[Frame]:
    """Ruled lines that touch each other make one table."""
    merged: list[_Ruled] = []
    for across in flat:
        touching = [edge for edge in upright if _touch(across, edge)]
        if touching:
            merged = _grown(merged, across, touching)
    found = []
    for flats, uprights in merged:
        xs = _levels([edge.at for edge in uprights])
        ys = _levels([edge.at for edge in flats])[::-1]
        if len(xs) > 1 and len(ys) > 1:
            found.append(Frame(flats, uprights, xs, ys))
    return found


def _grown(merged: list[_Ruled], across: Edge, touching: list[Edge]) -> list[_Ruled]:
    """The groups with one more line, which may join several of them."""
    held = [one for one in merged if any(edge in one[1] for edge in touching)]
    apart = [one for one in merged if one not in held]
    flats = [edge for one in held for edge in one[0]]
    uprights = dict.fromkeys([edge for one in held for edge in one[1]] + touching)
    return [*apart, ([*flats, across], list(uprights))]


def _touch(across: Edge, upright: Edge) -> bool:
    return (
        across.start - _NEAR <= upright.at <= across.end + _NEAR
        and upright.start - _NEAR <= across.at <= upright.end + _NEAR
    )


def _levels(values: list[float]) -> list[float]:
    """The values with those close to each other as one, in growing order."""
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > _NEAR:
            found.append(value)
    return found


# --- Lines to paragraphs --------------------------------------------------------------------------


def _paragraphs(parts: list[Line | TableBlock]) -> list[Block]:
    """Printed lines as paragraphs: one ends where a line stops short, where the next begins with a
    marker or is pushed in, or where the gap is wide. A page break ends none by itself."""
    lines = [one for one in parts if isinstance(one, Line)]
    margins = _margins(lines)
    blocks: list[Block] = []
    held: list[Line] = []
    for part in parts:
        if isinstance(part, TableBlock):
            blocks += _flush(held)
            held = []
            blocks.append(part)
        elif held and _goes_on(held[-1], part, " ".join(one.text for one in held), margins):
            held.append(part)
        else:
            blocks += _flush(held)
            held = [part]
    return [*blocks, *_flush(held)]


def _flush(held: list[Line]) -> list[Block]:
    text = ""
    for line in held:
        text = _joined(text, line.text)
    return [Paragraph(held[0].page, clean(text))] if held else []


def _margins(lines: list[Line]) -> tuple[float, float]:
    """Where most long lines begin and end."""
    if not lines:
        return 0.0, 0.0
    widest = max(one.right - one.left for one in lines)
    long = [one for one in lines if one.right - one.left > widest * 0.7]
    lefts, rights = sorted(one.left for one in long), sorted(one.right for one in long)
    return lefts[len(lefts) // 4], rights[(len(rights) * 3) // 4]


def _goes_on(before: Line, line: Line, text: str, margins: tuple[float, float]) -> bool:
    left, right = margins
    if marker(line.text) or (line.top > before.top + 2 and line.page == before.page):
        return False
    height = max(before.top - before.bottom, 6.0)
    if line.page == before.page and before.bottom - line.top > 1.6 * height:
        return False
    if line.text[0].islower() and not _TERMINAL.search(text):
        return True
    full = before.right > right - 0.12 * (right - left)
    pushed = line.left > left + 14
    if line.page == before.page and abs(line.top - before.top) < height / 2:
        return False
    return full and not pushed
