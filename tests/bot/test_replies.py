"""The reply grammar: a table of answers, and the laws that hold for any answer at all."""

import time
import tomllib
import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.replies import read_reply, to_contract
from bot.replies.asked_day import asked_day
from bot.replies.words import ACCENTED, PHRASES
from deadlines.text import fold

INTENTS = {
    "done",
    "ack",
    "obstacle",
    "extension",
    "undo",
    "not_mine",
    "status",
    "help",
    "none",
}
TABLE = tomllib.loads((Path(__file__).parent / "replies.toml").read_text(encoding="utf-8"))
CASES = [
    (text, intent, duties, *[*more, "", ""][:2])
    for part in TABLE.values()
    for intent, rows in part.items()
    for text, duties, *more in rows
]
DONE = [text for text, intent, *_ in CASES if intent == "done"]
# Rows that only their marks tell apart ("xong à" asks, "xong ạ" does not).
ACCENT_ONLY = {
    text
    for text, *_ in CASES
    if any(word in ACCENTED for word in text.lower().replace("?", "").split())
}


@pytest.mark.parametrize(("text", "intent", "duties", "number", "day"), CASES)
def test_reads_the_table(text, intent, duties, number, day):
    assert to_contract(text) == {
        "text": text,
        "intent": intent,
        "duties": duties,
        "number": number or None,
        "date": day or None,
    }


def test_the_table_is_large_and_its_rows_differ():
    assert len(CASES) >= 300
    assert len({text for text, *_ in CASES}) == len(CASES)


def test_no_phrase_has_two_roles():
    first: dict[str, str] = {}
    twice = [
        (phrase, role, first[phrase])
        for role, phrases in PHRASES.items()
        for phrase in phrases
        if first.setdefault(phrase, role) != role
    ]
    assert twice == []


@pytest.mark.parametrize(
    "change",
    [
        str.upper,
        lambda t: unicodedata.normalize("NFD", t),
        lambda t: f"  {t} \u200b",
    ],
    ids=["capitals", "NFD", "blanks"],
)
def test_spelling_changes_nothing(change):
    assert _read_otherwise(change, CASES) == []


def test_marks_left_out_change_nothing():
    told_apart = [case for case in CASES if case[0] not in ACCENT_ONLY and "\n" not in case[0]]
    assert len(told_apart) >= 200
    assert _read_otherwise(fold, told_apart) == []


def _read_otherwise(change, cases):
    """The answers that mean something else when they are written so."""
    replies = [
        (text, intent, duties, read_reply(change(text))) for text, intent, duties, *_ in cases
    ]
    return [
        (text, reply.intent, list(reply.duties))
        for text, intent, duties, reply in replies
        if (reply.intent, list(reply.duties)) != (intent, duties)
    ]


@pytest.mark.parametrize("denial", ["chưa ", "không ", "ko ", "chua ", "sắp ", "nếu ", "bao giờ "])
def test_denied_is_never_done(denial):
    plain = [text for text in DONE if not text.startswith(("/", ">"))]
    assert [text for text in plain if not _less_done(denial + text, text)] == []


@pytest.mark.parametrize("tail", ["?", " chưa", " chưa?", " không?", " à?", " 50%", " chua a"])
def test_questioned_is_never_done(tail):
    assert [text for text in DONE if not _less_done(text + tail, text)] == []


def _less_done(doubted: str, text: str) -> bool:
    """A doubt beside one of several clauses may leave the others, with their own duties, done."""
    before, after = read_reply(text), read_reply(doubted)
    return after.intent != "done" or (
        _has_clauses(text) and bool(after.duties) and set(after.duties) <= set(before.duties)
    )


def _has_clauses(text: str) -> bool:
    return any(mark in text for mark in (", ", "; ", ". ", "còn", "nhưng"))


@given(st.text(max_size=300))
def test_any_text_gives_a_reply(text):
    reply = read_reply(text, date(2026, 12, 1))
    assert reply.intent in INTENTS
    assert to_contract(text)["text"] == text


WORDS = st.sampled_from(
    [phrase for phrases in PHRASES.values() for phrase in phrases]
    + ["127", "2", "45/BC-SYT", "20/12/2026", ",", ".", "?", "\n", "50%", "127-130", '"', "👍"]
)


@given(st.lists(WORDS, max_size=12).map(" ".join))
def test_any_words_give_a_reply(text):
    assert read_reply(text).intent in INTENTS


@given(st.lists(WORDS, max_size=8).map(" ".join))
def test_chua_xong_alone_completes_nothing(text):
    """Whatever stands around it, a message with "chưa xong" and one clause is not done."""
    flat = text.translate(str.maketrans(dict.fromkeys(',.?\n"', " ")))
    reply = read_reply(f"{flat} chưa xong")
    assert reply.intent != "done" or reply.duties


@pytest.mark.parametrize(
    "noise",
    ["1", "1/", "127,", "xong ", "chưa ", "1-", "45/BC-", "a", "\n", '"', "20/12/", "@.", "("],
)
def test_noise_is_read_in_linear_time(noise):
    text = noise * (4096 // len(noise))
    read_reply(noise)
    start = time.perf_counter()
    read_reply(text)
    assert time.perf_counter() - start < 1
    assert read_reply(text * 30).intent == "none"


def test_the_year_of_a_day_comes_from_today():
    today = date(2027, 1, 5)
    assert read_reply("xong 127 ngày 20/12", today).date == date(2026, 12, 20)
    assert read_reply("gia hạn 127 đến 20/2", today).date == date(2027, 2, 20)
    assert read_reply("gia hạn 127 đến 20/12").date is None


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("3 127 Chưa có số liệu từ Cục Thống kê", "Chưa có số liệu từ Cục Thống kê"),
        ("127 vướng: thiếu kinh phí", "thiếu kinh phí"),
        ("/vuong 127 thiếu kinh phí", "thiếu kinh phí"),
        ("4 127 xin lùi đến 30/12", "xin lùi đến 30/12"),
        ("xin gia hạn 127 đến hết tháng", "đến hết tháng"),
        ("/giahan 127 đến 30/12 lý do thiếu người", "đến 30/12 lý do thiếu người"),
        ("xong 127 130", ""),
    ],
)
def test_the_rest_is_kept_as_typed(text, rest):
    assert read_reply(text).rest == rest


@pytest.mark.parametrize(
    ("text", "days", "reason"),
    [
        ("xin gia hạn 101 đến tuần sau nữa", ["2026-12-11"], ""),
        ("101 cho em đến tuần sau nữa vì mưa lũ", ["2026-12-11"], "mưa lũ"),
        ("giahan 101 tuần sau nữa, chờ số liệu", ["2026-12-11"], "chờ số liệu"),
        ("giahan 101 ngày mai", ["2026-11-25"], ""),
        ("4 101 10 ngày nữa", ["2026-12-04"], ""),
        ("gia han 101 2 tuan nua do thieu nguoi", ["2026-12-08"], "thieu nguoi"),
        ("giahan 101 cuối quý sau", ["2027-03-31"], ""),
        ("giahan 101 20/12 chờ số liệu tháng sau", ["2026-12-20"], "chờ số liệu tháng sau"),
        # From today it would be before the duty's own day, 02/12.
        ("xin gia hạn 101 thêm 5 ngày", ["2026-12-07"], ""),
        ("xin gia hạn 101 thêm 2 tuần", ["2026-12-08", "2026-12-16"], ""),
        ("giahan 101 15/12 hoặc 20/12", ["2026-12-15", "2026-12-20"], ""),
        ("giahan 101 2-3 tuần nữa", [], "tuần nữa"),
        ("giahan 101 thiếu người", [], "thiếu người"),
    ],
)
def test_until_when_more_time_is_asked_for(text, days, reason):
    today, due = date(2026, 11, 24), date(2026, 12, 2)
    reply = read_reply(text, today)
    assert (reply.intent, reply.duties) == ("extension", (101,))
    asked = asked_day(reply.rest, reply.date, today, due)
    assert ([str(day) for day in asked.days], asked.reason) == (days, reason)


@pytest.mark.parametrize(
    ("text", "duties", "rest"),
    [
        ("vướng 105: chưa nhận được số liệu việc 108", (105,),
         "chưa nhận được số liệu việc 108"),
        ("xin gia hạn 108 tuần sau vì việc 105 chưa xong", (108,),
         "tuần sau vì việc 105 chưa xong"),
        ("3 105 chờ kết quả việc 108", (105,), "chờ kết quả việc 108"),
        ("vướng 105, 108: thiếu người", (105, 108), "thiếu người"),
        ("vướng 105: thiếu người, việc 108: thiếu tiền", (105, 108), None),
    ],
)  # fmt: skip
def test_a_duty_in_the_reason_is_not_what_the_answer_is_about(text, duties, rest):
    reply = read_reply(text, date(2026, 11, 24))
    assert reply.duties == duties
    assert rest is None or reply.rest == rest


def test_sure_only_where_every_word_was_read():
    assert read_reply("xong 127").sure
    assert not read_reply("xong 127 abcxyz").sure
    assert not read_reply("chưa xong").sure
