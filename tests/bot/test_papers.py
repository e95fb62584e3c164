"""The report of a period reaches people: as files in a chat, and by itself, once, if wished."""

import io
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from docx import Document

from bot.drafts import LOOK_EVERY
from bot.settings import Web
from registry.clock import LOCAL
from registry.types import NoticeKind
from tests.world import MESSENGERS, Office, office

BEGIN = datetime(2026, 9, 24, 16, tzinfo=LOCAL)
EVENING = datetime(2026, 9, 24, 17, 36, tzinfo=LOCAL)


@pytest.fixture
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Office]:
    name, drafts = request.param
    async with MESSENGERS[name]() as made, office(tmp_path, [made], BEGIN, drafts=drafts) as it:
        made.person("lan", "Trần Thị Lan")
        yield it


@pytest.mark.parametrize("stage", [("console", False), ("telegram", False)], indirect=True)
async def test_both_files_come_and_can_be_opened(stage: Office) -> None:
    await stage.bind("lan", "staff")
    heard = await stage.say("lan", "/baocao quý 3")
    assert "Dự thảo báo cáo quý III năm 2026" in heard[0]
    (docx, first), (xlsx, second) = stage.messenger.files("lan")
    assert docx == "Dự thảo báo cáo quý III năm 2026.docx"
    assert xlsx == "Số liệu báo cáo quý III năm 2026.xlsx"
    assert "Sở Y tế" in "".join(Document(io.BytesIO(first)).element.body.itertext())
    assert openpyxl.load_workbook(io.BytesIO(second)).sheetnames[0] == "Tổng hợp"


async def test_where_files_have_no_way_staff_read_what_to_do(tmp_path: Path) -> None:
    """Zalo carries no documents, and without a public address there are no links."""
    async with MESSENGERS["zalo"]() as made, office(tmp_path, [made], BEGIN, web=Web()) as stage:
        for who, name, role in (("lan", "Trần Thị Lan", "staff"), ("nam", "Trần Nam", "leader")):
            made.person(who, name)
            await stage.bind(who, role, "" if role == "staff" else "Sở Y tế")
        report = "\n".join(await stage.say("lan", "/baocao quý 3"))
        assert "Báo cáo quý III năm 2026" in report
        picture = "\n".join(await stage.say("lan", "/status hình"))
        for said in (report, picture):
            assert "Quản trị cần đặt" in said
            assert "hỏi cơ quan thường trực" not in said
        assert "gõ /status để xem bằng chữ" in "\n".join(await stage.say("nam", "/status hình"))


@pytest.mark.parametrize("stage", [("console", True)], indirect=True)
async def test_the_draft_comes_once_even_to_who_connects_late(stage: Office) -> None:
    await stage.until(EVENING)
    assert stage.notices(kind=NoticeKind.DRAFT) == [], "nobody is there yet"
    await stage.until(EVENING + timedelta(hours=1))
    await stage.bind("lan", "staff")
    await stage.until(EVENING + timedelta(hours=1) + 2 * LOOK_EVERY)
    assert len(stage.messenger.files("lan")) == 2
    assert await stage.app.drafts.look(stage.clock() + 3 * LOOK_EVERY) == 0
    assert len(stage.notices(kind=NoticeKind.DRAFT)) == 2


@pytest.mark.parametrize("stage", [("console", False)], indirect=True)
async def test_switched_off_nothing_comes(stage: Office) -> None:
    await stage.bind("lan", "staff")
    await stage.until(EVENING)
    assert stage.notices(kind=NoticeKind.DRAFT) == []
