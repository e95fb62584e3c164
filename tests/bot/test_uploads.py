"""Files that staff send: fetched, read, opened for review; refused in words; none lost or twice."""

import io
import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
from sqlmodel import Session, select

from bot.channels.console import ConsoleChannel
from bot.reviewing.uploads import MOST_TRIES, Uploads
from registry import files
from registry.clock import LOCAL
from registry.tables import Inbound, Review, StoredFile, Task, Upload
from registry.types import ReviewState, UploadState
from scheduler.channel import SendError
from tests.world import ConsoleMessenger, Office, office

BEGIN = datetime(2026, 9, 3, 9, tzinfo=LOCAL)
PARAGRAPHS = (
    "ỦY BAN NHÂN DÂN TỈNH NAM LĨNH",
    "Số: 88/TB-UBND",
    "Nam Lĩnh, ngày 28 tháng 8 năm 2026",
    "THÔNG BÁO",
    "Kết luận tại cuộc họp về chuyển đổi số",
    "1. Giao Sở Y tế báo cáo kết quả bệnh án điện tử trước ngày 20/10/2026.",
    "2. Giao Sở Xây dựng hoàn thành cơ sở dữ liệu nhà ở trước ngày 30/11/2026.",
)


class Moody(ConsoleChannel):
    """A terminal whose fetches fail as a test says."""

    def __init__(self, show: Callable[[str, str], None]) -> None:
        super().__init__(show)
        self.moods: deque[SendError] = deque()
        self.fetched = 0

    async def fetch(self, ref: str, most: int) -> bytes:
        self.fetched += 1
        if self.moods:
            raise self.moods.popleft()
        return await super().fetch(ref, most)


class Desk:
    """Staff at a terminal."""

    def __init__(self, stage: Office, channel: Moody) -> None:
        self.stage = stage
        self.channel = channel

    async def send(self, path: Path, who: str = "thao", *, settle: bool = True) -> str:
        messenger = self.stage.messenger
        before = len(messenger.heard(who))
        self.channel.line(f"@{messenger.address(who)} x")
        update = self.channel.line(f"/tep {path}")
        assert update is not None
        await self.stage.app.dispatcher.store("console", [update])
        if settle:
            await self.stage.settle()
        return "\n".join(messenger.heard(who)[before:])

    async def say(self, text: str, who: str = "thao") -> str:
        return "\n".join(await self.stage.say(who, text))

    def rows(self, kind: type[Any]) -> list[Any]:
        return self.stage.app.db.read_now(lambda session: list(session.exec(select(kind)).all()))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(tmp_path) as found:
        yield found


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Desk]:
    messenger = ConsoleMessenger()
    channel = Moody(messenger._show)
    messenger.channel = channel
    async with office(folder, [messenger], BEGIN) as stage:
        messenger.person("thao", "Đỗ Thị Thảo")
        messenger.person("yen", "Tạ Hải Yến")
        await stage.bind("thao", "staff")
        await stage.bind("yen", "focal", "Sở Y tế")
        yield Desk(stage, channel)


def paper(folder: Path, *more: str, name: str = "thong bao 88.docx") -> Path:
    document = docx.Document()
    for text in (*PARAGRAPHS, *more):
        document.add_paragraph(text)
    path = folder / name
    document.save(str(path))
    return path


async def test_a_file_becomes_a_review(desk: Desk, tmp_path: Path) -> None:
    said = await desk.send(paper(tmp_path))
    assert "đang đọc" in said
    assert "88/TB-UBND" in said
    assert "2 nhiệm vụ" in said
    assert "Đã lưu" in await desk.say("duyệt hết")
    [review] = desk.rows(Review)
    assert (review.state, review.source) == (ReviewState.STORED, "")
    [upload] = desk.rows(Upload)
    assert (upload.state, upload.name, upload.ref) == (UploadState.READ, "", "")
    assert any("bệnh án" in task.source_text for task in desk.rows(Task))


async def test_a_table_becomes_a_review(desk: Desk, tmp_path: Path) -> None:
    table = tmp_path / "bang.csv"
    table.write_text(
        "TT,Nhiệm vụ,Thời hạn,Cơ quan chủ trì\n1,Báo cáo tiêm chủng,20/10/2026,Sở Y tế\n", "utf-8"
    )
    assert "1 nhiệm vụ" in await desk.send(table)
    assert "Chưa lưu" not in await desk.say("số 99/KH-UBND\nngày ban hành 01/9/2026")
    assert "Đã lưu" in await desk.say("duyệt hết")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("anh.docx", b"khong phai", "không phải tệp Word"),
        ("virus.exe", b"MZ\x90", "Chưa đọc được loại tệp “.exe”; đọc được các loại: .csv, .docx"),
        ("rong.txt", b"", "không có dữ liệu"),
        ("TUYỆT MẬT.txt", "Giao Sở Y tế báo cáo".encode(), "không được đưa vào hệ thống"),
        ("mat.txt", "TỐI MẬT\nBáo cáo chuyện lạ".encode(), "không được đưa vào hệ thống"),
    ],
)  # fmt: skip
async def test_what_cannot_be_taken_in_is_refused_in_words(
    desk: Desk, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    said = await desk.send(path)
    assert re.search(words, said), said
    assert "Chưa lưu gì" in said
    assert desk.rows(Review) == []
    assert "chuyện lạ" not in desk.stage.dump()
    assert name not in desk.stage.dump()


async def test_the_messenger_fails_for_a_while(desk: Desk, tmp_path: Path) -> None:
    desk.channel.moods.extend([SendError("mạng lỗi"), SendError("mạng lỗi")])
    said = await desk.send(paper(tmp_path))
    assert "Bản soát" not in said
    for seconds in (10, 60):
        await desk.stage.until(BEGIN + timedelta(seconds=seconds))
    assert desk.channel.fetched == 3
    assert len(desk.rows(Review)) == 1


async def test_a_file_that_is_gone_is_told(desk: Desk, tmp_path: Path) -> None:
    path = paper(tmp_path)
    desk.channel.moods.append(SendError("Tệp không còn trên Zalo; hãy gửi lại.", permanent=True))
    said = await desk.send(path)
    assert "(Tệp không còn trên Zalo; hãy gửi lại). Chưa lưu gì" in said
    assert desk.rows(Upload)[0].state == UploadState.REFUSED


async def test_a_file_that_kills_the_process_is_given_up(desk: Desk, tmp_path: Path) -> None:
    """Each try is counted before it is made, so that a death within it counts too."""
    await desk.send(paper(tmp_path), settle=False)
    await desk.stage.app.dispatcher.drain()

    def die(session: Session) -> None:
        session.exec(select(Upload)).one().tries = MOST_TRIES

    desk.stage.app.db.write_now(die)
    before = len(desk.stage.messenger.heard("thao"))
    await desk.stage.settle()
    assert "Không đọc được tệp này" in "".join(desk.stage.messenger.heard("thao")[before:])


async def test_an_upload_survives_the_process(tmp_path: Path) -> None:
    path = paper(tmp_path)
    async with opened(tmp_path) as desk:
        await desk.send(path, settle=False)
        await desk.stage.app.dispatcher.drain()
        app = desk.stage.app
        again = Uploads(app.db, app.channels, app.dispatcher._desk, app.clock, app.deliverer.wake)
        assert await again.drain() == 1
        assert await app.uploads.drain() == 0
        assert len(desk.rows(Review)) == 1


async def test_the_same_file_twice_is_one_review(desk: Desk, tmp_path: Path) -> None:
    path = paper(tmp_path)
    await desk.send(path)
    assert "đang được soát rồi" in await desk.send(path)
    assert len(desk.rows(Review)) == 1


async def test_the_table_goes_out_and_comes_back_edited(desk: Desk, tmp_path: Path) -> None:
    await desk.send(paper(tmp_path))
    assert "Sửa trong Excel" in await desk.say("bảng")
    [kept] = desk.rows(StoredFile)
    book = openpyxl.load_workbook(
        io.BytesIO(files.read(desk.stage.app.tools.settings.files_dir, kept))
    )
    sheet = book.worksheets[0]
    [head] = [cell for row in sheet.iter_rows() for cell in row if cell.value == "Thời hạn"]
    cell = sheet.cell(head.row + 2, head.column)
    assert "30/11/2026" in cell.value
    cell.value = "trước ngày 15/12/2026"
    edited = tmp_path / kept.name
    book.save(edited)
    assert "2 nhiệm vụ" in await desk.send(edited)
    assert "14/12/2026" in await desk.say("xem 2")
    assert "Đã hoàn tác" in await desk.say("hoàn tác")
    assert "29/11/2026" in await desk.say("xem 2")


async def test_a_file_from_somebody_else_is_not_opened(desk: Desk, tmp_path: Path) -> None:
    said = await desk.send(paper(tmp_path), "yen")
    assert "cho đầu việc nào" in said
    assert desk.rows(Upload) == []


async def test_what_was_pasted_is_kept_in_one_place_only(desk: Desk) -> None:
    await desk.say("/nhap\nTHÔNG BÁO\n1. Giao Sở Y tế báo cáo điều riêng trước ngày 20/10/2026.")
    assert all("điều riêng" not in row.raw for row in desk.rows(Inbound))
    await desk.say("thôi")
    assert "điều riêng" not in desk.stage.dump()
