"""What `dondoc run` says to whoever started it in a terminal: that all is well, or what is not."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.app import App
from bot.cli.base import out
from registry import outbox, people
from registry.clock import local, local_day
from registry.engines import place_of
from reports.figures import bot_name
from reports.status import Status, status
from reports.vietnamese import long_day, num

# How long a messenger may take before it is said that it has not answered yet.
PATIENCE = 12.0
_LOOK = 0.1


@dataclass(frozen=True, slots=True)
class Standing:
    """What is at work: `people` are those a message can reach, `next_at` when the next leaves."""

    figures: Status
    people: int
    next_at: datetime | None


def at_terminal() -> bool:
    """Whether somebody reads: a service's output goes to the journal, which has its own lines."""
    return sys.stdout.isatty()


async def welcome(app: App) -> None:
    """Say it once every messenger has opened or failed to, or has kept silent for long."""
    for _ in range(int(PATIENCE / _LOOK)):
        if {*app.infos, *app.standing} >= {*app.channels}:
            break
        await asyncio.sleep(_LOOK)
    today = local_day(app.clock())
    standing = Standing(
        await app.db.read(status, today),
        await app.db.read(people.reachable),
        await app.db.read(outbox.next_due),
    )
    for line in lines_of(app, standing, app.clock()):
        out.print(line)


def lines_of(app: App, standing: Standing, now: datetime) -> Iterator[str]:
    """The lines, the messengers first."""
    settings = app.tools.settings
    url = settings.database_url
    yield f"Đôn Đốc đang chạy: {settings.committee.name}"
    for name in app.channels:
        yield f"  Kênh: {_messenger(app, name)}"
    yield f"  Cơ sở dữ liệu: {'SQLite' if app.db.sqlite else 'PostgreSQL'}, {place_of(url)}"
    if settings.web.on:
        public = f", địa chỉ công khai {settings.web.public_url}" if settings.web.public_url else ""
        yield f"  Máy chủ web: {settings.web.host}:{settings.web.port}{public}"
    counts = standing.figures.totals
    yield (
        f"  {num(standing.people)} nơi nhận tin; {num(counts.open)} đầu việc đang mở, "
        f"trong đó {num(counts.overdue)} quá hạn"
    )
    yield f"  Tin kế tiếp: {_when(standing.next_at, now)}"
    if not standing.people:
        yield "  Chưa ai kết nối: gửi cho bot /start kèm mã mời (dondoc invite --role admin)."
    yield "Dừng: Ctrl-C. Kiểm tra cài đặt: dondoc doctor (ở cửa sổ khác)."


def _messenger(app: App, name: str) -> str:
    if name == "console":
        return "cửa sổ này (chưa có token nào); gõ /start MÃ, hoặc /trogiup"
    info = app.infos.get(name)
    if name in app.standing:
        return f"{bot_name(name)} – ⚠ chưa kết nối được: {app.standing[name]}; đang thử lại"
    if info is None:
        return f"{bot_name(name)} – ⚠ chưa trả lời, vẫn đang chờ"
    return f"{bot_name(name)} – đã kết nối, bot {info.username or 'không tên'}"


def _when(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "chưa có"
    if at <= now:
        return "ngay bây giờ"
    return f"{local(at):%H:%M}, {long_day(local_day(at))}"
