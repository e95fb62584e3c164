"""/nghiemthu, /tralai, "nhận kết quả 127", "trả lại 127 vì …": staff confirm what was reported, or
give it back; and say which directives' results need that."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from bot import telling
from bot.commands.base import desk_button
from bot.replies import read_reply
from bot.talk import Talk
from deadlines.text import clean, fold
from registry import acceptance, duties, files, notices, results
from registry.directive_changes import label
from registry.lookup import directive_named
from registry.people import Refused
from registry.tables import Completion, Duty, Person, Question, Subscription, Task
from registry.types import DutyState
from reports.oddities import oddities

ASK_REASON = "return"
LONGEST = 1000
MOST = 20
LISTED = 15
_NUMBERS = r"(?P<numbers>#?\d{1,9}(?:(?: ?, ?| ?; ?| va | (?=#?\d{3}))#?\d{1,9})*)"
_OF = r"(?: ?(?:cua |dau viec |viec |so )*)"
_ACCEPT = re.compile(
    rf"(?:(?:nhan|chap nhan|xac nhan|duyet|dong y|thong qua) ket qua|nghiem thu){_OF}{_NUMBERS}"
)
_RETURN = re.compile(
    r"(?:tra (?:lai|ve)(?: ket qua)?|khong (?:nhan|chap nhan|dong y|duyet|thong qua) ket qua)"
    rf"{_OF}{_NUMBERS}(?=$|\W)"
)
_KEEP = re.compile(rf"(?:hoan tac|huy|bo|rut) tra (?:lai|ve){_OF}{_NUMBERS}")
_MARK = re.compile(r"(?P<word>bat|tat)\s+(?P<rest>\S.*)")
_WHY = re.compile(r"^[\s,.:;–-]*(?:(?:vì|do|bởi|lý do|lí do)\b[\s:,-]*)?", re.IGNORECASE)
_NOTHING = re.compile(r"(?:thoi|huy|bo qua|khong|khong tra(?: lai)?)")


# -- what is heard --------------------------------------------------------------------------------


def run(talk: Talk, rest: str) -> None:
    """/nghiemthu: what waits; /nghiemthu 127; /nghiemthu bật 12/KH-UBND."""
    if not rest:
        _list(talk)
    elif match := _MARK.fullmatch(fold(rest)):
        _mark(talk, match["word"] == "bat", clean(rest)[match.start("rest") :])
    elif not heard(talk, rest) and not heard(talk, f"nghiệm thu {rest}"):
        talk.say("nghiemthu_usage")


def give_back(talk: Talk, rest: str) -> None:
    """/tralai 127 lý do."""
    if not heard(talk, f"trả lại {rest}"):
        talk.say("tralai_usage")


def heard(talk: Talk, text: str) -> bool:
    """Whether these words of staff confirm or give back a result, which is then done."""
    words = clean(text)
    flat = fold(words)
    if match := _KEEP.fullmatch(flat):
        _each(talk, match["numbers"], _keep)
    elif match := _ACCEPT.fullmatch(flat.rstrip(" .!")):
        _each(talk, match["numbers"], _accept)
    elif match := _RETURN.match(flat):
        _return(talk, _read(match["numbers"]), _WHY.sub("", words[match.end() :]).strip())
    else:
        return False
    return True


def pressed_accept(talk: Talk, number: int) -> None:
    _each(talk, str(number), _accept)


def pressed_return(talk: Talk, number: int) -> None:
    _return(talk, [number], "")


def reason_given(talk: Talk, question: Question, text: str) -> bool:
    """The reason asked for after a bare "trả lại 127". False if the text is something else."""
    if read_reply(text, talk.today).intent in ("status", "help"):
        return False
    talk.answered()
    if _NOTHING.fullmatch(fold(text).strip(" .")):
        talk.say("tralai_kept", numbers=json.loads(question.data))
        return True
    _return(talk, json.loads(question.data), clean(text))
    return True


def _read(numbers: str) -> list[int]:
    return list(dict.fromkeys(int(each) for each in re.findall(r"\d+", numbers)))[:MOST]


def _known(talk: Talk, numbers: Sequence[int]) -> list[Duty]:
    """The duties, or none of them where one number is unknown, and that was said."""
    found = {number: duties.by_number(talk.session, number) for number in numbers}
    missing = [number for number, duty in found.items() if duty is None]
    if missing:
        talk.say("nghiemthu_no_duty", numbers=missing)
        return []
    return [duty for duty in found.values() if duty is not None]


def _each(talk: Talk, numbers: str, act: Callable[[Talk, Duty], Completion]) -> None:
    """All of them or none: a Refused takes back what was begun."""
    found = _known(talk, _read(numbers))
    if not found:
        return
    talk.answered()
    rows = []
    for duty in found:
        act(talk, duty)
        talk.rewrite(duty)
        late = (duty.done_on - duty.due_on).days if duty.done_on else 0
        rows.append({"number": duty.number, "late": late, "done_on": duty.done_on})
    talk.say("nghiemthu_done", rows=rows, waits=[d.number for d in found if d.done_on is None])


# -- acts -----------------------------------------------------------------------------------------


def _accept(talk: Talk, duty: Duty) -> Completion:
    """Confirm; what was given back a moment ago may be confirmed as well."""
    if results.last_returned(talk.session, duty) is not None:
        _keep(talk, duty)
    if duty.state != DutyState.SUBMITTED:
        done = duty.state == DutyState.DONE
        standing = duties.standing_completion(talk.session, duty)
        if done and standing is not None:
            return standing
        raise Refused(f"Đầu việc {duty.number} chưa được báo xong nên chưa có kết quả để xác nhận.")
    completion = results.accept(talk.session, duty, talk.actor, talk.now)
    told = telling.of_agency_and(talk, duty.agency_id, completion.person_id)
    talk.tell(
        told, "nghiemthu_told", f"accepted:{completion.id}:{talk.inbound.id}", **_facts(talk, duty)
    )
    for subscription in telling.of_coordinating(talk, duty) + telling.watching(talk, duty):
        notices.put_word(
            talk.session, duty.id or 0, completion.id or 0, subscription.id or 0, talk.now
        )
    return completion


def _keep(talk: Talk, duty: Duty) -> Completion:
    completion = results.keep_after_all(talk.session, duty, talk.actor, talk.now)
    told = telling.of_agency_and(talk, duty.agency_id, completion.person_id)
    key = f"kept:{completion.id}:{talk.inbound.id}"
    talk.tell(told, "tralai_undone", key, **_facts(talk, duty))
    return completion


def _return(talk: Talk, numbers: Sequence[int], reason: str) -> None:
    found = _known(talk, numbers)
    if not found:
        return
    if not reason:
        talk.ask(ASK_REASON, json.dumps([duty.number for duty in found]))
        talk.say("tralai_why", numbers=[duty.number for duty in found])
        return
    talk.answered()
    told = 0
    for duty in found:
        told += _one_back(talk, duty, reason[:LONGEST])
    rows = [{"number": duty.number, "due_on": duty.due_on} for duty in found]
    talk.say("tralai", rows=rows, told=told, reason=reason[:LONGEST])


def _one_back(talk: Talk, duty: Duty, reason: str) -> int:
    completion = results.give_back(talk.session, duty, talk.actor, reason, talk.now)
    facts = _facts(talk, duty) | {"reason": reason, "today": talk.today}
    key = f"returned:{completion.id}:{talk.inbound.id}"
    own = telling.of_agency_and(talk, duty.agency_id, completion.person_id)
    told = talk.tell(own, "tralai_told", key, **facts)
    heard_own = {(each.person_id, each.contact_id) for each in own}
    # Others who were told of the completion hear that it does not stand; the reason is not theirs.
    before = notices.withdraw_word(talk.session, duty.id or 0, talk.now)
    rows = [talk.session.get_one(Subscription, each) for each in before]
    others = [each for each in rows if (each.person_id, each.contact_id) not in heard_own]
    talk.tell(others, "tralai_correction", key, **facts)
    talk.rewrite(duty)
    return told


def _facts(talk: Talk, duty: Duty) -> dict[str, Any]:
    task, agency = duties.titled(talk.session, duty)
    return {
        "number": duty.number,
        "title": task.title,
        "agency": agency.name,
        "due_on": duty.due_on,
        "waits": duty.state == DutyState.SUBMITTED,
    }


# -- telling staff, and listing -------------------------------------------------------------------


def ask_staff(talk: Talk, duty: Duty, completion: Completion) -> int:
    """Staff get one message for each result that waits."""
    n = duty.number
    buttons = ((desk_button("Nhận kết quả", "accept", n), desk_button("Trả lại", "return", n)),)
    return talk.tell_staff(
        "nghiemthu_staff",
        f"submitted:{completion.id}",
        buttons,
        who=talk.actor.name,
        document=completion.document_number,
        day=completion.document_date,
        odd=oddities(completion.flags),
        files=len(talk.files),
        **_facts(talk, duty),
    )


def _list(talk: Talk) -> None:
    if talk.overheard:
        talk.say("private_only")
        return
    found = results.waiting(talk.session)
    talk.say("nghiemthu_list", rows=[_line(talk, *row) for row in found[:LISTED]], total=len(found))


def _line(talk: Talk, duty: Duty, completion: Completion) -> dict[str, Any]:
    person = (
        talk.session.get(Person, completion.person_id) if completion.person_id is not None else None
    )
    return _facts(talk, duty) | {
        "who": person.name if person is not None else "",
        "at": completion.at,
        "document": completion.document_number,
        "day": completion.document_date,
        "odd": oddities(completion.flags),
        "files": len(files.of_completion(talk.session, completion.id or 0, talk.now)),
    }


# -- which results need it ------------------------------------------------------------------------


def _mark(talk: Talk, on: bool, what: str) -> None:
    if re.fullmatch(r"\d{1,9}", what):
        found = _known(talk, [int(what)])
        if found:
            task = talk.session.get_one(Task, found[0].task_id)
            acceptance.mark_task(talk.session, task, on, talk.actor, talk.now)
            talk.say("nghiemthu_marked", on=on, task=task.title, directive="")
        return
    directive = directive_named(talk.session, what)
    acceptance.mark_directive(talk.session, directive, on, talk.actor, talk.now)
    talk.say("nghiemthu_marked", on=on, task="", directive=label(directive))
