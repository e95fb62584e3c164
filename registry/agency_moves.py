"""What passes on when an agency has ended or changed its name: duties, people, invites, groups.

:func:`carry_out` does whatever is due by now and is called again and again: what has moved is not
there to be moved twice. History stays where it was: what an agency did is its own.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from registry import audit, naming
from registry.clock import local_day
from registry.database import insert_new
from registry.heirs import Heirs, period_of_former, plain_period
from registry.notices import withdraw
from registry.people import pass_on
from registry.tables import (
    Admission,
    Agency,
    AgencyGroup,
    AgencyGroupMember,
    CalendarFeed,
    Duty,
    Extension,
    Inheritance,
    Invite,
    Obstacle,
    Renaming,
    Request,
    Subscription,
    Succession,
)
from registry.types import UNFINISHED, DutyState, RequestState


@dataclass
class Passed:
    """What passed from one agency to another: numbers of duties that `moved`, pairs of those
    `folded` into a duty the successor owes anyway, `people` as pairs of their subscriptions before
    and after."""

    source: int
    source_name: str
    target: int
    target_name: str
    since: date
    moved: list[int] = field(default_factory=list)
    folded: list[tuple[int, int]] = field(default_factory=list)
    people: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Waiting:
    """Duties of an agency that has ended and that a person must give to somebody."""

    agency: str
    ended: date
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Carried:
    """What was carried out. `began`: agencies whose succession took effect, with the successors."""

    passed: tuple[Passed, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    began: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def moved(self) -> int:
        return sum(len(one.moved) for one in self.passed)

    @property
    def folded(self) -> int:
        return sum(len(one.folded) for one in self.passed)

    @property
    def people(self) -> int:
        return sum(len(one.people) for one in self.passed)


def carry_out(session: Session, now: datetime, *, only: Collection[int] | None = None) -> Carried:
    """Carry out every change whose day has come, for all agencies or `only` these. `now` is
    aware."""
    mover = _Mover(session, now)
    renamed = tuple(mover.rename(only))
    ended = mover.ended(only)
    began = tuple(mover.begin(ended))
    mover.move_people(ended)
    waiting = mover.move_duties(ended)
    session.flush()
    return Carried(tuple(mover.passed.values()), waiting, renamed, began)


def waiting_duties(session: Session, today: date) -> tuple[Waiting, ...]:
    """Open duties of agencies that have ended, for which nobody is named."""
    heirs = Heirs.of(session)
    found: dict[int, list[int]] = defaultdict(list)
    for duty in _open(session, [one for one in heirs.ends if heirs.ended(one, today)]):
        if heirs.holder(duty.agency_id, today, duty.task_id) is None:
            found[duty.agency_id].append(duty.number)
    return _waiting(session, found)


def give(session: Session, duties: Iterable[Duty], target: Agency, now: datetime) -> Carried:
    """A person's word on who takes over tasks of agencies that have ended, with all their open
    duties and all periods to come. The duties' agencies must have ended."""
    agencies: set[int] = set()
    for task_id, agency_id in {(duty.task_id, duty.agency_id) for duty in duties}:
        session.merge(
            Inheritance(task_id=task_id, agency_id=agency_id, successor_id=target.id or 0)
        )
        agencies.add(agency_id)
        audit.record(
            session, now, "agency.given", f"agency:{agency_id}", task=task_id, to=target.name
        )
    session.flush()
    return carry_out(session, now, only=agencies)


class _Mover:
    def __init__(self, session: Session, now: datetime) -> None:
        self.session = session
        self.now = now
        self.today = local_day(now)
        self.heirs = Heirs.of(session)
        self.passed: dict[tuple[int, int], Passed] = {}

    def rename(self, only: Collection[int] | None) -> Iterable[tuple[str, str]]:
        due = select(Renaming).where(
            col(Renaming.applied_at).is_(None), col(Renaming.day) <= self.today
        )
        for row in self.session.exec(due.order_by(col(Renaming.day), col(Renaming.id))).all():
            if only is not None and row.agency_id not in only:
                continue
            agency = self.session.get_one(Agency, row.agency_id)
            agency.name, agency.key = row.new_name, row.new_name.casefold()
            row.applied_at = self.now
            self.session.add_all([agency, row])
            yield row.old_name, row.new_name
        self.session.flush()

    def ended(self, only: Collection[int] | None) -> list[int]:
        return sorted(
            one
            for one in self.heirs.ends
            if self.heirs.ended(one, self.today) and (only is None or one in only)
        )

    # -- once --------------------------------------------------------------------------------------

    def begin(self, ended: list[int]) -> Iterable[tuple[str, tuple[str, ...]]]:
        """On the first day: the successors come into the groups. Once only, so that the list may
        say otherwise later."""
        rows = self.session.exec(
            select(Succession).where(
                col(Succession.agency_id).in_(ended), col(Succession.applied_at).is_(None)
            )
        ).all()
        found: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            row.applied_at = self.now
            self.session.add(row)
            found[row.agency_id].append(row.successor_id)
        for source, targets in found.items():
            old = self.session.get_one(Agency, source)
            new = [self.session.get_one(Agency, one) for one in targets]
            for each in new:
                self._join(old, each)
            yield old.name, tuple(each.name for each in new)

    def _join(self, old: Agency, new: Agency) -> None:
        """A commune that takes over from a district is no district, so kinds must agree."""
        if naming.place_kind(old.name) != naming.place_kind(new.name):
            return
        groups = self.session.exec(
            select(AgencyGroup.id)
            .join(AgencyGroupMember)
            .where(AgencyGroupMember.agency_id == old.id)
        ).all()
        rows = [{"group_id": one, "agency_id": new.id} for one in groups]
        insert_new(self.session, AgencyGroupMember, rows)

    # -- people ------------------------------------------------------------------------------------

    def move_people(self, ended: list[int]) -> None:
        for source in ended:
            target = self.heirs.holder(source, self.today)
            if target is None:
                continue
            held = select(Subscription).where(
                Subscription.agency_id == source, col(Subscription.ended_at).is_(None)
            )
            for row in self.session.exec(held.order_by(col(Subscription.id))).all():
                new = pass_on(self.session, row, target, self.now)
                self._between(source, target).people.append((row.id or 0, new.id or 0))
            self._point(source, target)

    def _point(self, source: int, target: int) -> None:
        """Unused invites, wishes not decided, and calendars follow."""
        asked = select(Request.id).where(col(Request.state) == RequestState.ASKED)
        for statement in (
            update(Invite).where(col(Invite.agency_id) == source, col(Invite.used_at).is_(None)),
            update(Admission).where(
                col(Admission.agency_id) == source, col(Admission.request_id).in_(asked)
            ),
            update(CalendarFeed).where(
                col(CalendarFeed.agency_id) == source, col(CalendarFeed.ended_at).is_(None)
            ),
        ):
            self.session.execute(statement.values(agency_id=target))

    # -- duties ------------------------------------------------------------------------------------

    def move_duties(self, ended: list[int]) -> tuple[Waiting, ...]:
        waiting: dict[int, list[int]] = defaultdict(list)
        for duty in _open(self.session, ended):
            target = self.heirs.holder(duty.agency_id, self.today, duty.task_id)
            if target is None:
                waiting[duty.agency_id].append(duty.number)
            else:
                self._move(duty, target)
        return _waiting(self.session, waiting)

    def _move(self, duty: Duty, target: int) -> None:
        source, period = duty.agency_id, plain_period(duty.period)
        passed = self._between(source, target)
        taken = {
            one.period: one
            for one in self.session.exec(
                select(Duty).where(Duty.task_id == duty.task_id, Duty.agency_id == target)
            ).all()
            if plain_period(one.period) == period
        }
        unfinished = (one for one in taken.values() if one.state in UNFINISHED)
        # A result that waits to be confirmed is not folded away.
        standing = next(unfinished, None) if duty.state is DutyState.OPEN else None
        withdraw(self.session, duty.id or 0, self.now, "moved")
        if standing is not None:
            self._fold(duty, standing, passed)
            return
        given_to = duty.former_agency_id or source
        while period in taken:
            period = period_of_former(period, given_to)
        duty.agency_id, duty.former_agency_id, duty.period = target, given_to, period
        duty.since, duty.plan_due = self.now, True
        self.session.add(duty)
        self.session.flush()
        passed.moved.append(duty.number)
        self._record("duty.passed", duty, passed)

    def _fold(self, duty: Duty, standing: Duty, passed: Passed) -> None:
        """Both owed the same report; one is enough. What somebody still waits for goes along."""
        duty.state, duty.closed_at = DutyState.CANCELLED, self.now
        duty.closed_note = f"gộp vào đầu việc {standing.number} của {passed.target_name}"
        standing.plan_due = True
        self.session.add_all([duty, standing])
        self.session.flush()
        asked = select(Request.id).where(col(Request.state) == RequestState.ASKED)
        for statement in (
            update(Obstacle).where(
                col(Obstacle.duty_id) == duty.id, col(Obstacle.closed_at).is_(None)
            ),
            update(Extension).where(
                col(Extension.duty_id) == duty.id, col(Extension.request_id).in_(asked)
            ),
        ):
            self.session.execute(statement.values(duty_id=standing.id))
        passed.folded.append((duty.number, standing.number))
        self._record("duty.folded", duty, passed, into=standing.number)

    # -- helpers -----------------------------------------------------------------------------------

    def _between(self, source: int, target: int) -> Passed:
        if (source, target) not in self.passed:
            old = self.session.get_one(Agency, source)
            new = self.session.get_one(Agency, target)
            since = (old.valid_to or self.today) + timedelta(days=1)
            self.passed[source, target] = Passed(source, old.name, target, new.name, since)
        return self.passed[source, target]

    def _record(self, what: str, duty: Duty, passed: Passed, **data: Any) -> None:
        audit.record(
            self.session, self.now, what, str(duty.number),
            old=passed.source_name, new=passed.target_name, **data,
        )  # fmt: skip


def _open(session: Session, agencies: Collection[int]) -> list[Duty]:
    return list(
        session.exec(
            select(Duty)
            .where(col(Duty.state).in_(UNFINISHED), col(Duty.agency_id).in_(list(agencies)))
            .order_by(col(Duty.agency_id), col(Duty.due_on), col(Duty.number))
        ).all()
    )


def _waiting(session: Session, found: dict[int, list[int]]) -> tuple[Waiting, ...]:
    rows = [(session.get_one(Agency, one), numbers) for one, numbers in found.items()]
    return tuple(
        Waiting(agency.name, agency.valid_to or date.max, tuple(sorted(numbers)))
        for agency, numbers in rows
    )
