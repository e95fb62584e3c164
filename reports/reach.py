"""Whether an agency can be told anything, and why not."""

from collections.abc import Collection
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlmodel import Session, col

from registry.tables import Agency, Contact, Person, Subscription
from registry.types import Role


class Silence(StrEnum):
    """Why nothing reaches an agency; the later ones are nearer to being reached."""

    NEVER = "never"
    LEFT = "left"
    CLOSED = "closed"
    SPENT = "spent"


def reached(spent: Collection[str] = ()) -> ColumnElement[bool]:
    """Whether some subscription of the agency has a contact that can be delivered to: its own
    (a group), or one of its person's. A member of the committee who watches over it is not its
    own. spent: channels that may send nothing more this month."""
    mine = and_(
        col(Subscription.agency_id) == col(Agency.id),
        col(Subscription.ended_at).is_(None),
        col(Subscription.role) != Role.MEMBER,
    )
    live = and_(col(Contact.closed_at).is_(None), col(Contact.channel).not_in(list(spent)))
    group = and_(col(Contact.id) == col(Subscription.contact_id), live)
    own = and_(col(Contact.person_id) == col(Subscription.person_id), live)
    living = exists().where(
        col(Person.id) == col(Subscription.person_id), col(Person.erased_at).is_(None)
    )
    return exists().where(mine, or_(exists().where(group), and_(exists().where(own), living)))


def silent_among(session: Session, agency_ids: Collection[int]) -> list[int]:
    """Those of the agencies that nothing can reach now."""
    heard = select(col(Agency.id)).where(col(Agency.id).in_(list(agency_ids)), reached())
    known = set(session.connection().execute(heard).scalars())
    return [each for each in agency_ids if each not in known]


def silences(
    session: Session, agency_ids: Collection[int], spent: Collection[str] = ()
) -> dict[int, Silence]:
    """Why nothing reaches these agencies, each by what is nearest to reaching it."""
    rows = session.connection().execute(
        select(
            col(Subscription.agency_id), col(Subscription.ended_at), col(Contact.channel),
            col(Contact.closed_at),
        )
        .join(
            Contact,
            or_(
                col(Contact.id) == col(Subscription.contact_id),
                col(Contact.person_id) == col(Subscription.person_id),
            ),
            isouter=True,
        )
        .where(
            col(Subscription.agency_id).in_(list(agency_ids)),
            col(Subscription.role) != Role.MEMBER,
        )
    )  # fmt: skip
    order = list(Silence)
    found = dict.fromkeys(agency_ids, Silence.NEVER)
    for agency_id, ended, channel, closed in rows:
        if agency_id is None:
            continue
        if ended is not None:
            why = Silence.LEFT
        elif closed is None and channel in spent:
            why = Silence.SPENT
        else:
            why = Silence.CLOSED
        found[agency_id] = max(found[agency_id], why, key=order.index)
    return found
