"""Messages that say several things, and those that only look like it."""

import sys
from datetime import date
from types import FrameType

import pytest

from bot.replies import read_reply, statements

TODAY = date(2026, 11, 18)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("xong 103 và vướng 105 thiếu người", ("xong 103", "vướng 105 thiếu người")),
        ("xong 103, vướng 105 thiếu người, thiếu tiền",
         ("xong 103", "vướng 105 thiếu người, thiếu tiền")),
        ("xong 103; gia hạn 105 10/12 vì chờ", ("xong 103", "gia hạn 105 10/12 vì chờ")),
        ("da xong 103 con 105 xin gia han den 10/12",
         ("da xong 103", "105 xin gia han den 10/12")),
        ("103 xong, 105 vướng máy chủ hỏng", ("103 xong", "105 vướng máy chủ hỏng")),
        ("xong 103\nvướng 105 thiếu máy\n106 xong",
         ("xong 103", "vướng 105 thiếu máy", "106 xong")),
        ("xong 103 số 12/BC-SYT, xong 105 số 13/BC-SYT",
         ("xong 103 số 12/BC-SYT", "xong 105 số 13/BC-SYT")),
        ("xong 103, gia han 105 tuan sau nua", ("xong 103", "gia han 105 tuan sau nua")),
        ("gia hạn 105 10/12, gia hạn 106 20/12", ("gia hạn 105 10/12", "gia hạn 106 20/12")),
    ],
)  # fmt: skip
def test_each_part_is_an_answer(text: str, parts: tuple[str, ...]) -> None:
    assert statements(text, TODAY) == parts


@pytest.mark.parametrize(
    "text",
    [
        "xong 103",
        "xong 103, 105 và 106",
        "xong 103, xong 105",
        "102 xong rồi, 104 chưa xong",
        "chưa xong 103, vướng 105 thiếu máy",
        "xong 103? vướng 105 thiếu máy",
        "nếu xong 103 thì 105 vướng",
        "vướng 105 máy chủ hỏng và xong 103 mới làm được",
        "xong 103, vướng 103 thiếu máy",
        "xong 103, vướng",
        "/xong 103, vướng 105 thiếu máy",
        "2, 3 105 thiếu máy",
        "",
    ],
)
def test_in_doubt_it_is_read_as_one(text: str) -> None:
    assert statements(text, TODAY) == ()


@pytest.mark.parametrize(
    "noise", ["a, ", "103, ", "vướng, ", "và ", "xong 103, ", "a, xong 103; ", "\n", "chưa. "]
)
def test_a_wall_of_pieces_is_not_read_over_and_over(noise: str) -> None:
    """What is read is counted: every piece once, and with those before it at most once more."""
    text = noise * (4096 // len(noise))
    for wall in (text, text[:1000], text[:300]):
        letters = 0

        def count(frame: FrameType, event: str, _argument: object) -> None:
            nonlocal letters
            if event == "call" and frame.f_code is read_reply.__code__:
                letters += len(frame.f_locals["text"])

        sys.setprofile(count)
        try:
            statements(wall)
        finally:
            sys.setprofile(None)
        assert letters <= 60 * 1000
