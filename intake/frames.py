"""Tables by their ruled lines."""

from collections import defaultdict
from dataclasses import dataclass

from intake.grid import Row, check_length
from intake.printed import Glyph, cell_text

_NEAR = 3.0


@dataclass(frozen=True)
class Edge:
    """A ruled line: at `at`, from `start` to `end` along the other axis."""

    at: float
    start: float
    end: float


@dataclass
class Frame:
    """A ruled table: where its lines stand."""

    flat: list[Edge]
    upright: list[Edge]
    xs: list[float]
    ys: list[float]

    def holds(self, glyph: Glyph) -> bool:
        x, y = glyph.middle
        return self.xs[0] - 1 <= x <= self.xs[-1] + 1 and self.ys[-1] - 1 <= y <= self.ys[0] + 1

    @property
    def is_table(self) -> bool:
        """Whether it parts anything; a frame around a text does not."""
        return len(self.xs) > 2 and len(self.ys) > 1

    def boxes(self) -> list[tuple[float, float, float, float]]:
        """Each cell, merged ones whole: left, bottom, right, top."""
        held: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        for slot, owner in self._owners().items():
            held[owner].append(slot)
        return [
            (
                min(self.xs[column] for _row, column in slots),
                min(self.ys[row + 1] for row, _column in slots),
                max(self.xs[column + 1] for _row, column in slots),
                max(self.ys[row] for row, _column in slots),
            )
            for slots in held.values()
        ]

    def rows(self, page: int, glyphs: list[Glyph]) -> list[Row]:
        """The cells, row by row; what is merged downwards is repeated in each row it spans."""
        texts: dict[tuple[int, int], list[Glyph]] = defaultdict(list)
        for glyph in glyphs:
            x, y = glyph.middle
            texts[_slot(self.ys, y, down=True), _slot(self.xs, x, down=False)].append(glyph)
        owners = self._owners()
        merged: dict[tuple[int, int], list[Glyph]] = defaultdict(list)
        for slot in sorted(texts):
            merged[owners.get(slot, slot)] += texts[slot]
        cells = {slot: cell_text(held) for slot, held in merged.items()}
        found: list[Row] = []
        for row in range(len(self.ys) - 1):
            line = tuple(
                self._shown(cells, owners, row, column) for column in range(len(self.xs) - 1)
            )
            if any(line):
                found.append(Row(page, line))
                check_length(len(found))
        return found

    def _shown(
        self,
        cells: dict[tuple[int, int], str],
        owners: dict[tuple[int, int], tuple[int, int]],
        row: int,
        column: int,
    ) -> str:
        owner = owners[row, column]
        return cells.get(owner, "") if owner[1] == column else ""

    def _owners(self) -> dict[tuple[int, int], tuple[int, int]]:
        """For each slot the first slot of the cell it belongs to."""
        owners: dict[tuple[int, int], tuple[int, int]] = {}
        for row in range(len(self.ys) - 1):
            middle = (self.ys[row] + self.ys[row + 1]) / 2
            for column in range(len(self.xs) - 1):
                owner = (row, column)
                center = (self.xs[column] + self.xs[column + 1]) / 2
                if column and not _crossed(self.upright, self.xs[column], middle):
                    owner = owners[row, column - 1]
                elif row and not _crossed(self.flat, self.ys[row], center):
                    owner = owners[row - 1, column]
                owners[row, column] = owner
        return owners


def _slot(bounds: list[float], at: float, *, down: bool) -> int:
    for place in range(len(bounds) - 1):
        low, high = sorted((bounds[place], bounds[place + 1]))
        if low <= at <= high:
            return place
    beyond = at < bounds[-1] if down else at > bounds[-1]
    return len(bounds) - 2 if beyond else 0


def _crossed(edges: list[Edge], at: float, along: float) -> bool:
    return any(
        abs(edge.at - at) <= _NEAR and edge.start - _NEAR <= along <= edge.end + _NEAR
        for edge in edges
    )


_Ruled = tuple[list[Edge], list[Edge]]


def frames(flat: list[Edge], upright: list[Edge]) -> list[Frame]:
    """Ruled lines that touch each other make one table."""
    merged: list[_Ruled] = []
    for across in flat:
        touching = [edge for edge in upright if _touch(across, edge)]
        if touching:
            merged = _grown(merged, across, touching)
    found = []
    for flats, uprights in merged:
        xs = _levels([edge.at for edge in uprights])
        ys = _levels([edge.at for edge in flats])[::-1]
        if len(xs) > 1 and len(ys) > 1:
            found.append(Frame(flats, uprights, xs, ys))
    return found


def _grown(merged: list[_Ruled], across: Edge, touching: list[Edge]) -> list[_Ruled]:
    """The groups with one more line, which may join several of them."""
    held = [one for one in merged if any(edge in one[1] for edge in touching)]
    apart = [one for one in merged if one not in held]
    flats = [edge for one in held for edge in one[0]]
    uprights = dict.fromkeys([edge for one in held for edge in one[1]] + touching)
    return [*apart, ([*flats, across], list(uprights))]


def _touch(across: Edge, upright: Edge) -> bool:
    return (
        across.start - _NEAR <= upright.at <= across.end + _NEAR
        and upright.start - _NEAR <= across.at <= upright.end + _NEAR
    )


def _levels(values: list[float]) -> list[float]:
    """The values with those close to each other as one, in growing order."""
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > _NEAR:
            found.append(value)
    return found
