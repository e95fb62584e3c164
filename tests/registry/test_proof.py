"""What is odd about a document that proves a duty done: the cases are rows of proofs.tsv."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from registry.database import Database
from registry.proof import Flag, flags_of, issued_by, read_flags
from registry.tables import AgencyAlias
from reports.oddities import WORDS, oddities
from tests.fakes.databases import fresh
from tests.reports.build import Builder

NOW = datetime(2027, 1, 5, 2, tzinfo=UTC)
DUE = date(2027, 1, 15)
ROWS = [
    line.split("\t")
    for line in (Path(__file__).with_name("proofs.tsv")).read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = fresh(tmp_path_factory.mktemp("proof"))
    yield database
    database.close()


@pytest.mark.parametrize("row", ROWS, ids=["|".join(row) for row in ROWS])
def test_what_is_odd(db: Database, row: list[str]) -> None:
    name, aliases, number, day, expected = row

    def look(session: Session) -> str:
        build = Builder(session, NOW)
        agency = build.agency(f"{name}")
        for alias in filter(None, aliases.split(";")):
            session.add(AgencyAlias(agency_id=agency.id or 0, alias=alias, key=alias.casefold()))
        directive = build.directive("1/KH-BCĐ", issued_on=date(2027, 1, 5))
        duty = build.duty(build.task(directive, agency), agency, DUE)
        found = flags_of(session, duty, number, date.fromisoformat(day) if day else None)
        session.rollback()
        return found

    assert db.write_now(look) == expected


def test_every_flag_has_words_and_unknown_ones_are_left_out() -> None:
    assert set(WORDS) == set(Flag)
    assert read_flags("form,later,late") == (Flag.FORM, Flag.LATE)
    assert oddities("") == ""
    assert oddities("late", without_late=True) == ""
    assert oddities("issuer,late").count(";") == 1


@given(st.text(), st.text())
def test_any_symbol_and_name_can_be_compared(symbol: str, name: str) -> None:
    assert issued_by(symbol, name) in (True, False)
