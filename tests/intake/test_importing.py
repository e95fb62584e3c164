"""The two ways in, from file to database and back."""

import json
import time as clock
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from deadlines import Every, Unit
from intake.errors import IntakeError
from intake.importing import ImportOrder, ImportReport, import_agencies, import_tasks
from registry.database import Database
from registry.tables import Agency, AuditEvent, Directive, Duty, Task, TaskAgency
from registry.types import DutyKind, DutyState
from tests.intake.variants import DATA, as_csv, records

NOW = datetime(2026, 1, 6, 2, tzinfo=UTC)
ORDER = ImportOrder("12/KH-BCĐ", date(2026, 1, 5), update_rule=Every(Unit.QUARTER))
SEEDS = Path(__file__).parents[3] / "shared" / "seeds"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    database.migrate(NOW)
    yield database
    database.close()


def _all(db: Database, table: type) -> list:  # type: ignore[type-arg]
    return list(db.read_now(lambda session: session.exec(select(table)).all()))


def _load(db: Database) -> None:
    report = import_agencies(db, DATA / "co-quan.csv", NOW)
    assert not report.refused


def _plan(tmp_path: Path, *rows: list[str], name: str = "ke-hoach.csv") -> Path:
    path = tmp_path / name
    path.write_text(as_csv([records()[0], *rows]), encoding="utf-8")
    return path


def _row(title: str, deadline: str = "30/6/2026", lead: str = "Sở Y tế") -> list[str]:
    return ["I", "1", title, "Báo cáo", deadline, lead, "", ""]


def test_the_example_comes_in_whole(db: Database) -> None:
    _load(db)
    report = import_tasks(db, DATA / "ke-hoach.csv", ORDER, NOW)
    assert report.written
    assert [one.message.split(";")[0] for one in report.problems] == [
        "cơ quan phối hợp “các đơn vị có liên quan” chưa xác định gồm những cơ quan nào",
        "thời hạn nằm ở văn bản khác (Kế hoạch số 21/KH-UBND)",
        "thiếu cơ quan thực hiện",
    ]
    tasks = {task.id: task for task in _all(db, Task)}
    assert len(tasks) == 5
    quarterly = [duty for duty in _all(db, Duty) if tasks[duty.task_id].kind == "quarterly"]
    departments, communes = 9, 5
    assert len(quarterly) == 4 * (departments + communes)
    assert min(duty.due_on for duty in quarterly) == date(2026, 3, 14)
    updates = [duty for duty in _all(db, Duty) if duty.kind is DutyKind.UPDATE]
    assert {tasks[duty.task_id].kind for duty in updates} == {"ongoing"}
    ended = next(one for one in _all(db, Agency) if one.name == "Sở Thông tin và Truyền thông")
    assert all(part.agency_id != ended.id for part in _all(db, TaskAgency))


def test_the_same_file_again_changes_nothing(db: Database) -> None:
    _load(db)
    import_tasks(db, DATA / "ke-hoach.csv", ORDER, NOW)
    before = len(_all(db, Duty)), len(_all(db, AuditEvent))
    report = import_tasks(db, DATA / "ke-hoach.csv", ORDER, NOW)
    assert report.result is not None
    assert (report.result.added, report.result.changed) == ((), ())
    assert (len(_all(db, Duty)), len(_all(db, AuditEvent))) == before
    again = import_agencies(db, DATA / "co-quan.csv", NOW)
    assert again.result is not None
    assert (again.result.added, again.result.changed) == (0, 0)


def test_one_bad_row_keeps_everything_out(db: Database, tmp_path: Path) -> None:
    _load(db)
    path = _plan(tmp_path, _row("tốt"), _row("hỏng", deadline="mai kia"))
    report = import_tasks(db, path, ORDER, NOW)
    assert report.refused
    assert not report.written
    assert [(one.line, one.blocking) for one in report.problems] == [(3, True)]
    assert "không lưu gì" in report.lines()[-1]
    assert (_all(db, Directive), _all(db, Task), _all(db, Duty)) == ([], [], [])


def test_a_rehearsal_tells_all_and_keeps_nothing(db: Database) -> None:
    tried = import_agencies(db, DATA / "co-quan.csv", NOW, dry_run=True)
    assert tried.result is not None
    assert (tried.result.added, tried.written, _all(db, Agency)) == (17, False, [])
    _load(db)
    report = import_tasks(db, DATA / "ke-hoach.csv", ORDER, NOW, dry_run=True)
    assert report.result is not None
    assert report.expansion is not None
    assert (len(report.result.added), report.written) == (5, False)
    assert (_all(db, Directive), _all(db, Duty)) == ([], [])
    told = import_tasks(db, DATA / "ke-hoach.csv", ORDER, NOW)
    assert told.expansion == report.expansion
    assert "chưa lưu gì" in report.lines()[-1]


def test_without_a_list_of_agencies_that_is_said_first(db: Database) -> None:
    report = import_tasks(db, DATA / "ke-hoach.csv", ORDER, NOW, dry_run=True)
    assert report.refused
    assert "chưa có danh sách cơ quan" in report.lines()[0]
    assert report.to_contract()["tasks"][0]["lead"] == ["Sở Khoa học và Công nghệ"]
    assert report.to_contract()["tasks"][2]["lead"] == ["Sở Khoa học và Công nghệ", "Công an tỉnh"]


def test_the_contract_of_a_rehearsal(db: Database) -> None:
    _load(db)
    report = import_tasks(db, DATA / "ke-hoach.csv", ORDER, NOW, dry_run=True)
    contract = json.loads(json.dumps(report.to_contract(), ensure_ascii=False))
    assert contract["directive"] == {
        "number": "12/KH-BCĐ",
        "kind": "Kế hoạch",
        "issuer": "Ban Chỉ đạo",
        "issued": "2026-01-05",
    }
    assert contract["tasks"][3] == {
        "where": "II.2",
        "line": 7,
        "title": "Báo cáo kết quả chuyển đổi số hằng quý",
        "deliverable": "Báo cáo",
        "deadline": "trước ngày 15 của tháng cuối quý",
        "kind": "quarterly",
        "due": ["2026-03-14", "2026-06-14", "2026-09-14", "2026-12-14"],
        "lead": ["Các sở, ban, ngành cấp tỉnh", "UBND các xã, phường, đặc khu"],
        "coordinate": [],
        "send_to": ["Sở Khoa học và Công nghệ"],
        "source": "Báo cáo kết quả chuyển đổi số hằng quý | Báo cáo | trước ngày 15 của tháng "
        "cuối quý | Các sở, ban, ngành cấp tỉnh; UBND các xã, phường, đặc khu | "
        "Sở Khoa học và Công nghệ",
    }
    assert contract["tasks"][2]["lead"] == ["Sở Khoa học và Công nghệ", "Công an tỉnh"]
    assert {one["line"] for one in contract["warnings"]} == {4, 8}


def test_a_changed_file_moves_what_is_open(db: Database, tmp_path: Path) -> None:
    _load(db)
    import_tasks(db, _plan(tmp_path, _row("một"), _row("hai")), ORDER, NOW)
    changed = _plan(tmp_path, _row("một", "31/7/2026"), _row("ba", lead="SYT"))
    report = import_tasks(db, changed, ORDER, NOW)
    assert report.result is not None
    counts = (len(report.result.added), len(report.result.changed), len(report.result.absent))
    assert counts == (1, 1, 1)
    duties = sorted((duty.due_on, duty.state) for duty in _all(db, Duty))
    assert duties == [
        (date(2026, 6, 30), DutyState.OPEN),
        (date(2026, 6, 30), DutyState.OPEN),
        (date(2026, 7, 31), DutyState.OPEN),
    ]


def test_a_marked_file_leaves_no_trace(db: Database, tmp_path: Path) -> None:
    _load(db)
    events = len(_all(db, AuditEvent))
    with pytest.raises(IntakeError, match="độ mật"):
        import_tasks(db, _plan(tmp_path, ["MẬT"], _row("một")), ORDER, NOW)
    assert (_all(db, Directive), len(_all(db, AuditEvent))) == ([], events)


def test_without_a_number_or_a_day(db: Database, tmp_path: Path) -> None:
    _load(db)
    path = _plan(tmp_path, _row("một"))
    order = replace(ORDER, number="", issued=None)
    import_tasks(db, path, order, NOW)
    assert import_tasks(db, path, order, NOW).result is not None
    assert len(_all(db, Directive)) == 1
    assert _all(db, Duty)[0].opens_on == date(2026, 1, 6)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (["", "x", "", ""], "thiếu tên cơ quan"),
        (["Sở A", "", "tỉnh", "", "32/13/2025", ""], "không có ngày"),
        (["Sở A", "", "tỉnh", "", "hôm nay", ""], "không đọc được ngày"),
        (["Sở A", "", "tỉnh", "", "01/7/2025", "30/6/2025"], "trước ngày bắt đầu"),
        (["Sở Y tế", "khác", "tỉnh", ""], "trùng với dòng"),
    ],
)
def test_a_bad_line_keeps_the_whole_list_out(
    db: Database, tmp_path: Path, row: list[str], words: str
) -> None:
    path = tmp_path / "co-quan.csv"
    path.write_text(as_csv([*records("co-quan.csv"), row]), encoding="utf-8")
    report = import_agencies(db, path, NOW)
    assert report.refused
    assert words in report.lines()[0]
    assert _all(db, Agency) == []


def test_an_alias_of_two_agencies_is_told(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "co-quan.csv"
    path.write_text("Tên cơ quan;Tên khác\nSở A;SAB\nSở B;SAB\n", encoding="utf-8")
    report = import_agencies(db, path, NOW)
    assert not report.refused
    assert "dùng cho nhiều cơ quan" in report.lines()[0]


def test_ten_thousand_rows(db: Database, tmp_path: Path) -> None:
    _load(db)
    rows = [_row(f"Việc {number}", lead="Sở Y tế, Công an tỉnh") for number in range(10_000)]
    begun = clock.perf_counter()
    report = import_tasks(db, _plan(tmp_path, *rows), ORDER, NOW)
    spent = clock.perf_counter() - begun
    assert report.expansion is not None
    assert report.expansion.added == 20_000
    assert spent < 60
    print(f"10,000 rows in {spent:.1f} s")  # noqa: T201


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the real plan is not beside this checkout")
def test_a_real_plan_comes_in_with_honest_warnings_only(db: Database) -> None:
    issued = date(2024, 5, 15)
    now = datetime(2024, 5, 15, 2, tzinfo=UTC)
    assert import_agencies(db, SEEDS / "agencies-thanh-hoa-2024.csv", now).problems == ()
    order = replace(ORDER, number="45/KH-BCĐ", issued=issued)
    report: ImportReport = import_tasks(db, SEEDS / "plan-2024-tasks.csv", order, now)
    honest = ("chưa xác định gồm những", "nằm ở văn bản khác", "không nhắc được ai")
    assert report.written
    assert all(any(word in one.message for word in honest) for one in report.problems)
    quarterly = [duty for duty in _all(db, Duty) if duty.due_on == date(2024, 6, 14)]
    assert len(quarterly) == 26 + 27


def test_lines_that_nobody_can_be_given_are_left_out_by_hand(db: Database, tmp_path: Path) -> None:
    _load(db)
    path = _plan(tmp_path, _row("Việc rõ"), _row("Việc của ai đó", lead="các đơn vị có liên quan"))
    assert import_tasks(db, path, ORDER, NOW).refused
    report = import_tasks(db, path, replace(ORDER, drop=frozenset({3})), NOW)
    assert report.written
    assert [task.title for task in _all(db, Task)] == ["Việc rõ"]


def test_a_line_left_out_by_mistake_is_refused(db: Database, tmp_path: Path) -> None:
    _load(db)
    path = _plan(tmp_path, _row("Việc rõ"))
    with pytest.raises(IntakeError, match="không có nhiệm vụ nào ở dòng 9"):
        import_tasks(db, path, replace(ORDER, drop=frozenset({9})), NOW)
    assert not _all(db, Task)


def test_a_plan_ends_where_it_is_told_to_and_begins_no_earlier(
    db: Database, tmp_path: Path
) -> None:
    _load(db)
    path = _plan(tmp_path, _row("Báo cáo quý", deadline="hằng quý"))
    order = replace(ORDER, owed_from=date(2026, 4, 1), owed_until=date(2026, 12, 31))
    assert import_tasks(db, path, order, NOW).written
    days = sorted(duty.due_on for duty in _all(db, Duty))
    assert days == [date(2026, 6, 30), date(2026, 9, 30), date(2026, 12, 31)]


def test_a_single_day_beyond_the_horizon_is_owed_all_the_same(db: Database, tmp_path: Path) -> None:
    _load(db)
    path = _plan(tmp_path, _row("Việc xa", deadline="31/12/2029"))
    assert import_tasks(db, path, ORDER, NOW).written
    assert [duty.due_on for duty in _all(db, Duty)] == [date(2029, 12, 31)]
