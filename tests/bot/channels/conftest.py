"""A fake Telegram on a real socket, and the channel that speaks to it."""

from collections.abc import AsyncIterator

import pytest

from bot.channels.http import HttpClient
from bot.channels.telegram import TelegramChannel
from tests.fakes.telegram_server import FakeTelegram


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient(connect_timeout=2, timeout=0.5) as client:
        yield client


@pytest.fixture
def channel(telegram: FakeTelegram, http: HttpClient) -> TelegramChannel:
    return TelegramChannel(telegram.token, telegram.url, http, poll_timeout=5, pauses=(0.01, 0.05))
