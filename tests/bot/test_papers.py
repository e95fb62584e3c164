"""The report of a period reaches people: as files in a chat, and by itself, once, if wished."""

import io
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from docx import Document

from bot.drafts import LOOK_EVERY
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
