"""Finding the words for what is due: facts of this moment, one message a contact.

A duty that was closed meanwhile is left out; older steps of the same duty are folded into the
newest; quiet hours are kept. Reads only: `deliver.py` writes down what became of it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from sqlmodel import Session, col, select

from deadlines.calendar import WorkCalendar
from registry import files, heartbeats, links, people
from registry.claiming import LAST_STEP, Batch, Claimed
from registry.clock import local_day
from registry.file_links import Links
from registry.notices import payload_of, put_text
from registry.tables import Attempt, AttemptNotice, Completion, Contact, Notice, Person
from registry.types import NoticeKind, Role
from reports import messages
from reports.facts import DutyFacts, load_facts
from reports.messages import Digest, Heartbeat, News
from reports.render import Rendered, Renderer, plain_of
from scheduler.channel import Attachment, Button, Channel, Limits, Message, Summary
from scheduler.hours import quiet_until
from scheduler.ladder import ABOVE, told_as
from scheduler.split import split, units_of, visible
from scheduler.words import Composed

# A reminder this much later than planned was held up, and says so.
HELD_UP = timedelta(hours=3)
MOST_BUTTON_ROWS = 6
# What every messenger shows as a picture; anything else is offered as a file.
PICTURES = ("image/jpeg", "image/png")
OWN_TEXT = (NoticeKind.ANSWER, NoticeKind.ALERT, NoticeKind.PART, NoticeKind.DRAFT)

SINGLE_BUTTONS = (("Đã nhận", "ack"), ("Xong", "done"), ("Vướng", "stuck"), ("Xin gia hạn", "more"))
LIST_BUTTONS = SINGLE_BUTTONS[:2]


@dataclass
class _Sorted:
    """A batch taken apart: the newest step of each duty, and what is not to be told."""

    newest: dict[int, Notice] = field(default_factory=dict)
    news: list[Notice] = field(default_factory=list)
    heartbeats: list[Notice] = field(default_factory=list)
    folded: list[Notice] = field(default_factory=list)
    unwanted: list[Notice] = field(default_factory=list)
    later: list[tuple[Notice, datetime]] = field(default_factory=list)


class Composer:
    """Turns batches into messages with the office's templates."""

    def __init__(
        self,
        renderer: Renderer,
        calendar: WorkCalendar,
        channels: Mapping[str, Channel],
        folder: Path,
        links: Links,
    ) -> None:
        """`folder`: where the files are kept that messages carry; `links`: how they are linked."""
        self._renderer = renderer
        self._calendar = calendar
        self._channels = channels
        self._folder = folder
        self._links = links
        self._known: Mapping[int, DutyFacts] | None = None

    def knowing(self, session: Session, batches: Sequence[Batch], now: datetime) -> "Composer":
        """One for these batches, the facts of their duties looked up together."""
        told = [item.notice for batch in batches for item in batch.items]
        mine = copy(self)
        mine._known = self._look_up(session, {each.duty_id for each in told if each.duty_id}, now)  # noqa: SLF001 -- one of us
        return mine

    def _look_up(
        self, session: Session, duty_ids: Collection[int], now: datetime
    ) -> Mapping[int, DutyFacts]:
        known = self._known
        if known is not None and all(each in known for each in duty_ids):
            return {each: known[each] for each in sorted(duty_ids)}
        return load_facts(session, sorted(duty_ids), local_day(now), self._calendar)

    def compose(self, session: Session, batch: Batch, now: datetime) -> Composed:
        """The message for a batch. Reads only."""
        first = batch.items[0].notice
        if first.kind == NoticeKind.EDIT:
            return self._edit(session, first, now)
        if first.kind in OWN_TEXT:
            return self._own_text(session, batch, first, now)
        return self._facts(session, batch, now)

    # -- a text of its own ------------------------------------------------------------------------

    def _own_text(self, session: Session, batch: Batch, notice: Notice, now: datetime) -> Composed:
        payload = payload_of(notice)
        text = Rendered(payload["html"], plain_of(payload["html"]))
        attachment = None
        if "file" in payload:
            attachment = self._attachment(session, payload["file"], now)
            if attachment is None:
                text = messages.without_file(self._renderer, text)
        if notice.uncertain:
            text = messages.repeated(self._renderer, text)
        text = self._on_detour(text, batch)
        buttons = tuple(
            tuple(Button(label, action) for label, action in row) for row in payload["buttons"]
        )
        return self._fitted(batch, text, buttons, (notice,), attachment=attachment)

    def _on_detour(self, text: Rendered, batch: Batch) -> Rendered:
        """With a line that says why it comes here, where its reader expects it elsewhere."""
        if batch.detour is None:
            return text
        here, way = batch.contact.channel, batch.detour
        return messages.detoured(self._renderer, text, here, way.first, way.why)

    def _fitted(
        self,
        batch: Batch,
        text: Rendered,
        buttons: tuple[tuple[Button, ...], ...],
        told: tuple[Notice, ...],
        sorted_out: _Sorted | None = None,
        attachment: Attachment | None = None,
        summary: Summary | None = None,
    ) -> Composed:
        limits = self._channels[batch.contact.channel].limits
        parts = self._parts(Message(text.html, text.plain, buttons, attachment=attachment), limits)
        parts[0] = replace(parts[0], summary=summary)
        rest = sorted_out or _Sorted()
        return Composed(
            parts[0],
            told,
            tuple(rest.folded),
            tuple(rest.unwanted),
            tuple(rest.later),
            rest=tuple(parts[1:]),
        )

    def _attachment(self, session: Session, file_id: int, now: datetime) -> Attachment | None:
        """The file as a channel sends it; None where it is no longer kept."""
        row = files.find(session, file_id, now)
        if row is None:
            return None
        path = files.path_of(self._folder, row)
        if not path.is_file():
            return None
        picture = row.media_type in PICTURES
        return Attachment(
            row.name, path, row.media_type, picture, self._links.url(row, now), row.id
        )

    def _parts(self, message: Message, limits: Limits) -> list[Message]:
        """The message as so many sends. A file whose words are too long for a caption follows them
        as a part of its own, so that the words are not said again where only the file fails."""
        file = message.attachment
        if file is None:
            return split(message, limits.units)
        if max(units_of(visible(message.html)), units_of(message.plain)) <= limits.caption:
            return [message]
        label = messages.file_label(self._renderer, file.name)
        words = split(replace(message, attachment=None), limits.units)
        return [*words, Message(label.html, label.plain, attachment=file)]

    # -- reminders, urges, news -------------------------------------------------------------------

    def _facts(self, session: Session, batch: Batch, now: datetime) -> Composed:
        today = local_day(now)
        duty_ids = {item.notice.duty_id for item in batch.items if item.notice.duty_id}
        facts = self._look_up(session, duty_ids, now)
        found = _sort_out(batch.items, facts, now)
        asking = _heartbeat(session, batch, found)
        if not found.newest and not found.news:
            return self._asked_alone(batch, asking, found)
        told = (*found.newest.values(), *found.news, *found.heartbeats)
        rungs = _rungs(batch.items, found.newest)
        digest = Digest(
            today,
            reminders=[facts[d] for d, n in found.newest.items() if not _urging(n, facts[d])],
            urges=[facts[d] for d, n in found.newest.items() if _urging(n, facts[d])],
            news=_news(session, found.news, facts),
            held_since=self._held((*told, *found.folded), now),
            repeat=any(notice.uncertain for notice in told),
            rungs=rungs,
        )
        if batch.contact.chat_kind == "group":
            text = messages.group(self._renderer, digest)
            return self._fitted(batch, text, (), told, found)
        said = self._private(digest)
        if asking is not None:
            said = messages.heartbeat(self._renderer, asking, said)
        text = self._on_detour(said, batch)
        return self._fitted(batch, text, _buttons(digest), told, found, summary=_summary(digest))

    def _asked_alone(self, batch: Batch, asking: Heartbeat | None, found: _Sorted) -> Composed:
        """Nothing else is due: the question whether they are still there, if it is."""
        if asking is None:
            return Composed(unwanted=tuple(found.unwanted), later=tuple(found.later))
        text = self._on_detour(messages.heartbeat(self._renderer, asking), batch)
        return self._fitted(batch, text, (), tuple(found.heartbeats), found)

    def _private(self, digest: Digest) -> Rendered:
        common = {"repeat": digest.repeat}
        if len(digest.reminders) + len(digest.urges) + len(digest.news) > 1:
            return messages.digest(self._renderer, digest)
        if digest.urges:
            return self._urge(digest, digest.urges[0])
        if digest.reminders:
            return messages.reminder(
                self._renderer, digest.reminders[0], digest.today, held_since=digest.held_since,
                **common,
            )  # fmt: skip
        return messages.completion(self._renderer, digest.news[0], **common)

    def _urge(self, digest: Digest, facts: DutyFacts) -> Rendered:
        """One urge, as its reader is told of it: of the agency, or above it."""
        rung = digest.rungs.get(facts.id)
        held, repeat = digest.held_since, digest.repeat
        if rung in ABOVE:
            return messages.escalation(
                self._renderer, facts, digest.today, rung, held_since=held, repeat=repeat
            )
        return messages.urge(
            self._renderer, facts, digest.today, held_since=held, repeat=repeat,
            leader=rung == Role.LEADER,
        )  # fmt: skip

    def _held(self, told: Sequence[Notice], now: datetime) -> datetime | None:
        """Since when an outage held these up; None where they are on time, said again, or waited
        for a contact."""
        oldest = min(notice.due_at for notice in told)
        planned = [n for n in told if n.kind in (NoticeKind.REMINDER, NoticeKind.URGE)]
        on_time = now - oldest < HELD_UP
        waited = any(notice.uncertain or notice.reason for notice in told)
        if not planned or on_time or waited:
            return None
        return oldest

    # -- messages rewritten -----------------------------------------------------------------------

    def _edit(self, session: Session, notice: Notice, now: datetime) -> Composed:
        """The message as it reads now: done where done, with what is still open to be answered."""
        attempt = session.get(Attempt, payload_of(notice)["attempt"])
        if attempt is None:
            return Composed(unwanted=(notice,))
        ids = _duties_of(session, attempt)
        today = local_day(now)
        facts = load_facts(session, ids, today, self._calendar)
        still_open = [each for each in facts.values() if each.is_open]
        rungs = _rungs_told(session, attempt)
        shown = Digest(today, urges=still_open, rungs=rungs)
        if len(facts) == 1 and still_open and rungs:
            text = self._urge(shown, still_open[0])
        elif len(facts) == 1 and still_open:
            text = messages.reminder(self._renderer, still_open[0], today)
        else:
            text = messages.closed(self._renderer, list(facts.values()))
        buttons = _buttons(shown)
        message = Message(text.html, text.plain, buttons)
        return Composed(message, (notice,), edit_of=attempt.message_id)

    # -- staff ------------------------------------------------------------------------------------

    def contact_closed(self, session: Session, contact: Contact, now: datetime) -> None:
        """Queue word for staff that a contact can no longer be reached."""
        lost = links.lost(session, contact)
        if lost is None:
            return
        person = session.get(Person, contact.person_id) if contact.person_id is not None else None
        name = person.name if person is not None else contact.title
        text = self._renderer.render("replies/lost_staff", name=name, lost=lost)
        for staff in people.staff_subscriptions(session):
            if staff.person_id is not None and staff.person_id == contact.person_id:
                continue
            key = f"lost:{contact.id}:{now.isoformat()}:{staff.id}"
            put_text(session, NoticeKind.ALERT, key, text.html, now, subscription_id=staff.id)


def _urging(notice: Notice, facts: DutyFacts) -> bool:
    """A numbered urge. A reminder that comes too late stays a reminder: it says how many days the
    duty is overdue, and is not counted among the urges."""
    return notice.kind == NoticeKind.URGE and facts.is_open


def _rungs(items: Iterable[Claimed], newest: Mapping[int, Notice]) -> dict[int, Role]:
    """By duty: the rung of the ladder its newest urge is told as; those below it are left out."""
    roles = {item.notice.id: item.subscription.role for item in items if item.subscription}
    found = {
        duty: told_as(notice.step, roles.get(notice.id))
        for duty, notice in newest.items()
        if notice.kind == NoticeKind.URGE
    }
    return {duty: rung for duty, rung in found.items() if rung is not None}


def _rungs_told(session: Session, attempt: Attempt) -> dict[int, Role]:
    """The duties a message told somebody above their agency of."""
    rows = session.exec(
        select(Notice.duty_id, Notice.step)
        .join(AttemptNotice)
        .where(AttemptNotice.attempt_id == attempt.id, Notice.kind == NoticeKind.URGE)
    ).all()
    return {duty: Role(step) for duty, step in rows if duty is not None and step in ABOVE}


def _sort_out(items: Iterable[Claimed], facts: Mapping[int, DutyFacts], now: datetime) -> _Sorted:
    found = _Sorted()
    for item in sorted(items, key=lambda each: each.notice.due_at):
        notice = item.notice
        duty = facts.get(notice.duty_id or 0)
        if notice.kind == NoticeKind.HEARTBEAT:
            _sort_heartbeat(item, found, now)
        elif duty is None or (notice.kind != NoticeKind.COMPLETION and not duty.is_open):
            found.unwanted.append(notice)
        elif (until := _quiet(item, now)) is not None:
            found.later.append((notice, until))
        elif notice.kind == NoticeKind.COMPLETION:
            found.news.append(notice)
        else:
            if duty.id in found.newest:
                found.folded.append(found.newest[duty.id])
            found.newest[duty.id] = notice
    return found


def _sort_heartbeat(item: Claimed, found: _Sorted, now: datetime) -> None:
    until = _quiet(item, now)
    if until is not None:
        found.later.append((item.notice, until))
    else:
        found.heartbeats.append(item.notice)


def _heartbeat(session: Session, batch: Batch, found: _Sorted) -> Heartbeat | None:
    """What is asked of a focal point; nothing where they are none any more."""
    if not found.heartbeats:
        return None
    person_id = batch.contact.person_id
    agencies = heartbeats.agencies_of(session, person_id) if person_id is not None else []
    if not agencies:
        found.unwanted.extend(found.heartbeats)
        found.heartbeats.clear()
        return None
    answer = any(notice.step == heartbeats.ASKED for notice in found.heartbeats)
    return Heartbeat(tuple(agencies), answer)


def _quiet(item: Claimed, now: datetime) -> datetime | None:
    """When the subscription's quiet hours end; None outside them and for last-day reminders."""
    if item.subscription is None or item.notice.step == LAST_STEP:
        return None
    return quiet_until(now, item.subscription.quiet_from, item.subscription.quiet_to)


def _news(
    session: Session, notices: Sequence[Notice], facts: Mapping[int, DutyFacts]
) -> list[News]:
    """Each duty's news once, though somebody may hold two subscriptions that are told of it."""
    found: dict[int, News] = {}
    for notice in notices:
        duty = facts[notice.duty_id or 0]
        completion = session.exec(
            select(Completion)
            .where(Completion.duty_id == duty.id)
            .order_by(col(Completion.id).desc())
        ).first()
        person = (
            session.get(Person, completion.person_id)
            if completion is not None and completion.person_id is not None
            else None
        )
        name = person.name if person is not None else ""
        at = completion.at if completion is not None else None
        found[duty.id] = News(duty, undone=duty.is_open, by=name, at=at)
    return list(found.values())


def _duties_of(session: Session, attempt: Attempt) -> list[int]:
    rows = session.exec(
        select(Notice.duty_id)
        .join(AttemptNotice)
        .where(AttemptNotice.attempt_id == attempt.id, col(Notice.duty_id).is_not(None))
        .distinct()
    ).all()
    return sorted(each for each in rows if each is not None)


def _summary(digest: Digest) -> Summary | None:
    """The reminder in its facts; None where only news are told."""
    owed = sorted((*digest.urges, *digest.reminders), key=lambda each: (each.due_on, each.number))
    if not owed:
        return None
    first = owed[0]
    single: Literal["urge", "reminder"] = "urge" if digest.urges else "reminder"
    return Summary(
        single if len(owed) == 1 else "digest",
        tuple(each.number for each in owed),
        first.title,
        first.due_on,
        first.agency,
    )


def _buttons(digest: Digest) -> tuple[tuple[Button, ...], ...]:
    """Four choices under a single duty; under several, received and done for each of the first."""
    owed = [f for f in (*digest.urges, *digest.reminders) if digest.rungs.get(f.id) not in ABOVE]
    if not owed:
        return ()
    if len(owed) == 1:
        row = [_button(label, action, owed[0].number) for label, action in SINGLE_BUTTONS]
        return (tuple(row[:2]), tuple(row[2:]))
    ordered = sorted(owed, key=lambda facts: (facts.due_on, facts.number))
    return tuple(
        tuple(_button(f"{f.number} {label}", action, f.number) for label, action in LIST_BUTTONS)
        for f in ordered[:MOST_BUTTON_ROWS]
    )  # fmt: skip


def _button(label: str, action: str, number: int) -> Button:
    return Button(label, f"d1:{number}:{action}")
