"""Names of agencies where no list of agencies is loaded: taken as a directive writes them.

A directive explains itself: what it writes out once ("Sở Thông tin và Truyền thông") says what its
short forms mean ("sở TT&TT"), and its brackets say who "cơ quan Thường trực" is.
"""

import re
from collections import Counter
from collections.abc import Iterable

from deadlines.text import clean
from intake.actors import Scanner, Text, opens_name
from intake.flat import flat
from intake.names import Resolver
from registry import naming
from registry.agencies import How, Known, Match

_OTHERS = re.compile(
    r"\b(?:lien quan|dia phuong|don vi|co quan|to chuc|so|nganh|doan the|xa|phuong|huyen|ubnd|tinh"
    r"|chu tri|phoi hop|thuc hien|tham muu|cac|thu truong|lanh dao|dong chi)\b"
)
_ROLE = re.compile(r"(?:co quan|don vi) thuong truc\b[^,;:.()]*")


class PlainNames:
    """A :class:`intake.names.Resolver` over the names of one directive."""

    def __init__(self, scanner: Scanner, texts: Iterable[str]) -> None:
        self._scanner = scanner
        self._known: dict[tuple[str, ...], naming.Name] = {}
        self._found: dict[str, Match] = {}
        self._count(texts)

    def _count(self, texts: Iterable[str]) -> None:
        """Of spellings that differ in marks alone, the one most often written is the name."""
        spelled: Counter[str] = Counter()
        for text in texts:
            line = Text.of(clean(text))
            place = 0
            for start in self._scanner.starts(line):
                if start < place:
                    continue
                actors, place = self._scanner.actors(line, start)
                spelled.update(actor.name for actor in actors if actor.kind == "agency")
                place = max(place, start + 1)
        for text, _times in spelled.most_common():
            name = naming.parse(naming.without_title(text))
            if not any(word.initials for word in name.words):
                self._known.setdefault(name.bare, name)

    def find(self, text: str) -> Match:
        tidy = clean(text).strip(" .;,:")
        if tidy not in self._found:
            self._found[tidy] = self._find(tidy)
        return self._found[tidy]

    def resolve(self, text: str) -> Match:
        return self.find(text)

    def _find(self, text: str) -> Match:
        line = Text.of(text)
        actors = self._scanner.one(line, 0)
        if len(actors) != 1 or actors[0].end < len(text):
            longer = actors and actors[0].kind == "agency" and _goes_on(text[actors[0].end :])
            return self._agency(text, text) if longer else Match(text, How.UNKNOWN)
        actor = actors[0]
        if actor.kind == "vague":
            return Match(text, How.UNDEFINED)
        if actor.kind == "group":
            return Match(actor.name, How.GROUP, (Known(0, actor.name),), actor.name)
        return self._agency(text, actor.name)

    def _agency(self, text: str, written: str) -> Match:
        name = naming.parse(naming.without_title(written))
        known = self._known.get(name.bare) or self._spelled(name)
        if known is None:
            return Match(text, How.AGENCY, (Known(0, written),))
        own = known.bare == name.bare
        note = ""
        if own and not naming.same_marks(name, known):
            note = f"khác dấu với “{known.text}” ở chỗ khác trong văn bản"
        shown = written if own and not note else known.text
        return Match(text, How.AGENCY, (Known(0, shown),), note=note)

    def _spelled(self, short: naming.Name) -> naming.Name | None:
        """The one name whose words these letters begin."""
        full = [name for bare, name in self._known.items() if naming.spells(short, bare)]
        return full[0] if len(full) == 1 else None


class WithRoles:
    """Names that a directive gives a role ("cơ quan Thường trực") before those of the list."""

    def __init__(self, inner: Resolver, roles: dict[str, str]) -> None:
        self._inner = inner
        self._roles = roles

    def find(self, text: str) -> Match:
        match = self._inner.find(text)
        return match if match.found else self._role(text, match)

    def resolve(self, text: str) -> Match:
        match = self._inner.resolve(text)
        return match if match.found else self._role(text, match)

    def _role(self, text: str, match: Match) -> Match:
        found = _ROLE.fullmatch(flat(clean(text)).strip(" .;,:"))
        name = self._roles.get("standing") if found else None
        return self._inner.find(name) if name else match


class PlainRoles(WithRoles):
    """As :class:`WithRoles`, where the plain reading would take the role itself for a name."""

    def find(self, text: str) -> Match:
        return self._role(text, self._inner.find(text))

    def resolve(self, text: str) -> Match:
        return self.find(text)


def _goes_on(rest: str) -> bool:
    """Whether words behind what reads as a name are more of it: a cell holds names alone, and
    "Cục Quản lý nhà và thị trường bất động sản" is one."""
    return (
        re.fullmatch(r"(?:,? và | [-–] |, | )[^\W\d_][\w –-]{2,70}", rest) is not None
        and not opens_name(re.sub(r"^[\W]*(?:và\s+)?", "", rest))
        and not _OTHERS.search(flat(rest))
    )


def roles(scanner: Scanner, texts: Iterable[str]) -> dict[str, str]:
    """Who the directive says is the standing agency: "Sở A (cơ quan Thường trực …)", "Cơ quan
    Thường trực … (Sở A)", "Sở A - cơ quan Thường trực …"."""
    found: Counter[str] = Counter()
    for text in texts:
        line = Text.of(clean(text))
        for role in _ROLE.finditer(line.flat):
            behind = re.match(r"\s*\(\s*", line.text[role.end() :])
            if behind:
                actors = scanner.one(line, role.end() + behind.end())
                found.update(actor.name for actor in actors[:1] if actor.kind == "agency")
            before = re.search(r"[^\s(,-]\s*[(,-]\s*(?:là )?$", line.text[: role.start()])
            if before:
                found.update(_ending(scanner, line, before.start() + 1))
    name = found.most_common(1)
    return {"standing": name[0][0]} if name else {}


def _ending(scanner: Scanner, line: Text, end: int) -> list[str]:
    """The agency whose name ends at `end`."""
    starts = [start for start in scanner.starts(line) if end - 90 <= start < end]
    for start in starts:
        actors = scanner.one(line, start)
        if len(actors) == 1 and actors[0].end == end and actors[0].kind == "agency":
            return [actors[0].name]
    return []
