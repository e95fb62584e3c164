"""One agency added by hand: what the list takes, and what it refuses in words."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from registry.agencies import How, resolve
from registry.agency_list import AgencyRow, create, load
from registry.database import Database
from registry.people import Refused

NOW = datetime(2026, 9, 1, 2, tzinfo=UTC)
TODAY = date(2026, 9, 1)
BOARDS = "các sở, ban, ngành cấp tỉnh"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    database.migrate(NOW)
    rows = [
        AgencyRow("Sở Y tế", ("SYT",), "tỉnh", (BOARDS,)),
        AgencyRow("UBND xã Mỹ Lộc", (), "xã", ("UBND các xã, phường",)),
        AgencyRow("Chi cục Thủy lợi", valid_to=date(2026, 6, 30)),
    ]
    database.write_now(load, rows, NOW)
    yield database
    database.close()


def test_a_created_agency_can_be_named_at_once(db: Database) -> None:
    made = db.write_now(create, " Sở  Dân tộc và Tôn giáo. ", NOW, aliases=("SDTTG",),
                        level="tỉnh", groups=("Các sở, ban, ngành cấp tỉnh",))  # fmt: skip
    assert made.name == "Sở Dân tộc và Tôn giáo"
    match = db.read_now(resolve, "sdttg", TODAY)
    assert match.how is How.AGENCY
    assert match.agencies[0].groups == (BOARDS,)
    assert len(db.read_now(resolve, BOARDS, TODAY).agencies) == 2


def test_the_name_of_an_agency_that_ended_is_free_again(db: Database) -> None:
    made = db.write_now(create, "Chi cục Thủy lợi", NOW)
    assert made.valid_from == date(2026, 7, 1)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "phải có chữ"),
        ("  12/3 ", "phải có chữ"),
        ("Sở " + "dài " * 60, "200 ký tự"),
        ("sở y tế", "đã có trong danh sách: là “Sở Y tế”"),
        ("SYT", "đã có trong danh sách"),
        ("xã Mỹ Lộc", "đã có trong danh sách"),
        (BOARDS, "tên khối"),
        ("các đơn vị có liên quan", "cách gọi chung"),
        ("các chi cục", "cách gọi chung"),
    ],
)
def test_what_is_no_new_agency_is_refused_in_words(db: Database, name: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        db.write_now(create, name, NOW)
