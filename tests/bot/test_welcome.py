"""What `dondoc run` tells whoever started it in a terminal."""

from datetime import datetime
from pathlib import Path

import pytest

from bot.cli.welcome import Standing, lines_of, welcome
from registry.clock import LOCAL, local_day
from registry.people import reachable
from reports.status import status
from scheduler.channel import ChannelInfo
from tests.world import office, on_telegram

BEGIN = datetime(2026, 9, 3, 9, tzinfo=LOCAL)


async def test_who_starts_it_sees_what_is_connected_and_what_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with on_telegram() as made, office(tmp_path, [made], BEGIN) as stage:
        app = stage.app
        made.person("thao", "Đỗ Thị Thảo")
        made.person("lan", "Trần Ngọc Lan")
        app.infos["telegram"] = ChannelInfo(username="dondoc_bot")
        figures = app.db.read_now(status, local_day(BEGIN))
        empty = Standing(figures, app.db.read_now(reachable), None)
        alone = "\n".join(lines_of(app, empty, BEGIN))
        assert "Chưa ai kết nối" in alone
        assert "Tin kế tiếp: chưa có" in alone
        await stage.bind("thao", "staff")
        await stage.bind("lan", "focal", "Sở Y tế")
        await welcome(app)
        said = capsys.readouterr().out
        assert "Telegram – đã kết nối, bot dondoc_bot" in said
        assert f"SQLite, {tmp_path}" in said or "PostgreSQL, " in said
        assert "2 nơi nhận tin" in said
        assert f"{figures.totals.open} đầu việc đang mở" in said
        assert "Ctrl-C" in said
        assert "Chưa ai" not in said
        app.infos.clear()
        app.standing["telegram"] = "không kết nối được"
        assert "⚠ chưa kết nối được: không" in "\n".join(lines_of(app, empty, BEGIN))
