"""directives list, show, end, replace, reopen: the life of a directive after its import."""

import contextlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session

from bot.announcing import Cause, announce
from bot.cli.base import (
    ConfigOption,
    JsonOption,
    moment,
    one_line_errors,
    opened,
    out,
    show,
)
from bot.opening import Tools
from registry.clock import local_day
from registry.concerned import Concerned, concerned
from registry.directive_changes import Fate, end, label, reopen, replace
from registry.expand import DutyChange, Terms
from registry.lookup import directive_named
from registry.people import Actor
from registry.tables import Directive
from reports.directives import DirectiveLine, TaskLine, directives, story

CLI = Actor(None, "cli")

NumberArgument = Annotated[
    str,
    typer.Argument(metavar="SỐ", help="Số văn bản: 12/KH-UBND, 12/KH-UBND@2026 hoặc #3."),
]
IssuedOption = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d", "%d/%m/%Y"], help="Ngày ban hành, khi trùng số."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Chỉ xem, không lưu.")]


class DutiesWord(StrEnum):
    """What becomes of open duties, as the command line names it."""

    close = "close"
    move = "move"
    keep = "keep"


def list_directives(
    everything: Annotated[bool, typer.Option("--all", help="Cả văn bản đã kết thúc.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Các văn bản đang thực hiện, với số nhiệm vụ và đầu việc."""
    with one_line_errors(), opened(config) as (_settings, _tools, db):
        rows = db.read_now(directives, local_day(moment()), ended=everything)
    if as_json:
        show({"directives": [_plain(row) for row in rows]})
        return
    for row in rows:
        out.print(_line(row), markup=False)
    if not rows:
        out.print("Chưa có văn bản nào. Nhập: dondoc import TỆP")


def show_directive(
    number: NumberArgument,
    issued: IssuedOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Một văn bản: nhiệm vụ, đầu việc, văn bản viện dẫn."""
    with one_line_errors(), opened(config) as (_settings, _tools, db):
        told = db.read_now(
            lambda session: story(session, _named(session, number, issued), local_day(moment()))
        )
    if as_json:
        show({
            **_plain(told.line), "signer": told.signer, "ended_note": told.ended_note,
            "replaces": list(told.replaces), "task_list": [asdict(task) for task in told.tasks],
            "citations": [asdict(one) for one in told.citations],
        })  # fmt: skip
        return
    out.print(_line(told.line), markup=False)
    for task in told.tasks:
        out.print(_task(task), markup=False)
    for one in told.citations:
        known = "đang theo dõi" if one.known else "không có trong hệ thống"
        out.print(f"Viện dẫn: {one.kind} {one.number} ({known})".replace("  ", " "), markup=False)


def end_directive(
    number: NumberArgument,
    note: Annotated[str, typer.Option(help="Lý do, ghi lại và báo cho đầu mối.")] = "",
    keep_duties: Annotated[
        bool, typer.Option("--keep-duties", help="Việc đang mở vẫn phải làm đến khi xong.")
    ] = False,
    issued: IssuedOption = None,
    dry_run: DryRun = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Kết thúc một văn bản; việc đang mở được đóng, hoặc giữ với --keep-duties."""
    fate = Fate.KEEP if keep_duties else Fate.CLOSE

    def act(session: Session, now: datetime) -> "_Done":
        old = _named(session, number, issued)
        changes = end(session, old, CLI, now, note=note, fate=fate).changes
        return _Done(changes, Cause("ended", label(old), _key(old, now), note=note))

    _run(config, act, dry_run=dry_run, as_json=as_json)


def replace_directive(  # noqa: PLR0913 -- one parameter an option
    number: NumberArgument,
    by: Annotated[str, typer.Option("--by", help="Số văn bản thay thế (đã nhập).")],
    duties: Annotated[
        DutiesWord,
        typer.Option(help="Việc đang mở: close đóng, move chuyển sang văn bản mới, keep giữ."),
    ],
    note: Annotated[str, typer.Option(help="Lý do, ghi lại và báo cho đầu mối.")] = "",
    issued: IssuedOption = None,
    dry_run: DryRun = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Thay một văn bản bằng văn bản mới đã nhập."""

    def act(session: Session, now: datetime) -> "_Done":
        old, new = _named(session, number, issued), directive_named(session, by)
        fate = Fate(str(duties))
        changes = replace(session, old, new, CLI, now, note=note, fate=fate).changes
        cause = Cause("replaced", label(old), _key(old, now), label(new), note)
        return _Done(changes, cause)

    _run(config, act, dry_run=dry_run, as_json=as_json)


def reopen_directive(
    number: NumberArgument,
    issued: IssuedOption = None,
    dry_run: DryRun = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mở lại một văn bản đã kết thúc nhầm."""
    with one_line_errors(), opened(config) as (settings, tools, db):
        del db
        rule, calendar = tools.update_rule, tools.calendar
        horizon = settings.committee.horizon_days

    def act(session: Session, now: datetime) -> "_Done":
        old = _named(session, number, issued)
        found = reopen(session, old, CLI, Terms(local_day(now), now, calendar, rule, horizon))
        return _Done(found.changes, Cause("reopened", label(old), _key(old, now)))

    _run(config, act, dry_run=dry_run, as_json=as_json)


# -- doing it -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Done:
    changes: tuple[DutyChange, ...]
    cause: Cause


class _Rehearsed(Exception):
    """Takes a rehearsal's outcome out of its transaction."""


def _run(
    config: Path | None, act: Callable[[Session, datetime], _Done], *, dry_run: bool, as_json: bool
) -> None:
    """Do it and queue the word to the focal points, in one transaction; or only try."""
    with one_line_errors(), opened(config) as (_settings, tools, db):
        found: list[tuple[_Done, Concerned]] = []

        def work(session: Session) -> None:
            found.append(_carried_out(session, act, tools))
            if dry_run:
                raise _Rehearsed

        with contextlib.suppress(_Rehearsed):
            db.write_now(work)
        done, told = found[0]
    if as_json:
        show(_contract(done, told, written=not dry_run))
        return
    for line in _words(done, told, written=not dry_run):
        out.print(line, markup=False)


def _carried_out(
    session: Session,
    act: Callable[[Session, datetime], _Done],
    tools: Tools,
) -> tuple[_Done, Concerned]:
    now = moment()
    done = act(session, now)
    told = concerned(session, done.changes)
    announce(session, tools.renderer, done.changes, done.cause, now)
    return done, told


_WORDS = {
    "cancelled": "đóng",
    "carried": "chuyển sang văn bản mới, giữ số",
    "kept": "vẫn phải làm đến khi xong",
    "reopened": "mở lại",
    "moved": "đổi hạn",
}
_ACTED = {"ended": "kết thúc", "replaced": "thay", "reopened": "mở lại"}


def _words(done: _Done, told: Concerned, *, written: bool) -> list[str]:
    lines = []
    for what, words in _WORDS.items():
        numbers = [one.number for one in done.changes if one.what == what]
        if numbers:
            listed = ", ".join(map(str, numbers[:30])) + (", …" if len(numbers) > 30 else "")
            lines.append(f"{words}: {len(numbers)} đầu việc ({listed})".capitalize())
    if told.agencies:
        verb = "Đã" if written else "Sẽ"
        agencies = f"{told.people} đầu mối của {len(told.agencies)} cơ quan"
        lines.append(f"{verb} chuyển tin báo đến {agencies}.")
    if told.unreached:
        lines.append(f"Chưa có đầu mối: {'; '.join(told.unreached)}")
    start = "Đã" if written else "Chạy thử, chưa lưu gì: sẽ"
    later = f" bằng {done.cause.later}" if done.cause.later else ""
    return [*lines, f"{start} {_ACTED[done.cause.what]} {done.cause.directive}{later}."]


def _contract(done: _Done, told: Concerned, *, written: bool) -> dict[str, Any]:
    return {
        "directive": done.cause.directive,
        "by": done.cause.later or None,
        "what": done.cause.what,
        "written": written,
        "duties": [asdict(one) for one in done.changes],
        "agencies": list(told.agencies),
        "focal_points": told.people,
        "unreached": list(told.unreached),
    }


# -- words ----------------------------------------------------------------------------------------


def _named(session: Session, number: str, issued: datetime | None) -> Directive:
    day: date | None = issued.date() if issued is not None else None
    return directive_named(session, number, day)


def _key(old: Directive, now: datetime) -> str:
    return f"directive:{old.id}:{now.isoformat()}"


def _plain(row: DirectiveLine) -> dict[str, Any]:
    facts = asdict(row)
    return {**{name: value for name, value in facts.items() if name != "counts"}, **facts["counts"]}


def _line(row: DirectiveLine) -> str:
    issued = f" ngày {row.issued_on:%d/%m/%Y}" if row.issued_on else ""
    title = f": {row.title}" if row.title and row.title != row.label else ""
    counts = row.counts
    said = (
        f"{row.label}{issued}{title} – {counts.tasks} nhiệm vụ; đầu việc: {counts.open} đang mở, "
        f"{counts.done} đã xong, {counts.overdue} quá hạn"
    )
    if row.replaced_by:
        return f"{said}; đã thay bằng {row.replaced_by}"
    return f"{said}; đã kết thúc" if row.ended_at else said


def _task(task: TaskLine) -> str:
    ended = " (đã kết thúc)" if task.ended else ""
    return (
        f"  {task.place}: {task.title}{ended} – chủ trì: {task.lead or 'chưa rõ'}; hạn: "
        f"{task.deadline or 'không nêu'}; {task.counts.open} mở, {task.counts.done} xong, "
        f"{task.counts.overdue} quá hạn"
    )
