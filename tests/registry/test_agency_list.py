"""One agency added by hand: what the list takes, and what it refuses in words."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from registry.agencies import How, resolve
from registry.agency_list import AgencyRow, create, load
from registry.database import Database
from registry.people import Refused
from tests.fakes.databases import fresh

NOW = datetime(2026, 9, 1, 2, tzinfo=UTC)
TODAY = date(2026, 9, 1)
BOARDS = "các sở, ban, ngành cấp tỉnh"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = fresh(tmp_path)
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


HISTORY = [
    AgencyRow("Sở Bưu chính", valid_to=date(2020, 12, 31), successors=("Sở Truyền thông",)),
    AgencyRow("Sở Truyền thông", valid_from=date(2021, 1, 1), valid_to=date(2025, 2, 28),
              successors=("Sở Công nghệ",)),
    AgencyRow("Sở Công nghệ"),
]  # fmt: skip


def test_a_list_tells_who_took_over(db: Database) -> None:
    assert db.write_now(load, HISTORY, NOW).added == 3
    match = db.read_now(resolve, "Sở Bưu chính", TODAY)
    assert (match.name, match.note) == ("Sở Công nghệ", "nay là “Sở Công nghệ”")
    assert db.read_now(resolve, "Sở Bưu chính", date(2024, 1, 1)).name == "Sở Truyền thông"
    assert db.write_now(load, HISTORY, NOW).unchanged == 3
    kept = [AgencyRow("Sở Bưu chính", valid_to=date(2020, 12, 31))]
    assert db.write_now(load, kept, NOW).unchanged == 1
    gone = [AgencyRow("Sở Bưu chính", valid_to=date(2020, 12, 31), successors=())]
    assert db.write_now(load, gone, NOW).changed == 1
    assert db.read_now(resolve, "Sở Bưu chính", TODAY).how is How.EXPIRED


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([AgencyRow("A", valid_to=TODAY, successors=("Sở Lạ",))], "“Sở Lạ” không có trong"),
        ([AgencyRow("A", valid_to=TODAY, successors=("A",))], "không có trong danh sách"),
        ([AgencyRow("A", valid_to=TODAY, successors=("Chi cục Thủy lợi",))], "không có trong danh"),
        ([AgencyRow("A", valid_to=TODAY, successors=("Sở Y tế",)),
          AgencyRow("Sở Y tế", valid_to=date(2026, 8, 1), successors=("A",))],
         "không có trong danh sách"),
    ],
)  # fmt: skip
def test_successors_that_cannot_be_are_troubles(
    db: Database, rows: list[AgencyRow], why: str
) -> None:
    troubles = db.write_now(load, rows, NOW).troubles
    assert troubles
    assert why in troubles[0][1]
