"""/viec: what my agency owes, the most urgent first."""

from bot.commands.dangky import say_no_agency
from bot.talk import Talk
from registry import people
from registry.agencies import How, resolve
from reports import messages
from reports.facts import open_duties


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
