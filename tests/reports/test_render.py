import logging
import unicodedata
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from reports import messages
from reports.facts import DutyFacts
from reports.render import BUILT_IN, BadMarkup, Rendered, Renderer, check_markup, plain_of
from reports.samples import BARE, DAY, LATE, MOMENT, OPEN, SAMPLES, check_templates
from reports.vietnamese import units

RLO = "\u202e"
UNSEEN = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2028")
HOSTILE = {
    "html": '<b>Sở</b> & <script>alert("x")</script> </i><a href="javascript:x">',
    "breaks": "dòng một\r\ndòng hai\u2028dòng ba\x0bdòng bốn\x85năm",
    "rtl": f"Sở {RLO}ếT Y{RLO} \u200bxong\u2066",
    "combining": "\u0338\u0301 Sở",
    "emoji": "👨‍👩‍👧‍👦🏥" * 40,
    "nfd": unicodedata.normalize("NFD", "Sở Thông tin và Truyền thông"),
    "long": "nhiệm vụ " * 8000,
    "one_word": "ư" * 65536,
    "surrogate": "hỏng \ud83d nửa",
    "control": "a\x00b\x1bc\x7fd",
    "markup_of_ours": "{{ f.title }} {% raw %} *đậm* _nghiêng_ `mã`",
    "entities": "&lt;b&gt; &amp;amp; &#60;",
}


def spoilt(facts: DutyFacts, text: str) -> DutyFacts:
    """The duty with every text replaced."""
    texts = {
        each.name: text
        for each in fields(facts)
        if isinstance(getattr(facts, each.name), str) and each.name not in ("kind", "state")
    }
    obstacles = tuple(replace(one, text=text, by=text) for one in facts.obstacles)
    return replace(facts, obstacles=obstacles, **texts)


def assert_well_made(said: Rendered) -> None:
    check_markup(said.html)
    assert plain_of(said.html) == said.plain
    for text in (said.html, said.plain):
        assert unicodedata.is_normalized("NFC", text)
        text.encode("utf-8")
        assert not any(unicodedata.category(c) == "Cc" for c in text if c != "\n")
        assert not set(text) & set(
            "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2028"
        )


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("facts", [OPEN, BARE, LATE], ids=["open", "bare", "late"])
def test_hostile_texts_stay_texts(facts: DutyFacts, text: str, renderer: Renderer) -> None:
    duty = spoilt(facts, text)
    content = messages.Digest(DAY, [duty], [duty], [messages.News(duty), messages.News(duty, True)])
    lines = len(messages.reminder(renderer, facts, DAY).plain.splitlines())
    single = messages.reminder(renderer, duty, DAY, repeat=True)
    assert len(single.plain.splitlines()) <= lines + 7
    for said in (
        single,
        messages.urge(renderer, duty, DAY, held_since=MOMENT),
        messages.digest(renderer, content),
        messages.group(renderer, content),
        messages.completion(renderer, messages.News(duty, undone=True, by=text, at=MOMENT)),
        messages.closed(renderer, [duty]),
        messages.duties(renderer, [duty], DAY, [text]),
    ):
        assert_well_made(said)


@given(text=st.text(alphabet=st.characters(codec=None), max_size=400))
def test_any_text_at_all_is_rendered(text: str) -> None:
    renderer = Renderer()
    said = messages.reminder(renderer, spoilt(OPEN, text), DAY)
    assert_well_made(said)
    assert units(said.plain) <= messages.SINGLE_UNITS


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_single_reminder_always_fits_one_message(text: str, renderer: Renderer) -> None:
    for facts in (spoilt(OPEN, text), spoilt(LATE, text)):
        for repeat in (False, True):
            more = {"repeat": repeat, "held_since": MOMENT}
            for say in (messages.reminder, messages.urge):
                said = say(renderer, facts, DAY, **more)  # type: ignore[operator]
                assert units(said.plain) <= 1800
                assert "/visao" in said.plain


def test_realistic_lengths_are_said_in_full(renderer: Renderer) -> None:
    """The longest fields found in a province's plan."""
    duty = replace(
        OPEN, title="n" * 8 + " nhiệm" * 44, deliverable="kết quả " * 27, section="mục " * 17,
        deadline_text="thời hạn " * 11, coordinating="sở, " * 18,
    )  # fmt: skip
    said = messages.reminder(renderer, duty, DAY)
    assert "…" not in said.plain
    assert units(said.plain) <= 1800


def test_names_come_out_as_typed(renderer: Renderer) -> None:
    duty = replace(BARE, title='Kế hoạch "A" & <B>', agency="Sở KH&CN")
    said = messages.reminder(renderer, duty, DAY)
    assert 'Kế hoạch "A" & <B>' in said.plain
    assert "Sở KH&CN" in said.plain
    assert "<B>" not in said.html


def test_plain_keeps_the_address_of_a_link() -> None:
    html = 'Xem <a href="https://a.vn/?x=1&amp;y=2">hướng dẫn</a>, <a href="https://b.vn">https://b.vn</a>'
    assert plain_of(html) == "Xem hướng dẫn (https://a.vn/?x=1&y=2), https://b.vn"


@pytest.mark.parametrize(
    "html",
    ["<b>hở", "<b>hai\ndòng</b>", "<b><i>chéo</b></i>", "<p>lạ</p>", "a < b", "<b class=x>a</b>",
     "</b>", '<a href="x">', "<a>trống</a>", "<br>"],
)  # fmt: skip
def test_markup_that_messengers_refuse_is_found(html: str) -> None:
    with pytest.raises(BadMarkup):
        check_markup(html)


# -- an office's own templates --------------------------------------------------------------------


def override(folder: Path, text: str, name: str = "messages/reminder.html.j2") -> Renderer:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return Renderer(folder)


def test_an_override_speaks_first(tmp_path: Path) -> None:
    office = override(tmp_path, "<b>Kính gửi {{ f.agency }}</b>\n\n\n\nviệc {{ f.number }}  \n")
    said = messages.reminder(office, OPEN, DAY)
    assert said.html == "<b>Kính gửi Sở Y tế</b>\n\nviệc 127"
    assert "Đôn đốc" in messages.urge(office, LATE, DAY).plain


def test_a_piece_can_be_overridden_alone(tmp_path: Path) -> None:
    office = override(tmp_path, "Gọi 0237.000.000 để trả lời.\n", "_answers.html.j2")
    assert "Gọi 0237" in messages.reminder(office, OPEN, DAY).plain
    assert "Gọi 0237" in messages.urge(office, LATE, DAY).plain


BROKEN = {
    "syntax": "{% if %}",
    "undefined": "{{ f.titel }}",
    "nothing": "{{ f.completion }}",
    "filter": "{{ 'x' | day }}",
    "division": "{{ 1 // 0 }}",
    "unsafe": "{{ f.__class__.__mro__ }}",
    "unclosed": "<b>{{ f.title }}",
    "two_lines": "<b>{{ f.title }}\n{{ f.agency }}</b>",
    "tag": "<p>{{ f.title }}</p>",
    "include": "{% include 'khong-co.j2' %}",
    "loop": "{{ 'x' * 10 | int('y') }}{{ none + 1 }}",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_override_gives_way_to_ours(
    text: str, tmp_path: Path, renderer: Renderer, caplog: pytest.LogCaptureFixture
) -> None:
    office = override(tmp_path, text)
    with caplog.at_level(logging.WARNING):
        said = [messages.reminder(office, OPEN, DAY) for _ in range(3)]
    assert said == [messages.reminder(renderer, OPEN, DAY)] * 3
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "reminder" in caplog.text
    problems = check_templates(tmp_path)
    assert [problem.template for problem in problems] == ["messages/reminder.html.j2"]


def test_a_file_that_is_no_text_gives_way_to_ours(tmp_path: Path, renderer: Renderer) -> None:
    office = override(tmp_path, "")
    (tmp_path / "messages/reminder.html.j2").write_bytes(b"\xff\xfe\x00bad")
    assert messages.reminder(office, OPEN, DAY) == messages.reminder(renderer, OPEN, DAY)


def test_a_broken_piece_gives_way_to_ours(tmp_path: Path, renderer: Renderer) -> None:
    office = override(tmp_path, "{{ nothing }}", "_task.html.j2")
    assert messages.urge(office, LATE, DAY) == messages.urge(renderer, LATE, DAY)


def test_a_folder_that_is_not_there_is_no_obstacle(tmp_path: Path, renderer: Renderer) -> None:
    office = Renderer(tmp_path / "khong-co")
    assert messages.urge(office, LATE, DAY) == messages.urge(renderer, LATE, DAY)
    assert len(check_templates(tmp_path / "khong-co")) == 1


def test_misspelt_overrides_are_reported(tmp_path: Path) -> None:
    override(tmp_path, "x", "messages/remindr.html.j2")
    assert [problem.template for problem in check_templates(tmp_path)] == [
        "messages/remindr.html.j2"
    ]


def test_our_own_templates_are_in_order() -> None:
    assert check_templates(None) == []


def test_further_samples_are_checked(tmp_path: Path) -> None:
    path = "messages/help"
    problems = check_templates(None, {"replies/x": lambda r: r.render(path)})
    assert [problem.template for problem in problems] == ["replies/x.html.j2"]
    assert check_templates(tmp_path) == []


def test_every_message_has_a_sample() -> None:
    files = (BUILT_IN / "messages").glob("*.j2")
    assert {f"messages/{path.name.removesuffix('.html.j2')}" for path in files} == set(SAMPLES)


def test_what_a_template_misses_is_an_error(renderer: Renderer) -> None:
    with pytest.raises(UndefinedError):
        renderer.render("messages/reminder")


def test_templates_cannot_reach_into_the_house(tmp_path: Path) -> None:
    override(tmp_path, BROKEN["unsafe"])
    with pytest.raises(SecurityError):
        messages.reminder(Renderer(tmp_path, strict=True), OPEN, DAY)
