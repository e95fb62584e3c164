"""A board on Telegram: pinned, rewritten when something changed, given up when it was deleted."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from registry.clock import LOCAL
from tests.world import Office, TelegramMessenger, office, on_telegram, on_zalo

BEGIN = datetime(2026, 9, 3, 9, tzinfo=LOCAL)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Office]:
    async with on_telegram() as made, office(tmp_path, [made], BEGIN) as found:
        made.person("thao", "Đỗ Thị Thảo")
        await found.bind("thao", "staff")
        yield found


def telegram(stage: Office) -> TelegramMessenger:
    assert isinstance(stage.messenger, TelegramMessenger)
    return stage.messenger


def pinned(stage: Office) -> list[int]:
    messenger = telegram(stage)
    return messenger.server.world.chats[messenger.ids["thao"]].pinned


async def later(stage: Office, minutes: int) -> None:
    await stage.until(stage.clock.now + timedelta(minutes=minutes))


async def test_a_board_is_pinned_and_follows_the_figures(stage: Office) -> None:
    (board,) = await stage.say("thao", "/bang")
    assert "Bảng tình hình" in board
    await later(stage, 1)
    assert len(pinned(stage)) == 1
    await later(stage, 20)
    assert telegram(stage).edited("thao") == [], "nothing has changed"
    number = stage.number("Sở Y tế", "Số hóa hồ sơ")
    await stage.say("thao", f"xong {number}")
    await later(stage, 20)
    (fresh,) = telegram(stage).edited("thao")
    assert "Hoàn thành đúng hạn: 1/" in fresh
    await stage.until(datetime(2026, 9, 4, 7, tzinfo=LOCAL))
    assert "thứ Sáu, 04/9/2026" in telegram(stage).edited("thao")[-1]
    assert len(telegram(stage).edited("thao")) == 2


async def test_taken_down_it_is_unpinned_and_left_alone(stage: Office) -> None:
    await stage.say("thao", "bảng tình hình Sở Y tế quý 3")
    await later(stage, 1)
    (said,) = await stage.say("thao", "/bang tắt")
    assert "Đã gỡ bảng" in said
    await later(stage, 1)
    assert pinned(stage) == []
    await later(stage, 60 * 24)
    assert telegram(stage).edited("thao") == []
    (said,) = await stage.say("thao", "/bang tắt")
    assert "không có bảng" in said


async def test_a_second_board_takes_the_place_of_the_first(stage: Office) -> None:
    await stage.say("thao", "/bang")
    await later(stage, 1)
    first = list(pinned(stage))
    await stage.say("thao", "/bang quý 3")
    await later(stage, 1)
    await later(stage, 1)
    assert len(pinned(stage)) == 1
    assert pinned(stage) != first


async def test_a_deleted_board_is_given_up_and_told_once(stage: Office) -> None:
    await stage.say("thao", "/bang")
    await later(stage, 1)
    messenger = telegram(stage)
    messenger.server.world.chats[messenger.ids["thao"]].messages.pop(pinned(stage)[0])
    for hours in (24, 48):
        await later(stage, hours * 60)
    told = [text for text in messenger.heard("thao") if "không còn được cập nhật" in text]
    assert len(told) == 1
    assert "Đặt lại: /bang" in told[0]


async def test_without_the_right_to_pin_it_still_follows(stage: Office) -> None:
    telegram(stage).server.refuse(
        400, "Bad Request: not enough rights to manage pinned messages", method="pinChatMessage"
    )
    await stage.say("thao", "/bang")
    await later(stage, 1)
    await later(stage, 1)
    told = [text for text in telegram(stage).heard("thao") if "chưa được quyền ghim" in text]
    assert len(told) == 1
    await later(stage, 60 * 24)
    assert telegram(stage).edited("thao"), "the day has changed"


async def test_where_nothing_is_rewritten_it_is_sent_once(tmp_path: Path) -> None:
    async with on_zalo() as made, office(tmp_path, [made], BEGIN) as stage:
        made.person("thao", "Đỗ Thị Thảo")
        await stage.bind("thao", "staff")
        (board,) = await stage.say("thao", "bảng tình hình")
        assert "Bảng tình hình" in board
        assert "không cho sửa" in board
        assert "/bang tắt" not in board
        await stage.until(BEGIN + timedelta(days=2))
        assert len([text for text in made.heard("thao") if "Bảng tình hình" in text]) == 1
