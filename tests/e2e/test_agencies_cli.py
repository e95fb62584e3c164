"""The list of agencies and its changes, from the command line."""

import json
from pathlib import Path

import pytest

from tests.e2e.process import dondoc
from tests.world import DATA

HISTORY = """Tên cơ quan,Cấp,Đến ngày,Nay là
Sở Thông tin và Truyền thông,tỉnh,28/02/2025,Sở Khoa học và Công nghệ
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    dondoc("init", cwd=tmp_path).fine()
    dondoc("agencies", "load", str(DATA / "agencies.csv"), cwd=tmp_path).fine()
    dondoc(
        "import", str(DATA / "plan.csv"), "--directive", "21/KH-BCĐ", "--issued", "2026-09-03",
        "--yes", cwd=tmp_path,
    ).fine()  # fmt: skip
    return tmp_path


def test_a_merger_is_rehearsed_done_and_not_done_twice(here: Path) -> None:
    order = ("agencies", "merge", "Sở Xây dựng", "--into", "Sở Tài chính", "--on", "2026-09-04")
    tried = json.loads(dondoc(*order, "--dry-run", "--json", cwd=here).fine())
    assert tried["written"] is False
    assert tried["moved"]
    done = json.loads(dondoc(*order, "--json", cwd=here).fine())
    assert done == tried | {"written": True}
    refused = dondoc(*order, cwd=here).refused()
    assert "kết thúc sau ngày 03/09/2026, nơi nhận: “Sở Tài chính”; không làm lần nữa" in refused
    shown = json.loads(dondoc("agencies", "show", "Sở Tài chính", "--json", cwd=here).fine())
    assert shown["before"][0]["name"] == "Sở Xây dựng"
    assert "nơi tiếp nhận: Sở Tài chính" in dondoc("agencies", "show", "SXD", cwd=here).fine()
    assert "Sở Xây dựng:" not in dondoc("agencies", "list", cwd=here).fine()


def test_a_split_waits_for_a_word(here: Path) -> None:
    order = ("agencies", "split", "Sở Y tế", "--into", "Sở Tài chính", "--into",
             "Sở Dân số", "--on", "04/09/2026", "--json")  # fmt: skip
    done = json.loads(dondoc(*order, cwd=here).fine())
    assert [one["new"] for one in done["targets"]] == [False, True]
    (waiting,) = done["waiting"]
    number = str(waiting["duties"][0])
    given = dondoc("agencies", "give", number, "--to", "Sở Dân số", "--json", cwd=here).fine()
    assert int(number) in json.loads(given)["moved"]
    again = dondoc("agencies", "give", number, "--to", "Sở Dân số", cwd=here).refused()
    assert "Không phải đầu việc đang mở của cơ quan đã kết thúc" in again


def test_added_renamed_ended_cancelled(here: Path) -> None:
    add = ("agencies", "add", "Sở Dân tộc", "--group", "các sở, ban, ngành cấp tỉnh")
    assert "Sẽ thêm" in dondoc(*add, "--dry-run", cwd=here).fine()
    assert "Đã thêm" in dondoc(*add, "--alias", "SDT", cwd=here).fine()
    assert "đã có trong danh sách" in dondoc(*add, cwd=here).refused()
    rename = ("agencies", "rename", "Sở Dân tộc", "Sở Dân tộc và Tôn giáo", "--on", "2026-09-03")
    dondoc(*rename, cwd=here).fine()
    assert "Sở Dân tộc và Tôn giáo" in dondoc("agencies", "show", "Sở Dân tộc", cwd=here).fine()
    dondoc("agencies", "end", "SDT", "--on", "01/12/2029", cwd=here).fine()
    assert "Đã hủy" in dondoc("agencies", "cancel", "SDT", cwd=here).fine()
    assert "không có thay đổi" in dondoc("agencies", "cancel", "SDT", cwd=here).refused()


def test_a_list_brings_its_history(here: Path) -> None:
    path = here / "cũ.csv"
    path.write_text(HISTORY, "utf-8")
    dondoc("agencies", "load", str(path), cwd=here).fine()
    shown = dondoc("agencies", "show", "Sở Thông tin và Truyền thông", cwd=here).fine()
    assert "nơi tiếp nhận: Sở Khoa học và Công nghệ" in shown
    path.write_text(HISTORY.replace("Khoa học và", "Không có và"), "utf-8")
    bad = dondoc("agencies", "load", str(path), cwd=here)
    assert bad.code == 1
    assert "không có trong danh sách vào ngày 01/03/2025" in bad.out + bad.err
    path.write_text(HISTORY.replace("28/02/2025", ""), "utf-8")
    assert "thiếu “Đến ngày”" in dondoc("agencies", "load", str(path), cwd=here).out
