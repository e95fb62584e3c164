"""Directives of many offices, read whole: head, tasks, agencies, days. What is expected of each
stands in data/directives/expected.json, in words of our own."""

import json
import time as clock
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from rapidfuzz import fuzz
from sqlmodel import select

from deadlines.text import fold
from intake.importing import (
    ImportOrder,
    ImportReport,
    draft_of,
    import_agencies,
    import_source,
    import_tasks,
)
from intake.source import Source, read_source
from registry.agencies import Directory
from registry.database import Database
from registry.tables import Duty, Task
from tests.intake.making import directive_docx, plan_docx

NOW = datetime(2026, 1, 6, 2, tzinfo=UTC)
ORDER = ImportOrder("", None)
DATA = Path(__file__).parent / "data" / "directives"
SENTENCES = json.loads((DATA.parent / "sentences.json").read_text(encoding="utf-8"))
EXPECTED = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))
SEEDS = Path(__file__).parents[3] / "shared" / "seeds"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    database.migrate(NOW)
    yield database
    database.close()


def _read(db: Database, path: Path) -> ImportReport:
    return import_tasks(db, path, ORDER, NOW, dry_run=True)


def _text(db: Database, tmp_path: Path, *paragraphs: str) -> ImportReport:
    path = tmp_path / "van-ban.txt"
    head = (
        "Số: 1/TB-UBND",
        "Hà Tĩnh, ngày 05 tháng 01 năm 2026",
        "THÔNG BÁO",
        "Kết luận cuộc họp",
        "Chủ tịch UBND tỉnh kết luận như sau:",
    )
    path.write_text("\n\n".join((*head, *paragraphs, "Nơi nhận:", "- Lưu: VT.")), encoding="utf-8")
    return _read(db, path)


def _found(report: ImportReport, title: str) -> dict[str, Any]:
    tasks = report.to_contract()["tasks"]
    best: dict[str, Any] = max(
        tasks, key=lambda task: fuzz.partial_ratio(fold(title), fold(task["title"]))
    )
    assert fuzz.partial_ratio(fold(title), fold(best["title"])) > 75, title
    return best


def _path(directive: dict[str, Any], tmp_path: Path) -> Path:
    path = DATA / directive["file"]
    if path.suffix == ".docx":
        path = tmp_path / directive["file"]
        path.write_bytes(plan_docx())
    return path


@pytest.mark.parametrize("directive", EXPECTED, ids=lambda one: str(one["file"]))
def test_a_directive_is_read_whole(db: Database, tmp_path: Path, directive: dict[str, Any]) -> None:
    report = _read(db, _path(directive, tmp_path))
    head, contract = report.source.head, report.to_contract()["directive"]
    assert contract["number"] == directive["number"]
    assert contract["kind"] == directive["kind"]
    assert contract["issued"] == directive["issued"]
    assert fold(directive["issuer"]) in fold(contract["issuer"])
    assert head.signer == directive["signer"]
    for wanted in directive["tasks"]:
        task = _found(report, wanted["title"])
        assert [fold(name) for name in task["lead"]] == [fold(name) for name in wanted["lead"]]
        assert task["coordinate"] == wanted["coordinate"]
        assert fold(wanted["deadline"]).endswith(fold(task["deadline"]))
        assert task["send_to"] == wanted.get("send_to", task["send_to"])
        if "due" in wanted:
            assert wanted["due"] in task["due"]
    assert len(report.draft.tasks) == len(directive["tasks"])


@pytest.mark.parametrize("sentence", SENTENCES["context"])
def test_context_is_no_task(db: Database, tmp_path: Path, sentence: str) -> None:
    assert _text(db, tmp_path, sentence).draft.tasks == ()


@pytest.mark.parametrize("wanted", SENTENCES["tasks"], ids=lambda one: str(one["deadline"]))
def test_one_sentence(db: Database, tmp_path: Path, wanted: dict[str, Any]) -> None:
    (task,) = _text(db, tmp_path, wanted["sentence"]).to_contract()["tasks"]
    assert {name: task[name] for name in ("lead", "coordinate", "deadline")} == {
        name: wanted[name] for name in ("lead", "coordinate", "deadline")
    }


def test_a_day_with_nobody_named_is_asked_about(db: Database, tmp_path: Path) -> None:
    report = _text(db, tmp_path, "1. Tổ chức số hóa hồ sơ đất đai, hoàn thành trong Quý IV/2026.")
    (task,) = report.draft.tasks
    assert task.leads == ()
    assert any("thiếu cơ quan thực hiện" in one.message for one in report.problems if one.blocking)


def test_derived_days_hang_on_the_section_they_name(db: Database) -> None:
    report = _read(db, DATA / "thong-bao-ket-luan.md")
    derived = _found(report, "Tổng hợp tình hình thực hiện Thông báo này")
    assert derived["kind"] == "relative"
    # Five working days behind 25/9, and behind each quarter's day.
    assert derived["due"][:2] == ["2025-09-22", "2025-10-02"]


def test_gaps_and_blanks_are_told(db: Database, tmp_path: Path) -> None:
    report = _text(
        db,
        tmp_path,
        "1. Sở Y tế rà soát cơ sở dữ liệu.",
        "2. Các đơn vị liên quan báo cáo kết quả trước ngày 01/3/2026.",
        "4. Sở Tài chính bố trí kinh phí, hoàn thành trước ngày 01/12/2025.",
    )
    messages = " / ".join(one.message for one in report.problems)
    assert "đánh số nhảy từ 2 đến 4" in messages
    assert "chưa xác định gồm những cơ quan nào" in messages
    assert "không nêu thời hạn" in messages
    assert "trước ngày ban hành" in messages


def test_names_of_one_directive_explain_each_other(db: Database, tmp_path: Path) -> None:
    report = _text(
        db,
        tmp_path,
        "1. Sở Khoa học và Công nghệ (cơ quan Thường trực Ban Chỉ đạo) xây dựng kế hoạch năm 2026.",
        "2. sở KH&CN hướng dẫn các xã.",
        "3. Cơ quan Thường trực Ban Chỉ đạo tổng hợp, báo cáo UBND tỉnh hằng quý.",
    )
    assert [task["lead"] for task in report.to_contract()["tasks"]] == [
        ["Sở Khoa học và Công nghệ"]
    ] * 3


def _agencies(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "co-quan.csv"
    path.write_text(
        "Tên cơ quan,Tên khác,Khối\n"
        'Sở Y tế,,"các sở, ban, ngành cấp tỉnh"\n'
        'Sở Khoa học và Công nghệ,,"các sở, ban, ngành cấp tỉnh"\n'
        "UBND xã Hoằng Hóa,,UBND cấp xã\n",
        encoding="utf-8",
    )
    assert not import_agencies(db, path, NOW).refused


def test_slips_in_names_are_shown_and_unknown_ones_block(db: Database, tmp_path: Path) -> None:
    _agencies(db, tmp_path)
    report = _text(
        db,
        tmp_path,
        "1. UBND xã Hoàng Hóa báo cáo trước ngày 01/3/2026.",
        "2. Sở Y tê tổng hợp trước ngày 01/4/2026.",
        "3. Sở Khoa hoc và Công nghê rà soát trước ngày 01/4/2026.",
        "4. Sở Ngoại vụ báo cáo trước ngày 01/4/2026.",
    )
    messages = [one.message for one in report.problems]
    assert any("khác dấu với “UBND xã Hoằng Hóa”" in one for one in messages)
    assert any("không nhận ra cơ quan thực hiện “Sở Ngoại vụ”" in one for one in messages)


def test_two_directives_that_ask_by_different_days(db: Database, tmp_path: Path) -> None:
    _agencies(db, tmp_path)
    first, second = (
        "1. Sở Y tế báo cáo kết quả gửi Sở Khoa học và Công nghệ "
        f"trước ngày {day} của tháng cuối quý."
        for day in (25, 15)
    )
    _text(db, tmp_path, first)
    order = replace(ORDER, number="1/TB-UBND")
    assert import_tasks(db, tmp_path / "van-ban.txt", order, NOW).written
    _text(db, tmp_path, second)
    report = import_tasks(
        db, tmp_path / "van-ban.txt", replace(ORDER, number="2/TB-UBND"), NOW, dry_run=True
    )
    assert any("tại 1/TB-UBND; hãy thống nhất" in one.message for one in report.problems)


def test_a_source_survives_its_json_and_is_stored(db: Database, tmp_path: Path) -> None:
    _agencies(db, tmp_path)
    path = tmp_path / "van-ban.docx"
    path.write_bytes(
        directive_docx(
            "Số: /TB-UBND",
            "Hà Tĩnh, ngày tháng 02 năm 2026",
            "THÔNG BÁO",
            "Kết luận",
            "Chủ tịch UBND tỉnh yêu cầu:",
            "1. Sở Y tế báo cáo trước ngày 01/4/2026.",
            "2. Giao Sở Ngoại vụ rà soát.",
        )
    )
    directory = db.read_now(Directory.on, date(2026, 2, 1))
    source = read_source(path, directory, date(2026, 2, 10))
    again = Source.from_json(source.to_json())
    assert again == source
    assert again.reference == date(2026, 2, 1)
    assert draft_of(db, again, ORDER).blocked
    kept = again.with_rows(row for row in again.rows if row.lead == "Sở Y tế")
    assert import_source(db, kept, ORDER, NOW).written
    assert import_source(db, kept, ORDER, NOW).result.unchanged
    tasks = db.read_now(lambda session: list(session.exec(select(Task)).all()))
    duties = db.read_now(lambda session: list(session.exec(select(Duty)).all()))
    assert [task.source_line for task in tasks] == [6]
    assert [duty.due_on for duty in duties] == [date(2026, 3, 31)]


@pytest.mark.skipif(not SEEDS.exists(), reason="the five directives are not here")
def test_the_five_directives(db: Database) -> None:
    expected = json.loads((SEEDS / "expected-tasks.json").read_text(encoding="utf-8"))
    found = named = 0
    for directive in expected:
        report = _read(db, SEEDS / directive["file"])
        table = [task for task in directive["tasks"] if task["where"] == "table"]
        read = report.to_contract()["tasks"]
        for wanted in table:
            (task,) = [one for one in read if fold(one["title"]) == fold(wanted["title"])][:1] or [
                None
            ]
            if task is None:
                task = _found(report, wanted["title"])
            assert fold(task["deadline"]).strip(". ") == fold(wanted["deadline"]).strip(". ")
            assert len(task["lead"]) == len(wanted["lead"])
        prose = [task for task in directive["tasks"] if task["where"] != "table" and task["lead"]]
        named += len(prose)
        found += sum(_seen(wanted, read) for wanted in prose)
    assert found >= 0.95 * named


def _seen(wanted: dict[str, Any], read: list[dict[str, Any]]) -> bool:
    return any(
        fuzz.token_set_ratio(fold(wanted["title"]), fold(task["title"])) > 55
        and fuzz.partial_ratio(fold(wanted["lead"][-1]), fold("; ".join(task["lead"]))) > 80
        for task in read
    )


def test_long_directives_are_quick(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "dai.txt"
    items = (
        f"{number}. Giao Sở Khoa học và Công nghệ chủ trì, phối hợp với Sở Tài chính rà soát, "
        f"hoàn thiện nội dung số {number} theo Kế hoạch số {number}/KH-UBND ngày 05/01/2026, "
        "báo cáo trước ngày 25/12/2026."
        for number in range(1, 801)
    )
    path.write_text(
        "\n\n".join(("Số: 1/KH-UBND", "Hà Tĩnh, ngày 05 tháng 01 năm 2026", *items)),
        encoding="utf-8",
    )
    start = clock.process_time()
    report = _read(db, path)
    # 200 pages of four items each.
    assert clock.process_time() - start < 10
    assert len(report.draft.tasks) == 800


REPORT = "1. Sở Y tế báo cáo kết quả, gửi Sở Khoa học và Công nghệ trước ngày {} hằng tháng."


def _stored(db: Database, tmp_path: Path, number: str, sentence: str) -> list[str]:
    """Store a letter of one sentence; what is told about it."""
    path = tmp_path / f"{number.replace('/', '-')}.txt"
    head = (f"Số: {number}", "Hà Tĩnh, ngày 05 tháng 01 năm 2026", "THÔNG BÁO", "Kết luận cuộc họp")
    path.write_text("\n\n".join((*head, "Chủ tịch UBND tỉnh kết luận:", sentence)), "utf-8")
    report = import_tasks(db, path, ORDER, NOW)
    assert report.written
    return [one.message for one in report.problems]


def test_a_reporting_day_that_contradicts_another_is_told(db: Database, tmp_path: Path) -> None:
    _agencies(db, tmp_path)
    assert not any("khác với" in one for one in _stored(db, tmp_path, "1/TB", REPORT.format(25)))
    told = _stored(db, tmp_path, "2/TB-UBND", REPORT.format(15))
    (message,) = [one for one in told if "khác với" in one]
    assert "“trước ngày 25 hằng tháng”" in message
    assert message.endswith("hãy thống nhất một mốc")


def test_a_plan_that_holds_the_day_is_known_here_or_not(db: Database, tmp_path: Path) -> None:
    _agencies(db, tmp_path)
    sentence = "1. Sở Y tế báo cáo theo tiến độ tại Kế hoạch số 9/KH-UBND ngày 05/01/2026."
    (before,) = [one for one in _stored(db, tmp_path, "3/TB-UBND", sentence) if "9/KH" in one]
    assert before.endswith("văn bản đó chưa được nhập")
    _stored(db, tmp_path, "9/KH-UBND", REPORT.format(20))
    (after,) = [one for one in _stored(db, tmp_path, "4/TB-UBND", sentence) if "9/KH" in one]
    assert "văn bản đó đã có ở đây" in after
    report = _read(db, tmp_path / "4-TB-UBND.txt")
    assert report.to_contract()["citations"] == [
        {"number": "9/KH-UBND", "kind": "Kế hoạch", "issued": "2026-01-05", "line": 11,
         "known": True}
    ]  # fmt: skip
