"""/nhap: bring a directive in by a file or as text, list reviews, take one over."""

import json

from bot.reviewing.look import opened, save
from bot.reviewing.showing import say_summary, say_unavailable
from bot.talk import Talk
from deadlines.text import fold
from intake.secrecy import REFUSED, secrecy_mark
from registry import people, reviews
from registry.people import Refused
from registry.tables import Question, Review, Upload
from registry.types import ReviewState

ASK_PASTE = "paste"
MOST_PASTED = 300_000
_ENDINGS = frozenset({"het", "xong", "het roi", "xong roi", "doc di", "doc", "."})
_STOPS = frozenset({"thoi", "huy", "khong", "dung"})


def run(talk: Talk, rest: str) -> None:
    """Without words: how to, and what is open. With a number: go on with that review. With text:
    the first piece of a directive."""
    if not talk.private:
        talk.say("private_only")
        return
    number = rest.strip(" #.")
    if number.isdecimal() and len(number) < 10:
        _go_on(talk, int(number))
    elif rest:
        collect(talk, talk.incoming.text.split(maxsplit=1)[1], [])
    else:
        talk.ask(ASK_PASTE, "[]")
        talk.say("nhap", rows=[_row(talk, each) for each in reviews.waiting(talk.session)])


def _row(talk: Talk, review: Review) -> dict[str, object]:
    return {
        "id": review.id,
        "name": review.name,
        "holder": reviews.holder(talk.session, review),
        "mine": review.person_id == talk.actor.person_id,
        "changed": review.changed_at,
    }


def _go_on(talk: Talk, number: int) -> None:
    review = talk.session.get(Review, number)
    if review is None:
        raise Refused(f"Không có bản soát số {number}; gõ /nhap để xem các bản đang soát.")
    if review.state != ReviewState.OPEN:
        say_unavailable(talk, review)
        return
    before = reviews.take(talk.session, review, talk.actor, talk.now)
    if before is not None:
        staff = people.staff_subscriptions(talk.session)
        held = [one for one in staff if one.person_id == before]
        talk.tell(
            held, "review_taken", f"taken:{review.id}:{talk.inbound.id}",
            name=review.name, by=talk.actor.name, review=review.id,
        )  # fmt: skip
    look = opened(talk, review)
    say_summary(look)
    save(look)


# -- pasted text -----------------------------------------------------------------------------------


def pasting(talk: Talk) -> bool:
    """Whether this person is pasting a document: then its lines are no commands."""
    question = talk.question()
    return talk.private and question is not None and question.kind == ASK_PASTE


def pasted(talk: Talk, question: Question, text: str) -> bool:
    """One more piece, or the word that it is all."""
    pieces: list[str] = json.loads(question.data)
    word = fold(text).strip(" .!") or "."
    if pieces and word in _ENDINGS:
        _hand_over(talk, pieces)
    elif word in _STOPS:
        talk.answered()
        talk.say("nhap_stopped", pieces=len(pieces))
    elif not pieces and len(text) < 40 and "\n" not in text:
        return False
    else:
        collect(talk, talk.incoming.text, pieces)
    return True


def collect(talk: Talk, text: str, pieces: list[str]) -> None:
    """Keep a piece until the rest has come; a long document arrives as several messages."""
    # What was pasted is kept in one place only, so that it can be forgotten.
    talk.inbound.raw = ""
    if any(secrecy_mark(line) for line in text.splitlines()):
        talk.answered()
        talk.say("refused", text=REFUSED)
        return
    pieces = [*pieces, text]
    length = sum(map(len, pieces))
    if length > MOST_PASTED:
        talk.answered()
        talk.say("nhap_too_long")
        return
    talk.ask(ASK_PASTE, json.dumps(pieces, ensure_ascii=False))
    talk.say("nhap_piece", pieces=len(pieces), length=length)


def _hand_over(talk: Talk, pieces: list[str]) -> None:
    talk.answered()
    talk.session.add(
        Upload(
            contact_id=talk.known_contact().id or 0,
            person_id=talk.actor.person_id,
            purpose="directive",
            name="",
            text="\n".join(pieces),
            at=talk.now,
            next_at=talk.now,
        )
    )
    talk.say("upload_received")
