"""Which task of a corrected or later directive is which task known before.

Pure: keys first, then the keys a task bore before it was corrected, then nearness of wording. Only
an unambiguous best match counts, and nothing is matched twice; all else is new on one side and gone
on the other, which a person is shown.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz import fuzz

from deadlines.text import clean, fold

# Titles must be the more alike the less else agrees (section, ordinal, leads, deadline); where
# nothing does, not even equal words make one task of two.
_NEEDED = (2.0, 0.8, 0.75, 0.7, 0.66)
_PER_SIGN = 0.1
# The second best must be this much worse, or a person decides.
_MARGIN = 0.05
# Comparing everything with everything ends somewhere: beyond this, rows count as new and gone.
_MOST_PAIRS = 400_000
_NUMBERS = re.compile(r"\d+|\b[ivx]+\b")


@dataclass(frozen=True)
class Side:
    """What matching looks at in a task, stored or drafted. `leads`: ids of agencies; `former`: keys
    it bore before; `live`: it has not ended."""

    key: str
    title: str
    section: str = ""
    ordinal: str = ""
    leads: frozenset[int] = frozenset()
    deadline: str = ""
    former: frozenset[str] = frozenset()
    live: bool = True

    @property
    def base(self) -> str:
        """The key without the mark that tells equal tasks apart."""
        return re.split("[#~]", self.key, maxsplit=1)[0]

    @cached_property
    def words(self) -> str:
        """The title without its deadline, which may be what was corrected."""
        title, deadline = fold(self.title), fold(self.deadline)
        return clean(title.replace(deadline, " ")) if len(deadline) > 3 else title

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        return tuple(sorted(_NUMBERS.findall(self.words)))

    @cached_property
    def chapter(self) -> str:
        return fold(self.section)

    @cached_property
    def term(self) -> str:
        return fold(self.deadline)


def pair(old: Sequence[Side], new: Sequence[Side]) -> dict[int, int]:
    """The place among `new` of each task that was known, with its place among `old`."""
    found: dict[int, int] = {}
    for live in (True, False):
        _by_key(_Open(old, new, found, live))
        _by_former_key(_Open(old, new, found, live))
    _by_nearness(old, new, found)
    return found


@dataclass
class _Open:
    """What is not matched yet; the old ones that live, or those that ended."""

    old: Sequence[Side]
    new: Sequence[Side]
    found: dict[int, int]
    live: bool

    def olds(self) -> list[int]:
        taken = set(self.found.values())
        return [j for j, side in enumerate(self.old) if j not in taken and side.live is self.live]

    def news(self) -> list[int]:
        return [i for i in range(len(self.new)) if i not in self.found]


def _by_key(rest: _Open) -> None:
    """Tasks of one section and title. Where several are equal in these, what else they say tells
    them apart."""
    groups: dict[str, list[int]] = defaultdict(list)
    for j in rest.olds():
        groups[rest.old[j].base].append(j)
    wanted: dict[str, list[int]] = defaultdict(list)
    for i in rest.news():
        if rest.new[i].base in groups:
            wanted[rest.new[i].base].append(i)
    for base, mine in wanted.items():
        theirs = groups[base]
        if len(mine) == len(theirs) == 1:
            rest.found[mine[0]] = theirs[0]
            continue
        for sign in _SIGNS:
            _take(mine, theirs, rest, sign)


_SIGNS: tuple[Callable[[Side], object], ...] = (
    lambda side: (side.leads, side.term, side.ordinal),
    lambda side: (side.leads, side.term),
    lambda side: side.leads,
    lambda side: (side.term, side.ordinal),
    lambda side: side.key,
)


def _take(mine: list[int], theirs: list[int], rest: _Open, sign: Callable[[Side], object]) -> None:
    waiting: dict[object, list[int]] = defaultdict(list)
    for j in theirs:
        waiting[sign(rest.old[j])].append(j)
    for i in list(mine):
        same = waiting[sign(rest.new[i])]
        if same:
            j = same.pop(0)
            rest.found[i] = j
            mine.remove(i)
            theirs.remove(j)


def _by_former_key(rest: _Open) -> None:
    """A correction that is taken back finds its task again."""
    bearers: dict[str, list[int]] = defaultdict(list)
    for j in rest.olds():
        for key in rest.old[j].former:
            bearers[key].append(j)
    for i in rest.news():
        found = [j for j in bearers.get(rest.new[i].key, ()) if j not in rest.found.values()]
        if len(found) == 1:
            rest.found[i] = found[0]


# --- Nearness ------------------------------------------------------------------------------------


def _by_nearness(old: Sequence[Side], new: Sequence[Side], found: dict[int, int]) -> None:
    rest = _Open(old, new, found, live=True)
    edges = {
        (i, j): score
        for i, j in _candidates(rest)
        if (score := nearness(old[j], new[i])) is not None
    }
    while sure := list(_mutual(edges)):
        found.update(sure)
        mine, theirs = {i for i, _ in sure}, {j for _, j in sure}
        edges = {(i, j): s for (i, j), s in edges.items() if i not in mine and j not in theirs}


def _candidates(rest: _Open) -> Iterable[tuple[int, int]]:
    """Pairs worth a look: of one section, or with the same ordinal and leads, or the same title."""
    places: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for j in rest.olds():
        for place in _places(rest.old[j]):
            places[place].append(j)
    pairs: dict[tuple[int, int], None] = {}
    for i in rest.news():
        for place in _places(rest.new[i]):
            pairs |= dict.fromkeys((i, j) for j in places.get(place, ()))
        if len(pairs) > _MOST_PAIRS:
            return ()
    return pairs


def _places(side: Side) -> Iterator[tuple[object, ...]]:
    yield ("section", side.chapter)
    yield ("title", side.words)
    if side.ordinal and side.leads:
        yield ("place", side.ordinal, side.leads)


def nearness(old: Side, new: Side) -> float | None:
    """How near two tasks are; None where they are not to be taken for one another."""
    signs = (
        old.chapter == new.chapter,
        bool(old.ordinal) and old.ordinal == new.ordinal,
        bool(old.leads) and old.leads == new.leads,
        bool(old.term) and old.term == new.term,
    )
    agreed = sum(signs)
    # "quý I" and "quý II" are nearly the same words and two different things.
    if old.numbers != new.numbers and agreed < len(signs):
        return None
    alike = fuzz.ratio(old.words, new.words) / 100
    return alike + _PER_SIGN * agreed if alike >= _NEEDED[agreed] else None


def _mutual(edges: dict[tuple[int, int], float]) -> Iterator[tuple[int, int]]:
    """The pairs that are each other's best by a clear margin."""
    mine: dict[int, list[tuple[float, int]]] = defaultdict(list)
    theirs: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for (i, j), score in edges.items():
        mine[i].append((score, j))
        theirs[j].append((score, i))
    for i, scores in mine.items():
        best = _clear_best(scores)
        if best is not None and _clear_best(theirs[best]) == i:
            yield i, best


def _clear_best(scores: list[tuple[float, int]]) -> int | None:
    ordered = sorted(scores, reverse=True)
    if len(ordered) > 1 and ordered[0][0] - ordered[1][0] < _MARGIN:
        return None
    return ordered[0][1]
