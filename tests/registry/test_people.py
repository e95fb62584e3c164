"""People: invites, bindings, who may see and do what, chats that close or move, erasing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from registry import erasing, inbound, invites, links, people
from registry.database import Database
from registry.inbound import BAD_CODE
from registry.links import Lost
from registry.notices import put_text
from registry.people import Actor, Bound, Chat, Refused
from registry.tables import (
    Agency,
    AuditEvent,
    Contact,
    Inbound,
    Invite,
    Notice,
    Person,
    Question,
    Request,
    Subscription,
)
from registry.types import InboundState, NoticeKind, NoticeState, Role
from tests.fakes.databases import fresh
from tests.reports.build import Builder

NOW = datetime(2027, 1, 12, 2, tzinfo=UTC)
DAY = timedelta(days=1)
LAN = Chat("telegram", "501", "private", "501", name="Vũ Thị Lan")
MINH = Chat("telegram", "502", "private", "502", name="Trần Minh")
GROUP = Chat("telegram", "-100", "group", "501", title="Tổ chuyển đổi số", name="Vũ Thị Lan")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = fresh(tmp_path)
    database.write_now(lambda s: [Builder(s, NOW).agency(f"Sở {n}") for n in (1, 2)])
    yield database
    database.close()


def invite(db: Database, role: Role = Role.FOCAL, agency: int | None = 1) -> str:
    return db.write_now(invites.new_invite, NOW, role, agency, valid=7 * DAY)[0]


def bind(db: Database, code: str, chat: Chat = LAN, now: datetime = NOW) -> Bound | None:
    def run(session: Session) -> Bound | None:
        found = invites.find_invite(session, code, now)
        return people.redeem(session, found, chat, now, "1") if found else None

    return db.write_now(run)


def bound(db: Database, role: Role = Role.FOCAL, agency: int | None = 1, chat: Chat = LAN) -> Bound:
    found = bind(db, invite(db, role, agency), chat)
    assert found is not None
    return found


def contact(db: Database, chat: Chat = LAN) -> Contact:
    found = db.read_now(people.find_contact, chat.channel, chat.address)
    assert found is not None
    return found


def on_contact(db: Database, change: Any, *args: Any, chat: Chat = LAN) -> Any:
    return db.write_now(
        lambda s: change(s, people.find_contact(s, chat.channel, chat.address), *args)
    )


def rows(db: Database, table: type) -> list[Any]:
    return list(db.read_now(lambda s: s.exec(select(table)).all()))


# -- invites --------------------------------------------------------------------------------------


def test_a_code_works_once(db: Database) -> None:
    code = invite(db)
    assert bind(db, code) is not None
    assert bind(db, code, MINH) is None
    (kept,) = rows(db, Invite)
    assert kept.used_at == NOW
    assert kept.used_by == contact(db).id


@pytest.mark.parametrize(
    ("after", "good"), [(7 * DAY - timedelta(seconds=1), True), (7 * DAY, False)]
)
def test_a_code_expires(db: Database, after: timedelta, good: bool) -> None:
    code = invite(db)
    assert (bind(db, code, now=NOW + after) is not None) == good


def test_only_the_hash_of_a_code_is_kept(db: Database, tmp_path: Path) -> None:
    code = invite(db)
    db.close()
    content = b"".join(path.read_bytes() for path in tmp_path.glob("dondoc.db*"))
    for form in (code, code.replace("-", ""), code.lower()):
        assert form.encode() not in content


@pytest.mark.parametrize(
    "typed",
    ["{0}", " {0} ", "{1}", "{2}", "{3}"],
    ids=["as is", "blanks", "no dash", "lower", "spaced"],
)
def test_how_a_code_may_be_typed(db: Database, typed: str) -> None:
    code = invite(db)
    text = typed.format(code, code.replace("-", ""), code.lower(), " ".join(code))
    assert bind(db, text) is not None


def test_codes_are_hard_to_guess_and_to_mistake(db: Database) -> None:
    codes = {invite(db) for _ in range(200)}
    assert len(codes) == 200
    letters = set("".join(codes)) - {"-"}
    assert not letters & set("01OIL")
    assert len(letters) ** invites.CODE_LENGTH > 10**14


def test_guessing_is_limited_for_each_sender(db: Database) -> None:
    def guess(session: Session, number: int, sender: str, now: datetime) -> None:
        inbound.store(session, "telegram", [(f"{sender}-{number}", "{}")], now)
        row = session.exec(select(Inbound).where(Inbound.update_key == f"{sender}-{number}")).one()
        row.sender, row.outcome, row.state = sender, BAD_CODE, InboundState.HANDLED
        session.add(row)

    def blocked(sender: str, now: datetime) -> bool:
        return db.read_now(invites.too_many_codes, "telegram", sender, now)

    for number in range(invites.CODE_ATTEMPTS):
        assert not blocked("501", NOW)
        db.write_now(guess, number, "501", NOW)
    assert blocked("501", NOW + invites.CODE_WINDOW - timedelta(seconds=1))
    assert not blocked("501", NOW + invites.CODE_WINDOW)
    assert not blocked("502", NOW)


@pytest.mark.parametrize("role", [Role.MEMBER, Role.STAFF, Role.ADMIN])
def test_a_group_holds_no_role_of_the_committee(db: Database, role: Role) -> None:
    code = invite(db, role, None)
    with pytest.raises(Refused):
        bind(db, code, GROUP)
    assert rows(db, Subscription) == []
    assert bind(db, code) is not None, "the code was not used up"


# -- bindings -------------------------------------------------------------------------------------


def test_binding(db: Database) -> None:
    found = bound(db)
    assert found.fresh
    (person,) = rows(db, Person)
    assert (person.name, person.consent_at, person.consent_version) == (LAN.name, NOW, "1")
    assert not bound(db).fresh, "the same again is no second subscription"
    assert bound(db, agency=2).fresh
    assert bound(db, Role.OFFICER).fresh
    assert len(rows(db, Subscription)) == 3
    assert len(rows(db, Person)) == 1


def test_a_group_is_its_own_holder(db: Database) -> None:
    found = bound(db, chat=GROUP)
    assert (found.subscription.person_id, found.subscription.contact_id) == (
        None, contact(db, GROUP).id,
    )  # fmt: skip
    assert rows(db, Person) == []
    speaker = db.read_now(people.load_actor, "telegram", GROUP.sender)
    assert not speaker.bound, "who speaks in a group is nobody by that"


def test_leaving_and_coming_back(db: Database) -> None:
    first = bound(db)
    assert on_contact(db, people.unsubscribe, NOW) == 1
    assert not db.read_now(people.load_actor, "telegram", "501").bound
    again = bind(db, invite(db), now=NOW + DAY)
    assert again is not None
    assert again.fresh
    assert (again.subscription.id, again.subscription.since) == (first.subscription.id, NOW + DAY)
    assert again.subscription.plan_due


# -- who may --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "agency", "sees_own", "sees_other", "acts_own", "acts_other", "staff"),
    [
        (Role.FOCAL, 1, True, False, True, False, False),
        (Role.OFFICER, 1, True, False, True, False, False),
        (Role.LEADER, 1, True, False, True, False, False),
        (Role.MEMBER, 1, True, False, False, False, False),
        (Role.MEMBER, None, False, False, False, False, False),
        (Role.STAFF, None, True, True, False, False, True),
        (Role.ADMIN, None, True, True, False, False, True),
    ],
)
def test_roles(
    db: Database, role: Role, agency: int | None, sees_own: bool, sees_other: bool,
    acts_own: bool, acts_other: bool, staff: bool,
) -> None:  # fmt: skip
    bound(db, role, agency)
    actor = db.read_now(people.load_actor, "telegram", "501")
    assert (actor.may_see(1), actor.may_see(2)) == (sees_own, sees_other)
    assert (actor.may_act_for(1), actor.may_act_for(2)) == (acts_own, acts_other)
    assert (actor.is_staff, actor.bound, actor.roles) == (staff, True, {role})


def test_nobody_may_nothing(db: Database) -> None:
    bound(db)
    for channel, sender in (("telegram", "999"), ("zalo", "501"), ("telegram", "-100")):
        actor = db.read_now(people.load_actor, channel, sender)
        assert actor == Actor(None, "")
        assert not any((actor.bound, actor.is_staff, actor.may_see(1), actor.may_act_for(1)))


def test_each_member_of_staff_is_told_once(db: Database) -> None:
    bound(db, Role.STAFF, None)
    bound(db, Role.ADMIN, None)
    bound(db, Role.STAFF, None, MINH)
    assert len(db.read_now(people.staff_subscriptions)) == 2


# -- chats that close and move --------------------------------------------------------------------


def test_a_closed_chat_opens_when_somebody_writes(db: Database) -> None:
    found = bound(db)
    assert on_contact(db, people.close_contact, "blocked", NOW)
    assert not on_contact(db, people.close_contact, "blocked", NOW)

    def wait(session: Session) -> None:
        put_text(session, NoticeKind.ALERT, "k", "x", NOW, subscription_id=found.subscription.id)
        notice = session.exec(select(Notice)).one()
        notice.next_at = NOW + DAY
        session.add(notice)

    db.write_now(wait)
    on_contact(db, people.reopen, NOW + timedelta(minutes=5))
    assert contact(db).closed_at is None
    (notice,) = rows(db, Notice)
    assert notice.next_at == NOW + timedelta(minutes=5)


def test_a_group_moves(db: Database) -> None:
    bound(db, chat=GROUP)
    on_contact(db, people.move_contact, "-100200", NOW, chat=GROUP)
    (kept,) = rows(db, Contact)
    assert kept.address == "-100200"


def test_a_group_moves_to_a_chat_already_known(db: Database) -> None:
    found = bound(db, chat=GROUP)
    new = Chat("telegram", "-100200", "group", "501")
    db.write_now(people.ensure_contact, new, NOW)
    on_contact(db, people.move_contact, "-100200", NOW, chat=GROUP)
    on_contact(db, people.move_contact, "-100200", NOW, chat=new)
    assert contact(db, GROUP).closed_at == NOW
    assert contact(db, new).closed_at is None
    moved = db.read_now(lambda s: s.get_one(Subscription, found.subscription.id))
    assert moved.contact_id == contact(db, new).id


# -- erasing --------------------------------------------------------------------------------------


def _traces(db: Database, folder: Path) -> dict[str, list[str]]:
    """Where names and addresses still stand, table by table (the certificate of erasure)."""
    words = ("Vũ Thị Lan", "501", "tin riêng")
    found: dict[str, list[str]] = {}
    for table in (Person, Contact, Inbound, Question, AuditEvent, Request, Subscription):
        for row in rows(db, table):
            text = {k: v for k, v in row.model_dump().items() if isinstance(v, str)}
            hits = [key for key, value in text.items() if any(word in value for word in words)]
            if hits:
                found.setdefault(table.__tablename__, []).extend(hits)
    assert folder.exists()
    return found


def test_erasing_leaves_no_name_and_no_address(db: Database, tmp_path: Path) -> None:
    bound(db)

    def history(session: Session) -> None:
        mine = people.find_contact(session, "telegram", "501")
        assert mine is not None
        people.record(session, NOW, "duty.done", "127", mine.person_id, LAN.name)
        people.ask_admission(session, mine, 2, Role.OFFICER, LAN.name, NOW)
        session.add(Question(contact_id=mine.id or 0, sender="501", kind="which", expires_at=NOW))
        inbound.store(session, "telegram", [("u1", '{"text": "tin riêng"}')], NOW)
        row = session.exec(select(Inbound)).one()
        row.sender, row.state = "501", InboundState.HANDLED
        session.add(row)

    db.write_now(history)
    assert _traces(db, tmp_path)
    done = on_contact(db, erasing.erase, NOW)
    assert done.rows == {
        "admission": 1, "auditevent": 1, "contact": 1, "inbound": 1, "person": 1, "question": 1,
        "subscription": 1,
    }  # fmt: skip

    def answer(session: Session) -> None:
        put_text(session, NoticeKind.ANSWER, "bye", "x", NOW, contact_id=contact(db).id)

    db.write_now(answer)
    assert db.write_now(erasing.finish_erasing, NOW) == 0, "the last answer needs the address"
    assert contact(db).closed_at is None
    db.write_now(
        lambda s: s.execute(Notice.__table__.update().values(state=NoticeState.SENT))  # type: ignore[attr-defined]
    )
    assert db.write_now(erasing.finish_erasing, NOW) == 1
    assert _traces(db, tmp_path) == {}
    events = [each.what for each in rows(db, AuditEvent)]
    assert "duty.done" in events, "what was done stays, without a name"
    assert "person.erased" in events
    assert not db.read_now(people.load_actor, "telegram", "501").bound


def test_an_answer_that_never_leaves_does_not_keep_the_address(db: Database) -> None:
    bound(db)
    on_contact(db, erasing.erase, NOW)
    db.write_now(
        lambda s: put_text(s, NoticeKind.ANSWER, "bye", "x", NOW, contact_id=contact(db).id)
    )
    assert db.write_now(erasing.finish_erasing, NOW + erasing.ERASE_WAITS) == 1


def test_erasing_one_leaves_the_others(db: Database) -> None:
    bound(db)
    bound(db, chat=MINH)
    on_contact(db, erasing.erase, NOW)
    db.write_now(erasing.finish_erasing, NOW)
    other = db.read_now(people.load_actor, "telegram", "502")
    assert (other.name, other.bound) == (MINH.name, True)


def test_a_group_is_erased_as_well(db: Database) -> None:
    bound(db, chat=GROUP)
    on_contact(db, erasing.erase, NOW, chat=GROUP)
    db.write_now(erasing.finish_erasing, NOW)
    (kept,) = rows(db, Contact)
    assert (kept.address, kept.title) == (f"erased-{kept.id}", "")
    live = db.read_now(
        lambda s: s.exec(select(Subscription).where(col(Subscription.ended_at).is_(None))).all()
    )
    assert list(live) == []


def test_after_erasing_one_may_come_back_as_somebody_new(db: Database) -> None:
    bound(db)
    on_contact(db, erasing.erase, NOW)
    db.write_now(erasing.finish_erasing, NOW)
    assert bound(db).fresh
    names = sorted(person.name for person in rows(db, Person))
    assert names == ["(đã xóa)", LAN.name]


# -- asking to be let in --------------------------------------------------------------------------


def test_the_same_wish_is_kept_once(db: Database) -> None:
    def ask(session: Session, agency: int) -> tuple[int | None, bool]:
        mine = people.ensure_contact(session, LAN, NOW)
        request, new = people.ask_admission(session, mine, agency, Role.FOCAL, LAN.name, NOW)
        return request.id, new

    first = db.write_now(ask, 1)
    assert first[1]
    assert db.write_now(ask, 1) == (first[0], False)
    assert db.write_now(ask, 2)[1]
    assert len(rows(db, Agency)) == 2


def test_where_somebody_is_still_reached_is_known_by_the_messengers_name(db: Database) -> None:
    bound(db)
    closed = contact(db)
    assert db.read_now(links.lost, closed) == Lost("Telegram", ("Sở 1",), ())

    def more(session: Session) -> None:
        for rank, (channel, over) in enumerate(
            [("zalo-2", None), ("zalo", None), ("console", NOW)], start=1
        ):
            session.add(
                Contact(
                    person_id=closed.person_id, channel=channel, address=f"z{rank}", rank=rank,
                    closed_at=over, created_at=NOW,
                )
            )  # fmt: skip

    db.write_now(more)
    assert db.read_now(links.lost, closed) == Lost("Telegram", ("Sở 1",), ("Zalo",))
