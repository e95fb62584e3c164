"""What a person must see before a directive is stored."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """Something a person must see. `blocking`: nothing is imported until it is put right."""

    line: int
    message: str
    blocking: bool = True
