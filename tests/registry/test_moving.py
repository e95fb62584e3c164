"""From SQLite to PostgreSQL: every row, compared; or nothing."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, SQLModel, select, text, update

from registry import moving
from registry.database import Database, DatabaseTrouble, sqlite_path
from registry.marks import put
from registry.moving import move
from registry.tables import Agency, AgencyAlias, AuditEvent, Directive, Duty, Mark, Task
from registry.tally import faults
from registry.types import DutyState
from tests.fakes import postgres
from tests.fakes.databases import needs_postgres

pytestmark = needs_postgres
NOW = datetime(2027, 1, 5, 1, 2, 3, 456789, tzinfo=UTC)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Database]:
    db = Database(f"sqlite:///{tmp_path / 'dondoc.db'}")
    db.migrate(NOW)
    db.write_now(fill)
    yield db
    db.close()


@pytest.fixture
def target() -> Iterator[Database]:
    db = Database(postgres.empty())
    yield db
    db.close()


def fill(session: Session) -> None:
    """Rows that point at one another, forwards and backwards; letters, moments, blanks, truths."""
    session.add(
        Agency(id=7, name="Sở Tài chính – “Đôn đốc” 👍", key="so tai chinh", created_at=NOW)
    )
    session.add(
        Agency(
            id=41,
            name="UBND xã Thử\n01",
            key="ubnd xa thu 01",
            valid_to=date(2027, 3, 1),
            created_at=NOW,
        )
    )
    session.flush()
    session.add(AgencyAlias(agency_id=41, alias="Ủy ban", key="uy ban"))
    session.add(Directive(id=9, key="later", number="2/KH", title="Sau", created_at=NOW))
    session.flush()
    session.add(
        Directive(id=3, key="former", number="1/KH", title="Trước", created_at=NOW, replaced_by=9)
    )
    for number in range(2500):
        session.add(AuditEvent(at=NOW, what="x", subject=str(number)))
    put(session, "b", "", NOW)
    put(session, "A", "", NOW)
    put(session, "đ", "", NOW)
    session.add(Task(id=5, directive_id=3, key="t", title="Báo cáo", created_at=NOW))
    session.flush()
    for number in (1, 2):
        due = date(2027, 1, number)
        session.add(
            Duty(
                number=number, task_id=5, agency_id=7, period=str(due), opens_on=due, due_on=due,
                first_due_on=due, since=NOW, created_at=NOW, state=DutyState.DONE, done_on=due,
            )
        )  # fmt: skip


def test_every_row_arrives_and_the_next_one_gets_a_new_number(
    source: Database, target: Database
) -> None:
    path = sqlite_path(source.url) or Path()
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    seen: list[int] = []
    moved = {
        each.table: each for each in move(source, target, NOW, lambda _t, n, _w: seen.append(n))
    }
    assert set(moved) == set(SQLModel.metadata.tables)
    assert moved["auditevent"].rows == 2500
    assert moved["mark"].rows == 3
    assert seen == sorted(seen)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before, "the source was changed"
    former = target.read_now(lambda s: s.exec(select(Directive).where(Directive.id == 3)).one())
    assert former.replaced_by == 9
    assert former.created_at == NOW
    assert moved["tally"].rows > 0
    assert not target.read_now(faults), "what was counted is not counted twice"
    target.write_now(lambda s: s.execute(update(Duty).values(state=DutyState.OPEN)))
    assert not target.read_now(faults), "and what is done there is counted"
    fresh = Agency(name="Mới", key="moi", created_at=NOW)
    assert target.write_now(_added, fresh) == 42


def _added(session: Session, agency: Agency) -> int:
    session.add(agency)
    session.flush()
    return agency.id or 0


def test_a_target_with_rows_is_refused(source: Database) -> None:
    full = Database(postgres.fresh())
    full.write_now(put, "a", "", NOW)
    with pytest.raises(DatabaseTrouble, match="không trống"):
        move(source, full, NOW)
    assert full.read_now(lambda s: len(s.exec(select(Mark)).all())) == 1
    full.close()


def test_a_target_with_tables_of_others_is_refused(source: Database, target: Database) -> None:
    target.write_now(lambda s: s.execute(text("CREATE TABLE strange (x int)")))
    with pytest.raises(DatabaseTrouble, match="strange"):
        move(source, target, NOW)


def test_a_source_of_another_version_is_left_alone(source: Database, target: Database) -> None:
    with closing(sqlite3.connect(sqlite_path(source.url) or "")) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(DatabaseTrouble, match="dondoc doctor"):
        move(source, target, NOW)
    assert target.revision() is None


def test_a_row_that_cannot_be_taken_moves_nothing(source: Database, target: Database) -> None:
    source.write_now(put, "zero\x00byte", "", NOW)
    with pytest.raises(DatabaseTrouble, match="bảng mark"):
        move(source, target, NOW)
    assert target.read_now(lambda s: s.exec(select(Agency)).all()) == []


def test_what_arrives_otherwise_moves_nothing(
    source: Database, target: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = moving._set_sequence

    def spoil(new: Session, table: object) -> None:
        new.execute(text("UPDATE agency SET name = 'khác' WHERE id = 41"))
        copied(new, table)  # type: ignore[arg-type]

    monkeypatch.setattr(moving, "_set_sequence", spoil)
    with pytest.raises(DatabaseTrouble, match="agency sang bên kia"):
        move(source, target, NOW)
    assert target.read_now(lambda s: s.exec(select(Agency)).all()) == []
    monkeypatch.undo()
    assert move(source, target, NOW), "an empty schema left behind is no hindrance"
