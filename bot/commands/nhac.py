"""/nhac: staff urge now: duties by number at once, an agency or all that is overdue after a look
and a yes. Urges by a person's word are numbered like all others."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.commands.dangky import say_no_agency
from bot.talk import Talk
from deadlines.text import clean, fold
from registry import duties
from registry.agencies import How, resolve
from registry.audit import record
from registry.tables import Question
from registry.types import DutyState
from scheduler.channel import Button
from scheduler.hours import next_opening
from scheduler.urge_now import Wave, overdue, send, wave

ASK_URGE = "nhac"
MOST_NUMBERS = 20
MOST_NAMES = 15
_NUMBERS = re.compile(r"(?:cac )?(?:so|viec|dau viec|viec so|dau viec so)? ?#?\d{1,9}\b.*")
_ALL = frozenset(
    {"het", "tat ca", "qua han", "viec qua han", "cac viec qua han", "het viec qua han",
     "tat ca viec qua han", "tat ca cac viec qua han", "tat ca qua han"}
)  # fmt: skip
_YES = frozenset({"dong y", "co", "xac nhan", "yes", "ok", "nhac", "don doc"})
_NO = frozenset({"khong", "khong dong y", "thoi", "huy", "huy bo", "bo", "no"})


def run(talk: Talk, rest: str) -> None:
    """ "/nhac 127 130", "/nhac Sở Y tế", "/nhac quá hạn"."""
    words = clean(rest)
    said = fold(words).strip(" .!")
    if not said:
        talk.say("nhac_usage")
    elif said in _ALL:
        _ask(talk, overdue(talk.session, talk.today), "")
    elif _NUMBERS.fullmatch(said):
        _by_numbers(talk, [int(n) for n in re.findall(r"\d{1,9}", said)][:MOST_NUMBERS])
    else:
        _of_agency(talk, words)


def _opening(talk: Talk) -> datetime:
    return next_opening(talk.now, talk.desk.settings.policy, talk.desk.calendar)


# -- by number -------------------------------------------------------------------------------------


def _by_numbers(talk: Talk, numbers: Sequence[int]) -> None:
    found = {number: duties.by_number(talk.session, number) for number in numbers}
    missing = [number for number, duty in found.items() if duty is None]
    if missing:
        talk.say("no_duty", numbers=missing)
        return
    at = _opening(talk)
    named = [duty for duty in found.values() if duty is not None]
    one = wave(talk.session, [duty.id or 0 for duty in named], at)
    _send(talk, one)
    come = {each.duty.number: each for each in one.urged}
    rows = []
    for duty in named:
        urged = come.get(duty.number)
        rows.append(
            {
                "number": duty.number,
                "open": duty.state == DutyState.OPEN,
                "told": len(urged.now) if urged else 0,
                "today": len(urged.today) if urged else 0,
                "agency": talk.agency(duty.agency_id).name,
            }
        )
    talk.say("nhac", rows=rows, later=at > talk.now, at=at)


def _send(talk: Talk, one: Wave) -> None:
    send(talk.session, one)
    for each in one.told:
        record(
            talk.session, talk.now, "duty.urged", str(each.duty.number), talk.actor.person_id,
            talk.actor.name, told=len(each.now),
        )  # fmt: skip


# -- an agency, or everything ----------------------------------------------------------------------


def _of_agency(talk: Talk, name: str) -> None:
    match = resolve(talk.session, name, talk.today)
    if match.how != How.AGENCY:
        say_no_agency(talk, match)
        return
    agency = match.agencies[0]
    _ask(talk, overdue(talk.session, talk.today, agency.id), agency.name)


def _ask(talk: Talk, ids: list[int], agency: str) -> None:
    """Show what it would come to and wait for a yes; only what was shown is urged then."""
    if not talk.private:
        talk.say("private_only")
        return
    at = _opening(talk)
    one = wave(talk.session, ids, at)
    buttons: list[list[Button]] = []
    if one.told:
        number = talk.inbound.id or 0
        talk.ask(ASK_URGE, json.dumps({"look": number, "duties": ids}))
        buttons = [[Button("Đồng ý", f"s1:{number}:urge"), Button("Thôi", f"s1:{number}:spare")]]
    talk.say("nhac_xem", buttons=buttons, agency=agency, done=False, **_facts(talk, one, at))


def _facts(talk: Talk, one: Wave, at: datetime) -> dict[str, Any]:
    def names(of: list[int]) -> list[str]:
        return talk.agency_names(of)

    unreached = names([each.duty.agency_id for each in one.unreached])
    return {
        "total": len(one.urged),
        "told": len(one.told),
        "agencies": len({each.duty.agency_id for each in one.told}),
        "people": one.people,
        "spared": [each.duty.number for each in one.spared][:MOST_NUMBERS],
        "spared_count": len(one.spared),
        "unreached": unreached[:MOST_NAMES],
        "unreached_count": len(unreached),
        "unreached_duties": len(one.unreached),
        "later": at > talk.now,
        "at": at,
    }


def answered(talk: Talk, question: Question, text: str) -> bool:
    """The answer to the preview; other words are about something else, and leave it."""
    said = fold(text).strip(" .!")
    if said not in _YES | _NO:
        return False
    talk.answered()
    if said in _NO:
        talk.say("nhac_thoi")
    else:
        _urge(talk, json.loads(question.data)["duties"])
    return True


def _urge(talk: Talk, ids: list[int]) -> None:
    """People answer meanwhile, and a day may have passed: what is still open and overdue."""
    still = set(overdue(talk.session, talk.today))
    at = _opening(talk)
    one = wave(talk.session, [each for each in ids if each in still], at)
    _send(talk, one)
    talk.say("nhac_xem", agency="", done=True, **_facts(talk, one, at))


def pressed_yes(talk: Talk, look: int) -> None:
    """The button under a preview: an old one does nothing."""
    _pressed(talk, look, "đồng ý")


def pressed_no(talk: Talk, look: int) -> None:
    """As :func:`pressed_yes`."""
    _pressed(talk, look, "thôi")


def _pressed(talk: Talk, look: int, word: str) -> None:
    question = talk.question()
    if question is not None and question.kind == ASK_URGE and _look(question) == look:
        answered(talk, question, word)
    else:
        talk.say("nhac_cu")


def _look(question: Question) -> int:
    number: int = json.loads(question.data)["look"]
    return number
