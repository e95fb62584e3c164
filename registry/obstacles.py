"""What becomes of a difficulty: taken by one of the staff, given a day, answered, raised again.
Each change is one function inside the caller's transaction and leaves an audit row.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from registry.audit import record
from registry.clock import local_day
from registry.people import Actor, Refused
from registry.tables import Agency, Duty, Obstacle, Person, Task
from registry.themes import Theme, theme_in
from registry.types import DutyState

# Staff are reminded again of an answer still owed after so long.
AGAIN_AFTER = timedelta(days=7)
# "Vẫn vướng" without a number means what was answered this lately.
FRESH = timedelta(days=30)
_NUMBER = re.compile(r"vm ?-? ?(\d{1,9})")


def label(obstacle: Obstacle) -> str:
    """What people type: "VM5" can be taken neither for a duty nor for a request."""
    return f"VM{obstacle.id}"


def number_in(flat: str) -> int | None:
    """The number of a folded "vm5", "VM 5"."""
    match = _NUMBER.fullmatch(flat.strip())
    return int(match[1]) if match is not None else None


def find(session: Session, obstacle_id: int) -> Obstacle | None:
    """The obstacle, locked for the change that follows."""
    return session.exec(select(Obstacle).where(Obstacle.id == obstacle_id)).first()


def begin(session: Session, obstacle: Obstacle, due_on: date | None) -> Theme:
    """Give a new obstacle its day (None: no clock) and the theme its words tell."""
    theme = theme_in(obstacle.text)
    obstacle.theme, obstacle.due_on = theme.key, due_on
    session.add(obstacle)
    return theme


def take(session: Session, obstacle: Obstacle, actor: Actor, now: datetime) -> bool:
    """One of the staff sees to it; False if they did already. Another may take it over."""
    _must_be_open(obstacle)
    if obstacle.owner_id == actor.person_id:
        return False
    before, obstacle.owner_id = obstacle.owner_id, actor.person_id
    session.add(obstacle)
    record(
        session, now, "obstacle.taken", label(obstacle), actor.person_id, actor.name, before=before
    )  # fmt: skip
    return True


def set_theme(
    session: Session, obstacle: Obstacle, theme: Theme, actor: Actor, now: datetime
) -> None:
    """A person says what it is about."""
    before, obstacle.theme = obstacle.theme, theme.key
    session.add(obstacle)
    record(
        session, now, "obstacle.theme", label(obstacle), actor.person_id, actor.name,
        before=before, theme=theme.key,
    )  # fmt: skip


def answer(session: Session, obstacle: Obstacle, actor: Actor, words: str, now: datetime) -> None:
    """Close it with an answer; whoever answers has taken it. Earlier answers stay before this
    one, which then begins with its day."""
    _must_be_open(obstacle)
    if obstacle.resolution:
        obstacle.resolution = f"{obstacle.resolution}\n{_on(now)}{words}"
    else:
        obstacle.resolution = words
    obstacle.closed_at, obstacle.answered_by = now, actor.person_id
    obstacle.owner_id = obstacle.owner_id or actor.person_id
    session.add(obstacle)
    record(session, now, "obstacle.answered", label(obstacle), actor.person_id, actor.name)


def raise_again(
    session: Session, obstacle: Obstacle, actor: Actor, words: str, due_on: date | None,
    now: datetime,
) -> None:  # fmt: skip
    """The answer did not help: open again under its number, with a new day and what was added,
    each with the day it was said on.
    Raises Refused where it is open, or its duty is not."""
    duty = session.get_one(Duty, obstacle.duty_id)
    if obstacle.closed_at is None:
        raise Refused(f"Vướng mắc {label(obstacle)} đang được xử lý, chưa có câu trả lời.")
    if duty.state != DutyState.OPEN:
        raise Refused(f"Đầu việc {duty.number} không còn mở nên không nêu lại vướng mắc được.")
    if words:
        obstacle.text = f"{obstacle.text}\n{_on(now)}{words}"
    if obstacle.resolution and not _ON.match(obstacle.resolution):
        obstacle.resolution = f"{_on(obstacle.closed_at)}{obstacle.resolution}"
    obstacle.closed_at = obstacle.reminded_on = None
    obstacle.due_on = due_on
    session.add(obstacle)
    record(session, now, "obstacle.again", label(obstacle), actor.person_id, actor.name)


_ON = re.compile(r"Ngày \d{1,2}/\d{1,2}/\d{4}: ")


def _on(moment: datetime) -> str:
    """What is said later is told apart by its day."""
    day = local_day(moment)
    return f"Ngày {day.day}/{day.month}/{day.year}: "


def _must_be_open(obstacle: Obstacle) -> None:
    if obstacle.closed_at is not None:
        raise Refused(f"Vướng mắc {label(obstacle)} đã được trả lời.")


# -- what waits -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """An obstacle nobody has answered yet, with what a list says of it."""

    obstacle: Obstacle
    duty: Duty
    title: str
    agency: str
    owner: str


def waiting(session: Session) -> list[Waiting]:
    """Every open obstacle, the one whose answer is owed first at the front."""
    rows = session.exec(
        select(Obstacle, Duty, Task.title, Agency.name)
        .join(Duty, col(Duty.id) == col(Obstacle.duty_id))
        .join(Task, col(Task.id) == col(Duty.task_id))
        .join(Agency, col(Agency.id) == col(Duty.agency_id))
        .where(col(Obstacle.closed_at).is_(None), Duty.state != DutyState.CANCELLED)
    ).all()
    wanted = {each.owner_id for each, *_ in rows if each.owner_id is not None}
    named = session.exec(select(Person.id, Person.name).where(col(Person.id).in_(wanted))).all()
    names = dict(named)
    found = [
        Waiting(each, duty, title, agency, names.get(each.owner_id, ""))
        for each, duty, title, agency in rows
    ]
    return sorted(found, key=lambda row: (row.obstacle.due_on or date.max, row.obstacle.id or 0))


def open_of(session: Session, duty: Duty) -> list[Obstacle]:
    """What is unanswered of one duty, oldest first."""
    return list(
        session.exec(
            select(Obstacle)
            .where(Obstacle.duty_id == duty.id, col(Obstacle.closed_at).is_(None))
            .order_by(col(Obstacle.id))
        ).all()
    )


def answered_lately(session: Session, actor: Actor, now: datetime) -> list[Obstacle]:
    """What this person raised and was answered within a month, the latest answer first."""
    return list(
        session.exec(
            select(Obstacle)
            .where(Obstacle.person_id == actor.person_id, col(Obstacle.closed_at) > now - FRESH)
            .order_by(col(Obstacle.closed_at).desc(), col(Obstacle.id).desc())
        ).all()
    )


def overdue(session: Session, now: datetime) -> list[Waiting]:
    """Answers whose day has passed and of which staff have not heard for a week; from now on they
    have."""
    today = local_day(now)
    found = []
    for row in waiting(session):
        due, told = row.obstacle.due_on, row.obstacle.reminded_on
        if due is not None and due < today and (told is None or told <= today - AGAIN_AFTER):
            row.obstacle.reminded_on = today
            session.add(row.obstacle)
            found.append(row)
    return found
