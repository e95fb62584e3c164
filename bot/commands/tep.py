"""Files: a directive from the standing agency's staff, proof from an officer; /tep 127 gives back
what came with the reports on a duty."""

import json
import re

from bot import evidence
from bot.commands.base import ANSWERING, say_unknown
from bot.commands.xong import answer, keep_files
from bot.replies import Reply, read_reply
from bot.talk import Talk
from bot.unsendable import say_file
from deadlines.text import fold
from registry import duties, files
from registry.tables import Duty, Question, Upload
from registry.types import DutyState

ASK_DUTY = "file"
_NUMBERS = re.compile(r"(?:so |viec |dau viec |cho |#)*\d{1,9}(?:(?: ?[,;] ?| va )#?\d{1,9})*")
_NOTHING = re.compile(r"(?:thoi|huy|bo qua|khong|khong gui|gui nham|nham)")


def run(talk: Talk, rest: str) -> None:
    """/tep 127: the files, one message each."""
    found = re.search(r"\d{1,9}", rest)
    if found is None:
        talk.say("tep_usage")
        return
    number = int(found[0])
    duty = duties.by_number(talk.session, number)
    if duty is None or not talk.may_see(duty):
        say_unknown(talk, [number])
        return
    rows = files.of_duty(talk.session, duty.id or 0, talk.now)
    if not rows:
        talk.say("tep_none", number=number)
        return
    standing = duties.standing_completion(talk.session, duty)
    for row in rows:
        in_force = standing is not None and row.completion_id == standing.id
        say_file(talk, "tep_one", row, number=number, name=row.name, in_force=in_force)


# -- what somebody sent ---------------------------------------------------------------------------


def received(talk: Talk) -> None:
    """Keep word of the file; it is fetched and read later, outside this transaction."""
    file = talk.incoming.file
    if file is None or not talk.private:
        return
    if talk.actor.is_staff:
        _directive(talk)
    elif talk.actor.roles & ANSWERING:
        _for_which(talk)
    else:
        talk.say("file_not_wanted", bound=talk.actor.bound)


def is_report(talk: Talk) -> bool:
    """Whether the words under a file report something done."""
    text = talk.incoming.text
    return bool(text) and read_reply(text, talk.today).intent == "done"


def offer(talk: Talk) -> bool:
    """Let an answer take the file that came with it; False where it cannot be kept, and that was
    said. The words count all the same."""
    file = talk.incoming.file
    if file is None:
        return True
    why = evidence.why_not(file)
    if why is None:
        talk.files = (file,)
        return True
    # The name may itself be confidential.
    talk.inbound.raw = ""
    talk.say("tep_refused", why=why, name="" if why == evidence.SECRET else file.name)
    return False


def left_over(talk: Talk) -> None:
    """A file that no report took is kept nowhere, and that is said."""
    if talk.actor.bound and talk.private and (talk.files or not is_report(talk)):
        talk.files = ()
        talk.say("tep_not_kept")


def _directive(talk: Talk) -> None:
    file = talk.incoming.file
    if file is None:
        return
    # The file's name may itself be confidential: it is kept in one row that is blanked later.
    talk.inbound.raw = ""
    talk.answered()
    talk.session.add(
        Upload(
            contact_id=talk.known_contact().id or 0,
            person_id=talk.actor.person_id,
            purpose="directive",
            name=file.name,
            ref=file.ref,
            size=file.size,
            at=talk.now,
            next_at=talk.now,
        )
    )
    talk.say("upload_received")


# -- which duty it is for -------------------------------------------------------------------------


def _for_which(talk: Talk) -> None:
    """A file without a word: ask. Several that come one after the other wait together."""
    if not offer(talk):
        return
    question = talk.question()
    asked = question is not None and question.kind == ASK_DUTY
    before = evidence.unpack(json.loads(question.data)["files"]) if question and asked else ()
    waiting = (*before, *talk.files)[-evidence.MOST_FILES :]
    talk.files = ()
    talk.ask(ASK_DUTY, json.dumps({"files": evidence.pack(waiting)}, ensure_ascii=False))
    if len(before) < len(waiting) and before:
        talk.say("tep_more", count=len(waiting))
        return
    mine = duties.open_of(talk.session, talk.actor.agencies(), talk.today)
    rows = [
        {"number": duty.number, "title": duties.titled(talk.session, duty)[0].title,
         "due_on": duty.due_on}
        for duty in mine[:6]
    ]  # fmt: skip
    talk.say("tep_which", rows=rows, more=max(len(mine) - len(rows), 0))


def duty_named(talk: Talk, question: Question, text: str) -> bool:
    """The answer to "which duty is this file for?": a report, or the number of one that was
    reported. False if the text is about something else; the question stays."""
    kept = json.loads(question.data)
    if _NOTHING.fullmatch(fold(text).strip(" .")):
        talk.answered()
        talk.say("tep_dropped")
        return True
    reply = read_reply(text, talk.today)
    if reply.intent == "done" and not reply.bare_digit:
        numbers = reply.duties or tuple(kept.get("numbers", ()))
        talk.answered()
        talk.files = evidence.unpack(kept["files"])
        answer(talk, Reply("done", numbers, reply.number, reply.date, reply.rest))
        return True
    if not _NUMBERS.fullmatch(fold(text).strip(" .")):
        return False
    _for_numbers(talk, kept, [int(each) for each in re.findall(r"\d+", text)])
    return True


def _for_numbers(talk: Talk, kept: dict[str, object], numbers: list[int]) -> None:
    rows: list[Duty] = []
    for number in numbers:
        duty = duties.by_number(talk.session, number)
        if duty is None or not talk.may_act(duty):
            say_unknown(talk, [number])
            return
        rows.append(duty)
    still_open = [duty.number for duty in rows if duty.state == DutyState.OPEN]
    if still_open:
        # A file alone does not say that the work is done.
        talk.ask(ASK_DUTY, json.dumps(kept | {"numbers": numbers}, ensure_ascii=False))
        talk.say("tep_open", numbers=still_open)
        return
    talk.answered()
    talk.files = evidence.unpack(kept["files"])
    keep_files(talk, rows)
