"""Long messages are cut into parts that fit, that stand alone, and that together say the same."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.channel import Button, Message
from scheduler.split import split, units_of, visible
from tests.fakes.telegram_html import read_html

BUTTONS = ((Button("Xong", "d1:127:done"),),)
COUNTER = re.compile(r"\n\(\d+/\d+\)$")


def message(text: str) -> Message:
    return Message(html.escape(text), text, BUTTONS)


def body(part: str) -> str:
    return COUNTER.sub("", part)


def letters(text: str) -> str:
    return "".join(text.split())


def test_a_message_that_fits_comes_back_as_it_is() -> None:
    whole = message("x" * 4096)
    assert split(whole, 4096) == [whole]


def test_it_is_cut_at_line_breaks_and_numbered() -> None:
    lines = [f"Dòng {number}: " + "x" * 50 for number in range(10)]
    parts = split(message("\n".join(lines)), 250)
    assert [part.plain.splitlines()[-1] for part in parts] == ["(1/3)", "(2/3)", "(3/3)"]
    assert [line for part in parts for line in body(part.plain).splitlines()] == lines
    assert [part.buttons for part in parts] == [(), (), BUTTONS]


def test_tags_and_entities_cost_what_is_seen_of_them() -> None:
    assert (
        visible('<b>A &amp; B</b> <a href="https://x.vn/?a=1&amp;b=2">số</a> &#39;') == "A & B số '"
    )
    tagged = Message("<b>" + "&amp;" * 4096 + "</b>", "&" * 4096)
    assert split(tagged, 4096) == [tagged]


@pytest.mark.parametrize("char", ["𝐀", "😀", "👍🏽"])
def test_characters_outside_the_first_plane_cost_two_units(char: str) -> None:
    parts = split(message(char * 3000), 4096)
    assert all(units_of(part.plain) <= 4096 for part in parts)
    assert "".join(body(part.plain) for part in parts) == char * 3000


def test_a_tag_open_at_a_cut_is_closed_and_opened_again() -> None:
    words = " ".join(["nhiệm vụ"] * 30)
    parts = split(Message(f'<b><a href="https://x.vn/1">{words}</a></b>', words), 100)
    assert len(parts) > 2
    for part in parts:
        text, entities = read_html(part.html)
        assert text == part.plain
        assert {entity["type"] for entity in entities} == {"bold", "text_link"}
    assert all(body(part.plain).strip().endswith(("nhiệm", "vụ")) for part in parts)


def test_a_tag_that_spans_line_breaks_is_kept_in_every_part() -> None:
    lines = "\n".join(f"dòng {number} " + "y" * 40 for number in range(8))
    for part in split(Message(f"<i>{lines}</i>", lines), 120):
        text, entities = read_html(part.html)
        assert text == part.plain
        assert {entity["type"] for entity in entities} == {"italic"}


def test_combining_marks_stay_with_their_letters() -> None:
    decomposed = "e\u0302\u0301" * 200
    for part in split(message(decomposed), 100):
        assert body(part.plain).startswith("e")
        assert len(body(part.plain)) % 3 == 0


def test_plain_text_with_other_lines_follows_the_html() -> None:
    rows = [f"<b>{number}</b> " + "z" * 60 for number in range(6)]
    for part in split(Message("\n".join(rows), "một dòng"), 150):
        assert read_html(part.html)[0] == part.plain


def test_blank_lines_never_make_a_part() -> None:
    parts = split(message("a" * 90 + "\n" * 300 + "b" * 90), 100)
    assert [letters(body(part.plain)) for part in parts] == ["a" * 90, "b" * 90]


def test_more_than_nine_parts_are_counted_right() -> None:
    parts = split(message("\n".join("x" * 30 for _ in range(40))), 40)
    assert parts[-1].plain.endswith("(40/40)")
    assert all(units_of(part.plain) <= 40 for part in parts)


def test_a_limit_that_holds_no_text_is_refused() -> None:
    with pytest.raises(ValueError, match="10 units"):
        split(message("xong"), 10)


texts = st.text(
    st.one_of(
        st.sampled_from("\n <>&\"'ệ😀\u0301\u200d"), st.characters(exclude_categories=["Cs"])
    ),
    max_size=400,
)


@given(texts, st.integers(32, 200))
def test_any_text_is_cut_into_parts_that_fit_and_say_the_same(text: str, units: int) -> None:
    parts = split(message(text), units)
    assert all(units_of(part.plain) <= units for part in parts)
    assert all(units_of(visible(part.html)) <= units for part in parts)
    assert all(visible(part.html) == part.plain for part in parts)
    said = "".join(body(part.plain) if len(parts) > 1 else part.plain for part in parts)
    assert letters(said) == letters(text)
    assert [part.buttons for part in parts] == [()] * (len(parts) - 1) + [BUTTONS]


pieces = st.lists(
    st.tuples(
        st.sampled_from(["", "b", "i", "u", "s", "code"]), st.text("abc <&\n😀", max_size=80)
    ),
    max_size=12,
)


@given(pieces, st.integers(32, 120))
def test_any_tagged_text_gives_parts_that_telegram_accepts(
    marked: list[tuple[str, str]], units: int
) -> None:
    source = "".join(
        f"<{tag}>{html.escape(text)}</{tag}>" if tag else html.escape(text) for tag, text in marked
    )
    plain = "".join(text for _, text in marked)
    for part in split(Message(source, plain), units):
        text, _ = read_html(part.html)
        assert text == part.plain
        assert units_of(text) <= units
