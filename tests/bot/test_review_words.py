"""Words of a review, as data (review_words.toml), and laws that hold for any words."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.replies.review import Order, Unread, read_orders

CASES: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "review_words.toml").read_text("utf-8")
)["case"]


def told(order: Order) -> str:
    numbers = ",".join(map(str, order.numbers))
    parts = (order.what, numbers, order.column or order.fact or "", order.value)
    return " ".join(part for part in parts if part)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"].strip()[:40])
def test_words(case: dict[str, Any]) -> None:
    orders = read_orders(case["says"])
    if "unread" in case:
        assert orders == Unread(case["unread"])
    else:
        assert [told(order) for order in orders or []] == case["orders"]


@given(st.text(max_size=80))
def test_any_text_is_read_without_failing(text: str) -> None:
    read_orders(text)


@given(st.integers(1, 999), st.integers(1, 999))
def test_ranges_run_both_ways_or_name_their_ends(first: int, last: int) -> None:
    orders = read_orders(f"bỏ {first}-{last}")
    assert isinstance(orders, list)
    wanted = tuple(range(first, last + 1)) if first <= last else (first, last)
    assert orders[0].numbers == wanted
