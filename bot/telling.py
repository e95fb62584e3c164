"""Who is to hear what becomes of a duty: an agency's people, the one who reported or asked, those
who coordinate. Each holder once."""

from collections.abc import Iterable

from sqlmodel import col, select

from bot.talk import Talk
from registry import duties, people
from registry.tables import Duty, Notice, Subscription
from registry.types import NoticeKind, NoticeState, Role


def once_each(subscriptions: Iterable[Subscription]) -> list[Subscription]:
    """One subscription for each person or group."""
    return list({(each.person_id, each.contact_id): each for each in subscriptions}.values())


def of_agency(talk: Talk, agency_id: int) -> list[Subscription]:
    """The agency's own people and groups; members of the committee who watch over it ask /status
    and have their brief."""
    held = people.agency_subscriptions(talk.session, agency_id)
    return once_each(each for each in held if each.role != Role.MEMBER)


def watching(talk: Talk, duty: Duty) -> list[Subscription]:
    """Members of the committee who were told that this duty is overdue."""
    told = talk.session.exec(
        select(Subscription)
        .join(Notice, col(Notice.subscription_id) == col(Subscription.id))
        .where(
            Notice.duty_id == duty.id,
            Notice.kind == NoticeKind.URGE,
            col(Notice.state).in_((NoticeState.SENT, NoticeState.FOLDED)),
            Subscription.role == Role.MEMBER,
            col(Subscription.ended_at).is_(None),
        )
        .order_by(col(Subscription.id))
    ).all()
    return once_each(told)


def of_agency_and(talk: Talk, agency_id: int, person_id: int | None) -> list[Subscription]:
    """The agency's people, and one person more, wherever they can be reached now."""
    found = of_agency(talk, agency_id)
    if person_id is None or any(each.person_id == person_id for each in found):
        return found
    other = talk.session.exec(
        select(Subscription).where(
            Subscription.person_id == person_id, col(Subscription.ended_at).is_(None)
        )
    ).first()
    return [*found, other] if other is not None else found


def of_coordinating(talk: Talk, duty: Duty) -> list[Subscription]:
    """People of the agencies that coordinate and are named one by one, but for those who hear of it
    with the duty's own agency."""
    own = {(each.person_id, each.contact_id) for each in of_agency(talk, duty.agency_id)}
    found = [
        each
        for agency in duties.coordinating(talk.session, duty, talk.today)
        for each in of_agency(talk, agency.id or 0)
    ]
    return [each for each in once_each(found) if (each.person_id, each.contact_id) not in own]
