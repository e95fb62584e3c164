"""Tokens pasted badly are told by their form, never shown, and never refused for it."""

import pytest

from bot.settings import Settings, Telegram, Zalo, ZaloBot
from bot.tokens import odd_tokens

GOOD = "1000001:" + "A" * 35


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (GOOD, ""),
        (f"  {GOOD}\n", ""),
        ("7" * 12 + ":" + "a_-9" * 12, ""),  # longer than any today
        (f"{GOOD}/test", ""),  # Telegram's own test servers
        ("", ""),
        (f"bot{GOOD}", "phải là số"),
        (f"TOKEN={GOOD}", "phải là số"),
        (f"'{GOOD}'", "dấu ngoặc"),
        (GOOD.replace("AAA", "AẢA", 1), "chữ có dấu"),
        ("1000001:AA…", "ba chấm"),
        ("1000001:AA...", "ba chấm"),
        (GOOD.replace(":", ""), "hai chấm"),
        ("1000001:", "thiếu phần sau"),
        (GOOD[:-9], "quá ngắn"),
        (GOOD.replace(":", ": "), "dấu cách"),
        (f"{GOOD}?x=1", "chỉ có chữ"),
    ],
)
def test_telegram(token: str, why: str) -> None:
    said = list(odd_tokens(Settings(telegram=Telegram(token=token))))
    assert bool(said) == bool(why), said
    assert all(line.startswith("Token ở [telegram]") and why in line for line in said)
    assert not any("AAA" in line.replace("AA…", "") or "1000001" in line for line in said)


def test_zalo_is_told_by_less_and_a_second_bot_by_its_place() -> None:
    """Nothing is promised of the secret's form, only that there is one behind a number."""
    bots = (ZaloBot(token="22:x/y~z"), ZaloBot(token=""), ZaloBot(token="no"))  # noqa: S106
    zalo = Zalo(token="1:abc-xyz", more=bots)  # noqa: S106
    (line,) = odd_tokens(Settings(zalo=zalo))
    assert line.startswith("Token ở [zalo] more, bot thứ 4")
    assert "hai chấm" in line
    (twice,) = odd_tokens(Settings(telegram=Telegram(token=GOOD), zalo=Zalo(token=GOOD)))
    assert "giống hệt token của [telegram]" in twice
    assert not list(odd_tokens(Settings(telegram=Telegram(token="x", mode="off"))))  # noqa: S106
