"""Rows become drafts: what blocks an import, what is only told, and what is stored."""

from datetime import date

import pytest

from intake.drafts import Draft, Terms, draft_tasks
from intake.numbers import kind_and_issuer
from intake.problems import Problem
from intake.task_rows import TaskRow
from registry.agencies import Directory, Known
from registry.directives import DirectiveFacts
from registry.types import Part

ISSUED = date(2026, 1, 5)
DIRECTORY = Directory(
    ISSUED,
    [
        Known(1, "Sở Y tế", groups=("các sở, ban, ngành cấp tỉnh",)),
        Known(2, "Sở Tài chính", groups=("các sở, ban, ngành cấp tỉnh",)),
        Known(3, "UBND xã Tân Lập", aliases=("xã nhà",), groups=("UBND cấp xã",)),
        Known(4, "UBND xã Tân Lạp", aliases=("xã nhà",), groups=("UBND cấp xã",)),
        Known(5, "Sở Thông tin và Truyền thông", valid_to=date(2025, 2, 28)),
    ],
)


def _row(line: int = 2, **cells: str) -> TaskRow:
    base = {
        "section": "I",
        "ordinal": "1",
        "where": "I.1",
        "title": "Rà soát quy chế",
        "deliverable": "Quy chế",
        "deadline": "30/6/2026",
        "lead": "Sở Y tế",
        "coordinate": "-",
        "send_to": "",
    }
    return TaskRow(line=line, **(base | cells))


def _draft(*rows: TaskRow) -> Draft:
    directive = DirectiveFacts("12/KH-BCĐ", ISSUED)
    return draft_tasks(rows, DIRECTORY, Terms(ISSUED, ISSUED), directive)


def test_a_sound_row_has_no_problems() -> None:
    draft = _draft(_row())
    assert draft.problems == ()
    assert draft.tasks[0].reading.due == (date(2026, 6, 30),)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"deadline": "lưng chừng mùa"}, "không đọc được thời hạn “lưng chừng mùa”"),
        ({"deadline": ""}, "chưa ghi thời hạn"),
        ({"deadline": "-"}, "chưa ghi thời hạn"),
        ({"deadline": "sau 5 ngày làm việc kể từ ngày họp"}, "phụ thuộc điều chưa biết"),
        ({"title": ""}, "thiếu nội dung nhiệm vụ"),
        ({"lead": ""}, "thiếu cơ quan thực hiện"),
        ({"lead": "-"}, "thiếu cơ quan thực hiện"),
        ({"lead": "Sở Tài chánh"}, "“Sở Tài chánh”; có phải “Sở Tài chính” (khác 1 chữ)?"),
        ({"lead": "Sở Y tế, Bộ Công an"}, "không nhận ra cơ quan thực hiện “Bộ Công an”"),
        ({"lead": "các đơn vị có liên quan"}, "chưa xác định gồm những cơ quan nào"),
        ({"lead": "UBND cấp huyện"}, "chưa xác định gồm những cơ quan nào"),
        ({"lead": "xã nhà"}, "có thể là “UBND xã Tân Lập” hoặc “UBND xã Tân Lạp”"),
        ({"lead": "Sở Thông tin và Truyền thông"}, "hết hiệu lực từ sau ngày 28/02/2025"),
    ],
)
def test_what_blocks(cells: dict[str, str], words: str) -> None:
    draft = _draft(_row(**cells))
    assert draft.blocked
    assert any(words in one.message for one in draft.problems if one.blocking)
    assert len(draft.tasks) == 1


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"coordinate": "các đơn vị có liên quan"}, "chưa xác định gồm những cơ quan nào"),
        ({"coordinate": "Các doanh nghiệp số"}, "chưa xác định"),
        ({"coordinate": "Tập đoàn Cờ Đỏ"}, "không nhận ra cơ quan phối hợp"),
        ({"send_to": "Ban Chỉ đạo tỉnh"}, "không nhận ra nơi nhận báo cáo"),
        ({"lead": "Sở Y tê"}, "khác dấu với “Sở Y tế”"),
        (
            {"deadline": "Theo Kế hoạch số 106/KH-BCĐ ngày 26/4/2025", "lead": ""},
            "thời hạn nằm ở văn bản khác (Kế hoạch số 106/KH-BCĐ)",
        ),
        ({"deadline": "Theo Kế hoạch số 106/KH-BCĐ", "lead": ""}, "không nhắc được ai"),
        ({"deadline": "30/6/2025"}, "trước ngày ban hành 05/01/2026"),
        ({"deadline": "10 ngày kể từ ngày nhận được văn bản"}, "tạm lấy ngày 05/01/2026 làm mốc"),
    ],
)
def test_what_is_only_told(cells: dict[str, str], words: str) -> None:
    draft = _draft(_row(**cells))
    assert not draft.blocked
    assert any(words in one.message for one in draft.problems)


def test_a_first_week_blocks_until_the_day_is_given() -> None:
    draft = _draft(_row(deadline="Mỗi tháng một lần vào tuần đầu của tháng"))
    assert draft.blocked
    assert "hiểu được nhiều cách (có thể là: " in draft.problems[0].message


def test_exact_repetitions_are_told_and_kept_once() -> None:
    draft = _draft(_row(2), _row(5), _row(6, title="RÀ SOÁT QUY CHẾ"))
    assert len(draft.tasks) == 1
    assert draft.problems == (
        Problem(5, "trùng với dòng 2; chỉ giữ một", blocking=False),
        Problem(6, "trùng với dòng 2; chỉ giữ một", blocking=False),
    )


def test_one_title_with_two_deadlines_is_two_tasks_with_lasting_keys() -> None:
    rows = (_row(2), _row(3, deadline="31/12/2026"))
    keys = [task.key for task in _draft(*rows).tasks]
    assert len(set(keys)) == 2
    assert keys == [task.key for task in _draft(*rows).tasks]
    moved = _draft(_row(9, title="Việc khác"), _row(20, ordinal="7"))
    assert moved.tasks[1].key == keys[0]


def test_an_empty_table_blocks() -> None:
    assert _draft().blocked


def test_leading_goes_before_coordinating_and_names_before_groups() -> None:
    row = _row(lead="các sở, ban, ngành cấp tỉnh; Sở Y tế", coordinate="Sở Tài chính; UBND cấp xã")
    agencies = _draft(row).facts()[0].agencies
    assert [(one.agency_id, one.part, one.via_group) for one in agencies] == [
        (1, Part.LEAD, False),
        (2, Part.LEAD, True),
        (3, Part.COORDINATE, True),
        (4, Part.COORDINATE, True),
    ]


def test_a_cell_that_leads_and_coordinates() -> None:
    task = _draft(_row(lead="Sở Y tế chủ trì, phối hợp với Sở Tài chính", coordinate="")).tasks[0]
    assert [match.name for match in task.leads] == ["Sở Y tế"]
    assert [match.name for match in task.coordinates] == ["Sở Tài chính"]


@pytest.mark.parametrize(
    ("deadline", "stored"),
    [("30/6/2026", True), ("Thường xuyên", False), ("Theo tiến độ của Bộ", False)],
)
def test_only_rules_with_days_are_stored(deadline: str, stored: bool) -> None:
    assert bool(_draft(_row(deadline=deadline)).facts()[0].rule) is stored


@pytest.mark.parametrize(
    ("number", "kind", "issuer"),
    [
        ("134/KH-UBND", "Kế hoạch", "UBND"),
        ("/TB-UBND", "Thông báo", "UBND"),
        ("12/KH-BCĐ", "Kế hoạch", "Ban Chỉ đạo"),
        ("41/2025/QĐ-UBND", "Quyết định", "UBND"),
        ("6004/UBND-CNTT", "Công văn", "UBND"),
        ("06-NQ/TU", "Nghị quyết", "Tỉnh ủy"),
        ("12", "", ""),
        ("", "", ""),
    ],
)
def test_what_a_number_tells(number: str, kind: str, issuer: str) -> None:
    assert kind_and_issuer(number) == (kind, issuer)
