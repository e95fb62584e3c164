"""The letter that urges an agency (công văn đôn đốc): its overdue duties, where each comes from,
its deadline, and the day of each urge. The read model and the words as blocks; the file is made by
`letter_word.py`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from deadlines.calendar import WorkCalendar
from registry.clock import local, local_day
from registry.tables import Agency, Duty
from registry.types import DutyKind, DutyState
from reports.facts import DutyFacts, load_facts
from reports.papers.body import Block, Office, Paragraph, Table, numbers
from reports.render import Renderer
from reports.vietnamese import cut, num, one_line, short_day

ABOUT = "đôn đốc nhiệm vụ quá hạn"
# A longer list goes on pages of its own.
IN_THE_LETTER = 8


@dataclass(frozen=True, slots=True)
class Letter:
    """What one agency owes and is overdue at a moment (UTC), the longest overdue first."""

    agency_id: int
    agency: str
    at: datetime
    duties: tuple[DutyFacts, ...]

    @property
    def with_annex(self) -> bool:
        return len(self.duties) > IN_THE_LETTER

    @property
    def most_urged(self) -> int:
        """How often the duty urged most often has been urged."""
        return max((facts.urges for facts in self.duties), default=0)


def load_letter(session: Session, agency_id: int, now: datetime, calendar: WorkCalendar) -> Letter:
    """The letter's facts; without duties where nothing is overdue."""
    today = local_day(now)
    ids = session.exec(
        select(Duty.id)
        .where(
            Duty.agency_id == agency_id,
            Duty.state == DutyState.OPEN,
            Duty.kind == DutyKind.DEADLINE,
            Duty.due_on < today,
        )
        .order_by(col(Duty.due_on), col(Duty.number))
    ).all()
    found = load_facts(session, [each for each in ids if each], today, calendar)
    return Letter(agency_id, session.get_one(Agency, agency_id).name, now, tuple(found.values()))


def body_of(letter: Letter, office: Office, renderer: Renderer) -> list[Block]:
    """The body, line by line."""
    owed = letter.duties
    text = renderer.render(
        "papers/letter",
        letter=letter,
        committee=office.committee,
        standing=office.agency,
        urged=[facts for facts in owed if facts.urges],
        hindered=numbers([facts.number for facts in owed if facts.obstacles]),
        asking=numbers([facts.number for facts in owed if facts.extension]),
    ).html
    return list(_blocks(text, letter))


def _blocks(text: str, letter: Letter) -> Iterator[Block]:
    for line in filter(None, text.split("\n")):
        yield table_of(letter) if line == "@duties" else Paragraph(line)


def table_of(letter: Letter) -> Table:
    """The duties, with the day of each urge."""
    return Table(
        head=("TT", "Nhiệm vụ (số việc)", "Văn bản giao", "Thời hạn", "Quá hạn", "Ngày đôn đốc"),
        rows=tuple(
            (
                str(serial),
                f"{cut(facts.title, 600)} (số {facts.number})",
                _source(facts),
                _deadline(facts),
                f"{num(facts.late_days)} ngày",
                _urges(facts),
            )
            for serial, facts in enumerate(letter.duties, start=1)
        ),
        widths=(5, 32, 21, 13, 8, 23),
        left=frozenset({1, 2, 5}),
    )


def _source(facts: DutyFacts) -> str:
    place = f"; {facts.place}" if facts.place else ""
    return cut(f"{facts.directive}{place}", 300)


def _deadline(facts: DutyFacts) -> str:
    if facts.first_due_on is None:
        return short_day(facts.due_on)
    return f"{short_day(facts.due_on)} (gia hạn từ {short_day(facts.first_due_on)})"


def _urges(facts: DutyFacts) -> str:
    days = enumerate(facts.urged_on, start=1)
    return "; ".join(f"Lần\u00a0{n}:\u00a0{short_day(day)}" for n, day in days) or "Chưa có"


def file_name(letter: Letter) -> str:
    """ "Dự thảo công văn đôn đốc Sở Y tế 24.9.2027.docx"."""
    day = short_day(local_day(letter.at)).replace("/", ".")
    return f"Dự thảo công văn đôn đốc {one_line(letter.agency)[:60]} {day}.docx"


def to_contract(letter: Letter) -> dict[str, Any]:
    """Plain data for `--json`."""
    return {
        "agency": letter.agency,
        "at": local(letter.at).isoformat(timespec="minutes"),
        "duties": [
            {
                "number": facts.number,
                "title": facts.title,
                "directive": facts.directive,
                "due_on": facts.due_on.isoformat(),
                "late_days": facts.late_days,
                "urged_on": [day.isoformat() for day in facts.urged_on],
            }
            for facts in letter.duties
        ],
    }
