"""`dondoc demo`: a quarter in under a minute, or a stage to play on oneself."""

import asyncio
import re
import sys
from datetime import date, time, timedelta

from rich.console import Console
from sqlmodel import Session, col, select

from bot.demo.stage import CAST, Stage, stage
from deadlines.chat import read_day
from registry.clock import local_day
from registry.tables import Agency, Duty, Task
from registry.types import DutyState


def number_of(session: Session, agency: str, words: str) -> int:
    """The number of the agency's first open duty whose task has these words."""
    return (
        session.exec(
            select(Duty.number)
            .join(Agency, col(Agency.id) == col(Duty.agency_id))
            .join(Task, col(Task.id) == col(Duty.task_id))
            .where(
                Agency.name == agency,
                col(Task.title).contains(words),
                Duty.state == DutyState.OPEN,
            )
            .order_by(col(Duty.due_on))
        ).first()
        or 0
    )


async def play() -> None:
    """The whole story, as fast as it can be shown."""
    console = Console(highlight=False)
    console.print(
        "[bold]Đôn Đốc[/bold] – diễn một quý của Ban Chỉ đạo chuyển đổi số tỉnh Hải Lam "
        "(tỉnh không có thật), đồng hồ giả, dữ liệu tạm.\n"
    )
    async with stage(console) as on:
        await _opening(on)
        await _august(on)
        await _september(on)
        await _closing(on)
    console.print("\n[bold]Hết.[/bold] Tự chơi: dondoc demo --interactive")


async def _opening(on: Stage) -> None:
    on.narrate("Kế hoạch 12/KH-BCĐ đã được nhập; cán bộ kết nối bằng mã mời.")
    for address in ("thao", "lan", "minh", "hung", "binh"):
        await on.bind(address)
    await on.say("thao", "/status")
    await on.say("lan", "/viec")


async def _august(on: Stage) -> None:
    on.narrate("Thời gian trôi; tin nhắc đến trước hạn, trong giờ làm việc.")
    map_duty = on.app.db.read_now(number_of, "Sở Nông nghiệp và Môi trường", "bản đồ")
    await on.until(date(2026, 8, 27), time(9, 5))
    await on.say("hung", f"1 {map_duty}")
    await on.until(date(2026, 9, 3), time(9, 10))
    await on.say("hung", f"vướng {map_duty} chưa nhận được số liệu của các xã")
    await on.say("hung", f"giahan {map_duty} 15/9 chờ số liệu của UBND xã An Thạch")
    await on.say("thao", "/duyet")
    await on.say("thao", "duyệt 1")
    await on.until(date(2026, 9, 15), time(9))
    await on.say("hung", f"xong {map_duty} số 112/BC-SNNMT ngày 14/9/2026")


async def _september(on: Stage) -> None:
    report = on.app.db.read_now(number_of, "Sở Y tế", "Báo cáo kết quả")
    await on.until(date(2026, 9, 22), time(9, 20))
    await on.say("minh", f"{report} chưa xong")
    await on.say("minh", f"xong {report} số 45/BC-SYT")
    await on.say("minh", "hoàn tác")
    await on.until(date(2026, 9, 23), time(14))
    await on.say("lan", f"xong {report} số 45/BC-SYT ngày 23/9/2026")
    on.narrate("Sở Tài chính im lặng: nhắc đến ngày cuối, rồi đôn đốc có số lần.")
    await on.until(date(2026, 10, 1), time(9))


async def _closing(on: Stage) -> None:
    await on.say("thao", "/quahan")
    silent = on.app.db.read_now(number_of, "Sở Tài chính", "Báo cáo kết quả")
    await on.say("thao", f"/nhac {silent}")
    await on.say("binh", f"xong {silent} số 88/BC-STC ngày 01/10/2026")
    await on.say("thao", "/status quý 3")
    await on.say("thao", f"/visao {silent}")


HELP = """Anh/chị đóng các vai: {cast}.
  @lan xong 3          nói với vai Lan (các dòng sau không có @ vẫn là Lan)
  +5                   cho đồng hồ chạy 5 ngày
  den 24/9             cho đồng hồ chạy đến 24/9 lúc 08:30
  thoat                kết thúc"""


async def interactive() -> None:
    """The visitor types as any of the roles and moves the clock."""
    console = Console(highlight=False)
    async with stage(console) as on:
        for address in CAST:
            await on.bind(address)
        console.print(HELP.format(cast=", ".join(f"@{each}" for each in CAST)), markup=False)
        speaker = "lan"
        while (line := await asyncio.to_thread(_ask, speaker)) is not None:
            words = line.strip()
            if words in ("thoat", "thoát", "exit", "quit"):
                return
            if words.startswith("@"):
                name, _, words = words[1:].partition(" ")
                if name not in CAST:
                    console.print(f"Không có vai @{name}. Có: {', '.join(CAST)}", markup=False)
                    continue
                speaker, words = name, words.strip()
            if words and not await _moved(on, words):
                await on.say(speaker, words)


def _ask(speaker: str) -> str | None:
    sys.stdout.write(f"@{speaker}> ")
    sys.stdout.flush()
    line = sys.stdin.readline()
    return line or None


async def _moved(on: Stage, words: str) -> bool:
    """Whether the line moved the clock."""
    today = local_day(on.clock())
    if found := re.fullmatch(r"\+\s*(\d{1,3})", words):
        await on.until(today + timedelta(days=int(found[1])))
        return True
    if found := re.fullmatch(r"(?:den|đến)\s+(.+)", words):
        day = read_day(found[1], today, on.app.tools.calendar)
        if not isinstance(day, date) or day <= today:
            on.console.print("Chưa đọc được ngày, hoặc ngày đã qua.")
        else:
            await on.until(day)
        return True
    return False
