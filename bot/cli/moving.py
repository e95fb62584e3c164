"""migrate-to: a whole installation from its SQLite file to PostgreSQL."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from bot import logs
from bot.cli.base import (
    ConfigOption,
    JsonOption,
    Stop,
    config_there,
    moment,
    one_line_errors,
    out,
    show,
)
from bot.opening import only_one
from bot.settings import load
from registry.database import Database, password_of, sqlite_path
from registry.moving import move

TARGET = "DONDOC_MIGRATE_TO"


def migrate_to(
    url: Annotated[
        str,
        typer.Argument(
            metavar="ĐỊA_CHỈ",
            envvar=TARGET,
            help="postgresql+psycopg://NGƯỜI_DÙNG:MẬT_KHẨU@MÁY_CHỦ/TÊN, một cơ sở dữ liệu trống.",
        ),
    ],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Chuyển toàn bộ dữ liệu sang PostgreSQL, đối chiếu từng dòng; bản gốc giữ nguyên."""
    with one_line_errors():
        settings = load(config_there(config))
        logs.configure(settings.logs.level, settings.secrets() + _secrets(url))
        path = sqlite_path(settings.database_url)
        if path is None:
            raise Stop("Cấu hình đang dùng PostgreSQL rồi; không có gì để chuyển.")
        if not path.is_file():
            raise Stop(f"Chưa có cơ sở dữ liệu {path} để chuyển.")
        with only_one(settings.paths.data_dir / "dondoc.lock"), _progress() as told:
            source, target = Database(settings.database_url), Database(url)
            try:
                moved = move(source, target, moment(), told)
            finally:
                source.close()
                target.close()
    if as_json:
        show([{"table": each.table, "rows": each.rows, "sha256": each.digest} for each in moved])
        return
    for each in moved:
        if each.rows:
            out.print(f"✔ {each.table}: {each.rows} dòng, khớp ({each.digest[:12]})", markup=False)
    total = sum(each.rows for each in moved)
    out.print(f"Đã chuyển và đối chiếu {total} dòng. Bản gốc {path} giữ nguyên.", markup=False)
    out.print("Bước tiếp: ghi địa chỉ mới vào [database] url rồi chạy dondoc doctor, dondoc run.")


def _secrets(url: str) -> tuple[str, ...]:
    password = password_of(url)
    return (password,) if password else ()


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar where a terminal shows it."""
    if not sys.stderr.isatty():
        yield lambda _table, _done, _whole: None
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Đang chuyển", total=None)
        yield lambda table, done, whole: bar.update(
            task, completed=done, total=whole, description=f"Đang chuyển {table}"
        )
