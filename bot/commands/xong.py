"""/xong, "xong 127 số 45/BC-SYT ngày 20/12/2026", `2`: the duty is done."""

import json

from bot.commands.base import duty_button, targets
from bot.replies import Reply, read_reply
from bot.talk import Talk
from registry import duties, notices, people
from registry.clock import local
from registry.duties import Evidence
from registry.tables import Completion, Duty, Person, Question, Subscription
from registry.types import DutyState

ASK_EVIDENCE = "evidence"


def run(talk: Talk, rest: str) -> None:
    reply = read_reply(f"/xong {rest}", talk.today)
    if reply.intent != "done":
        talk.say("not_done")
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
    _confirm(talk, fresh, [duty for duty in known if duty not in added], added, evidence)


def _confirm(
    talk: Talk, fresh: list[Duty], known: list[Duty], added: list[Duty], evidence: Evidence
) -> None:
    if fresh and not evidence.number:
        talk.ask(ASK_EVIDENCE, json.dumps([duty.number for duty in fresh]))
    talk.say(
        "xong",
        buttons=[[duty_button(f"Hoàn tác {d.number}", "undo", d.number)] for d in fresh[:3]],
        fresh=[_told(talk, duty) for duty in fresh],
        known=[_known(talk, duty) for duty in known],
        added=[_told(talk, duty) for duty in added],
        number=evidence.number,
        day=evidence.day,
    )


def _told(talk: Talk, duty: Duty) -> dict[str, object]:
    task, agency = duties.titled(talk.session, duty)
    late = (duty.done_on - duty.due_on).days if duty.done_on else 0
    return {"number": duty.number, "title": task.title, "agency": agency.name, "late": late}


def _known(talk: Talk, duty: Duty) -> dict[str, object]:
    completion = duties.standing_completion(talk.session, duty)
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
        "document": completion.document_number if completion is not None else "",
    }


def _add_evidence(talk: Talk, duty: Duty, evidence: Evidence) -> bool:
    completion = duties.standing_completion(talk.session, duty)
    return completion is not None and duties.amend(talk.session, completion, evidence, talk.now)


def _spread(talk: Talk, duty: Duty, completion: Completion) -> None:
    """Word to the agency's other subscribers and to those who coordinate, once each."""
    receivers = people.agency_subscriptions(talk.session, duty.agency_id)
    for agency in duties.coordinating(talk.session, duty, talk.today):
        receivers += people.agency_subscriptions(talk.session, agency.id or 0)
    others = {_holder(each): each for each in receivers if not _is_speaker(talk, each)}
    for subscription in others.values():
        notices.put_word(
            talk.session, duty.id or 0, completion.id or 0, subscription.id or 0, talk.now
        )


def _holder(subscription: Subscription) -> tuple[int | None, int | None]:
    return subscription.person_id, subscription.contact_id


def _is_speaker(talk: Talk, subscription: Subscription) -> bool:
    return subscription.person_id is not None and subscription.person_id == talk.actor.person_id


def more_evidence(talk: Talk, question: Question, text: str) -> bool:
    """After "xong" without a number: a report number alone completes the record. False if the text
    is about something else."""
    reply = read_reply(text, talk.today)
    if reply.duties or reply.intent not in ("none", "done") or reply.number is None:
        return False
    evidence = Evidence(reply.number, reply.date)
    added: list[Duty] = []
    for number in json.loads(question.data):
        duty = duties.by_number(talk.session, number)
        if duty is not None and talk.may_act(duty) and _add_evidence(talk, duty, evidence):
            added.append(duty)
    if added:
        talk.answered()
        _confirm(talk, [], [], added, evidence)
    return bool(added)
