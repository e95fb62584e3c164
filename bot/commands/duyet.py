"""/duyet, "duyệt 12", "từ chối 12": staff decide what was asked."""

import re
from datetime import date
from functools import partial
from typing import Any

from sqlmodel import col, select

from bot.roles import role_at
from bot.room import check_room
from bot.talk import Talk
from deadlines.chat import NoDay, read_day, read_front
from deadlines.text import clean, fold
from registry import duties, people
from registry.audit import record
from registry.tables import Admission, Agency, Contact, Duty, Extension, Request
from registry.types import DutyState, RequestKind, RequestState

_SAID = re.compile(
    r"^/?(?P<word>duyet|dong y|chap thuan|tu choi|khong (?:duyet|dong y|chap thuan))"
    r"\s*(?:de nghi\s*)?(?:so\s*|#\s*)?(?P<n>\d{1,9})\b"
)
_EDGE = " \n,.:;–-"
_DAY_FIRST = re.compile(
    r"(?:(?:cho|gia han|den|toi|het|ngay) )*"
    r"(?P<day>\d{1,2} ?[/.-] ?\d{1,2}(?: ?[/.-] ?\d{4})?)(?!\d)"
)
# Words that begin a note, in which a day may stand that is not the one granted.
_NOTE = re.compile(r"(?:vi|do|nhung|voi dieu kien|dieu kien|luu y|kem|de nghi|yeu cau|va|ly do)\b")
_BECAUSE = re.compile(
    r"(?:vì|vi|do|l[yý] do(?: là)?|luu y|lưu ý)(?![^\W\d_])[\s:,-]*", re.IGNORECASE
)
# "duyệt 3, 5 và 7"
_NUMBERS = re.compile(r"(?:so |#)?\d{1,9}(?:(?: ?[,;] ?| va | )(?:so |#)?\d{1,9}){0,19}")
_AND = re.compile(r"^(?:và|va) (?=(?:số |so )?#?\d)", re.IGNORECASE)
LONGEST = 1000


def said(text: str) -> tuple[bool, int, str] | None:
    """ "duyệt 12", "từ chối 12 vì …" -> (granted?, number, what follows); None for other words."""
    words = clean(text)
    match = _SAID.match(fold(words))
    if match is None:
        return None
    granted = match["word"] in ("duyet", "dong y", "chap thuan")
    return granted, int(match["n"]), _AND.sub("", words[match.end() :].strip(_EDGE)[:LONGEST])


def run(talk: Talk, rest: str) -> None:
    if not rest:
        _list(talk)
        return
    decision = said(rest) or said(f"duyệt {rest}")
    if decision is None:
        talk.say("duyet_usage")
        return
    decide(talk, *decision)


def _list(talk: Talk) -> None:
    if talk.overheard:
        talk.say("private_only")
        return
    rows = talk.session.exec(
        select(Request).where(Request.state == RequestState.ASKED).order_by(col(Request.id))
    ).all()
    talk.say("duyet_list", rows=[_line(talk, request) for request in rows[:20]], total=len(rows))


def _line(talk: Talk, request: Request) -> dict[str, object]:
    if request.kind == RequestKind.EXTENSION:
        extension = talk.session.get_one(Extension, request.id)
        duty = talk.session.get_one(Duty, extension.duty_id)
        return {
            "id": request.id,
            "kind": "extension",
            "agency": talk.agency(duty.agency_id).name,
            "number": duty.number,
            "old": duty.due_on,
            "new": extension.proposed_on,
        }
    admission = talk.session.get_one(Admission, request.id)
    return {
        "id": request.id,
        "kind": "admission",
        "agency": talk.agency(admission.agency_id).name,
        "name": admission.name,
    }


def decide(talk: Talk, granted: bool, number: int, words: str) -> None:
    """Grant or refuse request `number`; `words` may name another day, a note, the reason, or more
    requests."""
    if words and _NUMBERS.fullmatch(fold(words)):
        for each in dict.fromkeys([number, *map(int, re.findall(r"\d+", words))]):
            # What one of them is refused for takes nothing back of the others.
            talk.carefully(partial(decide, granted=granted, number=each, words=""))
        return
    request = talk.session.exec(select(Request).where(Request.id == number)).first()
    if request is None:
        talk.say("no_request", number=number)
        return
    if not granted and words and _owes_reason(talk, request):
        _reason_later(talk, request, _because(words))
        return
    if request.state != RequestState.ASKED:
        talk.say("decided_already", number=number, granted=request.state == RequestState.APPROVED)
        return
    if request.kind == RequestKind.EXTENSION:
        _extension(talk, request, granted, words)
    else:
        _admission(talk, request, granted, "" if granted else _because(words))


def _because(words: str) -> str:
    return _BECAUSE.sub("", words, count=1) if _BECAUSE.match(words) else words


def _owes_reason(talk: Talk, request: Request) -> bool:
    """Whether staff refused an extension without saying why."""
    if request.state != RequestState.REFUSED or request.decided_by is None:
        return False
    extension = talk.session.get(Extension, request.id)
    return extension is not None and not extension.decision


def _reason_later(talk: Talk, request: Request, why: str) -> None:
    extension = talk.session.get_one(Extension, request.id)
    duty = talk.session.get_one(Duty, extension.duty_id)
    duties.refuse_extension(talk.session, extension, talk.actor, why, talk.now)
    facts: dict[str, Any] = {"number": duty.number, "why": why}
    talk.tell_contact(request.contact_id, "giahan_why", f"decided:{request.id}:why", **facts)
    talk.say("duyet_why", request=request.id, **facts)


def _close(talk: Talk, request: Request, granted: bool) -> None:
    request.state = RequestState.APPROVED if granted else RequestState.REFUSED
    request.decided_at = talk.now
    request.decided_by = talk.actor.person_id
    talk.session.add(request)


def _extension(talk: Talk, request: Request, granted: bool, words: str) -> None:
    extension = talk.session.get_one(Extension, request.id)
    duty = talk.session.get_one(Duty, extension.duty_id)
    if duty.state != DutyState.OPEN:
        granted = False
    day, note = _day_and_note(talk, request, words) if granted else (None, _because(words))
    day = day or extension.proposed_on
    _close(talk, request, granted)
    if granted:
        duties.grant_extension(talk.session, extension, talk.actor, day, talk.now, note)
        talk.rewrite(duty)
    else:
        duties.refuse_extension(talk.session, extension, talk.actor, note, talk.now)
    facts: dict[str, Any] = {
        "number": duty.number,
        "granted": granted,
        "old": extension.old_due_on if granted else duty.due_on,
        "day": day,
        "why": note,
        "by": talk.actor.name,
        "closed": duty.state != DutyState.OPEN,
    }
    if request.contact_id != talk.known_contact().id:
        talk.tell_contact(request.contact_id, "giahan_decided", f"decided:{request.id}", **facts)
    talk.say("duyet_extension", request=request.id, **facts)


def _day_and_note(talk: Talk, request: Request, words: str) -> tuple[date | None, str]:
    """The other day that staff grant, if they name one, and what they add. Raises Refused where a
    day is meant that cannot be told."""
    flat = fold(words)
    if not words or _NOTE.match(flat):
        return None, _because(words)
    if found := _DAY_FIRST.match(flat):
        day = talk.day_in(words[found.start("day") : found.end("day")])
        note = words[found.end() :].strip(_EDGE)
    elif (front := read_front(words, talk.today, talk.desk.calendar)) is not None:
        day, note = (None if front.length else front.day), front.rest
    else:
        reading = read_day(words, talk.today, talk.desk.calendar)
        if isinstance(reading, NoDay) and not reading.ambiguous:
            return None, words
        day, note = (None if isinstance(reading, NoDay) else reading), ""
    if day is None:
        raise people.Refused(
            "Chưa rõ gia hạn đến ngày nào; chưa có gì thay đổi. "
            f"Ví dụ: duyệt {request.id} đến 28/12"
        )
    return day, _because(note)


def _admission(talk: Talk, request: Request, granted: bool, why: str) -> None:
    admission = talk.session.get_one(Admission, request.id)
    contact = talk.session.get_one(Contact, request.contact_id)
    agency = talk.session.get_one(Agency, admission.agency_id)
    if granted:
        check_room(talk, contact.channel, contact.chat_kind, contact.id or 0)
    _close(talk, request, granted)
    if granted:
        people.bind(
            talk.session, contact, admission.name, admission.role, agency.id, talk.now,
            people.CONSENT_VERSION,
        )  # fmt: skip
        talk.offer_menu(contact)
    else:
        record(
            talk.session, talk.now, "admission.refused", f"request:{request.id}",
            talk.actor.person_id, talk.actor.name, reason=bool(why),
        )  # fmt: skip
    facts: dict[str, Any] = {
        "granted": granted,
        "agency": agency.name,
        "role": role_at(admission.role, agency.name),
        "name": admission.name,
        "why": why,
    }
    talk.tell_contact(contact.id or 0, "dangky_decided", f"decided:{request.id}", **facts)
    talk.say("duyet_admission", request=request.id, **facts)
