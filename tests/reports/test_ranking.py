"""The ranking against the sentence that states its formula."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from reports.ranking import rank
from reports.status import AgencyRow, Counts

counts = st.builds(
    lambda on_time, late, overdue, soon, rest: Counts(
        on_time + late + overdue + soon + rest, on_time, late, overdue + soon + rest, soon, overdue
    ),
    *[st.integers(0, 6)] * 5,
)


@given(st.lists(counts, max_size=12), st.integers(1, 5))
def test_places_follow_the_share_done_on_time(each: list[Counts], minimum: int) -> None:
    rows = [AgencyRow(n, f"Cơ quan {n:02}", one) for n, one in enumerate(each)]
    found = rank(rows, minimum)
    shares = {}
    few = set()
    for row in rows:
        settled = row.counts.done_on_time + row.counts.done_late + row.counts.overdue
        if settled >= minimum:
            shares[row.agency_id] = Fraction(row.counts.done_on_time, settled)
        elif settled:
            few.add(row.agency_id)
    assert {line.agency_id for line in found.apart} == few
    assert all(line.place is None for line in found.apart)
    assert {line.agency_id: line.place for line in found.ranked} == {
        key: 1 + sum(other > share for other in shares.values()) for key, share in shares.items()
    }
    places = [line.place or 0 for line in found.ranked]
    assert places == sorted(places)


def test_equal_shares_share_a_place_and_the_next_is_skipped() -> None:
    rows = [
        AgencyRow(1, "A", Counts(4, 2, 2)),
        AgencyRow(2, "B", Counts(6, 3, 3)),
        AgencyRow(3, "C", Counts(3, 0, 0, 3, 0, 3)),
        AgencyRow(4, "D", Counts(2, 2)),
        AgencyRow(5, "E", Counts(9, 0, 0, 9, 9)),
    ]
    found = rank(rows)
    assert [(line.agency, line.place) for line in found.ranked] == [("A", 1), ("B", 1), ("C", 3)]
    assert [line.agency for line in found.apart] == ["D"], "what is not due yet says nothing"
