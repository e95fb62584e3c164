"""What briefs and lists of contacts look like: for the doctor, and for the golden texts."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, time, timedelta

from registry.clock import moment_of
from registry.types import Role
from reports.brief_words import (
    Call,
    MemberBrief,
    Risk,
    StaffBrief,
    Thanks,
    brief_member,
    brief_staff,
)
from reports.briefs import DayOff, Desk, DutyLine, Raised
from reports.contacts import ContactRow, Live, contacts
from reports.reach import Silence
from reports.rehearsal import OffDuty, Planned, Rehearsal, Spending, page, summary
from reports.render import Renderer
from reports.status import Counts

DAY = date(2027, 9, 20)
LATE = "Hoàn thành triển khai bệnh án điện tử tại 100% bệnh viện tuyến tỉnh"
COUNTS = Counts(total=21, done_on_time=10, done_late=2, open=9, overdue=3, not_started=4)
CALL = Call("blocks", 1, "Sở Y tế", 118, LATE, 20, "Lê Văn Bình", Role.LEADER)
RISKS = (
    Risk("overdue", 1, "Sở Y tế", 118, LATE, 20),
    Risk("obstacle", 2, "Sở Công Thương", 131, "chưa có hướng dẫn về định mức kinh phí", 6),
    Risk("unreachable", 3, "UBND xã Đông Sơn", count=2),
    Risk("near", 4, "Sở Nội vụ", 140, "Rà soát danh mục dịch vụ công trực tuyến", 3),
)
MEMBER = MemberBrief(DAY, COUNTS, 3, RISKS[:2], Thanks("Sở Tài chính", 2), CALL)
QUIET = MemberBrief(DAY, Counts(), 0, (), None, None)
LINE = DutyLine(118, LATE, 1, "Sở Y tế", 1, "2027-Q3", False, date(2027, 9, 15), None, False)
STAFF = StaffBrief(
    DAY,
    COUNTS,
    fell=9,
    fell_open=tuple(replace(LINE, number=118 + n) for n in range(7)),
    comes=((date(2027, 9, 24), 12, 9), (date(2027, 9, 25), 1, 1)),
    silent=tuple((f"UBND xã Số {n}", 3) for n in range(1, 8)),
    raised=(Raised(131, 2, "Sở Công Thương", "chưa có hướng dẫn", date(2027, 9, 14)),),
    unreachable=("UBND xã Đông Sơn",),
)
CALM = StaffBrief(DAY, Counts(), 0, (), (), (), (), ())
DESK = Desk(
    2,
    date(2027, 9, 15),
    1,
    (
        DayOff(date(2027, 9, 25), "", worked=True),
        DayOff(date(2027, 9, 27), "Nghỉ hoán đổi, làm bù ngày 25/09/2027"),
    ),
    (2027,),
)
NO_DESK = Desk(0, None, 0, (), ())
ROWS = (
    ContactRow(1, "UBND xã Đông Sơn", 3, 1, (), Silence.NEVER),
    ContactRow(2, "Sở Nội vụ", 2, 0, (), Silence.CLOSED),
    ContactRow(3, "Sở Y tế", 4, 2, (Live("Nguyễn Thị An", 1, date(2027, 9, 1)),)),
    ContactRow(
        4,
        "Sở Công Thương",
        1,
        0,
        (
            Live("Trần Quốc Cường", 2, None, date(2027, 9, 24)),
            Live("Lê Thị Hoa", 3, date(2027, 9, 1)),
        ),
    ),
)

TIME = moment_of(date(2027, 9, 24), time(8))
NOBODY = Planned(
    TIME, "UBND xã Đông Sơn", ("UBND xã Đông Sơn",), None, (("nhắc ngày cuối", (140,)),)
)
MESSAGES = (
    Planned(TIME, "Nguyễn Thị An", ("Sở Y tế",), "zalo", (("nhắc ngày cuối", (127, 128)),)),
    Planned(
        TIME, "Lê Văn Bình", ("Sở Y tế",), "telegram", (("đôn đốc lần 2", (118,)),), urging=True
    ),
    NOBODY,
    Planned(TIME + timedelta(days=7), "Đỗ Thị Thảo", (), "telegram", (("bản tin tuần", ()),)),
)
REHEARSAL = Rehearsal(
    DAY,
    date(2027, 10, 20),
    MESSAGES,
    (
        OffDuty(date(2027, 9, 25), "Thứ Bảy", (131, 132), date(2027, 9, 24)),
        OffDuty(date(2027, 10, 2), "gần Tết Nguyên đán", (133,), date(2027, 10, 1), unsure=True),
    ),
    DESK.days_off,
    (2027,),
    ("106/KH-BCĐ: hạn báo cáo “trước ngày 25” khác với “trước ngày 15” tại 12/KH-UBND",),
    (
        Spending("zalo", date(2027, 9, 1), 40, 12, 2975, 3000),
        Spending("zalo-2", date(2027, 9, 1), 10, 60, 2940, 3000),
        Spending("telegram", date(2027, 10, 1), 1, 0, 0, 0),
    ),
)
NOTHING_AHEAD = Rehearsal(DAY, DAY, (), (), (), (), (), ())

BRIEF_SAMPLES: Mapping[str, Callable[[Renderer], object]] = {
    "messages/brief_member": lambda r: [
        brief_member(r, brief, whole=whole)
        for brief in (
            MEMBER,
            QUIET,
            replace(MEMBER, risks=RISKS[2:], call=replace(CALL, why="near", name="", role=None)),
            replace(MEMBER, risks=(replace(RISKS[1], days=0),), call=replace(CALL, why="overdue")),
        )
        for whole in (True, False)
    ],
    "messages/brief_staff": lambda r: [
        brief_staff(r, brief, desk) for brief in (STAFF, CALM) for desk in (DESK, NO_DESK)
    ],
    "messages/rehearsal": lambda r: [
        summary(r, plan, file=file)
        for plan in (
            REHEARSAL,
            replace(REHEARSAL, messages=MESSAGES * 400, contradictions=("mâu thuẫn",) * 40),
            NOTHING_AHEAD,
        )
        for file in (True, False)
    ],
    "messages/rehearsal_page": lambda r: [
        page(r, plan, 1) for plan in (REHEARSAL, replace(REHEARSAL, messages=MESSAGES * 400))
    ],
    "messages/contacts": lambda r: [
        contacts(r, rows, DAY)
        for rows in (ROWS, ROWS * 40, [replace(ROWS[0], why=why) for why in Silence], ())
    ],
}
