"""Open duties of a directive go over to the one that takes its place, under their known numbers.

Both directives have duties of their own when that happens. A duty that goes over takes the place of
the later directive's duty for the same agency and period; that one takes the free place, cancelled,
so that nothing is deleted and nothing is owed twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from deadlines import rule_from_json
from registry.directives import parts_of, side_of
from registry.duties import cancel
from registry.expand import DutyChange
from registry.heirs import plain_period
from registry.matching import pair
from registry.revise import comes_once, forget, granted_days
from registry.tables import Directive, Duty, Extension, Obstacle, Task
from registry.types import UNFINISHED, DutyState


@dataclass(frozen=True)
class _Trade:
    """An open duty of the old directive, and the later one's that it takes the place of."""

    old: Duty
    new: Duty


def carry(
    session: Session, old: Directive, new: Directive, now: datetime, *, merged: str
) -> list[DutyChange]:
    """Carry over what has a matching task, agency and period there. `merged`: what is noted on the
    later directive's own duties that give up their place, before the number they went into."""
    trades: list[_Trade] = []
    reported: list[_Trade] = []
    for earlier, later in matching(session, old, new):
        for trade in _trades(session, earlier, later):
            (trades if trade.new.state is DutyState.OPEN else reported).append(trade)
    changes = [_answered(session, trade, now) for trade in reported]
    return [*changes, *_trade(session, trades, now, merged)]


def matching(session: Session, old: Directive, new: Directive) -> list[tuple[Task, Task]]:
    """Each task of a directive with the one that follows it in a later directive."""
    earlier, later = _tasks(session, old), _tasks(session, new)
    parts = parts_of(session, earlier) | parts_of(session, later)
    sides = [[side_of(task, parts[task.id or 0]) for task in tasks] for tasks in (earlier, later)]
    return [(earlier[was], later[now]) for now, was in sorted(pair(*sides).items())]


def _tasks(session: Session, directive: Directive) -> Sequence[Task]:
    mine = select(Task).where(Task.directive_id == directive.id, col(Task.ended_at).is_(None))
    return session.exec(mine.order_by(col(Task.position), col(Task.id))).all()


def _trades(session: Session, earlier: Task, later: Task) -> list[_Trade]:
    """Same agency and period; a day that comes once follows its task whatever day it is now."""
    olds = _by_agency(_duties(session, earlier, DutyState.OPEN))
    news = _by_agency(_duties(session, later, *UNFINISHED, DutyState.DONE))
    once = all(task.rule and comes_once(rule_from_json(task.rule)) for task in (earlier, later))
    found: list[_Trade] = []
    for agency_id, mine in olds.items():
        theirs = {plain_period(duty.period): duty for duty in news.get(agency_id, ())}
        left = []
        for duty in mine:
            same = theirs.pop(plain_period(duty.period), None)
            if same is None:
                left.append(duty)
            else:
                found.append(_Trade(duty, same))
        if once and len(left) == len(theirs):
            found += map(_Trade, left, theirs.values())
    return found


def _duties(session: Session, task: Task, *states: DutyState) -> Sequence[Duty]:
    mine = select(Duty).where(Duty.task_id == task.id, col(Duty.state).in_(states))
    return session.exec(mine.order_by(col(Duty.due_on), col(Duty.number))).all()


def _by_agency(duties: Iterable[Duty]) -> dict[int, list[Duty]]:
    found: dict[int, list[Duty]] = defaultdict(list)
    for duty in duties:
        found[duty.agency_id].append(duty)
    return found


def _answered(session: Session, trade: _Trade, now: datetime) -> DutyChange:
    """Reported under the later directive's number already."""
    note = f"đã báo xong ở đầu việc số {trade.new.number} của văn bản thay thế"
    cancel(session, [trade.old], note, now)
    duty = trade.old
    return DutyChange(duty.number, duty.agency_id, "cancelled", duty.due_on, duty.due_on)


def _trade(
    session: Session, trades: Sequence[_Trade], now: datetime, merged: str
) -> list[DutyChange]:
    """Exchange places in three steps: no two duties may hold one place at any time."""
    places = [(each.old.task_id, each.old.period, each.new.task_id, each.new.period)
              for each in trades]  # fmt: skip
    granted = granted_days(session, [each.old for each in trades])
    for each in trades:
        each.new.period = f"~{each.new.id}"
    session.flush()
    changes: list[DutyChange] = []
    for each, (_task, _period, task_id, period) in zip(trades, places, strict=True):
        before = each.old.due_on
        each.old.task_id, each.old.period = task_id, period
        _adopt(session, each, granted.get(each.old.id or 0), now)
        changes.append(
            DutyChange(each.old.number, each.old.agency_id, "carried", before, each.old.due_on)
        )
    session.flush()
    for each, (task_id, period, _task, _period) in zip(trades, places, strict=True):
        each.new.task_id, each.new.period = task_id, period
        cancel(session, [each.new], f"{merged}{each.old.number}", now)
        changes.append(
            DutyChange(
                each.new.number, each.new.agency_id, "merged", each.new.due_on, each.old.due_on
            )
        )
    return changes


def _adopt(session: Session, trade: _Trade, granted: date | None, now: datetime) -> None:
    """The carried duty is owed as the later directive has it; days granted and answers given under
    either number stay."""
    duty, other = trade.old, trade.new
    kept = duty.due_on if duty.due_on != duty.first_due_on else date.min
    duty.kind, duty.opens_on, duty.due_time = other.kind, other.opens_on, other.due_time
    duty.first_due_on, duty.former_agency_id = other.first_due_on, other.former_agency_id
    duty.due_on = max(other.due_on, granted or kept)
    duty.received_at = duty.received_at or other.received_at
    duty.since, duty.plan_due = now, True
    forget(session, duty, now)
    for table in (Obstacle, Extension):
        moved = update(table).where(col(table.duty_id) == other.id).values(duty_id=duty.id)
        session.connection().execute(moved)
