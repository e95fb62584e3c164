"""/lich: a link to a calendar of one's duties; "/lich tắt" ends every link given out."""

import re

from bot.commands.dangky import say_no_agency
from bot.talk import Talk
from deadlines.text import fold
from registry import calendar_feeds
from registry.agencies import How, resolve

_OFF = re.compile(r"(?:tat|dung|huy|bo|off)(?: lich)?(?: (?P<name>.+))?")


def run(talk: Talk, rest: str) -> None:
    """One's own agencies; staff may name an agency, to hand its link on."""
    if not talk.private:
        talk.say("private_only")
        return
    ending, name = _wish(rest)
    agency_id: int | None = None
    if name and talk.actor.is_staff:
        match = resolve(talk.session, name, talk.today)
        if match.how != How.AGENCY:
            say_no_agency(talk, match)
            return
        agency_id = match.agencies[0].id
    elif name:
        talk.say("lich_usage")
        return
    if ending:
        _end(talk, agency_id)
    else:
        _give(talk, agency_id)


def _wish(rest: str) -> tuple[bool, str]:
    """Whether to end, and the agency named ("" for none)."""
    if match := _OFF.fullmatch(fold(rest)):
        # The name as it was typed: folded, "Sở" could not be told from "số".
        words = len((match["name"] or "").split())
        return True, " ".join(rest.split()[-words:]) if words else ""
    return False, rest


def _end(talk: Talk, agency_id: int | None) -> None:
    owner = {"agency_id": agency_id} if agency_id is not None else {"person_id": _me(talk)}
    ended = calendar_feeds.revoke(talk.session, talk.now, by=_me(talk), **owner)
    talk.say("lich_off", ended=ended)


def _give(talk: Talk, agency_id: int | None) -> None:
    web = talk.desk.settings.web
    if not (web.on and web.public_url and web.safe):
        talk.say("lich_none", staff=talk.actor.is_staff)
        return
    owner = {"agency_id": agency_id} if agency_id is not None else {"person_id": _me(talk)}
    token = calendar_feeds.make(talk.session, talk.now, made_by=_me(talk), **owner)
    row = calendar_feeds.find(talk.session, token)
    scope = calendar_feeds.scope_of(talk.session, row) if row is not None else None
    talk.say(
        "lich",
        url=f"{web.public_url}/ical/{token}.ics",
        title=scope.title if scope is not None else "",
        most=calendar_feeds.MOST_LIVE,
        handed_on=agency_id is not None,
    )


def _me(talk: Talk) -> int | None:
    return talk.actor.person_id
