"""A directive as read, before anybody knows what it says: paragraphs and tables in reading order.

Every reader makes this one form, so that nothing after it asks what kind of file it was.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from intake.grid import Row

# A footnote's mark, at its place in the text and before the note itself.
SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_NOTE = re.compile(rf"([{SUPERSCRIPTS}]+)\s*(\S.*)")
_MARKS = re.compile(rf"\s*[{SUPERSCRIPTS}]+")


@dataclass(frozen=True)
class Paragraph:
    """One paragraph. `line`: where the file has it, counted in the paper's unit; `text`: clean."""

    line: int
    text: str


@dataclass(frozen=True)
class TableBlock:
    """One table, or the part of it that stands on one page."""

    line: int
    rows: tuple[Row, ...]


Block = Paragraph | TableBlock

# Told how many pages are done, of how many, while a long file is read.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Options:
    """How a file is read. `progress` is called now and then with what is done and the whole, in
    pages (of Word files: in blocks), and must not raise; `ocr`: pages without text are recognised
    where the office has installed the program for it."""

    progress: Progress | None = None
    ocr: bool = True


PLAIN = Options()


@dataclass(frozen=True)
class Paper:
    """`unit`: what `line` counts, in Vietnamese ("dòng", "đoạn", "trang"). `notes`: footnotes by
    their mark. `remarks`: what a person must know of how it was read, with the line (0: of all)."""

    blocks: tuple[Block, ...]
    unit: str = "dòng"
    notes: dict[str, str] = field(default_factory=dict)
    remarks: tuple[tuple[int, str], ...] = ()

    @property
    def paragraphs(self) -> list[Paragraph]:
        return [block for block in self.blocks if isinstance(block, Paragraph)]

    @property
    def tables(self) -> list[TableBlock]:
        return [block for block in self.blocks if isinstance(block, TableBlock)]

    def texts(self) -> Iterator[tuple[int, str]]:
        """Every paragraph and cell with its line."""
        for block in self.blocks:
            if isinstance(block, Paragraph):
                yield block.line, block.text
            else:
                yield from ((row.line, cell) for row in block.rows for cell in row.cells if cell)
        yield from ((0, note) for note in self.notes.values())

    @property
    def empty(self) -> bool:
        return not any(text.strip() for _line, text in self.texts())


def paper(blocks: list[Block], unit: str) -> Paper:
    """The paper of these blocks, with footnotes told apart and their marks taken out of the text
    of paragraphs."""
    kept: list[Block] = []
    notes: dict[str, str] = {}
    for block in blocks:
        found = _NOTE.fullmatch(block.text) if isinstance(block, Paragraph) else None
        if found:
            notes.setdefault(found[1], found[2])
        elif isinstance(block, Paragraph):
            text = without_marks(block.text)
            if text:
                kept.append(Paragraph(block.line, text))
        else:
            kept.append(block)
    return Paper(tuple(kept), unit, notes)


def without_marks(text: str) -> str:
    """The text without the marks of footnotes."""
    return _MARKS.sub("", text)


def marks(text: str) -> list[str]:
    """The marks of footnotes in a text."""
    return [found.strip() for found in _MARKS.findall(text)]
