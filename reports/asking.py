"""A question about figures, in a form that fits on a button: what is asked is known again when the
button is pressed, whatever was said since. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from deadlines.periods import Period, period_of

# What can be unfolded, each by its letter on a button. Several together mean duties that are all.
FIGURES: Mapping[str, str] = {
    "total": "t",
    "done": "d",
    "done_on_time": "i",
    "done_late": "l",
    "open": "u",
    "due_soon": "s",
    "overdue": "o",
    "not_started": "n",
    "submitted": "c",
    "updates": "p",
    "waiting": "w",
    "ongoing": "g",
}
# Of tasks, not of duties: they cannot be asked for together with another one.
OF_TASKS = frozenset({"waiting", "ongoing"})
_BY_LETTER = {letter: name for name, letter in FIGURES.items()}
_PARTS = re.compile(
    r"(?:a(?P<agency>\d{1,9})|g(?P<group>\d{1,9})|m(?P<member>\d{1,9})|d(?P<directive>\d{1,9})"
    r"|p(?P<period>[\dQHM-]{4,8})|s(?P<section>[0-9A-Z.]{1,12})|f(?P<figures>[a-z]{1,12})"
    r"|n(?P<page>\d{1,4})|(?P<coordinating>c))"
)


@dataclass(frozen=True, slots=True)
class Ask:
    """`figures`: what is to be unfolded; none: the overview. `agency`, `group`, `member`,
    `directive`: ids; `member`: a person's whose portfolio is meant. `section`: the number of a part
    of a directive, as "II". `page` counts from 1."""

    figures: tuple[str, ...] = ()
    agency: int | None = None
    group: int | None = None
    member: int | None = None
    directive: int | None = None
    period: Period | None = None
    section: str = ""
    coordinating: bool = False
    page: int = 1

    def at(self, page: int) -> Self:
        return replace(self, page=page)

    def unfolding(self, *figures: str) -> Self:
        """The same question about some figures, from the first page."""
        return replace(self, figures=figures, page=1)

    def token(self) -> str:
        """Short and ASCII: "a12.p2026-Q3.fo.n2"."""
        ids = zip("agmd", (self.agency, self.group, self.member, self.directive), strict=True)
        said = [f"{letter}{key}" for letter, key in ids if key is not None]
        if self.period is not None:
            said.append(f"p{self.period.key}")
        if self.section:
            said.append(f"s{self.section}")
        if self.coordinating:
            said.append("c")
        if self.figures:
            said.append("f" + "".join(FIGURES[name] for name in self.figures))
        if self.page > 1:
            said.append(f"n{self.page}")
        return "_".join(said)

    @classmethod
    def read(cls, token: str) -> "Ask | None":
        """What a token means; None for anything that is none."""
        known: dict[str, str] = {}
        for part in filter(None, token.split("_")):
            found = _PARTS.fullmatch(part)
            if found is None:
                return None
            known |= {name: value for name, value in found.groupdict().items() if value}
        letters = known.get("figures", "")
        period = period_of(known["period"]) if "period" in known else None
        if any(letter not in _BY_LETTER for letter in letters) or (
            "period" in known and period is None
        ):
            return None

        def key(name: str) -> int | None:
            return int(known[name]) if name in known else None

        return cls(
            tuple(_BY_LETTER[letter] for letter in letters),
            key("agency"),
            key("group"),
            key("member"),
            key("directive"),
            period,
            known.get("section", ""),
            "coordinating" in known,
            key("page") or 1,
        )
