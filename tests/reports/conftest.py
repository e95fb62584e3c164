from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from deadlines.calendar import WorkCalendar
from registry.database import Database
from reports.render import Renderer
from tests.reports.build import Builder


@pytest.fixture(scope="session")
def calendar() -> WorkCalendar:
    return WorkCalendar()


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    return Renderer()


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One migrated database for all tests here; each test's rows are rolled back."""
    path: Path = tmp_path_factory.mktemp("reports") / "dondoc.db"
    db = Database(f"sqlite:///{path}")
    db.migrate(datetime(2027, 1, 1, tzinfo=UTC))
    yield db
    db.close()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with Session(database._writer, expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture
def build(session: Session) -> Builder:
    return Builder(session)
