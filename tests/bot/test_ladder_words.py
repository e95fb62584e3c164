"""A directive's own ladder, in words: what is read, and what is refused whole."""

import pytest

from bot.ladder_words import read_rungs
from registry.urging import Rungs


@pytest.mark.parametrize(
    ("said", "rungs"),
    [
        ("lãnh đạo 3, thành viên 5, thường trực 10", Rungs(3, 5, 10)),
        ("Lãnh đạo: 3 ngày; thành viên phụ trách = 5 ngày làm việc", Rungs(3, 5)),
        ("cơ quan thường trực sau 12 ngày", Rungs(staff=12)),
        ("thành viên không", Rungs(member=0)),
        ("thanh vien 4 lanh dao 2", Rungs(2, 4)),
        ("mặc định", Rungs()),
        ("Theo mặc định.", Rungs()),
        ("lãnh đạo", None),
        ("lãnh đạo 3 nhanh lên", None),
        ("đầu mối 1", None),
        ("lãnh đạo 3000", None),
        ("", None),
    ],
)
def test_words(said: str, rungs: Rungs | None) -> None:
    assert read_rungs(said) == rungs
