"""`dondoc doctor`: what a careful administrator would look at, looked at."""

import asyncio
import contextlib
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.backups import FAILED_MARK, newest
from bot.channels import makers
from bot.channels.http import HttpClient
from bot.oa_contacts import silent
from bot.opening import Tools
from bot.settings import Settings
from bot.tokens import odd_tokens
from bot.web.check import check
from registry import inbound, marks, tally
from registry.audit import first_event
from registry.budget import usages
from registry.clock import local, local_day
from registry.database import Database, DatabaseDamaged
from registry.people import staff_subscriptions
from reports.figures import bot_name, usage_words
from reports.samples import check_templates
from reports.status import unreachable
from scheduler.channel import ChannelInfo, SendError
from scheduler.thrift import Level, crowded, level_of

SILENT = timedelta(minutes=10)
# A night may be missed, two may not.
BACKUP_OLD = timedelta(hours=50)
NETWORK_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: fine or not, and what to do. `warn`: nothing is wrong yet, but it is no
    cause for ease either."""

    ok: bool
    what: str
    advice: str = ""
    warn: bool = False

    @property
    def line(self) -> str:
        """For people: a mark, what was found, what to do."""
        mark = "✘" if not self.ok else "⚠" if self.warn else "✔"
        return f"{mark} {self.what}" + (f" – {self.advice}" if self.advice else "")


async def examine(settings: Settings, tools: Tools, db: Database, now: datetime) -> list[Finding]:
    """Everything, in an order that tells the story; network last. Of a damaged database nothing
    else is asked."""
    sound = soundness(db)
    if not sound.ok:
        return [sound]
    return [
        sound,
        *kept_findings(settings, db, now),
        _tally(db),
        *_calendar(tools, now),
        *_templates(tools),
        *_desk(db, now),
        *_bots(settings, db, now),
        *_tokens(settings),
        *_silent_on_oa(settings, db, now),
        *await _web(settings),
        *await _channels(settings, now),
    ]


def soundness(db: Database) -> Finding:
    """All of it is read: a page that nobody asks for may be broken for months."""
    try:
        db.check()
    except DatabaseDamaged as damage:
        return Finding(ok=False, what=str(damage))
    whole = "nguyên vẹn, " if db.sqlite else ""
    return Finding(ok=True, what=f"Cơ sở dữ liệu mở được, {whole}lược đồ {db.revision()}")


def kept_findings(settings: Settings, db: Database, now: datetime) -> list[Finding]:
    """How old the newest backup is, and whether the last try came to nothing."""
    if not db.sqlite:
        advice = "đặt lịch pg_dump -Fc; dondoc không tự sao lưu PostgreSQL"
        what = "Cơ sở dữ liệu dùng chung PostgreSQL"
        return [Finding(ok=True, what=what, advice=advice, warn=True)]
    failed = db.read_now(marks.get, FAILED_MARK)
    if failed is not None:
        words = f"Sao lưu không được từ {local(failed.at):%H:%M ngày %d/%m/%Y}: {failed.value}"
        return [Finding(ok=False, what=words, advice="sửa xong, thử lại: dondoc backup")]
    by_itself = "" if settings.backup.on else "Tự sao lưu đang tắt; "
    advice = "dondoc run có đang chạy?" if settings.backup.on else "đặt lịch dondoc backup"
    last = newest(settings.backup_dir, now)
    if last is None:
        began = db.read_now(first_event)
        fresh = began is None or now - began < BACKUP_OLD
        if fresh and settings.backup.on:
            advice = (
                f"dondoc run tự sao lưu lúc {settings.backup.at:%H:%M}; làm ngay: dondoc backup"
            )
        what = _begin(by_itself + "chưa có bản sao lưu nào")
        return [Finding(fresh, what, advice, warn=True)]
    words = f"bản sao lưu gần nhất: {local(last):%H:%M ngày %d/%m/%Y}, {_age(now - last)} trước"
    fine = now - last < BACKUP_OLD
    by_hand = not settings.backup.on
    return [
        Finding(fine, _begin(by_itself + words), "" if fine and not by_hand else advice, by_hand)
    ]


def _tally(db: Database) -> Finding:
    """What is counted as it happens, beside the rows themselves."""
    found = db.read_now(tally.faults)
    if not found:
        return Finding(ok=True, what="Số đếm khớp với từng đầu việc")
    return Finding(
        ok=False,
        what=f"Số đếm lệch: {found.cells} ô, {found.rows} dòng",
        advice="dondoc run tự đếm lại lúc 00:05",
    )


def _begin(words: str) -> str:
    return words[:1].upper() + words[1:]


def _age(age: timedelta) -> str:
    hours = age // timedelta(hours=1)
    if not hours:
        return "chưa đầy một giờ"
    return f"{age.days} ngày" if age >= timedelta(days=2) else f"{hours} giờ"


async def _web(settings: Settings) -> list[Finding]:
    async with HttpClient() as http:
        return [Finding(ok, what, advice) for ok, what, advice in await check(settings, http)]


def _calendar(tools: Tools, now: datetime) -> list[Finding]:
    today = local_day(now)
    years = [today.year] + ([today.year + 1] if today.month >= 10 else [])
    return [
        Finding(ok=True, what=f"Lịch nghỉ năm {year} theo thông báo chính thức")
        if tools.calendar.is_confirmed(year)
        # Next year's notice comes late in the year: nothing is wrong yet.
        else Finding(
            ok=year > today.year,
            warn=True,
            what=f"Lịch nghỉ năm {year} mới là ước tính",
            advice="khi có thông báo chính thức, ghi vào bảng [paths] calendar",
        )
        for year in years
    ]


def _templates(tools: Tools) -> list[Finding]:
    folder = tools.settings.paths.templates_dir
    if folder is not None and not folder.is_dir():
        advice = "sửa [paths] templates_dir, hoặc bỏ khóa ấy để dùng mẫu có sẵn"
        return [Finding(ok=False, what=f"Không có thư mục mẫu tin {folder}", advice=advice)]
    problems = check_templates(folder)
    if not problems:
        return [Finding(ok=True, what="Mọi mẫu tin đều dùng được")]
    return [
        Finding(
            ok=False, what=f"Mẫu {each.template}: {each.reason}", advice="sửa trong templates_dir"
        )
        for each in problems
    ]


def _desk(db: Database, now: datetime) -> list[Finding]:
    found = []
    if not db.read_now(staff_subscriptions):
        found.append(
            Finding(
                ok=False,
                what="Chưa có cán bộ thường trực nào kết nối",
                advice="cấp mã: dondoc invite --role staff",
            )
        )
    lost = db.read_now(unreachable, local_day(now))
    if lost:
        names = "; ".join(each.agency for each in lost[:5]) + (" …" if len(lost) > 5 else "")
        found.append(
            Finding(
                ok=False,
                what=f"{len(lost)} cơ quan có việc nhưng không liên lạc được: {names}",
                advice="cấp mã: dondoc invite --agency TÊN --role focal",
            )
        )
    waiting = db.read_now(inbound.waiting)
    if waiting:
        found.append(
            Finding(
                ok=False, what=f"{waiting} tin đến chưa xử lý", advice="dondoc run có đang chạy?"
            )
        )
    tick = db.read_now(marks.get, "tick")
    if tick is not None and now - tick.at > SILENT:
        found.append(
            Finding(
                ok=False,
                what=f"Tiến trình ngừng từ {local(tick.at):%H:%M ngày %d/%m/%Y}",
                advice="khởi động lại: dondoc run",
            )
        )
    return found or [Finding(ok=True, what="Cơ quan nào có việc cũng có nơi nhận tin")]


def _bots(settings: Settings, db: Database, now: datetime) -> list[Finding]:
    """How much of each bot's tariff is used."""
    found = []
    for each in db.read_now(usages, settings.limited, now):
        level = level_of(each.budget)
        fine = level in (Level.PLENTY, Level.WARN) and not crowded(each)
        advice = "thêm bot ở [zalo] more, hoặc mời dùng Telegram (/lienket)"
        found.append(
            Finding(
                fine, f"Bot {bot_name(each.channel)}: {usage_words(each)}", "" if fine else advice
            )
        )
    return found


def _tokens(settings: Settings) -> list[Finding]:
    """Tokens of an odd form. No fault by itself: only their messenger knows."""
    return [
        Finding(ok=True, what=line, advice="chép lại token từ nơi đã cấp", warn=True)
        for line in odd_tokens(settings)
    ]


def _silent_on_oa(settings: Settings, db: Database, now: datetime) -> list[Finding]:
    """Whether the Official Account still reaches its people."""
    count = db.read_now(silent, now) if settings.zalo_oa.on else 0
    if not count:
        return []
    return [
        Finding(
            ok=bool(settings.zalo_oa.reminder_template),
            what=f"Zalo OA: {count} người im lặng quá 7 ngày, chỉ nhận được tin theo mẫu",
            advice="xem từng người: dondoc zalo-oa contacts",
        )
    ]


async def _channels(settings: Settings, now: datetime) -> list[Finding]:
    found: list[Finding] = []
    async with HttpClient() as http:
        for name, make in makers(settings).items():
            channel = make(settings, http, lambda: now)
            if channel is None:
                found.append(Finding(ok=True, what=f"Kênh {name}: không bật"))
                continue
            try:
                info = await _in_time(channel.open())
            except SendError as error:
                found.append(Finding(ok=False, what=f"Kênh {name}: {error.text}",
                                     advice="kiểm tra token và base_url"))  # fmt: skip
                continue
            found.append(Finding(ok=True, what=f"Kênh {name}: kết nối được, bot {info.username}"))
            found += [Finding(ok=False, what=f"Kênh {name}: {note}") for note in info.notes]
    if not (settings.telegram.on or settings.zalo_oa.on or any(_zalo_on(settings))):
        what = "Chưa bật kênh nào: dondoc run chỉ trả lời ở cửa sổ lệnh"
        advice = "đặt token, ví dụ DONDOC_TELEGRAM__TOKEN"
        found.append(Finding(ok=True, what=what, advice=advice, warn=True))
    return found


def _zalo_on(settings: Settings) -> list[bool]:
    return [bot.on for bot in settings.zalo.bots.values()]


async def _in_time(call: Awaitable[ChannelInfo]) -> ChannelInfo:
    try:
        return await asyncio.wait_for(call, NETWORK_SECONDS)
    except TimeoutError:
        raise SendError("không trả lời trong 15 giây") from None


async def open_bots(settings: Settings, now: datetime) -> dict[str, ChannelInfo]:
    """What the messengers that can be reached say of our bots, by channel."""
    found: dict[str, ChannelInfo] = {}
    async with HttpClient() as http:
        for name, make in makers(settings).items():
            channel = make(settings, http, lambda: now)
            if channel is not None:
                with contextlib.suppress(SendError):
                    found[name] = await _in_time(channel.open())
    return found
