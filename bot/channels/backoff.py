"""How long to wait after failures in a row."""

import random


def pause_after(failures: int, first: float, longest: float) -> float:
    """Seconds to wait after so many failures in a row: doubling from `first` up to `longest`, less
    up to a half at random, so that many bots do not return at once."""
    longer = min(longest, first * 2.0 ** min(failures - 1, 16))
    return longer * random.uniform(0.5, 1.0)  # noqa: S311 -- jitter, not secrecy  # nosec B311
