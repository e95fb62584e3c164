"""Rules as JSON text for the database, with a version so that old rows stay readable."""

import json
from dataclasses import fields, is_dataclass
from datetime import date, time
from typing import Any, cast

from deadlines.periods import Period, Unit
from deadlines.rules import (
    After,
    AnyOf,
    Daily,
    Every,
    Fixed,
    FromEnd,
    NthWeekday,
    On,
    Once,
    Open,
    Relative,
    Rule,
    Weekly,
    WorkingDay,
)

VERSION = 1

_TYPES: dict[str, type] = {
    "fixed": Fixed,
    "once": Once,
    "every": Every,
    "weekly": Weekly,
    "daily": Daily,
    "relative": Relative,
    "after": After,
    "any_of": AnyOf,
    "open": Open,
    "period": Period,
    "on": On,
    "working_day": WorkingDay,
    "from_end": FromEnd,
    "nth_weekday": NthWeekday,
}
_NAMES = {kind: name for name, kind in _TYPES.items()}


def rule_to_json(rule: Rule) -> str:
    """The rule as one line of JSON: {"v": 1, "rule": {"type": "every", ...}}."""
    return json.dumps({"v": VERSION, "rule": _plain(rule)}, ensure_ascii=False, sort_keys=True)


def rule_from_json(text: str) -> Rule:
    """The rule that :func:`rule_to_json` wrote. ValueError for another version or shape."""
    data = json.loads(text)
    if not isinstance(data, dict) or data.get("v") != VERSION:
        raise ValueError("not a deadline rule of version 1")
    try:
        return cast("Rule", _rich(data["rule"]))
    except (KeyError, TypeError) as error:
        raise ValueError("not a deadline rule") from error


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        body = {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
        return {"type": _NAMES[type(value)]} | body
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, date):
        return {"type": "day", "is": value.isoformat()}
    if isinstance(value, time):
        return {"type": "time", "is": value.isoformat()}
    return value


def _rich(value: Any) -> object:
    if isinstance(value, list):
        return tuple(_rich(one) for one in value)
    if not isinstance(value, dict):
        return value
    match value["type"]:
        case "day":
            return date.fromisoformat(value["is"])
        case "time":
            return time.fromisoformat(value["is"])
    body = {name: _rich(one) for name, one in value.items() if name != "type"}
    if "unit" in body and value["type"] in ("every", "period"):
        body["unit"] = Unit(cast("str", body["unit"]))
    return _TYPES[value["type"]](**body)
