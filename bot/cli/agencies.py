"""agencies list, show, add, merge, split, rename, end, give, cancel: the list and its changes."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

import typer
from sqlmodel import Session, col, select

from bot.cli.base import (
    DAYS,
    ConfigOption,
    JsonOption,
    Stop,
    moment,
    one_line_errors,
    opened,
    out,
    show,
)
from bot.cli.pages import Pages
from bot.opening import Tools
from registry import agency_changes, agency_list
from registry.agencies import Directory, How
from registry.agency_changes import Change, ChangeKind, Order
from registry.agency_moves import Carried, give, waiting_duties
from registry.clock import local_day
from registry.heirs import Heirs
from registry.people import Actor
from registry.tables import Agency, Duty
from registry.types import DutyState
from reports import agency_cards, agency_words
from scheduler.agency_news import tell

NameArgument = Annotated[str, typer.Argument(metavar="CƠ_QUAN", help="Tên hoặc tên khác.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Chỉ xem, không lưu.")]
OnDay = Annotated[
    datetime, typer.Option("--on", formats=DAYS, help="Ngày có hiệu lực, ví dụ 01/07/2027.")
]
_T = TypeVar("_T")
CLI = Actor(None, "cli")

app = Pages("Danh sách cơ quan và các thay đổi.")


@app.command("list")
def listing(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Các cơ quan đang hoạt động theo khối, với số nơi nhận tin còn liên lạc được."""
    with one_line_errors(), opened(config) as (_settings, tools, db):
        today = local_day(moment())
        groups = db.read_now(agency_cards.load_groups, today)
        waiting = Carried(waiting=db.read_now(waiting_duties, today))
    if as_json:
        show([asdict(group) for group in groups])
    else:
        out.print(agency_words.listing(tools.renderer, groups, waiting).plain, markup=False)


@app.command("show")
def show_one(name: NameArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Một cơ quan: tên, khối, thời gian hoạt động, nơi kế thừa, người nhận tin, việc đang mở."""
    with one_line_errors(), opened(config) as (_settings, tools, db):
        today = local_day(moment())
        card = db.read_now(lambda session: agency_cards.load_card(
            session, _any(session, name, today), today))  # fmt: skip
    if as_json:
        show(asdict(card))
    else:
        out.print(agency_words.card(tools.renderer, card).plain, markup=False)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="TÊN", help="Tên đầy đủ của cơ quan mới.")],
    alias: Annotated[list[str] | None, typer.Option(help="Tên khác; có thể lặp lại.")] = None,
    level: Annotated[str, typer.Option(help="Cấp.")] = "",
    group: Annotated[list[str] | None, typer.Option(help="Khối; có thể lặp lại.")] = None,
    dry_run: DryRun = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Thêm một cơ quan."""
    with one_line_errors(), opened(config) as (_settings, _tools, db):

        def write(session: Session) -> str:
            made = agency_list.create(
                session, name, moment(), aliases=alias or (), level=level, groups=group or (),
                actor=CLI,
            )  # fmt: skip
            return made.name

        made = db.write_now(_kept(write, dry_run=dry_run))
    if as_json:
        show({"name": made, "written": not dry_run})
    else:
        out.print(f"{'Sẽ thêm' if dry_run else 'Đã thêm'} {made}.", markup=False)


@app.command("merge")
def merge(
    sources: Annotated[list[str], typer.Argument(metavar="CƠ_QUAN", help="Các cơ quan kết thúc.")],
    into: Annotated[str, typer.Option(help="Cơ quan tiếp nhận, đã có hoặc mới.")],
    on: OnDay,
    dry_run: DryRun = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sáp nhập: đầu việc, đầu mối chuyển sang nơi tiếp nhận từ ngày có hiệu lực."""
    order = Order(ChangeKind.MERGE, tuple(sources), on.date(), (into,))
    _change(order, config, dry_run=dry_run, as_json=as_json)


@app.command("split")
def split(
    source: NameArgument,
    into: Annotated[list[str], typer.Option(help="Cơ quan tiếp nhận; lặp lại cho từng nơi.")],
    on: OnDay,
    main: Annotated[str, typer.Option(help="Nơi nhận mọi việc chưa giao riêng.")] = "",
    dry_run: DryRun = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Chia, tách: việc chờ giao lại từng việc, trừ khi có --main."""
    order = Order(ChangeKind.SPLIT, (source,), on.date(), tuple(into), main)
    _change(order, config, dry_run=dry_run, as_json=as_json)


@app.command("rename")
def rename(
    old: NameArgument,
    new: Annotated[str, typer.Argument(metavar="TÊN_MỚI", help="Tên mới.")],
    on: OnDay,
    dry_run: DryRun = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Đổi tên: vẫn là cơ quan ấy, cả hai tên đều được hiểu."""
    order = Order(ChangeKind.RENAME, (old,), on.date(), (new,))
    _change(order, config, dry_run=dry_run, as_json=as_json)


@app.command("end")
def end(
    source: NameArgument,
    on: OnDay,
    into: Annotated[str, typer.Option(help="Cơ quan tiếp nhận, nếu có.")] = "",
    dry_run: DryRun = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Kết thúc hoạt động từ một ngày."""
    order = Order(ChangeKind.END, (source,), on.date(), (into,) if into else ())
    _change(order, config, dry_run=dry_run, as_json=as_json)


@app.command("give")
def give_duties(
    numbers: Annotated[
        list[int], typer.Argument(metavar="SỐ_VIỆC", help="Đầu việc đang chờ giao lại.")
    ],
    to: Annotated[str, typer.Option(help="Cơ quan nhận.")],
    dry_run: DryRun = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Giao lại nhiệm vụ của cơ quan đã kết thúc, gồm cả các kỳ về sau."""
    with one_line_errors(), opened(config) as (_settings, tools, db):
        now = moment()

        def write(session: Session) -> Carried:
            target = session.get_one(Agency, _current(session, to, local_day(now)))
            duties = _waiting(session, numbers, local_day(now))
            carried = give(session, duties, target, now)
            tell(session, tools.renderer, carried, now)
            return carried

        carried = db.write_now(_kept(write, dry_run=dry_run))
    _say_moves(carried, dry_run=dry_run, as_json=as_json)


@app.command("cancel")
def cancel(name: NameArgument, config: ConfigOption = None) -> None:
    """Hủy một thay đổi chưa đến ngày có hiệu lực."""
    with one_line_errors(), opened(config) as (_settings, _tools, db):
        was = db.write_now(agency_changes.cancel, name, moment(), CLI)
    out.print(f"Đã hủy: {was}.", markup=False)


# -- pieces ----------------------------------------------------------------------------------------


def _kept(write: Callable[[Session], _T], *, dry_run: bool) -> Callable[[Session], _T]:
    """The same deed, taken back at its end where it is only tried out."""

    def tried(session: Session) -> _T:
        attempt = session.begin_nested()
        try:
            return write(session)
        finally:
            attempt.rollback()

    return tried if dry_run else write


def _change(order: Order, config: Any, *, dry_run: bool, as_json: bool) -> None:
    with one_line_errors(), opened(config) as (_settings, tools, db):
        now = moment()
        change, carried = db.write_now(_deed(order, tools, now, dry_run=dry_run))
    if as_json:
        show(_contract(change, carried, written=not dry_run))
        return
    words = agency_words.change(tools.renderer, change, carried, local_day(now), done=not dry_run)
    out.print(words.plain, markup=False)


def _deed(
    order: Order, tools: Tools, now: datetime, *, dry_run: bool
) -> Callable[[Session], tuple[Change, Carried]]:
    def write(session: Session) -> tuple[Change, Carried]:
        if dry_run:
            return agency_changes.preview(session, order, now)
        change, carried = agency_changes.make(session, order, now, CLI)
        tell(session, tools.renderer, carried, now)
        return change, carried

    return write


def _contract(change: Change, carried: Carried, *, written: bool) -> dict[str, Any]:
    return {
        "kind": str(change.kind),
        "on": change.day.isoformat(),
        "sources": [one.name for one in change.sources],
        "targets": [{"name": one.name, "new": one.id is None} for one in change.targets],
        "written": written,
        **_moves(carried),
    }


def _moves(carried: Carried) -> dict[str, Any]:
    return {
        "moved": sorted(number for one in carried.passed for number in one.moved),
        "folded": [
            {"number": number, "into": into}
            for one in carried.passed
            for number, into in one.folded
        ],
        "people": carried.people,
        "waiting": [{"agency": one.agency, "duties": list(one.numbers)} for one in carried.waiting],
    }


def _say_moves(carried: Carried, *, dry_run: bool, as_json: bool) -> None:
    moves = _moves(carried)
    if as_json:
        show(moves | {"written": not dry_run})
        return
    numbers = ", ".join(map(str, moves["moved"])) or "không có"
    out.print(f"{'Sẽ giao' if dry_run else 'Đã giao'} đầu việc: {numbers}.", markup=False)


def _any(session: Session, name: str, today: date) -> int:
    """The agency a name means, in force or not. Raises Stop with what it may have been."""
    match = Directory.on(session, today).resolve(name)
    if match.ended is not None:
        return match.ended.id
    if match.how in (How.AGENCY, How.EXPIRED):
        return match.agencies[0].id
    near = "; ".join(one.name for one in match.proposals or match.agencies)
    raise Stop(f"Không xác định được cơ quan {name!r}.{f' Có phải: {near}?' if near else ''}")


def _current(session: Session, name: str, today: date) -> int:
    match = Directory.on(session, today).resolve(name)
    if match.how is How.AGENCY:
        return match.agencies[0].id
    near = "; ".join(one.name for one in match.proposals or match.agencies)
    raise Stop(f"Không xác định được nơi nhận {name!r}.{f' Có phải: {near}?' if near else ''}")


def _waiting(session: Session, numbers: list[int], today: date) -> list[Duty]:
    heirs = Heirs.of(session)
    rows = session.exec(
        select(Duty).where(col(Duty.number).in_(numbers), Duty.state == DutyState.OPEN)
    ).all()
    found = [duty for duty in rows if heirs.ended(duty.agency_id, today)]
    strange = sorted(set(numbers) - {duty.number for duty in found})
    if strange:
        raise Stop(
            f"Không phải đầu việc đang mở của cơ quan đã kết thúc: {', '.join(map(str, strange))}."
        )
    return found
