"""Files in conversations: they go out with their words on every messenger, once, and come in."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from registry import files
from registry.clock import LOCAL
from registry.notices import put_text
from registry.tables import StoredFile
from registry.types import NoticeKind, NoticeState
from tests.world import MESSENGERS, Office, TelegramMessenger, office

BEGIN = datetime(2026, 9, 3, 9, tzinfo=LOCAL)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONG = "\n".join(f"{number}. Báo cáo kết quả chuyển đổi số" for number in range(1, 60))


@pytest.fixture
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Office]:
    async with MESSENGERS[request.param]() as made, office(tmp_path, [made], BEGIN) as opened:
        made.person("lan", "Trần Thị Lan")
        await opened.bind("lan", "staff")
        yield opened


everywhere = pytest.mark.parametrize("stage", sorted(MESSENGERS), indirect=True)


def keep(stage: Office, name: str = "Bản soát.xlsx", media_type: str = XLSX) -> StoredFile:
    folder = stage.app.tools.settings.files_dir
    return stage.app.db.write_now(files.keep, folder, name, b"PK data", media_type, stage.clock())


async def tell(stage: Office, text: str, file: StoredFile, key: str = "thử") -> list[str]:
    """Say something with a file; what came."""
    before = len(stage.messenger.heard("lan"))
    now = stage.clock()
    stage.app.db.write_now(
        put_text, NoticeKind.ANSWER, key, text, now, contact_id=1, file_id=file.id
    )
    await stage.settle()
    return stage.messenger.heard("lan")[before:]


@everywhere
async def test_a_short_word_and_its_file_are_one_message(stage: Office) -> None:
    told = await tell(stage, "Bản soát <b>21/KH</b>", keep(stage))
    assert len(told) == 1
    assert told[0].startswith("Bản soát 21/KH")
    assert stage.messenger.files("lan") == [("Bản soát.xlsx", b"PK data")]


@pytest.mark.parametrize("stage", ["console", "telegram", "zalo"], indirect=True)
async def test_a_picture_is_shown_or_linked(stage: Office) -> None:
    await tell(stage, "Biểu đồ", keep(stage, "Biểu đồ.png", "image/png"))
    (shown,) = stage.messenger.files("lan")
    assert shown[1] == b"PK data"


@everywhere
async def test_long_words_go_first_and_the_file_behind_them(stage: Office) -> None:
    told = await tell(stage, LONG, keep(stage))
    assert "1. Báo cáo" in told[0]
    assert stage.messenger.files("lan") == [("Bản soát.xlsx", b"PK data")]
    if stage.messenger.name != "console":
        assert told[-1].startswith("Tệp kèm theo: Bản soát.xlsx")
    assert "\n".join(told).count("59. Báo cáo") == 1


@everywhere
async def test_a_file_no_longer_kept_is_said_to_be_gone(stage: Office) -> None:
    file = keep(stage)
    files.path_of(stage.app.tools.settings.files_dir, file).unlink()
    (told,) = await tell(stage, "Bản soát", file)
    assert "không còn được lưu" in told
    file = keep(stage)
    stage.clock.now += timedelta(days=31)
    (told,) = await tell(stage, "Bản soát", file, "lại")
    assert "không còn được lưu" in told


@everywhere
async def test_expired_files_leave_the_disk(stage: Office) -> None:
    folder = stage.app.tools.settings.files_dir
    file = keep(stage)
    await stage.app.plan()
    assert files.read(folder, file) == b"PK data"
    stage.clock.now += timedelta(days=30)
    await stage.app.plan()
    assert not files.path_of(folder, file).exists()


@pytest.mark.parametrize("stage", ["telegram"], indirect=True)
async def test_words_are_not_said_again_where_only_the_file_fails(stage: Office) -> None:
    assert isinstance(stage.messenger, TelegramMessenger)
    stage.messenger.server.fail("html", "sendDocument", times=2)
    told = await tell(stage, LONG, keep(stage))
    while stage.notices(state=NoticeState.QUEUED, kind=NoticeKind.PART):
        stage.clock.now += timedelta(minutes=1)
        await stage.settle()
    assert stage.messenger.files("lan") == [("Bản soát.xlsx", b"PK data")]
    everything = "\n".join([*told, *stage.messenger.heard("lan")[len(told) :]])
    assert everything.count("59. Báo cáo") <= 2
    assert sum("59. Báo cáo" in text for text in stage.messenger.heard("lan")) == 1


@pytest.mark.parametrize("stage", ["zalo"], indirect=True)
async def test_zalo_keeps_documents_to_itself_and_we_say_so(stage: Office) -> None:
    before = len(stage.messenger.heard("lan"))
    await stage.messenger.send_file("lan", "kế hoạch.docx", b"PK")
    await stage.messenger.send_file("lan", "kế hoạch 2.docx", b"PK")
    await stage.settle()
    (told,) = stage.messenger.heard("lan")[before:]
    assert told.startswith("Zalo chưa chuyển được tệp này cho trợ lý. Hãy dán nội dung")
    stage.clock.now += timedelta(minutes=6)
    await stage.messenger.send_file("lan", "kế hoạch.docx", b"PK")
    await stage.settle()
    assert len(stage.messenger.heard("lan")) == before + 2


@pytest.mark.parametrize("stage", ["telegram"], indirect=True)
async def test_stickers_are_answered_once_an_hour(stage: Office) -> None:
    before = len(stage.messenger.heard("lan"))
    for minutes in (0, 30, 29, 2):
        stage.clock.now += timedelta(minutes=minutes)
        await stage.messenger.event("sticker", "lan")
        await stage.settle()
    assert len(stage.messenger.heard("lan")) == before + 2


@everywhere
async def test_words_under_a_file_still_count(stage: Office) -> None:
    """A focal point who photographs the report and writes what it is."""
    stage.messenger.person("hoa", "Lê Thị Hoa")
    await stage.bind("hoa", "focal", "Sở Tài chính")
    number = stage.number("Sở Tài chính", "Báo cáo kết quả")
    await stage.messenger.send_file("hoa", "anh.jpg", b"\xff\xd8", f"xong {number} số 45/BC-SYT")
    await stage.settle()
    assert stage.state(number) == "done"
