"""/vangmat: days away; reminders go to a deputy meanwhile, and come back by themselves."""

import re
from datetime import date, timedelta
from typing import Any

from bot.commands.bangiao import find_by_name
from bot.talk import Talk
from deadlines.text import clean, fold
from registry import absences, handover
from registry.handover import Holder
from registry.people import ACTING, Refused
from registry.tables import Absence, Person

LONGEST = timedelta(days=184)
_OFF = frozenset({"tat", "huy", "bo", "off", "da ve", "da tro lai", "thoi"})
_DAY = (
    r"(?:het )?(?:ngay )?(?:\d{1,2}\s?[/.-]\s?\d{1,2}(?:\s?[/.-]\s?\d{4})?"
    r"|hom nay|ngay mai|mai|ngay kia|cuoi (?:tuan|thang)(?: (?:nay|sau))?"
    r"|(?:thu (?:hai|ba|tu|nam|sau|bay|[2-7])|t[2-7]|chu nhat|cn)(?: tuan (?:nay|sau|toi))?)"
)
_DAYS = re.compile(
    rf"(?:(?:tu )?(?P<first>{_DAY})\s*)?(?:(?:den|toi|->|–|-)\s*(?P<last>{_DAY}))?"
    r"(?P<rest>$|[\s,;:].*$)"
)
_DEPUTY = re.compile(r"[\s,;:]*(?:(?:nguoi )?thay(?: the| mat)?|co|giao(?: cho)?)?[\s:]*")


def run(talk: Talk, rest: str) -> None:
    """ "/vangmat từ 20/12 đến 27/12 Nguyễn Văn An", "/vangmat tắt"."""
    agencies = sorted(talk.actor.agencies(*ACTING))
    text = clean(rest)
    if fold(text) in _OFF:
        ended = absences.end(talk.session, talk.actor, talk.now)
        talk.say("vangmat_off", ended=bool(ended))
        _tell_deputies(talk, ended, off=True)
    elif not text:
        _show(talk)
    else:
        days, name = _read(talk, text)
        _begin(talk, agencies, days, name)


def _read(talk: Talk, text: str) -> tuple[tuple[date, date], str]:
    """The days and the deputy's name. Raises Refused where no days can be read."""
    found = _DAYS.match(fold(text))
    if found is None or not (found["first"] or found["last"]):
        raise Refused("Chưa đọc được ngày vắng mặt. Ví dụ: /vangmat từ 20/12 đến 27/12")
    first = _day(talk, found, text, "first") or talk.today
    last = _day(talk, found, text, "last") or first
    if fold(text).startswith("tu ") and not found["last"]:
        raise Refused("Xin ghi cả ngày trở lại làm việc. Ví dụ: /vangmat từ 20/12 đến 27/12")
    if last < max(first, talk.today) or last - first > LONGEST:
        raise Refused(
            "Ngày cuối phải từ hôm nay trở đi, không trước ngày đầu và cách không quá 6 tháng. "
            "Ví dụ: /vangmat từ 20/12 đến 27/12"
        )
    name = text[found.start("rest") :]
    skipped = _DEPUTY.match(fold(name))
    return (max(first, talk.today), last), name[skipped.end() if skipped else 0 :].strip(" .,")


def _day(talk: Talk, found: re.Match[str], text: str, which: str) -> date | None:
    if found[which] is None:
        return None
    said = re.sub(r"\s?[.-]\s?", "/", text[found.start(which) : found.end(which)])
    day = talk.day_in(said)
    if day is None:
        raise Refused(f"Chưa đọc được ngày “{said}”. Ví dụ: /vangmat từ 20/12 đến 27/12")
    return day


def _begin(talk: Talk, agencies: list[int], days: tuple[date, date], name: str) -> None:
    deputies = {each: _deputy(talk, each, name) for each in agencies}
    if name and not any(deputies.values()):
        raise Refused(
            f"Không có ai tên “{name[:80]}” đang kết nối cho cơ quan của anh/chị; chưa ghi nhận. "
            "Người thay cần kết nối trước (xin cơ quan thường trực mã mời)."
        )
    kept = {agency: one.person_id if one else None for agency, one in deputies.items()}
    rows = absences.begin(talk.session, talk.actor, kept, days, talk.now)
    lines = [
        {"agency": talk.agency(agency).name, "deputy": one.name if one else ""}
        for agency, one in deputies.items()
    ]
    talk.say("vangmat", first=days[0], last=days[1], lines=lines)
    _tell_deputies(talk, rows, off=False)
    alone = [line["agency"] for line in lines if not line["deputy"]]
    if alone:
        talk.tell_staff(
            "vangmat_staff", f"absence:{rows[0].id}:staff", name=talk.actor.name, first=days[0],
            last=days[1], agencies=alone,
        )  # fmt: skip


def _deputy(talk: Talk, agency_id: int, name: str) -> Holder | None:
    """The one who stands in: as named, or whoever else there is. Raises Refused where several may
    be meant."""
    others = [
        one
        for one in handover.holders(talk.session, agency_id)
        if one.person_id != talk.actor.person_id
        and handover.first_chat(talk.session, one.person_id) is not None
    ]
    meant = find_by_name(others, name) if name else others
    if len(meant) > 1:
        names = "; ".join(one.name for one in meant[:12])
        raise Refused(
            f"{talk.agency(agency_id).name} có nhiều người có thể thay: {names}. Xin ghi rõ tên, "
            f"ví dụ: /vangmat từ 20/12 đến 27/12 {meant[0].name}"
        )
    return meant[0] if meant else None


def _tell_deputies(talk: Talk, rows: list[Absence], *, off: bool) -> None:
    """Each deputy once, with all agencies they stand in for."""
    mine: dict[int, list[Absence]] = {}
    for row in rows:
        if row.deputy_id is not None:
            mine.setdefault(row.deputy_id, []).append(row)
    for deputy_id, theirs in mine.items():
        chat = handover.first_chat(talk.session, deputy_id)
        if chat is None:
            continue
        first = theirs[0]
        talk.tell_contact(
            chat.id or 0, "vangmat_deputy", f"absence:{first.id}:{'off' if off else 'on'}",
            name=talk.actor.name, first=first.first_on, last=first.last_on, off=off,
            agencies=talk.agency_names(row.agency_id for row in theirs),
        )  # fmt: skip


def _show(talk: Talk) -> None:
    rows: list[dict[str, Any]] = []
    for row in absences.current(talk.session, talk.actor.person_id or 0, talk.today):
        deputy = talk.session.get(Person, row.deputy_id) if row.deputy_id is not None else None
        rows.append(
            {
                "agency": talk.agency(row.agency_id).name,
                "deputy": deputy.name if deputy is not None else "",
                "first": row.first_on,
                "last": row.last_on,
            }
        )
    talk.say("vangmat_now", rows=rows)
