"""Which approved template says what, and with which words it is filled.

An office words its templates itself and names their blanks as it likes; here they are filled from
the few facts of a reminder.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from scheduler.channel import Summary

# What a blank may be filled with, and the name it has where the office gives none.
FACTS = ("so", "viec", "han", "co_quan", "so_viec")
LONGEST = 100  # characters; Zalo refuses longer values in most kinds of blanks

_SPEC = re.compile(r"(?P<id>[\w-]{1,64})(?:\s*:\s*(?P<blanks>.+))?")


@dataclass(frozen=True, slots=True)
class Template:
    """One approved template: its number, and (blank, fact) pairs."""

    id: str
    blanks: tuple[tuple[str, str], ...]

    def fill(self, summary: Summary) -> dict[str, str]:
        facts = facts_of(summary)
        return {blank: facts[fact] for blank, fact in self.blanks}


def read_template(text: str) -> Template | None:
    """ "123456", "123456: so, viec" or "123456: ma=so, noi_dung=viec"; None for "".

    Raises ValueError, with a Vietnamese line, for anything else.
    """
    if not text.strip():
        return None
    match = _SPEC.fullmatch(text.strip())
    if match is None:
        raise ValueError('mẫu tin viết như "123456" hoặc "123456: ma=so, noi_dung=viec, han"')
    blanks = [part.strip() for part in (match["blanks"] or ",".join(FACTS)).split(",")]
    pairs = [
        (blank.partition("=")[0].strip(), blank.rpartition("=")[2].strip()) for blank in blanks
    ]
    for blank, fact in pairs:
        if not blank or fact not in FACTS:
            raise ValueError(f"không có nội dung {fact!r}; chọn trong: {', '.join(FACTS)}")
    return Template(match["id"], tuple(pairs))


def facts_of(summary: Summary) -> dict[str, str]:
    """The facts as a template shows them."""
    numbers = ", ".join(map(str, summary.numbers))
    several = len(summary.numbers) > 1
    task = f"{len(summary.numbers)} đầu việc, gần nhất: {summary.task}" if several else summary.task
    return {
        "so": _cut(numbers),
        "viec": _cut(task),
        "han": f"{summary.due_on:%d/%m/%Y}",
        "co_quan": _cut(summary.agency),
        "so_viec": str(len(summary.numbers)),
    }


@dataclass(frozen=True, slots=True)
class Templates:
    """The office's templates; None where it has none for a purpose."""

    reminder: Template | None = None
    urge: Template | None = None
    digest: Template | None = None

    def any(self) -> bool:
        return any((self.reminder, self.urge, self.digest))

    def of(self, summary: Summary) -> Template | None:
        """The template for a message: its own, else the nearest one that says no less."""
        nearest: Mapping[str, tuple[Template | None, ...]] = {
            "reminder": (self.reminder, self.digest, self.urge),
            "urge": (self.urge, self.reminder, self.digest),
            "digest": (self.digest, self.reminder, self.urge),
        }
        return next((each for each in nearest[summary.purpose] if each is not None), None)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"
