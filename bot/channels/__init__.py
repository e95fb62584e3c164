"""The messengers, in one table. A messenger is made when its settings ask for it."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from bot.channels.console import ConsoleChannel, keyboard, printer
from bot.channels.http import HttpClient
from bot.channels.rivals import POLITE
from bot.channels.telegram import TelegramChannel
from bot.channels.webhook import Hook, webhook_path
from bot.channels.zalo import ZaloChannel
from bot.channels.zalo_oa import OaSetup, ZaloOaChannel
from bot.channels.zalo_oa_api import Hosts, OaApi
from bot.channels.zalo_oa_oauth import Consent, OaApp
from bot.channels.zalo_oa_templates import Template, Templates, read_template
from bot.channels.zalo_oa_tokens import TokenFile
from bot.channels.zalo_oa_updates import Seal
from bot.settings import ConfigTrouble, Settings, ZaloOa
from scheduler.channel import Channel

Clock = Callable[[], datetime]
Maker = Callable[[Settings, HttpClient, Clock], Channel | None]


def _telegram(settings: Settings, http: HttpClient, _clock: Clock) -> Channel | None:
    section = settings.telegram
    if not section.on:
        return None
    token = section.token.get_secret_value()
    hook = hook_of(settings, "telegram")
    return TelegramChannel(token, section.base_url, http, hook=hook, manners=POLITE)


def _zalo(
    settings: Settings, http: HttpClient, _clock: Clock, name: str = "zalo"
) -> Channel | None:
    section = settings.zalo.bots[name]
    if not section.on:
        return None
    token, hook = section.token.get_secret_value(), hook_of(settings, name)
    return ZaloChannel(token, section.base_url, http, hook=hook, name=name, link=section.link)


def _zalo_oa(settings: Settings, http: HttpClient, clock: Clock) -> Channel | None:
    section = settings.zalo_oa
    if not section.on:
        return None
    app_secret = section.app_secret.get_secret_value()
    consent = oa_consent(settings, http, clock)
    api = OaApi(
        Hosts(section.openapi_url, section.business_url),
        consent,
        http,
        app_secret=app_secret if section.app_secret_proof else "",
    )
    keys = (section.webhook_secret.get_secret_value(), app_secret)
    seal = Seal(section.app_id, section.oa_id, tuple(filter(None, keys)))
    return ZaloOaChannel(OaSetup(seal, _oa_templates(section)), api, consent, http, clock)


def oa_consent(settings: Settings, http: HttpClient, clock: Clock) -> Consent:
    """Where the Official Account's tokens come from: their file lies in the data folder."""
    section = settings.zalo_oa
    app = OaApp(section.app_id, section.app_secret.get_secret_value(), section.oauth_url)
    return Consent(app, TokenFile(settings.paths.data_dir / "zalo-oa-tokens.json"), http, clock)


def _oa_templates(section: ZaloOa) -> Templates:
    """Raises ConfigTrouble for one that cannot be read."""

    def read(key: str) -> Template | None:
        try:
            return read_template(getattr(section, key))
        except ValueError as error:
            raise ConfigTrouble(f"[zalo_oa] {key}: {error}.") from None

    return Templates(read("reminder_template"), read("urge_template"), read("digest_template"))


def hook_of(settings: Settings, name: str) -> Hook:
    """Where the messenger of the section `name` calls us, and with what secret."""
    section = settings.bot(name)
    home = settings.web.public_url
    url = f"{home}{webhook_path(name)}" if home else ""
    return Hook(url, section.shown_secret, active=section.mode == "webhook")


CHANNELS: dict[str, Maker] = {
    "telegram": _telegram,
    "zalo": _zalo,
    "zalo_oa": _zalo_oa,
}


def makers(settings: Settings) -> dict[str, Maker]:
    """The table, with a row for each further bot on Zalo."""
    more = (name for name in settings.zalo.bots if name not in CHANNELS)
    return {**CHANNELS, **{name: partial(_zalo, name=name) for name in more}}


def make_channels(settings: Settings, http: HttpClient, clock: Clock) -> dict[str, Channel]:
    """Every messenger that is configured; the console where there is none. Raises ConfigTrouble."""
    made = {name: make(settings, http, clock) for name, make in makers(settings).items()}
    channels = {name: channel for name, channel in made.items() if channel is not None}
    return channels or {"console": ConsoleChannel(printer, keyboard)}
