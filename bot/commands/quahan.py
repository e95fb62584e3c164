"""/quahan: what is overdue, and who cannot be reached."""

from bot.room import spent
from bot.talk import Talk
from registry import portfolio
from reports import figures
from reports.status import status, unreachable


def run(talk: Talk, _rest: str) -> None:
    seen = portfolio.visible(talk.actor)
    result = status(talk.session, talk.today, agency_ids=seen)
    talk.say_rendered(figures.overdue(talk.desk.renderer, result, may_urge=talk.actor.is_staff))
    if talk.actor.is_staff and talk.private:
        lost = unreachable(talk.session, talk.today, spent(talk))
        if lost:
            talk.say_rendered(figures.unreachable(talk.desk.renderer, lost, talk.today))
