"""Settings: `config.toml`, then the environment (`DONDOC_TELEGRAM__TOKEN`), which wins.

Importing reads nothing; `load(path)` does. Every key is explained in `config.example.toml`.
"""

import hashlib
import hmac
import os
import re
import stat
import tomllib
from contextvars import ContextVar
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from bot.disk_words import why
from bot.settings_given import hour, read_toml, unread, variable
from bot.settings_words import toml_trouble, wrong
from registry.budget import Tariff
from registry.database import DatabaseTrouble, password_of
from registry.messengers import messenger_of
from registry.retention import Periods
from registry.rotation import Keep
from scheduler.briefing import Weekday
from scheduler.ladder import LATEST_RUNG, Ladder
from scheduler.plan import Policy

DEFAULT_CONFIG = Path("config.toml")
ENV_CONFIG = "DONDOC_CONFIG"
DEFAULT_URGES = (1, 3)
# Keys whose values open something: a file that holds one must be its owner's alone.
_SECRET_KEYS = ("token", "app_secret", "webhook_secret", "metrics_token", "ping_url")
_HOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")


class ConfigTrouble(Exception):
    """The settings cannot be used; the text is one Vietnamese line that says what to do."""


def _days(value: Any) -> Any:
    """Lists of days may come from the environment as "10,5,2,0"."""
    if isinstance(value, str):
        return [part.strip() for part in value.strip("[] ").split(",") if part.strip()]
    return value


Days = Annotated[tuple[Annotated[int, Field(ge=0, le=120)], ...], NoDecode, BeforeValidator(_days)]


Hour = Annotated[time, BeforeValidator(hour)]

# Working days overdue; 0: never.
Overdue = Annotated[int, Field(ge=0, le=LATEST_RUNG)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Committee(_Section):
    name: str = "Ban Chỉ đạo chuyển đổi số"
    standing_agency: str = ""
    inclusive_before: bool = False
    update_request: str = "trước ngày 15 của tháng cuối quý"
    horizon_days: int = Field(default=400, ge=31, le=1500)
    soon_days: int = Field(default=10, ge=1, le=60)


class DatabaseSection(_Section):
    url: str = ""


def _shown_secret(value: SecretStr) -> SecretStr:
    """What both messengers take as a secret, and long enough not to be guessed."""
    if value.get_secret_value() and not _HOOK_SECRET.fullmatch(value.get_secret_value()):
        raise ValueError("cần 16-256 ký tự gồm chữ không dấu, chữ số, '-' hoặc '_'")
    return value


def _address(value: str) -> str:
    """A public address: a host, perhaps a path to stand before ours."""
    value = value.strip().rstrip("/")
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname
                  or parts.query or parts.fragment or parts.username):  # fmt: skip
        raise ValueError("cần viết như https://dondoc.tinh.gov.vn")
    return value


HookSecret = Annotated[SecretStr, AfterValidator(_shown_secret)]
PublicUrl = Annotated[str, AfterValidator(_address)]


class Bot(_Section):
    """A bot that is asked for its updates, or calls us with them."""

    token: SecretStr = SecretStr("")
    base_url: str = ""
    mode: Literal["polling", "webhook", "off"] = "polling"
    webhook_secret: HookSecret = SecretStr("")

    @property
    def on(self) -> bool:
        return self.mode != "off" and bool(self.token.get_secret_value().strip())

    @property
    def shown_secret(self) -> str:
        """What the messenger shows when it calls: as set, or else made from the token, which
        nobody but the messenger and we know."""
        given = self.webhook_secret.get_secret_value()
        key = self.token.get_secret_value().strip().encode()
        if given or not key:
            return given
        return hmac.new(key, b"dondoc webhook", hashlib.sha256).hexdigest()


class Telegram(Bot):
    base_url: str = "https://api.telegram.org"


def _link(value: str) -> str:
    if value and not value.startswith("https://"):
        raise ValueError("cần viết như https://zalo.me/…")
    return value.strip()


Link = Annotated[str, AfterValidator(_link)]


class ZaloBot(_Section):
    """One more bot on Zalo. An empty token keeps the places of those behind it."""

    token: SecretStr = SecretStr("")
    link: Link = ""


class Zalo(Bot):
    base_url: str = "https://bot-api.zaloplatforms.com"
    link: Link = ""
    monthly_budget: int = Field(default=3000, ge=0)
    max_users: int = Field(default=50, ge=0)
    max_groups: int = Field(default=3, ge=0)
    more: tuple[ZaloBot, ...] = ()

    @property
    def bots(self) -> "dict[str, Zalo]":
        """Every bot by the name of its channel: "zalo", "zalo-2", …; alike but for token, link and
        a webhook's secret, which further bots make from their tokens."""
        rest = {
            f"zalo-{number}": self.model_copy(
                update={"token": bot.token, "link": bot.link, "webhook_secret": SecretStr("")}
            )
            for number, bot in enumerate(self.more, start=2)
        }
        return {"zalo": self, **rest}

    @property
    def tariff(self) -> Tariff:
        return Tariff(self.monthly_budget, self.max_users, self.max_groups)


class ZaloOa(_Section):
    mode: Literal["webhook", "off"] = "webhook"
    app_id: str = ""
    app_secret: SecretStr = SecretStr("")
    oa_id: str = ""
    webhook_secret: SecretStr = SecretStr("")
    callback_url: str = ""
    reminder_template: str = ""
    urge_template: str = ""
    digest_template: str = ""
    app_secret_proof: bool = False
    openapi_url: str = "https://openapi.zalo.me"
    business_url: str = "https://business.openapi.zalo.me"
    oauth_url: str = "https://oauth.zaloapp.com"

    @property
    def on(self) -> bool:
        secret = self.app_secret.get_secret_value().strip()
        return self.mode != "off" and bool(self.app_id.strip()) and bool(secret)


class Web(_Section):
    mode: Literal["on", "off"] = "off"
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: PublicUrl = ""
    metrics_token: SecretStr = SecretStr("")
    ping_url: SecretStr = SecretStr("")

    @property
    def on(self) -> bool:
        return self.mode == "on"

    @property
    def safe(self) -> bool:
        """Whether links and webhooks may use the public address: HTTPS, or this machine."""
        parts = urlsplit(self.public_url)
        return parts.scheme == "https" or parts.hostname in ("127.0.0.1", "localhost", "::1")


class Reminders(_Section):
    leads: Days = (10, 5, 2, 0)
    urges: Days = DEFAULT_URGES
    obstacle_days: int = Field(default=5, ge=0, le=60)
    leader_after: Overdue = 3
    member_after: Overdue = 5
    staff_after: Overdue = 10
    received_days: int = Field(default=5, ge=0, le=60)
    letter_urges: int = Field(default=3, ge=0, le=50)
    at: Hour = time(8)
    working_hours: str = "07:30-17:00"


class Papers(_Section):
    parent_agency: str = ""
    place: str = ""
    drafts: bool = True
    draft_at: Hour = time(17, 30)


class Briefs(_Section):
    members: Weekday = "mon"
    staff: Weekday = "mon"
    at: Hour = time(8)


class Contacts(_Section):
    heartbeat: bool = True
    heartbeat_day: int = Field(default=1, ge=1, le=15)
    unheard_days: int = Field(default=90, ge=7, le=730)
    answer_days: int = Field(default=10, ge=1, le=60)


class Backup(_Section):
    mode: Literal["on", "off"] = "on"
    at: Hour = time(1, 30)
    folder: Path | None = None
    daily: int = Field(default=14, ge=1, le=366)
    weekly: int = Field(default=8, ge=0, le=260)
    monthly: int = Field(default=6, ge=0, le=120)

    @property
    def on(self) -> bool:
        return self.mode == "on"

    @property
    def keep(self) -> Keep:
        return Keep(self.daily, self.weekly, self.monthly)


class Retention(_Section):
    texts: int = Field(default=400, ge=90, le=3660)
    strangers: int = Field(default=90, ge=7, le=3660)

    @property
    def periods(self) -> Periods:
        return Periods(self.texts, self.strangers)


class Paths(_Section):
    data_dir: Path = Path("data")
    templates_dir: Path | None = None
    calendar: Path | None = None


class Invites(_Section):
    valid_days: int = Field(default=7, ge=1, le=90)


class Logs(_Section):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="DONDOC_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    committee: Committee = Committee()
    database: DatabaseSection = DatabaseSection()
    telegram: Telegram = Telegram()
    zalo: Zalo = Zalo()
    zalo_oa: ZaloOa = ZaloOa()
    web: Web = Web()
    reminders: Reminders = Reminders()
    papers: Papers = Papers()
    briefs: Briefs = Briefs()
    contacts: Contacts = Contacts()
    backup: Backup = Backup()
    retention: Retention = Retention()
    paths: Paths = Paths()
    invites: Invites = Invites()
    logs: Logs = Logs()

    @property
    def database_url(self) -> str:
        return self.database.url or f"sqlite:///{self.paths.data_dir / 'dondoc.db'}"

    @property
    def files_dir(self) -> Path:
        """Where files that were received or made are kept (registry/files.py)."""
        return self.paths.data_dir / "files"

    @property
    def backup_dir(self) -> Path:
        """Where backups are kept (registry/backups.py)."""
        return self.backup.folder or self.paths.data_dir / "backups"

    @property
    def policy(self) -> Policy:
        """The committee's reminder rules. Raises ConfigTrouble for impossible working hours."""
        opens, closes = _hours(self.reminders.working_hours)
        # What was held overnight goes out together with the morning's own, not half an hour before.
        opens = max(opens, self.reminders.at)
        if opens >= closes:
            raise ConfigTrouble("[reminders] at phải nằm trong working_hours, ví dụ 08:00.")
        if not opens <= self.reminders.at < closes:
            raise ConfigTrouble(
                f"[reminders] at = {self.reminders.at:%H:%M} phải nằm trong giờ làm việc "
                f"({self.reminders.working_hours})."
            )
        leads = tuple(sorted({*self.reminders.leads, 0}, reverse=True))
        given = self.reminders
        ladder = Ladder(given.leader_after, given.member_after, given.staff_after)
        if not ladder.climbs:
            raise ConfigTrouble(
                "[reminders] leader_after, member_after, staff_after phải tăng dần "
                "(hoặc bằng nhau; 0 là bỏ bậc ấy)."
            )
        return Policy(
            leads=leads,
            urges=self.reminders.urges or DEFAULT_URGES,
            ladder=ladder,
            received_days=given.received_days,
            at=self.reminders.at,
            opens=opens,
            closes=closes,
        )

    def bot(self, channel: str) -> Bot:
        """The section of a channel that is a bot: "telegram", "zalo", "zalo-2"."""
        section: Bot = self.zalo.bots.get(channel) or getattr(self, channel)
        return section

    def tariff(self, channel: str) -> Tariff:
        """What the channel's messenger allows one bot."""
        return self.zalo.tariff if messenger_of(channel) == "zalo" else Tariff()

    @property
    def limited(self) -> dict[str, Tariff]:
        """The tariffs of the bots that are switched on and have one."""
        return {name: bot.tariff for name, bot in self.zalo.bots.items() if bot.on}

    def secrets(self) -> tuple[str, ...]:
        """Everything that must never be printed."""
        kept = (
            self.telegram.token, self.zalo.token, self.telegram.webhook_secret,
            self.zalo.webhook_secret, self.web.metrics_token, self.web.ping_url,
            self.zalo_oa.app_secret, self.zalo_oa.webhook_secret,
        )  # fmt: skip
        bots = (self.telegram, *self.zalo.bots.values())
        more = (bot.token for bot in self.zalo.more)
        made = (bot.shown_secret for bot in bots)
        shown = (each.get_secret_value() for each in (*kept, *more))
        return tuple(filter(None, (*shown, *made, _password(self.database.url))))

    def check_web(self) -> None:
        """Raises ConfigTrouble where a messenger is to call an address that cannot be called."""
        for name, section in (("telegram", self.telegram), *self.zalo.bots.items()):
            if section.on and section.mode == "webhook":
                self.check_webhook(name)
        if self.zalo_oa.on:
            self.check_webhook("zalo_oa")

    def check_webhook(self, name: str) -> None:
        """Raises ConfigTrouble unless our web server can take the calls of the section `name`."""
        if not self.web.on:
            raise ConfigTrouble(
                f'[{name}] mode = "webhook" cần bật máy chủ web: [web] mode = "on".'
            )
        if not self.web.public_url or not self.web.safe:
            raise ConfigTrouble(
                f'[{name}] mode = "webhook" cần địa chỉ công khai HTTPS, '
                'ví dụ [web] public_url = "https://dondoc.tinh.gov.vn".'
            )


def _password(url: str) -> str:
    """The password in a database's address; what is no address is somebody else's to refuse."""
    try:
        return password_of(url)
    except DatabaseTrouble:
        return ""


def _hours(text: str) -> tuple[time, time]:
    try:
        first, last = (hour(part) for part in re.split(r"-|–|đến", text))
    except ValueError:
        first = last = time(0)
    if first >= last:
        raise ConfigTrouble(
            f"[reminders] working_hours = {text!r} không đọc được; hãy viết như 07:30-17:00."
        )
    return first, last


def config_path(given: Path | None) -> Path:
    """Where the settings are: the option, else DONDOC_CONFIG, else ./config.toml."""
    return given or Path(os.environ.get(ENV_CONFIG, str(DEFAULT_CONFIG)))


# What is being read, and whether the environment counts: a class for each file would cost a
# megabyte for each committee.
_SOURCE: ContextVar[tuple[Path, bool]] = ContextVar("source")


class _TomlFile(TomlConfigSettingsSource):
    """pydantic's source, for files as people's editors save them."""

    def _read_file(self, file_path: Any) -> dict[str, Any]:
        return read_toml(file_path)


class _FromFile(Settings):
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings
        path, environment = _SOURCE.get()
        file = _TomlFile(settings_cls, toml_file=path)
        return (init_settings, env_settings, file) if environment else (init_settings, file)


def load(path: Path, *, environment: bool = True) -> Settings:
    """Read the settings; paths in the file count from the file's folder.

    A missing file is not an error: defaults and the environment serve. Raises ConfigTrouble.
    `environment`: whether it counts, as it does where there is one committee.
    """
    if path.exists():
        if not path.is_file():
            raise ConfigTrouble(f"{path} không phải là tệp cấu hình.")
        check_private(path)

    lost = unread(Settings.model_fields) if environment else ""
    if lost:
        raise ConfigTrouble(
            f"Biến môi trường {lost} không thuộc mục nào của cấu hình; tên đúng xem "
            "config.example.toml."
        )
    token = _SOURCE.set((path, environment))
    try:
        settings: Settings = _FromFile()
    except tomllib.TOMLDecodeError as error:
        where = toml_trouble(error)
        raise ConfigTrouble(f"Tệp cấu hình {path} sai cú pháp TOML {where}.") from None
    except UnicodeDecodeError:
        raise ConfigTrouble(f"Tệp cấu hình {path} phải ghi bằng UTF-8.") from None
    except ValidationError as error:
        raise ConfigTrouble(explain(path, error, environment=environment)) from None
    except SettingsError as error:
        raise ConfigTrouble(unreadable(error)) from None
    except OSError as error:
        raise ConfigTrouble(f"Không đọc được tệp cấu hình {path}: {why(error)}.") from None
    finally:
        _SOURCE.reset(token)
    _ = settings.policy
    settings.check_web()
    return _rooted(settings, path.resolve().parent)


def _rooted(settings: Settings, folder: Path) -> Settings:
    paths, backup = settings.paths, settings.backup
    apart = backup.folder
    return settings.model_copy(
        update={
            "backup": backup.model_copy(update={"folder": apart and folder / apart}),
            "paths": paths.model_copy(
                update={
                    name: folder / value
                    for name in ("data_dir", "templates_dir", "calendar")
                    if (value := getattr(paths, name)) is not None
                }
            ),
        }
    )


def explain(
    path: Path,
    error: ValidationError,
    example: str = "config.example.toml",
    *,
    environment: bool = False,
) -> str:
    """What is wrong with a file, or with a variable that wins over it, in a line that repeats no
    value: it may be a secret."""
    first = error.errors(include_input=False, include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    by = variable(first["loc"]) if environment else ""
    where = f"Biến môi trường {by}" if by else str(path)
    if first["type"] == "extra_forbidden":
        return f"{where}: không có khóa cấu hình {key!r}; xem {example}."
    return f"{where}: giá trị của {key} không hợp lệ ({wrong(first)}); xem {example}."


def unreadable(error: SettingsError) -> str:
    """What is said where a variable holds no JSON although it must."""
    found = re.search(r'field "(\w+)"', str(error))
    name = f"DONDOC_{found[1].upper()}…" if found else "DONDOC_…"
    return f"Biến môi trường {name} không đọc được: phải là JSON đúng; xem config.example.toml."


def check_private(path: Path) -> None:
    """A file with a token in it must be the owner's alone. Raises ConfigTrouble."""
    if os.name != "posix" or not path.is_file():
        return
    open_to = path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
    if open_to and _holds_token(path):
        raise ConfigTrouble(
            f"Tệp {path} chứa token nhưng người khác đọc được; hãy chạy: chmod 600 {path}"
        )


def _holds_token(path: Path) -> bool:
    try:
        data = read_toml(path)
    except (OSError, ValueError):
        return False
    sections = [section for section in data.values() if isinstance(section, dict)]
    more = [bot for section in sections for bot in _more(section)]
    if any(_password(str(section.get("url", ""))) for section in sections):
        return True
    return any(section.get(key) for section in (*sections, *more) for key in _SECRET_KEYS)


def _more(section: dict[str, Any]) -> list[dict[str, Any]]:
    """The further bots of a section, as far as they can be read."""
    found = section.get("more")
    return [bot for bot in found if isinstance(bot, dict)] if isinstance(found, list) else []
