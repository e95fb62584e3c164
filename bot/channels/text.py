"""Text as requests and databases take it."""

import json

# Messengers nest a dozen deep; what is nested deeper is no update, and could not be read again
# where the program itself stands deeper.
DEEPEST = 100


def shallow(value: object, deepest: int = DEEPEST) -> bool:
    """Whether lists and objects are nested no deeper than that."""
    level = [value]
    for _ in range(deepest):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return True
    return False


def _inside(value: object) -> "list[object]":
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def as_json(value: object) -> str:
    """Its JSON in ASCII, so that a half surrogate or a NUL in a text is safe in any database; ""
    for what is nested too deep to be an update."""
    return json.dumps(value) if shallow(value) else ""


def whole(text: str) -> str:
    """The text without halves of surrogate pairs, which neither a request nor a database takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
