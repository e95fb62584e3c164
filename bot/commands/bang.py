"""/bang: one message at the top of the chat that goes on showing how things stand."""

import re

from bot.boards import board_text
from bot.commands.scope import read_scope
from bot.talk import Talk
from deadlines.text import fold
from registry import boards
from registry.notices import put_text
from registry.types import NoticeKind

_OFF = re.compile(r"(?:tat|dung|huy|bo|go)\b.*")


def run(talk: Talk, rest: str) -> None:
    """Put a board up in this chat, for all figures or a part of them; "tắt" takes it down."""
    contact_id = talk.known_contact().id or 0
    if _OFF.fullmatch(fold(rest)):
        talk.say("bang_tat", count=boards.take_down(talk.session, contact_id, talk.now))
        return
    if talk.overheard:
        talk.say("private_only")
        return
    asked = read_scope(talk.session, rest, talk.today)
    if asked.unknown:
        talk.say("status_unclear", said=asked.unknown, proposals=list(asked.proposals))
        return
    token = asked.ask.unfolding().token()
    settings, renderer = talk.desk.settings, talk.desk.renderer
    stays = talk.chat.channel in talk.desk.editing_channels
    said = board_text(talk.session, token, talk.now, settings, renderer, stays=stays)
    if said is None:
        talk.say("forbidden")
        return
    row = boards.put_up(talk.session, contact_id, talk.actor.person_id, token, said.html, talk.now)
    put_text(
        talk.session, NoticeKind.ANSWER, boards.key_of(row.id or 0), said.html, talk.now,
        contact_id=contact_id,
    )  # fmt: skip
