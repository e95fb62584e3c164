"""Column types that refuse what the design refuses, and the states rows can be in."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import DateTime, Dialect, String
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, stored in UTC and returned aware. Naive datetimes raise ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime refused: {value!r}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[StrEnum]):
    """A StrEnum kept as its text, so that the tables read well in any database tool."""

    impl = String(24)
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        return None if value is None else str(self.words(value))

    def process_result_value(self, value: Any, _dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words(value)


class Role(StrEnum):
    """What a subscription lets its holder see and do (design, section 1)."""

    FOCAL = "focal"
    OFFICER = "officer"
    LEADER = "leader"
    MEMBER = "member"
    STAFF = "staff"
    ADMIN = "admin"


class Part(StrEnum):
    """An agency's part in a task."""

    LEAD = "lead"
    COORDINATE = "coordinate"


class DutyKind(StrEnum):
    """deadline: owed by a day a directive names. update: a periodic word on a task without one."""

    DEADLINE = "deadline"
    UPDATE = "update"


class DutyState(StrEnum):
    """open -> done, or, where a result must be accepted, open -> submitted -> done. submitted: owed
    still, but by nobody of the agency: nobody is reminded or urged."""

    OPEN = "open"
    SUBMITTED = "submitted"
    DONE = "done"
    CANCELLED = "cancelled"


# Not done yet, whoever has to act next.
UNFINISHED = (DutyState.OPEN, DutyState.SUBMITTED)


class About(StrEnum):
    """Whose closed duties a cell of the tally counts."""

    AGENCY = "agency"
    TASK = "task"


class Span(StrEnum):
    """Which closed duties a cell of the tally counts: all there ever were, or those whose period
    opens, or that are due, in a month or on a day."""

    EVER = "ever"
    OPENS_MONTH = "opens-month"
    OPENS_DAY = "opens-day"
    DUE_MONTH = "due-month"
    DUE_DAY = "due-day"


class RequestKind(StrEnum):
    EXTENSION = "extension"
    ADMISSION = "admission"


class RequestState(StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"


class NoticeKind(StrEnum):
    """reminder, urge, completion, heartbeat: rendered from the facts of the moment they are sent,
    and folded into one message a contact. heartbeat: asks focal points whether they still are.
    answer, alert, part: carry their text. draft: so does the draft report of a deadline, which goes
    out on its evening. edit: rewrites a message."""

    REMINDER = "reminder"
    URGE = "urge"
    COMPLETION = "completion"
    HEARTBEAT = "heartbeat"
    ANSWER = "answer"
    ALERT = "alert"
    DRAFT = "draft"
    PART = "part"
    EDIT = "edit"


class NoticeState(StrEnum):
    """queued -> sending -> sent | queued again | uncertain | dead; withdrawn: no longer wanted;
    folded: an older step told within a newer one's message."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    DEAD = "dead"
    WITHDRAWN = "withdrawn"
    FOLDED = "folded"


class AttemptOutcome(StrEnum):
    """open: written before the call, not closed yet (or the process died within it)."""

    OPEN = "open"
    SENT = "sent"
    RETRY = "retry"
    UNCERTAIN = "uncertain"
    FAILED = "failed"


class InboundState(StrEnum):
    NEW = "new"
    HANDLED = "handled"
    IGNORED = "ignored"
    FAILED = "failed"


class UploadState(StrEnum):
    """new -> read, or refused (a person was told why)."""

    NEW = "new"
    READ = "read"
    REFUSED = "refused"


class ReviewState(StrEnum):
    OPEN = "open"
    STORED = "stored"
    DROPPED = "dropped"
