"""Every period of the table: a row just old enough goes with the daily tick, one a second younger
stays, and SECURITY.md says so."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot.app import App
from bot.opening import Tools, open_database
from bot.settings import DatabaseSection, Paths, Settings
from registry import backups
from registry.retention import ASIDE_DAYS, FORGOTTEN, RULES, Periods, Rule
from registry.tables import (
    Admission,
    Agency,
    Attempt,
    Contact,
    Inbound,
    Notice,
    Person,
    Question,
    Request,
    Subscription,
)
from registry.types import (
    AttemptOutcome,
    InboundState,
    NoticeKind,
    NoticeState,
    RequestKind,
    RequestState,
    Role,
)
from tests.fakes.databases import address

NOW = datetime(2027, 3, 17, 17, 5, tzinfo=UTC)
SECURITY = Path(__file__).resolve().parents[2] / "SECURITY.md"
WORDS = "riêng tư"


def _contact(session: Session, at: datetime, number: int, person: bool = True) -> Contact:
    holder = Person(name="Lan", created_at=at)
    session.add(holder)
    session.flush()
    row = Contact(person_id=holder.id if person else None, channel="telegram", created_at=at,
                  address=f"{WORDS} {number}", title=WORDS)  # fmt: skip
    session.add(row)
    session.flush()
    return row


def _inbound(session: Session, at: datetime, number: int) -> None:
    session.add(Inbound(channel="telegram", update_key=str(number), sender="501", raw=WORDS,
                        received_at=at, state=InboundState.HANDLED, handled_at=at))  # fmt: skip


def _question(session: Session, at: datetime, number: int) -> None:
    contact = _contact(session, at, number)
    session.add(Question(contact_id=contact.id, kind="which", data=WORDS, expires_at=at))


def _admission(session: Session, at: datetime, number: int) -> None:
    agency = Agency(name=f"Sở {number}", key=str(number), created_at=at)
    contact = _contact(session, at, number)
    session.add(agency)
    asked = Request(kind=RequestKind.ADMISSION, state=RequestState.REFUSED, contact_id=contact.id,
                    asked_at=at, decided_at=at)  # fmt: skip
    session.add(asked)
    session.flush()
    session.add(Admission(request_id=asked.id, agency_id=agency.id, role=Role.FOCAL, name=WORDS))


def _payload(session: Session, at: datetime, number: int) -> None:
    contact = _contact(session, at, number)
    session.add(Notice(key=str(number), kind=NoticeKind.ANSWER, contact_id=contact.id, due_at=at,
                       next_at=at, state=NoticeState.SENT, closed_at=at,
                       payload=WORDS))  # fmt: skip


def _text(session: Session, at: datetime, number: int) -> None:
    contact = _contact(session, at, number)
    session.add(Attempt(contact_id=contact.id, opened_at=at, closed_at=at, text=WORDS,
                        outcome=AttemptOutcome.SENT))  # fmt: skip


def _stranger(session: Session, at: datetime, number: int) -> None:
    _contact(session, at, number, person=False)


# How a row of each rule is made, and what shows whether it still says anything.
PLANTS: dict[str, tuple[Callable[[Session, datetime, int], None], type, str]] = {
    "inbound": (_inbound, Inbound, "raw"),
    "questions": (_question, Question, "data"),
    "admissions": (_admission, Admission, "name"),
    "payloads": (_payload, Notice, "payload"),
    "texts": (_text, Attempt, "text"),
    "strangers": (_stranger, Contact, "title"),
}


def settings_of(folder: Path) -> Settings:
    return Settings(paths=Paths(data_dir=folder), database=DatabaseSection(url=address()))


async def test_the_daily_tick_keeps_every_period(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    db = open_database(settings, NOW)

    def plant(session: Session) -> None:
        for rule in RULES:
            edge = NOW - timedelta(days=rule.days(Periods()))
            for number, at in enumerate((edge - timedelta(seconds=1), edge), start=1):
                PLANTS[rule.name][0](session, at, number + 10 * RULES.index(rule))

    try:
        db.write_now(plant)
        async with App(Tools.of(settings, NOW), db, {}, lambda: NOW) as app:
            await app.daily()
        for rule in RULES:
            _, table, column = PLANTS[rule.name]
            said = db.read_now(lambda s, t=table: s.exec(select(t)).all())
            kept = [row for row in said if WORDS in getattr(row, column)]
            owned = [row for row in kept if rule.name != "strangers" or row.person_id is None]
            assert len(owned) == 1, rule.name
    finally:
        db.close()


def test_every_rule_is_tried() -> None:
    assert set(PLANTS) == {rule.name for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_guide_says_each_period(rule: Rule) -> None:
    assert f"| {rule.what} | {rule.days(Periods())} " in SECURITY.read_text("utf-8")


def test_who_belongs_here_is_no_stranger(tmp_path: Path) -> None:
    """A connected group, somebody who waits for an answer, a person's silent chat."""
    db = open_database(settings_of(tmp_path), NOW)
    long_ago = NOW - timedelta(days=1000)

    def plant(session: Session) -> None:
        _contact(session, long_ago, 1)
        group, left, asking = (_contact(session, long_ago, n, person=False) for n in (2, 3, 4))
        session.add_all([
            Subscription(key="g", contact_id=group.id, role=Role.FOCAL, since=long_ago),
            Subscription(key="l", contact_id=left.id, role=Role.FOCAL, since=long_ago,
                         ended_at=long_ago),
            Request(kind=RequestKind.ADMISSION, contact_id=asking.id, asked_at=long_ago),
        ])  # fmt: skip

    try:
        db.write_now(plant)
        (rule,) = [each for each in RULES if each.name == "strangers"]
        assert db.write_now(rule.apply, Periods(), NOW) == 1
        assert db.write_now(rule.apply, Periods(), NOW) == 0
        rows = db.read_now(lambda s: s.exec(select(Contact).order_by(Contact.id)).all())  # type: ignore[arg-type]
        assert [row.closed_reason for row in rows] == ["", "", FORGOTTEN, ""]
        assert rows[2].address == f"erased-{rows[2].id}"
    finally:
        db.close()


def test_copies_beside_the_database_go_when_they_are_old(tmp_path: Path) -> None:
    database = tmp_path / "dondoc.db"
    old = NOW - timedelta(days=ASIDE_DAYS, seconds=1)
    gone = [
        f"dondoc.db.before-0009-{old:%Y%m%d%H%M%S}",
        f"dondoc.db.before-restore-{old:%Y%m%d%H%M%S}-wal",
    ]
    stay = [
        "dondoc.db",
        f"dondoc.db.before-restore-{NOW:%Y%m%d%H%M%S}",
        "dondoc.db.before-nang-cap",
    ]
    for name in (*gone, *stay):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in backups.forget_aside(database, NOW)] == gone
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(stay)
