"""The command line as scripts and administrators use it: exit codes, JSON, one line of refusal."""

import json
import os
import stat
import subprocess
import sys
import sysconfig
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot.opening import only_one
from tests.e2e.process import ROOT, Done, dondoc, dondoc_by, environment
from tests.world import DATA

TOKEN = "1000001:AAFakeFakeFakeFakeFakeFakeFakeFake0"  # noqa: S105 -- opens nothing


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a database and agencies, as after the first minutes of an office."""
    dondoc("init", cwd=tmp_path).fine()
    dondoc("agencies", "load", str(DATA / "agencies.csv"), cwd=tmp_path).fine()
    return tmp_path


def imported(folder: Path) -> Path:
    dondoc(
        "import", str(DATA / "plan.csv"), "--directive", "21/KH-BCĐ", "--issued", "2026-09-03",
        "--yes", cwd=folder,
    ).fine()  # fmt: skip
    return folder


def as_json(done: Done) -> Any:
    return json.loads(done.fine())


# -- setting up -----------------------------------------------------------------------------------


def test_init_makes_a_private_config_and_database_once(tmp_path: Path) -> None:
    first = as_json(dondoc("init", "--json", cwd=tmp_path))
    assert first["created"] is True
    assert len(first["invite"]) == 11
    config, database = tmp_path / "config.toml", tmp_path / "data" / "dondoc.db"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    config.write_text(config.read_text("utf-8") + "\n# của tôi\n", "utf-8")
    again = as_json(dondoc("init", "--json", cwd=tmp_path))
    assert again["created"] is False
    assert "# của tôi" in config.read_text("utf-8"), "init wrote over a config"


def test_what_is_not_there_is_not_made_up(tmp_path: Path) -> None:
    """In a wrong folder a new database would be made, and every figure be zero."""
    lost = tmp_path / "lost"
    lost.mkdir()
    assert "dondoc init" in dondoc("status", cwd=lost).refused()
    assert "không/có.toml" in dondoc("status", "--config", "không/có.toml", cwd=lost).refused()
    named = environment(DONDOC_CONFIG="mất.toml", DONDOC_PATHS__DATA_DIR="data")
    assert "mất.toml" in dondoc("status", cwd=lost, env=named).refused()
    assert list(lost.iterdir()) == []
    dondoc("status", cwd=lost, env=environment(DONDOC_PATHS__DATA_DIR="data")).fine()
    (lost / "tệp").touch()
    said = dondoc("init", "--config", "tệp/config.toml", cwd=lost).refused()
    assert "đã có tệp" in said or "không phải là thư mục" in said, said


def test_config_is_found_by_option_environment_and_folder(here: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "nơi khác có dấu cách"
    elsewhere.mkdir()
    config = str(here / "config.toml")
    for arguments, env in (
        (["--config", config], environment()),
        ([], environment(DONDOC_CONFIG=config)),
    ):
        done = dondoc("invite", "--agency", "Sở Y tế", "--role", "focal", "--json", *arguments,
                      cwd=elsewhere, env=env)  # fmt: skip
        assert as_json(done)["agency"] == "Sở Y tế"
    assert not list(elsewhere.iterdir()), "something was left in the working directory"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("[reminders]\nlead = [1]\n", "reminders.lead"),
        ("[nhắc\n", "TOML"),
        ("[reminders]\nworking_hours = '17:00-07:00'\n", "working_hours"),
        ("[reminders]\nleads = [-1]\n", "reminders.leads"),
        ("[committee]\nupdate_request = 'khi nào rảnh'\n", "update_request"),
        ("[logs]\nlevel = 'LOUD'\n", "logs.level"),
        ("[database]\nurl = 'không phải url'\n", ""),
        ("[database]\nurl = 'sqlite:////proc/nowhere/dondoc.db'\n", ""),
        ("[paths]\ncalendar = 'không-có.csv'\n", ""),
    ],
)
def test_wrong_config_is_refused_in_one_line(config: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(config, "utf-8")
    assert words in dondoc("status", cwd=tmp_path).refused()


def test_config_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    dondoc("status", cwd=tmp_path).refused()
    (tmp_path / "latin.toml").write_bytes(b"[committee]\nname = 'B\xe1n'\n")
    dondoc("status", "--config", "latin.toml", cwd=tmp_path).refused()


def test_token_in_a_file_others_can_read(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[telegram]\ntoken = "{TOKEN}"\n', "utf-8")
    config.chmod(0o644)
    line = dondoc("status", cwd=tmp_path).refused()
    assert "chmod 600" in line
    assert TOKEN not in line
    config.chmod(0o600)
    dondoc("status", cwd=tmp_path).fine()


def test_bad_value_does_not_print_a_secret(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[telegram]\ntoken = ["{TOKEN}"]\nmode = "{TOKEN}"\n', "utf-8")
    config.chmod(0o600)
    done = dondoc("status", cwd=tmp_path)
    done.refused()
    assert "FakeFake" not in done.out + done.err


def test_wrong_usage_is_code_2(tmp_path: Path) -> None:
    for arguments in (
        ["nothing"],
        ["import"],
        ["invite", "--role", "king"],
        ["plan", "--from", "hôm qua"],
        ["deadline", "--no-such-option"],
    ):
        done = dondoc(*arguments, cwd=tmp_path)
        assert done.code == 2, (arguments, done)
    assert not (tmp_path / "data").exists()


def test_help_needs_nothing(tmp_path: Path) -> None:
    text = dondoc("--help", cwd=tmp_path).fine()
    for name in ("init", "run", "demo", "doctor", "deadline", "reply", "import", "invite",
                 "status", "plan", "backup", "restore", "erase"):  # fmt: skip
        assert name in text
    assert not list(tmp_path.iterdir())


# -- putting in -----------------------------------------------------------------------------------


def test_import_dry_run_json_then_yes_then_again(here: Path) -> None:
    plan = str(DATA / "plan.csv")
    dry = as_json(
        dondoc("import", plan, "--directive", "21/KH-BCĐ", "--issued", "2026-09-03",
               "--dry-run", "--json", cwd=here)
    )  # fmt: skip
    assert dry["directive"]["number"] == "21/KH-BCĐ"
    assert len(dry["tasks"]) == 5
    first = dry["tasks"][0]
    assert {"where", "line", "title", "deliverable", "deadline", "kind", "due", "lead",
            "coordinate", "send_to"} <= set(first)  # fmt: skip
    assert first["due"][0] == "2026-09-24"
    assert as_json(dondoc("status", "--json", cwd=here))["totals"]["total"] == 0, "a dry run stored"
    refused = dondoc("import", plan, "--directive", "21/KH-BCĐ", "--json", cwd=here).refused()
    assert "--yes" in refused
    imported(here)
    rows = as_json(dondoc("plan", "--from", "2026-09-01", "--to", "2026-12-31", "--json", cwd=here))
    imported(here)
    again = dondoc("plan", "--from", "2026-09-01", "--to", "2026-12-31", "--json", cwd=here)
    assert as_json(again) == rows, "a second import changed the plan"
    assert {"at", "agency", "channel", "step", "duties"} == set(rows[0])
    assert all(row["channel"] is None for row in rows)


def test_drafts_go_out_as_a_sheet_and_come_back(here: Path) -> None:
    plan = ["import", str(DATA / "plan.csv"), "--directive", "21/KH-BCĐ", "--issued", "2026-09-03"]
    said = dondoc(*plan, "--to-sheet", "nháp.xlsx", cwd=here).fine()
    assert "Đã ghi 5 nhiệm vụ" in said
    assert "đã có" in dondoc(*plan, "--to-sheet", "nháp.xlsx", cwd=here).refused()
    dondoc(*plan, "--to-sheet", "nháp.csv", cwd=here).refused()
    plain = as_json(dondoc(*plan, "--dry-run", "--json", cwd=here))
    back = as_json(dondoc(*plan, "--sheet", "nháp.xlsx", "--dry-run", "--json", cwd=here))
    assert back == plain
    assert as_json(dondoc("status", "--json", cwd=here))["totals"]["total"] == 0
    dondoc(*plan, "--sheet", str(DATA / "plan.csv"), "--yes", cwd=here).refused()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda path: path.exists(), id="missing"),
        pytest.param(lambda path: path.mkdir(), id="folder"),
        pytest.param(lambda path: path.write_bytes(b""), id="empty"),
        pytest.param(lambda path: path.write_bytes(os.urandom(4096)), id="noise"),
        pytest.param(
            lambda path: path.write_text("một cột\nkhông gì cả\n", "utf-8"), id="no-table"
        ),
    ],
)
@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".exe"])
def test_unreadable_files_are_refused(make: Any, ending: str, here: Path) -> None:
    path = here / f"tệp{ending}"
    make(path)
    dondoc("import", str(path), "--directive", "1/KH", "--yes", cwd=here).refused()
    dondoc("agencies", "load", str(path), cwd=here).refused()


def test_secret_documents_are_refused(here: Path) -> None:
    text = (DATA / "plan.csv").read_text("utf-8").replace("I. BÁO CÁO,1", "TUYỆT MẬT,1", 1)
    (here / "mat.csv").write_text("Độ mật: TUYỆT MẬT\n" + text, "utf-8")
    done = dondoc("import", "mat.csv", "--directive", "1/KH", "--yes", cwd=here)
    assert done.code == 1
    assert as_json(dondoc("status", "--json", cwd=here))["totals"]["total"] == 0


def test_invite(here: Path) -> None:
    made = as_json(dondoc("invite", "--agency", "SYT", "--role", "focal", "--json", cwd=here))
    assert {"code", "link", "expires"} <= set(made)
    assert datetime.fromisoformat(made["expires"]).tzinfo is not None
    assert (
        "Sở Thời tiết"
        in dondoc("invite", "--agency", "Sở Thời tiết", "--role", "focal", cwd=here).refused()
    )
    assert "--agency" in dondoc("invite", "--role", "focal", cwd=here).refused()
    dondoc("invite", "--role", "staff", cwd=here).fine()


# -- looking --------------------------------------------------------------------------------------


def test_plan_and_status(here: Path) -> None:
    imported(here)
    rows = as_json(dondoc("plan", "--from", "2026-09-07", "--to", "2026-09-30", "--json", cwd=here))
    mornings = {row["at"] for row in rows if row["agency"] == "Sở Tài chính"}
    assert mornings == {f"2026-09-{day}T08:00+07:00" for day in ("10", "17", "22", "24")}
    dondoc("plan", "--from", "2026-09-30", "--to", "2026-09-01", cwd=here).refused()
    status = as_json(dondoc("status", "--json", cwd=here))
    keys = {"total", "done_on_time", "done_late", "open", "due_soon", "overdue", "not_started"}
    assert keys <= set(status["totals"])
    assert all(keys <= set(row) for row in status["agencies"])
    dondoc("status", "--agency", "Sở Y tế", cwd=here).fine()
    dondoc("status", "--agency", "Sở Thời tiết", cwd=here).refused()


def test_deadline(tmp_path: Path) -> None:
    phrase = "trước ngày 25 của tháng cuối quý"
    words = dondoc("deadline", phrase, "--from", "2026-07-01", cwd=tmp_path).fine()
    assert "24" in words
    one = as_json(dondoc("deadline", phrase, "--from", "2026-07-01", "--json", cwd=tmp_path))
    assert one["due"] == ["2026-09-24", "2026-12-24", "2027-03-24", "2027-06-24"]
    assert one["sure"] is True
    assert dondoc("deadline", "lạc lối giữa rừng", cwd=tmp_path).code == 1
    assert dondoc("deadline", cwd=tmp_path).code == 2
    given = [{"text": phrase, "reference": "2026-07-01"}, {"text": "🙈", "reference": "2026-07-01"}]
    lines = "\n".join(json.dumps(each, ensure_ascii=False) for each in given)
    answers = [
        json.loads(line)
        for line in dondoc("deadline", "--jsonl", cwd=tmp_path, given=lines).fine().splitlines()
    ]
    assert [each["text"] for each in answers] == [phrase, "🙈"]
    assert set(answers[0]) == {"text", "kind", "due", "time", "sure", "explain"}
    assert answers[0]["due"] == one["due"]
    assert answers[1]["due"] == []
    for bad in ("nope", "[]", '{"text": 5', '{"text": "x", "reference": "2026-13-01"}', '"x"'):
        assert "dòng 1" in dondoc("deadline", "--jsonl", cwd=tmp_path, given=bad).refused()
    assert not list(tmp_path.iterdir())


def test_reply(tmp_path: Path) -> None:
    text = "xong 127 số 45/BC-SYT ngày 20/12/2026"
    one = as_json(dondoc("reply", text, "--json", cwd=tmp_path))
    assert one == {"text": text, "intent": "done", "duties": [127], "number": "45/BC-SYT",
                   "date": "2026-12-20"}  # fmt: skip
    dondoc("reply", "chưa xong", cwd=tmp_path).fine()
    given = "\n".join(json.dumps({"text": each}) for each in ("chưa xong", "1", "", "x" * 70_000))
    answers = dondoc("reply", "--jsonl", cwd=tmp_path, given=given).fine().splitlines()
    assert [json.loads(each)["intent"] for each in answers] == ["none", "ack", "none", "none"]
    assert "dòng 1" in dondoc("reply", "--jsonl", cwd=tmp_path, given="{}").refused()
    assert not list(tmp_path.iterdir())


def test_doctor_says_what_is_missing(here: Path) -> None:
    imported(here)
    done = dondoc("doctor", "--json", cwd=here)
    assert done.code == 1
    findings = json.loads(done.out)
    assert any(not each["ok"] and "thường trực" in each["what"] for each in findings)
    assert any(not each["ok"] and "không liên lạc được" in each["what"] for each in findings)
    config = here / "config.toml"
    config.write_text('[telegram]\nbase_url = "http://127.0.0.1:9"\n', "utf-8")
    done = dondoc("doctor", cwd=here, env=environment(DONDOC_TELEGRAM__TOKEN=TOKEN))
    assert done.code == 1
    assert "không kết nối được" in done.out
    assert "FakeFake" not in done.out + done.err


# -- keeping --------------------------------------------------------------------------------------


def test_backup_and_restore(here: Path) -> None:
    imported(here)
    before = as_json(dondoc("status", "--json", cwd=here))
    dondoc("backup", "--to", "sao.db", cwd=here).fine()
    assert stat.S_IMODE((here / "sao.db").stat().st_mode) == 0o600
    assert "đã có" in dondoc("backup", "--to", "sao.db", cwd=here).refused()
    with only_one(here / "data" / "dondoc.lock"):
        assert "Dừng dondoc run" in dondoc("restore", "sao.db", cwd=here).refused()
    (here / "data" / "dondoc.db").unlink()
    for beside in (here / "data").glob("dondoc.db-*"):
        beside.unlink()
    assert as_json(dondoc("status", "--json", cwd=here)) != before
    (here / "not.db").write_text("không phải cơ sở dữ liệu", "utf-8")
    dondoc("restore", "not.db", cwd=here).refused()
    dondoc("restore", "missing.db", cwd=here).refused()
    dondoc("restore", "sao.db", cwd=here).fine()
    assert as_json(dondoc("status", "--json", cwd=here)) == before
    kept = list((here / "data").glob("*before-restore*"))
    assert kept, "the database that was replaced is gone"


def test_damaged_database_is_told_in_one_line(here: Path) -> None:
    (here / "data" / "dondoc.db").write_bytes(b"not a database at all" * 100)
    assert "sao lưu" in dondoc("status", cwd=here).refused()


def test_erase_asks_and_names_no_stranger(here: Path) -> None:
    assert "Không có" in dondoc("erase", "telegram:1", "--yes", cwd=here).refused()
    assert "Không có" in dondoc("erase", "nonsense", cwd=here).refused()


def test_run_on_the_console_binds_and_answers(here: Path) -> None:
    """No messenger configured: `dondoc run` speaks with whoever sits at the terminal."""
    imported(here)
    code = as_json(dondoc("invite", "--role", "staff", "--json", cwd=here))["code"]
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "run"], cwd=here, env=environment(),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(f"@thao /start {code}\n/status\n")
        process.stdin.flush()
        heard = ""
        while "Tình hình thực hiện" not in heard:
            line = process.stdout.readline()
            assert line, "it ended by itself"
            heard += line
        assert "Đã kết nối" in heard
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in errors
    gone = as_json(dondoc("erase", "console:thao", "--yes", "--json", cwd=here))
    assert gone["certificate"]["rows"]["contact"] == 1
    again = as_json(dondoc("certificate", gone["code"], "--out", "giay.docx", "--json", cwd=here))
    assert again == gone
    assert (here / "giay.docx").stat().st_size > 5000
    assert "không có" in dondoc("certificate", "0123456789abcdef", cwd=here).refused()


# -- as a package ---------------------------------------------------------------------------------


def test_wheel_works_from_another_folder(tmp_path: Path) -> None:
    """What is installed is what was tested: templates, migrations and data are in the wheel."""
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path),
         str(ROOT)],
        capture_output=True, text=True, timeout=100, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    target, office = tmp_path / "installed", tmp_path / "office"
    office.mkdir()
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
         "--target", str(target), str(wheel)],
        capture_output=True, timeout=100, check=True,
    )  # fmt: skip
    # Only the wheel and its dependencies: not the tree, nor the editable install that points to it.
    libraries = sysconfig.get_paths()["purelib"]
    env = environment(PYTHONPATH=os.pathsep.join((str(target), libraries)))
    code = f"import bot.cli; assert bot.__path__[0].startswith({str(target)!r}); bot.cli.main()"
    command = (sys.executable, "-S", "-c", code)
    done = dondoc_by(command, "init", "--json", cwd=office, env=env)
    assert json.loads(done.fine())["created"] is True
    assert "Đôn đốc lần" in dondoc_by(command, "demo", cwd=office, env=env).fine()


# -- the report of a period -----------------------------------------------------------------------


def test_report_writes_files_and_json(here: Path) -> None:
    imported(here)
    env = environment(DONDOC_AS_OF="2026-09-25T09:00")
    period = ("--period", "quý 3/2026")
    data = as_json(dondoc("report", "quarterly", *period, "--json", cwd=here, env=env))
    assert data["period"] == "2026-Q3"
    assert data["totals"]["total"] == len(data["duties"]["total"]) > 0
    for name, magic in (("a.docx", b"PK"), ("b.xlsx", b"PK")):
        dondoc("report", "quarterly", *period, "--out", name, cwd=here, env=env).fine()
        assert (here / name).read_bytes().startswith(magic)
    assert "Báo cáo quý III năm 2026" in dondoc("report", "quarterly", cwd=here, env=env).fine(), (
        "the latest quarter whose figures have closed"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["quarterly", "--period", "2026-09"], "không phải là kỳ báo cáo quý"),
        (["monthly", "--period", "hôm nào"], "Không đọc được kỳ báo cáo"),
        (["year", "--out", "a.pdf"], ".docx hoặc .xlsx"),
        (["year", "--out", "không có/a.docx"], "Không ghi được"),
    ],
)
def test_report_refuses_in_one_line(here: Path, arguments: list[str], words: str) -> None:
    done = dondoc("report", *arguments, cwd=here)
    assert done.code == 1
    assert words in done.err
    assert len(done.err.strip().splitlines()) == 1
