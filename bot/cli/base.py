"""What every command shares: options, the clock, the database, and errors in one line."""

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from bot import app as application
from bot import logs
from bot.app import system_clock
from bot.disk_words import why
from bot.opening import AlreadyRunning, Tools, open_database
from bot.settings import ENV_CONFIG, ConfigTrouble, Settings, config_path, load
from intake.errors import IntakeError
from registry.clock import LOCAL
from registry.database import Database, DatabaseTrouble
from registry.disk import in_words
from registry.file_links import KeyTrouble
from registry.people import Refused
from scheduler.channel import SendError

# No markup: "[database] url" would lose its first word.
out = Console(highlight=False, soft_wrap=True, markup=False)
log = logging.getLogger(__name__)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Tệp cấu hình (mặc định: DONDOC_CONFIG hoặc config.toml)."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="In kết quả dạng JSON.")]
DAYS = ["%Y-%m-%d", "%d/%m/%Y"]


YES = ("c", "có", "co", "y", "yes", "ok", "đồng ý")


class RoleWord(StrEnum):
    """Roles as the command line names them."""

    focal = "focal"
    officer = "officer"
    leader = "leader"
    member = "member"
    staff = "staff"
    admin = "admin"


class Stop(Exception):
    """Refused with one line for people."""


AS_OF = "DONDOC_AS_OF"
AS_OF_FORMATS = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")


def clock_from(given: str) -> Callable[[], datetime]:
    """The machine's clock, or for a rehearsal one that starts at the given local moment and runs on
    from there. Raises Stop for a moment it cannot read."""
    if not given:
        return system_clock
    for pattern in AS_OF_FORMATS:
        with suppress(ValueError):
            start = datetime.strptime(given, pattern).replace(tzinfo=LOCAL)
            return application.shifted_clock(start)
    raise Stop(f"Thời điểm diễn tập {given!r} không đọc được; hãy viết như 2026-12-01T08:00.")


def moment() -> datetime:
    """Now, for every command; DONDOC_AS_OF makes all of them rehearse another day."""
    return clock_from(os.environ.get(AS_OF, "").strip())()


EXPECTED = (
    ConfigTrouble,
    DatabaseTrouble,
    KeyTrouble,
    AlreadyRunning,
    IntakeError,
    Refused,
    SendError,
)


@contextmanager
def one_line_errors(*, machine: bool = True) -> Iterator[None]:
    """Expected failures end in one Vietnamese line and exit code 1. `machine`: also what the
    machine refuses; not for what runs for months, where an unforeseen one is logged whole."""
    try:
        yield
    except (*EXPECTED, Stop) as error:
        typer.echo(f"Lỗi: {error}", err=True)
        raise typer.Exit(1) from None
    except BrokenPipeError:
        raise  # whoever read our output has gone: typer ends quietly
    except OSError as error:
        if not machine:
            raise
        log.debug("refused by the machine", exc_info=True)
        where = f"{error.filename}: " if error.filename else ""
        typer.echo(f"Lỗi: Không đọc hoặc ghi được: {where}{why(error)}.", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def show(data: object) -> None:
    """Print JSON for a program to read."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))


def config_there(config: Path | None) -> Path:
    """Where the settings are. Raises Stop where a file is named that is not there, or where neither
    file nor environment says anything: in a wrong folder a new database would be made, and all
    figures be zero."""
    path = config_path(config)
    named = config is not None or ENV_CONFIG in os.environ
    by_environment = any(one.startswith("DONDOC_") and "__" in one for one in os.environ)
    if path.exists() or (by_environment and not named):
        return path
    if named:
        raise Stop(f"Không có tệp cấu hình {path}; tạo bằng: dondoc init --config {path}")
    raise Stop(
        f"Thư mục này chưa có {path}: chuyển đến thư mục cài đặt, hoặc thêm --config TỆP; "
        "cài đặt mới thì chạy dondoc init trước."
    )


def settings_of(config: Path | None) -> Settings:
    settings = load(config_there(config))
    logs.configure(settings.logs.level, settings.secrets())
    return settings


@contextmanager
def opened(config: Path | None) -> Iterator[tuple[Settings, Tools, Database]]:
    """Settings, tools and the migrated database, closed again at the end."""
    settings = settings_of(config)
    tools = Tools.of(settings, moment())
    db = open_database(settings, moment())
    try:
        with in_words(db.url):
            yield settings, tools, db
    finally:
        db.close()


def asked(question: str) -> str:
    """What somebody at the terminal answers. Raises Stop where they end the input."""
    typer.echo(f"{question}: ", nl=False)
    try:
        return input().strip()
    except EOFError:
        raise Stop("Chưa có câu trả lời, chưa làm gì.") from None


def agreed_to(question: str) -> bool:
    """Whether somebody at the terminal says yes; anything else, or nothing, is no."""
    return asked(f"{question} Gõ c là có, Enter là không").casefold() in YES


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int], None] | None]:
    """What a reader tells its progress, shown as a bar; None where no terminal would show it."""
    if not sys.stderr.isatty():
        yield None
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Đang đọc tệp", total=None)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)


# -- setting up and running -----------------------------------------------------------------------
