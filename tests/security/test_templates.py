"""An office's templates reach nothing but the facts they are given, and end. What fails gives way
to ours (tests/reports/test_render.py) and is told by `dondoc doctor`."""

import logging
import time
from pathlib import Path

import pytest

from reports import messages
from reports.render import Renderer
from reports.samples import DAY, OPEN, check_templates

NAME = "messages/reminder.html.j2"

REACHING = {
    "class": "{{ f.__class__ }}",
    "mro": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "attr filter": "{{ f | attr('__class__') }}",
    "getattr by item": "{{ f['__class__'] }}",
    "format": "{{ '{0.__class__}'.format(f) }}",
    "format map": "{{ '{a.__class__}'.format_map({'a': f}) }}",
    "format filter": "{{ '%s' | format(f) }}",
    "map attribute": "{{ ([f] | map(attribute='__class__') | list)[0] }}",
    "globals of a function": "{{ cycler.__init__.__globals__ }}",
    "globals of a macro": "{% macro m() %}{% endmacro %}{{ m.__globals__ }}{{ m._func }}",
    "of joiner": "{{ joiner.__init__.__globals__.os.system('id') }}",
    "self": "{{ self._TemplateReference__context }}",
    "self environment": "{{ self.__init__.__globals__ }}",
    "namespace": "{% set n = namespace() %}{{ n.__class__ }}",
    "context": "{{ namespace.__init__.__globals__ }}",
    "import os": "{% import 'os' as os %}{{ os }}",
    "read a file": "{% include '/etc/passwd' %}",
    "climb": "{% include '../../../../etc/passwd' %}",
    "climb in our folder": "{% include 'messages/../../pyproject.toml' %}",
    "extends": "{% extends '../config.toml' %}",
    "do": "{% do f.clear() %}",
    "write": "{% set f.title = 'x' %}",
    "debug": "{% debug %}",
    "config": "{{ config }}",
    "request": "{{ request.environ }}",
    "builtins": "{{ open('/etc/passwd').read() }}",
    "eval": "{{ eval('1+1') }}",
}
ENDLESS = {
    "one loop": "{% for a in range(999999999) %}x{% endfor %}",
    "nested": "{% for a in range(999) %}{% for b in range(999) %}{% for c in range(999) %}"
    "{% endfor %}{% endfor %}{% endfor %}",
    "over a text": "{% set t = 'x' * 1000 %}{% for a in t %}{% for b in t %}{% for c in t %}"
    "{% endfor %}{% endfor %}{% endfor %}",
    "over the facts": "{% for a in f.title %}{% for b in f.title %}{% for c in f.title %}"
    "{% for d in f.title %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
    "macro": "{% macro m(n) %}{% if n %}{% set a = m(n - 1) %}{% set b = m(n - 1) %}{% endif %}"
    "{% endmacro %}{{ m(60) }}",
    "recursive loop": "{% for a in [[[]]] recursive %}{{ loop([a, a]) }}{% endfor %}",
    "itself": "{% include 'messages/reminder.html.j2' %}",
    "multiplied": "{{ 'x' * 9999999999 }}",
    "multiplied twice": "{{ 'x' * 100000 * 100000 }}",
    "a list": "{{ ([1] * 9999999999) | length }}",
    "a number": "{{ (9 ** 9 ** 9) % 7 }}",
    "a power": "{{ 10 ** 100000000 }}",
    "added": "{% set n = namespace(t='x') %}{% for a in range(60) %}{% set n.t = n.t + n.t %}"
    "{% endfor %}{{ n.t | length }}",
    "joined": "{% set n = namespace(t='x') %}{% for a in range(60) %}{% set n.t = n.t ~ n.t %}"
    "{% endfor %}{{ n.t | length }}",
    "a width": "{{ '%9999999999d' % 1 }}",
    "a width behind a flag": "{{ '%-09999999999d' % 1 }}",
    "a width given": "{{ '%*d' % (999999999, 1) }}",
    "format": "{{ '{:>9999999999}'.format(1) }}",
    "centred": "{{ 'x' | center(9999999999) }}",
    "centred by itself": "{{ 'x'.center(9999999999) }}",
    "justified": "{{ 'x'.ljust(9999999999) }}",
    "zeros": "{{ '1'.zfill(9999999999) }}",
    "tabs": "{{ '\t'.expandtabs(9999999999) }}",
    "indented": "{{ 'a\nb' | indent(9999999999) }}",
    "batched": "{{ [1] | batch(9999999999, 'x') | list }}",
    "sliced": "{{ [1] | slice(9999999999) | list }}",
    "replaced": "{{ ('x' * 1000).replace('x', 'x' * 1000).replace('x', 'x' * 1000) }}",
    "latin": "{{ lipsum(n=9999999) }}",
}


def office(folder: Path, text: str, *, strict: bool = False) -> Renderer:
    path = folder / NAME
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return Renderer(folder, strict=strict)


@pytest.mark.parametrize("text", REACHING.values(), ids=REACHING)
def test_nothing_outside_is_reached(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    said = messages.reminder(office(tmp_path, text), OPEN, DAY)
    assert said == messages.reminder(Renderer(), OPEN, DAY)
    assert NAME in caplog.text
    with pytest.raises(Exception):  # noqa: B017, PT011 -- it fails in one way or another
        messages.reminder(Renderer(tmp_path, strict=True), OPEN, DAY)


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
def test_everything_ends(text: str, tmp_path: Path) -> None:
    began = time.process_time()
    said = messages.reminder(office(tmp_path, text), OPEN, DAY)
    assert said == messages.reminder(Renderer(), OPEN, DAY)
    assert time.process_time() - began < 5, "a moment, not an hour"
    with pytest.raises(Exception):  # noqa: B017, PT011 -- it fails in one way or another
        messages.reminder(Renderer(tmp_path, strict=True), OPEN, DAY)


def test_the_doctor_says_what_is_too_much(tmp_path: Path) -> None:
    office(tmp_path, ENDLESS["nested"])
    found = check_templates(tmp_path)
    assert [each.template for each in found] == [NAME]
    assert "TooMuch" in found[0].reason
    assert "quá nhiều" in found[0].reason


def test_each_text_has_a_budget_of_its_own(tmp_path: Path) -> None:
    """And what people write in earnest is far below it."""
    loops = "{% for a in range(900) %}{% for b in range(100) %}{% endfor %}{% endfor %}"
    text = loops + "ok {{ f.number }}"
    renderer = office(tmp_path, text, strict=True)
    for _ in range(3):
        assert messages.reminder(renderer, OPEN, DAY).plain == "ok 127"


def test_ordinary_work_is_allowed(tmp_path: Path) -> None:
    text = (
        "{% set n = namespace(k=0) %}{% for one in f.obstacles %}{% set n.k = n.k + 1 %}"
        "{{ loop.index }}/{{ loop.length }}{{ ',' if not loop.last }}{% endfor %}\n\n"
        "{{ f.title | upper | cut(20) }} {{ 'a' ~ f.number ~ 'b' }} {{ 2 * 3 }} {{ '-' * 5 }}\n"
        "{{ 'số %d' % f.number }} {{ f.agency | default('x') | lower }} {{ (f.number % 10) }}\n"
        "{% for k in range(3) %}{{ k }}{% endfor %} {{ ['a', 'b'] | join('; ') }}"
    )
    said = messages.reminder(office(tmp_path, text, strict=True), OPEN, DAY).plain
    assert said.split("\n")[0] == "1/2,2/2"
    assert said.endswith("012 a; b")
    assert check_templates(tmp_path) == []
