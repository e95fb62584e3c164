"""Subscribed calendars over HTTP, and /lich, which gives them out."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from sqlmodel import Session, select

from bot.channels.http import HttpClient
from bot.settings import Web
from bot.web.feeds import same
from bot.web.server import WebServer
from registry import calendar_feeds
from registry.tables import Agency, CalendarFeed, Person, Subscription
from registry.types import Role
from tests.bot.web.conftest import HOME, NOW, Running
from tests.world import Office, office, on_console

WEB = Web(mode="on", port=0, public_url=HOME)


def made(web: Running, **owner: int) -> str:
    return web.app.db.write_now(calendar_feeds.make, NOW, **owner)


def people(session: Session) -> dict[str, int]:
    """Two agencies, the focal point of one, a member of staff, and somebody bound to nothing."""
    rows: dict[str, Any] = {
        "health": Agency(name="Sở Y tế", key="so y te", created_at=NOW),
        "trade": Agency(name="Sở Công Thương", key="so cong thuong", created_at=NOW),
        "lan": Person(name="Lan", created_at=NOW),
        "thao": Person(name="Thảo", created_at=NOW),
        "cu": Person(name="Cũ", created_at=NOW),
    }
    session.add_all(rows.values())
    session.flush()
    ids = {name: row.id or 0 for name, row in rows.items()}
    for key, person, agency, role in (
        ("a", "lan", ids["health"], Role.FOCAL), ("b", "thao", None, Role.STAFF),
    ):  # fmt: skip
        session.add(
            Subscription(key=key, person_id=ids[person], agency_id=agency, role=role, since=NOW)
        )
    return ids


def title(body: bytes) -> str:
    return str(Calendar.from_ical(body)["x-wr-calname"])


async def test_a_feed_is_read_by_its_token_alone(web: Running) -> None:
    ids = web.app.db.write_now(people)
    for owner, name in (
        ({"agency_id": ids["trade"]}, "Đôn Đốc – Sở Công Thương"),
        ({"person_id": ids["lan"]}, "Đôn Đốc – Sở Y tế"),
        ({"person_id": ids["thao"]}, "Đôn Đốc – mọi cơ quan"),
    ):
        answer = await web.get(f"/ical/{made(web, **owner)}.ics")
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        assert answer.headers["cache-control"] == "private, no-cache"
        assert title(answer.body) == name


async def test_what_has_not_changed_is_not_sent_again(web: Running) -> None:
    ids = web.app.db.write_now(people)
    path = f"/ical/{made(web, agency_id=ids['health'])}.ics"
    etag = (await web.get(path)).headers["etag"]
    again = await web.get(path, If_None_Match=f'W/"x", W/{etag}')
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == etag

    def rename(session: Session) -> None:
        agency = session.get_one(Agency, ids["health"])
        agency.name = "Sở Y tế và Dân số"
        session.add(agency)

    web.app.db.write_now(rename)
    changed = await web.get(path, If_None_Match=etag)
    assert changed.status == 200
    assert changed.headers["etag"] != etag


@pytest.mark.parametrize(
    ("asked", "is_same"),
    [('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ("", False), ('"b"', False)],
)
def test_tags_are_compared_weakly(asked: str, is_same: bool) -> None:
    assert same(asked, '"a"') is is_same


@pytest.mark.parametrize("name", ["x.ics", "", "A" * 32, "A" * 32 + ".ics", "A" * 500 + ".ics",
                                  "%00.ics", "..%2f.ics"])  # fmt: skip
async def test_a_wrong_token_says_so(web: Running, name: str) -> None:
    answer = await web.get(f"/ical/{name}")
    assert answer.status == 404
    assert len(answer.body.decode().splitlines()) == 1


async def test_a_feed_ends_with_its_person_or_by_hand(web: Running) -> None:
    db = web.app.db
    ids = db.write_now(people)
    path = f"/ical/{made(web, person_id=ids['lan'])}.ics"
    assert (await web.get(path)).status == 200

    def leave(session: Session) -> None:
        row = session.exec(select(Subscription).where(Subscription.person_id == ids["lan"])).one()
        row.ended_at = NOW
        session.add(row)

    db.write_now(leave)
    assert (await web.get(path)).status == 404, "bound to nothing"
    assert (await web.get(f"/ical/{made(web, person_id=ids['cu'])}.ics")).status == 404
    path = f"/ical/{made(web, person_id=ids['thao'])}.ics"
    assert db.write_now(calendar_feeds.revoke, NOW, person_id=ids["thao"]) == 1
    assert (await web.get(path)).status == 404
    path = f"/ical/{made(web, person_id=ids['thao'])}.ics"

    def erased(session: Session) -> None:
        person = session.get_one(Person, ids["thao"])
        person.erased_at = NOW
        session.add(person)

    db.write_now(erased)
    assert (await web.get(path)).status == 404


async def test_only_hashes_are_kept_and_only_so_many(web: Running) -> None:
    db = web.app.db
    ids = db.write_now(people)
    tokens = [made(web, agency_id=ids["health"]) for _ in range(calendar_feeds.MOST_LIVE + 2)]
    assert len(set(tokens)) == len(tokens)
    assert all(len(token) == 32 for token in tokens)
    kept = db.read_now(lambda session: [r.token_hash for r in session.exec(select(CalendarFeed))])
    assert not set(kept) & set(tokens)
    living = [db.read_now(calendar_feeds.find, token) is not None for token in tokens]
    assert living == [False, False, *[True] * calendar_feeds.MOST_LIVE]
    with pytest.raises(ValueError, match="person's or an agency's"):
        db.write_now(calendar_feeds.make, NOW)


# -- /lich ----------------------------------------------------------------------------------------


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Office]:
    begin = datetime(2026, 9, 8, 2, tzinfo=UTC)
    async with on_console() as made, office(tmp_path, [made], begin, web=WEB) as stage:
        for who, role, agency in (("lan", "focal", "Sở Y tế"), ("thao", "staff", "")):
            made.person(who, who)
            await stage.bind(who, role, agency)
        yield stage


def alive(stage: Office, url: str) -> bool:
    """Whether the address a person was given opens a calendar."""
    token = url.rpartition("/")[2].removesuffix(".ics")
    return stage.app.db.read_now(calendar_feeds.find, token) is not None


def link_in(texts: list[str]) -> str:
    found = re.search(rf"{re.escape(HOME)}/ical/[\w-]{{32}}\.ics", "\n".join(texts))
    assert found, texts
    return found[0]


async def test_lich_gives_a_link_that_works_and_takes_it_back(stage: Office) -> None:
    for words in ("/lich", "lịch", "Lịch của tôi"):
        url = link_in(await stage.say("lan", words))
        assert alive(stage, url)
    [answer] = await stage.say("lan", "lịch tắt")
    assert "thu hồi 3 đường dẫn" in answer
    assert not alive(stage, url)
    [answer] = await stage.say("lan", "/lich tắt")
    assert "không có đường dẫn" in answer


async def test_staff_hand_on_an_agencys_link(stage: Office) -> None:
    answer = await stage.say("thao", "/lich Sở Y tế")
    url = link_in(answer)
    assert "Sở Y tế" in answer[0]
    assert alive(stage, url)
    assert "Chưa xác định được" in (await stage.say("thao", "/lich Sở Không Có"))[0]
    assert "thu hồi 1 " in (await stage.say("thao", "/lich tắt Sở Y tế"))[0]
    assert not alive(stage, url)


async def test_others_name_no_agency(stage: Office) -> None:
    [answer] = await stage.say("lan", "/lich Sở Công Thương")
    assert "/lich tắt" in answer
    assert HOME not in answer
    assert "người khác" in (await stage.say("lan", "/lich"))[0]


async def test_the_link_over_http_shows_the_agencys_duties(stage: Office) -> None:
    url = link_in(await stage.say("lan", "/lich"))
    server = WebServer(stage.app.site())
    running = asyncio.create_task(server.run())
    try:
        async with HttpClient() as http:
            path = url.removeprefix(HOME)
            answer = await http.request("GET", f"http://127.0.0.1:{server.port}{path}")
    finally:
        running.cancel()
        await asyncio.wait([running])
    events = Calendar.from_ical(answer.body).walk("VEVENT")
    assert events
    assert all("Sở Y tế" in event["description"] for event in events)
    days = [event.decoded("dtstart") for event in events]
    assert days == sorted(days)
    assert max(days) - min(days) <= timedelta(days=600)


@pytest.mark.parametrize(
    "web", [Web(), Web(mode="on"), Web(mode="on", public_url="http://dondoc.example")]
)
async def test_without_a_public_address_lich_says_what_is_missing(web: Web, tmp_path: Path) -> None:
    begin = datetime(2026, 9, 8, 2, tzinfo=UTC)
    async with on_console() as made, office(tmp_path, [made], begin, web=web) as stage:
        for who, role, agency in (("lan", "focal", "Sở Y tế"), ("thao", "staff", "")):
            made.person(who, who)
            await stage.bind(who, role, agency)
        assert "cơ quan thường trực" in (await stage.say("lan", "/lich"))[0]
        [answer] = await stage.say("thao", "lịch")
        assert "public_url" in answer
        assert "dondoc calendar" in answer
