"""A small builder: rows straight into a temporary database, for tests of the read models."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from deadlines.text import fold
from registry.audit import record
from registry.tables import (
    Agency,
    Attempt,
    AttemptNotice,
    Completion,
    Contact,
    Directive,
    Duty,
    Extension,
    Notice,
    Obstacle,
    Person,
    Request,
    Subscription,
    Task,
    TaskAgency,
)
from registry.types import (
    AttemptOutcome,
    DutyState,
    NoticeKind,
    NoticeState,
    Part,
    RequestKind,
    RequestState,
    Role,
)

START = datetime(2027, 1, 4, 1, tzinfo=UTC)


@dataclass
class Builder:
    """Makes rows with what a test names and something plausible for the rest."""

    session: Session
    now: datetime = START
    _next: dict[str, int] = field(default_factory=dict)

    def _number(self, what: str, first: int = 1) -> int:
        self._next[what] = self._next.get(what, first - 1) + 1
        return self._next[what]

    def _add(self, row: Any) -> Any:
        self.session.add(row)
        self.session.flush()
        return row

    def agency(self, name: str = "Sở Y tế", **more: Any) -> Agency:
        more = {"key": fold(name)[:200], "created_at": self.now} | more
        return self._add(Agency(name=name, **more))

    def directive(self, number: str = "12/KH-BCĐ", **more: Any) -> Directive:
        known = {
            "key": f"{number}#{self._number('directive')}",
            "kind": "Kế hoạch",
            "title": "Kế hoạch chuyển đổi số năm 2027",
            "issued_on": date(2027, 1, 5),
            "created_at": self.now,
        }
        return self._add(Directive(number=number, **known | more))

    def task(self, directive: Directive, lead: Agency | None = None, **more: Any) -> Task:
        known = {
            "key": f"t{self._number('task')}",
            "title": "Báo cáo kết quả triển khai bệnh án điện tử tại các bệnh viện công lập",
            "created_at": self.now,
        }
        task: Task = self._add(Task(directive_id=directive.id or 0, **known | more))
        if lead is not None:
            self.part(task, lead, Part.LEAD)
        return task

    def part(self, task: Task, agency: Agency, part: Part, **more: Any) -> None:
        self._add(TaskAgency(task_id=task.id or 0, agency_id=agency.id or 0, part=part, **more))

    def duty(self, task: Task, agency: Agency, due_on: date, **more: Any) -> Duty:
        known = {
            "number": self._number("duty", 101),
            "period": f"{due_on.isoformat()}#{self._next['duty']}",
            "opens_on": due_on - timedelta(days=30),
            "first_due_on": due_on,
            "since": self.now,
            "created_at": self.now,
        }
        row = Duty(task_id=task.id or 0, agency_id=agency.id or 0, due_on=due_on, **known | more)
        return self._add(row)

    def person(self, name: str = "Nguyễn Thị An", **more: Any) -> Person:
        return self._add(Person(name=name, created_at=self.now, **more))

    def contact(self, person: Person | None = None, **more: Any) -> Contact:
        known = {
            "channel": "telegram",
            "address": str(self._number("contact", 5001)),
            "created_at": self.now,
        }
        return self._add(Contact(person_id=person.id if person else None, **known | more))

    def subscription(self, agency: Agency | None, **more: Any) -> Subscription:
        known = {"key": f"s{self._number('subscription')}", "role": Role.FOCAL, "since": self.now}
        return self._add(Subscription(agency_id=agency.id if agency else None, **known | more))

    def focal(self, agency: Agency, name: str = "Nguyễn Thị An") -> tuple[Subscription, Contact]:
        person = self.person(name)
        contact = self.contact(person)
        return self.subscription(agency, person_id=person.id), contact

    def notice(self, duty: Duty, subscription: Subscription, at: datetime, **more: Any) -> Notice:
        known = {
            "key": f"n{self._number('notice')}",
            "kind": NoticeKind.REMINDER,
            "due_at": at,
            "next_at": at,
        }
        if more.get("state") == NoticeState.SENT:
            known["closed_at"] = at
        return self._add(Notice(duty_id=duty.id, subscription_id=subscription.id, **known | more))

    def attempt(self, notice: Notice, contact: Contact, at: datetime, **more: Any) -> Attempt:
        known = {"outcome": AttemptOutcome.SENT, "closed_at": at, "text": "…"}
        attempt: Attempt = self._add(
            Attempt(contact_id=contact.id or 0, opened_at=at, **known | more)
        )
        self._add(AttemptNotice(attempt_id=attempt.id or 0, notice_id=notice.id or 0))
        return attempt

    def completion(self, duty: Duty, at: datetime, **more: Any) -> Completion:
        return self._add(Completion(duty_id=duty.id or 0, at=at, **more))

    def done(self, duty: Duty, at: datetime, **more: Any) -> Completion:
        duty.state, duty.done_on, duty.closed_at = DutyState.DONE, at.date(), at
        self.session.add(duty)
        return self.completion(duty, at, **more)

    def obstacle(self, duty: Duty, text: str, at: datetime, **more: Any) -> Obstacle:
        return self._add(Obstacle(duty_id=duty.id or 0, text=text, at=at, **more))

    def extension(
        self, duty: Duty, contact: Contact, day: date, at: datetime, **more: Any
    ) -> Extension:
        state = more.pop("state", RequestState.ASKED)
        request = self._add(
            Request(
                kind=RequestKind.EXTENSION, state=state, contact_id=contact.id or 0,
                person_id=contact.person_id, asked_at=at,
            )
        )  # fmt: skip
        known = {"old_due_on": duty.due_on, "proposed_on": day}
        return self._add(
            Extension(request_id=request.id or 0, duty_id=duty.id or 0, **known | more)
        )

    def received(self, duty: Duty, person: Person, at: datetime) -> None:
        duty.received_at = at
        self.session.add(duty)
        record(self.session, at, "duty.received", str(duty.number), person.id, person.name)
        self.session.flush()
