"""What staff say about agencies, and the order it is."""

from datetime import date

import pytest

from bot.agency_orders import Add, Cancel, Give, Wish, read_order, split_names
from registry.agency_changes import ChangeKind, Order
from registry.people import Refused

TODAY = date(2026, 6, 20)
DAY = date(2026, 7, 1)
MERGE, SPLIT, RENAME, END = ChangeKind.MERGE, ChangeKind.SPLIT, ChangeKind.RENAME, ChangeKind.END
CULTURE = "Sở Văn hóa, Thể thao và Du lịch"

CASES: list[tuple[str, Wish | None]] = [
    ("Sở Y tế", None),
    ("sở y tế", None),
    ("Ban Giao thông", None),
    ("sáp nhập Sở A vào Sở B", Order(MERGE, ("Sở A",), TODAY, ("Sở B",))),
    ("Sáp nhập Sở A, Sở B và Sở C vào Sở D từ 01/7/2026",
     Order(MERGE, ("Sở A", "Sở B", "Sở C"), DAY, ("Sở D",))),
    ("sap nhap so a, so b thanh so c tu ngay 1.7.2026",
     Order(MERGE, ("so a", "so b"), DAY, ("so c",))),
    (f"hợp nhất {CULTURE} và Sở Du lịch vào {CULTURE}",
     Order(MERGE, (CULTURE, "Sở Du lịch"), TODAY, (CULTURE,))),
    ("sáp nhập Chi cục A; Lạ Lùng, và Khác vào Sở B",
     Order(MERGE, ("Chi cục A", "Lạ Lùng, và Khác"), TODAY, ("Sở B",))),
    ("đổi tên Sở A thành Sở Công nghệ và Đổi mới kể từ ngày 01 tháng 7 năm 2026",
     Order(RENAME, ("Sở A",), DAY, ("Sở Công nghệ và Đổi mới",))),
    ("tách UBND huyện A thành UBND xã B; UBND xã C từ ngày mai",
     Order(SPLIT, ("UBND huyện A",), date(2026, 6, 21), ("UBND xã B", "UBND xã C"))),
    ("chia tách UBND huyện A thành UBND xã B, UBND xã C, việc còn lại cho UBND xã C từ 1/7/2026",
     Order(SPLIT, ("UBND huyện A",), DAY, ("UBND xã B", "UBND xã C"), "UBND xã C")),
    ("kết thúc Chi cục A từ hôm nay", Order(END, ("Chi cục A",), TODAY)),
    ("giải thể Chi cục A chuyển cho Sở B từ 01/7/2026", Order(END, ("Chi cục A",), DAY, ("Sở B",))),
    ("thêm Sở A", Add("Sở A")),
    ("thêm cơ quan Sở A khối các sở, ban, ngành cấp tỉnh từ 01/7/2026",
     Add("Sở A", ("các sở, ban, ngành cấp tỉnh",), day=DAY)),
    ("tạo mới UBND xã B cấp xã thuộc khối UBND các xã; vùng cao tên khác xã B",
     Add("UBND xã B", ("UBND các xã", "vùng cao"), ("xã B",), "xã")),
    ("giao 127 cho Sở A", Give("Sở A", (127,))),
    ("giao lại việc #127, 131 và 140 cho UBND xã B", Give("UBND xã B", (127, 131, 140))),
    ("giao hết việc của UBND huyện A cho Sở B", Give("Sở B", agency="UBND huyện A")),
    ("hủy Sở A", Cancel("Sở A")),
]  # fmt: skip


@pytest.mark.parametrize(("said", "meant"), CASES)
def test_what_is_said_is_the_order_meant(said: str, meant: Wish | None) -> None:
    assert read_order(said, TODAY) == meant


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("sáp nhập Sở A", "Ví dụ: /coquan sáp nhập"),
        ("sáp nhập", "Ví dụ"),
        ("đổi tên Sở A", "Ví dụ: /coquan đổi tên"),
        ("tách Sở A", "Ví dụ: /coquan tách"),
        ("kết thúc", "Ví dụ: /coquan kết thúc"),
        ("thêm", "Ví dụ: /coquan thêm"),
        ("giao 127", "Ví dụ: /coquan giao"),
        ("hủy", "Ví dụ: /coquan hủy"),
        ("sáp nhập Sở A vào Sở B từ 31/6/2026", "Không có ngày 31/6/2026"),
        ("sáp nhập Sở A vào Sở B từ 1/7", "đủ ngày, tháng, năm"),
    ],
)
def test_half_an_order_is_answered_with_an_example(said: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        read_order(said, TODAY)


def test_a_comma_within_a_name_parts_nothing() -> None:
    assert split_names(f"{CULTURE}, Sở Y tế và Công an tỉnh") == (
        CULTURE,
        "Sở Y tế",
        "Công an tỉnh",
    )
    assert split_names("Sở Công nghệ và Số hóa") == ("Sở Công nghệ và Số hóa",)
    assert split_names("Ban Quản lý, bảo vệ rừng") == ("Ban Quản lý, bảo vệ rừng",)
    assert split_names("") == ()
