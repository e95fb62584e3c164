"""/hoantac: take a "xong" back."""

from datetime import datetime

from bot.commands.base import ask_which, by_numbers
from bot.replies import Reply, read_reply
from bot.talk import Talk
from registry import duties, notices
from registry.people import Refused
from registry.tables import Duty, Subscription
from reports.papers.period import name_of
from scheduler.chain import drafts_counting


def run(talk: Talk, rest: str) -> None:
    answer(talk, read_reply(f"/hoantac {rest}", talk.today))


def answer(talk: Talk, reply: Reply) -> None:
    """Without a number: what this person reported done last, if it was one duty."""
    if not reply.duties:
        latest = duties.last_done_by(talk.session, talk.actor, talk.now)
        if len(latest) > 1:
            ask_which(talk, "undo", reply, latest)
            return
        if not latest:
            talk.say("nothing_to_undo")
            return
        found = latest
    else:
        found = by_numbers(talk, reply.duties)
    if found:
        _take_back(talk, found)


def _take_back(talk: Talk, found: list[Duty]) -> None:
    for duty in found:
        if duties.standing_completion(talk.session, duty) is None:
            raise Refused(f"Đầu việc {duty.number} chưa được báo xong nên không có gì để hoàn tác.")
    for duty in found:
        completion = duties.undo(talk.session, duty, talk.actor, talk.now)
        _correct(talk, duty)
        _draft_is_old(talk, duty, completion.at)
        talk.rewrite(duty)
    talk.answered()
    talk.say("hoantac", rows=[{"number": d.number, "due_on": d.due_on} for d in found])


def _draft_is_old(talk: Talk, duty: Duty, reported_at: datetime) -> None:
    """A draft report that staff hold counts it as done: they hear, or would sign it."""
    made = drafts_counting(talk.session, duty.due_on, reported_at)
    if not made:
        return
    task, agency = duties.titled(talk.session, duty)
    talk.tell_staff(
        "rut_lai_staff",
        f"draft-old:{duty.id}:{talk.inbound.id}",
        number=duty.number,
        title=task.title,
        agency=agency.name,
        drafts=[(name_of(period), at) for period, at in made],
    )


def _correct(talk: Talk, duty: Duty) -> None:
    """Whoever was already told of the completion hears that it was taken back."""
    told = notices.withdraw_word(talk.session, duty.id or 0, talk.now)
    task, agency = duties.titled(talk.session, duty)
    talk.tell(
        [talk.session.get_one(Subscription, each) for each in told],
        "correction",
        f"undone:{duty.id}:{talk.inbound.id}",
        number=duty.number,
        title=task.title,
        agency=agency.name,
        who=talk.actor.name,
    )
