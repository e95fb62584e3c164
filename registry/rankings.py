"""Rankings that are to be published, and what agencies say against their lines."""

from datetime import date, datetime

from sqlmodel import Session, col, select

from registry.audit import record
from registry.people import Actor, Refused
from registry.tables import Agency, Objection, Ranking


def announce(
    session: Session, period: str, preview_on: date, publish_on: date, actor: Actor, now: datetime
) -> Ranking:
    """Schedule a ranking of a period. Raises Refused where one is ahead already."""
    for one in ahead(session):
        if one.period == period:
            raise Refused(
                f"Xếp hạng kỳ này đã được lên lịch công bố ngày {one.publish_on:%d/%m/%Y}; "
                f"muốn đổi ngày thì hủy trước: /xephang hủy {one.id}"
            )
    row = Ranking(
        period=period, preview_on=preview_on, publish_on=publish_on, person_id=actor.person_id,
        created_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    record(
        session, now, "ranking.announced", str(row.id), actor.person_id, actor.name,
        period=period, day=publish_on.isoformat(),
    )  # fmt: skip
    return row


def ahead(session: Session) -> list[Ranking]:
    """Neither published nor cancelled, the nearest first."""
    rows = session.exec(
        select(Ranking)
        .where(col(Ranking.published_at).is_(None), col(Ranking.cancelled_at).is_(None))
        .order_by(col(Ranking.publish_on), col(Ranking.id))
    ).all()
    return list(rows)


def cancel(session: Session, ranking: Ranking, actor: Actor, now: datetime) -> None:
    """It will not be published. Raises Refused where it was, or has been cancelled."""
    if ranking.published_at is not None or ranking.cancelled_at is not None:
        raise Refused(f"Xếp hạng số {ranking.id} không còn chờ công bố.")
    ranking.cancelled_at = now
    session.add(ranking)
    record(session, now, "ranking.cancelled", str(ranking.id), actor.person_id, actor.name)


def previewed(session: Session, ranking: Ranking, now: datetime) -> None:
    ranking.previewed_at = now
    session.add(ranking)
    record(session, now, "ranking.previewed", str(ranking.id))


def published(session: Session, ranking: Ranking, now: datetime) -> None:
    ranking.published_at = now
    session.add(ranking)
    record(session, now, "ranking.published", str(ranking.id))


def shown(session: Session) -> list[Ranking]:
    """Those agencies may object to: shown to them, not published yet."""
    return [one for one in ahead(session) if one.previewed_at is not None]


def object_to(
    session: Session, ranking: Ranking, agency_id: int, actor: Actor, text: str, now: datetime
) -> Objection:
    """Keep what an agency says against its lines."""
    row = Objection(
        ranking_id=ranking.id or 0, agency_id=agency_id, person_id=actor.person_id, text=text,
        at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    record(session, now, "ranking.objected", str(ranking.id), actor.person_id, actor.name)
    return row


def objections(session: Session, ranking_id: int) -> list[tuple[str, str]]:
    """(agency, words), oldest first."""
    rows = session.exec(
        select(col(Agency.name), col(Objection.text))
        .join(Agency, col(Agency.id) == col(Objection.agency_id))
        .where(Objection.ranking_id == ranking_id)
        .order_by(col(Objection.id))
    ).all()
    return [(name, text) for name, text in rows]
