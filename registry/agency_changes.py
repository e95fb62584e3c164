"""Agencies merge, split, change their name, end. What a person asked for is checked against the
list before anything is written (:func:`plan`), written down as data (:func:`apply`), and carried
out on its day by :mod:`registry.agency_moves`: at once where the day has come, else by the daily
tick.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from sqlmodel import Session, col, select

from deadlines.text import clean
from registry import audit
from registry.agencies import Directory, How, Known
from registry.agency_list import check_new_name
from registry.agency_moves import Carried, carry_out
from registry.clock import local_day, moment_of
from registry.people import Actor, Refused
from registry.tables import Agency, Renaming, Succession

_DAY = timedelta(days=1)
NOON = time(12)
_FIRST, _LAST = date(1945, 9, 2), timedelta(days=5 * 366)


class ChangeKind(StrEnum):
    """merge: several into one. split: one into several. rename: the same agency, another name.
    end: one ends; what it leaves is given to others task by task."""

    MERGE = "merge"
    SPLIT = "split"
    RENAME = "rename"
    END = "end"


@dataclass(frozen=True)
class Order:
    """A change as a person states it, in names. `day`: the first day it holds. `main`: of several
    targets, the one that takes over whatever is not given to another."""

    kind: ChangeKind
    sources: tuple[str, ...]
    day: date
    targets: tuple[str, ...] = ()
    main: str = ""


@dataclass(frozen=True)
class Party:
    """A successor: one in the list, or a new one (`id` None). `near`: names in the list that a new
    one resembles."""

    name: str
    id: int | None = None
    near: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """A change that may be written down."""

    kind: ChangeKind
    day: date
    sources: tuple[Known, ...]
    targets: tuple[Party, ...] = ()
    main: int | None = None


def plan(session: Session, order: Order, today: date) -> Change:
    """Read and check; nothing is written. Raises Refused, in one line for people."""
    if not _FIRST <= order.day <= today + _LAST:
        raise Refused(f"Ngày {order.day:%d/%m/%Y} không hợp lý; hãy xem lại ngày có hiệu lực.")
    before = Directory.on(session, order.day - _DAY)
    sources = tuple(dict.fromkeys(_source(session, before, name, today) for name in order.sources))
    if order.kind is ChangeKind.RENAME:
        return _rename(session, order, sources)
    after = Directory.on(session, order.day)
    targets = tuple(dict.fromkeys(_target(after, name) for name in order.targets))
    kept = {party.id for party in targets}
    if order.kind is ChangeKind.MERGE:
        sources = tuple(one for one in sources if one.id not in kept)
    _enough(order, sources, targets)
    for one in sources:
        _may_end(session, one, order.day)
    _lasting(targets, after, order.day)
    return Change(order.kind, order.day, sources, targets, _main(after, order, targets))


def apply(session: Session, change: Change, now: datetime, actor: Actor | None = None) -> None:
    """Write a change down: names to come, last days, successors. Nothing moves yet."""
    if change.kind is ChangeKind.RENAME:
        source, new = change.sources[0], change.targets[0]
        renaming = Renaming(
            agency_id=source.id, old_name=source.name, new_name=new.name, day=change.day
        )
        session.add(renaming)
    else:
        ids = [_ensure(session, party, change, now) for party in change.targets]
        for source in change.sources:
            agency = session.get_one(Agency, source.id)
            agency.valid_to = change.day - _DAY
            session.add(agency)
            for place, target in enumerate(ids):
                main = place == change.main
                session.add(Succession(agency_id=source.id, successor_id=target, main=main))
    session.flush()
    audit.record(
        session, now, f"agency.{change.kind}", f"agency:{change.sources[0].id}",
        actor.person_id if actor else None, actor.name if actor else "",
        day=change.day, sources=[one.name for one in change.sources],
        targets=[one.name for one in change.targets],
    )  # fmt: skip


def make(
    session: Session, order: Order, now: datetime, actor: Actor | None = None
) -> tuple[Change, Carried]:
    """Plan, write down, and carry out whatever is due by today. Raises Refused."""
    change = plan(session, order, local_day(now))
    apply(session, change, now, actor)
    return change, carry_out(session, now)


def preview(session: Session, order: Order, now: datetime) -> tuple[Change, Carried]:
    """What :func:`make` would do by the change's own day; everything is taken back. Raises
    Refused."""
    attempt = session.begin_nested()
    try:
        change = plan(session, order, local_day(now))
        apply(session, change, now)
        then = max(now, moment_of(change.day, NOON))
        concerned = {one.id for one in change.sources}
        return change, carry_out(session, then, only=concerned)
    finally:
        attempt.rollback()
        session.expire_all()


def merge(
    session: Session, sources: Sequence[str], into: str, day: date, now: datetime,
    actor: Actor | None = None,
) -> tuple[Change, Carried]:  # fmt: skip
    """Sáp nhập: the sources end before `day`; `into`, known or new, takes over."""
    order = Order(ChangeKind.MERGE, tuple(sources), day, (into,))
    return make(session, order, now, actor)


def split(
    session: Session, source: str, into: Sequence[str], day: date, now: datetime,
    actor: Actor | None = None, *, main: str = "",
) -> tuple[Change, Carried]:  # fmt: skip
    """Chia, tách: the source ends before `day`. Its duties go to `main`, or wait for a word."""
    order = Order(ChangeKind.SPLIT, (source,), day, tuple(into), main)
    return make(session, order, now, actor)


def rename(
    session: Session, source: str, name: str, day: date, now: datetime, actor: Actor | None = None
) -> tuple[Change, Carried]:
    """Đổi tên: the same agency under another name from `day` on; both names mean it."""
    return make(session, Order(ChangeKind.RENAME, (source,), day, (name,)), now, actor)


def end(
    session: Session, source: str, day: date, now: datetime, actor: Actor | None = None,
    *, into: str = "",
) -> tuple[Change, Carried]:  # fmt: skip
    """Kết thúc: the source ends before `day`, with a successor or without one."""
    targets = (into,) if into else ()
    return make(session, Order(ChangeKind.END, (source,), day, targets), now, actor)


def cancel(session: Session, name: str, now: datetime, actor: Actor | None = None) -> str:
    """Take back a change whose day has not come; what it was, in words. Raises Refused."""
    today = local_day(now)
    known = _source(session, Directory.on(session, today), name, today, changing=True)
    pending = session.exec(
        select(Renaming).where(Renaming.agency_id == known.id, col(Renaming.applied_at).is_(None))
    ).first()
    if pending is not None:
        session.delete(pending)
        said = f"đổi tên “{pending.old_name}” thành “{pending.new_name}” từ {pending.day:%d/%m/%Y}"
    elif known.valid_to is not None:
        agency = session.get_one(Agency, known.id)
        for row in session.exec(select(Succession).where(Succession.agency_id == known.id)):
            session.delete(row)
        agency.valid_to = None
        session.add(agency)
        said = f"kết thúc “{known.name}” sau ngày {known.valid_to:%d/%m/%Y}"
    else:
        raise Refused(f"“{known.name}” không có thay đổi nào đang chờ đến ngày.")
    audit.record(
        session, now, "agency.kept", f"agency:{known.id}",
        actor.person_id if actor else None, actor.name if actor else "", was=said,
    )  # fmt: skip
    session.flush()
    return said


# -- checking --------------------------------------------------------------------------------------


def _source(
    session: Session, directory: Directory, name: str, today: date, *, changing: bool = False
) -> Known:
    """The agency in force a name means, one to be changed."""
    match = directory.resolve(name)
    if match.how is not How.AGENCY:
        near = "; ".join(f"“{one.name}”" for one in match.proposals)
        why = match.note or (f"có phải {near}?" if near else "xem tên trong danh sách cơ quan")
        raise Refused(f"Chưa xác định được cơ quan “{clean(name)}”: {why}")
    if match.ended is not None:
        raise Refused(
            f"“{match.ended.name}” đã kết thúc hoạt động, {match.note}; không làm lần nữa."
        )
    known = match.agencies[0]
    if changing:
        return known
    if known.valid_to is not None:
        names = ", ".join(
            f"“{session.get_one(Agency, one).name}”" for one in known.successors
        )  # fmt: skip
        past = known.valid_to < today
        again = "không làm lần nữa" if past else "muốn làm lại, hãy hủy thay đổi đó trước"
        into = f", nơi nhận: {names}" if names else ""
        raise Refused(
            f"“{known.name}” đã được ghi là kết thúc sau ngày {known.valid_to:%d/%m/%Y}{into}; "
            f"{again}."
        )
    return known


def _target(directory: Directory, name: str) -> Party:
    """A successor: in force on the day, or not in the list at all."""
    match = directory.resolve(name)
    if match.how is How.AGENCY and match.ended is None:
        return Party(match.agencies[0].name, match.agencies[0].id)
    if match.how is How.UNKNOWN:
        tidy = clean(name).strip(" .;,:")
        check_new_name(directory, tidy)
        return Party(tidy, None, tuple(one.name for one in match.proposals))
    why = match.note or "là cách gọi chung, không phải tên một cơ quan"
    raise Refused(f"“{clean(name)}” không thể là nơi nhận: {why}.")


def _enough(order: Order, sources: Sequence[Known], targets: Sequence[Party]) -> None:
    if not sources:
        raise Refused("Cần ít nhất một cơ quan kết thúc, khác với cơ quan nhận.")
    kinds = {source.id for source in sources} & {target.id for target in targets}
    if kinds:
        raise Refused("Một cơ quan không thể vừa kết thúc vừa là nơi nhận của chính mình.")
    most = {ChangeKind.MERGE: (1, 1), ChangeKind.SPLIT: (2, 300), ChangeKind.END: (0, 1)}
    least, limit = most[order.kind]
    if not least <= len(targets) <= limit:
        words = {
            ChangeKind.MERGE: "Sáp nhập cần đúng một cơ quan nhận.",
            ChangeKind.SPLIT: "Chia, tách cần ít nhất hai cơ quan nhận.",
            ChangeKind.END: "Kết thúc chỉ có nhiều nhất một cơ quan nhận; nhiều hơn là chia, tách.",
        }
        raise Refused(words[order.kind])


def _may_end(session: Session, one: Known, day: date) -> None:
    """Last days grow from an agency to its successor, so that no chain ever closes."""
    if one.valid_from >= day:
        raise Refused(f"“{one.name}” chỉ có từ ngày {one.valid_from:%d/%m/%Y}.")
    received = session.exec(
        select(Agency)
        .join(Succession, col(Succession.agency_id) == col(Agency.id))
        .where(Succession.successor_id == one.id, col(Agency.valid_to) >= day - _DAY)
    ).first()
    if received is not None and received.valid_to is not None:
        raise Refused(
            f"“{one.name}” nhận bàn giao từ “{received.name}” ngày "
            f"{received.valid_to + _DAY:%d/%m/%Y}, nên chỉ có thể kết thúc sau ngày đó."
        )


def _lasting(targets: Sequence[Party], after: Directory, day: date) -> None:
    ends = {one.id: one.valid_to for one in after.agencies}
    for party in targets:
        last = ends.get(party.id or 0)
        if last is not None and last <= day:
            raise Refused(f"“{party.name}” cũng kết thúc ngày {last:%d/%m/%Y}.")


def _main(after: Directory, order: Order, targets: Sequence[Party]) -> int | None:
    if not order.main:
        return None
    wanted = _target(after, order.main)
    for place, party in enumerate(targets):
        if (party.id, party.name.casefold()) == (wanted.id, wanted.name.casefold()):
            return place
    raise Refused(f"“{order.main}” không có trong các cơ quan nhận.")


def _rename(session: Session, order: Order, sources: Sequence[Known]) -> Change:
    if len(sources) != 1 or len(order.targets) != 1:
        raise Refused("Đổi tên cần đúng một tên cũ và một tên mới.")
    source, name = sources[0], clean(order.targets[0]).strip(" .;,:")
    if name == source.name:
        raise Refused(f"“{name}” đang là tên của cơ quan này.")
    if source.coming:
        raise Refused(f"“{source.name}” đã được ghi là đổi tên thành “{source.coming[0]}”.")
    directory = Directory.on(session, order.day)
    match = directory.find(name)
    mine = match.how is How.AGENCY and match.agencies[0].id == source.id
    if not mine:
        check_new_name(directory, name)
    return Change(order.kind, order.day, (source,), (Party(name, source.id),))


# -- writing ---------------------------------------------------------------------------------------


def _ensure(session: Session, party: Party, change: Change, now: datetime) -> int:
    """The successor's row, made if it is new: it begins on the day of the change."""
    if party.id is not None:
        return party.id
    levels = {one.level for one in change.sources}
    agency = Agency(
        name=party.name,
        key=party.name.casefold(),
        level=levels.pop() if len(levels) == 1 else "",
        valid_from=change.day,
        created_at=now,
    )
    session.add(agency)
    session.flush()
    return agency.id or 0
