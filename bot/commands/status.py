"""/status, /tinhhinh: figures with denominators, for the whole committee or a part of it."""

from bot.commands import viec
from bot.commands.dangky import say_no_agency
from bot.commands.scope import read_scope
from bot.replies import Reply
from bot.room import tariffs
from bot.talk import Talk
from registry.budget import usages
from registry.types import Role
from reports import figures
from reports.facts import open_duties
from reports.status import status


def run(talk: Talk, rest: str) -> None:
    """Staff see everything; members their portfolio; leaders their own agency."""
    scope = read_scope(talk.session, rest, talk.today)
    if scope.unknown:
        if scope.agency is not None:
            say_no_agency(talk, scope.agency)
        else:
            talk.say("no_directive", number=scope.unknown)
        return
    agency = scope.agency.agencies[0] if scope.agency is not None else None
    seen = None if talk.actor.is_staff else talk.actor.agencies(Role.MEMBER, Role.LEADER)
    if agency is not None and seen is not None and agency.id not in seen:
        talk.say("forbidden")
        return
    wanted = frozenset({agency.id}) if agency is not None else seen
    period = (scope.period.first, scope.period.last) if scope.period is not None else None
    result = status(
        talk.session,
        talk.today,
        agency_ids=wanted,
        directive_id=scope.directive.id if scope.directive is not None else None,
        period=period,
        soon_days=talk.desk.settings.committee.soon_days,
    )
    if wanted is not None and len(wanted) == 1:
        (only,) = wanted
        owed = open_duties(talk.session, [only], talk.today, talk.desk.calendar)
        if period is not None:
            owed = [facts for facts in owed if period[0] <= facts.due_on <= period[1]]
        name = talk.agency(only).name
        talk.say_rendered(figures.status_agency(talk.desk.renderer, result, name, owed))
        return
    whole = talk.actor.is_staff and period is None and scope.directive is None
    bots = usages(talk.session, tariffs(talk.desk), talk.now) if whole else ()
    talk.say_rendered(figures.status(talk.desk.renderer, result, bots))


def answer(talk: Talk, _reply: Reply) -> None:
    """ "Tình hình thế nào?": figures for those who may see them, else one's own list."""
    if talk.actor.is_staff or talk.actor.roles & {Role.MEMBER, Role.LEADER}:
        run(talk, "")
    else:
        viec.run(talk, "")
