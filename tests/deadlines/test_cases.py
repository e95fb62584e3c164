"""Every phrase of the case table reads as it should; the held-back part is measured."""

import json
from collections import Counter
from datetime import date

import pytest

from deadlines import Fixed, Reading, WorkCalendar, read
from tests.deadlines.table import HERE, Case, cases

BUILT = cases("cases.tsv") + cases("reviewed.tsv")
HELD_BACK = cases("held_back.tsv") + cases("second.tsv")
CALENDAR = WorkCalendar()


def answer(case: Case) -> Reading:
    return read(case.text, case.reference, calendar=CALENDAR)


def clock(reading: Reading) -> str | None:
    return f"{reading.time:%H:%M}" if reading.time else None


@pytest.mark.parametrize("case", BUILT, ids=lambda case: f"{case.reference}: {case.text}")
def test_phrase(case: Case) -> None:
    reading = answer(case)
    assert (reading.due, clock(reading), reading.kind) == (case.due, case.time, case.kind)


def test_table_is_large_and_has_no_twins() -> None:
    seen = Counter((case.text, case.reference) for case in BUILT + HELD_BACK)
    assert len(seen) >= 600
    assert max(seen.values()) == 1


def test_held_back_accuracy(capsys: pytest.CaptureFixture[str]) -> None:
    """At least 95 % exactly right, and next to nothing wrong that was stated as sure."""
    right, total, wrong_and_sure = Counter[str](), Counter[str](), []
    for case in HELD_BACK:
        reading = answer(case)
        total[case.kind] += 1
        right[case.kind] += reading.due == case.due and clock(reading) == case.time
        if reading.sure and reading.due and reading.due != case.due:
            wrong_and_sure.append(case.text)
    with capsys.disabled():
        parts = ", ".join(f"{kind} {right[kind]}/{total[kind]}" for kind in sorted(total))
        print(f"\nheld back: {right.total()}/{total.total()}: {parts}")  # noqa: T201
    assert right.total() >= 0.95 * total.total()
    assert len(wrong_and_sure) <= 0.01 * total.total(), wrong_and_sure


def exam(name: str) -> list[Case]:
    """Phrases from documents, answered by a hand that had not seen the reader."""
    rows = [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]
    return [
        Case(
            row["text"],
            row["kind"],
            date.fromisoformat(row["reference"]),
            tuple(date.fromisoformat(day) for day in row["due"]),
            row["time"],
        )
        for row in rows
    ]


@pytest.mark.parametrize(
    ("name", "count"),
    [("cases_exam.jsonl", 240), ("cases_exam_second.jsonl", 85), ("cases_exam_third.jsonl", 135)],
)
def test_exam_by_another_hand(name: str, count: int) -> None:
    """Nearly all right, and hardly a wrong day stated as sure."""
    rows = exam(name)
    assert len(rows) == count
    answers = [(case, answer(case)) for case in rows]
    right = [case for case, got in answers if (got.due, clock(got)) == (case.due, case.time)]
    kinds = [case for case, got in answers if got.kind == case.kind]
    wrong_and_sure = [
        case.text for case, got in answers if got.sure and got.due and got.due != case.due
    ]
    assert len(right) >= 0.96 * count
    assert len(kinds) >= 0.94 * count
    assert len(wrong_and_sure) <= 0.005 * count, wrong_and_sure


@pytest.mark.parametrize(
    ("phrase", "strict", "inclusive"),
    [
        ("trước ngày 25 của tháng cuối Quý", date(2025, 12, 24), date(2025, 12, 25)),
        ("trước ngày 01/02/2026", date(2026, 1, 31), date(2026, 2, 1)),
        ("chậm nhất ngày 01/02/2026", date(2026, 2, 1), date(2026, 2, 1)),
    ],
)
def test_one_switch_reads_truoc_inclusively(phrase: str, strict: date, inclusive: date) -> None:
    day = date(2025, 11, 22)
    assert read(phrase, day).due[0] == strict
    assert read(phrase, day, inclusive=True).due[0] == inclusive


def test_derived_deadline_counts_from_the_days_its_parents_name() -> None:
    day = date(2023, 1, 10)
    phrases = ("trước ngày 01/02/2023", "trước ngày 25 của tháng cuối Quý", "trước ngày 15/3/2023")
    parents = tuple(rule for phrase in phrases if (rule := read(phrase, day).rule))
    text = "sau 03 ngày theo thời gian quy định tại mục 2 nêu trên"
    assert read(text, day).due == ()
    known = read(text, day, anchors={"mục 2": parents})
    assert known.kind == "relative"
    assert [f"{one:%d/%m}" for one in known.due] == ["04/02", "18/03", "28/03", "28/06"]


def test_document_date_gives_the_year_and_starts_the_term() -> None:
    reading = read("trước ngày 15/3", date(2026, 5, 1), document_date=date(2026, 1, 5))
    assert reading.due == ()
    assert reading.rule == Fixed(date(2026, 3, 15), before=True)
    term = read(
        "trong vòng 30 ngày kể từ ngày ký", date(2026, 1, 8), document_date=date(2026, 1, 5)
    )
    assert term.due == (date(2026, 2, 4),)


def test_span_points_into_the_text_as_given() -> None:
    text = "Đề nghị  các sở gửi báo cáo TRƯỚC NGÀY 10/12/2025 để tổng hợp."
    start, end = read(text, date(2025, 11, 22)).span
    assert text[start:end] == "TRƯỚC NGÀY 10/12/2025"


def test_unsure_lists_the_readings() -> None:
    reading = read("trước ngày 25", date(2025, 11, 22))
    assert not reading.sure
    assert len(reading.readings) == 2


def test_open_phrases_keep_reason_and_reference() -> None:
    reading = read("Theo Kế hoạch số 106/KH-BCĐ ngày 26/4/2024", date(2024, 5, 15))
    assert (reading.kind, reading.due) == ("per_plan", ())
    assert "106" in reading.reference_text
    assert reading.reason


@pytest.mark.parametrize(
    "phrase",
    [
        "hằng năm, bắt đầu từ năm 2027",
        "báo cáo trước ngày 25 hằng tháng kể từ tháng 5 năm 2026",
        "trước 10 ngày cuối tháng",
        "Báo cáo quý I: chậm nhất ngày 30/4",
        "trong vòng 24 giờ làm việc kể từ thời điểm nhận được khiếu nại",
        "15 ngày kể từ ngày kết thúc năm học",
    ],
)
def test_two_readings_are_never_sure(phrase: str) -> None:
    reading = read(phrase, date(2026, 4, 2))
    assert reading.due
    assert not reading.sure
