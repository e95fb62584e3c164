"""A directive ends, or a later one takes its place; what happens to its open duties is said by a
person: closed, carried to the later directive, or kept until they are done.

What is done stays done. Each change leaves audit rows, and returns what became of every duty, so
that the people concerned can be told.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from deadlines import rule_from_json
from registry.audit import record
from registry.carrying import carry
from registry.clock import local_day
from registry.duties import cancel
from registry.expand import DutyChange, Expansion, Terms, What
from registry.people import Actor, Refused
from registry.revise import comes_once, revise
from registry.tables import Directive, Duty, Task
from registry.types import DutyKind, DutyState

MERGED = "gộp vào đầu việc số "
_GONE = "nhiệm vụ không còn trong văn bản"


class Fate(StrEnum):
    """What becomes of open duties. close: cancelled by reference; move: carried to the matching
    tasks of the later directive; keep: owed until done, but no new periods."""

    CLOSE = "close"
    MOVE = "move"
    KEEP = "keep"


@dataclass(frozen=True)
class Outcome:
    """What ending a directive came to, duty by duty."""

    changes: tuple[DutyChange, ...] = ()

    def count(self, what: What) -> int:
        """How many duties this happened to."""
        return sum(one.what == what for one in self.changes)

    def of(self, what: What) -> tuple[DutyChange, ...]:
        return tuple(one for one in self.changes if one.what == what)


def label(directive: Directive) -> str:
    """How a directive is called in one line."""
    return directive.number or directive.title or directive.source_name or f"#{directive.id}"


# --- Ending --------------------------------------------------------------------------------------


def end(
    session: Session,
    directive: Directive,
    actor: Actor,
    now: datetime,
    *,
    note: str = "",
    fate: Fate = Fate.CLOSE,
) -> Outcome:
    """End a directive now. One that has ended but left duties open may be ended again to close
    them. Raises Refused where there is nothing to end."""
    if fate is Fate.MOVE:
        raise Refused("Chuyển việc sang văn bản khác thì cần nêu văn bản thay thế.")
    owed = _open_duties(session, directive)
    if directive.ended_at is not None and not (owed and fate is Fate.CLOSE):
        raise Refused(f"Văn bản {label(directive)} đã kết thúc từ ngày {_day(directive)}.")
    why = f"văn bản {label(directive)} đã kết thúc" + (f": {note}" if note else "")
    _close(session, directive, now, note)
    changes = _settle(session, owed, fate, why, now)
    _note(session, directive, "directive.ended", actor, now, changes, fate=fate, note=note)
    return Outcome(tuple(changes))


def replace(
    session: Session,
    old: Directive,
    new: Directive,
    actor: Actor,
    now: datetime,
    *,
    note: str = "",
    fate: Fate = Fate.CLOSE,
) -> Outcome:
    """A later directive takes the place of an earlier one now. With `move`, open duties go over
    under the numbers people know; what finds no place there is kept and reported.

    Raises Refused where the two cannot follow each other.
    """
    _check(old, new)
    _close(session, old, now, note)
    old.replaced_by = new.id
    session.add(old)
    changes: list[DutyChange] = []
    if fate is Fate.MOVE:
        changes += carry(session, old, new, now, merged=MERGED)
    owed = _open_duties(session, old)
    rest = Fate.KEEP if fate is Fate.MOVE else fate
    why = f"văn bản {label(old)} được thay bằng {label(new)}"
    changes += _settle(session, owed, rest, why, now)
    _note(session, old, "directive.replaced", actor, now, changes, fate=fate, by=new.id)
    return Outcome(tuple(changes))


def _check(old: Directive, new: Directive) -> None:
    if old.id == new.id:
        raise Refused(f"Văn bản {label(old)} không thể thay thế chính nó.")
    if old.ended_at is not None:
        raise Refused(f"Văn bản {label(old)} đã kết thúc từ ngày {_day(old)}.")
    if new.ended_at is not None:
        raise Refused(
            f"Văn bản {label(new)} đã kết thúc từ ngày {_day(new)} nên không thay thế được."
        )
    if old.issued_on and new.issued_on and new.issued_on < old.issued_on:
        raise Refused(
            f"Văn bản {label(new)} ban hành trước {label(old)}; hãy kiểm tra lại thứ tự hai số."
        )


def reopen(session: Session, directive: Directive, actor: Actor, terms: Terms) -> Expansion:
    """Take an ending back: what was cancelled with it is owed again. Raises Refused where its
    duties were carried to a later directive, which has them now."""
    if directive.ended_at is None:
        raise Refused(f"Văn bản {label(directive)} đang có hiệu lực.")
    mine = select(Duty).join(Task).where(Task.directive_id == directive.id)
    if session.exec(mine.where(col(Duty.closed_note).startswith(MERGED))).first() is not None:
        raise Refused(
            f"Việc của {label(directive)} đã chuyển sang văn bản thay thế nên không mở lại được."
        )
    directive.ended_at, directive.ended_note, directive.replaced_by = None, "", None
    session.add(directive)
    session.flush()
    tasks = select(Task.id).where(Task.directive_id == directive.id)
    found = revise(session, terms, [one or 0 for one in session.exec(tasks)])
    _note(session, directive, "directive.reopened", actor, terms.now, found.changes)
    return found


def end_tasks(
    session: Session, task_ids: Iterable[int], actor: Actor, now: datetime
) -> tuple[DutyChange, ...]:
    """Tasks that a corrected directive does not name any more end; what is done stays done."""
    changes: list[DutyChange] = []
    for task in session.exec(select(Task).where(col(Task.id).in_(list(task_ids)))).all():
        task.ended_at = now
        session.add(task)
        owed = session.exec(
            select(Duty).where(Duty.task_id == task.id, Duty.state == DutyState.OPEN)
        ).all()
        cancel(session, owed, _GONE, now)
        changes += [_change(duty, "cancelled") for duty in owed]
        record(
            session, now, "task.ended", f"task:{task.id}", actor.person_id, actor.name,
            duties=[duty.number for duty in owed],
        )  # fmt: skip
    session.flush()
    return tuple(changes)


# --- Parts ---------------------------------------------------------------------------------------


def _open_duties(session: Session, directive: Directive) -> Sequence[Duty]:
    return session.exec(
        select(Duty)
        .join(Task)
        .where(Task.directive_id == directive.id, Duty.state == DutyState.OPEN)
        .order_by(col(Duty.due_on), col(Duty.number))
    ).all()


def _close(session: Session, directive: Directive, now: datetime, note: str) -> None:
    directive.ended_at = directive.ended_at or now
    directive.ended_note = note or directive.ended_note
    session.add(directive)


def _settle(
    session: Session, owed: Sequence[Duty], fate: Fate, why: str, now: datetime
) -> list[DutyChange]:
    """Cancel what is not owed any more. Of what is kept, periods that have not begun are dropped:
    "until done" makes no new ones."""
    today = local_day(now)
    rules = _rules(session, owed)
    kept = [
        duty
        for duty in owed
        if fate is Fate.KEEP and _stays(duty, rules.get(duty.task_id, ""), today)
    ]
    here = {duty.id for duty in kept}
    dropped = [duty for duty in owed if duty.id not in here]
    cancel(session, dropped, why, now)
    return [
        *(_change(duty, "cancelled") for duty in dropped),
        *(_change(duty, "kept") for duty in kept),
    ]


def _stays(duty: Duty, rule: str, today: date) -> bool:
    if duty.opens_on <= today:
        return True
    return duty.kind is DutyKind.DEADLINE and bool(rule) and comes_once(rule_from_json(rule))


def _rules(session: Session, owed: Sequence[Duty]) -> dict[int, str]:
    ids = {duty.task_id for duty in owed}
    rows = session.exec(select(Task.id, Task.rule).where(col(Task.id).in_(ids)))
    return {task_id or 0: rule for task_id, rule in rows}


def _change(duty: Duty, what: What) -> DutyChange:
    return DutyChange(duty.number, duty.agency_id, what, duty.due_on, duty.due_on)


def _day(directive: Directive) -> str:
    return f"{local_day(directive.ended_at):%d/%m/%Y}" if directive.ended_at else ""


def _note(
    session: Session,
    directive: Directive,
    what: str,
    actor: Actor,
    now: datetime,
    changes: Iterable[DutyChange],
    **data: object,
) -> None:
    done: dict[str, list[int]] = {}
    for one in changes:
        done.setdefault(one.what, []).append(one.number)
    record(
        session, now, what, f"directive:{directive.id}", actor.person_id, actor.name,
        number=directive.number, duties=done, **data,
    )  # fmt: skip
