"""Names of agencies: one table of spellings, before July 2025 and after."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from registry.agencies import Directory, How, Known, resolve
from registry.agency_list import AgencyRow, LoadResult, load
from registry.database import Database
from registry.tables import SINCE_EVER
from tests.fakes.databases import fresh

NOW = datetime(2026, 1, 5, 2, tzinfo=UTC)
DEPARTMENTS = "các sở, ban, ngành cấp tỉnh"
_NAMES: list[tuple[str, str, str]] = [
    ("Sở Khoa học và Công nghệ", "cơ quan Thường trực Ban Chỉ đạo", DEPARTMENTS),
    ("Sở Tài chính", "STC", DEPARTMENTS),
    ("Sở Nội vụ", "", DEPARTMENTS),
    ("Sở Ngoại vụ", "", DEPARTMENTS),
    ("Sở Y tế", "", DEPARTMENTS),
    ("Sở Văn hóa, Thể thao và Du lịch", "", DEPARTMENTS),
    ("Sở Lao động - Thương binh và Xã hội", "", DEPARTMENTS),
    ("Sở Nông nghiệp và Phát triển nông thôn", "", DEPARTMENTS),
    ("Văn phòng UBND tỉnh", "", DEPARTMENTS),
    ("Công an tỉnh", "", DEPARTMENTS),
    ("Ban Quản lý Khu kinh tế Sao Mai và các khu công nghiệp", "", DEPARTMENTS),
    ("Trung tâm Phục vụ hành chính công tỉnh", "", DEPARTMENTS),
    ("Cục Thuế tỉnh", "", DEPARTMENTS),
    ("UBND thành phố Minh Giang", "", "UBND cấp huyện"),
    ("UBND thị xã Hồng Lĩnh", "", "UBND cấp huyện"),
    ("UBND huyện Hoằng Giang", "", "UBND cấp huyện"),
    ("UBND xã Tân Lập", "", "UBND cấp xã"),
    ("UBND xã Tân Lạp", "", "UBND cấp xã"),
    ("UBND phường Hòa Bình", "", "UBND cấp xã"),
    ("VNPT Minh Giang", "VNPT", "các doanh nghiệp viễn thông"),
    ("Viettel Minh Giang", "Viettel; nhà mạng", "các doanh nghiệp viễn thông"),
    ("MobiFone Minh Giang", "MobiFone; nhà mạng", ""),
]


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _directory(day: date = date(2025, 5, 1)) -> Directory:
    known = [
        Known(number, name, aliases=_split(aliases), groups=_split(groups))
        for number, (name, aliases, groups) in enumerate(_NAMES, start=1)
    ]
    return Directory(day, known)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Sở Y tế", "Sở Y tế"),
        ("sở y tế", "Sở Y tế"),
        ("SỞ Y TẾ.", "Sở Y tế"),
        ("so y te", "Sở Y tế"),
        ("Sở Y tế tỉnh", "Sở Y tế"),
        ("S. Y tế", "Sở Y tế"),
        ("SYT", "Sở Y tế"),
        ("Sở KHCN", "Sở Khoa học và Công nghệ"),
        ("Sở KH&CN", "Sở Khoa học và Công nghệ"),
        ("sở kh-cn", "Sở Khoa học và Công nghệ"),
        ("SKHCN", "Sở Khoa học và Công nghệ"),
        ("Sở Khoa học & Công nghệ", "Sở Khoa học và Công nghệ"),
        ("Sở Khoa học Công nghệ", "Sở Khoa học và Công nghệ"),
        ("cơ quan thường trực BCĐ", "Sở Khoa học và Công nghệ"),
        ("Sở Văn hoá, Thể thao và Du lịch", "Sở Văn hóa, Thể thao và Du lịch"),
        ("Sở VH,TT&DL", "Sở Văn hóa, Thể thao và Du lịch"),
        ("SVHTTDL", "Sở Văn hóa, Thể thao và Du lịch"),
        ("Sở Lao động – Thương binh và Xã hội", "Sở Lao động - Thương binh và Xã hội"),
        ("Sở Lao động, Thương binh và Xã hội", "Sở Lao động - Thương binh và Xã hội"),
        ("Sở LĐ-TB&XH", "Sở Lao động - Thương binh và Xã hội"),
        ("Sở NN&PTNT", "Sở Nông nghiệp và Phát triển nông thôn"),
        ("SNgV", "Sở Ngoại vụ"),
        ("VP UBND tỉnh", "Văn phòng UBND tỉnh"),
        ("VPUBND", "Văn phòng UBND tỉnh"),
        ("Văn phòng Ủy ban nhân dân tỉnh", "Văn phòng UBND tỉnh"),
        ("Chánh Văn phòng UBND tỉnh", "Văn phòng UBND tỉnh"),
        ("Giám đốc Công an tỉnh", "Công an tỉnh"),
        (
            "Trưởng Ban Quản lý KKT Sao Mai và các KCN",
            "Ban Quản lý Khu kinh tế Sao Mai và các khu công nghiệp",
        ),
        (
            "BQL KKT Sao Mai và các KCN",
            "Ban Quản lý Khu kinh tế Sao Mai và các khu công nghiệp",
        ),
        ("Ban QL KKTSM&KCN", "Ban Quản lý Khu kinh tế Sao Mai và các khu công nghiệp"),
        ("Trung tâm PVHCC tỉnh", "Trung tâm Phục vụ hành chính công tỉnh"),
        ("TT phục vụ HCC", "Trung tâm Phục vụ hành chính công tỉnh"),
        ("Cục Thuế", "Cục Thuế tỉnh"),
        ("UBND TP. Minh Giang", "UBND thành phố Minh Giang"),
        ("TP Minh Giang", "UBND thành phố Minh Giang"),
        ("Ủy ban nhân dân TX Hồng Lĩnh", "UBND thị xã Hồng Lĩnh"),
        ("huyện Hoằng Giang", "UBND huyện Hoằng Giang"),
        ("Chủ tịch UBND huyện Hoằng Giang", "UBND huyện Hoằng Giang"),
        ("UBND phường Hoà Bình", "UBND phường Hòa Bình"),
        ("UBND xã Tân Lạp", "UBND xã Tân Lạp"),
        ("UBND xã Tân Lập", "UBND xã Tân Lập"),
        ("vnpt", "VNPT Minh Giang"),
    ],
)
def test_spellings_of_one_agency(written: str, meant: str) -> None:
    match = _directory().resolve(written)
    assert (match.how, match.name) == (How.AGENCY, meant)
    assert match.note == ""


@pytest.mark.parametrize(
    ("written", "group", "members"),
    [
        ("các sở, ban, ngành cấp tỉnh", DEPARTMENTS, 13),
        ("Các sở, ban, ngành", DEPARTMENTS, 13),
        ("các Sở, ban, ngành, đơn vị cấp tỉnh", DEPARTMENTS, 13),
        ("Các sở, ngành thuộc tỉnh", DEPARTMENTS, 13),
        ("SỞ BAN NGÀNH CẤP TỈNH", DEPARTMENTS, 13),
        ("UBND cấp huyện", "UBND cấp huyện", 3),
        ("UBND các huyện, thị xã, thành phố", "UBND cấp huyện", 3),
        ("Ủy ban nhân dân các huyện, thành phố, thị xã", "UBND cấp huyện", 3),
        ("các huyện, thị xã, thành phố", "UBND cấp huyện", 3),
        ("UBND cấp xã", "UBND cấp xã", 3),
        ("UBND các xã, phường, đặc khu", "UBND cấp xã", 3),
        ("UBND các xã, phường", "UBND cấp xã", 3),
        ("Các doanh nghiệp Viễn thông", "các doanh nghiệp viễn thông", 2),
        ("các DN viễn thông", "các doanh nghiệp viễn thông", 2),
    ],
)
def test_spellings_of_one_group(written: str, group: str, members: int) -> None:
    match = _directory().resolve(written)
    assert (match.how, match.group, len(match.agencies)) == (How.GROUP, group, members)


@pytest.mark.parametrize(
    "written",
    [
        "các đơn vị có liên quan",
        "Các sở, ban, ngành, đơn vị liên quan",
        "các sở, ngành liên quan",
        "các địa phương có liên quan",
        "đơn vị liên quan",
        "các địa phương",
        "các cơ quan, đơn vị",
        "Các doanh nghiệp công nghệ số",
        "các sở, ban, ngành, đoàn thể cấp tỉnh",
        "các sở, ban, ngành được giao tại Công văn số 6004/UBND-CNTT",
        # A town and a city are districts here: these two words do not cover the level.
        "UBND các huyện, thành phố",
        "UBND các phường",
    ],
)
def test_groups_that_nobody_has_defined(written: str) -> None:
    assert _directory().resolve(written).how is How.UNDEFINED


def test_a_group_that_is_only_partly_named_is_proposed() -> None:
    match = _directory().resolve("UBND các huyện, thành phố")
    assert match.proposals[0].name == "UBND cấp huyện"


@pytest.mark.parametrize(
    ("written", "meant", "distance"),
    [
        ("Sở Tài chánh", "Sở Tài chính", 1),
        ("Sơ Yte", "Sở Y tế", 1),
        ("Công an tinhr", "Công an tỉnh", 1),
        ("UBND huyện Hoằng Gian", "UBND huyện Hoằng Giang", 1),
    ],
)
def test_near_misses_are_proposed_but_not_taken(written: str, meant: str, distance: int) -> None:
    match = _directory().resolve(written)
    assert match.how is How.UNKNOWN
    assert match.agencies == ()
    assert (match.proposals[0].name, match.proposals[0].distance) == (meant, distance)


def test_a_name_that_breaks_off_is_proposed() -> None:
    match = _directory().resolve("Sở Nông nghiệp")
    assert [one.name for one in match.proposals] == ["Sở Nông nghiệp và Phát triển nông thôn"]


@pytest.mark.parametrize("written", ["", "-", "...", "Sở", "Bộ Công an", "Tập đoàn FPT", "🙂", "1"])
def test_what_is_no_name_stays_unknown(written: str) -> None:
    assert _directory().resolve(written).how is How.UNKNOWN


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("ubnd xa tan lap", {"UBND xã Tân Lập", "UBND xã Tân Lạp"}),
        ("nhà mạng", {"Viettel Minh Giang", "MobiFone Minh Giang"}),
        ("Sở NV", {"Sở Nội vụ", "Sở Ngoại vụ"}),
    ],
)
def test_ambiguous_names_are_reported(written: str, names: set[str]) -> None:
    match = _directory().resolve(written)
    assert match.how is How.AMBIGUOUS
    assert not match.found
    assert {one.name for one in match.agencies} == names
    assert all(name in match.note for name in names)


def test_other_diacritics_are_read_with_a_remark() -> None:
    match = _directory().resolve("UBND huyện Hoàng Giang")
    assert match.name == "UBND huyện Hoằng Giang"
    assert "khác dấu" in match.note


def test_the_provinces_own_name_is_known_where_the_list_gives_it_away() -> None:
    known = [
        Known(1, "Công an tỉnh"),
        Known(2, "Ngân hàng Nhà nước Việt Nam chi nhánh tỉnh Minh Giang"),
    ]
    directory = Directory(date(2025, 1, 1), known)
    assert directory.resolve("Công an tỉnh Minh Giang").name == "Công an tỉnh"
    assert directory.resolve("Công an tỉnh Nghệ An").how is How.UNKNOWN


def test_agencies_are_known_only_while_they_are_valid() -> None:
    known = [
        Known(1, "Sở Thông tin và Truyền thông", groups=("g",), valid_to=date(2025, 2, 28)),
        Known(2, "Sở Nông nghiệp và Môi trường", groups=("g",), valid_from=date(2025, 3, 1)),
    ]
    before, after = (Directory(day, known) for day in (date(2025, 2, 28), date(2025, 3, 1)))
    assert before.resolve("Sở TTTT").found
    assert after.resolve("Sở Thông tin và Truyền thông").how is How.EXPIRED
    assert "28/02/2025" in after.resolve("Sở Thông tin và Truyền thông").note
    assert [one.id for one in before.resolve("g").agencies] == [1]
    assert [one.id for one in after.resolve("g").agencies] == [2]


def test_a_district_has_no_meaning_where_the_level_is_gone() -> None:
    known = [Known(1, "UBND xã Minh Sơn", groups=("UBND cấp xã",))]
    assert Directory(date(2026, 1, 1), known).resolve("UBND cấp huyện").how is How.UNDEFINED


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = fresh(tmp_path)
    yield database
    database.close()


ROWS = [
    AgencyRow("Sở Y tế", ("SYT",), "tỉnh", (DEPARTMENTS,)),
    AgencyRow("Sở Tài chính", (), "tỉnh", ("Các Sở, ban, ngành", "khối tổng hợp")),
]


def test_loading_twice_changes_nothing(db: Database) -> None:
    assert db.write_now(load, ROWS, NOW) == LoadResult(added=2)
    assert db.write_now(load, ROWS, NOW) == LoadResult(unchanged=2)
    match = db.read_now(resolve, "các sở, ban, ngành", date(2026, 1, 1))
    assert [one.name for one in match.agencies] == ["Sở Y tế", "Sở Tài chính"]


def test_the_list_is_the_truth_about_whom_it_names(db: Database) -> None:
    db.write_now(load, ROWS, NOW)
    again = [AgencyRow("SỞ Y TẾ", ("Sở Ytế",), "tỉnh", ())]
    assert db.write_now(load, again, NOW) == LoadResult(changed=1)
    directory = db.read_now(Directory.on, date(2026, 1, 1))
    assert directory.resolve("Sở Ytế").name == "Sở Y tế"
    assert [one.name for one in directory.members(DEPARTMENTS)] == ["Sở Tài chính"]


def test_columns_that_a_list_lacks_stay_as_they_are(db: Database) -> None:
    db.write_now(load, ROWS, NOW)
    assert db.write_now(load, [AgencyRow("Sở Y tế")], NOW) == LoadResult(unchanged=1)
    assert db.read_now(resolve, "SYT", date(2026, 1, 1)).found


def test_a_name_used_again_is_another_agency(db: Database) -> None:
    old = AgencyRow("UBND tỉnh Bình Giang", valid_to=date(2025, 6, 30))
    new = AgencyRow("UBND tỉnh Bình Giang", valid_from=date(2025, 7, 1))
    assert db.write_now(load, [old, new], NOW) == LoadResult(added=2)
    assert db.write_now(load, [old, new], NOW) == LoadResult(unchanged=2)
    days = (date(2025, 6, 30), date(2025, 7, 1))
    first, second = (db.read_now(resolve, "UBND tỉnh Bình Giang", day) for day in days)
    assert first.agencies[0].id != second.agencies[0].id
    assert first.agencies[0].valid_from == SINCE_EVER


def test_an_end_given_later_ends_the_same_agency(db: Database) -> None:
    db.write_now(load, [AgencyRow("Sở Giao thông")], NOW)
    ended = AgencyRow("Sở Giao thông", valid_to=date(2025, 2, 28))
    assert db.write_now(load, [ended], NOW) == LoadResult(changed=1)
    assert db.read_now(resolve, "Sở Giao thông", date(2025, 3, 1)).how is How.EXPIRED
