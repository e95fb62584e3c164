"""A directive that names an agency which has ended: the task goes to whoever took over."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlmodel import col, select

from intake.importing import ImportOrder, ImportReport, import_tasks
from registry import agency_changes as changes
from registry.agency_list import AgencyRow, load
from registry.database import Database
from registry.tables import Agency, Duty

NOW = datetime(2025, 4, 1, 2, tzinfo=UTC)
POSTS, SCIENCE = "Sở Thông tin và Truyền thông", "Sở Khoa học và Công nghệ"
TABLE = f"""TT;Nội dung nhiệm vụ;Cơ quan chủ trì;Thời hạn
1;Vận hành nền tảng số;{POSTS};Trước ngày 01/12/2025
2;Báo cáo của cơ quan hành chính;UBND huyện Sông Hồ;Trước ngày 15/12/2025
"""


def _import(folder: Path, issued: date) -> tuple[ImportReport, list[tuple[str, str]]]:
    db = Database(f"sqlite:///{folder / 'test.db'}")
    db.migrate(NOW)
    rows = [AgencyRow(each) for each in (POSTS, SCIENCE, "UBND huyện Sông Hồ", "UBND xã Bắc Hồ")]
    db.write_now(load, rows, NOW)
    db.write_now(changes.merge, [POSTS], SCIENCE, date(2025, 3, 1), NOW)
    path = folder / "viec.csv"
    path.write_text(TABLE, "utf-8")
    report = import_tasks(db, path, ImportOrder("5/KH-UBND", issued), NOW)
    owed = db.read_now(
        lambda session: session.exec(
            select(Agency.name, Duty.former_agency_id)
            .join(Duty, col(Duty.agency_id) == col(Agency.id))
            .order_by(col(Duty.number))
        ).all()
    )
    db.close()
    return report, [(name, POSTS if former == 1 else "") for name, former in owed]


@pytest.mark.parametrize(
    ("issued", "former", "said"),
    [(date(2025, 3, 20), "", True), (date(2025, 2, 10), POSTS, False)],
)
def test_the_successor_owes_it_and_both_names_are_shown(
    tmp_path: Path, issued: date, former: str, said: bool
) -> None:
    report, owed = _import(tmp_path, issued)
    assert not report.refused
    assert owed[0] == (SCIENCE, former)
    lines = "\n".join(report.lines())
    assert (f"“{POSTS}” nay là “{SCIENCE}”" in lines) is said
