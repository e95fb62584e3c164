"""The command line: options in, one call, words or JSON out.

Exit codes: 0 done, 1 refused or failed (one Vietnamese line on standard error), 2 wrong usage.
"""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer
from jinja2 import TemplateError
from rich.console import Console

from bot import app as application
from bot import doctor as examination
from bot import logs
from bot.app import AlreadyRunning, Tools, open_database, system_clock
from bot.demo import interactive, play
from bot.replies import to_contract as read_answer
from bot.roles import COMMITTEE_WIDE, ROLE_NAMES
from bot.settings import ConfigTrouble, Settings, config_path, load
from deadlines import exam
from intake.errors import IntakeError
from intake.importing import ImportOrder, import_agencies, import_tasks
from registry import people
from registry.agencies import How, resolve
from registry.clock import LOCAL, local, local_day
from registry.database import Database, DatabaseTrouble
from registry.people import Refused
from registry.tables import Contact
from registry.types import Role
from reports import figures
from reports.status import status as status_figures
from reports.status import to_contract as status_contract
from reports.status import unreachable
from reports.vietnamese import long_day
from scheduler.channel import SendError
from scheduler.planning import Rehearsed, rehearse

app = typer.Typer(
    name="dondoc",
    help="Đôn Đốc: nhắc việc theo văn bản chỉ đạo, nhận trả lời, báo cáo tình hình.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
agencies_app = typer.Typer(help="Danh sách cơ quan.", no_args_is_help=True)
app.add_typer(agencies_app, name="agencies")

out = Console(highlight=False, soft_wrap=True)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Tệp cấu hình (mặc định: DONDOC_CONFIG hoặc config.toml)."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="In kết quả dạng JSON.")]
DAYS = ["%Y-%m-%d", "%d/%m/%Y"]
DayOption = Annotated[datetime | None, typer.Option(formats=DAYS)]


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
AS_OF_FORMATS = ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d")


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
    AlreadyRunning,
    IntakeError,
    Refused,
    SendError,
    TemplateError,
)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Expected failures end in one Vietnamese line and exit code 1."""
    try:
        yield
    except (*EXPECTED, Stop) as error:
        typer.echo(f"Lỗi: {error}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def show(data: object) -> None:
    """Print JSON for a program to read."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))


def settings_of(config: Path | None) -> Settings:
    settings = load(config_path(config))
    logs.configure(settings.logs.level, settings.secrets())
    return settings


@contextmanager
def opened(config: Path | None) -> Iterator[tuple[Settings, Tools, Database]]:
    """Settings, tools and the migrated database, closed again at the end."""
    settings = settings_of(config)
    tools = Tools.of(settings, moment())
    db = open_database(settings, moment())
    try:
        yield settings, tools, db
    finally:
        db.close()


# -- setting up and running -----------------------------------------------------------------------


@app.command()
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


def write_example(path: Path) -> None:
    """Copy the annotated example, readable by the owner only: it will hold a token."""
    here = Path(__file__).resolve().parent
    source = next(
        each
        for each in (here / "config.example.toml", here.parent / "config.example.toml")
        if each.exists()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, path)
    path.chmod(0o600)


def first_invite(session: Any, now: datetime, valid_days: int) -> str:
    """An administrator's invite where nobody staffs the desk yet; "" otherwise."""
    if people.staff_subscriptions(session):
        return ""
    code, _ = people.new_invite(session, now, Role.ADMIN, None, valid=timedelta(days=valid_days))
    return code


@app.command()
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
) -> None:
    """Chạy trợ lý cho đến khi nhận SIGTERM; chưa có kênh nào thì chạy ngay trong cửa sổ lệnh."""
    with one_line_errors():
        asyncio.run(application.run(settings_of(config), clock_from(as_of.strip())))


@app.command()
def demo(
    interact: Annotated[
        bool, typer.Option("--interactive", help="Tự gõ vai đầu mối, chuyên viên, thường trực.")
    ] = False,
) -> None:
    """Diễn một quý trong chưa đầy một phút, trên dữ liệu tạm và đồng hồ giả."""
    with one_line_errors():
        asyncio.run(interactive() if interact else play())


@app.command()
def doctor(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Kiểm tra cấu hình, cơ sở dữ liệu, lịch nghỉ, mẫu tin, kênh và đầu mối."""
    with one_line_errors(), opened(config) as (settings, tools, db):
        findings = asyncio.run(examination.examine(settings, tools, db, moment()))
    if as_json:
        show([{"ok": each.ok, "what": each.what, "advice": each.advice} for each in findings])
    else:
        for each in findings:
            mark = "✔" if each.ok else "✘"
            advice = f" – {each.advice}" if each.advice else ""
            out.print(f"{mark} {each.what}{advice}", markup=False)
    if not all(each.ok for each in findings):
        raise typer.Exit(1)


# -- reading --------------------------------------------------------------------------------------


@app.command()
def deadline(
    phrase: Annotated[str, typer.Argument(help="Cụm từ thời hạn.")] = "",
    start: Annotated[datetime | None, typer.Option("--from", formats=DAYS)] = None,
    inclusive: Annotated[
        bool, typer.Option("--inclusive", help='"trước ngày D" gồm cả ngày D.')
    ] = False,
    as_json: JsonOption = False,
    lines: Annotated[
        bool, typer.Option("--jsonl", help="Đọc {text, reference} từng dòng từ đầu vào chuẩn.")
    ] = False,
) -> None:
    """Đọc một cụm từ thời hạn thành ngày, kèm giải thích."""
    if lines:
        each_line(exam.answer_line)
        return
    if not phrase.strip():
        raise typer.BadParameter("Thiếu cụm từ thời hạn, ví dụ: trước ngày 25 của tháng cuối quý")
    reference = start.date() if start is not None else local_day(moment())
    answer = exam.answer_line(
        {"text": phrase, "reference": reference.isoformat(), "inclusive": inclusive}
    )
    if as_json:
        show(answer)
    else:
        out.print(answer["explain"], markup=False)
    if answer["kind"] == "unread":
        raise typer.Exit(1)


def each_line(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer JSON lines of standard input in order; a bad line stops with its number."""
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            result = answer(given)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            typer.echo(f"Lỗi: dòng {number} không đúng dạng JSON cần có: {error}", err=True)
            raise typer.Exit(1) from None
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    sys.stdout.flush()


@app.command()
def reply(
    text: Annotated[str, typer.Argument(help="Câu trả lời như gõ trong cuộc trò chuyện.")] = "",
    as_json: JsonOption = False,
    lines: Annotated[
        bool, typer.Option("--jsonl", help="Đọc {text} từng dòng từ đầu vào chuẩn.")
    ] = False,
) -> None:
    """Cho biết một câu trả lời sẽ được hiểu thế nào; không cần cơ sở dữ liệu."""
    if lines:
        each_line(lambda given: dict(read_answer(str(given["text"]))))
        return
    answer = read_answer(text)
    if as_json:
        show(answer)
        return
    numbers = ", ".join(str(n) for n in answer["duties"] or ()) or "-"
    document = f"văn bản: {answer['number'] or '-'} · ngày: {answer['date'] or '-'}"
    out.print(f"Ý: {answer['intent']} · đầu việc: {numbers} · {document}", markup=False)


# -- putting in -----------------------------------------------------------------------------------


@agencies_app.command("load")
def agencies_load(
    file: Path,
    config: ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
    as_json: JsonOption = False,
) -> None:
    """Nạp danh sách cơ quan từ .csv hoặc .xlsx (Tên cơ quan, Tên khác, Cấp, Khối)."""
    with one_line_errors(), opened(config) as (_settings, _tools, db):
        report = import_agencies(db, file, moment(), dry_run=dry_run)
    show(report.to_contract()) if as_json else say_lines(report.lines())
    if report.refused:
        raise typer.Exit(1)


def say_lines(lines: list[str]) -> None:
    for line in lines:
        out.print(line, markup=False)


@app.command("import")
def import_file(  # noqa: PLR0913 -- one parameter an option
    file: Path,
    directive: Annotated[str, typer.Option(help="Số văn bản, ví dụ 134/KH-UBND.")] = "",
    issued: DayOption = None,
    due_from: Annotated[
        datetime | None,
        typer.Option(formats=DAYS, help="Bỏ qua các kỳ có hạn trước ngày này (văn bản nhập muộn)."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=DAYS, help="Việc định kỳ chỉ đến hết ngày này (kế hoạch năm)."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Chỉ xem, không lưu.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Lưu dù có cảnh báo.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Nhập bảng nhiệm vụ của một văn bản từ .csv hoặc .xlsx."""
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
        )
        if not dry_run and not directive:
            raise Stop("Cần --directive SỐ_VĂN_BẢN để lưu (hoặc --dry-run để chỉ xem).")
        report = import_tasks(db, file, order, moment(), dry_run=True)
        if not dry_run and not report.refused and (yes or agreed(report.lines(), as_json)):
            report = import_tasks(db, file, order, moment())
    show(report.to_contract()) if as_json else say_lines(report.lines())
    if report.refused:
        raise typer.Exit(1)


def agreed(lines: list[str], as_json: bool) -> bool:
    """Ask before storing; without a terminal to ask, `--yes` is needed."""
    if as_json or not sys.stdin.isatty():
        raise Stop("Thêm --yes để lưu, hoặc --dry-run để chỉ xem.")
    say_lines(lines[:-1])
    return typer.confirm("Lưu các nhiệm vụ này?")


@app.command()
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
        code, made = db.write_now(people.new_invite, now, Role(role), agency_id, valid=valid)
        link = asyncio.run(examination.invite_link(settings)).replace("{code}", code)
    del tools
    if as_json:
        show({"code": code, "link": link, "expires": local(made.expires_at).isoformat(),
              "agency": name, "role": str(role)})  # fmt: skip
        return
    out.print(f"Mã mời {ROLE_NAMES[Role(role)]} {name}: {code}", markup=False)
    out.print(f"Hết hạn: {local(made.expires_at):%H:%M ngày %d/%m/%Y}. Gửi: /start {code}")
    if link:
        out.print(f"Đường dẫn: {link}", markup=False)


def one_agency(session: Any, name: str, today: date) -> tuple[int, str]:
    """The agency a name means. Raises Stop with what it may have been."""
    match = resolve(session, name, today)
    if match.how != How.AGENCY:
        near = "; ".join(each.name for each in match.proposals)
        hint = f" Có phải: {near}?" if near else " Xem tên trong danh sách đã nạp."
        raise Stop(f"Không xác định được cơ quan {name!r}.{hint}")
    return match.agencies[0].id, match.agencies[0].name


# -- looking --------------------------------------------------------------------------------------


@app.command()
def status(
    agency: Annotated[str, typer.Option(help="Chỉ một cơ quan.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tình hình thực hiện: mẫu số, đúng hạn, muộn, quá hạn, chưa triển khai."""
    with one_line_errors(), opened(config) as (settings, tools, db):
        today = local_day(moment())
        ids = [db.read_now(one_agency, agency, today)[0]] if agency else None
        result = db.read_now(
            status_figures, today, agency_ids=ids, soon_days=settings.committee.soon_days
        )
        lost = db.read_now(unreachable, today)
    if as_json:
        show(status_contract(result) | {"unreachable": [each.agency for each in lost]})
        return
    out.print(figures.status(tools.renderer, result).plain, markup=False)
    if lost:
        out.print(figures.unreachable(tools.renderer, lost, today).plain, markup=False)


@app.command()
def plan(
    start: Annotated[datetime | None, typer.Option("--from", formats=DAYS)] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=DAYS)] = None,
    if_silent: Annotated[
        bool, typer.Option("--if-silent", help="Kể cả đôn đốc nếu không ai trả lời.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Diễn tập: những tin sẽ gửi trong khoảng ngày, cho ai, lúc nào. Không gửi gì."""
    with one_line_errors(), opened(config) as (settings, tools, db):
        first = start.date() if start is not None else local_day(moment())
        last = until.date() if until is not None else first + timedelta(days=92)
        if last < first:
            raise Stop("Ngày --to phải sau ngày --from.")
        rows = db.read_now(
            rehearse, settings.policy, tools.calendar, first, last, if_silent=if_silent
        )
    if as_json:
        show([plan_row(row) for row in rows])
    else:
        plan_table(rows)


def plan_row(row: Rehearsed) -> dict[str, Any]:
    return {
        "at": local(row.at).isoformat(timespec="minutes"),
        "agency": row.agency,
        "channel": row.channel,
        "step": row.step,
        "duties": list(row.duties),
    }


def plan_table(rows: list[Rehearsed]) -> None:
    if not rows:
        out.print("Không có tin nào trong khoảng ngày này.")
        return
    for day, of_day in groupby(rows, key=lambda row: local(row.at).date()):
        out.print(f"\n[bold]{long_day(day)}[/bold]")
        for row in of_day:
            where = row.channel or "CHƯA CÓ ĐẦU MỐI"
            numbers = ", ".join(map(str, row.duties))
            out.print(
                f"  {local(row.at):%H:%M} {row.agency} [{where}] {step_words(row.step)}: {numbers}",
                markup=False,
            )
    lost = len({row.agency for row in rows if row.channel is None})
    out.print(f"\n{len(rows)} tin; {lost} cơ quan chưa có đầu mối nhận tin.")


def step_words(step: str) -> str:
    if step == "0":
        return "ngày cuối"
    return f"đôn đốc lần {step[1:]}" if step.startswith("u") else f"trước {step} ngày làm việc"


# -- keeping --------------------------------------------------------------------------------------


@app.command()
def backup(
    to: Annotated[Path | None, typer.Option(help="Tệp đích.")] = None,
    config: ConfigOption = None,
) -> None:
    """Sao lưu cơ sở dữ liệu đang chạy."""
    with one_line_errors(), opened(config) as (settings, _tools, db):
        stamp = f"{local(moment()):%Y%m%d-%H%M%S}"
        target = to or settings.paths.data_dir / "backups" / f"dondoc-{stamp}.db"
        if target.exists():
            raise Stop(f"Tệp {target} đã có; chọn tên khác.")
        made = db.backup(target)
        if made is None:
            raise Stop("Cơ sở dữ liệu này không phải SQLite: hãy dùng công cụ sao lưu của nó.")
    out.print(f"Đã sao lưu: {made}", markup=False)


@app.command()
def restore(file: Path, config: ConfigOption = None) -> None:
    """Phục hồi cơ sở dữ liệu từ bản sao lưu; bản hiện có được giữ lại bên cạnh."""
    with one_line_errors():
        settings = settings_of(config)
        with application.only_one(settings.paths.data_dir / "dondoc.lock"):
            kept = application.restore(settings, file, moment())
    out.print(f"Đã phục hồi từ {file}.", markup=False)
    if kept is not None:
        out.print(f"Bản cũ giữ tại {kept}.", markup=False)


@app.command()
def erase(
    contact: Annotated[str, typer.Argument(help="Kênh:địa chỉ, ví dụ telegram:123456789.")],
    yes: Annotated[bool, typer.Option("--yes", help="Không hỏi lại.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Xóa dữ liệu cá nhân của người sau một địa chỉ nhận tin."""
    with one_line_errors(), opened(config) as (_settings, _tools, db):
        channel, _, address = contact.partition(":")
        known = db.read_now(people.find_contact, channel, address)
        if known is None:
            raise Stop(f"Không có địa chỉ nhận tin {contact!r}.")
        if not yes and not (sys.stdin.isatty() and typer.confirm("Xóa, không hoàn tác được?")):
            raise Stop("Chưa xóa gì. Thêm --yes để xác nhận.")
        done = db.write_now(erase_now, known.id or 0, moment())
    if as_json:
        show(done)
    else:
        out.print(f"Đã xóa: {done['contacts']} địa chỉ, {done['subscriptions']} đăng ký, "
                  f"{done['messages']} tin đến.")  # fmt: skip


def erase_now(session: Any, contact_id: int, now: datetime) -> dict[str, int]:
    contact = session.get_one(Contact, contact_id)
    done = people.erase(session, contact, now)
    people.finish_erasing(session, now + people.ERASE_WAITS)
    return done


def main() -> None:
    """The entry point `dondoc`."""
    os.environ.setdefault("PYTHONIOENCODING", "utf-8")
    app()


if __name__ == "__main__":
    main()
