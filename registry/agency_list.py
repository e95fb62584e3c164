"""Writes a list of agencies down. The list is the truth about the agencies it names: their aliases
and groups become what it says; agencies it does not name stay as they are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from deadlines.text import clean
from registry import audit, naming
from registry.agencies import Directory, How
from registry.clock import local_day
from registry.database import insert_new
from registry.people import Actor, Refused
from registry.tables import (
    SINCE_EVER,
    Agency,
    AgencyAlias,
    AgencyGroup,
    AgencyGroupMember,
    Renaming,
    Succession,
)


@dataclass(frozen=True)
class AgencyRow:
    """One line of a list of agencies. None: the list does not say, what is known stays."""

    name: str
    aliases: tuple[str, ...] | None = None
    level: str | None = None
    groups: tuple[str, ...] | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    successors: tuple[str, ...] | None = None


@dataclass(frozen=True)
class LoadResult:
    """How many agencies were new, changed, or stood already as the list has them. `troubles`: rows
    by their place, with what is wrong with their successors; then nothing may be kept."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    troubles: tuple[tuple[int, str], ...] = ()


def load(session: Session, rows: Iterable[AgencyRow], now: datetime) -> LoadResult:
    """Write the rows down; loading the same rows again changes nothing. `now` is aware."""
    writer, listed = _Writer(session, now), list(rows)
    states = [writer.write(row) for row in listed]
    troubles = []
    for place, row in enumerate(listed):
        try:
            if writer.succeed(row) and states[place] == "unchanged":
                states[place] = "changed"
        except Refused as trouble:
            troubles.append((place, str(trouble)))
    result = LoadResult(
        added=states.count("added"),
        changed=states.count("changed"),
        unchanged=states.count("unchanged"),
        troubles=tuple(troubles),
    )
    if result.added or result.changed:
        audit.record(session, now, "agencies.load", added=result.added, changed=result.changed)
    return result


LONGEST_NAME = 200


def create(  # noqa: PLR0913 -- the parts of one line of the list
    session: Session,
    name: str,
    now: datetime,
    *,
    aliases: Sequence[str] = (),
    level: str = "",
    groups: Sequence[str] = (),
    valid_from: date | None = None,
    actor: Actor | None = None,
) -> Agency:
    """Add one agency to the list; it can be resolved at once. `now` is aware, `valid_from` a local
    day (None: as long as anybody remembers).

    Raises Refused, in words for people, for a name that is no name, that means agencies in general
    or a group, or that the list already knows.
    """
    tidy = clean(name).strip(" .;,:")
    day = valid_from or local_day(now)
    check_new_name(Directory.on(session, max(day, local_day(now))), tidy)
    row = AgencyRow(
        tidy, tuple(aliases), level, tuple(groups), valid_from or _free_from(session, tidy)
    )
    agency = _Writer(session, now).add(row)
    audit.record(
        session, now, "agency.created", f"agency:{agency.id}",
        actor.person_id if actor else None, actor.name if actor else "", name=tidy,
    )  # fmt: skip
    return agency


def check_new_name(directory: Directory, name: str) -> None:
    """Raises Refused where no new agency can bear the name on the directory's day."""
    if not any(letter.isalpha() for letter in name) or len(name) > LONGEST_NAME:
        raise Refused("Tên cơ quan phải có chữ và không quá 200 ký tự, ví dụ: Sở Y tế.")
    match = directory.find(name)
    if match.how is How.AGENCY:
        named = match.note or f"là “{match.name}”"
        raise Refused(f"“{name}” đã có trong danh sách: {named}.")
    if match.how is How.GROUP:
        raise Refused(f"“{name}” là tên khối “{match.group}”, không phải một cơ quan.")
    if match.how is How.UNDEFINED:
        raise Refused(f"“{name}” là cách gọi chung, không phải tên một cơ quan.")
    if match.how is How.AMBIGUOUS:
        raise Refused(f"“{name}” đã dùng trong danh sách: {match.note}.")


def _free_from(session: Session, name: str) -> date:
    """From when on a name is free: the day after the last agency that bore it, if there was one."""
    ended = [
        one.valid_to
        for one in session.exec(select(Agency)).all()
        if one.valid_to is not None and naming.parse(one.name).marked == naming.parse(name).marked
    ]
    return max(ended) + timedelta(days=1) if ended else SINCE_EVER


class _Writer:
    def __init__(self, session: Session, now: datetime) -> None:
        self.session = session
        self.now = now
        self.known: dict[tuple[str, ...], list[Agency]] = defaultdict(list)
        for agency in session.exec(select(Agency)).all():
            self._remember(agency)
        for row in session.exec(select(Renaming)).all():
            for name in (row.old_name, row.new_name):
                alike = self.known[naming.parse(name).marked]
                agency = session.get_one(Agency, row.agency_id)
                if agency not in alike:
                    alike.append(agency)
        self.groups = list(session.exec(select(AgencyGroup)).all())

    def write(self, row: AgencyRow) -> str:
        agency = self._same(row)
        if agency is None:
            self.add(row)
            return "added"
        changed = self._update(agency, row)
        return "changed" if changed else "unchanged"

    def add(self, row: AgencyRow) -> Agency:
        name = clean(row.name)
        agency = Agency(
            name=name,
            key=name.casefold(),
            level=row.level or "",
            valid_from=row.valid_from or SINCE_EVER,
            valid_to=row.valid_to,
            created_at=self.now,
        )
        self.session.add(agency)
        self.session.flush()
        self._remember(agency)
        self._set_aliases(agency, row.aliases or ())
        self._set_groups(agency, row.groups or ())
        return agency

    def succeed(self, row: AgencyRow) -> bool:
        """Who takes over from a row's agency, as the list says; whether that is news. An agency's
        last day lies before its successor's, so that no chain ever closes. Raises Refused."""
        agency = self._same(row)
        if agency is None:
            return False
        if row.successors is None or agency.valid_to is None:
            self._check_last_day(agency)
            return False
        after = Directory.on(self.session, agency.valid_to + timedelta(days=1))
        wanted = {_successor(after, agency, name) for name in row.successors}
        mine = select(Succession).where(Succession.agency_id == agency.id)
        old = {one.successor_id: one for one in self.session.exec(mine).all()}
        for gone in old.keys() - wanted:
            self.session.delete(old[gone])
        for new in sorted(wanted - old.keys()):
            self.session.add(Succession(agency_id=_id(agency), successor_id=new))
        self.session.flush()
        self._check_last_day(agency)
        return wanted != old.keys()

    def _check_last_day(self, agency: Agency) -> None:
        if agency.valid_to is None:
            return
        before = self.session.exec(
            select(Agency)
            .join(Succession, col(Succession.agency_id) == col(Agency.id))
            .where(Succession.successor_id == agency.id, col(Agency.valid_to) >= agency.valid_to)
        ).first()
        if before is not None:
            raise Refused(f"“{agency.name}” không thể kết thúc trước khi kế thừa “{before.name}”")

    def _update(self, agency: Agency, row: AgencyRow) -> bool:
        facts = {"level": row.level, "valid_from": row.valid_from, "valid_to": row.valid_to}
        changed = False
        for name, value in facts.items():
            if value is not None and getattr(agency, name) != value:
                setattr(agency, name, value)
                changed = True
        if row.aliases is not None:
            changed |= self._set_aliases(agency, row.aliases)
        if row.groups is not None:
            changed |= self._set_groups(agency, row.groups)
        return changed

    def _same(self, row: AgencyRow) -> Agency | None:
        """The agency of this name at this time. Names are used again after a merger: one that
        ended before the row begins is another agency."""
        alike = self.known[naming.parse(row.name).marked]
        for one in sorted(alike, key=lambda one: one.valid_from, reverse=True):
            if one.valid_from == row.valid_from or _overlap(one, row):
                return one
        return None

    def _remember(self, agency: Agency) -> None:
        self.known[naming.parse(agency.name).marked].append(agency)

    def _set_aliases(self, agency: Agency, aliases: tuple[str, ...]) -> bool:
        wanted = {clean(alias).casefold(): clean(alias) for alias in aliases if clean(alias)}
        mine = select(AgencyAlias).where(AgencyAlias.agency_id == agency.id)
        old = {one.key: one for one in self.session.exec(mine).all()}
        for key in old.keys() - wanted.keys():
            self.session.delete(old[key])
        new = [key for key in wanted if key not in old]
        for key in new:
            self.session.add(AgencyAlias(agency_id=_id(agency), alias=wanted[key], key=key))
        self.session.flush()
        return bool(new) or bool(old.keys() - wanted.keys())

    def _set_groups(self, agency: Agency, names: tuple[str, ...]) -> bool:
        wanted = {self._group(name) for name in names if clean(name)}
        mine = select(AgencyGroupMember).where(AgencyGroupMember.agency_id == agency.id)
        old = {one.group_id: one for one in self.session.exec(mine).all()}
        for group_id in old.keys() - wanted:
            self.session.delete(old[group_id])
        new = [{"group_id": one, "agency_id": _id(agency)} for one in sorted(wanted - old.keys())]
        insert_new(self.session, AgencyGroupMember, new)
        self.session.flush()
        return bool(new) or bool(old.keys() - wanted)

    def _group(self, name: str) -> int:
        words, shape = naming.group_words(name), naming.shape(name)
        for group in self.groups:
            same_shape = shape is not None and naming.shape(group.name) == shape
            if naming.group_words(group.name) == words or same_shape:
                return group.id or 0
        group = AgencyGroup(name=clean(name), key=clean(name).casefold())
        self.session.add(group)
        self.session.flush()
        self.groups.append(group)
        return group.id or 0


def _successor(after: Directory, agency: Agency, name: str) -> int:
    match = after.resolve(name)
    if match.how is How.AGENCY and match.ended is None and match.agencies[0].id != agency.id:
        return match.agencies[0].id
    near = "; ".join(f"“{one.name}”" for one in match.proposals)
    raise Refused(
        f"cơ quan kế thừa “{clean(name)}” không có trong danh sách vào ngày {after.day:%d/%m/%Y}"
        f"{f'; có phải {near}?' if near else ''}"
    )


def _id(agency: Agency) -> int:
    return agency.id or 0


def _overlap(agency: Agency, row: AgencyRow) -> bool:
    first, last = row.valid_from or SINCE_EVER, row.valid_to or date.max
    return agency.valid_from <= last and first <= (agency.valid_to or date.max)
