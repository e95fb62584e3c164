"""The messengers, in one table. A messenger is made when its settings ask for it."""

from collections.abc import Callable
from functools import partial

from bot.channels.console import ConsoleChannel, keyboard, printer
from bot.channels.http import HttpClient
from bot.channels.telegram import TelegramChannel
from bot.channels.webhook import Hook, webhook_path
from bot.channels.zalo import ZaloChannel
from bot.settings import Settings
from scheduler.channel import Channel


def _telegram(settings: Settings, http: HttpClient) -> Channel | None:
    section = settings.telegram
    if not section.on:
        return None
    token = section.token.get_secret_value()
    return TelegramChannel(token, section.base_url, http, hook=hook_of(settings, "telegram"))


def _zalo(settings: Settings, http: HttpClient, name: str = "zalo") -> Channel | None:
    section = settings.zalo.bots[name]
    if not section.on:
        return None
    token, hook = section.token.get_secret_value(), hook_of(settings, name)
    return ZaloChannel(token, section.base_url, http, hook=hook, name=name, link=section.link)


def hook_of(settings: Settings, name: str) -> Hook:
    """Where the messenger of the section `name` calls us, and with what secret."""
    section = settings.bot(name)
    home = settings.web.public_url
    url = f"{home}{webhook_path(name)}" if home else ""
    return Hook(url, section.shown_secret, active=section.mode == "webhook")


CHANNELS: dict[str, Callable[[Settings, HttpClient], Channel | None]] = {
    "telegram": _telegram,
    "zalo": _zalo,
}


def makers(settings: Settings) -> dict[str, Callable[[Settings, HttpClient], Channel | None]]:
    """The table, with a row for each further bot on Zalo."""
    more = (name for name in settings.zalo.bots if name not in CHANNELS)
    return {**CHANNELS, **{name: partial(_zalo, name=name) for name in more}}


def make_channels(settings: Settings, http: HttpClient) -> dict[str, Channel]:
    """Every messenger that is configured; the console where there is none."""
    made = {name: make(settings, http) for name, make in makers(settings).items()}
    channels = {name: channel for name, channel in made.items() if channel is not None}
    return channels or {"console": ConsoleChannel(printer, keyboard)}
