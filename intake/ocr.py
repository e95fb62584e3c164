"""Text recognition for scanned pages, by the Tesseract program where the office has installed it
with its Vietnamese data.

What comes back is letters with their places, so that the layout code of pages with a text layer
reads scans too. Nothing is written to disk.
"""

import bisect
import io
import math
import os
import shutil
import statistics
import subprocess  # nosec B404
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from deadlines.text import clean
from intake.errors import IntakeError
from intake.frames import Edge, frames
from intake.printed import Glyph
from intake.ruled import ruled_lines, without_lines

DPI = 300
MAX_SCANS = 60
_PAGE_SECONDS = 120
_PROBE_SECONDS = 15
_MOST_PIXELS = 30_000_000
# Tesseract's own measure, 0 to 100; wrong words mostly lie below.
_SURE = 60
_HOPELESS = 70
_FEW = 5
_MOST_DOUBTS = 8
# Slopes beyond this are no skew but a misread line.
_STEEPEST = 0.06
_LEVEL = 0.0015
_DARK = 140
# Pixels around each cell on the sheet of cells, and how tall such a sheet may be.
_MARGIN = 24
_TALLEST = 20_000
_MOST_CELLS = 1_500
MARKED = "đọc bằng nhận dạng chữ (OCR), hãy soát kỹ từng nhiệm vụ, nhất là số và ngày"
INSTALL = "cài Tesseract có tiếng Việt (gói tesseract-ocr và tesseract-ocr-vie)"


@dataclass(frozen=True)
class Word:
    """A word as seen, in pixels, y downwards; `line` tells which words stand on one line."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float
    line: tuple[int, ...]


@dataclass(frozen=True)
class Seen:
    """What was seen on a page: letters and ruled lines as a text layer has them, and the words
    that are in doubt."""

    glyphs: list[Glyph]
    flat: list[Edge]
    upright: list[Edge]
    doubtful: tuple[str, ...] = ()


@cache
def installed() -> bool:
    """Whether Tesseract with Vietnamese can be run here; asked once."""
    program = shutil.which("tesseract")
    if program is None:
        return False
    try:
        told = _run([program, "--list-langs"], b"", _PROBE_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return False
    return "vie" in told.decode("utf-8", "replace").split()


def recognised(image: Any, points: float) -> Seen:
    """What stands on a page, given as a Pillow image; `points`: the height of the page.

    Raises IntakeError where recognition takes too long or fails."""
    picture, words = _straight(_bounded(image.convert("L")))
    scale = points / image.height
    flat, upright = ruled_lines(picture, scale)
    flat = [replace(one, at=picture.height * scale - one.at) for one in flat]
    upright = [_upward(one, picture.height * scale) for one in upright]
    boxes = _cells(flat, upright, picture.height, scale)
    if boxes:
        plain = without_lines(picture)
        inside = _in_cells(plain, boxes)
        words = [*(one for one in words if not _within(one, boxes)), *inside]
    glyphs = _glyphs(words, picture.height, scale)
    return Seen(glyphs, flat, upright, _doubtful(words))


def _straight(picture: Any) -> tuple[Any, list[Word]]:
    """The picture upright and level, with its words."""
    words = _words(without_lines(picture))
    if _lies(words):
        turned = _turned(picture)
        if turned is not None:
            picture, words = turned, _words(without_lines(turned))
    slope = _slope(words)
    if abs(slope) > _LEVEL:
        angle = math.degrees(math.atan(slope))
        picture = picture.rotate(angle, resample=_smooth(), fillcolor=255)
        words = _words(without_lines(picture))
    return picture, words


def _lies(words: Sequence[Word]) -> bool:
    """Whether a page seems to lie on its side or head: nothing makes sense, or words stand."""
    if len(words) < _FEW:
        return True
    standing = sum(one.bottom - one.top > 1.5 * (one.right - one.left) for one in words)
    return standing > len(words) / 2 or statistics.mean(w.confidence for w in words) < _HOPELESS


def _smooth() -> Any:
    from PIL import Image  # noqa: PLC0415 -- heavy, and only scans need it

    return Image.Resampling.BICUBIC


def _upward(edge: Edge, height: float) -> Edge:
    return Edge(edge.at, height - edge.end, height - edge.start)


# --- Tables ---------------------------------------------------------------------------------------
#
# Lone numbers in a wide table are overlooked, and lines of neighbouring cells run into each other.
# So the cells are cut out and put one below the other, which reads like a page of short paragraphs.

_Box = tuple[int, int, int, int]


def _cells(flat: list[Edge], upright: list[Edge], height: int, scale: float) -> list[_Box]:
    """The cells of ruled tables in pixels: left, top, right, bottom."""
    found: list[_Box] = []
    for frame in frames(flat, upright):
        if not frame.is_table:
            continue
        for left, bottom, right, top in frame.boxes():
            edges = (left / scale, height - top / scale, right / scale, height - bottom / scale)
            box = tuple(round(one) for one in edges)
            found.append((box[0] + 2, box[1] + 2, box[2] - 2, box[3] - 2))
    return [box for box in found if box[2] - box[0] > 8 and box[3] - box[1] > 8][:_MOST_CELLS]


def _within(word: Word, boxes: Sequence[_Box]) -> bool:
    x, y = (word.left + word.right) / 2, (word.top + word.bottom) / 2
    return any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in boxes)


def _in_cells(plain: Any, boxes: Sequence[_Box]) -> list[Word]:
    """The words of the cells, in their places on the page."""
    crops = [(box, crop) for box in boxes if (crop := _inked(plain, box)) is not None]
    words: list[Word] = []
    for sheet in _sheets(crops):
        words += _on_sheet(plain, sheet, len(words))
    return words


def _inked(plain: Any, box: _Box) -> _Box | None:
    """The part of a cell that holds ink; None where it is blank."""
    ink = plain.crop(box).point(lambda value: 255 if value < _DARK else 0).getbbox()
    if ink is None or (ink[2] - ink[0] < 3 and ink[3] - ink[1] < 3):
        return None
    left, top = box[0] + ink[0], box[1] + ink[1]
    return left, top, box[0] + ink[2], box[1] + ink[3]


def _sheets(crops: Sequence[tuple[_Box, _Box]]) -> Iterator[list[_Box]]:
    """The crops in portions that fit one picture."""
    sheet: list[_Box] = []
    height = 0
    for _box, crop in crops:
        tall = crop[3] - crop[1] + 2 * _MARGIN
        if sheet and height + tall > _TALLEST:
            yield sheet
            sheet, height = [], 0
        sheet.append(crop)
        height += tall
    if sheet:
        yield sheet


def _on_sheet(plain: Any, crops: Sequence[_Box], before: int) -> list[Word]:
    from PIL import Image  # noqa: PLC0415 -- heavy, and only scans need it

    width = max(crop[2] - crop[0] for crop in crops) + 2 * _MARGIN
    tops: list[int] = []
    height = _MARGIN
    for crop in crops:
        tops.append(height)
        height += crop[3] - crop[1] + 2 * _MARGIN
    sheet = Image.new("L", (max(width, 400), height), 255)
    for crop, top in zip(crops, tops, strict=True):
        sheet.paste(plain.crop(crop), (_MARGIN, top))
    found: list[Word] = []
    for word in _words(sheet, "6"):
        at = max(0, bisect.bisect_right(tops, (word.top + word.bottom) / 2) - 1)
        right, down = crops[at][0] - _MARGIN, crops[at][1] - tops[at]
        found.append(
            replace(
                word,
                left=word.left + right,
                right=word.right + right,
                top=word.top + down,
                bottom=word.bottom + down,
                line=(-1, before + at, *word.line),
            )
        )
    return found


# --- The program ----------------------------------------------------------------------------------


def _words(picture: Any, mode: str = "3") -> list[Word]:
    rows = _tesseract(picture, mode, "tsv").splitlines()
    return [word for row in rows[1:] if (word := _word(row.split("\t"))) is not None]


def _word(cells: Sequence[str]) -> Word | None:
    """One row of the table that Tesseract prints: level, page, block, paragraph, line, word, left,
    top, width, height, confidence, text."""
    if len(cells) < 12 or cells[0] != "5" or not cells[11].strip():
        return None
    left, top, width, height = (int(one) for one in cells[6:10])
    place = tuple(int(one) for one in cells[2:5])
    text, sure = clean(cells[11]), float(cells[10])
    return Word(text, left, top, left + width, top + height, sure, place)


def _turned(picture: Any) -> Any | None:
    """The picture the right way up, where it lies on its side or head."""
    try:
        told = _tesseract(picture, "0", "")
    except IntakeError:
        return None
    for line in told.splitlines():
        name, _mark, value = line.partition(":")
        if name.strip() == "Rotate" and value.strip() in {"90", "180", "270"}:
            return picture.rotate(-int(value), expand=True, fillcolor=255)
    return None


def _tesseract(picture: Any, mode: str, form: str) -> str:
    held = io.BytesIO()
    picture.save(held, "PPM")
    language = "osd" if mode == "0" else "vie"
    command = ["tesseract", "stdin", "stdout", "-l", language, "--psm", mode, "--dpi", str(DPI)]
    try:
        told = _run([*command, form] if form else command, held.getvalue(), _PAGE_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise IntakeError("Nhận dạng chữ quá lâu; hãy gửi bản Word (.docx) gốc.") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise IntakeError("Nhận dạng chữ không chạy được; hãy gửi bản Word (.docx) gốc.") from error
    return told.decode("utf-8", "replace")


def _run(command: list[str], given: bytes, seconds: int) -> bytes:
    # One thread: a page at a time in the background must leave the machine to the reminders.
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(  # noqa: S603 -- a fixed program, no shell, no words of the document  # nosec B603
        command, input=given, capture_output=True, timeout=seconds, check=True, env=environment
    )
    return done.stdout


def _bounded(picture: Any) -> Any:
    pixels = picture.width * picture.height
    if pixels <= _MOST_PIXELS:
        return picture
    smaller = (_MOST_PIXELS / pixels) ** 0.5
    return picture.resize((int(picture.width * smaller), int(picture.height * smaller)))


# --- Words to letters -----------------------------------------------------------------------------


def _slope(words: Sequence[Word]) -> float:
    """How far lines sink, in pixels a pixel: scans lie a little askew."""
    slopes: list[float] = []
    for line in _lines(words).values():
        first, last = line[0], line[-1]
        if last.left - first.left > 400:
            slopes.append((last.top + last.bottom - first.top - first.bottom) / 2)
            slopes[-1] /= last.left - first.left
    slope = statistics.median(slopes) if len(slopes) >= 3 else 0.0
    return slope if abs(slope) < _STEEPEST else 0.0


def _lines(words: Sequence[Word]) -> dict[tuple[int, ...], list[Word]]:
    lines: dict[tuple[int, ...], list[Word]] = defaultdict(list)
    for word in words:
        lines[word.line].append(word)
    return lines


def _glyphs(words: Sequence[Word], height: int, scale: float) -> list[Glyph]:
    """Letters of equal width in the place of each word, in points, y upwards."""
    found: list[Glyph] = []
    for line in _lines(words).values():
        low = (height - statistics.median(one.bottom for one in line)) * scale
        high = (height - statistics.median(one.top for one in line)) * scale
        right = line[0].left
        for word in line:
            if word.left > right:
                found.append(Glyph(" ", right * scale, low, word.left * scale, high, low))
            step = (word.right - word.left) / len(word.text)
            for at, letter in enumerate(word.text):
                left = (word.left + at * step) * scale
                found.append(Glyph(letter, left, low, left + step * scale, high, low))
            right = word.right
    return found


def _doubtful(words: Sequence[Word]) -> tuple[str, ...]:
    """Words in doubt that hold letters or digits, worst first."""
    weak = [one for one in words if one.confidence < _SURE and any(map(str.isalnum, one.text))]
    weak.sort(key=lambda one: one.confidence)
    return tuple(dict.fromkeys(one.text for one in weak))[:_MOST_DOUBTS]


def doubts(by_page: Mapping[int, Sequence[str]]) -> list[tuple[int, str]]:
    """What a person must look at, by page."""
    return [
        (page, f"chữ nhận dạng chưa chắc: {', '.join(f'“{word}”' for word in words)}")
        for page, words in by_page.items()
        if words
    ]
