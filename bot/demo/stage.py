"""A stage for the demo: the real product on a temporary database, a simulated clock, a terminal."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from bot.app import App
from bot.channels.console import ConsoleChannel, said
from bot.opening import Tools, open_database
from bot.settings import Briefs, Committee, Contacts, Paths, Settings
from intake.importing import ImportOrder, import_agencies, import_tasks
from registry import invites, outbox
from registry.agencies import resolve
from registry.clock import local, local_day, moment_of
from registry.types import Role
from reports.vietnamese import long_day
from scheduler.hours import next_opening

HERE = Path(__file__).resolve().parent
BEGIN = moment_of(date(2026, 7, 1), time(8, 30))
DIRECTIVE = "12/KH-BCĐ"
ISSUED = date(2026, 7, 1)
DAILY = time(0, 5)


@dataclass(frozen=True, slots=True)
class Character:
    """Somebody on the stage."""

    address: str
    name: str
    role: Role
    agency: str
    colour: str

    @property
    def title(self) -> str:
        return f"{self.name} · {self.agency}"


CAST = {
    each.address: each
    for each in (
        Character("thao", "Chị Thảo", Role.STAFF, "cơ quan thường trực", "magenta"),
        Character("lan", "Chị Lan", Role.FOCAL, "Sở Y tế", "cyan"),
        Character("minh", "Anh Minh", Role.OFFICER, "Sở Y tế", "blue"),
        Character("hung", "Anh Hùng", Role.FOCAL, "Sở Nông nghiệp và Môi trường", "green"),
        Character("binh", "Anh Bình", Role.FOCAL, "Sở Tài chính", "yellow"),
    )
}


class Clock:
    """A clock that moves only when it is told to."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now


class Stage:
    """The running product and the people around it."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self.console = console
        self.clock = clock
        self.app: App
        self._day: date | None = None

    # -- showing ----------------------------------------------------------------------------------

    def show(self, address: str, text: str) -> None:
        """Print a message that the product sent, under its simulated date."""
        self._date_line()
        who = CAST.get(address)
        title = f"{local(self.clock()):%H:%M} → {who.title if who else address}"
        body = Text(text)
        self.console.print(
            Panel(body, title=title, title_align="left", border_style=who.colour if who else "")
        )

    def narrate(self, text: str) -> None:
        self._date_line()
        self.console.print(f"[dim]… {text}[/dim]")

    def _date_line(self) -> None:
        today = local_day(self.clock())
        if today != self._day:
            self._day = today
            self.console.rule(f"[bold]{long_day(today)}")

    # -- acting -----------------------------------------------------------------------------------

    async def say(self, address: str, text: str) -> None:
        """Somebody types; the answer follows at once."""
        self._date_line()
        who = CAST.get(address)
        self.console.print(
            f"{local(self.clock()):%H:%M} [bold]{who.title if who else address}[/bold] gõ: ",
            Text(text, style="bold"),
            sep="",
        )
        name = who.name if who else address
        await self.app.dispatcher.store("console", [said(address, text, name)])
        await self.settle()

    async def settle(self) -> None:
        """Let everything happen that can happen at this moment."""
        await self.app.dispatcher.drain()
        await self.app.uploads.drain()
        await self.app.plan()
        await self.app.deliverer.drain()

    async def until(self, day: date, clock: time = time(8, 30)) -> None:
        """Let the time run, and everything in it happen when it is due."""
        target = moment_of(day, clock)
        await self.settle()
        while (moment := await self._next()) <= target:
            self.clock.now = moment
            if local(moment).time() == DAILY:
                await self.app.daily()
            await self.settle()
        self.clock.now = max(target, self.clock.now)
        await self.settle()

    async def _next(self) -> datetime:
        now = self.clock()
        today = local_day(now)
        dawn = moment_of(today, DAILY)
        moments = [dawn if dawn > now else moment_of(today + timedelta(days=1), DAILY)]
        due = await self.app.db.read(outbox.next_due)
        if due is not None:
            tools = self.app.tools
            opening = next_opening(now, tools.settings.policy, tools.calendar)
            moments += [due] if due > now else [opening] if opening > now else []
        return min(moments)

    # -- preparing --------------------------------------------------------------------------------

    async def bind(self, address: str) -> None:
        """Give the character an invite and let them use it."""
        who = CAST[address]
        agency = None
        if who.role != Role.STAFF:
            match = self.app.db.read_now(resolve, who.agency, local_day(self.clock()))
            agency = match.agencies[0].id
        code, _ = self.app.db.write_now(
            invites.new_invite, self.clock(), who.role, agency, valid=timedelta(days=7)
        )
        await self.say(address, f"/start {code}")


@asynccontextmanager
async def stage(console: Console) -> AsyncIterator[Stage]:
    """The product on a temporary folder with the made-up province loaded."""
    clock = Clock(BEGIN)
    play = Stage(console, clock)
    with tempfile.TemporaryDirectory(prefix="dondoc-demo-") as folder:
        settings = Settings(
            committee=Committee(
                name="Ban Chỉ đạo chuyển đổi số tỉnh Hải Lam",
                standing_agency="Sở Khoa học và Công nghệ",
            ),
            paths=Paths(data_dir=Path(folder)),
            # Word that comes by the calendar alone would hide the story that is told.
            briefs=Briefs(members="off", staff="off"),
            contacts=Contacts(heartbeat=False),
        )
        tools = Tools.of(settings, clock())
        db = open_database(settings, clock())
        try:
            import_agencies(db, HERE / "agencies.csv", clock())
            order = ImportOrder(
                DIRECTIVE, ISSUED, calendar=tools.calendar, update_rule=tools.update_rule
            )
            import_tasks(db, HERE / "plan.csv", order, clock())
            channel = ConsoleChannel(play.show)
            async with App(tools, db, {"console": channel}, clock) as play.app:
                yield play
        finally:
            db.close()
