"""The messengers, in one table. A messenger is made when its settings ask for it."""

from collections.abc import Callable

from bot.channels.console import ConsoleChannel, keyboard, printer
from bot.channels.http import HttpClient
from bot.channels.telegram import TelegramChannel
from bot.channels.zalo import ZaloChannel
from bot.settings import Settings
from scheduler.channel import Channel


def _telegram(settings: Settings, http: HttpClient) -> Channel | None:
    section = settings.telegram
    token = section.token.get_secret_value()
    if section.mode == "off" or not token:
        return None
    return TelegramChannel(token, section.base_url, http)


def _zalo(settings: Settings, http: HttpClient) -> Channel | None:
    section = settings.zalo
    token = section.token.get_secret_value()
    if section.mode == "off" or not token:
        return None
    return ZaloChannel(token, section.base_url, http)


CHANNELS: dict[str, Callable[[Settings, HttpClient], Channel | None]] = {
    "telegram": _telegram,
    "zalo": _zalo,
}


def make_channels(settings: Settings, http: HttpClient) -> dict[str, Channel]:
    """Every messenger that is configured; the console where there is none."""
    made = {name: make(settings, http) for name, make in CHANNELS.items()}
    channels = {name: channel for name, channel in made.items() if channel is not None}
    return channels or {"console": ConsoleChannel(printer, keyboard)}
