"""Secrets that the whole suite must not show: not in what any test prints or logs, not in any
message that reaches a messenger.

`tests/conftest.py` looks at the captured output of every test; the fakes and the processes of
`tests/e2e` hand in what they were sent and what they wrote. What is found fails the test it was
found in, also where that test looked at something else. Costs a search in text that is nearly
always empty, and needs nothing from other processes of the run (pytest-xdist).
"""

import re

# Whatever opens something in a test: tokens by their shape, the rest by its words.
_FIXED = re.compile(
    r"\d{6,}(?::|%3[aA])[A-Za-z0-9_-]{30,}"  # a bot's token, Telegram's or Zalo's
    r"|mot-ma-bi-mat-de-thu"  # the secret of the webhooks
    r"|bi-mat-cua-ung-dung"  # of an Official Account's application
    r"|(?:truy-cap|gia-han):\d{12}"  # its access and refresh tokens
)
_HIDDEN: set[str] = set()
_FOUND: list[str] = []


def hide(secret: str) -> str:
    """A secret made by a test (an invite's code): from now on it may be said to people, but neither
    printed nor logged."""
    _HIDDEN.add(secret)
    return secret


def sent(text: str) -> str:
    """What reached a messenger, or was written by a process of ours: noted if it holds a secret."""
    if match := _FIXED.search(text):
        _FOUND.append(f"“{_around(text, match.start())}”")
    return text


def printed(text: str) -> None:
    """What a test printed or logged."""
    sent(text)
    _FOUND.extend(f"“{_around(text, text.index(one))}”" for one in _HIDDEN if one in text)


def found() -> list[str]:
    """What was found since the last call."""
    told = list(_FOUND)
    _FOUND.clear()
    return told


def _around(text: str, place: int) -> str:
    return text[max(place - 60, 0) : place + 24]
