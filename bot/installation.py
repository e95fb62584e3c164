"""An installation: several committees in one process, each with the settings it would have alone.

`installation.toml` names them and holds what they share: the web server's port, the level of logs.
Nothing else is shared. What two of them would share by mistake (a bot, a database, a folder) is a
claim, and found here.
"""

import hashlib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from bot.disk_words import why
from bot.settings import (
    Bot,
    ConfigTrouble,
    Logs,
    Settings,
    check_private,
    explain,
    load,
)
from bot.settings_words import toml_trouble
from registry.database import place_of

DEFAULT_INSTALLATION = Path("installation.toml")
ENV_INSTALLATION = "DONDOC_INSTALLATION"
EXAMPLE = "installation.example.toml"
# As it stands in addresses (/c/NAME/…), in logs and in the labels of figures.
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
HOME = "/c"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SharedWeb(_Section):
    """The one web server: each committee's own [web] says whether and under which address it is
    reached there."""

    mode: Literal["on", "off"] = "off"
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    metrics_token: SecretStr = SecretStr("")

    @property
    def on(self) -> bool:
        return self.mode == "on"


class SharedFile(_Section):
    """The whole file."""

    web: SharedWeb = SharedWeb()
    logs: Logs = Logs()
    committees: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Entry:
    """A committee as the installation names it."""

    name: str
    config: Path


@dataclass(frozen=True, slots=True)
class Installation:
    """What the file says; `entries` in its order."""

    path: Path
    web: SharedWeb
    logs: Logs
    entries: tuple[Entry, ...]

    def entry(self, name: str) -> Entry:
        """Raises ConfigTrouble for a name it does not have."""
        for each in self.entries:
            if each.name == name:
                return each
        raise ConfigTrouble(f"{self.path}: mục [committees] không có ban {name!r}.")


def read_installation(path: Path) -> Installation:
    """Raises ConfigTrouble in one line that says what to do."""
    try:
        given = SharedFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ConfigTrouble(
            f"Không có tệp {path}; tạo bằng: dondoc committees add TÊN --installation {path}"
        ) from None
    except OSError as error:
        raise ConfigTrouble(f"Không đọc được tệp {path}: {why(error)}.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigTrouble(f"Tệp {path} sai cú pháp TOML {toml_trouble(error)}.") from None
    except UnicodeDecodeError:
        raise ConfigTrouble(f"Tệp {path} phải ghi bằng UTF-8.") from None
    except ValidationError as error:
        raise ConfigTrouble(explain(path, error, EXAMPLE)) from None
    check_private(path)
    for name in given.committees:
        check_name(name)
    folder = path.resolve().parent
    entries = (Entry(name, folder / config) for name, config in given.committees.items())
    return Installation(path, given.web, given.logs, tuple(entries))


def check_name(name: str) -> None:
    """Raises ConfigTrouble unless a committee may be called so."""
    if not NAME.fullmatch(name):
        raise ConfigTrouble(
            f"Tên ban {name!r} không dùng được: chỉ gồm a-z, 0-9 và dấu '-' ở giữa, "
            "không quá 40 ký tự, ví dụ tinh-hai-lam."
        )


def settings_for(entry: Entry, web: SharedWeb) -> Settings:
    """A committee's own settings. The environment does not count: it would speak for all of them.

    Raises ConfigTrouble, also for what can only go wrong where there are several.
    """
    if not entry.config.is_file():
        raise ConfigTrouble(f"Không có tệp cấu hình {entry.config}.")
    settings = load(entry.config, environment=False)
    if not (settings.telegram.on or settings.limited or settings.zalo_oa.on):
        raise ConfigTrouble(
            f"{entry.config}: chưa bật kênh nào; điền token ở mục [telegram] hoặc [zalo]."
        )
    if settings.web.on:
        _check_address(entry, settings, web)
    return settings


def _check_address(entry: Entry, settings: Settings, web: SharedWeb) -> None:
    if not web.on:
        raise ConfigTrouble(
            f'{entry.config}: [web] mode = "on" cần bật cả [web] mode = "on" ở tệp chung.'
        )
    url, home = settings.web.public_url, f"{HOME}/{entry.name}"
    if url and not url.endswith(home):
        raise ConfigTrouble(
            f"{entry.config}: [web] public_url phải kết thúc bằng {home}, "
            f'ví dụ "https://dondoc.tinh.gov.vn{home}".'
        )


# -- what only one committee may have ------------------------------------------------------------


def claims(settings: Settings) -> dict[str, str]:
    """What is this committee's alone: a key that tells two apart, and its Vietnamese word. Tokens
    are named by digests. A new token of the same bot is still the same bot."""
    found = {}
    for word, token in _tokens(settings):
        number = token.partition(":")[0]
        known = f"{word}:{number if number.isdecimal() else token}"
        found[hashlib.sha256(known.encode()).hexdigest()] = f"bot {word}"
    if settings.zalo_oa.on:
        found[f"zalo_oa:{settings.zalo_oa.app_id.strip()}"] = "ứng dụng Zalo OA"
    found[f"database:{place_of(settings.database_url)}"] = "cơ sở dữ liệu"
    found[f"folder:{settings.paths.data_dir.resolve()}"] = "thư mục dữ liệu"
    # Each sweeps its own old backups.
    found[f"backups:{settings.backup_dir.resolve()}"] = "thư mục sao lưu"
    return found


def _tokens(settings: Settings) -> list[tuple[str, str]]:
    bots: list[tuple[str, Bot]] = [("Telegram", settings.telegram)]
    bots += [("Zalo", bot) for bot in settings.zalo.bots.values()]
    return [(word, bot.token.get_secret_value().strip()) for word, bot in bots if bot.on]


class Claims:
    """Who has what. Of two committees that name the same thing neither is right for sure: whoever
    is at work stays, and no other begins."""

    def __init__(self) -> None:
        self._of: dict[str, Mapping[str, str]] = {}

    def put(self, name: str, settings: Settings) -> None:
        """What a committee's settings name as of now."""
        self._of[name] = claims(settings)

    def drop(self, name: str) -> None:
        """The committee is no longer of this installation, or its settings cannot be read."""
        self._of.pop(name, None)

    def check(self, name: str) -> None:
        """Raises ConfigTrouble where another committee names what this one does."""
        mine = self._of[name]
        for other, theirs in self._of.items():
            shared = [] if other == name else sorted(theirs[key] for key in mine if key in theirs)
            if shared:
                raise ConfigTrouble(
                    f"Ban {name} và ban {other} cùng khai một {shared[0]}; mỗi ban phải có riêng."
                )


def foreign_environment() -> list[str]:
    """Settings in the environment, which count for no committee of an installation."""
    return sorted(
        name for name in os.environ if name.upper().startswith("DONDOC_") and "__" in name
    )
