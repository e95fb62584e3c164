"""Which agency a name means.

:class:`Directory` is the list of agencies as it stands on one day, and resolves names: by name,
alias, spelling, group, initials. A near miss is only ever proposed, never taken.
:mod:`registry.agency_list` writes the list down.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Self

from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlmodel import Session, select

from deadlines.text import clean
from registry import naming
from registry.known import How, Known, Match, Proposal
from registry.tables import (
    Agency,
    AgencyAlias,
    AgencyGroup,
    AgencyGroupMember,
    Renaming,
    Succession,
)

__all__ = ["PROPOSALS", "Directory", "How", "Known", "Match", "Proposal", "resolve"]

PROPOSALS = 3
# Proposals may differ by this share of the name's letters, or go on where it stops.
_FAR = 0.25
_BEGUN = 6


def resolve(session: Session, name: str, on: date) -> Match:
    """What `name` means on the day `on`. To resolve many names, keep a :class:`Directory`."""
    return Directory.on(session, on).resolve(name)


_Spelled = tuple[naming.Name, Known]


class Directory:
    """All agencies and groups as they stand on one day, held in memory."""

    def __init__(
        self, day: date, agencies: Iterable[Known], groups: Sequence[str] | None = None
    ) -> None:
        known = list(agencies)
        self.day = day
        self.agencies = tuple(one for one in known if one.valid(day))
        self._expired = [one for one in known if not one.valid(day)]
        self._by_id = {one.id: one for one in known}
        self._taken_over = _spellings(
            one for one in known if one.successors and one.valid_to and one.valid_to < day
        )
        named = groups if groups is not None else [group for one in known for group in one.groups]
        self.groups = tuple(dict.fromkeys(named))
        self._members: dict[str, list[Known]] = defaultdict(list)
        for one in self.agencies:
            for group in one.groups:
                self._members[group].append(one)
        self._spelled = _spellings(self.agencies)
        self._province = _province(self.agencies)
        self._by_bare = _index(self._spelled, lambda name: name.bare)
        self._by_short = _index(self._spelled, self._short)
        self._seen: dict[str, Match] = {}
        self._told: dict[str, Match] = {}

    @classmethod
    def on(cls, session: Session, day: date) -> Self:
        """The directory as the database has it."""
        names = {one.id: one.name for one in session.exec(select(AgencyGroup)).all()}
        groups: dict[int, list[str]] = defaultdict(list)
        for member in session.exec(select(AgencyGroupMember)).all():
            groups[member.agency_id].append(names[member.group_id])
        aliases: dict[int, list[str]] = defaultdict(list)
        for alias in session.exec(select(AgencyAlias).order_by(AgencyAlias.id)).all():  # type: ignore[arg-type]
            aliases[alias.agency_id].append(alias.alias)
        rows = session.exec(select(Agency).order_by(Agency.id)).all()  # type: ignore[arg-type]
        successors: dict[int, list[int]] = defaultdict(list)
        for each in session.exec(select(Succession)).all():
            successors[each.agency_id].append(each.successor_id)
        former: dict[int, list[str]] = defaultdict(list)
        coming: dict[int, list[str]] = defaultdict(list)
        for renaming in session.exec(select(Renaming).order_by(Renaming.id)).all():  # type: ignore[arg-type]
            if renaming.applied_at is not None:
                former[renaming.agency_id].append(renaming.old_name)
            else:
                coming[renaming.agency_id].append(renaming.new_name)
        known = [
            Known(
                id=one.id or 0,
                name=one.name,
                level=one.level,
                aliases=tuple(aliases[one.id or 0]),
                groups=tuple(sorted(groups[one.id or 0])),
                valid_from=one.valid_from,
                valid_to=one.valid_to,
                former=tuple(name for name in former[one.id or 0] if name != one.name),
                coming=tuple(coming[one.id or 0]),
                successors=tuple(sorted(successors[one.id or 0])),
            )
            for one in rows
        ]
        return cls(day, known, sorted(names.values()))

    def known(self, agency_id: int) -> Known:
        """The agency of an id, in force or not. Raises KeyError where there is none."""
        return self._by_id[agency_id]

    def members(self, group: str) -> tuple[Known, ...]:
        """The agencies of a group, by the group's own name, in the order of the list."""
        return tuple(self._members[group])

    def resolve(self, text: str) -> Match:
        """What a name means, with proposals where it means nothing."""
        match = self.find(text)
        if match.found or match.how is How.AMBIGUOUS:
            return match
        if match.text not in self._told:
            self._told[match.text] = replace(match, proposals=self.near(match.text))
        return self._told[match.text]

    def find(self, text: str) -> Match:
        """As :meth:`resolve`, without looking for near misses."""
        tidy = clean(text).strip(" .;,:")
        if tidy not in self._seen:
            self._seen[tidy] = self._find(tidy)
        return self._seen[tidy]

    def near(self, text: str) -> tuple[Proposal, ...]:
        """Names that differ by few letters, nearest first."""
        wanted = naming.parse(naming.without_title(text)).line
        spelled = [*self._spelled, *self._taken_over]
        lines = {name.line: known.name for name, known in reversed(spelled)}
        lines |= {" ".join(naming.group_words(group)): group for group in self.groups}
        shape = naming.shape(text)
        best: dict[str, int] = {}
        for line, distance, _place in process.extract(
            wanted, list(lines), scorer=OSA.distance, limit=None
        ):
            alike = distance <= max(1, round(len(wanted) * _FAR))
            begun = len(wanted) >= _BEGUN and line.startswith(wanted)
            same = shape is not None and _family(lines[line]) == shape.family
            if alike or begun or same:
                best.setdefault(lines[line], int(distance))
        nearest = sorted(best, key=lambda name: shape is None or _family(name) != shape.family)
        return tuple(Proposal(name, best[name]) for name in nearest[:PROPOSALS])

    # -- steps, surest first ----------------------------------------------------------------------

    def _find(self, tidy: str) -> Match:
        name = naming.parse(tidy)
        if not name.words:
            return Match(tidy, How.UNKNOWN)
        steps = (
            self._as_written, self._as_group, self._as_vague, self._as_taken_over, self._as_short,
        )  # fmt: skip
        for step in steps:
            match = step(name)
            if match is not None:
                return match
        if naming.is_plural(tidy):
            return Match(tidy, How.UNDEFINED)
        return (
            self._as_taken_over(naming.parse(naming.without_title(tidy)), short=True)
            or self._as_expired(name)
            or Match(tidy, How.UNKNOWN)
        )

    def _as_written(self, name: naming.Name) -> Match | None:
        hits = self._by_bare.get(name.bare, [])
        exact = [hit for hit in hits if hit[0].marked == name.marked]
        return self._decide(name, exact or hits)

    def _as_group(self, name: naming.Name) -> Match | None:
        words = naming.group_words(name.text)
        same = [group for group in self.groups if naming.group_words(group) == words]
        found = same or [group for group in self.groups if self._same_group(name.text, group)]
        if not found:
            return None
        if len(found) > 1:
            note = f"có thể là khối {' hoặc '.join(f'“{one}”' for one in found)}"
            return Match(name.text, How.AMBIGUOUS, note=note)
        return Match(name.text, How.GROUP, self.members(found[0]), found[0])

    def _as_vague(self, name: naming.Name) -> Match | None:
        return Match(name.text, How.UNDEFINED) if naming.is_vague(name.text) else None

    def _as_short(self, name: naming.Name) -> Match | None:
        """Without the head's title, "UBND" before a place or "tỉnh" at the end, or by initials."""
        plain = naming.parse(naming.without_title(name.text))
        hits = self._by_short.get(self._short(plain), [])
        exact = [hit for hit in hits if hit[0].bare == plain.bare]
        if not hits:
            hits = [hit for hit in self._spelled if self._spells(plain, hit[0])]
        return self._decide(plain, exact or hits)

    def _as_taken_over(self, name: naming.Name, *, short: bool = False) -> Match | None:
        """The name of an agency that ended: whoever has taken over, with both names shown. Of
        several that bore it one after the other, the last is meant."""
        hits = [hit for hit in self._taken_over if self._alike(name, hit[0], short=short)]
        if not hits:
            return None
        hits = [hit for hit in hits if hit[0].marked == name.marked] or hits
        spelled, ended = max(hits, key=lambda hit: hit[1].valid_to or date.max)
        current = self.successors(ended)
        if not current:
            return None
        names = " hoặc ".join(f"“{one.name}”" for one in current[:5])
        if len(current) > 1:
            note = f"đã kết thúc hoạt động, nay có thể là {names}"
            return Match(name.text, How.AMBIGUOUS, current, note=note, ended=ended)
        note = f"nay là {names}"
        if spelled.bare == name.bare and not naming.same_marks(name, spelled):
            note = f"khác dấu với “{ended.name}”, {note}"
        return Match(name.text, How.AGENCY, current, note=note, ended=ended)

    def _alike(self, name: naming.Name, spelled: naming.Name, *, short: bool) -> bool:
        if short:
            return self._short(name) == self._short(spelled)
        return name.bare == spelled.bare

    def successors(self, ended: Known) -> tuple[Known, ...]:
        """Who, on the directory's day, has taken over from an agency, through all changes since."""
        found: dict[int, Known] = {}
        waiting, seen = list(ended.successors), {ended.id}
        while waiting:
            one = self._by_id.get(waiting.pop(0))
            if one is None or one.id in seen:
                continue
            seen.add(one.id)
            if one.valid(self.day):
                found[one.id] = one
            else:
                waiting.extend(one.successors)
        return tuple(found.values())

    def _as_expired(self, name: naming.Name) -> Match | None:
        for spelled, known in _spellings(self._expired):
            if spelled.bare == name.bare:
                return Match(name.text, How.EXPIRED, (known,), note=_validity(known))
        return None

    # -- helpers ----------------------------------------------------------------------------------

    def _decide(self, name: naming.Name, hits: list[_Spelled]) -> Match | None:
        """One agency is a match. A name outranks another agency's alias."""
        if not hits:
            return None
        by_name = [hit for hit in hits if hit[0].text == clean(hit[1].name)]
        meant = {known.id: (spelled, known) for spelled, known in reversed(by_name or hits)}
        agencies = tuple(known for _spelled, known in reversed(meant.values()))
        if len(agencies) > 1:
            names = " hoặc ".join(f"“{one.name}”" for one in agencies[:5])
            return Match(name.text, How.AMBIGUOUS, agencies, note=f"có thể là {names}")
        spelled = hits[0][0]
        note = _renamed(agencies[0], (by_name or hits)[0][0])
        if spelled.bare == name.bare and not naming.same_marks(name, spelled):
            note = f"khác dấu với “{agencies[0].name}”"
        return Match(name.text, How.AGENCY, agencies, note=note)

    def _short(self, name: naming.Name) -> tuple[str, ...]:
        return naming.without_tail(naming.place(name.bare), self._province)

    def _spells(self, short: naming.Name, full: naming.Name) -> bool:
        forms = {full.bare, self._short(full)}
        return any(naming.spells(short, form) for form in forms)

    def _same_group(self, text: str, group: str) -> bool:
        """Whether two names of well-known groups cover the same agencies: kinds of places that
        are not named must have no member."""
        wanted, known = naming.shape(text), naming.shape(group)
        if wanted is None or known is None or wanted.family != known.family:
            return False
        if not wanted.kinds or wanted.kinds == known.kinds:
            return True
        kinds = {naming.place_kind(one.name) for one in self._members[group]}
        return kinds <= wanted.kinds


def _spellings(agencies: Iterable[Known]) -> list[_Spelled]:
    return [
        (naming.parse(text), one)
        for one in agencies
        for text in (one.name, *one.aliases, *one.former, *one.coming)
    ]


def _renamed(known: Known, spelled: naming.Name) -> str:
    """What a person should see of a name the agency bore or will bear."""
    if spelled.text in map(clean, known.former):
        return f"nay là “{known.name}”"
    if spelled.text in map(clean, known.coming):
        return f"hiện nay là “{known.name}”"
    return ""


def _index(
    spelled: list[_Spelled], key: Callable[[naming.Name], tuple[str, ...]]
) -> dict[tuple[str, ...], list[_Spelled]]:
    found: dict[tuple[str, ...], list[_Spelled]] = defaultdict(list)
    for name, known in spelled:
        found[key(name)].append((name, known))
    return dict(found)


def _province(agencies: Iterable[Known]) -> tuple[str, ...]:
    """The province's own name, where the list gives it away ("… chi nhánh tỉnh Thanh Hóa")."""
    places = set()
    for one in agencies:
        words = naming.parse(one.name).bare
        if "tinh" in words[1:-1]:
            places.add(words[words.index("tinh", 1) + 1 :])
    return places.pop() if len(places) == 1 else ()


def _family(group: str) -> str:
    shape = naming.shape(group)
    return shape.family if shape else "none"


def _validity(known: Known) -> str:
    if known.valid_to is not None:
        return f"“{known.name}” hết hiệu lực từ sau ngày {known.valid_to:%d/%m/%Y}"
    return f"“{known.name}” chỉ có từ ngày {known.valid_from:%d/%m/%Y}"
