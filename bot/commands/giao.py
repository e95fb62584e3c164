"""/giao: one task by hand, in one sentence, looked over before it counts."""

import re
from dataclasses import replace

from bot.reviewing.look import ASSIGNMENT, opened
from bot.reviewing.showing import say_assignment
from bot.talk import Talk
from deadlines.text import clean, fold
from intake.board import Board
from intake.papers import read_pasted
from intake.source import Source, source_of
from intake.task_rows import TaskRow
from registry import reviews
from registry.agencies import Directory

_ORDERS = re.compile(r"(?:giao|yeu cau|de nghi|phan cong)\b")
_TOGETHER = re.compile(r"[,;]?\s*(?:và\s+)?phối hợp(?:\s+(?:với|cùng))?\s", re.IGNORECASE)


def run(talk: Talk, rest: str) -> None:
    """ "giao Sở Y tế báo cáo kết quả … trước 20/12, phối hợp Công an tỉnh"."""
    if not talk.private:
        talk.say("private_only")
        return
    if not rest:
        talk.say("giao_usage")
        return
    source = _read(talk, rest)
    if source is None:
        talk.say("giao_unread", text=rest)
        return
    title = f"{ASSIGNMENT} ngày {talk.today:%d/%m/%Y}"
    board = Board(source).told("title", title).told("issued", talk.today.isoformat())
    review = reviews.begin(
        talk.session, title, talk.actor.person_id, source.to_json(), board.state(), talk.now
    )
    look = opened(talk, review)
    say_assignment(look)


def _read(talk: Talk, sentence: str) -> Source | None:
    """The task the sentence orders; None where it names nobody or nothing to do."""
    directory = Directory.on(talk.session, talk.today)
    words = clean(sentence)
    tries = (words, f"Giao {words}") if _ORDERS.match(fold(words)) else (f"Giao {words}", words)
    for each in tries:
        source = source_of(read_pasted(each), ASSIGNMENT, directory, talk.today, talk.today)
        if source.rows:
            rows = [_tidy(row, words) for row in source.rows]
            # Two orders in the same words on two days are two tasks.
            digest = f"{source.digest[:40]}-{talk.inbound.id}"
            head = replace(source.head, kind=ASSIGNMENT)
            return replace(source.with_rows(rows), digest=digest, head=head, notes=())
    return None


def _tidy(row: TaskRow, sentence: str) -> TaskRow:
    """The title without what stands in fields of its own: when, and with whom."""
    title = row.title
    together = _TOGETHER.search(title)
    if together and row.coordinate:
        title = title[: together.start()]
    if row.deadline and row.deadline in title:
        title = title.replace(row.deadline, " ")
    title = re.sub(r"\s+([,.;])", r"\1", clean(title)).strip(" ,.;")
    return replace(row, title=title or row.title, source=sentence, where="giao trực tiếp")
