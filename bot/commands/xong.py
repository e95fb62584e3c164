"""/xong, "xong 127 số 45/BC-SYT ngày 20/12/2026", `2`: the duty is done."""

import json
from datetime import date

from bot import telling
from bot.commands.base import duty_button, targets
from bot.commands.nghiemthu import ask_staff
from bot.evidence import attach
from bot.replies import Reply, read_reply
from bot.talk import Talk
from registry import duties, notices
from registry.clock import local
from registry.duties import Evidence
from registry.tables import Completion, Duty, Person, Question, Subscription
from registry.types import DutyState
from reports.oddities import oddities

ASK_EVIDENCE = "evidence"


def run(talk: Talk, rest: str) -> None:
    reply = read_reply(f"/xong {rest}", talk.today)
    if reply.intent != "done":
        talk.say("not_done", number=reply.duties[0] if reply.duties else 127)
        return
    answer(talk, reply)


def answer(talk: Talk, reply: Reply) -> None:
    """Complete what the answer means; several numbers are completed together."""
    found = targets(talk, reply)
    if not found:
        return
    evidence = Evidence(reply.number or "", reply.date)
    if evidence.day is not None and evidence.day > talk.today:
        talk.say("future_date", day=evidence.day, today=talk.today)
        return
    fresh = [duty for duty in found if duty.state == DutyState.OPEN]
    known = [duty for duty in found if duty.state != DutyState.OPEN]
    for duty in fresh:
        completion = duties.complete(
            talk.session, duty, talk.actor, talk.chat.channel, evidence, talk.now
        )
        _spread(talk, duty, completion)
        talk.rewrite(duty)
    added = [duty for duty in known if _add_evidence(talk, duty, evidence)]
    sent = len(talk.files)
    _confirm(talk, fresh, [duty for duty in known if duty not in added], added, evidence)
    if sent:
        keep_files(talk, found)


def keep_files(talk: Talk, found: list[Duty]) -> None:
    """What was sent with the answer goes to the reports in force."""
    standing = [duties.standing_completion(talk.session, duty) for duty in found]
    kept = [each for each in standing if each is not None]
    count = len(talk.files)
    if kept:
        attach(talk, kept)
        talk.say("tep_received", count=count)


def _confirm(
    talk: Talk, fresh: list[Duty], known: list[Duty], added: list[Duty], evidence: Evidence
) -> None:
    if fresh and not evidence.number:
        talk.ask(ASK_EVIDENCE, json.dumps([duty.number for duty in fresh]))
    talk.say(
        "xong",
        buttons=[[duty_button(f"Hoàn tác {d.number}", "undo", d.number)] for d in fresh[:3]],
        fresh=[_told(talk, duty) for duty in fresh],
        known=[_known(talk, duty, evidence) for duty in known],
        added=[_told(talk, duty) for duty in added],
        number=evidence.number,
        day=evidence.day,
        odd=_odd(talk, [*fresh, *added]),
    )


def _odd(talk: Talk, found: list[Duty]) -> str:
    """What is odd about the document, in one line; that it is late is said anyway."""
    said: dict[str, None] = {}
    for duty in found:
        completion = duties.standing_completion(talk.session, duty)
        words = oddities(completion.flags, without_late=True) if completion is not None else ""
        said |= dict.fromkeys(filter(None, words.split("; ")))
    return "; ".join(said)


def _told(talk: Talk, duty: Duty) -> dict[str, object]:
    task, agency = duties.titled(talk.session, duty)
    waits = duty.state == DutyState.SUBMITTED
    completion = duties.standing_completion(talk.session, duty) if waits else None
    day = _counted(completion) if completion is not None else duty.done_on
    return {
        "number": duty.number,
        "title": task.title,
        "agency": agency.name,
        "late": (day - duty.due_on).days if day else 0,
        "waits": waits,
    }


def _counted(completion: Completion) -> date:
    return duties.counted_day(Evidence(day=completion.document_date), completion.at)


def _known(talk: Talk, duty: Duty, evidence: Evidence) -> dict[str, object]:
    completion = duties.standing_completion(talk.session, duty)
    document = completion.document_number if completion is not None else ""
    who = (
        talk.session.get(Person, completion.person_id)
        if completion is not None and completion.person_id is not None
        else None
    )
    return {
        "number": duty.number,
        "state": str(duty.state),
        "at": local(completion.at) if completion is not None else None,
        "who": who.name if who is not None else "",
        "document": document,
        "other": bool(document and evidence.number and evidence.number != document),
    }


def _add_evidence(talk: Talk, duty: Duty, evidence: Evidence) -> bool:
    completion = duties.standing_completion(talk.session, duty)
    return completion is not None and duties.amend(talk.session, completion, evidence, talk.now)


def _spread(talk: Talk, duty: Duty, completion: Completion) -> None:
    """Word to the agency's other subscribers and to those who coordinate, once each. A result that
    staff must confirm is no news to others yet: staff are asked."""
    receivers = telling.of_agency(talk, duty.agency_id)
    if duty.state == DutyState.SUBMITTED:
        ask_staff(talk, duty, completion)
    else:
        receivers += telling.of_coordinating(talk, duty) + telling.watching(talk, duty)
    for subscription in receivers:
        if not _is_speaker(talk, subscription):
            notices.put_word(
                talk.session, duty.id or 0, completion.id or 0, subscription.id or 0, talk.now
            )


def _is_speaker(talk: Talk, subscription: Subscription) -> bool:
    return subscription.person_id is not None and subscription.person_id == talk.actor.person_id


def more_evidence(talk: Talk, question: Question, text: str) -> bool:
    """After "xong" without a number: a report number alone completes the record. False if the text
    is about something else."""
    reply = read_reply(text, talk.today)
    if reply.duties or reply.intent not in ("none", "done") or reply.number is None:
        return False
    evidence = Evidence(reply.number, reply.date)
    asked = [duties.by_number(talk.session, number) for number in json.loads(question.data)]
    mine = [duty for duty in asked if duty is not None and talk.may_act(duty)]
    added = [duty for duty in mine if _add_evidence(talk, duty, evidence)]
    talk.answered()
    if mine:
        _confirm(talk, [], [duty for duty in mine if duty not in added], added, evidence)
    return bool(mine)
