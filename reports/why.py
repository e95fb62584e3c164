"""One duty explained: where it comes from, how it was read, what was said to whom, what was
answered. The read model behind /visao."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from deadlines import WorkCalendar
from registry.clock import local_day
from registry.directive_changes import label
from registry.tables import (
    Attempt,
    AttemptNotice,
    AuditEvent,
    Completion,
    Contact,
    Directive,
    Duty,
    Extension,
    Notice,
    Obstacle,
    Person,
    Request,
    StoredFile,
    Task,
)
from registry.types import AttemptOutcome, DutyState, NoticeKind, NoticeState, RequestState
from reports.facts import DutyFacts, load_facts
from reports.oddities import oddities

TOLD = (NoticeKind.REMINDER, NoticeKind.URGE, NoticeKind.COMPLETION)

AnswerKind = Literal[
    "received", "done", "accepted", "undone", "returned", "obstacle", "answered", "extension"
]


@dataclass(frozen=True, slots=True)
class Planned:
    """A notice still to come: when, of what kind, to how many subscribers. `before`: calendar days
    from then to the due day (negative after it)."""

    at: datetime
    kind: NoticeKind
    before: int
    recipients: int


@dataclass(frozen=True, slots=True)
class Told:
    """A notice that went out. `to` names the person or the group. `certain` is False where the
    messenger never confirmed it."""

    at: datetime
    kind: NoticeKind
    to: str
    channel: str
    certain: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered. `day`: the day asked for or granted; `state` of an extension; `odd`:
    what is odd about the document; `files`: how many came with it."""

    at: datetime
    kind: AnswerKind
    by: str
    words: str = ""
    day: date | None = None
    state: RequestState | None = None
    odd: str = ""
    files: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """Where the file says so: the sentence, its line, and what lines count there ("dòng", "đoạn",
    "trang"); "" and None for what is not known."""

    text: str = ""
    line: int | None = None
    unit: str = "dòng"
    file: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the directive is still in force: when it ended, what took its place ("" if nothing),
    why the duty was cancelled ("" if it was not)."""

    ended_on: date | None = None
    replaced_by: str = ""
    closed_note: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """Everything /visao says of a duty; lists in order of time."""

    facts: DutyFacts
    source: Source
    planned: tuple[Planned, ...]
    told: tuple[Told, ...]
    answers: tuple[Answer, ...]
    force: Standing = Standing()


def load_why(session: Session, duty_id: int, today: date, calendar: WorkCalendar) -> Why | None:
    """The story of one duty; None where there is no such duty."""
    facts = load_facts(session, [duty_id], today, calendar).get(duty_id)
    if facts is None:
        return None
    answers = [
        *_received(session, facts),
        *_completions(session, duty_id),
        *_obstacles(session, duty_id),
        *_extensions(session, duty_id),
    ]
    return Why(
        facts=facts,
        source=_source(session, facts.task_id),
        planned=_planned(session, facts),
        told=_told(session, duty_id),
        answers=tuple(sorted(answers, key=lambda answer: answer.at)),
        force=_standing(session, duty_id, facts.task_id),
    )


def _standing(session: Session, duty_id: int, task_id: int) -> Standing:
    duty, task = session.get(Duty, duty_id), session.get(Task, task_id)
    directive = session.get(Directive, task.directive_id) if task else None
    if duty is None or directive is None:
        return Standing()
    later = session.get(Directive, directive.replaced_by) if directive.replaced_by else None
    return Standing(
        local_day(directive.ended_at) if directive.ended_at else None,
        label(later) if later is not None else "",
        duty.closed_note if duty.state is DutyState.CANCELLED else "",
    )


def _source(session: Session, task_id: int) -> Source:
    task = session.get(Task, task_id)
    directive = session.get(Directive, task.directive_id) if task else None
    if task is None or directive is None:
        return Source()
    unit = directive.unit or "dòng"
    return Source(task.source_text, task.source_line, unit, directive.source_name)


def _planned(session: Session, facts: DutyFacts) -> tuple[Planned, ...]:
    rows = session.connection().execute(
        select(col(Notice.due_at), col(Notice.kind), func.count())
        .where(
            col(Notice.duty_id) == facts.id,
            col(Notice.state).in_([NoticeState.QUEUED, NoticeState.SENDING]),
            col(Notice.kind).in_(TOLD),
        )
        .group_by(col(Notice.due_at), col(Notice.kind))
        .order_by(col(Notice.due_at), col(Notice.kind))
    )
    return tuple(
        Planned(at, kind, (facts.due_on - local_day(at)).days, count) for at, kind, count in rows
    )


def _told(session: Session, duty_id: int) -> tuple[Told, ...]:
    """Attempts that arrived, or may have; one line for each recipient and message."""
    rows = session.connection().execute(
        select(
            func.coalesce(col(Attempt.closed_at), col(Attempt.opened_at)),
            col(Notice.kind), col(Person.name), col(Contact.title), col(Contact.channel),
            col(Attempt.outcome),
        )
        .select_from(Notice)
        .join(AttemptNotice, col(AttemptNotice.notice_id) == col(Notice.id))
        .join(Attempt, col(Attempt.id) == col(AttemptNotice.attempt_id))
        .join(Contact, col(Contact.id) == col(Attempt.contact_id))
        .join(Person, col(Person.id) == col(Contact.person_id), isouter=True)
        .where(
            col(Notice.duty_id) == duty_id,
            col(Notice.kind).in_(TOLD),
            col(Attempt.outcome).in_([AttemptOutcome.SENT, AttemptOutcome.UNCERTAIN]),
            col(Notice.state) != NoticeState.FOLDED,
        )
        .group_by(col(Attempt.id), col(Notice.kind), col(Person.id), col(Contact.id))
        .order_by(col(Attempt.opened_at), col(Attempt.id))
    )  # fmt: skip
    return tuple(
        Told(at, kind, name or title or "", channel, outcome == AttemptOutcome.SENT)
        for at, kind, name, title, channel, outcome in rows
    )


def _received(session: Session, facts: DutyFacts) -> list[Answer]:
    rows = session.connection().execute(
        select(col(AuditEvent.at), col(Person.name))
        .join(Person, col(Person.id) == col(AuditEvent.person_id), isouter=True)
        .where(
            col(AuditEvent.what) == "duty.received",
            col(AuditEvent.subject) == str(facts.number),
        )
    )
    return [Answer(at, "received", name or "") for at, name in rows]


def _completions(session: Session, duty_id: int) -> list[Answer]:
    by, undone_by, accepted_by = aliased(Person), aliased(Person), aliased(Person)
    rows = session.connection().execute(
        select(Completion.__table__, col(by.name), col(undone_by.name), col(accepted_by.name))  # type: ignore[attr-defined]
        .join(by, col(by.id) == col(Completion.person_id), isouter=True)
        .join(undone_by, col(undone_by.id) == col(Completion.undone_by), isouter=True)
        .join(accepted_by, col(accepted_by.id) == col(Completion.accepted_by), isouter=True)
        .where(col(Completion.duty_id) == duty_id)
    )
    kept = _files(session, duty_id)
    answers = []
    for row in rows:
        done, (name, undoer, accepter) = row, row[-3:]
        evidence = "; ".join(filter(None, (done.document_number, done.note)))
        answers.append(
            Answer(
                done.at, "done", name or "", evidence, done.document_date,
                odd=oddities(done.flags), files=kept.get(done.id, 0),
            )
        )  # fmt: skip
        if done.accepted_at is not None:
            answers.append(Answer(done.accepted_at, "accepted", accepter or ""))
        if done.undone_at is not None:
            what: AnswerKind = "returned" if done.returned_for else "undone"
            answers.append(Answer(done.undone_at, what, undoer or "", done.returned_for))
    return answers


def _files(session: Session, duty_id: int) -> dict[int, int]:
    """How many files are kept with each report on the duty."""
    rows = session.connection().execute(
        select(col(StoredFile.completion_id), func.count())
        .join(Completion, col(Completion.id) == col(StoredFile.completion_id))
        .where(col(Completion.duty_id) == duty_id, col(StoredFile.expires_at).is_(None))
        .group_by(col(StoredFile.completion_id))
    )
    return {completion or 0: count for completion, count in rows}


def _obstacles(session: Session, duty_id: int) -> list[Answer]:
    by, answered_by = aliased(Person), aliased(Person)
    rows = session.connection().execute(
        select(
            col(Obstacle.at), col(Obstacle.text), col(Obstacle.closed_at),
            col(Obstacle.resolution), col(by.name), col(answered_by.name),
        )
        .join(by, col(by.id) == col(Obstacle.person_id), isouter=True)
        .join(answered_by, col(answered_by.id) == col(Obstacle.answered_by), isouter=True)
        .where(col(Obstacle.duty_id) == duty_id)
    )  # fmt: skip
    answers = []
    for at, text, closed_at, resolution, name, answerer in rows:
        answers.append(Answer(at, "obstacle", name or "", apart(text)))
        if closed_at is not None:
            answers.append(Answer(closed_at, "answered", answerer or "", apart(resolution)))
    return answers


def apart(text: str) -> str:
    """Words kept in lines, said one after the other on one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = lines[:1] + [
        re.sub(r"^(?:Ngày|Cơ) ", lambda m: m[0].lower(), each) for each in lines[1:]
    ]
    return "; ".join([line.rstrip(" .;,") for line in said[:-1]] + said[-1:])


def _with_decision(reason: str, decision: str) -> str:
    return f"{reason}\nCơ quan thường trực trả lời: {decision}" if decision else reason


def _extensions(session: Session, duty_id: int) -> list[Answer]:
    rows = session.connection().execute(
        select(
            col(Request.asked_at), col(Person.name), col(Extension.reason),
            func.coalesce(col(Extension.new_due_on), col(Extension.proposed_on)),
            col(Request.state), col(Extension.decision),
        )
        .select_from(Extension)
        .join(Request, col(Request.id) == col(Extension.request_id))
        .join(Person, col(Person.id) == col(Request.person_id), isouter=True)
        .where(col(Extension.duty_id) == duty_id)
    )  # fmt: skip
    return [
        Answer(at, "extension", name or "", apart(_with_decision(reason, decision)), day, state)
        for at, name, reason, day, state, decision in rows
    ]
