"""The tables. Moments are UTC (:class:`UtcDateTime`), days are dates in Asia/Ho_Chi_Minh.

Names are the design's vocabulary (docs/design.md, section 1). Every rule that keeps the data true
(what is unique, what points where) stands here and in the migrations, not in callers.
"""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from registry.types import (
    About,
    AttemptOutcome,
    DutyKind,
    DutyState,
    InboundState,
    NoticeKind,
    NoticeState,
    Part,
    RequestKind,
    RequestState,
    ReviewState,
    Role,
    Span,
    UploadState,
    UtcDateTime,
    Words,
)

SINCE_EVER = date(1900, 1, 1)


def _moment(**more: Any) -> Any:
    return Field(sa_type=UtcDateTime, **more)


def _maybe_moment() -> Any:
    return Field(default=None, sa_type=UtcDateTime, nullable=True)


def _where(condition: str, sqlite: str = "") -> dict[str, Any]:
    """A partial index. SQLite uses it only where its condition is worded as the query's is."""
    return {"sqlite_where": text(sqlite or condition), "postgresql_where": text(condition)}


class Agency(SQLModel, table=True):
    """Cơ quan, đơn vị. `key` is the folded name. Names are used again after a merger, so a name is
    unique only together with the day it is valid from."""

    __table_args__ = (UniqueConstraint("key", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    name: str
    key: str = Field(index=True)
    level: str = ""
    valid_from: date = SINCE_EVER
    valid_to: date | None = None
    created_at: datetime = _moment()


class AgencyAlias(SQLModel, table=True):
    """Another spelling of an agency's name ("Sở TT&TT"), folded in `key`."""

    __table_args__ = (UniqueConstraint("agency_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    agency_id: int = Field(foreign_key="agency.id", ondelete="CASCADE")
    alias: str
    key: str = Field(index=True)


class Succession(SQLModel, table=True):
    """Kế thừa: who takes over from an agency that ended: one after a merger, more after a split.
    `main`: of several, the one that takes over whatever is not given to another by name.
    `applied_at`: since when it has been carried out."""

    agency_id: int = Field(foreign_key="agency.id", primary_key=True, ondelete="CASCADE")
    successor_id: int = Field(
        foreign_key="agency.id", primary_key=True, index=True, ondelete="CASCADE"
    )
    main: bool = False
    applied_at: datetime | None = _maybe_moment()


class Inheritance(SQLModel, table=True):
    """Giao lại: who, by a person's word, takes over one task of an agency that ended."""

    task_id: int = Field(foreign_key="task.id", primary_key=True, ondelete="CASCADE")
    agency_id: int = Field(foreign_key="agency.id", primary_key=True, ondelete="CASCADE")
    successor_id: int = Field(foreign_key="agency.id", ondelete="CASCADE")


class Renaming(SQLModel, table=True):
    """Đổi tên: an agency bears `new_name` from `day` on; both names go on meaning it. `applied_at`:
    since when it stands so in the list."""

    id: int | None = Field(default=None, primary_key=True)
    agency_id: int = Field(foreign_key="agency.id", index=True, ondelete="CASCADE")
    old_name: str
    new_name: str
    day: date
    applied_at: datetime | None = _maybe_moment()


class AgencyGroup(SQLModel, table=True):
    """Khối ("các sở, ban, ngành cấp tỉnh")."""

    id: int | None = Field(default=None, primary_key=True)
    name: str
    key: str = Field(unique=True)


class AgencyGroupMember(SQLModel, table=True):
    group_id: int = Field(foreign_key="agencygroup.id", primary_key=True, ondelete="CASCADE")
    agency_id: int = Field(
        foreign_key="agency.id", primary_key=True, index=True, ondelete="CASCADE"
    )


class Directive(SQLModel, table=True):
    """Văn bản chỉ đạo. `key` makes the import idempotent: the folded number, or the source's hash
    where the number is blank. Duties are owed only for due days from `owed_from` to `owed_until`,
    where these are set: a yearly plan ends with its year, an old directive may come in late.
    `unit`: what the source lines of its tasks count ("dòng", "đoạn", …). `replaced_by`: the later
    directive that took its place. `leader_after`, `member_after`, `staff_after`: its own ladder of
    urging, in working days overdue (0: never; None: as the settings have it). `acceptance`: a
    report of completion waits until staff confirm the result."""

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    number: str = ""
    kind: str = ""
    title: str = ""
    issuer: str = ""
    issued_on: date | None = None
    signer: str = ""
    source_name: str = ""
    unit: str = ""
    owed_from: date | None = None
    owed_until: date | None = None
    created_at: datetime = _moment()
    ended_at: datetime | None = _maybe_moment()
    ended_note: str = ""
    replaced_by: int | None = Field(default=None, foreign_key="directive.id")
    acceptance: bool = False
    leader_after: int | None = None
    member_after: int | None = None
    staff_after: int | None = None


class Citation(SQLModel, table=True):
    """Văn bản được viện dẫn: a document a directive names; `cited_id` once it is known here."""

    id: int | None = Field(default=None, primary_key=True)
    directive_id: int = Field(foreign_key="directive.id", index=True, ondelete="CASCADE")
    number: str
    kind: str = ""
    issued_on: date | None = None
    line: int | None = None
    cited_id: int | None = Field(
        default=None, foreign_key="directive.id", index=True, ondelete="SET NULL"
    )


class Task(SQLModel, table=True):
    """Nhiệm vụ: one thing a directive orders. `deadline_text` is the phrase as written, `rule` its
    reading as versioned JSON ("" where no day can be computed), `kind` the kind of deadline,
    `source_text` the sentence it comes from. `former`: keys it bore before its wording was
    corrected, parted by spaces. `acceptance`: as in :class:`Directive`; None: as that has it."""

    __table_args__ = (UniqueConstraint("directive_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    directive_id: int = Field(foreign_key="directive.id", index=True, ondelete="CASCADE")
    key: str
    position: int = 0
    section: str = ""
    ordinal: str = ""
    title: str = Field(sa_type=Text)
    deliverable: str = Field(default="", sa_type=Text)
    deadline_text: str = ""
    kind: str = ""
    rule: str = Field(default="", sa_type=Text)
    lead_text: str = Field(default="", sa_type=Text)
    coordinate_text: str = Field(default="", sa_type=Text)
    send_to: str = Field(default="", sa_type=Text)
    source_line: int | None = None
    source_text: str = Field(default="", sa_type=Text)
    former: str = Field(default="", sa_type=Text)
    acceptance: bool | None = None
    created_at: datetime = _moment()
    ended_at: datetime | None = _maybe_moment()


class TaskAgency(SQLModel, table=True):
    """Who leads and who coordinates. `via_group`: named only as a member of a group. The database's
    own triggers keep `waiting` (leads it, in force, and has no duty of it) and `ongoing` (leads it,
    in force, and it never ends); they are to be asked for, not to be written."""

    __table_args__ = (
        Index("ix_taskagency_waiting", "agency_id", "task_id", "waiting",
              **_where("waiting", sqlite="waiting = 1")),
        Index("ix_taskagency_ongoing", "agency_id", "task_id", "ongoing",
              **_where("ongoing", sqlite="ongoing = 1")),
    )  # fmt: skip

    task_id: int = Field(foreign_key="task.id", primary_key=True, ondelete="CASCADE")
    agency_id: int = Field(foreign_key="agency.id", primary_key=True, index=True)
    part: Part = Field(sa_type=Words(Part), primary_key=True)
    via_group: bool = False
    waiting: bool = False
    ongoing: bool = False


class Duty(SQLModel, table=True):
    """Đầu việc: what one agency owes for one period of one task.

    `number` is what people type. `period` is the stable key of the occurrence ("2026-Q3", a day).
    `opens_on`: the first day the period concerns (figures count a duty from then on).
    `due_on`: last on-time day; moves with an extension while `first_due_on` stays. `done_on`: the
    day a completion counts from. `since`: from when notices are owed (made, reopened or extended).
    `plan_due`: something changed, its notices must be planned anew. `closed_note`: why it was
    cancelled. `former_agency_id`: the agency the directive gave it to, where that one has ended and
    another owes it now. `reacted`: the agency has said anything about it: "đã nhận", an obstacle,
    an extension asked, a report of completion, even one taken back; kept by the database's own
    triggers, which also count in :class:`Tally` what is done: a migration never makes this table
    anew without them.
    """

    __table_args__ = (
        UniqueConstraint("task_id", "agency_id", "period"),
        Index("ix_duty_open_due", "due_on", "number", "kind", "agency_id", "opens_on", "state",
              **_where("state = 'open'")),
        # All that the figures of a directive's tasks, and of an agency, are counted from.
        Index("ix_duty_task", "task_id", "state", "kind", "agency_id", "opens_on", "due_on",
              "done_on", "reacted"),
        Index("ix_duty_agency", "agency_id", "state", "kind", "task_id", "opens_on", "due_on"),
        # All that is counted of open duties, of whom and of what they are.
        Index("ix_duty_open_agency", "kind", "agency_id", "opens_on", "due_on", "reacted",
              "task_id", "state", **_where("state = 'open'")),
        Index("ix_duty_open_task", "kind", "task_id", "opens_on", "due_on", "reacted", "state",
              **_where("state = 'open'")),
        Index("ix_duty_submitted", "kind", "agency_id", "opens_on", "due_on", "task_id", "state",
              **_where("state = 'submitted'")),
        Index("ix_duty_former", "former_agency_id", **_where("former_agency_id IS NOT NULL")),
        Index("ix_duty_plan_due", "id", **_where("plan_due", sqlite="plan_due = 1")),
    )  # fmt: skip

    id: int | None = Field(default=None, primary_key=True)
    number: int = Field(unique=True)
    task_id: int = Field(foreign_key="task.id", ondelete="CASCADE")
    agency_id: int = Field(foreign_key="agency.id")
    former_agency_id: int | None = Field(default=None, foreign_key="agency.id")
    kind: DutyKind = Field(default=DutyKind.DEADLINE, sa_type=Words(DutyKind))
    period: str
    opens_on: date
    due_on: date
    due_time: time | None = None
    first_due_on: date
    state: DutyState = Field(default=DutyState.OPEN, sa_type=Words(DutyState))
    received_at: datetime | None = _maybe_moment()
    reacted: bool = False
    done_on: date | None = None
    closed_at: datetime | None = _maybe_moment()
    closed_note: str = Field(default="", sa_type=Text)
    plan_due: bool = True
    since: datetime = _moment()
    created_at: datetime = _moment()


class Tally(SQLModel, table=True):
    """Sổ đếm: how many done duties of one kind an agency or a task has, by the days `span` speaks
    of; `first_on`: the first of these days. Tasks count duties with a day only. Kept by triggers on
    :class:`Duty`; `registry/tally.py` counts anew."""

    __table_args__ = {"sqlite_with_rowid": False}

    about: About = Field(sa_type=Words(About), primary_key=True)
    span: Span = Field(sa_type=Words(Span), primary_key=True)
    first_on: date = Field(primary_key=True)
    about_id: int = Field(primary_key=True)
    kind: DutyKind = Field(sa_type=Words(DutyKind), primary_key=True)
    on_time: int = 0
    late: int = 0


class Person(SQLModel, table=True):
    """Cán bộ. The least that delivery needs: a name and the consent given, with the version of the
    text consented to. Erasing blanks the name and keeps the row for the record's integrity."""

    id: int | None = Field(default=None, primary_key=True)
    name: str
    consent_at: datetime | None = _maybe_moment()
    consent_version: str = ""
    created_at: datetime = _moment()
    erased_at: datetime | None = _maybe_moment()


class Contact(SQLModel, table=True):
    """Địa chỉ nhận tin: one chat on one channel. `person_id` is None for a group. `rank` orders a
    person's contacts, lowest first. `closed_at`: the messenger says nothing can be delivered."""

    __table_args__ = (UniqueConstraint("channel", "address"),)

    id: int | None = Field(default=None, primary_key=True)
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    channel: str
    address: str
    chat_kind: str = "private"
    title: str = ""
    rank: int = 0
    created_at: datetime = _moment()
    closed_at: datetime | None = _maybe_moment()
    closed_reason: str = ""
    last_inbound_at: datetime | None = _maybe_moment()


class Subscription(SQLModel, table=True):
    """Đăng ký: a person, or a group chat, for an agency (None: the whole committee) in a role.

    `leads`: extra lead times in working days, as "15,3" (the mandatory ones always stay).
    `quiet_from`/`quiet_to`: local hours in which nothing but a last-day reminder comes.
    `since`: from when notices are owed to it. `plan_due` as in :class:`Duty`. `briefs`: whether its
    holder wants the weekly brief.
    """

    __table_args__ = (
        Index("ix_subscription_plan_due", "id", **_where("plan_due", sqlite="plan_due = 1")),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    contact_id: int | None = Field(default=None, foreign_key="contact.id", index=True)
    agency_id: int | None = Field(default=None, foreign_key="agency.id", index=True)
    role: Role = Field(sa_type=Words(Role))
    leads: str = ""
    quiet_from: time | None = None
    quiet_to: time | None = None
    plan_due: bool = True
    briefs: bool = True
    since: datetime = _moment()
    ended_at: datetime | None = _maybe_moment()


class HandOver(SQLModel, table=True):
    """Bàn giao: whoever uses the invite takes the place of `person_id` at the agency. `started_by`
    gave the code: the old holder, or one of the staff, which is the consent on record. `ended` and
    `made`: the subscriptions that ended and began with it, as "3,4"; staff may undo it."""

    id: int | None = Field(default=None, primary_key=True)
    invite_id: int = Field(foreign_key="invite.id", unique=True)
    agency_id: int = Field(foreign_key="agency.id", index=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    started_by: int | None = Field(default=None, foreign_key="person.id")
    started_at: datetime = _moment()
    taken_by: int | None = Field(default=None, foreign_key="person.id")
    done_at: datetime | None = _maybe_moment()
    ended: str = ""
    made: str = ""
    undone_at: datetime | None = _maybe_moment()
    undone_by: int | None = Field(default=None, foreign_key="person.id")


class Absence(SQLModel, table=True):
    """Vắng mặt: `person_id` is away from the agency from `first_on` to `last_on`, both included;
    `deputy_id` hears the reminders of those days. Cut short, it keeps the days that were."""

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    agency_id: int = Field(foreign_key="agency.id", index=True)
    deputy_id: int | None = Field(default=None, foreign_key="person.id")
    first_on: date
    last_on: date
    created_at: datetime = _moment()
    ended_at: datetime | None = _maybe_moment()


class Invite(SQLModel, table=True):
    """Mã mời: only the code's hash is kept. With `person_id` it binds one more contact of somebody
    who is bound already."""

    id: int | None = Field(default=None, primary_key=True)
    code_hash: str = Field(unique=True)
    agency_id: int | None = Field(default=None, foreign_key="agency.id")
    role: Role = Field(sa_type=Words(Role))
    person_id: int | None = Field(default=None, foreign_key="person.id")
    created_by: int | None = Field(default=None, foreign_key="person.id")
    created_at: datetime = _moment()
    expires_at: datetime = _moment()
    used_at: datetime | None = _maybe_moment()
    used_by: int | None = Field(default=None, foreign_key="contact.id")


class Completion(SQLModel, table=True):
    """Báo xong. Undone ones stay, with who took them back and when. `returned_for`: why staff gave
    it back ("" where the one who reported took it back). `accepted_at`: staff confirmed the result,
    where the task needs that. `flags`: what is odd about the document (registry/proof.py), as
    "form,suffix"; told, never refused."""

    id: int | None = Field(default=None, primary_key=True)
    duty_id: int = Field(foreign_key="duty.id", index=True, ondelete="CASCADE")
    person_id: int | None = Field(default=None, foreign_key="person.id")
    channel: str = ""
    at: datetime = _moment()
    document_number: str = ""
    document_date: date | None = None
    note: str = Field(default="", sa_type=Text)
    flags: str = ""
    accepted_at: datetime | None = _maybe_moment()
    accepted_by: int | None = Field(default=None, foreign_key="person.id")
    undone_at: datetime | None = _maybe_moment()
    undone_by: int | None = Field(default=None, foreign_key="person.id")
    returned_for: str = Field(default="", sa_type=Text)


class Obstacle(SQLModel, table=True):
    """Vướng mắc raised on a duty; people type its id as "VM5". `owner_id`: who of the staff has
    taken it. `due_on`: by when an answer is owed; `reminded_on`: when staff last heard that the day
    has passed. `theme`: a key of registry/themes.py. `resolution`: every answer given, the oldest
    first; an obstacle raised again stays this one."""

    id: int | None = Field(default=None, primary_key=True)
    duty_id: int = Field(foreign_key="duty.id", index=True, ondelete="CASCADE")
    person_id: int | None = Field(default=None, foreign_key="person.id")
    text: str = Field(sa_type=Text)
    at: datetime = _moment()
    theme: str = ""
    owner_id: int | None = Field(default=None, foreign_key="person.id")
    due_on: date | None = None
    reminded_on: date | None = None
    closed_at: datetime | None = _maybe_moment()
    answered_by: int | None = Field(default=None, foreign_key="person.id")
    resolution: str = Field(default="", sa_type=Text)


class Request(SQLModel, table=True):
    """Something staff must decide; its id is the number they type ("duyệt 12")."""

    __table_args__ = (Index("ix_request_asked", "id", **_where("state = 'asked'")),)

    id: int | None = Field(default=None, primary_key=True)
    kind: RequestKind = Field(sa_type=Words(RequestKind))
    state: RequestState = Field(default=RequestState.ASKED, sa_type=Words(RequestState))
    contact_id: int = Field(foreign_key="contact.id", index=True)
    person_id: int | None = Field(default=None, foreign_key="person.id")
    asked_at: datetime = _moment()
    decided_at: datetime | None = _maybe_moment()
    decided_by: int | None = Field(default=None, foreign_key="person.id")


class Extension(SQLModel, table=True):
    """Gia hạn: the old day is kept beside the proposed and the granted one. `reason`: why it was
    asked for; `decision`: what staff said when they decided."""

    request_id: int = Field(foreign_key="request.id", primary_key=True, ondelete="CASCADE")
    duty_id: int = Field(foreign_key="duty.id", index=True, ondelete="CASCADE")
    reason: str = Field(default="", sa_type=Text)
    decision: str = Field(default="", sa_type=Text)
    old_due_on: date
    proposed_on: date
    new_due_on: date | None = None


class Admission(SQLModel, table=True):
    """A wish to subscribe without an invite."""

    request_id: int = Field(foreign_key="request.id", primary_key=True, ondelete="CASCADE")
    agency_id: int = Field(foreign_key="agency.id")
    role: Role = Field(sa_type=Words(Role))
    name: str = ""


class Notice(SQLModel, table=True):
    """Tin báo: one thing to tell one subscription or contact at one moment. The outbox.

    `key` makes planning idempotent. `due_at`: when it should go out; `next_at`: when it may be
    claimed (later, after a failure). `tries` counts attempts, `uncertain` those of them
    whose answer never came. `payload`: JSON of what is not derived at sending.
    """

    __table_args__ = (
        Index("ix_notice_queue", "next_at", **_where("state = 'queued'")),
        # What carries its own words, and not what planning puts in by the hundred thousand.
        Index("ix_notice_own_text", "next_at", **_where("state = 'queued' AND payload <> ''")),
        Index("ix_notice_contact_id", "contact_id", **_where("contact_id IS NOT NULL")),
        Index("ix_notice_to_forget", "closed_at", **_where("payload <> ''")),
        Index("ix_notice_lease", "lease_until", **_where("state = 'sending'")),
        Index("ix_notice_duty", "duty_id", "kind", "state"),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    kind: NoticeKind = Field(sa_type=Words(NoticeKind))
    step: str = ""
    duty_id: int | None = Field(default=None, foreign_key="duty.id", ondelete="CASCADE")
    subscription_id: int | None = Field(default=None, foreign_key="subscription.id", index=True)
    contact_id: int | None = Field(default=None, foreign_key="contact.id")
    due_at: datetime = _moment()
    next_at: datetime = _moment()
    state: NoticeState = Field(default=NoticeState.QUEUED, sa_type=Words(NoticeState))
    lease_until: datetime | None = _maybe_moment()
    tries: int = 0
    uncertain: int = 0
    payload: str = Field(default="", sa_type=Text)
    reason: str = ""
    closed_at: datetime | None = _maybe_moment()


class Attempt(SQLModel, table=True):
    """Lần gửi: opened before the network call, closed after. Keeps the text sent and the
    messenger's message id, so that a reply finds its duties."""

    __table_args__ = (
        Index("ix_attempt_message", "contact_id", "message_id"),
        Index("ix_attempt_told", "contact_id", "opened_at", "outcome"),
        Index("ix_attempt_open", "opened_at", **_where("outcome = 'open'")),
        Index("ix_attempt_to_forget", "closed_at", **_where("text <> ''")),
    )

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id")
    opened_at: datetime = _moment()
    closed_at: datetime | None = _maybe_moment()
    outcome: AttemptOutcome = Field(default=AttemptOutcome.OPEN, sa_type=Words(AttemptOutcome))
    repeat: bool = False
    text: str = Field(sa_type=Text)
    message_id: str = ""
    error: str = ""


class AttemptNotice(SQLModel, table=True):
    attempt_id: int = Field(foreign_key="attempt.id", primary_key=True, ondelete="CASCADE")
    notice_id: int = Field(
        foreign_key="notice.id", primary_key=True, index=True, ondelete="CASCADE"
    )


class Inbound(SQLModel, table=True):
    """Tin đến: stored before it is handled. `raw` is blanked some days after handling."""

    __table_args__ = (
        UniqueConstraint("channel", "update_key"),
        Index("ix_inbound_new", "id", **_where("state = 'new'")),
        Index("ix_inbound_sender", "channel", "sender", "received_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    channel: str
    update_key: str
    sender: str = ""
    raw: str = Field(default="", sa_type=Text)
    received_at: datetime = _moment()
    state: InboundState = Field(default=InboundState.NEW, sa_type=Words(InboundState))
    handled_at: datetime | None = _maybe_moment()
    tries: int = 0
    outcome: str = ""


class Question(SQLModel, table=True):
    """What the bot asked one person in one chat and still waits for; `kind` names who reads the
    answer, `data` is its JSON. One at a time; a new one replaces it; expires."""

    contact_id: int = Field(foreign_key="contact.id", primary_key=True, ondelete="CASCADE")
    sender: str = Field(default="", primary_key=True)
    kind: str
    data: str = Field(default="{}", sa_type=Text)
    expires_at: datetime = _moment()


class Upload(SQLModel, table=True):
    """Tệp hoặc văn bản dán đến: fetched and read outside any transaction, then reviewed. `ref` is
    the messenger's handle on a file, `text` what was pasted; both are blanked once read."""

    __table_args__ = (Index("ix_upload_new", "id", **_where("state = 'new'")),)

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", ondelete="CASCADE")
    person_id: int | None = Field(default=None, foreign_key="person.id")
    purpose: str = ""
    subject: str = ""
    name: str = ""
    ref: str = Field(default="", sa_type=Text)
    text: str = Field(default="", sa_type=Text)
    size: int | None = None
    state: UploadState = Field(default=UploadState.NEW, sa_type=Words(UploadState))
    tries: int = 0
    at: datetime = _moment()
    next_at: datetime = _moment()


class Review(SQLModel, table=True):
    """Bản soát: a directive as read and corrected so far, before anything of it is stored. `source`
    is the JSON of `intake.source.Source`, `terms` what a person said of the directive besides,
    `marks` the lines that were looked at. `person_id`: who holds it now."""

    __table_args__ = (Index("ix_review_open", "id", **_where("state = 'open'")),)

    id: int | None = Field(default=None, primary_key=True)
    name: str
    state: ReviewState = Field(default=ReviewState.OPEN, sa_type=Words(ReviewState))
    person_id: int | None = Field(default=None, foreign_key="person.id")
    source: str = Field(sa_type=Text)
    terms: str = Field(default="{}", sa_type=Text)
    undo: str = Field(default="[]", sa_type=Text)
    opened_at: datetime = _moment()
    changed_at: datetime = _moment()
    closed_at: datetime | None = _maybe_moment()
    directive_id: int | None = Field(default=None, foreign_key="directive.id", ondelete="SET NULL")


class StoredFile(SQLModel, table=True):
    """Tệp: bytes kept under the data folder as `path`, for a message to carry or a link to serve
    until `expires_at`. `person_id`: whose it is, erased with them."""

    id: int | None = Field(default=None, primary_key=True)
    name: str
    media_type: str
    path: str = Field(unique=True)
    size: int
    digest: str = ""
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    completion_id: int | None = Field(
        default=None, foreign_key="completion.id", index=True, ondelete="SET NULL"
    )
    created_at: datetime = _moment()
    expires_at: datetime | None = _maybe_moment()


class CalendarFeed(SQLModel, table=True):
    """Lịch: a subscribed calendar of a person or an agency; only its token's hash is kept."""

    id: int | None = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True)
    person_id: int | None = Field(
        default=None, foreign_key="person.id", index=True, ondelete="CASCADE"
    )
    agency_id: int | None = Field(
        default=None, foreign_key="agency.id", index=True, ondelete="CASCADE"
    )
    created_at: datetime = _moment()
    ended_at: datetime | None = _maybe_moment()


class Drawing(SQLModel, table=True):
    """Hình cần vẽ: a picture of figures somebody asked for, drawn outside any transaction. `asked`:
    what it is to show, as `reports.asking.Ask` spells it."""

    __table_args__ = (Index("ix_drawing_new", "id", **_where("done_at IS NULL")),)

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", ondelete="CASCADE")
    person_id: int | None = Field(default=None, foreign_key="person.id")
    asked: str
    tries: int = 0
    at: datetime = _moment()
    done_at: datetime | None = _maybe_moment()


class Board(SQLModel, table=True):
    """Bảng tình hình: one message in a chat that is rewritten while the figures change. `text`:
    what it shows now; `message_id`: "" until it has been sent; `shown_at`: when it was last sent or
    rewritten. `asked` as in :class:`Drawing`."""

    __table_args__ = (Index("ix_board_up", "id", **_where("ended_at IS NULL")),)

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", index=True, ondelete="CASCADE")
    person_id: int | None = Field(default=None, foreign_key="person.id")
    asked: str = ""
    text: str = Field(default="", sa_type=Text)
    message_id: str = ""
    pinned: bool = False
    shown_at: datetime = _moment()
    created_at: datetime = _moment()
    ended_at: datetime | None = _maybe_moment()


class Ranking(SQLModel, table=True):
    """Xếp hạng: a ranking of agencies that is to be published. `period`: a period's key; each
    agency sees its own lines on `preview_on`, everybody concerned all of them on `publish_on`."""

    __table_args__ = (
        Index(
            "ix_ranking_ahead",
            "id",
            **_where("published_at IS NULL AND cancelled_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    period: str
    preview_on: date
    publish_on: date
    person_id: int | None = Field(default=None, foreign_key="person.id")
    created_at: datetime = _moment()
    previewed_at: datetime | None = _maybe_moment()
    published_at: datetime | None = _maybe_moment()
    cancelled_at: datetime | None = _maybe_moment()


class Objection(SQLModel, table=True):
    """Ý kiến: what an agency says against its lines of a ranking that is not published yet."""

    id: int | None = Field(default=None, primary_key=True)
    ranking_id: int = Field(foreign_key="ranking.id", index=True, ondelete="CASCADE")
    agency_id: int = Field(foreign_key="agency.id")
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    text: str = Field(sa_type=Text)
    at: datetime = _moment()


class AuditEvent(SQLModel, table=True):
    """Nhật ký, append-only. `what` is a verb of the vocabulary ("duty.done"), `subject` an id.
    `digest` chains each row to the one before it (registry/audit.py); `actor` is outside the chain,
    because a person's name may have to be erased."""

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = _moment()
    person_id: int | None = Field(default=None, foreign_key="person.id")
    actor: str = ""
    what: str = Field(index=True)
    subject: str = Field(default="", index=True)
    data: str = Field(default="{}", sa_type=Text)
    digest: str = ""


class Mark(SQLModel, table=True):
    """Small facts the process leaves for itself and for `doctor`: when a tick last ran, ..."""

    name: str = Field(primary_key=True)
    value: str = ""
    at: datetime = _moment()
