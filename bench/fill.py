"""A database of a given size: agencies with three subscribers each, duties over the year ahead."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, SQLModel, insert

from registry.clock import local_day
from registry.database import Database
from registry.tables import Agency, Contact, Directive, Duty, Person, Subscription, Task
from registry.types import Role

AGENCIES = 100
HOLDERS = (Role.FOCAL, Role.OFFICER, Role.OFFICER)
TASKS = 100
DAYS_AHEAD = 360


def filled(
    path: Path, duties: int, now: datetime, *, first_day: int = 20, planned: bool = False
) -> Database:
    """A migrated database with so many open duties, due from `first_day` days after `now` on.
    planned: nothing waits to be planned, as after the first tick."""
    db = Database(f"sqlite:///{path}")
    db.migrate(now)
    db.write_now(_fill, duties, now, first_day, planned)
    return db


def _put(session: Session, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    session.execute(insert(table), rows)


def _fill(session: Session, duties: int, now: datetime, first_day: int, planned: bool) -> None:
    known = {"created_at": now}
    agencies = range(1, AGENCIES + 1)
    holders = [(a, role) for a in agencies for role in HOLDERS]
    _put(
        session, Agency, [{"id": a, "name": f"Sở {a}", "key": f"sở {a}", **known} for a in agencies]
    )
    _put(
        session,
        Person,
        [{"id": i, "name": f"Cán bộ {i}", **known} for i, _ in enumerate(holders, 1)],
    )
    _put(
        session,
        Contact,
        [
            {"person_id": i, "channel": "bench", "address": str(1000 + i), **known}
            for i, _ in enumerate(holders, 1)
        ],
    )
    _put(
        session,
        Subscription,
        [
            {"key": f"p{i}", "person_id": i, "agency_id": agency, "role": role, "since": now,
             "plan_due": not planned}
            for i, (agency, role) in enumerate(holders, 1)
        ],
    )  # fmt: skip
    _put(session, Directive, [{"id": 1, "key": "12/KH", "number": "12/KH-BCĐ", **known}])
    _put(
        session,
        Task,
        [
            {"id": t, "directive_id": 1, "key": f"t{t}", "title": f"Báo cáo kết quả {t}",
             "deadline_text": "hàng quý", **known}
            for t in range(1, TASKS + 1)
        ],
    )  # fmt: skip
    today = local_day(now)
    rows = []
    for number in range(1, duties + 1):
        due_on = today + timedelta(days=first_day + number % DAYS_AHEAD)
        rows.append(
            {"number": number, "task_id": number % TASKS + 1, "agency_id": number % AGENCIES + 1,
             "period": str(number), "opens_on": today, "due_on": due_on, "first_due_on": due_on,
             "since": now, "plan_due": not planned, **known}
        )  # fmt: skip
    _put(session, Duty, rows)


def filled_people(path: Path, count: int, now: datetime, *, groups: int = 0) -> Database:
    """A migrated database where each of so many people (the last `groups` of them: groups) owes one
    duty of their own agency, and can be told on Telegram; nothing waits to be planned."""
    db = Database(f"sqlite:///{path}")
    db.migrate(now)
    db.write_now(_fill_people, count, now, groups)
    return db


def _fill_people(session: Session, count: int, now: datetime, groups: int) -> None:
    known = {"created_at": now}
    everybody, due_on = range(1, count + 1), local_day(now) + timedelta(days=8)
    people = range(1, count + 1 - groups)
    _put(
        session,
        Agency,
        [{"id": n, "name": f"Xã {n}", "key": f"xã {n}", **known} for n in everybody],
    )
    _put(session, Person, [{"id": n, "name": f"Cán bộ {n}", **known} for n in people])
    _put(
        session,
        Contact,
        [
            {"id": n, "person_id": n if n in people else None, "channel": "telegram",
             "chat_kind": "private" if n in people else "group",
             "address": str(1000 + n if n in people else -1000 - n), **known}
            for n in everybody
        ],
    )  # fmt: skip
    _put(
        session,
        Subscription,
        [
            {"id": n, "key": f"p{n}", "person_id": n if n in people else None,
             "contact_id": None if n in people else n, "agency_id": n, "role": Role.FOCAL,
             "since": now, "plan_due": False}
            for n in everybody
        ],
    )  # fmt: skip
    _put(session, Directive, [{"id": 1, "key": "12/KH", "number": "12/KH-BCĐ", **known}])
    title = "Báo cáo kết quả thực hiện chuyển đổi số trên địa bàn"
    _put(
        session,
        Task,
        [{"id": 1, "directive_id": 1, "key": "t1", "title": title, "deadline_text": "hàng quý",
          **known}],
    )  # fmt: skip
    _put(
        session,
        Duty,
        [
            {"id": n, "number": 100 + n, "task_id": 1, "agency_id": n, "period": str(due_on),
             "opens_on": local_day(now), "due_on": due_on, "first_due_on": due_on, "since": now,
             "plan_due": False, **known}
            for n in everybody
        ],
    )  # fmt: skip
