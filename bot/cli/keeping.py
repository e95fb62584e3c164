"""backup, restore, erase: what is kept, and what is not."""

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from bot import app as application
from bot import backups, restoring
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
from bot.restoring import Restored
from registry import erasing, files, people
from registry.backups import FILES
from registry.clock import local
from registry.tables import Contact

# How the rows are called that are lost with a replaced database.
_LOST = (
    ("completion", "báo xong"),
    ("obstacle", "vướng mắc"),
    ("request", "đề nghị"),
    ("directive", "văn bản"),
    ("inbound", "tin đến"),
)


def backup(
    to: Annotated[Path | None, typer.Option(help="Tệp đích.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sao lưu cơ sở dữ liệu đang chạy và tệp người dùng gửi; kiểm tra lại bản vừa tạo."""
    with one_line_errors(), opened(config) as (settings, _tools, db):
        if to is not None and to.exists():
            raise Stop(f"Tệp {to} đã có; chọn tên khác.")
        made = backups.make(settings, moment(), to=to)
        db.write_now(backups.mended)
    files_in = made.path.parent / FILES
    if as_json:
        show({"backup": str(made.path), "size": made.size, "files": made.files,
              "missing_files": made.missing, "files_in": str(files_in)})  # fmt: skip
        return
    out.print(f"Đã sao lưu và kiểm tra: {made.path} ({made.size / 1e6:.1f} MB).", markup=False)
    if made.files:
        out.print(f"{made.files} tệp người dùng đã gửi nằm ở {files_in}: chép kèm.", markup=False)
    if made.missing:
        out.print(f"{made.missing} tệp đã mất hoặc bị sửa từ trước, không sao lưu được.")


def restore(
    file: Path,
    resend: Annotated[
        bool, typer.Option("--resend", help="Gửi lại tin không rõ đã đến, ghi “(gửi lại)”.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Phục hồi từ bản sao lưu khi dondoc run đã dừng; bản hiện có được giữ lại bên cạnh."""
    with one_line_errors():
        settings = settings_of(config)
        try:
            with application.only_one(settings.paths.data_dir / "dondoc.lock"):
                tools = application.Tools.of(settings, moment())
                done = restoring.restore(settings, tools, file, moment(), resend=resend)
        except application.AlreadyRunning as error:
            raise Stop(f"{error} Dừng dondoc run rồi phục hồi; chưa đổi gì.") from None
    if as_json:
        show(restored_contract(file, done))
        return
    for line in restored_lines(file, settings.files_dir, done, resend=resend):
        out.print(line, markup=False)


def restored_contract(file: Path, done: Restored) -> dict[str, object]:
    return {
        "restored": str(file),
        "kept": str(done.kept) if done.kept is not None else None,
        "backed_up": done.backed_up.isoformat() if done.backed_up else None,
        "former_readable": done.former.known,
        "lost": done.former.lost if done.former.known else None,
        "told_before": done.held.told,
        "held": done.held.held,
        "held_last_day": done.held.last_day,
        "files": done.files,
        "missing_files": done.missing,
        "erased_again": done.erased_again,
    }


def restored_lines(file: Path, files_dir: Path, done: Restored, *, resend: bool) -> Iterator[str]:
    """What an administrator must know, a line for each."""
    yield f"Đã phục hồi từ {file}."
    if done.kept is not None:
        yield f"Bản cũ giữ tại {done.kept}; chắc chắn không cần nữa thì xóa (còn dữ liệu cá nhân)."
    if done.backed_up is not None:
        yield f"Dữ liệu trở về lúc {local(done.backed_up):%H:%M ngày %d/%m/%Y}."
    if any(done.former.lost.values()):
        words = (f"{done.former.lost[key]} {name}" for key, name in _LOST if done.former.lost[key])
        yield f"Mất những gì ghi sau đó: {', '.join(words)}."
    if done.held.held:
        fate = (
            "sẽ được gửi lại, có ghi “(gửi lại)”"
            if resend
            else ("không tự gửi lại; cán bộ thường trực được báo, gửi bằng /nhac")
        )
        yield f"{done.held.held} tin không rõ đã đến hay chưa: {fate}."
    if done.erased_again:
        yield f"Đã xóa lại dữ liệu của {done.erased_again} người yêu cầu xóa sau lúc sao lưu."
    elif not done.former.known:
        yield "Không đọc được bản cũ: ai yêu cầu xóa dữ liệu sau lúc sao lưu thì xóa lại (erase)."
    if done.missing:
        yield f"Còn thiếu {done.missing} tệp người dùng đã gửi: chép lại thư mục {files_dir}."


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
    erasing.finish_erasing(session, now + erasing.LONGEST_WAIT)
    files.forget_expired(session, files_dir, now)
    return done
