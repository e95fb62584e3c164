"""What staff do with difficulties ("nhận vướng mắc 5", "trả lời VM5: …", /vuong), and the one who
raised it afterwards ("vẫn vướng").

An obstacle's number is written VM5; a bare 5 counts as one only behind the words "vướng mắc". Where
such a number is a duty's as well, the person is asked.
"""

import json
import re
from datetime import date
from typing import Any

from bot import telling
from bot.talk import Talk
from deadlines.text import clean, fold
from registry import duties, obstacles
from registry.people import ACTING, Refused
from registry.tables import Duty, Obstacle, Question
from registry.themes import THEMES, theme_for, theme_named

ASK_ANSWER = "obstacle_answer"
ASK_NUMBER = "obstacle_number"
LISTED = 15
LONGEST = 2000
_VM = r"(?:(?:vuong mac|vuong|y kien)(?: so)? ?(?:vm ?-? ?)?#?|vm ?-? ?)(?P<number>\d{1,9})\b"
_REST = r"(?P<rest>.*)"
_TAKE = re.compile(rf"(?:nhan|nhan xu ly|toi nhan|xu ly|tiep nhan) {_VM}")
_ANSWER = re.compile(rf"(?:tra loi|giai dap|phan hoi|dong) {_VM}{_REST}", re.DOTALL)
_THEME = re.compile(rf"(?:chu de|xep|nhom) {_VM} ?(?:la|vao|:|-|nhom|chu de)*{_REST}")
_AGAIN = re.compile(
    r"(?P<still>van|con) (?:con )?vuong(?: mac)?(?: (?:(?P<vm>vm ?-? ?\d{1,9})|(?:viec |so |#)*"
    rf"(?P<duty>\d{{1,9}})))?(?=$|[^\w%]){_REST}",
    re.DOTALL,
)
_LIST = re.compile(
    r"(?:(?:xem|danh sach|cac|nhung) )*vuong mac(?: (?:dang )?(?:cho|chua)(?: tra loi)?)?"
)
# Behind /vuong the word "vướng mắc" goes without saying.
_BARE = re.compile(r"(?P<verb>nhan|tra loi|chu de)(?= (?:vm ?-? ?)?#?\d)")
_EDGE = " \n,.:;–-"


# -- what is heard --------------------------------------------------------------------------------


def heard(talk: Talk, text: str) -> bool:
    """Whether these words of staff are about a difficulty, which is then done."""
    words = _tidy(text)
    flat = fold(words)
    if match := _TAKE.fullmatch(flat.rstrip(" .!")):
        take(talk, int(match["number"]))
    elif match := _ANSWER.fullmatch(flat):
        _answer(talk, int(match["number"]), words[match.start("rest") :].strip(_EDGE), _vm(match))
    elif match := _THEME.fullmatch(flat):
        _theme(talk, int(match["number"]), match["rest"].strip(_EDGE))
    elif _LIST.fullmatch(flat.rstrip(" .!?")) and not talk.actor.agencies(*ACTING):
        _list(talk)
    else:
        return False
    return True


def command(talk: Talk, rest: str) -> bool:
    """The same behind /vuong; False for what is a new difficulty."""
    if not talk.actor.is_staff:
        return False
    if not rest:
        _list(talk)
        return True
    words = _tidy(rest)
    flat = fold(words)
    if match := _BARE.match(flat):
        number = words[match.end() :].strip()
        prefix = "" if fold(number).startswith("vm") else "vướng mắc "
        return heard(talk, f"{words[: match.end()]} {prefix}{number.lstrip('#')}")
    return heard(talk, rest)


def _vm(match: re.Match[str]) -> bool:
    """Whether the number was written as an obstacle's ("VM5")."""
    return re.search(r"vm ?-? ?#?\d", match[0][: match.end("number")]) is not None


def _tidy(text: str) -> str:
    """Lines kept: an answer may have several."""
    return "\n".join(filter(None, (clean(line) for line in text.splitlines())))


def _found(talk: Talk, number: int) -> Obstacle:
    obstacle = obstacles.find(talk.session, number)
    if obstacle is None:
        raise Refused(
            f"Không có vướng mắc VM{number}; không có gì thay đổi. "
            "Gõ /vuong để xem các vướng mắc đang chờ trả lời."
        )
    return obstacle


# -- staff ----------------------------------------------------------------------------------------


def take(talk: Talk, number: int) -> None:
    """One of the staff sees to it; the others and the agency hear who."""
    obstacle = _found(talk, number)
    fresh = obstacles.take(talk.session, obstacle, talk.actor, talk.now)
    facts = _facts(talk, obstacle)
    if fresh:
        key = f"obstacle-taken:{obstacle.id}:{talk.inbound.id}"
        own = telling.of_agency_and(talk, facts["agency_id"], obstacle.person_id)
        talk.tell(own, "vuong_taken", key, **facts)
        talk.tell_staff("vuong_taken_staff", f"{key}:desk", who=talk.actor.name, **facts)
    talk.say("vuong_took", fresh=fresh, **facts)


def _answer(talk: Talk, number: int, words: str, sure: bool) -> None:
    if not sure and (other := _duty_instead(talk, number)) is not None:
        _which(talk, number, other, words)
        return
    obstacle = _found(talk, number)
    if obstacle.closed_at is not None:
        raise Refused(f"Vướng mắc {obstacles.label(obstacle)} đã được trả lời.")
    if not words:
        talk.ask(ASK_ANSWER, json.dumps({"number": number}))
        talk.say("vuong_answer_ask", **_facts(talk, obstacle))
        return
    _close(talk, obstacle, words)


def _duty_instead(talk: Talk, number: int) -> list[Obstacle] | None:
    """The open difficulties of the duty that bears this number, if somebody may have meant it."""
    duty = duties.by_number(talk.session, number)
    return (obstacles.open_of(talk.session, duty) or None) if duty is not None else None


def _which(talk: Talk, number: int, other: list[Obstacle], words: str) -> None:
    here = obstacles.find(talk.session, number)
    offered = [*([here] if here is not None and here.closed_at is None else []), *other]
    unique = list({each.id: each for each in offered}.values())
    kept = {"offered": [each.id for each in unique], "words": words}
    talk.ask(ASK_NUMBER, json.dumps(kept, ensure_ascii=False))
    talk.say("vuong_which", rows=[_facts(talk, each) for each in unique], number=number)


def number_given(talk: Talk, question: Question, text: str) -> bool:
    """Which of several difficulties the answer is for."""
    number = obstacles.number_in(fold(text))
    kept = json.loads(question.data)
    if number is None or number not in kept["offered"]:
        return False
    talk.answered()
    _answer(talk, number, kept["words"], sure=True)
    return True


def answer_given(talk: Talk, question: Question, text: str) -> bool:
    """The words asked for after a bare "trả lời VM5"."""
    flat = fold(text).strip(" .")
    talk.answered()
    if flat in ("thoi", "huy", "bo qua"):
        talk.say("vuong_answer_dropped")
        return True
    _close(talk, _found(talk, json.loads(question.data)["number"]), _tidy(text))
    return True


def _close(talk: Talk, obstacle: Obstacle, words: str) -> None:
    obstacles.answer(talk.session, obstacle, talk.actor, words[:LONGEST], talk.now)
    talk.answered()
    facts = _facts(talk, obstacle) | {"answer": words[:LONGEST]}
    own = telling.of_agency_and(talk, facts["agency_id"], obstacle.person_id)
    key = f"obstacle-answer:{obstacle.id}:{talk.inbound.id}"
    told = talk.tell(own, "vuong_answered", key, **facts)
    talk.say("vuong_closed", told=told, **facts)


def _theme(talk: Talk, number: int, words: str) -> None:
    obstacle = _found(talk, number)
    theme = theme_named(words)
    if theme is None:
        names = "; ".join(each.name for each in THEMES)
        raise Refused(f"Chưa rõ chủ đề. Các chủ đề: {names}. Ví dụ: chủ đề VM{number} kinh phí")
    obstacles.set_theme(talk.session, obstacle, theme, talk.actor, talk.now)
    talk.say("vuong_themed", **_facts(talk, obstacle))


def _list(talk: Talk) -> None:
    if talk.overheard:
        talk.say("private_only")
        return
    rows = obstacles.waiting(talk.session)
    shown = [
        {
            "label": obstacles.label(row.obstacle),
            "theme": theme_for(row.obstacle.theme, row.obstacle.text).name,
            "number": row.duty.number,
            "agency": row.agency,
            "owner": row.owner,
            "text": row.obstacle.text,
            "due_on": row.obstacle.due_on,
            "late": _late(row.obstacle.due_on, talk.today),
        }
        for row in rows[:LISTED]
    ]
    talk.say("vuong_list", rows=shown, total=len(rows))


def _late(due_on: date | None, today: date) -> int:
    return max((today - due_on).days, 0) if due_on is not None else 0


# -- the one who raised it ------------------------------------------------------------------------


def again(talk: Talk, text: str) -> bool:
    """ "Vẫn vướng": what was answered is open again. False where nothing was answered: then it is a
    new difficulty, or something else."""
    words = _tidy(text)
    match = _AGAIN.fullmatch(fold(words))
    if match is None or not talk.actor.bound:
        return False
    found = _answered(talk, match)
    if found is None:
        return False
    if len(found) > 1:
        talk.say("vuong_again_which", rows=[_facts(talk, each) for each in found[:LISTED]])
        return True
    obstacle = found[0]
    added = words[match.start("rest") :].strip(_EDGE)[:LONGEST]
    obstacles.raise_again(talk.session, obstacle, talk.actor, added, due_day(talk), talk.now)
    facts = _facts(talk, obstacle) | {"added": added, "who": talk.actor.name}
    key = f"obstacle-again:{obstacle.id}:{talk.inbound.id}"
    talk.answered()
    told = talk.tell_staff("vuong_again_staff", key, **facts)
    talk.say("vuong_again", staff=told, **facts)
    return True


def _answered(talk: Talk, match: re.Match[str]) -> list[Obstacle] | None:
    """What may be meant: by its own number, by its duty's, or what this person was answered last;
    None where nothing was. "Còn vướng …" without a number may as well be news."""
    if match["vm"]:
        obstacle = obstacles.find(talk.session, obstacles.number_in(match["vm"]) or 0)
        duty = talk.session.get_one(Duty, obstacle.duty_id) if obstacle is not None else None
        if obstacle is None or duty is None or not talk.may_act(duty):
            raise Refused(f"Không có vướng mắc {match['vm'].upper()} của cơ quan anh/chị.")
        return [obstacle]
    mine = obstacles.answered_lately(talk.session, talk.actor, talk.now)
    if match["duty"]:
        duty = duties.by_number(talk.session, int(match["duty"]))
        mine = [each for each in mine if duty is not None and each.duty_id == duty.id][:1]
    elif match["still"] == "con":
        return None
    return mine or None


# -- common ---------------------------------------------------------------------------------------


def due_day(talk: Talk) -> date | None:
    """By when an answer is owed to what is raised now."""
    days = talk.desk.settings.reminders.obstacle_days
    return talk.desk.calendar.forward(talk.today, days) if days else None


def _facts(talk: Talk, obstacle: Obstacle) -> dict[str, Any]:
    duty = talk.session.get_one(Duty, obstacle.duty_id)
    task, agency = duties.titled(talk.session, duty)
    return {
        "label": obstacles.label(obstacle),
        "theme": theme_for(obstacle.theme, obstacle.text).name,
        "number": duty.number,
        "title": task.title,
        "agency": agency.name,
        "agency_id": duty.agency_id,
        "text": obstacle.text,
        "answer_due": obstacle.due_on,
        "owner": talk.actor.name,
    }
