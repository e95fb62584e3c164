"""/viec: what my agency owes, the most urgent first."""

import re

from bot.commands.dangky import say_no_agency
from bot.talk import Talk
from deadlines.text import clean, fold
from registry import people
from registry.agencies import How, resolve
from reports import messages
from reports.facts import open_duties

# "Việc của Sở Y tế", said by staff; anything but an agency's name behind it is something else.
_OF = re.compile(r"(?:(?:xem|danh sach|cac|nhung) )*viec (?:cua )?")


def heard(talk: Talk, text: str) -> bool:
    """Whether staff ask in words for the duties of an agency, which are then told."""
    words = clean(text).rstrip(" .?!")
    found = _OF.match(fold(words))
    if found is None:
        return False
    name = words[found.end() :]
    if not name or resolve(talk.session, name, talk.today).how != How.AGENCY:
        return False
    run(talk, name)
    return True


def run(talk: Talk, rest: str) -> None:
    """Of the agencies this person (or this group) is bound to; staff may name another one."""
    agencies = talk.actor.agencies()
    if rest and talk.actor.is_staff:
        match = resolve(talk.session, rest, talk.today)
        if match.how != How.AGENCY:
            say_no_agency(talk, match)
            return
        agencies = frozenset({match.agencies[0].id})
    if not talk.private and talk.contact is not None:
        here = {each.agency_id for each, _ in people.subscriptions_of(talk.session, talk.contact)}
        agencies = frozenset(agency for agency in here if agency is not None)
    if not agencies:
        talk.say("viec_staff" if talk.actor.is_staff else "forbidden")
        return
    owed = open_duties(talk.session, agencies, talk.today, talk.desk.calendar)
    names = talk.agency_names(agencies)
    may = talk.actor.is_staff or any(map(talk.actor.may_act_for, agencies))
    talk.say_rendered(messages.duties(talk.desk.renderer, owed, talk.today, names, may_report=may))
