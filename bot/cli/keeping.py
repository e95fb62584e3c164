"""backup, restore, erase: what is kept, and what is not."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from bot import app as application
from bot.cli.base import (
    ConfigOption,
    JsonOption,
    Stop,
    moment,
    one_line_errors,
    opened,
    out,
    settings_of,
    show,
)
from registry import erasing, files, people
from registry.clock import local
from registry.tables import Contact


def backup(
    to: Annotated[Path | None, typer.Option(help="Tệp đích.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sao lưu cơ sở dữ liệu đang chạy; tệp người dùng gửi nằm riêng, phải chép kèm."""
    with one_line_errors(), opened(config) as (settings, _tools, db):
        stamp = f"{local(moment()):%Y%m%d-%H%M%S}"
        target = to or settings.paths.data_dir / "backups" / f"dondoc-{stamp}.db"
        if target.exists():
            raise Stop(f"Tệp {target} đã có; chọn tên khác.")
        made = db.backup(target)
        if made is None:
            raise Stop(
                "Cơ sở dữ liệu là PostgreSQL: hãy sao lưu bằng pg_dump -Fc, "
                f"và chép kèm thư mục {settings.paths.data_dir}."
            )
    folder = settings.files_dir
    if as_json:
        show({"backup": str(made), "files": str(folder) if folder.is_dir() else None})
        return
    out.print(f"Đã sao lưu: {made}", markup=False)
    if folder.is_dir():
        out.print(f"Tệp đã gửi, đã nhận nằm ở {folder}: hãy chép kèm thư mục này.", markup=False)


def restore(file: Path, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Phục hồi cơ sở dữ liệu từ bản sao lưu; bản hiện có được giữ lại bên cạnh."""
    with one_line_errors():
        settings = settings_of(config)
        with application.only_one(settings.paths.data_dir / "dondoc.lock"):
            kept = application.restore(settings, file, moment())
        with opened(config) as (_settings, _tools, db):
            lost = db.read_now(files.missing, settings.files_dir, moment())
    if as_json:
        kept_at = str(kept) if kept is not None else None
        show({"restored": str(file), "kept": kept_at, "missing_files": lost})
        return
    out.print(f"Đã phục hồi từ {file}.", markup=False)
    if kept is not None:
        out.print(f"Bản cũ giữ tại {kept}.", markup=False)
    if lost:
        out.print(
            f"Còn thiếu {lost} tệp người dùng đã gửi: hãy chép lại thư mục {settings.files_dir} "
            "từ bản sao lưu.",
            markup=False,
        )


def erase(
    contact: Annotated[str, typer.Argument(help="Kênh:địa chỉ, ví dụ telegram:123456789.")],
    yes: Annotated[bool, typer.Option("--yes", help="Không hỏi lại.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Xóa dữ liệu cá nhân của người sau một địa chỉ nhận tin."""
    with one_line_errors(), opened(config) as (settings, _tools, db):
        channel, _, address = contact.partition(":")
        known = db.read_now(people.find_contact, channel, address)
        if known is None:
            raise Stop(f"Không có địa chỉ nhận tin {contact!r}.")
        if not yes and not (sys.stdin.isatty() and typer.confirm("Xóa, không hoàn tác được?")):
            raise Stop("Chưa xóa gì. Thêm --yes để xác nhận.")
        done = db.write_now(erase_now, known.id or 0, settings.files_dir, moment())
    if as_json:
        show(done)
    else:
        out.print(f"Đã xóa: {done['contacts']} địa chỉ, {done['subscriptions']} đăng ký, "
                  f"{done['messages']} tin đến.")  # fmt: skip


def erase_now(session: Session, contact_id: int, files_dir: Path, now: datetime) -> dict[str, int]:
    contact = session.get_one(Contact, contact_id)
    done = erasing.erase(session, contact, now)
    erasing.finish_erasing(session, now + erasing.ERASE_WAITS)
    files.forget_expired(session, files_dir, now)
    return done
