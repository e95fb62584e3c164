"""The journal's chain: whole as written, broken by any change, name erased without breaking it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from registry import audit
from registry.database import Database
from registry.tables import AuditEvent, Mark
from tests.fakes.databases import fresh

NOW = datetime(2026, 9, 3, 2, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    found = fresh(tmp_path)
    yield found
    found.close()


INSERTED = (
    "INSERT INTO auditevent (at, what, subject, actor, data, digest)"
    " VALUES ('2026-09-03 02:00:09', 'duty.done', '7', '', '{}', '')"
)


def write(db: Database, count: int) -> None:
    for number in range(count):
        db.write_now(
            audit.record, NOW + timedelta(seconds=number), "duty.done", str(number), None, "Lan",
            note=f"việc {number}",
        )  # fmt: skip


def check(db: Database, expected: str = "") -> audit.Verdict:
    return db.read_now(audit.verify, expected)


def test_what_was_written_is_whole(db: Database) -> None:
    assert check(db) == audit.Verdict(0, 0, "")
    write(db, 5)
    found = check(db)
    assert (found.rows, found.sealed, found.broken) == (5, 0, None)
    write(db, 2)
    assert check(db, found.head).broken is None


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE auditevent SET data = '{}' WHERE id = 3", 3),
        ("UPDATE auditevent SET subject = '9' WHERE id = 1", 1),
        ("UPDATE auditevent SET at = '2026-01-01 00:00:00' WHERE id = 4", 4),
        ("DELETE FROM auditevent WHERE id = 2", 3),
        ("DELETE FROM auditevent WHERE id = 5", 0),
        ("UPDATE auditevent SET digest = '' WHERE id = 2", 2),
        (INSERTED, 6),
    ],
)  # fmt: skip
def test_a_change_behind_the_programs_back_shows(db: Database, change: str, broken: int) -> None:
    write(db, 5)
    db.write_now(lambda session: session.connection().execute(text(change)))
    assert check(db).broken == broken


def test_a_name_is_erased_without_breaking_the_chain(db: Database) -> None:
    write(db, 3)
    db.write_now(
        lambda session: session.connection().execute(text("UPDATE auditevent SET actor = ''"))
    )
    assert check(db).broken is None


def test_a_chain_written_anew_does_not_hold_a_head_noted_before(db: Database) -> None:
    write(db, 3)
    noted = check(db).head

    def forge(session: Session) -> None:
        digest = ""
        for event in session.exec(select(AuditEvent).order_by(AuditEvent.id)):  # type: ignore[arg-type]
            event.data = "{}"
            event.digest = digest = audit.digest_of(event, digest)
            session.add(event)
        session.get_one(Mark, "audit.head").value = digest

    db.write_now(forge)
    assert check(db).broken is None
    assert check(db, noted).broken == 0


def test_rows_from_before_the_chain_are_sealed(db: Database) -> None:
    def old(session: Session) -> None:
        for number in range(3):
            session.add(AuditEvent(at=NOW, what="duty.done", subject=str(number)))

    db.write_now(old)
    assert check(db).broken is None
    write(db, 2)
    found = check(db)
    assert (found.rows, found.sealed, found.broken) == (5, 3, None)
    db.write_now(
        lambda session: session.connection().execute(
            text("UPDATE auditevent SET subject = 'x' WHERE id = 1")
        )
    )
    assert check(db).broken is not None


def test_events_of_one_transaction_follow_each_other(db: Database) -> None:
    def several(session: Session) -> None:
        for number in range(4):
            audit.record(session, NOW, "duty.done", str(number))

    db.write_now(several)
    assert check(db).broken is None
    rows = db.read_now(
        lambda session: [row["subject"] for row in audit.plain(audit.events(session))]
    )
    assert rows == ["0", "1", "2", "3"]
