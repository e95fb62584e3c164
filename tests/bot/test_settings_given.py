"""Settings as people give them: each mistake ends in one Vietnamese line with the key's name."""

import tomllib
from datetime import time
from pathlib import Path

import pytest

from bot.settings import ConfigTrouble, load


def loaded(folder: Path, text: str | bytes) -> str:
    """What is said of a config.toml; "" where it is taken."""
    path = folder / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    try:
        load(path)
    except ConfigTrouble as trouble:
        return str(trouble)
    return ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[reminders]\nat = 8\n", "reminders.at"),
        ('[reminders]\nat = "8"\n', "giờ:phút"),
        ('[reminders]\nat = "8h"\n', ""),
        ('[reminders]\nat = "25:00"\n', "giờ có thật"),
        ('[reminders]\nat = "08:00+07:00"\n', "giờ Việt Nam"),
        ("[reminders]\nat = 08:00:00\n", ""),
        ("[backup]\nat = 01:00:00.5\n", ""),
        ("[reminders]\nat = 2026-01-01T08:00:00Z\n", "reminders.at"),
        ('[reminders]\nworking_hours = "7h30 - 17h"\n', ""),
        ('[reminders]\nworking_hours = "sáng đến chiều"\n', "working_hours"),
        ('[web]\nport = "tám"\n', "web.port"),
        ("[web]\nport = -1\n", "không được nhỏ hơn 0"),
        ('timezone = "Asia/Ho_Chi_Minh"\n', "'timezone'"),
        ("web = 5\n", "giá trị của web"),
        ("[web]\nport = 1\n[web]\n", "hai lần"),
        ("[web]\nhost = “127.0.0.1”\n", "ngoặc kép thẳng"),
        ('[paths]\ndata_dir = "C:\\Users"\n', "viết hai lần"),
        ('[web]\nhost = "x\n', "ngoặc kép đóng"),
        ("[reminders]\nleads = [10, 5\n", "thiếu dấu ]"),
        ("[web]\nport 8080\n", "khóa = giá trị"),
        (b"\xef\xbb\xbf[web]\r\nport = 9\r\n", ""),
        ("[web]\nport = 9\n".encode("utf-16"), "UTF-8"),
    ],
)
def test_a_file(tmp_path: Path, text: str | bytes, words: str) -> None:
    said = loaded(tmp_path, text)
    assert words in said
    assert bool(said) == bool(words)
    assert "\n" not in said


def test_an_hour_is_what_it_says(tmp_path: Path) -> None:
    assert not loaded(tmp_path, '[reminders]\nat = "9h30"\n')
    assert load(tmp_path / "config.toml").reminders.at == time(9, 30)


def test_a_mark_before_the_first_letter_does_not_hide_a_token(tmp_path: Path) -> None:
    """An editor's mark must not open a file to others."""
    assert not loaded(tmp_path, b'\xef\xbb\xbf[telegram]\ntoken = "1:x"\n')
    (tmp_path / "config.toml").chmod(0o644)
    with pytest.raises(ConfigTrouble, match="chmod 600"):
        load(tmp_path / "config.toml")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DONDOC_WEB__PORT", "x", "DONDOC_WEB__PORT: giá trị của web.port"),
        ("DONDOC_WEB__PRT", "1", "DONDOC_WEB__PRT: không có khóa"),
        ("DONDOC_TELEGRAN__TOKEN", "1:x", "DONDOC_TELEGRAN__TOKEN không thuộc mục nào"),
        ("DONDOC_ZALO__MORE", "[{", "DONDOC_ZALO… không đọc được"),
        ("DONDOC_REMINDERS__AT", "8h", ""),
    ],
)
def test_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    said = loaded(tmp_path, "[web]\nport = 9\n")
    assert words in said
    assert bool(said) == bool(words)
    assert value not in said.replace(name, "") or value in {"x", "1"}


def test_the_example_is_taken_as_it_is(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "config.example.toml"
    assert tomllib.loads(example.read_text("utf-8"))
    assert not loaded(tmp_path, example.read_bytes())
