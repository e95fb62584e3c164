"""A made-up quarter for the papers: a province that does not exist, with everything a report
speaks of."""

from datetime import date, datetime, time
from typing import Any

from deadlines.periods import Period, Unit
from registry.clock import moment_of
from registry.types import DutyKind, DutyState, Part, RequestState
from reports.papers.body import Office
from reports.papers.load import load_report
from reports.papers.model import PeriodReport
from tests.reports.build import Builder

TODAY = date(2027, 9, 24)
NOW = moment_of(TODAY, time(17, 30))
QUARTER = Period(Unit.QUARTER, 2027, 3)
OFFICE = Office(
    committee="Ban Chỉ đạo chuyển đổi số tỉnh Nam Lĩnh",
    agency="Sở Khoa học và Công nghệ",
    parent="UBND tỉnh Nam Lĩnh",
    place="Nam Lĩnh",
)
AGENCIES = (
    "Sở Y tế", "Sở Giáo dục và Đào tạo", "Sở Nội vụ", "Công an tỉnh", "Thuế tỉnh",
    "Ban Quản lý Khu kinh tế và các khu công nghiệp tỉnh Nam Lĩnh", "UBND xã Hòa An",
    "UBND phường Đông Hải", "UBND xã <b>Tân Lập</b> & Phú",
)  # fmt: skip


def at(day: date) -> datetime:
    return moment_of(day, time(8))


def fill(build: Builder) -> dict[str, Any]:
    """The rows; what tests ask for by name."""
    agency = {name: build.agency(name) for name in AGENCIES}
    focal: dict[str, Any] = {}
    for name in AGENCIES[:7]:
        focal[name] = build.focal(agency[name], f"Cán bộ {name}")[1]
    plan = build.directive("106/KH-BCĐ", title="Kế hoạch hoạt động năm 2027")
    notice = build.directive("45/TB-UBND", kind="Thông báo", issued_on=date(2027, 6, 10))
    decision = build.directive("969/QĐ-UBND", kind="Quyết định", issued_on=date(2026, 3, 18))
    quarterly = build.task(
        plan, title="Báo cáo kết quả thực hiện nhiệm vụ chuyển đổi số quý III", kind="quarterly",
        section="I. CHỈ ĐẠO, ĐIỀU HÀNH", ordinal="1", position=1,
    )  # fmt: skip
    skills = build.task(
        plan, title="Tổ chức tập huấn kỹ năng số cho cán bộ, công chức cấp xã và thành viên Tổ công"
        " nghệ số cộng đồng trên địa bàn", section="II. PHÁT TRIỂN NGUỒN NHÂN LỰC", ordinal="4",
        position=2, kind="fixed",
    )  # fmt: skip
    records = build.task(
        notice, title="Hoàn thành triển khai bệnh án điện tử tại 100 % bệnh viện công lập",
        ordinal="2", position=1, kind="fixed",
    )  # fmt: skip
    links = build.task(
        decision, title="=HYPERLINK(\"http://x\") Rà soát, đề xuất hạ tầng số tại các xã đặc biệt"
        " khó khăn", position=1, kind="fixed",
    )  # fmt: skip
    always = build.task(
        plan, agency["Sở Nội vụ"], kind="ongoing", title="Theo dõi, đôn đốc", position=3
    )
    build.task(decision, agency["Thuế tỉnh"], kind="event", title="Chờ hướng dẫn", position=5)
    build.part(quarterly, agency["Thuế tỉnh"], Part.COORDINATE)
    due = date(2027, 9, 24)
    owed = {
        name: build.duty(quarterly, agency[name], due, period=f"2027-Q3#{number}")
        for number, name in enumerate(AGENCIES)
    }
    for number, name in enumerate(AGENCIES[:4]):
        day = date(2027, 9, 20 + number)
        build.done(
            owed[name], at(day), document_number=f"{number + 212}/BC-{name[:2].upper()}",
            document_date=day,
        )  # fmt: skip
    build.received(owed["Thuế tỉnh"], build.person("Lê Văn Bình"), at(date(2027, 9, 20)))
    late = build.duty(records, agency["Sở Y tế"], date(2027, 9, 10))
    build.obstacle(
        late, "Phần mềm của 3 bệnh viện chưa kết nối được; thiếu kinh phí thuê hạ tầng",
        at(date(2027, 9, 3)),
    )  # fmt: skip
    solved = build.obstacle(
        owed["Công an tỉnh"], "Chờ ý kiến về biểu mẫu", at(date(2027, 9, 1)),
        closed_at=at(date(2027, 9, 8)), resolution="Đã có hướng dẫn tại công văn 1201/SKHCN-CĐS",
    )  # fmt: skip
    slow = build.duty(records, agency["Công an tỉnh"], date(2027, 8, 31))
    build.done(slow, at(date(2027, 9, 6)), document_number="77/BC-CAT")
    for name in AGENCIES[6:]:
        build.duty(links, agency[name], date(2027, 9, 30))
    build.duty(skills, agency["Sở Nội vụ"], date(2027, 9, 28))
    moved = build.duty(skills, agency["Sở Giáo dục và Đào tạo"], date(2027, 10, 20),
                       first_due_on=date(2027, 9, 15))  # fmt: skip
    build.extension(
        moved, focal["Sở Giáo dục và Đào tạo"], date(2027, 10, 20), at(date(2027, 9, 9)),
        state=RequestState.APPROVED, new_due_on=date(2027, 10, 20), old_due_on=date(2027, 9, 15),
    )  # fmt: skip
    build.extension(late, focal["Sở Y tế"], date(2027, 10, 30), at(date(2027, 9, 9)))
    build.duty(always, agency["Sở Nội vụ"], date(2027, 9, 14), kind=DutyKind.UPDATE)
    told = build.duty(always, agency["Công an tỉnh"], date(2027, 9, 14), kind=DutyKind.UPDATE)
    build.done(told, at(date(2027, 9, 13)))
    old = build.duty(links, agency["Sở Nội vụ"], date(2027, 6, 30))
    caught = build.duty(links, agency["Công an tỉnh"], date(2027, 6, 25))
    build.done(caught, at(date(2027, 7, 9)), document_number="51/BC-CAT")
    build.duty(links, agency["Thuế tỉnh"], date(2027, 9, 9), state=DutyState.CANCELLED)
    build.session.flush()
    return {"owed": owed, "late": late, "solved": solved, "moved": moved, "old": old,
            "caught": caught}  # fmt: skip


def report(build: Builder) -> PeriodReport:
    fill(build)
    return load_report(build.session, QUARTER, NOW)
