"""dondoc committees and run --installation, as commands."""

import json
from pathlib import Path

from tests.e2e.process import dondoc

HERE, THERE = "tinh-a", "tinh-b"


def give_token(folder: Path, name: str, token: str) -> None:
    config = folder / name / "config.toml"
    lines = config.read_text(encoding="utf-8").splitlines()
    place = lines.index("[telegram]                                    # kênh Telegram")
    lines.insert(place + 1, 'base_url = "http://127.0.0.1:9"')
    kept = [line for line in lines if not line.startswith('base_url = "https://api.telegram')]
    text = "\n".join(kept).replace('token = ""', f'token = "{token}"', 1)
    config.write_text(text + "\n", encoding="utf-8")


def test_committees_are_added_seen_and_checked(tmp_path: Path) -> None:
    made = json.loads(dondoc("committees", "add", HERE, "--json", cwd=tmp_path).fine())
    assert made["invite"]
    dondoc("committees", "add", THERE, cwd=tmp_path).fine()
    assert "đã có" in dondoc("committees", "add", THERE, cwd=tmp_path).refused()
    assert "không dùng được" in dondoc("committees", "add", "../x", cwd=tmp_path).refused()
    config = tmp_path / HERE / "config.toml"
    assert config.stat().st_mode & 0o777 == 0o600
    assert json.loads(dondoc("status", "--config", str(config), "--json", cwd=tmp_path).fine())
    give_token(tmp_path, HERE, "1:a")
    seen = json.loads(dondoc("committees", "list", "--json", cwd=tmp_path).fine())
    assert [(each["name"], each["channels"], each["state"]) for each in seen] == [
        (HERE, ["telegram"], "không chạy"), (THERE, [], ""),
    ]  # fmt: skip
    assert "chưa bật kênh nào" in seen[1]["trouble"]
    # A copied folder is known for what it is, until somebody says that it is meant so.
    give_token(tmp_path, THERE, "2:b")
    (tmp_path / THERE / "data" / "dondoc.db").write_bytes(
        (tmp_path / HERE / "data" / "dondoc.db").read_bytes()
    )
    shown = dondoc("committees", "list", cwd=tmp_path).fine()
    assert f"✘ {THERE}  Cơ sở dữ liệu này là của ban {HERE}." in shown
    dondoc("committees", "adopt", THERE, cwd=tmp_path).fine()
    checked = dondoc("committees", "check", cwd=tmp_path)
    assert checked.code == 1, "the messenger does not answer"
    assert f"[{THERE}]\n✔ Cơ sở dữ liệu mở được" in checked.out


def test_one_committee_or_several_not_both(tmp_path: Path) -> None:
    said = dondoc("run", "--config", "a.toml", "--installation", "b.toml", cwd=tmp_path).refused()
    assert "Chỉ dùng một" in said
    assert "Không có tệp" in dondoc("run", "--installation", "b.toml", cwd=tmp_path).refused()
