"""What it means that the database, or the disk it lies on, refuses."""

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import OperationalError

from registry.database import DatabaseDamaged, DatabaseTrouble, sqlite_path
from registry.engines import code_of

# With less than this many bytes free SQLite cannot even begin.
_NOTHING_FREE = 256 * 1024
_WHY = {
    sqlite3.SQLITE_FULL: "đĩa đầy hoặc hết hạn mức; giải phóng dung lượng rồi chạy lại",
    sqlite3.SQLITE_READONLY: "đĩa hoặc tệp chỉ cho đọc; kiểm tra quyền ghi rồi chạy lại",
    sqlite3.SQLITE_CANTOPEN: "không mở được tệp; kiểm tra quyền ghi và dung lượng rồi chạy lại",
    sqlite3.SQLITE_IOERR: "lỗi đọc ghi đĩa; kiểm tra ổ đĩa, dung lượng và quyền ghi rồi chạy lại",
    sqlite3.SQLITE_BUSY: "một chương trình khác đang giữ tệp; đóng chương trình đó rồi chạy lại",
    sqlite3.SQLITE_LOCKED: "một chương trình khác đang giữ tệp; đóng chương trình đó rồi chạy lại",
}


def cannot_store(error: BaseException) -> bool:
    """Whether the database takes nothing at all for now (disk full, locked by another, not to be
    reached), so that the same write may go well later. A write it refuses for what is in it is not
    meant, nor a damaged file."""
    passes = isinstance(error, OperationalError | DatabaseTrouble)
    return passes and not isinstance(error, DatabaseDamaged)


@contextlib.contextmanager
def in_words(url: str) -> Iterator[None]:
    """What the machine refuses an SQLite file meanwhile is raised as DatabaseTrouble, for those who
    do not try again by themselves: a command, a start."""
    try:
        yield
    except OperationalError as error:
        trouble = _refused(error, sqlite_path(url))
        if trouble is None:
            raise
        raise trouble from error


def _refused(error: OperationalError, path: Path | None) -> DatabaseTrouble | None:
    if path is None or not isinstance(error.orig, sqlite3.Error):
        return None
    why = _WHY.get(sqlite3.SQLITE_FULL if _no_room(path) else code_of(error.orig))
    return DatabaseTrouble(f"Không đọc hoặc ghi được {path}: {why}.") if why is not None else None


def _no_room(path: Path) -> bool:
    """A full disk has many names: where the file beside the database cannot grow, it is an error of
    the disk, where it cannot be made, one of opening."""
    with contextlib.suppress(OSError):
        return shutil.disk_usage(path.parent).free < _NOTHING_FREE
    return False
