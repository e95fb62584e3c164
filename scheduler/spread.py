"""How measurements spread, as a monitor wants them: counts below fixed bounds, and the sum."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Spread:
    """Counts values by upper bounds (ascending); the last count is for those above all of them."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = self.counts or [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def cumulative(self) -> Iterator[tuple[float, int]]:
        """(bound, how many values are not above it), the last bound infinite."""
        running = 0
        for bound, count in zip((*self.bounds, float("inf")), self.counts, strict=True):
            running += count
            yield bound, running
