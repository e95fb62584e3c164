"""backup, restore, erase, certificate: what is kept, and what is not."""

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from bot import backups, papers, restoring
from bot.cli.base import (
    AS_OF_FORMATS,
    ConfigOption,
    JsonOption,
    Stop,
    agreed_to,
    moment,
    one_line_errors,
    opened,
    out,
    settings_of,
    show,
)
from bot.disk_words import why
from bot.opening import AlreadyRunning, Tools, locked, only_one
from bot.restoring import Restored
from bot.settings import Settings
from registry import certificates, erasing, files, people
from registry.backups import FILES
from registry.certificates import Certificate
from registry.clock import LOCAL, local
from registry.former import Former
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
    file: Annotated[Path, typer.Argument(metavar="TỆP", help="Bản sao lưu, trong data/backups.")],
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
            with only_one(settings.paths.data_dir / "dondoc.lock"):
                tools = Tools.of(settings, moment())
                done = restoring.restore(settings, tools, file, moment(), resend=resend)
        except AlreadyRunning as error:
            raise Stop(f"{error} Dừng dondoc run rồi phục hồi; chưa đổi gì.") from None
    if as_json:
        show(restored_contract(file, done))
        return
    for line in restored_lines(file, settings.files_dir, done, resend=resend):
        out.print(line, markup=False)


def restored(
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=list(AS_OF_FORMATS),
            help="Hệ thống cũ còn gửi tin đến lúc nào, giờ Việt Nam (mặc định: bây giờ).",
        ),
    ] = None,
    resend: Annotated[
        bool, typer.Option("--resend", help="Gửi lại tin không rõ đã đến, ghi “(gửi lại)”.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sau pg_restore, trước khi chạy lại: giữ những tin có thể đã gửi, báo cán bộ thường trực."""
    with one_line_errors(), locked(settings_of(config)), opened(config) as (_settings, tools, db):
        now = moment()
        alive = min(now, until.replace(tzinfo=LOCAL)) if until is not None else now
        _, held = restoring.settle(db, tools, Former(alive=alive), now, resend=resend)
    if as_json:
        show({"held": held.held, "held_last_day": held.last_day, "until": alive.isoformat()})
        return
    out.print(
        f"{held.held} tin đến hạn trước {local(alive):%H:%M ngày %d/%m/%Y} {_fate(resend=resend)}."
    )


def _fate(*, resend: bool) -> str:
    if resend:
        return "sẽ được gửi lại, có ghi “(gửi lại)”"
    return "không tự gửi lại; cán bộ thường trực được báo, gửi bằng /nhac"


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
        fate = _fate(resend=resend)
        yield f"{done.held.held} tin không rõ đã đến hay chưa: {fate}."
    if done.erased_again:
        yield f"Đã xóa lại dữ liệu của {done.erased_again} người yêu cầu xóa sau lúc sao lưu."
    elif not done.former.known:
        yield "Không đọc được bản cũ: ai yêu cầu xóa dữ liệu sau lúc sao lưu thì xóa lại (erase)."
    if done.missing:
        yield f"Còn thiếu {done.missing} tệp người dùng đã gửi: chép lại thư mục {files_dir}."


def erase(
    contact: Annotated[
        str,
        typer.Argument(metavar="KÊNH:ĐỊA_CHỈ", help="Nơi nhận tin, ví dụ telegram:123456789."),
    ],
    order: Annotated[
        str, typer.Option(help="Theo yêu cầu nào, ví dụ “Đơn ngày 3/9/2026”; không ghi tên người.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Không hỏi lại.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Xóa dữ liệu cá nhân của người sau một địa chỉ nhận tin; in giấy xác nhận."""
    with one_line_errors(), opened(config) as (settings, tools, db):
        channel, _, address = contact.partition(":")
        known = db.read_now(people.find_contact, channel, address)
        if known is None:
            raise Stop(f"Không có địa chỉ nhận tin {contact!r}.")
        if known.closed_reason == erasing.ERASING:
            raise Stop("Dữ liệu của người này đã được xóa; địa chỉ sẽ mất sau tin trả lời cuối.")
        if not yes and not (sys.stdin.isatty() and agreed_to("Xóa, không hoàn tác được?")):
            raise Stop("Chưa xóa gì. Thêm --yes để xác nhận.")
        made = db.write_now(erase_now, known.id or 0, settings, order.strip(), moment())
    if as_json:
        show({"certificate": made.facts(), "digest": made.digest, "code": made.code})
        return
    out.print(tools.renderer.render("replies/erasure", made=made).plain, markup=False)
    out.print(f"In giấy: dondoc certificate {made.code} --out giay-xac-nhan.docx", markup=False)


def erase_now(
    session: Session, contact_id: int, settings: Settings, order: str, now: datetime
) -> Certificate:
    contact = session.get_one(Contact, contact_id)
    made = erasing.erase(
        session, contact, now,
        by="desk", order=order, in_backups=backups.erased_leave_on(settings, now),
    )  # fmt: skip
    erasing.finish_erasing(session, now + erasing.LONGEST_WAIT)
    files.forget_expired(session, settings.files_dir, now)
    return made


def certificate(
    code: Annotated[str, typer.Argument(metavar="SỐ", help="Số giấy xác nhận.")],
    to: Annotated[Path | None, typer.Option("--out", help="Tệp .docx.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Xem lại, in giấy xác nhận xóa dữ liệu cá nhân; đối chiếu với nhật ký."""
    with one_line_errors(), opened(config) as (settings, tools, db):
        made = db.read_now(certificates.find, code)
        if made is None:
            raise Stop(f"Nhật ký không có giấy xác nhận số {code!r}.")
        if to is not None:
            if to.suffix.lower() != ".docx" or to.exists():
                raise Stop(f"Cần tên một tệp .docx chưa có; {to} không dùng được.")
            paper = papers.certificate_of(made, settings, tools.renderer)
            try:
                to.write_bytes(paper.data)
            except OSError as error:
                raise Stop(f"Không ghi được tệp {to}: {why(error)}.") from None
    if as_json:
        show({"certificate": made.facts(), "digest": made.digest, "code": made.code})
    elif to is not None:
        out.print(f"Đã ghi {to}, để cơ quan thường trực ký.", markup=False)
    else:
        out.print(tools.renderer.render("replies/erasure", made=made).plain, markup=False)
