"""Files kept for a while, and the links that open them."""

import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from registry import erasing, file_links, files
from registry.database import Database
from registry.file_links import KeyTrouble, Links, link_key, sign, verify
from registry.files import FileGone, clean_name, plain_name
from registry.people import Chat, ensure_contact
from registry.tables import Person, StoredFile
from tests.fakes.databases import fresh

NOW = datetime(2027, 1, 12, 2, tzinfo=UTC)
DAY = timedelta(days=1)
SECRET = b"k" * 32
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = fresh(tmp_path)
    yield database
    database.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


def put(db: Database, folder: Path, name: str = "soát.xlsx", days: int | None = 30) -> StoredFile:
    return db.write_now(files.keep, folder, name, b"data", XLSX, NOW, days=days)


NAMES = [
    ("Báo cáo quý IV.xlsx", "Báo cáo quý IV.xlsx", "Bao-cao-quy-IV.xlsx"),
    ("../../x", "x", "x"),
    ("..\\..\\Đề án.docx", "Đề án.docx", "De-an.docx"),
    ("/etc/passwd", "passwd", "passwd"),
    ("", "tep", "tep"),
    ("...", "tep", "tep"),
    ("a/", "tep", "tep"),
    (".bashrc", "bashrc", "bashrc"),
    ("a\r\nX-Header: b.pdf", "a X-Header b.pdf", "a-X-Header-b.pdf"),
    ("\u202excod.exe", "xcod.exe", "xcod.exe"),
    ("hỏng\ud83d.pdf", "hỏng .pdf", "hong.pdf"),
    ('a\x00b<c>|"?*.txt', "a b c .txt", "a-b-c.txt"),
    ("👍.pdf", "👍.pdf", "tep.pdf"),
]


@pytest.mark.parametrize(("name", "clean", "plain"), NAMES)
def test_a_name_is_only_a_name(name: str, clean: str, plain: str) -> None:
    assert clean_name(name) == clean
    assert plain_name(name) == plain


@given(st.text(st.characters(), max_size=400))
def test_any_name_can_be_shown_and_stored(name: str) -> None:
    clean, plain = clean_name(name), plain_name(name)
    assert 1 <= len(clean) <= files.LONGEST_NAME
    assert clean_name(clean) == clean
    assert not set('/\\\r\n\x00"') & set(clean)
    assert clean not in (".", "..")
    assert 1 <= len(plain) <= 60
    assert plain.isascii()
    clean.encode()


def test_a_long_name_keeps_its_ending() -> None:
    assert clean_name("x" * 300 + ".docx").endswith("x.docx")
    assert plain_name("x" * 300 + ".docx").endswith("x.docx")


def test_what_is_kept_is_found_again(db: Database, folder: Path) -> None:
    row = put(db, folder, "../../soát.xlsx")
    other = put(db, folder)
    assert (row.name, row.size, row.expires_at) == ("soát.xlsx", 4, NOW + 30 * DAY)
    assert files.read(folder, row) == b"data"
    assert row.path != other.path
    assert "soát" not in row.path
    path = files.path_of(folder, row)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert db.read_now(files.find, row.id or 0, NOW) is not None
    assert db.read_now(files.find, row.id or 0, NOW + 30 * DAY) is None
    assert db.read_now(files.find, 999, NOW) is None


def test_bytes_that_went_or_changed_are_not_handed_out(db: Database, folder: Path) -> None:
    row = put(db, folder)
    files.path_of(folder, row).write_bytes(b"else")
    with pytest.raises(FileGone):
        files.read(folder, row)
    files.path_of(folder, row).unlink()
    with pytest.raises(FileGone):
        files.read(folder, row)
    row.path = "../dondoc.db"
    with pytest.raises(FileGone):
        files.path_of(folder, row)


def on_disk(folder: Path) -> int:
    return len(list(folder.glob("*/*")))


def test_what_expired_is_forgotten_and_the_rest_stays(db: Database, folder: Path) -> None:
    put(db, folder, days=1)
    kept = put(db, folder, days=None)
    assert db.write_now(files.forget_expired, folder, NOW) == 0
    assert db.write_now(files.forget_expired, folder, NOW + DAY) == 1
    assert on_disk(folder) == 1
    assert files.read(folder, kept) == b"data"


def test_orphans_are_swept_after_a_day(db: Database, folder: Path) -> None:
    """What a transaction kept that never came to be; strange files are nobody's to remove."""

    def broken(session: Session) -> None:
        files.keep(session, folder, "x", b"1", "text/plain", NOW)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        db.write_now(broken)
    put(db, folder)
    (folder / "zz").mkdir()
    (folder / "zz" / "của ai.txt").write_text("?")
    assert on_disk(folder) == 3
    assert db.write_now(files.forget_old, folder, NOW + DAY) == 0
    assert db.write_now(files.forget_old, folder, NOW + DAY + timedelta(seconds=5)) == 1
    assert on_disk(folder) == 2
    assert db.write_now(files.forget_old, folder, NOW + 31 * DAY) == 1
    assert db.write_now(files.forget_old, folder / "none", NOW) == 0


def test_files_go_with_their_person(db: Database, folder: Path) -> None:
    def person(session: Session) -> int:
        row = Person(name="Lê Thị Hoa", created_at=NOW)
        session.add(row)
        session.flush()
        chat = Chat("fake", "hoa", "private", "hoa")
        contact = ensure_contact(session, chat, NOW)
        contact.person_id = row.id
        files.keep(session, folder, "Lê Thị Hoa.pdf", b"1", "x", NOW, days=None, person_id=row.id)
        erasing.erase(session, contact, NOW)
        return row.id or 0

    db.write_now(person)
    found = db.read_now(lambda s: s.get_one(StoredFile, 1))
    assert (found.name, found.person_id) == ("tep", None)
    assert db.write_now(files.forget_expired, folder, NOW) == 1
    assert on_disk(folder) == 0


# -- links ----------------------------------------------------------------------------------------


def test_a_link_opens_its_file_until_it_ends() -> None:
    token = sign(SECRET, 127, NOW + DAY)
    assert verify(SECRET, token, NOW) == 127
    assert verify(SECRET, token, NOW + DAY) is None
    assert verify(b"other" * 8, token, NOW) is None
    assert token.replace("-", "").replace("_", "").isalnum()


@given(st.integers(0, 63), st.characters())
def test_a_changed_link_opens_nothing(place: int, char: str) -> None:
    token = sign(SECRET, 127, NOW + DAY)
    other = token[:place] + char + token[place + 1 :]
    same = char == token[place] or {char, token[place]} in ({"+", "-"}, {"/", "_"})
    assert verify(SECRET, other, NOW) == (127 if same else None)


@given(st.text(max_size=80) | st.text("Aa0-_", min_size=64, max_size=64))
def test_what_is_no_link_opens_nothing(token: str) -> None:
    assert verify(SECRET, token, NOW) is None


def test_the_key_is_made_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: link_key(tmp_path / "data"), range(32)))
    assert len(keys) == 1
    path = tmp_path / "data" / file_links.KEY_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == [file_links.KEY_NAME]
    path.write_bytes(b"short")
    with pytest.raises(KeyTrouble, match="bị hỏng"):
        link_key(tmp_path / "data")


def test_a_link_is_an_address_of_ours(db: Database, folder: Path, tmp_path: Path) -> None:
    row = put(db, folder, "Báo cáo.xlsx", days=1)
    made = Links.at(tmp_path, "https://dondoc.example/ ")
    url = made.url(row, NOW)
    start, token, name = url.rsplit("/", 2)
    assert (start, name) == ("https://dondoc.example/tep", "Bao-cao.xlsx")
    assert db.read_now(made.find, token, NOW) is not None
    assert db.read_now(made.find, token, NOW + DAY) is None
    assert db.read_now(made.find, "x" * 64, NOW) is None
    assert Links.at(tmp_path, "").url(row, NOW) == ""
    lasting = put(db, folder, days=None)
    token = made.url(lasting, NOW).split("/")[-2]
    assert db.read_now(made.find, token, NOW + 6 * DAY) is not None
    assert db.read_now(made.find, token, NOW + 8 * DAY) is None
    assert "k" * 8 not in repr(Links(SECRET))
