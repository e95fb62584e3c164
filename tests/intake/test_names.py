"""Cells that name agencies, cut into names."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.names import divide, is_none, split_names
from registry.agencies import Directory, How, Known

_DEPARTMENTS = "các sở, ban, ngành cấp tỉnh"
_AGENCIES = {
    "Sở Khoa học và Công nghệ": _DEPARTMENTS,
    "Sở Tài chính": _DEPARTMENTS,
    "Sở Y tế": _DEPARTMENTS,
    "Sở Nội vụ": _DEPARTMENTS,
    "Sở Công Thương": _DEPARTMENTS,
    "Sở Văn hóa, Thể thao và Du lịch": _DEPARTMENTS,
    "Sở Lao động - Thương binh và Xã hội": _DEPARTMENTS,
    "Văn phòng UBND tỉnh": _DEPARTMENTS,
    "Công an tỉnh": _DEPARTMENTS,
    "UBND xã Minh Sơn": "UBND cấp xã",
    "UBND xã Tân Lập": "UBND cấp xã",
    "UBND phường Hồng Giang": "UBND cấp xã",
    "UBND thành phố Minh Giang": "UBND cấp huyện",
    "UBND huyện Yên Giang": "UBND cấp huyện",
}
DIRECTORY = Directory(
    date(2025, 5, 1),
    [
        Known(number, name, groups=(group,))
        for number, (name, group) in enumerate(_AGENCIES.items(), start=1)
    ],
)


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("", []),
        ("-", []),
        (" – ", []),
        ("Không", []),
        ("không có", []),
        ("...", []),
        ("Sở Y tế", ["Sở Y tế"]),
        ("Sở Y tế; Sở Tài chính;", ["Sở Y tế", "Sở Tài chính"]),
        ("Sở Y tế\nSở Tài chính", ["Sở Y tế", "Sở Tài chính"]),
        ("- Sở Y tế\n- Sở Tài chính\n-", ["Sở Y tế", "Sở Tài chính"]),
        ("1. Sở Y tế\n2. Sở Tài chính", ["Sở Y tế", "Sở Tài chính"]),
        ("Sở Khoa học\nvà Công nghệ", ["Sở Khoa học và Công nghệ"]),
        ("Sở Văn hóa, Thể thao và Du lịch", ["Sở Văn hóa, Thể thao và Du lịch"]),
        ("Sở Lao động - Thương binh và Xã hội", ["Sở Lao động - Thương binh và Xã hội"]),
        ("Các sở, ban, ngành cấp tỉnh", ["Các sở, ban, ngành cấp tỉnh"]),
        (
            "Sở Y tế, Sở Tài chính và Công an tỉnh",
            ["Sở Y tế", "Sở Tài chính", "Công an tỉnh"],
        ),
        (
            "Sở Y tế, Sở Văn hóa, Thể thao và Du lịch, và Sở Nội vụ",
            ["Sở Y tế", "Sở Văn hóa, Thể thao và Du lịch", "Sở Nội vụ"],
        ),
        ("Sở Y tế và Sở Khoa học và Công nghệ", ["Sở Y tế", "Sở Khoa học và Công nghệ"]),
        ("Sở Y tế/Sở Nội vụ", ["Sở Y tế", "Sở Nội vụ"]),
        (
            "Công an tỉnh, các sở, ban, ngành cấp tỉnh và UBND các huyện, thành phố",
            ["Công an tỉnh", "các sở, ban, ngành cấp tỉnh", "UBND các huyện, thành phố"],
        ),
        (
            "Các Sở: Y tế, Tài chính, Văn hóa, Thể thao và Du lịch; Công an tỉnh",
            ["Sở Y tế", "Sở Tài chính", "Sở Văn hóa, Thể thao và Du lịch", "Công an tỉnh"],
        ),
        ("Sở Y tế, Tài chính, Công Thương", ["Sở Y tế", "Sở Tài chính", "Sở Công Thương"]),
        (
            "UBND các xã: Minh Sơn, Tân Lập, UBND phường Hồng Giang",
            ["UBND xã Minh Sơn", "UBND xã Tân Lập", "UBND phường Hồng Giang"],
        ),
        ("Giám đốc các Sở: Y tế, Nội vụ", ["Sở Y tế", "Sở Nội vụ"]),
        ("Chủ trì: Sở Y tế", ["Sở Y tế"]),
        ("Sở Y tế; sở y tế", ["Sở Y tế"]),
        (
            "Sở Y tế, các đơn vị, địa phương có liên quan",
            ["Sở Y tế", "các đơn vị, địa phương có liên quan"],
        ),
        ("Các sở, ban, ngành, đơn vị liên quan", ["Các sở, ban, ngành, đơn vị liên quan"]),
        ("Các doanh nghiệp số, Sở Y tế", ["Các doanh nghiệp số", "Sở Y tế"]),
        ("Sở Y tế, Sở Tài chánh", ["Sở Y tế", "Sở Tài chánh"]),
        ("Cục Cờ, Quạt và Đèn", ["Cục Cờ, Quạt và Đèn"]),
        (
            "Cục Cờ, Quạt và Đèn, Bộ Công an và Trường Đại học Sao Mai",
            ["Cục Cờ, Quạt và Đèn", "Bộ Công an", "Trường Đại học Sao Mai"],
        ),
    ],
)
def test_names_in_a_cell(cell: str, names: list[str]) -> None:
    assert [match.name for match in split_names(cell, DIRECTORY)] == names


def test_what_is_wrong_stays_apart_from_what_is_right() -> None:
    first, second = split_names("Sở Y tế, Sở Tài chánh", DIRECTORY)
    assert first.how is How.AGENCY
    assert (second.how, second.proposals[0].name) == (How.UNKNOWN, "Sở Tài chính")


@pytest.mark.parametrize(
    ("cell", "lead", "also"),
    [
        ("Sở Y tế", "Sở Y tế", ""),
        ("Sở Y tế chủ trì", "Sở Y tế", ""),
        ("Sở Y tế (chủ trì), Sở Nội vụ", "Sở Y tế", "Sở Nội vụ"),
        ("Sở Y tế chủ trì, phối hợp với Sở Nội vụ", "Sở Y tế", "Sở Nội vụ"),
        ("Chủ trì: Sở Y tế\nPhối hợp: Sở Nội vụ", "Chủ trì: Sở Y tế", "Sở Nội vụ"),
        ("Phối hợp: Sở Nội vụ", "Phối hợp: Sở Nội vụ", ""),
    ],
)
def test_leading_and_coordinating_in_one_cell(cell: str, lead: str, also: str) -> None:
    assert divide(cell) == (lead, also)


@given(st.text(alphabet="SởYtếàivà cấp,;\n-/():1", max_size=60))
def test_any_cell_is_read_and_nothing_is_lost(cell: str) -> None:
    names = split_names(cell, DIRECTORY)
    assert bool(names) == any(not is_none(part) for part in cell.split(";")) or not names


def test_a_list_of_a_whole_province_is_read_at_once() -> None:
    places = [f"Đại {chr(65 + number // 26)}{chr(65 + number % 26)}" for number in range(170)]
    directory = Directory(
        date(2026, 1, 1),
        [Known(number, f"UBND xã {place}") for number, place in enumerate(places, start=1)],
    )
    cell = "UBND các xã: " + ", ".join(places)
    assert len(split_names(cell, directory)) == 170
