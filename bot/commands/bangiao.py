"""/bangiao: a place at an agency passes to a successor; staff may begin it, and undo it."""

import re
from datetime import timedelta
from typing import Any

from sqlmodel import col, select

from bot.commands.dangky import say_no_agency
from bot.roles import role_at
from bot.room import doors
from bot.talk import Talk
from deadlines.text import clean, fold
from registry import duties, handover, people
from registry.agencies import How, resolve
from registry.clock import local, local_day
from registry.handover import Holder, Taken
from registry.people import ACTING, CONSENT_VERSION, Refused
from registry.tables import Duty, Extension, HandOver, Invite, Obstacle, Person, Request
from registry.types import RequestState

_UNDO = re.compile(r"(?:huy|bo|hoan tac|rut lai|undo)(?: (?:so )?#?(?P<number>\d{1,9}))?")
_SHOWN = 12
_FROM = re.compile(r"\s*(?:[:;,–-]|(?:^|\s)(?:của|cua)\s)\s*")


def run(talk: Talk, rest: str) -> None:
    """ "/bangiao"; by staff "/bangiao Sở Y tế[: tên người bàn giao]", "/bangiao hủy 3"."""
    if not talk.private:
        talk.say("private_only")
        return
    if undo := _UNDO.fullmatch(fold(rest).strip(" .")):
        _undo(talk, undo["number"])
        return
    own = sorted(talk.actor.agencies(*ACTING))
    if rest:
        _named(talk, rest, own)
    elif len(own) == 1:
        _begin(talk, own[0], _me(talk, own[0]))
    elif own:
        talk.say("bangiao_which", agencies=talk.agency_names(own))
    else:
        _list(talk)


def _named(talk: Talk, rest: str, own: list[int]) -> None:
    """An agency of one's own; for staff any, with the old holder's name where there are several."""
    name, who = _split(talk, rest)
    match = resolve(talk.session, name, talk.today)
    if match.how != How.AGENCY:
        say_no_agency(talk, match)
        return
    agency_id = match.agencies[0].id
    if agency_id in own and not who:
        _begin(talk, agency_id, _me(talk, agency_id))
    elif not talk.actor.is_staff:
        talk.say("forbidden")
    else:
        _begin(talk, agency_id, _old_holder(talk, agency_id, who))


def _split(talk: Talk, rest: str) -> tuple[str, str]:
    """ "Sở Y tế: Nguyễn Văn An" -> the agency and the person; a name may hold the sign itself."""
    if resolve(talk.session, rest, talk.today).how == How.AGENCY:
        return rest, ""
    parts = _FROM.split(rest, maxsplit=1)
    return (parts[0], parts[1]) if len(parts) == 2 and all(parts) else (rest, "")


def _me(talk: Talk, agency_id: int) -> Holder:
    for holder in handover.holders(talk.session, agency_id):
        if holder.person_id == talk.actor.person_id:
            return holder
    raise Refused("Anh/chị không còn đăng ký cho cơ quan này nên không có gì để bàn giao.")


def _old_holder(talk: Talk, agency_id: int, who: str) -> Holder:
    """The one whose place passes. Raises Refused where nobody, or more than one, is meant."""
    there = handover.holders(talk.session, agency_id)
    agency = talk.agency(agency_id).name
    if not there:
        raise Refused(f"{agency} chưa có ai kết nối; hãy cấp mã mời: /moi {agency} đầu mối")
    meant = find_by_name(there, who) if who else _only_focal(there)
    if len(meant) == 1:
        return meant[0]
    names = "; ".join(f"{one.name} ({role_at(one.role, '')})" for one in there[:_SHOWN])
    raise Refused(
        f"{agency} có {len(there)} người đang kết nối: {names}. "
        f"Hãy ghi rõ người bàn giao, ví dụ: /bangiao {agency}: {there[0].name}"
    )


def _only_focal(there: list[Holder]) -> list[Holder]:
    """Unnamed, the focal point is meant; where there is none, whoever answers."""
    return [one for one in there if one.role == there[0].role]


def find_by_name(people_there: list[Holder], name: str) -> list[Holder]:
    """Those who are called so: by the whole name, or else by words of it in their order."""
    wanted = fold(clean(name))
    whole = [one for one in people_there if fold(one.name) == wanted]
    return whole or [one for one in people_there if f" {wanted} " in f" {fold(one.name)} "]


def _begin(talk: Talk, agency_id: int, holder: Holder) -> None:
    valid = timedelta(days=talk.desk.settings.invites.valid_days)
    code, row, invite = handover.begin(talk.session, holder, agency_id, talk.actor, talk.now, valid)
    agency = talk.agency(agency_id).name
    mine = holder.person_id == talk.actor.person_id
    facts: dict[str, Any] = {
        "number": row.id,
        "name": holder.name,
        "role": role_at(holder.role, agency),
        "mine": mine,
    }
    talk.say(
        "bangiao", code=code, until=local(invite.expires_at), staff=talk.actor.is_staff,
        ways=doors(talk.session, talk.desk.settings, talk.desk.infos, code), **facts,
    )  # fmt: skip
    talk.tell_staff("bangiao_begun_staff", f"handover:{row.id}:begun", by=talk.actor.name, **facts)
    chat = None if mine else handover.first_chat(talk.session, holder.person_id)
    if chat is not None:
        talk.tell_contact(
            chat.id or 0, "bangiao_begun_old", f"handover:{row.id}:begun:old", agency=agency,
            role=role_at(holder.role, agency),
        )  # fmt: skip


# -- the successor ---------------------------------------------------------------------------------


def taken(talk: Talk, row: HandOver, invite: Invite) -> None:
    """The successor has sent the code: bind them, and tell everybody concerned once."""
    done = handover.take(talk.session, row, invite, talk.chat, talk.now, CONSENT_VERSION)
    talk.contact = people.find_contact(talk.session, talk.chat.channel, talk.chat.address)
    talk.actor = people.load_actor(talk.session, talk.chat.channel, talk.chat.sender)
    talk.offer_menu(talk.known_contact())
    agency = talk.agency(row.agency_id).name
    role = role_at(done.bound.subscription.role, agency)
    settings = talk.desk.settings.committee
    talk.say(
        "bangiao_taken", name=talk.actor.name, role=role, old=done.old_name,
        committee=settings.name, standing=settings.standing_agency, today=talk.today,
        **_owed(talk, done),
    )  # fmt: skip
    talk.tell_staff(
        "bangiao_done_staff", f"handover:{row.id}:done", number=row.id, old=done.old_name,
        name=talk.actor.name, role=role,
    )  # fmt: skip
    old = handover.first_chat(talk.session, row.person_id)
    if old is not None:
        talk.offer_menu(old)
        talk.tell_contact(
            old.id or 0, "bangiao_done_old", f"handover:{row.id}:done:old", name=talk.actor.name,
            role=role, requests=list(done.requests),
        )  # fmt: skip


def _owed(talk: Talk, done: Taken) -> dict[str, Any]:
    """What the new one takes over: what is open, what is late, what waits for an answer."""
    agency_id = done.handover.agency_id
    owed = duties.open_of(talk.session, frozenset({agency_id}), talk.today)
    rows = [
        {"number": duty.number, "title": duties.titled(talk.session, duty)[0].title,
         "due_on": duty.due_on, "days": (duty.due_on - talk.today).days}
        for duty in owed[:_SHOWN]
    ]  # fmt: skip
    return {
        "rows": rows,
        "total": len(owed),
        "overdue": sum(duty.due_on < talk.today for duty in owed),
        "obstacles": _obstacles(talk, agency_id),
        "requests": _requests(talk, agency_id),
    }


def _obstacles(talk: Talk, agency_id: int) -> list[dict[str, Any]]:
    rows = talk.session.exec(
        select(Obstacle, Duty)
        .join(Duty, col(Duty.id) == col(Obstacle.duty_id))
        .where(Duty.agency_id == agency_id, col(Obstacle.closed_at).is_(None))
        .order_by(col(Obstacle.id))
    ).all()
    return [
        {"id": one.id, "number": duty.number, "text": one.text, "on": local_day(one.at)}
        for one, duty in rows[:_SHOWN]
    ]


def _requests(talk: Talk, agency_id: int) -> list[dict[str, Any]]:
    rows = talk.session.exec(
        select(Extension, Duty)
        .join(Request, col(Request.id) == col(Extension.request_id))
        .join(Duty, col(Duty.id) == col(Extension.duty_id))
        .where(Duty.agency_id == agency_id, Request.state == RequestState.ASKED)
        .order_by(col(Request.id))
    ).all()
    return [
        {"id": one.request_id, "number": duty.number, "old": one.old_due_on,
         "new": one.proposed_on}
        for one, duty in rows[:_SHOWN]
    ]  # fmt: skip


# -- staff -----------------------------------------------------------------------------------------


def _list(talk: Talk) -> None:
    if not talk.actor.is_staff:
        talk.say("forbidden")
        return
    rows = handover.listed(talk.session, talk.now)
    talk.say("bangiao_list", rows=[_line(talk, row) for row in rows[:_SHOWN]], total=len(rows))


def _line(talk: Talk, row: HandOver) -> dict[str, Any]:
    taker = talk.session.get(Person, row.taken_by) if row.taken_by is not None else None
    return {
        "id": row.id,
        "agency": talk.agency(row.agency_id).name,
        "old": talk.session.get_one(Person, row.person_id).name,
        "new": taker.name if taker is not None else "",
        "on": local_day(row.done_at or row.started_at),
    }


def _undo(talk: Talk, number: str | None) -> None:
    """Staff undo any; who began one takes back a code that nobody has used."""
    row = talk.session.get(HandOver, int(number)) if number else _own_code(talk)
    mine = row is not None and row.started_by == talk.actor.person_id and row.done_at is None
    if row is None or not (talk.actor.is_staff or mine):
        talk.say("bangiao_none", number=number or "", staff=talk.actor.is_staff)
        return
    was_done = row.done_at is not None
    taker = row.taken_by
    handover.undo(talk.session, row, talk.actor, talk.now)
    facts: dict[str, Any] = {
        "agency": talk.agency(row.agency_id).name,
        "old": talk.session.get_one(Person, row.person_id).name,
        "done": was_done,
    }
    talk.say("bangiao_undone", number=row.id, staff=True, **facts)
    talk.tell_staff("bangiao_undone", f"handover:{row.id}:undone", number=row.id, staff=True,
                    **facts)  # fmt: skip
    for person_id in {row.person_id, taker} - {None} if was_done else ():
        chat = handover.first_chat(talk.session, person_id or 0)
        if chat is not None:
            talk.offer_menu(chat)
            talk.tell_contact(
                chat.id or 0, "bangiao_undone", f"handover:{row.id}:undone:{person_id}",
                number=row.id, staff=False, **facts,
            )  # fmt: skip


def _own_code(talk: Talk) -> HandOver | None:
    return talk.session.exec(
        select(HandOver)
        .where(
            HandOver.started_by == talk.actor.person_id,
            col(HandOver.done_at).is_(None),
            col(HandOver.undone_at).is_(None),
        )
        .order_by(col(HandOver.id).desc())
    ).first()
