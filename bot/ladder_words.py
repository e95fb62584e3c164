"""A directive's own ladder of urging, as people give it: "lãnh đạo 3, thành viên 5, thường trực
10", or "mặc định"."""

import re
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from deadlines.text import fold
from registry.people import Actor, Refused
from registry.tables import Directive
from registry.urging import Rungs, rungs_of, set_rungs
from scheduler.ladder import LATEST_RUNG, Ladder
from scheduler.plan import Policy
from scheduler.planning import ladder_of

_RUNG = re.compile(
    r"(?P<rung>lanh dao|thanh vien(?: phu trach| ban chi dao)?|(?:co quan )?thuong truc)"
    r"\s*[:=]?\s*(?:sau )?(?P<days>\d{1,3}|khong|bo)(?: ngay(?: lam viec)?)?[\s,;]*"
)
_NAMES = {"lanh dao": "leader", "thanh vien": "member", "thuong truc": "staff"}
_DEFAULT = frozenset({"mac dinh", "theo mac dinh", "nhu chung"})


def read_rungs(text: str) -> Rungs | None:
    """What the words ask for: Rungs() for "mặc định"; None where they cannot be read whole."""
    said = fold(text).strip(" .,")
    if said in _DEFAULT:
        return Rungs()
    found: dict[str, int] = {}
    at = 0
    while (match := _RUNG.match(said, at)) is not None:
        name = next(rung for word, rung in _NAMES.items() if word in match["rung"])
        found[name] = int(match["days"]) if match["days"].isdecimal() else 0
        at = match.end()
    return Rungs(**found) if found and at == len(said) else None


def give(
    session: Session, directive: Directive, wish: Rungs, policy: Policy, actor: Actor, now: datetime
) -> tuple[Ladder, int]:
    """Give the directive these rungs, those not named staying as they are (none named: the
    settings' again). Returns the ladder that holds now, and how many open duties it concerns.
    Raises Refused."""
    days = {name: value for name in ("leader", "member", "staff")
            if (value := getattr(wish, name)) is not None}  # fmt: skip
    rungs = replace(rungs_of(directive), **days) if days else Rungs()
    ladder = ladder_of(policy, rungs) or policy.ladder
    if max(ladder.leader, ladder.member, ladder.staff) > LATEST_RUNG:
        raise Refused(f"Số ngày làm việc của mỗi bậc nhiều nhất là {LATEST_RUNG}.")
    if not ladder.climbs:
        raise Refused(
            "Bậc sau không được sớm hơn bậc trước: lãnh đạo, thành viên phụ trách, thường trực; "
            f"như vậy sẽ là {ladder.leader}, {ladder.member}, {ladder.staff} ngày làm việc."
        )
    return ladder, set_rungs(session, directive, rungs, actor, now)
