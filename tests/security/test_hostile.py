"""Names and texts that try to be something else: in messages, Word, Excel, calendars, the journal.

Messages alone are tried in tests/reports/test_render.py, file names in tests/registry/test_files.py
and tests/bot/channels/test_files.py; here each goes the whole way, from who says it to who reads
it.
"""

import csv
import io
import json
import unicodedata
from datetime import date
from itertools import cycle
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import docx
import openpyxl
import pytest
from icalendar import Calendar
from sqlmodel import Session, col, select

from bot import papers
from bot.channels.telegram_updates import Identity, understand
from bot.channels.zalo_updates import Identity as ZaloIdentity
from bot.channels.zalo_updates import understand as understand_zalo
from bot.cli.journal import _csv
from bot.rehearsals import rules_of, sheet_of
from bot.web.feeds import ringing
from deadlines.text import clean
from registry import audit
from registry.tables import Agency, AuditEvent, Directive, Duty, Notice, Obstacle, Person, Task
from reports.calendar_feed import entries, feed
from reports.papers.letter import load_letter
from reports.papers.load import load_report
from reports.papers.period import read_period
from reports.render import check_markup, plain_of
from reports.vietnamese import units
from scheduler.rehearsal import rehearse_all
from tests.security.scene import GROUP, HERE, IDS, UNKNOWN_GROUP, Scene, letter

HOSTILE = {
    "html": '<b>Sở</b> & <script>alert("x")</script> </i><a href="javascript:x">',
    "markdown": "*đậm* _nghiêng_ `mã` [x](http://x) ||ẩn||",
    "template": "{{ 7*7 }} {% raw %} {{ f.__class__ }} %s %(x)s",
    "formula": '=HYPERLINK("http://x","bấm")',
    "dde": "=cmd|' /C calc'!A0",
    "plus": "+84 @SUM(A1) -1+1",
    "tab": "\t=1+1",
    "lines": "một\r\nhai\u2028ba\x0bbốn\x85năm\x0c",
    "calendar": "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:giả;,\\n",
    "log": "x\n2026-09-03T09:00:00 CRITICAL bot: giả",
    "rtl": "Sở \u202eếT Y\u202c \u2066x\u2069 \u061c\u200f",
    "unseen": "S\u200bở\u200d \u2060Y\ufeff t\u00adế\u180e",
    "control": "a\x01b\x1b[31mc\x7fd\x9be",
    "combining": "\u0338\u0301" + "a" + "\u0301" * 500,
    "emoji": "👨‍👩‍👧‍👦🏥" * 40,
    "huge": "ư" * 65_536,
    "words": "nhiệm vụ " * 8_000,
    "sql": "'; DROP TABLE duty; --",
    "path": "../../../etc/passwd\x00.docx",
}
# What Telegram and Zalo could hand on besides: NUL and halves of surrogate pairs.
RAW = HOSTILE | {"nul": "a\x00b", "surrogate": "hỏng \ud83d nửa \udc00"}
BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u180e")
LONGEST_MESSAGE = 4096


def harmless(text: str, *, lines: bool = True) -> None:
    """Nothing that steers a terminal, a line or a reader's eye."""
    text.encode("utf-8")
    odd = {c for c in text if unicodedata.category(c) == "Cc" and not (lines and c == "\n")}
    assert not odd | (set(text) & BIDI), odd


def sound(notice: Notice) -> str:
    """A message that any messenger takes; how it reads."""
    html = json.loads(notice.payload or "{}").get("html", "")
    check_markup(html)
    plain = plain_of(html)
    harmless(plain)
    return plain


def queued(session: Session) -> list[str]:
    return [sound(row) for row in session.exec(select(Notice).where(Notice.payload != "")).all()]


# -- at the door ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", RAW.values(), ids=RAW)
def test_a_messengers_json_comes_in_whole(text: str) -> None:
    """Every text that is taken out of an update can be stored and sent."""
    user = {"id": 7, "is_bot": False, "first_name": text, "last_name": text}
    chat = {"id": -5, "type": "group", "title": text}
    message = {"message_id": 1, "date": 0, "chat": chat, "from": user, "text": f"/x {text}"}
    document = {"file_id": "a", "file_name": text, "file_size": 3}
    for body in (message, message | {"document": document, "caption": text}):
        got = understand(json.dumps({"update_id": 1, "message": body}), Identity(9, "bot"))
        assert got is not None
        for field in (got.text, got.sender_name, got.chat_title, got.file.name if got.file else ""):
            field.encode("utf-8")
            assert "\x00" not in field
    flat = {"event_name": "message.text.received", "message": {
        "message_id": "1", "chat": {"id": "c", "chat_type": "GROUP", "title": text},
        "from": {"id": "p", "display_name": text, "is_bot": False}, "text": text}}  # fmt: skip
    zalo = understand_zalo(json.dumps(flat), ZaloIdentity())
    assert zalo is None or "\x00" not in zalo.text + zalo.sender_name + zalo.chat_title


@pytest.mark.parametrize("name", ["html", "template", "calendar", "rtl", "control", "huge",
                                  "combining", "emoji"])  # fmt: skip
def test_a_hostile_name_is_told_to_staff_as_a_name(scene: Scene, name: str) -> None:
    """Of a stranger who asks, of one who is bound, of a group; whoever reads it, it stays one short
    line of theirs."""
    me, text = IDS["stranger"], HOSTILE[name]
    code = scene.words["code"]

    def attempt(session: Session) -> list[str]:
        for raw in (
            letter(me, f"/dangky {HERE}", sender_name=text),
            letter(me, f"/start {code}", sender_name=text),
            letter(me, "/huydangky", sender_name=text),
            letter(IDS["focal"], "/viec", GROUP, chat_title=text),
            letter(me, "", UNKNOWN_GROUP, event="joined", chat_title=text, sender_name=text),
            letter(IDS["staff"], "/duyet"),
        ):
            scene.one(session, raw)
        person = session.exec(select(Person).order_by(col(Person.id).desc())).first()
        assert person is not None
        harmless(person.name, lines=False)
        assert 0 < len(person.name) <= 100
        return queued(session)

    for told in scene.within(attempt):
        assert units(told) <= LONGEST_MESSAGE
        assert "49" not in told or "{{" not in text


@pytest.mark.parametrize("name", ["html", "formula", "calendar", "rtl", "control", "huge", "sql"])
def test_hostile_words_are_answered_and_passed_on_as_words(scene: Scene, name: str) -> None:
    duty, me, text = scene.words["duty"], IDS["focal"], HOSTILE[name]

    def attempt(session: Session) -> list[str]:
        for raw in (
            letter(me, f"vướng {duty} {text}"),
            letter(me, f"giahan {duty} 30/11/2026 {text}"),
            letter(me, f"xong {duty} số 7/BC-{text}"),
            letter(me, text),
            letter(me, f"/{text}"),
            letter(IDS["staff"], f"trả lời VM1: {text}"),
            letter(IDS["staff"], f"/tralai {scene.words['submitted']} {text}"),
            letter(IDS["staff"], f"/status {text}"),
            letter(IDS["staff"], f"/coquan thêm {text}"),
            letter(IDS["leader"], f"/xephang ý kiến: {text}"),
            letter(IDS["stranger"], f"/dangky {text}"),
            letter(IDS["stranger"], text),
        ):
            scene.one(session, raw)
        for row in session.exec(select(Obstacle)).all():
            harmless(row.text)
        return queued(session)

    assert scene.within(attempt)


def test_cleaning_takes_out_what_cannot_be_seen() -> None:
    for text in HOSTILE.values():
        harmless(clean(text), lines=False)


# -- on paper -------------------------------------------------------------------------------------


def spoil(session: Session) -> None:
    """Everything that has a name or words bears one of these, each a different one."""
    texts = cycle(HOSTILE.values())
    for agency in session.exec(select(Agency)).all():
        agency.name = f"{next(texts)} {agency.id}"
        session.add(agency)
    for row in session.exec(select(Task)).all():
        row.title, row.deliverable, row.section = next(texts), next(texts), next(texts)
        row.deadline_text = next(texts)
        session.add(row)
    for person in session.exec(select(Person)).all():
        person.name = next(texts)
        session.add(person)
    for obstacle in session.exec(select(Obstacle)).all():
        obstacle.text = next(texts)
        session.add(obstacle)
    for directive in session.exec(select(Directive)).all():
        directive.title, directive.issuer = next(texts), next(texts)
        session.add(directive)
    for duty in session.exec(select(Duty).limit(3)).all():
        duty.due_on = date(2026, 8, 3)
        session.add(duty)
    session.flush()


def test_papers_and_calendars_hold_hostile_words_as_words(scene: Scene) -> None:
    made = scene.within(lambda session: drawn_up(scene, session))
    for word in (made["report"], made["letter"]):
        texts = [each.text for each in docx.Document(io.BytesIO(word)).element.body.iter()
                 if each.text]  # fmt: skip
        assert texts
        for each in texts:
            harmless(each.replace("\t", " "))
        parts = ZipFile(io.BytesIO(word)).namelist()
        assert not [part for part in parts if ".." in part or part.startswith("/")]
    for sheet in (made["figures"], made["rehearsal"]):
        calculated(sheet)
    for text in made["calendars"]:
        events(text, made["count"])


def drawn_up(scene: Scene, session: Session) -> dict[str, Any]:
    spoil(session)
    now, today, tools = scene.app.clock(), date(2026, 9, 3), scene.app.tools
    settings, renderer, calendar = tools.settings, tools.renderer, tools.calendar
    report = load_report(session, read_period("quý 3", today), now, soon_days=10)
    agency = session.exec(select(Duty.agency_id).where(Duty.due_on == date(2026, 8, 3))).first()
    paper = papers.letter_of(load_letter(session, agency or 0, now, calendar), settings, renderer)
    plan = rehearse_all(session, rules_of(settings, calendar), today, date(2026, 9, 30), now)
    found = entries(session, None, today, calendar)
    for file in (paper, sheet_of(plan)):
        harmless(file.name, lines=False)
    return {
        "report": papers.docx_of(report, settings, renderer).data,
        "figures": papers.xlsx_of(report, settings).data,
        "letter": paper.data,
        "rehearsal": sheet_of(plan).data,
        "calendars": [
            feed(renderer, found, HOSTILE[name], "abc", ringing(settings.policy), calendar)
            for name in ("calendar", "control", "huge")
        ],
        "count": len(found),
    }


def calculated(content: bytes) -> None:
    """Every formula is one of ours; whatever begins like one is marked as text."""
    for sheet in openpyxl.load_workbook(io.BytesIO(content)):
        for cell in (cell for row in sheet.iter_rows() for cell in row):
            if cell.data_type == "f":
                assert "HYPERLINK" not in cell.value
                assert "|" not in cell.value
            elif isinstance(cell.value, str):
                harmless(cell.value)
                if cell.value.startswith(("=", "+", "-", "@", "\t", "\r")):
                    assert cell.quotePrefix, cell.value[:40]
        assert not sheet._hyperlinks


def events(text: bytes, count: int) -> None:
    assert text.count(b"\r\nBEGIN:VEVENT\r\n") == text.count(b"\r\nEND:VEVENT\r\n") == count
    assert max(map(len, text.split(b"\r\n"))) <= 75
    assert b"\n" not in text.replace(b"\r\n", b"")
    parsed = Calendar.from_ical(text)
    assert len(parsed.walk("VEVENT")) == count
    for event in parsed.walk("VEVENT"):
        harmless(str(event["summary"]), lines=False)


@pytest.mark.parametrize("name", ["formula", "dde", "plus", "tab", "lines", "log", "calendar"])
def test_the_journal_as_csv_holds_no_formulas(scene: Scene, tmp_path: Path, name: str) -> None:
    text = HOSTILE[name]

    def attempt(session: Session) -> list[dict[str, Any]]:
        event = session.exec(select(AuditEvent)).all()[-1]
        event.actor = event.subject = text
        session.add(event)
        session.flush()
        return list(audit.plain(audit.events(session)))

    rows = scene.within(attempt)
    _csv(tmp_path / "a.csv", rows)
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        read = list(csv.reader(file))
    assert len(read) == len(rows) + 1
    for cell in (cell for row in read for cell in row):
        assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r")), cell
