"""What is said when a file cannot be taken in."""

from collections.abc import Iterable
from pathlib import PurePath


class IntakeError(Exception):
    """A file that is refused as a whole; nothing of it is kept.

    `message` is one Vietnamese line that says what to do, `line` the line of the file (None: all
    of it).
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line

    def __str__(self) -> str:
        return f"Dòng {self.line}: {self.message}" if self.line else self.message


def unreadable(name: str, known: Iterable[str]) -> IntakeError:
    """For a file of a kind there is no reader for; `known`: the endings there are ones for."""
    ending = PurePath(name).suffix
    said = f"loại tệp “{ending}”" if ending else f"tệp “{name}” vì tên không có đuôi (như .docx)"
    return IntakeError(f"Chưa đọc được {said}; đọc được các loại: {', '.join(known)}.")
