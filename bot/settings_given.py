"""How settings are given, by people: an hour as they write it, a file as an editor saves it, a
variable of the environment that nobody reads."""

import os
import re
import tomllib
from collections.abc import Iterable
from datetime import time
from pathlib import Path
from typing import Any

PREFIX = "DONDOC_"
_HOUR = re.compile(r"(\d{1,2})\s*(?:[hg]|[:hg]\s*(\d{2}))(?::00)?", re.IGNORECASE)


def hour(value: Any) -> Any:
    """An hour of the day: "08:00", "8:00", "8h", "8h30", or TOML's own 08:00:00. Raises ValueError
    for a bare number, which could be seconds, and for an hour of another zone."""
    if isinstance(value, time):
        if value.tzinfo is not None:
            raise ValueError("giờ Việt Nam, không ghi múi giờ")
        return value
    found = _HOUR.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError('phải là giờ:phút, giờ Việt Nam, ví dụ "08:00"')
    try:
        return time(int(found[1]), int(found[2] or 0))
    except ValueError:
        raise ValueError("phải là giờ có thật, từ 00:00 đến 23:59") from None


def read_toml(path: Path) -> dict[str, Any]:
    """A file's tables; Windows editors put a mark before the first letter. Raises OSError,
    UnicodeDecodeError, tomllib.TOMLDecodeError."""
    return tomllib.loads(path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n"))


def variable(key: Iterable[Any]) -> str:
    """The variable a key is set by, where it is: ("web", "port") -> "DONDOC_WEB__PORT"; or ""."""
    name = PREFIX + "__".join(str(part) for part in list(key)[:2]).upper()
    return next((one for one in os.environ if one.upper() == name), "")


def unread(sections: Iterable[str]) -> str:
    """The first variable that looks like a setting and belongs to no section; "" for none."""
    known = {section.upper() for section in sections}
    for name in sorted(os.environ):
        section, parted, _key = name.upper().removeprefix(PREFIX).partition("__")
        if name.upper().startswith(PREFIX) and parted and section not in known:
            return name
    return ""
