"""What the golden texts cannot show: long lists, edges, and what depends on the moment."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from reports import figures, messages
from reports.facts import DutyFacts
from reports.messages import Digest, News
from reports.render import Rendered, Renderer
from reports.samples import BARE, DAY, DONE, LATE, MOMENT, NOTHING, OPEN, STATUS
from reports.status import AgencyRow, Counts, OverdueLine, Unreachable


def many(facts: DutyFacts, count: int, first: int = 1000) -> list[DutyFacts]:
    return [replace(facts, id=first + n, number=first + n) for n in range(count)]


def test_a_long_digest_says_how_to_see_the_rest(renderer: Renderer) -> None:
    content = Digest(DAY, many(OPEN, 30), many(LATE, 15, 2000), [News(DONE)] * 25)
    said = messages.digest(renderer, content).plain
    assert "… và 5 việc khác. Gửi /viec để xem đủ." in said
    assert "… và 15 việc khác" in said.split("Tin hoàn thành")[1]
    assert said.count("Đôn đốc lần 3") == 10


def test_a_duty_both_reminded_and_urged_is_said_once(renderer: Renderer) -> None:
    said = messages.digest(renderer, Digest(DAY, [LATE], [LATE])).plain
    assert said.count("118 · ") == 1
    assert "Đôn đốc lần 3" in said


def test_an_overdue_duty_reminded_after_an_outage_bears_no_urge_number(renderer: Renderer) -> None:
    said = messages.digest(renderer, Digest(DAY, [LATE], held_since=MOMENT)).plain
    assert "Quá hạn: 1 việc" in said
    assert "Đã đôn đốc 2 lần" in said
    assert "gián đoạn từ 08 giờ 00 ngày 20/9/2027" in said


def test_agencies_are_named_only_where_there_are_several(renderer: Renderer) -> None:
    alone = messages.digest(renderer, Digest(DAY, [OPEN])).plain
    assert "Sở Y tế" not in alone
    both = messages.digest(renderer, Digest(DAY, [OPEN, BARE])).plain
    assert "Sở Y tế" in both
    assert "UBND xã Đông Sơn" in both


def test_a_group_is_told_not_to_close_duties(renderer: Renderer) -> None:
    said = messages.group(renderer, Digest(DAY, [OPEN], [LATE], repeat=True)).plain
    assert said.startswith("(gửi lại) 🗓")
    assert "1 việc quá hạn · 1 việc còn thời gian" in said
    assert "nhắn riêng cho trợ lý" in said
    assert "“xong" not in said


def test_nothing_answered_is_asked_of_a_digest_without_duties(renderer: Renderer) -> None:
    said = messages.digest(renderer, Digest(DAY, news=[News(DONE)])).plain
    assert "Cách trả lời" not in said
    assert "110 · Sở Y tế đã báo hoàn thành" in said


@pytest.mark.parametrize(
    ("last_safe", "words"),
    [
        (date(2027, 9, 24), "Nên hoàn thành chậm nhất thứ Sáu, 24/9/2027"),
        (DAY, "Hôm nay là ngày làm việc cuối cùng trước hạn."),
        (date(2027, 9, 17), "Ngày làm việc cuối cùng trước hạn, thứ Sáu, 17/9/2027, đã qua."),
    ],
)
def test_the_safe_day(last_safe: date, words: str, renderer: Renderer) -> None:
    assert words in messages.reminder(renderer, replace(OPEN, last_safe=last_safe), DAY).plain


def test_a_list_asks_for_no_day_that_has_passed(renderer: Renderer) -> None:
    def said(last_safe: date) -> str:
        owed = [replace(OPEN, last_safe=last_safe)]
        return messages.duties(renderer, owed, DAY, ["Sở Y tế"]).plain

    assert "ên xong chậm nhất thứ Hai, 20/9/2027" in said(DAY)
    assert "ngày làm việc cuối cùng trước hạn đã qua" in said(date(2027, 9, 17))


def test_an_urge_takes_the_number_it_is_given(renderer: Renderer) -> None:
    assert "Đôn đốc lần 3, việc số 118" in messages.urge(renderer, LATE, DAY).plain
    assert "Đôn đốc lần 7," in messages.urge(renderer, LATE, DAY, number=7).plain


def test_an_urge_before_the_day_does_not_speak_of_lateness(renderer: Renderer) -> None:
    said = messages.urge(renderer, BARE, DAY).plain
    assert "quá hạn" not in said
    assert "chưa được báo hoàn thành" in said


Long = Callable[[Renderer], Rendered]
WIDE = replace(
    STATUS,
    rows=tuple(AgencyRow(n, f"Cơ quan {n}", Counts(9, overdue=1)) for n in range(80)),
    overdue=tuple(
        OverdueLine(n, n, "Việc", n % 60, f"Cơ quan {n % 60}", DAY - timedelta(days=1), 1, 0)
        for n in range(900)
    ),
    totals=replace(STATUS.totals, overdue=900),
)


@pytest.mark.parametrize(
    ("say", "ending"),
    [
        (lambda r: figures.status(r, WIDE), "… và 70 cơ quan khác: gõ “tiếp”"),
        (lambda r: figures.status(r, WIDE), "… và 895 việc khác: gõ “xem quá hạn”"),
        (lambda r: figures.overdue(r, WIDE), "… và 10 việc khác. Gửi /status kèm tên"),
        (lambda r: figures.overdue(r, WIDE), "… và 50 cơ quan khác có việc quá hạn"),
        (
            lambda r: figures.unreachable(
                r, [Unreachable(n, "Sở", 1, 0, DAY) for n in range(50)], DAY
            ),
            "… và 10 cơ quan khác",
        ),
        (
            lambda r: figures.status_agency(r, STATUS, "Sở Y tế", many(OPEN, 30)),
            "… và 5 việc khác; xem từng việc bằng /visao kèm số: 1025, 1026, 1027, 1028, 1029",
        ),
    ],
)
def test_long_lists_are_cut_and_say_where_the_rest_is(
    say: Long, ending: str, renderer: Renderer
) -> None:
    assert ending in say(renderer).plain


def test_empty_states_are_said_in_words(renderer: Renderer) -> None:
    for said, words in (
        (figures.status(renderer, NOTHING), "Chưa có việc nào đến kỳ"),
        (figures.status(renderer, replace(NOTHING, period=(DAY, DAY))), "Không có việc nào có hạn"),
        (figures.overdue(renderer, NOTHING), "Không có việc nào quá hạn"),
        (figures.unreachable(renderer, [], DAY), "Mọi cơ quan"),
        (figures.help_message(renderer, (), ()), "chưa gắn với cơ quan nào"),
        (messages.duties(renderer, [], DAY, ["Sở Y tế"]), "không có việc nào phải thực hiện"),
        (messages.digest(renderer, Digest(DAY)), "không có việc nào cần nhắc"),
        (messages.group(renderer, Digest(DAY)), "không có việc nào cần nhắc"),
    ):
        assert words in said.plain


def test_shares_have_denominators(renderer: Renderer) -> None:
    said = figures.status(renderer, STATUS).plain
    assert "⚪ chưa triển khai (chưa có phản hồi nào): 7/21 (33,3 %)" in said
    assert "🔴 quá hạn: 5/21 (23,8 %)" in said
