"""Letters that come by themselves: with their files while they are few, as one list when many."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot.letters import LISTED, MOST_LETTERS, Letters
from bot.settings import Settings
from deadlines.calendar import WorkCalendar
from registry.database import Database
from registry.tables import Duty, Notice
from registry.types import NoticeKind, NoticeState, Role
from reports.render import Renderer
from tests.fakes.databases import fresh
from tests.reports.build import Builder

DAY = timedelta(days=1)
NOW = datetime(2027, 3, 18, 2, tzinfo=UTC)
DUE = date(2027, 3, 4)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = fresh(tmp_path)
    yield database
    database.close()


def owe(session: Session, agencies: int) -> None:
    """As many agencies with an overdue duty that was urged three times."""
    build = Builder(session, NOW - 60 * DAY)
    thao = build.person("Thảo")
    build.contact(thao)
    build.subscription(None, person_id=thao.id, role=Role.STAFF)
    directive = build.directive()
    for number in range(agencies):
        agency = build.agency(f"UBND xã {number:02}")
        focal, _contact = build.focal(agency, f"Đầu mối {number}")
        duty = build.duty(build.task(directive, agency), agency, DUE)
        for days in (13, 9, 2):
            build.notice(
                duty, focal, NOW - days * DAY, kind=NoticeKind.URGE, state=NoticeState.SENT
            )


@pytest.mark.parametrize("agencies", [1, MOST_LETTERS + 1, LISTED + 2])
async def test_few_have_their_files_and_many_are_one_list(
    db: Database, tmp_path: Path, agencies: int
) -> None:
    db.write_now(owe, agencies)
    settings = Settings(paths={"data_dir": tmp_path})  # type: ignore[arg-type]
    letters = Letters(db, settings, Renderer(), WorkCalendar(), lambda: None)
    assert await letters.look(NOW) == agencies
    told = db.read_now(
        lambda s: list(s.exec(select(Notice).where(Notice.kind == NoticeKind.ALERT)).all())
    )
    assert len(told) == 1
    if agencies == 1:
        assert '"file' in told[0].payload
        assert "UBND xã 00: đã đôn đốc 3 lần" in told[0].payload
    else:
        assert '"file' not in told[0].payload
        assert f"{agencies} cơ quan đã được đôn đốc từ 3 lần" in told[0].payload
        assert told[0].payload.count("– UBND xã") == min(agencies, LISTED)
        assert ("2 cơ quan khác" in told[0].payload) == (agencies > LISTED)
    again = Letters(db, settings, Renderer(), WorkCalendar(), lambda: None)
    assert await again.look(NOW + DAY) == 0


async def test_urges_of_before_an_extension_do_not_count(db: Database, tmp_path: Path) -> None:
    """Urged on 5, 9 and 16 March; given time till the 12th, it has been urged once."""
    db.write_now(owe, 1)

    def extend(session: Session) -> None:
        session.exec(select(Duty)).one().due_on = date(2027, 3, 12)

    settings = Settings(paths={"data_dir": tmp_path})  # type: ignore[arg-type]
    db.write_now(extend)
    letters = Letters(db, settings, Renderer(), WorkCalendar(), lambda: None)
    assert await letters.look(NOW) == 0
