"""/duyet, "duyệt 12", "từ chối 12": staff decide what was asked."""

import re
from typing import Any

from sqlmodel import col, select

from bot.roles import role_at
from bot.room import check_room
from bot.talk import Talk
from deadlines.describe import date_text
from deadlines.text import clean, fold
from registry import duties, people
from registry.audit import record
from registry.tables import Admission, Agency, Contact, Duty, Extension, Request
from registry.types import DutyState, RequestKind, RequestState

_SAID = re.compile(r"^/?(?P<word>duyet|dong y|tu choi|khong duyet)\s*(?:so\s*)?(?P<n>\d{1,9})\b")


def said(text: str) -> tuple[bool, int, str] | None:
    """ "duyệt 12", "từ chối 12 vì …" -> (granted?, number, what follows); None for other words."""
    words = clean(text)
    match = _SAID.match(fold(words))
    if match is None:
        return None
    granted = match["word"] in ("duyet", "dong y")
    return granted, int(match["n"]), words[match.end() :].strip(" ,.:-")


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
            "old": extension.old_due_on,
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
    """Grant or refuse request `number`; `words` may name another day, or the reason."""
    request = talk.session.exec(select(Request).where(Request.id == number)).first()
    if request is None:
        talk.say("no_request", number=number)
        return
    if request.state != RequestState.ASKED:
        talk.say("decided_already", number=number, granted=request.state == RequestState.APPROVED)
        return
    if request.kind == RequestKind.EXTENSION:
        _extension(talk, request, granted, words)
    else:
        _admission(talk, request, granted)


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
    day = (talk.day_in(words) if granted else None) or extension.proposed_on
    if granted and day <= extension.old_due_on:
        raise people.Refused(
            f"Ngày gia hạn phải sau hạn hiện nay ({date_text(extension.old_due_on)})."
        )
    _close(talk, request, granted)
    if granted:
        duties.grant_extension(talk.session, extension, talk.actor, day, talk.now)
        talk.rewrite(duty)
    else:
        record(
            talk.session, talk.now, "extension.refused", str(duty.number), talk.actor.person_id,
            talk.actor.name, request=request.id,
        )  # fmt: skip
    facts: dict[str, Any] = {
        "number": duty.number,
        "granted": granted,
        "old": extension.old_due_on,
        "day": day,
        "why": "" if granted else words,
        "closed": duty.state != DutyState.OPEN,
    }
    if request.contact_id != talk.known_contact().id:
        talk.tell_contact(request.contact_id, "giahan_decided", f"decided:{request.id}", **facts)
    talk.say("duyet_extension", request=request.id, **facts)


def _admission(talk: Talk, request: Request, granted: bool) -> None:
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
    facts: dict[str, Any] = {
        "granted": granted,
        "agency": agency.name,
        "role": role_at(admission.role, agency.name),
        "name": admission.name,
    }
    talk.tell_contact(contact.id or 0, "dangky_decided", f"decided:{request.id}", **facts)
    talk.say("duyet_admission", request=request.id, **facts)
