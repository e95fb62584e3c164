"""What came of reading one phrase."""

from dataclasses import dataclass
from datetime import date

from deadlines.rules import Clock, Rule


@dataclass(frozen=True)
class Reading:
    """How a phrase was read.

    `kind`: fixed, month, quarter, semiannual, nine_month, year, range, daily, weekly, monthly,
    quarterly, annual, multi, relative, event, ongoing, per_plan, ambiguous or unread.
    `due`: up to four last on-time days (local dates) on or after the reference.
    `time`: the hour of day the text names, local. `sure`: one reading exists; otherwise
    `readings` lists all of them. `span`: where in the given text the phrase stands.
    `reason` and `reference_text`: for kinds without a day, why, and the words it hangs on.
    """

    text: str
    kind: str
    rule: Rule | None = None
    due: tuple[date, ...] = ()
    time: Clock | None = None
    sure: bool = False
    readings: tuple[Rule, ...] = ()
    explain: str = ""
    span: tuple[int, int] = (0, 0)
    reason: str = ""
    reference_text: str = ""
