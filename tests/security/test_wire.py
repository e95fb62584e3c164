"""What comes by the web and by file: nested, climbing, pointing inside, bringing entities.

Wrong secrets, wrong paths, bodies too long or slow: tests/bot/web/test_hooks.py and test_server.py.
Signatures of an Official Account: tests/bot/channels/test_zalo_oa_updates.py. Links and calendars:
tests/bot/web. Addresses by their number: tests/bot/channels/test_files.py. Bombs, macros, damage:
tests/intake/test_papers.py and test_sheets.py.
"""

import io
import json
import socket
from pathlib import Path
from typing import Any, Self
from zipfile import ZIP_DEFLATED, ZipFile

import docx
import openpyxl
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict
from yarl import URL

from bot.channels import telegram_updates, zalo_oa_updates, zalo_updates
from bot.channels.http import HttpClient, HttpError
from bot.channels.outside import NotPublicError, PublicResolver, is_public
from bot.channels.telegram_request import PollRequest
from bot.channels.text import DEEPEST, shallow
from bot.web.server import make_app
from intake.docx_files import read_docx
from intake.errors import IntakeError
from intake.sheets import read_grids
from tests.security.scene import Scene

# -- nesting --------------------------------------------------------------------------------------


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + "1" + closing * depth


@pytest.mark.parametrize("depth", [DEEPEST + 1, 400, *range(960, 1010, 3), 5_000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_no_depth_of_nesting_is_an_error(depth: int, opening: str, closing: str) -> None:
    """Also where it is just shallow enough to be read and too deep to be written again."""
    deep = nested(depth, opening, closing)
    telegram = f'{{"update_id":1,"message":{{"message_id":1,"x":{deep}}}}}'.encode()
    zalo = f'{{"event_name":"message.text.received","message":{{"message_id":"1","x":{deep}}}}}'
    account = f'{{"event_name":"user_send_text","timestamp":"1","sender":{{"id":"1"}},"x":{deep}}}'
    assert telegram_updates.pushed(telegram) == []
    assert zalo_updates.pushed(zalo.encode()) == []
    assert zalo_oa_updates.updates_in(account.encode()) == []
    assert zalo_oa_updates.sender_of(account.encode()) in ("", "1")


def test_one_deep_update_does_not_stop_the_others() -> None:
    deep = json.loads(nested(500))
    rows = [{"update_id": 1, "x": deep}, {"update_id": 2, "message": {"text": "xong"}}]
    got = PollRequest.parse_json_payload(json.dumps({"ok": True, "result": rows}).encode())
    assert [row["raw"] for row in got["result"]] == ["", json.dumps(rows[1])]
    assert telegram_updates.understand("", telegram_updates.Identity(1)) is None


def test_real_updates_are_shallow() -> None:
    assert shallow(json.loads(nested(DEEPEST - 1)))
    assert shallow({"a": [{"b": 1}, "x", None]}, 4)
    assert not shallow(json.loads(nested(DEEPEST + 1)))


@pytest.mark.parametrize(
    "body",
    ['{"update_id":' + "9" * 5000 + "}", '{"update_id":1e400}', '{"update_id":NaN}',
     '{"update_id":-1,"message":[]}', '{"update_id":1,"message":{"chat":{"id":1e9}}}',
     '{"update_id":1,"message":{"chat":{"id":' + "9" * 40 + ',"type":"private"},"text":"x"}}',
     '{"update_id":1,"callback_query":{"data":{},"from":[],"message":7}}'],
)  # fmt: skip
def test_odd_numbers_and_shapes_are_no_error(body: str) -> None:
    for update in telegram_updates.pushed(body.encode()):
        telegram_updates.understand(update.raw, telegram_updates.Identity(9))
    event = body.replace("update_id", "timestamp").replace(
        "{", '{"event_name":"user_send_text",', 1
    )
    for update in zalo_oa_updates.updates_in(event.encode()):
        zalo_oa_updates.understand(update.raw, "1", {})
    zalo_oa_updates.stamp_of(event.encode())
    zalo_updates.pushed(event.encode())


# -- paths ----------------------------------------------------------------------------------------


async def answered(app: Any, path: str) -> tuple[int, bytes]:
    """What the web server answers to a path exactly as it stands on the wire."""
    parts: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        parts.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": str(URL(path, encoded=True).path), "raw_path": path.encode(),
        "query_string": b"", "headers": [], "client": ("192.0.2.1", 1), "server": ("x", 80),
        "root_path": "",
    }  # fmt: skip
    await app(scope, receive, send)
    body = b"".join(part.get("body", b"") for part in parts[1:])
    return int(parts[0]["status"]), body


CLIMBING = (
    "/tep/../../config.toml", "/tep/%2e%2e/%2e%2e/config.toml", "/tep/..%2f..%2fdata/dondoc.db",
    "/tep/" + "A" * 64 + "/..%2f..%2fdondoc.db", "/tep/" + "A" * 64 + "/../link.key",
    "/ical/../link.key", "/ical/..%2f..%2fdondoc.db.ics", "/ical/" + "A" * 32 + "%00.ics",
    "/ical/" + "a" * 32 + ".ics/../../x", "//etc/passwd", "/webhook/../tep/x/y", "/%00", "/.env",
    "/tep/\\..\\..\\dondoc.db/x", "/metrics/../config.toml", "/metrics",
)  # fmt: skip


@pytest.mark.parametrize("path", CLIMBING)
async def test_no_path_leads_to_our_files(scene: Scene, path: str) -> None:
    status, body = await answered(make_app(scene.app.site()), path)
    assert status in (400, 404, 405), (status, body[:80])
    assert len(body) < 300
    assert b"SQLite" not in body


# -- packages -------------------------------------------------------------------------------------


def package(content: bytes, changes: dict[str, bytes]) -> bytes:
    """A Word or Excel file with some of its parts put in place of others, or added."""
    made = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as old, ZipFile(made, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, changes.get(name, old.read(name)))
        for name in set(changes) - set(old.namelist()):
            new.writestr(name, changes[name])
    return made.getvalue()


def word() -> bytes:
    made, document = io.BytesIO(), docx.Document()
    document.add_paragraph("Giao Sở Y tế báo cáo kết quả trước ngày 20/12/2026.")
    document.save(made)
    return made.getvalue()


def workbook() -> bytes:
    made, book = io.BytesIO(), openpyxl.Workbook()
    book.active.append(["TT", "Nhiệm vụ", "Thời hạn", "Cơ quan chủ trì"])
    book.active.append(["1", "Báo cáo kết quả", "20/12/2026", "Sở Y tế"])
    book.save(made)
    return made.getvalue()


ENTITY = '<!DOCTYPE x [<!ENTITY e SYSTEM "file://{path}">]>'
LAUGHS = "<!DOCTYPE x [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12)
) + "]>"  # fmt: skip


def with_entity(content: bytes, part: str, head: str, name: str) -> bytes:
    """The part with a document type in front and an entity in its text."""
    text = ZipFile(io.BytesIO(content)).read(part).decode()
    text = text.replace("?>", f"?>{head}", 1) if "?>" in text else head + text
    assert "20/12/2026" in text
    return package(content, {part: text.replace("20/12/2026", f"&{name};", 1).encode()})


def read_all(path: Path) -> str:
    """All that reading a file gives, or the one line of its refusal."""
    try:
        if path.suffix == ".docx":
            return str(read_docx(path.read_bytes()))
        return str(read_grids(path))
    except IntakeError as refusal:
        return str(refusal)


@pytest.mark.parametrize("kind", [".docx", ".xlsx"])
@pytest.mark.parametrize("what", ["file", "laughs"])
def test_entities_are_not_resolved(kind: str, what: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("bí mật của máy này", encoding="utf-8")
    head = ENTITY.format(path=secret) if what == "file" else LAUGHS
    name = "e" if what == "file" else "a11"
    content = word() if kind == ".docx" else workbook()
    part = "word/document.xml" if kind == ".docx" else "xl/worksheets/sheet1.xml"
    path = tmp_path / f"a{kind}"
    path.write_bytes(with_entity(content, part, head, name))
    told = read_all(path)
    assert "bí mật của máy này" not in told
    assert len(told) < 100_000


@pytest.mark.parametrize("kind", [".docx", ".xlsx"])
def test_members_that_climb_are_not_unpacked(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    climbing = {
        "../../climbed.txt": b"x", f"{tmp_path}/climbed-abs.txt": b"x",
        "..\\..\\climbed2.txt": b"x", "word/../../climbed3.xml": b"<x/>",
    }  # fmt: skip
    path = folder / f"a{kind}"
    path.write_bytes(package(word() if kind == ".docx" else workbook(), climbing))
    read_all(path)
    assert sorted(each.name for each in tmp_path.rglob("*") if each.is_file()) == [path.name]


# -- addresses that others name -------------------------------------------------------------------


class Names(AbstractResolver):
    """A name server that says something else each time it is asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in self.answers.pop(0)
        ]

    async def close(self) -> None:
        """Nothing is open."""


def resolving(*answers: list[str]) -> PublicResolver:
    resolver = PublicResolver()
    resolver._inner = Names(*answers)
    return resolver


async def test_a_name_that_changes_its_mind_leads_nowhere_inside() -> None:
    """What was looked up is what is connected to: nothing is looked up again in between."""
    resolver = resolving(["93.184.216.34"], ["127.0.0.1"], ["10.1.2.3", "93.184.216.34"])
    assert [each["host"] for each in await resolver.resolve("a.example")] == ["93.184.216.34"]
    with pytest.raises(NotPublicError):
        await resolver.resolve("a.example")
    assert [each["host"] for each in await resolver.resolve("a.example")] == ["93.184.216.34"]


@pytest.mark.parametrize(
    "inside",
    ["127.0.0.1", "169.254.169.254", "::1", "::ffff:169.254.169.254", "::ffff:7f00:1", "fd00::1",
     "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "0.1.2.3", "::", "fe80::1", "192.0.0.1",
     "198.18.0.1", "2001:db8::1", "::127.0.0.1", "2001:0:7f00:1::1"],
)  # fmt: skip
async def test_a_name_for_an_address_inside_leads_nowhere(inside: str) -> None:
    assert not is_public(inside)
    with pytest.raises(NotPublicError):
        await resolving([inside]).resolve("a.example")


class Answer:
    """One answer of a server somewhere."""

    def __init__(self, url: str, status: int, onward: str = "") -> None:
        self.url, self.status = URL(url), status
        self.headers = CIMultiDict({"Location": onward} if onward else {})
        self.content_length = 2
        self.content = self

    async def iter_chunked(self, _size: int) -> Any:
        yield b"ok"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        """It is over."""


class Elsewhere:
    """The internet: every address answers as it is told, and what was asked is kept."""

    closed = False

    def __init__(self, onward: str) -> None:
        self.onward = onward
        self.asked: list[str] = []

    def get(self, url: str, **_options: object) -> Answer:
        self.asked.append(url)
        first = len(self.asked) == 1
        return Answer(url, 302 if first else 200, self.onward if first else "")

    async def close(self) -> None:
        self.closed = True


PHOTO = "https://photo.example/a.jpg"


@pytest.mark.parametrize(
    "onward",
    ["https://127.0.0.1/", "https://169.254.169.254/latest/meta-data/", "http://photo.example/b",
     "https://[::ffff:127.0.0.1]/", "https://[::1]/", "https://2130706433/", "https://0177.0.0.1/",
     "https://127.1/", "https://0/", "https://photo.example:8443/", "https://a@photo.example/",
     "//127.0.0.1/x", "file:///etc/passwd", "ftp://photo.example/", "gopher://127.0.0.1/"],
)  # fmt: skip
async def test_a_redirect_does_not_lead_inside(onward: str) -> None:
    async with HttpClient() as http:
        there = Elsewhere(onward)
        http._outside = there  # type: ignore[assignment]
        with pytest.raises(HttpError):
            await http.download(PHOTO, 1000, public=True)
        assert there.asked == [PHOTO]


async def test_a_redirect_to_another_public_address_is_followed() -> None:
    async with HttpClient() as http:
        there = Elsewhere("https://store.example/b.jpg")
        http._outside = there  # type: ignore[assignment]
        answer = await http.download(PHOTO, 1000, public=True)
        assert answer.body == b"ok"
        assert there.asked == [PHOTO, "https://store.example/b.jpg"]


@pytest.mark.parametrize("host", ["0x7f000001", "0x7f.1", "localhost", "127.0.0.1.", "①②⑦.0.0.1"])
async def test_odd_spellings_of_this_machine_are_looked_up_and_refused(host: str) -> None:
    """By the machine's own resolver, as a connection would."""
    async with HttpClient(connect_timeout=3, timeout=3) as http:
        with pytest.raises(HttpError):
            await http.download(f"https://{host}/x", 1000, public=True)
