"""Cuts a paragraph into the pieces that may each order something."""

import re
from dataclasses import dataclass

from intake.actors import Text
from intake.flat import CAPITALS

_ABBREVIATED = re.compile(
    r"(?:\b(?:TP|TX|TT|Tp|Tx|ThS|TS|PGS|GS|Th\.S|đ/c|St|tr)|(?<=[ (])[A-ZĐ])$"
)
_CUT = re.compile(
    rf"(?P<dot>[.!?…]+[\"”)]?)\s+(?=[{CAPITALS}\d\"“(-])|(?P<run>…|\.{{3}})(?=[{CAPITALS}])|(?P<semi>;)\s*"
)


@dataclass(frozen=True)
class Piece:
    """A sentence, or the part of one up to ";". `sentence` counts sentences in the paragraph."""

    line: Text
    sentence: int


def pieces(text: str) -> list[Piece]:
    """The pieces of a paragraph in their order; brackets and quotations are never cut."""
    found: list[Piece] = []
    start = sentence = 0
    held = _held(text)
    for cut in _CUT.finditer(text):
        semi = cut["semi"] is not None
        if held[cut.start()] or (not semi and _ABBREVIATED.search(text[start : cut.start()])):
            continue
        _add(found, text[start : cut.end()], sentence)
        start = cut.end()
        sentence += not semi
    _add(found, text[start:], sentence)
    return found


def sentences(text: str, first: int, last: int) -> str:
    """The sentences of a paragraph from `first` to `last`, counted as in :class:`Piece`."""
    return " ".join(one.line.text for one in pieces(text) if first <= one.sentence <= last)


def _add(found: list[Piece], text: str, sentence: int) -> None:
    if text.strip(" .;"):
        found.append(Piece(Text.of(text.strip()), sentence))


def _held(text: str) -> list[bool]:
    """Whether each place stands in brackets or in a quotation that is closed further on."""
    held = [False] * len(text)
    for pattern in (r"\([^()]*\)", r'"[^"]*"', r"“[^”]*”"):
        for found in re.finditer(pattern, text):
            held[found.start() : found.end()] = [True] * (found.end() - found.start())
    return held
