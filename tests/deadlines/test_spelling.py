"""How a phrase is typed does not change what it means."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date

import pytest

from deadlines import read
from deadlines.text import fold
from deadlines.words import words
from tests.deadlines.table import Case, cases

TABLES = ("cases.tsv", "reviewed.tsv", "held_back.tsv", "second.tsv")
SURE = [
    case
    for name in TABLES
    for case in cases(name)
    if case.due and read(case.text, case.reference).sure and case.text.isprintable()
]
MARKED = [case for case in SURE if not case.text.isascii()]


def due_of(case: Case) -> tuple[date, ...]:
    return read(case.text, case.reference).due


Change = Callable[[str], str]
CHANGES: dict[str, tuple[Change, float]] = {
    "capitals": (str.upper, 0),
    "titles": (str.title, 0),
    "decomposed": (lambda text: unicodedata.normalize("NFD", text), 0),
    "wide blanks": (lambda text: text.replace(" ", "   "), 0),
    "line breaks": (lambda text: re.sub(r"(?<=\w) (?=\w)", "\n", text), 0),
    "tight signs": (lambda text: re.sub(r" ?([/,;:()-]) ?", r"\1", text), 0),
    "loose signs": (lambda text: re.sub(r"([/,;:()])", r" \1 ", text), 0),
    "other spelling": (lambda text: text.replace("hằng", "hàng").replace("uý", "uí"), 0),
    "no marks": (fold, 0.005),
}


@pytest.mark.parametrize("name", CHANGES)
def test_spelling(name: str) -> None:
    change, allowed = CHANGES[name]
    different = [
        (change(case.text), got.due)
        for case in SURE
        if (got := read(change(case.text), case.reference)).due != due_of(case)
    ]
    assert len(different) <= allowed * len(SURE), different


def test_a_phrase_is_found_inside_a_sentence() -> None:
    before = "Giao Sở Nội vụ chủ trì, phối hợp với các cơ quan liên quan thực hiện và báo cáo "
    after = " để tổng hợp, theo dõi, đôn đốc."

    def fits(case: Case) -> bool:
        return read(before + case.text + after, case.reference).due == due_of(case)

    short = [case for case in MARKED if len(case.text) <= 50]
    missed = [case.text for case in short if not fits(case)]
    assert len(missed) <= 0.01 * len(short), missed


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Chậm nhất ngày 16 (mười sáu)", "chậm nhất ngày 16"),
        ("ba mươi (30) ngày", "30 ngày"),
        ("QuýIII, IV/2024", "quý 3 , 4 / 2024"),
        ("Quý l/2O24", "quý 1 / 2024"),
        ("thu nam hang tuan", "thứ năm hằng tuần"),
        ("quy dinh, quy II", "quy định , quý 2"),
        ("Việt Nam, quỹ đất, quy hoạch", "việt nam , quỹ đất , quy hoạch"),
        ("tháng năm năm 2025", "tháng 5 năm 2025"),
        ("trong vòng năm ngày", "trong vòng 5 ngày"),
    ],
)
def test_words(text: str, line: str) -> None:
    assert words(text).line == line


def test_places_survive_decomposition() -> None:
    text = unicodedata.normalize("NFD", "Báo cáo trước ngày 10/12/2025, gửi Sở")
    start, end = read(text, date(2025, 11, 22)).span
    assert text[start:end] == unicodedata.normalize("NFD", "trước ngày 10/12/2025")
