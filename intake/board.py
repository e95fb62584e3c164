"""The review of one directive before it is stored: what was read, and what a person changed of it.

A :class:`Board` is a value: every change gives a new one. Rows keep their numbers, dropped ones
too, so that "bỏ 7" and then "bỏ 8" mean what they meant when the list was shown.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from intake.drafts import Draft, DraftTask
from intake.importing import ImportOrder
from intake.source import Source
from intake.task_rows import TaskRow

Column = Literal["title", "deliverable", "deadline", "lead", "coordinate", "send_to"]
Fact = Literal["number", "issued", "title", "owed_from", "owed_until", "unnumbered"]
# A running number left blank: "/TB-UBND".
BLANK = ("/", "-")
# Who names several agencies in one cell parts them so.
_BETWEEN = "; "
_DATED: frozenset[Fact] = frozenset({"issued", "owed_from", "owed_until"})


@dataclass(frozen=True)
class Board:
    """`source`: as read, every row in it; `dropped`, `accepted`: places of rows, from 0; `facts`:
    what a person said of the directive itself (days as ISO text)."""

    source: Source
    dropped: frozenset[int] = frozenset()
    accepted: frozenset[int] = frozenset()
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def kept(self) -> list[int]:
        """Places of the rows that are not dropped, in order."""
        return [place for place in range(len(self.source.rows)) if place not in self.dropped]

    @property
    def unnumbered(self) -> bool:
        """The copy leaves its number blank, and nobody has told it or said that it has none."""
        number = self.facts.get("number") or self.source.head.number
        return number.startswith(BLANK) or not number if "unnumbered" not in self.facts else False

    def remaining(self) -> Source:
        """The source without the dropped rows: what would be stored."""
        return self.source.with_rows([self.source.rows[place] for place in self.kept])

    def numbered(self, draft: Draft) -> list[tuple[int, DraftTask]]:
        """The tasks of a draft of :meth:`remaining`, each with the number people type, from 1."""
        kept = self.kept
        return [(kept[task.place] + 1, task) for task in draft.tasks]

    def order(self, terms: ImportOrder) -> ImportOrder:
        """The office's way of counting with what was said of this directive."""
        days = {name: date.fromisoformat(self.facts[name]) for name in _DATED & set(self.facts)}
        return replace(
            terms,
            number=self.facts.get("number", terms.number),
            title=self.facts.get("title", terms.title),
            issued=days.get("issued", terms.issued),
            owed_from=days.get("owed_from", terms.owed_from),
            owed_until=days.get("owed_until", terms.owed_until),
        )

    # -- changes ----------------------------------------------------------------------------------

    def strange(self, places: Iterable[int]) -> list[int]:
        """Numbers (from 1) among the places that no row has."""
        return [place + 1 for place in places if not 0 <= place < len(self.source.rows)]

    def changed(self, places: Iterable[int], column: Column, value: str) -> "Board":
        """The cell of some rows rewritten; what is changed counts as looked at no more."""
        wanted = set(places)
        change: dict[str, Any] = {column: value}
        rows = [
            replace(row, **change) if place in wanted else row
            for place, row in enumerate(self.source.rows)
        ]
        return replace(self, source=self.source.with_rows(rows), accepted=self.accepted - wanted)

    def added_to(self, places: Iterable[int], column: Column, value: str) -> "Board":
        """One more name in the cell of some rows."""
        board = self
        for place in places:
            old = getattr(self.source.rows[place], column).strip(" -–")
            board = board.changed([place], column, f"{old}{_BETWEEN}{value}" if old else value)
        return board

    def without(self, places: Iterable[int]) -> "Board":
        wanted = frozenset(places)
        return replace(self, dropped=self.dropped | wanted, accepted=self.accepted - wanted)

    def restored(self, places: Iterable[int]) -> "Board":
        return replace(self, dropped=self.dropped - frozenset(places))

    def accepting(self, places: Iterable[int]) -> "Board":
        return replace(self, accepted=self.accepted | frozenset(places))

    def told(self, fact: Fact, value: str) -> "Board":
        """Something said of the directive itself; "" takes it back."""
        facts = {**self.facts, fact: value}
        return replace(self, facts={name: said for name, said in facts.items() if said})

    def with_source(self, source: Source) -> "Board":
        """The whole table replaced, as it came back from a sheet: numbers count anew."""
        return replace(self, source=source, dropped=frozenset(), accepted=frozenset())

    def renamed(self, old: str, new: str) -> tuple["Board", int]:
        """A name rewritten wherever it stands as an agency; how many rows that changed."""
        rows = [_renamed(row, old, new) for row in self.source.rows]
        count = sum(a != b for a, b in zip(rows, self.source.rows, strict=True))
        return replace(self, source=self.source.with_rows(rows)), count

    # -- storage ----------------------------------------------------------------------------------

    def state(self) -> str:
        """What was changed besides the rows, as JSON."""
        return json.dumps(
            {
                "dropped": sorted(self.dropped),
                "accepted": sorted(self.accepted),
                "facts": self.facts,
            },
            ensure_ascii=False,
        )

    @classmethod
    def load(cls, source: str, state: str) -> "Board":
        """Raises ValueError for what :meth:`state` and `Source.to_json` did not write."""
        told: dict[str, Any] = json.loads(state)
        return cls(
            Source.from_json(source),
            frozenset(told.get("dropped", ())),
            frozenset(told.get("accepted", ())),
            dict(told.get("facts", {})),
        )


def _renamed(row: TaskRow, old: str, new: str) -> TaskRow:
    columns: Sequence[Column] = ("lead", "coordinate", "send_to")
    change: dict[str, Any] = {one: getattr(row, one).replace(old, new) for one in columns}
    return replace(row, **change)


@dataclass(frozen=True)
class Step:
    """How one step changed a board, so that it can be taken back: cells by place and column, and
    the state before. `rows`: the whole table before, where it was replaced."""

    cells: tuple[tuple[int, Column, str], ...]
    state: str
    rows: str = ""

    def plain(self) -> dict[str, Any]:
        """For JSON; :meth:`of` reads it back."""
        return {
            "cells": [list(cell) for cell in self.cells],
            "state": self.state,
            "rows": self.rows,
        }

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Step":
        cells = tuple((place, column, value) for place, column, value in told["cells"])
        return cls(cells, told["state"], told["rows"])


def _place(row: TaskRow) -> tuple[int, str, str, str]:
    """What no edit of a cell changes: rows that differ in it are other rows."""
    return row.line, row.where, row.section, row.source


def step_between(before: Board, after: Board) -> Step:
    """What must be known to go back from `after` to `before`."""
    old, new = before.source.rows, after.source.rows
    if [_place(row) for row in old] != [_place(row) for row in new]:
        return Step((), before.state(), before.source.to_json())
    columns: tuple[Column, ...] = (
        "title", "deliverable", "deadline", "lead", "coordinate", "send_to",
    )  # fmt: skip
    cells = tuple(
        (place, column, getattr(one, column))
        for place, (one, other) in enumerate(zip(old, new, strict=True))
        for column in columns
        if getattr(one, column) != getattr(other, column)
    )
    return Step(cells, before.state())


def taken_back(board: Board, step: Step) -> Board:
    """The board before a step."""
    if step.rows:
        return Board.load(step.rows, step.state)
    rows = list(board.source.rows)
    for place, column, value in step.cells:
        change: dict[str, Any] = {column: value}
        rows[place] = replace(rows[place], **change)
    return Board.load(board.source.with_rows(rows).to_json(), step.state)


# -- what stands in the way ------------------------------------------------------------------------


def unknown_names(task: DraftTask) -> list[tuple[str, tuple[str, ...]]]:
    """Names of a task that no agency has, each with the near ones proposed."""
    matches = (*task.leads, *task.coordinates, *task.send_to)
    return [
        (match.text, tuple(one.name for one in match.proposals))
        for match in matches
        if not match.found
    ]


def blocked(task: DraftTask) -> bool:
    return any(problem.blocking for problem in task.messages)


def doubtful(task: DraftTask) -> bool:
    """Worth a second look: something is said about it, or its day could not be computed."""
    return bool(task.messages)
