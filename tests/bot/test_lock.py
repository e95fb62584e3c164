"""One process a data folder, and a clear word where the folder cannot be used."""

from pathlib import Path

import pytest

from bot.opening import AlreadyRunning, only_one
from registry.database import DatabaseTrouble


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    with only_one(tmp_path / "lock"), pytest.raises(AlreadyRunning), only_one(tmp_path / "lock"):
        pass
    with only_one(tmp_path / "lock"):
        pass


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder", encoding="utf-8")
    named = pytest.raises(DatabaseTrouble, match="Không ghi được vào thư mục dữ liệu")
    with named, only_one(tmp_path / "data" / "lock"):
        pass
