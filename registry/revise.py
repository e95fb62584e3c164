"""After tasks have changed: their duties follow, under the numbers people know.

Open duties move to their new day or are cancelled, cancelled ones that hold again are reopened,
missing ones added. What is done stays done, and a day that was granted stays granted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, delete, select

from deadlines import Relative, Rule, rule_from_json
from deadlines.rules import AnyOf, Fixed, Once
from registry.expand import (
    DutyChange,
    Expansion,
    Owed,
    Plan,
    Slot,
    Terms,
    What,
    expand,
    known_slots,
    live,
    plan_owed,
)
from registry.notices import withdraw
from registry.tables import AttemptNotice, Duty, Extension, Notice, Task
from registry.types import DutyState, NoticeKind, NoticeState

# Why a duty is cancelled when its directive was imported anew.
NOT_OWED = "văn bản đã được sửa, không còn yêu cầu việc này"


def revise(session: Session, terms: Terms, task_ids: Iterable[int]) -> Expansion:
    """Bring the duties of changed tasks in line with them."""
    tasks = live(session, task_ids)
    mine = col(Duty.task_id).in_([task.id for task, _directive in tasks])
    duties = session.exec(select(Duty).where(mine).order_by(col(Duty.due_on))).all()
    until = max([terms.until, *(duty.due_on for duty in duties)])
    plan = plan_owed(session, tasks, terms, until)
    missing = plan.missing(known_slots(session, tasks))
    _follow(session, _loose(duties, plan, missing), plan, {task.id or 0: task for task, _ in tasks})
    granted = granted_days(session, duties)
    changes = []
    for duty in (each for each in duties if each.state is not DutyState.DONE):
        change = _revised(duty, plan.wanted(duty), granted.get(duty.id or 0), terms)
        if change is not None:
            changes.append(change)
            duty.since, duty.plan_due = terms.now, True
            forget(session, duty, terms.now)
    session.flush()
    return _counted(changes) + expand(session, terms, task_ids)


def _revised(
    duty: Duty, wanted: Owed | None, granted: date | None, terms: Terms
) -> DutyChange | None:
    before, was = duty.due_on, duty.state
    changed = _cancel(duty, terms.now) if wanted is None else _move(duty, wanted, granted)
    if not changed:
        return None
    back = was is DutyState.CANCELLED
    what: What = "cancelled" if wanted is None else "reopened" if back else "moved"
    return DutyChange(duty.number, duty.agency_id, what, before, duty.due_on)


def _counted(changes: Sequence[DutyChange]) -> Expansion:
    counts = Counter(one.what for one in changes)
    return Expansion(
        moved=counts["moved"],
        cancelled=counts["cancelled"],
        reopened=counts["reopened"],
        changes=tuple(changes),
    )


def _cancel(duty: Duty, now: datetime) -> bool:
    if duty.state is DutyState.CANCELLED:
        return False
    duty.state, duty.closed_at, duty.closed_note = DutyState.CANCELLED, now, NOT_OWED
    return True


def _move(duty: Duty, owed: Owed, granted: date | None) -> bool:
    before = (duty.state, duty.due_on, duty.due_time)
    kept = duty.due_on if duty.due_on != duty.first_due_on else date.min
    if duty.state is DutyState.CANCELLED:
        duty.state, duty.closed_at, duty.closed_note = DutyState.OPEN, None, ""
    duty.opens_on, duty.due_time, duty.first_due_on = owed.opens_on, owed.due_time, owed.due_on
    # A day granted once is never shortened by a correction.
    duty.due_on = max(owed.due_on, granted or kept)
    return before != (duty.state, duty.due_on, duty.due_time)


def granted_days(session: Session, duties: Sequence[Duty]) -> dict[int, date]:
    """The day granted last, by duty."""
    rows = session.exec(
        select(Extension)
        .join(Duty, col(Duty.id) == col(Extension.duty_id))
        .where(col(Duty.task_id).in_({duty.task_id for duty in duties}))
        .where(col(Extension.new_due_on).is_not(None))
        .order_by(col(Extension.request_id))
    )
    return {row.duty_id: row.new_due_on for row in rows if row.new_due_on is not None}


# --- A corrected day -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Ends:
    """What one agency owes for one task and is not stored so (`missing`), and what is stored and
    not owed so (`left`), both in order of their days."""

    left: list[Duty]
    missing: list[Slot]


def _follow(
    session: Session,
    loose: Mapping[tuple[int, int], _Ends],
    plan: Plan,
    tasks: Mapping[int, Task],
) -> None:
    """A deadline that comes once keeps its duty, done or open, when its day is corrected: its
    period is named by that day, and a new duty in its place would undo what was reported."""
    for (task_id, _agency), ends in loose.items():
        task = tasks.get(task_id)
        once = task is not None and task.rule and comes_once(rule_from_json(task.rule))
        if not once or len(ends.left) != len(ends.missing):
            continue
        for duty, slot in zip(ends.left, ends.missing, strict=True):
            duty.period = slot.period
            if duty.state is DutyState.DONE:
                _done_by(duty, plan.owed[slot])
    session.flush()


def comes_once(rule: Rule) -> bool:
    """Whether the rule names days one by one, or counts from a day that comes once."""
    if isinstance(rule, AnyOf):
        return all(comes_once(each) for each in rule.rules)
    return isinstance(rule, (Fixed, Once, Relative))


def _done_by(duty: Duty, owed: Owed) -> None:
    """The corrected day, unless that would make late what was done in time."""
    duty.first_due_on = owed.due_on
    if duty.done_on is None or duty.done_on <= owed.due_on:
        duty.due_on = owed.due_on


def _loose(
    duties: Sequence[Duty], plan: Plan, missing: Mapping[Slot, Owed]
) -> dict[tuple[int, int], _Ends]:
    ends: dict[tuple[int, int], _Ends] = defaultdict(lambda: _Ends([], []))
    for slot in sorted(missing, key=lambda one: missing[one].due_on):
        ends[slot.task_id, slot.agency_id].missing.append(slot)
    left: dict[tuple[int, int], list[Duty]] = defaultdict(list)
    for duty in duties:
        place = (duty.task_id, duty.agency_id)
        if place in ends and plan.wanted(duty) is None:
            left[place].append(duty)
    for place, found in left.items():
        standing = [duty for duty in found if duty.state is not DutyState.CANCELLED]
        ends[place].left.extend(standing or found)
    return ends


def forget(session: Session, duty: Duty, now: datetime) -> None:
    """Reminders of the old day that never began to go out are deleted, so that they can be planned
    again should the day come back; the others are withdrawn."""
    tried = select(AttemptNotice.notice_id).where(col(AttemptNotice.notice_id) == col(Notice.id))
    fresh = delete(Notice).where(
        col(Notice.duty_id) == duty.id,
        col(Notice.kind).in_([NoticeKind.REMINDER, NoticeKind.URGE]),
        col(Notice.state) == NoticeState.QUEUED,
        ~tried.exists(),
    )
    session.connection().execute(fresh)
    withdraw(session, duty.id or 0, now, "revised")
