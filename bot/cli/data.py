"""agencies load, import, invite: what goes in."""

import asyncio
import sys
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from bot import doctor as examination
from bot.announcing import announce_import
from bot.cli.base import (
    DAYS,
    ConfigOption,
    JsonOption,
    RoleWord,
    Stop,
    agreed_to,
    moment,
    one_line_errors,
    opened,
    out,
    progress_bar,
    show,
)
from bot.disk_words import why
from bot.reviewing.storing import tell_agencies
from bot.roles import COMMITTEE_WIDE, ROLE_NAMES, role_at
from bot.room import doors
from intake.draft_sheet import read_sheet, write_sheet
from intake.importing import (
    ImportOrder,
    ImportReport,
    draft_of,
    import_agencies,
    import_source,
    read_for,
)
from intake.paper import Options
from intake.sheets import content_of
from intake.source import Source
from registry import invites
from registry.agencies import How, resolve
from registry.clock import local, local_day
from registry.database import Database
from registry.types import Role
from reports.render import Renderer
from scheduler.agency_news import carry_out_and_tell


def agencies_load(
    file: Annotated[Path, typer.Argument(metavar="TỆP", help="Bảng cơ quan, .csv hoặc .xlsx.")],
    config: ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Chỉ xem, không lưu.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Nạp danh sách cơ quan từ .csv hoặc .xlsx (Tên cơ quan, Tên khác, Cấp, Khối, Kế thừa)."""
    with one_line_errors(), opened(config) as (_settings, tools, db):
        now = moment()
        report = import_agencies(db, file, now, dry_run=dry_run)
        if not dry_run and not report.refused:
            db.write_now(carry_out_and_tell, tools.renderer, now)
    show(report.to_contract()) if as_json else say_lines(report.lines())
    if report.refused:
        raise typer.Exit(1)


def say_lines(lines: list[str]) -> None:
    for line in lines:
        out.print(line, markup=False)


class GoneWord(StrEnum):
    """What becomes of tasks that a corrected file does not name any more."""

    keep = "keep"
    end = "end"


def import_file(  # noqa: PLR0913 -- one parameter an option
    file: Annotated[Path, typer.Argument(metavar="TỆP", help="Văn bản hoặc bảng nhiệm vụ.")],
    directive: Annotated[str, typer.Option(help="Số văn bản, ví dụ 134/KH-UBND.")] = "",
    issued: Annotated[
        datetime | None,
        typer.Option(formats=DAYS, help="Ngày ban hành (mặc định: như đọc được trong tệp)."),
    ] = None,
    due_from: Annotated[
        datetime | None,
        typer.Option(formats=DAYS, help="Bỏ qua các kỳ có hạn trước ngày này (văn bản nhập muộn)."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=DAYS, help="Việc định kỳ chỉ đến hết ngày này (kế hoạch năm)."),
    ] = None,
    drop: Annotated[
        str,
        typer.Option(help="Bỏ nhiệm vụ ở các dòng này, ví dụ 23,41."),
    ] = "",
    tell: Annotated[
        bool, typer.Option(help="Báo nhiệm vụ mới cho đầu mối các cơ quan, trong giờ làm việc.")
    ] = True,
    gone: Annotated[
        GoneWord, typer.Option(help="Nhiệm vụ cũ không còn trong tệp: keep giữ, end kết thúc.")
    ] = GoneWord.keep,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Chỉ xem, không lưu.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Lưu dù có cảnh báo.")] = False,
    to_sheet: Annotated[
        Path | None,
        typer.Option(help="Không lưu; ghi bảng Excel các nhiệm vụ đọc được để soát, sửa."),
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Lấy nhiệm vụ theo bảng Excel đã sửa của chính tệp này.")
    ] = None,
    ocr: Annotated[
        bool, typer.Option(help="Nhận dạng chữ trên trang quét, nếu máy có Tesseract tiếng Việt.")
    ] = True,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Nhập nhiệm vụ của một văn bản: .docx, .pdf, .txt, .md, hoặc bảng .xlsx, .csv."""
    with one_line_errors(), opened(config) as (settings, tools, db):
        order = ImportOrder(
            number=directive,
            issued=issued.date() if issued is not None else None,
            calendar=tools.calendar,
            update_rule=tools.update_rule,
            inclusive=settings.committee.inclusive_before,
            horizon_days=settings.committee.horizon_days,
            owed_from=due_from.date() if due_from is not None else None,
            owed_until=until.date() if until is not None else None,
            drop=lines_of(drop),
            end_gone=gone is GoneWord.end,
        )
        with progress_bar() as progress:
            source = read_for(db, file, order, moment(), Options(progress, ocr))
        if sheet is not None:
            source = read_sheet(content_of(sheet), source)
        if to_sheet is not None:
            save_sheet(to_sheet, db, source, order)
            return
        report = import_source(db, source, order, moment(), dry_run=True)
        number = report.draft.directive.number
        if not dry_run and not report.refused and (not number or number.startswith("/")):
            raise Stop("Văn bản chưa có số: thêm --directive SỐ_VĂN_BẢN để lưu.")
        if not dry_run and not report.refused and (yes or agreed(report.lines(), as_json)):
            now = moment()
            then = partial(tell_focal_points, tools.renderer, now) if tell else None
            report = import_source(db, source, order, now, then=then)
    if as_json:
        show(report.to_contract())
    else:
        say_lines([*(task_lines(report) if dry_run else ()), *report.lines()])
    if report.refused and not dry_run:
        raise typer.Exit(1)


def task_lines(report: ImportReport) -> list[str]:
    """Each task that was found, as it would be stored: what is missing here is not in the file, or
    was not seen in it."""
    return [
        f"{task['where'] or task['line']} · {'; '.join(task['lead']) or '(chưa rõ cơ quan)'}"
        + (f" (phối hợp: {'; '.join(task['coordinate'])})" if task["coordinate"] else "")
        + f" · {task['deadline'] or 'không nêu thời hạn'} · {task['title']}"
        for task in report.to_contract()["tasks"]
    ]


def tell_focal_points(
    renderer: Renderer, now: datetime, session: Session, report: ImportReport
) -> None:
    """Word to the agencies' focal points goes out with the transaction that stores."""
    if report.result is not None:
        tell_agencies(session, renderer, report.result, now)
        announce_import(session, renderer, report, now)


def save_sheet(path: Path, db: Database, source: Source, order: ImportOrder) -> None:
    """Write the drafts as a sheet. Raises Stop where that would overwrite a file or cannot be."""
    if path.suffix.lower() != ".xlsx":
        raise Stop("Bảng Excel cần tên tệp kết thúc bằng .xlsx, ví dụ --to-sheet du-thao.xlsx.")
    if path.exists():
        raise Stop(f"Tệp {path} đã có; hãy chọn tên khác để không ghi đè.")
    draft = draft_of(db, source, order)
    try:
        path.write_bytes(write_sheet(draft, source))
    except OSError as error:
        raise Stop(f"Không ghi được tệp {path}: {why(error)}.") from None
    out.print(f"Đã ghi {len(draft.tasks)} nhiệm vụ vào {path}, chưa lưu gì.", markup=False)
    out.print("Sửa xong, nhập lại bằng: dondoc import TỆP_VĂN_BẢN --sheet TỆP_BẢNG", markup=False)


def lines_of(text: str) -> frozenset[int]:
    """ "23,41" -> {23, 41}. Raises Stop for anything else."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() for part in parts):
        raise Stop(f"--drop {text!r} không đọc được; hãy viết số dòng, ví dụ 23,41.")
    return frozenset(map(int, parts))


def agreed(lines: list[str], as_json: bool) -> bool:
    """Ask before storing; without a terminal to ask, `--yes` is needed."""
    if as_json or not sys.stdin.isatty():
        raise Stop("Thêm --yes để lưu, hoặc --dry-run để chỉ xem.")
    say_lines(lines[:-1])
    return agreed_to("Lưu các nhiệm vụ này?")


def invite(
    role: Annotated[RoleWord, typer.Option(help="Vai trò.")],
    agency: Annotated[str, typer.Option(help="Tên cơ quan (bỏ trống với staff, admin).")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cấp một mã mời dùng một lần."""
    with one_line_errors(), opened(config) as (settings, tools, db):
        now = moment()
        agency_id, name = None, ""
        if agency:
            agency_id, name = db.read_now(one_agency, agency, local_day(now))
        elif Role(role) not in COMMITTEE_WIDE:
            raise Stop(f"Vai trò {ROLE_NAMES[Role(role)]} cần --agency TÊN_CƠ_QUAN.")
        valid = timedelta(days=settings.invites.valid_days)
        code, made = db.write_now(invites.new_invite, now, Role(role), agency_id, valid=valid)
        bots = asyncio.run(examination.open_bots(settings, now))
        ways = [way for way in db.read_now(doors, settings, bots, code) if way.link]
    del tools
    if as_json:
        link = ways[0].link if ways else ""
        show({"code": code, "link": link, "links": {way.messenger: way.link for way in ways},
              "expires": local(made.expires_at).isoformat(),
              "agency": name, "role": str(role)})  # fmt: skip
        return
    out.print(f"Mã mời {role_at(Role(role), name)}: {code}", markup=False)
    out.print(f"Hết hạn: {local(made.expires_at):%H:%M ngày %d/%m/%Y}. Gửi: /start {code}")
    for way in ways:
        typed = "" if way.carries_code else " (mở rồi nhắn mã)"
        out.print(f"Đường dẫn {way.messenger}: {way.link}{typed}", markup=False)


def one_agency(session: Session, name: str, today: date) -> tuple[int, str]:
    """The agency a name means. Raises Stop with what it may have been."""
    match = resolve(session, name, today)
    if match.how != How.AGENCY:
        near = "; ".join(each.name for each in match.proposals)
        hint = f" Có phải: {near}?" if near else " Xem tên trong danh sách đã nạp."
        raise Stop(f"Không xác định được cơ quan {name!r}.{hint}")
    return match.agencies[0].id, match.agencies[0].name
