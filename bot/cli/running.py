"""init, run, demo, doctor."""

import asyncio
import shutil
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from bot import app as application
from bot import doctor as examination
from bot.cli.base import (
    AS_OF,
    ConfigOption,
    JsonOption,
    Stop,
    clock_from,
    moment,
    one_line_errors,
    opened,
    out,
    settings_of,
    show,
)
from bot.cli.welcome import at_terminal, welcome
from bot.committees import run_installation
from bot.demo import interactive, play
from bot.installation import ENV_INSTALLATION
from bot.settings import config_path
from registry import invites, people
from registry.types import Role


def init(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Tạo tệp cấu hình (nếu chưa có), tạo hoặc nâng cấp cơ sở dữ liệu, cấp mã mời đầu tiên."""
    with one_line_errors():
        path = config_path(config)
        fresh = not path.exists()
        if fresh:
            write_example(path)
        with opened(path) as (settings, _tools, db):
            code = db.write_now(first_invite, moment(), settings.invites.valid_days)
        if as_json:
            show({"config": str(path), "created": fresh, "invite": code})
            return
        out.print(f"{'Đã tạo' if fresh else 'Dùng'} cấu hình: {path}", markup=False)
        out.print("Cơ sở dữ liệu đã sẵn sàng.")
        if code:
            out.print(f"Mã mời quản trị đầu tiên (dùng một lần): {code}")
            out.print(f"Gửi cho trợ lý: /start {code}")
        else:
            out.print("Đã có cán bộ thường trực; cấp thêm mã bằng: dondoc invite --role staff")


def write_example(path: Path, name: str = "config.example.toml") -> None:
    """Copy the annotated example, readable by the owner only: it will hold a token."""
    package = Path(application.__file__).resolve().parent
    # In a wheel it lies inside the package, in the tree beside it.
    places = (package / name, package.parent / name)
    source = next(each for each in places if each.exists())
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, path)
    path.chmod(0o600)


def first_invite(session: Session, now: datetime, valid_days: int) -> str:
    """An administrator's invite where nobody staffs the desk yet; "" otherwise."""
    if people.staff_subscriptions(session):
        return ""
    code, _ = invites.new_invite(session, now, Role.ADMIN, None, valid=timedelta(days=valid_days))
    return code


def run(
    config: ConfigOption = None,
    as_of: Annotated[
        str,
        typer.Option(
            "--as-of",
            envvar=AS_OF,
            help="Diễn tập: coi bây giờ là 2026-12-01T08:00 (giờ Việt Nam).",
        ),
    ] = "",
    installation: Annotated[
        Path | None,
        typer.Option(
            "--installation",
            envvar=ENV_INSTALLATION,
            help="Chạy nhiều ban trong một tiến trình: tệp kê các ban (dondoc committees).",
        ),
    ] = None,
) -> None:
    """Chạy trợ lý cho đến khi nhận SIGTERM; chưa có kênh nào thì chạy ngay trong cửa sổ lệnh."""
    with one_line_errors(machine=False):
        clock = clock_from(as_of.strip())
        if installation is None:
            greet = welcome if at_terminal() else None
            asyncio.run(application.run(settings_of(config), clock, greet))
        elif config is None:
            asyncio.run(run_installation(installation, clock))
        else:
            raise Stop("Chỉ dùng một: --config (một ban) hoặc --installation (nhiều ban).")


def demo(
    interact: Annotated[
        bool, typer.Option("--interactive", help="Tự gõ vai đầu mối, chuyên viên, thường trực.")
    ] = False,
) -> None:
    """Diễn một quý trong chưa đầy một phút, trên dữ liệu tạm và đồng hồ giả."""
    with one_line_errors():
        asyncio.run(interactive() if interact else play())


def doctor(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Kiểm tra cấu hình, cơ sở dữ liệu, bản sao lưu, lịch nghỉ, mẫu tin, kênh và đầu mối. ✔ ổn,
    ⚠ nên xem (vẫn coi là ổn), ✘ phải sửa: có dòng này thì mã thoát là 1."""
    with one_line_errors(), opened(config) as (settings, tools, db):
        findings = asyncio.run(examination.examine(settings, tools, db, moment()))
    if as_json:
        show([asdict(each) for each in findings])
    else:
        for each in findings:
            out.print(each.line)
    if not all(each.ok for each in findings):
        raise typer.Exit(1)
