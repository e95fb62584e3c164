"""Sending and receiving as a Zalo Official Account, against one on this machine."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.channels.http import HttpClient
from bot.channels.zalo_oa import PHONE, ZaloOaChannel
from bot.channels.zalo_oa_templates import FACTS, LONGEST, Templates, facts_of, read_template
from scheduler.channel import Attachment, Button, Message, SendError, Summary, Update
from tests.fakes.zalo_oa_channel import called, channel_on
from tests.fakes.zalo_oa_server import FakeZaloOa
from tests.fakes.zalo_oa_world import OA_ID, OaTemplate
from tests.world import eventually

WEEK = 7 * 24 * 3600.0
ROWS = tuple(
    (Button(f"{number} Đã nhận", f"d1:{number}:ack"), Button(f"{number} Xong", f"d1:{number}:done"))
    for number in (127, 130, 131)
)
SUMMARY = Summary("reminder", (127,), "Nộp báo cáo quý IV", date(2026, 12, 15), "Sở Y tế")
REMINDER = Message("Nhắc việc <b>127</b>", "Nhắc việc 127", summary=SUMMARY)
PHONE_ADDRESS = f"{PHONE}84900000001"


class Clock:
    now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def oa(clock: Clock) -> AsyncIterator[FakeZaloOa]:
    async with FakeZaloOa(clock) as server:
        server.world.templates["4711"] = OaTemplate(frozenset(FACTS))
        server.world.templates["4712"] = OaTemplate(frozenset({"ma_viec", "han"}))
        server.world.phones["84900000001"] = []
        yield server


@pytest.fixture
def user(oa: FakeZaloOa) -> str:
    number = oa.world.user("Lê Thị Hoa")
    oa.world.follow(number)
    return number


@pytest.fixture
def plain(oa: FakeZaloOa, http: HttpClient, tmp_path: Path) -> ZaloOaChannel:
    """Without templates."""
    return channel_on(oa, http, tmp_path)


@pytest.fixture
def channel(oa: FakeZaloOa, http: HttpClient, tmp_path: Path) -> ZaloOaChannel:
    """With one template for reminders."""
    return channel_on(oa, http, tmp_path, Templates(read_template("4711")))


async def refused(channel: ZaloOaChannel, address: str, message: Message) -> SendError:
    with pytest.raises(SendError) as caught:
        await channel.send(address, message)
    return caught.value


def tokens_asked(oa: FakeZaloOa) -> int:
    return sum(call["method"] == "token" for call in oa.calls)


# -- within the week ------------------------------------------------------------------------------


async def test_buttons_go_out_by_whole_rows_and_come_back(
    channel: ZaloOaChannel, oa: FakeZaloOa, user: str
) -> None:
    """Five fit, two rows of two are taken: half a row would offer "received" without "done"."""
    number = await channel.send(user, Message("Ba việc", "Ba việc", ROWS))
    sent = oa.world.sent[0]
    assert sent["message_id"] == number
    assert [each["title"] for each in sent["buttons"]] == [
        "127 Đã nhận", "127 Xong", "130 Đã nhận", "130 Xong",
    ]  # fmt: skip
    async with listening(channel, oa) as heard:
        oa.world.press(user, "130 Xong")
        oa.world.switches.clicks = "button"
        oa.world.press(user, "127 Xong")
        await eventually(lambda: len(heard) == 3)
    actions = [parsed.action for each in heard if (parsed := channel.parse(each.raw)) is not None]
    assert actions == ["", "d1:130:done", "d1:127:done"]


async def test_letters_are_composed_and_the_length_is_kept(
    channel: ZaloOaChannel, oa: FakeZaloOa, user: str
) -> None:
    await channel.send(user, Message("", "Nhiê\u0323m vu\u0323"))
    assert oa.world.texts(user) == ["Nhiệm vụ"]
    for text in ("", "  \n", "x" * 2001):
        assert (await refused(channel, user, Message(text, text))).permanent
    assert len(oa.calls) == 1


async def test_a_small_picture_goes_with_the_words_other_files_are_linked(
    channel: ZaloOaChannel, oa: FakeZaloOa, user: str, tmp_path: Path
) -> None:
    chart, paper = tmp_path / "bieu-do.png", tmp_path / "bao-cao.docx"
    chart.write_bytes(b"\x89PNG" + bytes(1000))
    paper.write_bytes(b"PK")
    picture = Attachment("bieu-do.png", chart, "image/png", picture=True, url="https://x/1")
    words = Message("Biểu đồ", "Biểu đồ", attachment=picture)
    await channel.send(user, words)
    assert oa.world.sent[0]["pictures"] == 1
    assert oa.world.texts(user) == ["Biểu đồ"]
    file = Attachment("bao-cao.docx", paper, "application/msword", url="https://x/2")
    await channel.send(user, replace(words, attachment=file))
    assert "https://x/2" in oa.world.texts(user)[1]
    await channel.send(user, replace(words, attachment=replace(file, url="")))
    assert "bao-cao.docx" in oa.world.texts(user)[2]
    chart.write_bytes(bytes(1024 * 1024 + 1))
    await channel.send(user, words)
    oa.refuse(-210, "upload")
    chart.write_bytes(b"\x89PNG")
    await channel.send(user, words)
    assert [each["pictures"] for each in oa.world.sent] == [1, 0, 0, 0, 0]
    assert oa.world.texts(user)[3:] == [oa.world.texts(user)[3]] * 2
    assert "https://x/1" in oa.world.texts(user)[3]


@pytest.mark.parametrize("code", [-213, -217, -218, -227, -244])
async def test_who_cannot_be_reached_is_closed(
    channel: ZaloOaChannel, oa: FakeZaloOa, user: str, code: int
) -> None:
    oa.world.users[user].refuses = code
    error = await refused(channel, user, REMINDER)
    assert error.closed
    assert not error.auth


# -- after a week's silence -----------------------------------------------------------------------


async def test_a_reminder_goes_by_template(
    channel: ZaloOaChannel, oa: FakeZaloOa, user: str, clock: Clock
) -> None:
    clock.now += WEEK + 1
    number = await channel.send(user, REMINDER)
    sent = oa.world.sent[0]
    assert (sent["kind"], sent["message_id"]) == ("template", number)
    assert oa.world.texts(user) == [
        "co_quan: Sở Y tế; han: 15/12/2026; so: 127; so_viec: 1; viec: Nộp báo cáo quý IV"
    ]
    oa.world.say(user, "tôi đây")
    await channel.send(user, REMINDER)
    assert oa.world.sent[1]["kind"] == "consult"


async def test_without_a_template_the_contact_is_handed_over(
    plain: ZaloOaChannel, oa: FakeZaloOa, user: str, clock: Clock
) -> None:
    clock.now += WEEK + 1
    error = await refused(plain, user, REMINDER)
    assert error.closed
    assert "7 ngày" in error.text
    assert oa.world.sent == []


async def test_what_no_template_says_waits_and_the_contact_stays_open(
    channel: ZaloOaChannel, user: str, clock: Clock
) -> None:
    clock.now += WEEK + 1
    error = await refused(channel, user, Message("Thông báo", "Thông báo"))
    assert error.retry_after == 12 * 3600
    assert not (error.closed or error.permanent or error.auth)  # noqa: PT018


async def test_the_offices_own_blanks_are_filled(
    oa: FakeZaloOa, http: HttpClient, tmp_path: Path, user: str, clock: Clock
) -> None:
    templates = Templates(read_template("4711"), read_template("4712: ma_viec=so, han"))
    channel = channel_on(oa, http, tmp_path, templates)
    clock.now += WEEK + 1
    await channel.send(user, replace(REMINDER, summary=replace(SUMMARY, purpose="urge")))
    assert oa.world.texts(user) == ["han: 15/12/2026; ma_viec: 127"]
    await channel.send(user, replace(REMINDER, summary=replace(SUMMARY, purpose="digest")))
    assert "co_quan: Sở Y tế" in oa.world.texts(user)[1]


@pytest.mark.parametrize(
    ("code", "want"),
    [(-131, "auth"), (-120, "auth"), (-249, "auth"), (-320, "auth"), (-1124, "permanent")],
)
async def test_a_template_that_cannot_be_sent_loses_nothing_silently(
    channel: ZaloOaChannel, oa: FakeZaloOa, user: str, clock: Clock, code: int, want: str
) -> None:
    clock.now += WEEK + 1
    oa.world.templates["4711"].trouble = code
    error = await refused(channel, user, REMINDER)
    assert getattr(error, want)
    assert oa.world.sent == []


async def test_money_that_is_spent_and_the_night(
    channel: ZaloOaChannel, oa: FakeZaloOa, user: str, clock: Clock
) -> None:
    clock.now += WEEK + 1
    oa.world.switches.money = 0
    assert (await refused(channel, user, REMINDER)).exhausted
    oa.world.switches.night = True
    error = await refused(channel, user, REMINDER)
    assert error.retry_after is not None
    assert 0 < error.retry_after <= 24 * 3600


# -- by telephone ---------------------------------------------------------------------------------


async def test_a_number_gets_templates_only(channel: ZaloOaChannel, oa: FakeZaloOa) -> None:
    await channel.send(PHONE_ADDRESS, REMINDER)
    await channel.send(PHONE_ADDRESS, REMINDER)
    first, second = oa.world.phones["84900000001"]
    assert "so: 127" in first["text"]
    assert first["tracking_id"] != second["tracking_id"]
    error = await refused(channel, PHONE_ADDRESS, Message("Chào", "Chào"))
    assert (error.permanent, error.closed) == (True, False)
    assert (await refused(channel, f"{PHONE}84911111111", REMINDER)).closed
    assert (await refused(channel, f"{PHONE}0911", REMINDER)).closed


async def test_a_number_without_templates_is_closed(plain: ZaloOaChannel) -> None:
    assert (await refused(plain, PHONE_ADDRESS, REMINDER)).closed


# -- tokens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [-216, -220, -124])
async def test_an_expired_token_is_renewed_and_the_message_sent_once(
    channel: ZaloOaChannel, oa: FakeZaloOa, user: str, code: int
) -> None:
    oa.refuse(code)
    await channel.send(user, REMINDER)
    assert len(oa.world.sent) == 1
    assert tokens_asked(oa) == 1


async def test_a_token_refused_twice_stands_still(
    channel: ZaloOaChannel, oa: FakeZaloOa, user: str
) -> None:
    oa.refuse(-216, times=2)
    error = await refused(channel, user, REMINDER)
    assert error.auth
    assert tokens_asked(oa) == 1
    assert oa.world.sent == []


async def test_calls_are_signed_where_the_console_asks_for_it(
    oa: FakeZaloOa, http: HttpClient, tmp_path: Path, user: str
) -> None:
    unsigned = channel_on(oa, http, tmp_path)
    oa.world.switches.proof = True
    assert (await refused(unsigned, user, REMINDER)).auth
    await channel_on(oa, http, tmp_path).send(user, REMINDER)
    assert len(oa.world.sent) == 1


# -- what an administrator is told ----------------------------------------------------------------


async def test_at_the_start_it_says_what_is_missing(
    plain: ZaloOaChannel, channel: ZaloOaChannel, oa: FakeZaloOa
) -> None:
    info = await channel.open()
    assert (info.username, info.invite_link, info.notes) == ("Ban Chỉ đạo CĐS", "", ())
    oa.world.verified = False
    notes = " ".join((await plain.open()).notes)
    assert "chưa xác thực" in notes
    assert "reminder_template" in notes


async def test_leave_for_another_account_is_noticed(channel: ZaloOaChannel, oa: FakeZaloOa) -> None:
    oa.world.oa_id = "39"
    (note,) = (await channel.open()).notes
    assert "39" in note
    assert OA_ID in note


# -- receiving ------------------------------------------------------------------------------------


@asynccontextmanager
async def listening(channel: ZaloOaChannel, oa: FakeZaloOa) -> AsyncIterator[list[Update]]:
    """The channel with somebody to take its calls; what was stored."""
    stored: list[Update] = []

    async def store(updates: Sequence[Update]) -> None:
        stored.extend(updates)

    task = asyncio.create_task(called(channel, oa, store))
    try:
        yield stored
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_names_are_asked_for_once(channel: ZaloOaChannel, oa: FakeZaloOa, user: str) -> None:
    async with listening(channel, oa) as heard:
        await eventually(lambda: any(call["method"] == "detail" for call in oa.calls))
        oa.world.say(user, "ABCDE-23456")
        oa.world.say(user, "xong")
        await eventually(lambda: len(heard) == 3)
        await eventually(lambda: all(name(channel, each) == "Lê Thị Hoa" for each in heard))
    assert sum(call["method"] == "detail" for call in oa.calls) == 1


def name(channel: ZaloOaChannel, update: Update) -> str:
    parsed = channel.parse(update.raw)
    assert parsed is not None
    return parsed.sender_name


@pytest.mark.parametrize(
    "disputed",
    [{}, {"signed_by": "oa_id"}, {"stamped_in": "header"}, {"signed_with": "app_secret"}],
)
async def test_every_disputed_signature_is_let_in(
    channel: ZaloOaChannel, oa: FakeZaloOa, user: str, disputed: dict[str, Any]
) -> None:
    for switch, value in disputed.items():
        setattr(oa.world.switches, switch, value)
    async with listening(channel, oa) as heard:
        oa.world.say(user, "xong 127")
        oa.world.echo(user, "Nhắc việc")
        oa.world.unfollow(user)
        await eventually(lambda: len(oa.deliveries) == 4)
    assert oa.deliveries == [200] * 4
    events = [parsed.event for each in heard if (parsed := channel.parse(each.raw)) is not None]
    assert events == ["text", "text", "blocked"]


async def test_a_call_of_the_day_before_is_refused(
    channel: ZaloOaChannel, oa: FakeZaloOa, user: str, clock: Clock
) -> None:
    async with listening(channel, oa) as heard:
        await eventually(lambda: len(heard) == 1)
        headers, body = oa.world.signed(
            {
                "event_name": "follow",
                "follower": {"id": user},
                "timestamp": str(int(clock.now * 1e3)),
            }
        )
        lower = {key.lower(): value for key, value in headers.items()}
        assert channel.verify(lower, body)
        clock.now += 24 * 3600 + 1
        assert not channel.verify(lower, body)
        assert not channel.verify({}, body)
        assert channel.verify({}, b"{}")


async def test_files_are_fetched_from_where_zalo_keeps_them(
    channel: ZaloOaChannel, oa: FakeZaloOa
) -> None:
    assert await channel.fetch(f"{oa.url}/tep/here", 100) == b"noi dung tep"
    for ref, most in ((f"{oa.url}/tep/gone", 100), (f"{oa.url}/tep/here", 5)):
        with pytest.raises(SendError) as caught:
            await channel.fetch(ref, most)
        assert caught.value.permanent
    for ref in ("http://127.0.0.1:9/x", "file:///etc/passwd", "https://127.0.0.1/x", "không"):
        with pytest.raises(SendError):
            await channel.fetch(ref, 100)


async def test_receiving_stands_still_when_leave_is_gone(
    channel: ZaloOaChannel, oa: FakeZaloOa, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    oa.world.revoke()
    clock.now += 90_000

    async def store(_updates: Sequence[Update]) -> None:
        """Nothing comes."""

    caplog.set_level(logging.ERROR)
    with pytest.raises(SendError) as caught:
        await asyncio.wait_for(channel.receive(store), 5)
    assert caught.value.auth
    assert "authorize" in caplog.text


# -- templates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "blanks"),
    [
        ("4711", tuple((fact, fact) for fact in FACTS)),
        (" 4711 : so , han ", (("so", "so"), ("han", "han"))),
        ("ab-1: ma=so, noi_dung = viec", (("ma", "so"), ("noi_dung", "viec"))),
    ],
)
def test_a_template_is_set_in_one_line(text: str, blanks: tuple[tuple[str, str], ...]) -> None:
    template = read_template(text)
    assert template is not None
    assert template.blanks == blanks


@pytest.mark.parametrize("text", ["47 11", "4711: ten", "4711: a=b", "4711: =so", "4711:", ":so"])
def test_a_template_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"mẫu|nội dung"):
        read_template(text)


def test_no_template_is_none() -> None:
    assert read_template("  ") is None
    assert not Templates().any()


def test_facts_of_several_duties_name_them_all() -> None:
    several = replace(SUMMARY, purpose="digest", numbers=(127, 130, 131), task="Rà soát " * 40)
    facts = facts_of(several)
    assert facts["so"] == "127, 130, 131"
    assert facts["viec"].startswith("3 đầu việc, gần nhất: Rà soát")
    assert len(facts["viec"]) <= LONGEST
    assert facts["so_viec"] == "3"
