"""Vietnamese text made comparable: one spelling for what people and scanners write many ways.

The lowest room of the house: names of agencies, phrases of deadlines and answers typed in a chat
are all matched on :func:`fold`, so that "Hoà", "hòa" (NFD) and "HOA" are one key.
"""

import re
import unicodedata

_BLANKS = re.compile(r"\s+")
# Zero-width and direction marks carry no meaning here and hide differences from the reader; control
# characters that are no blanks would steer a terminal.
_INVISIBLE = dict.fromkeys(
    [
        *range(0x09), *range(0x0E, 0x1C), *range(0x7F, 0x85), *range(0x86, 0xA0), 0xAD, 0x061C,
        0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF,
    ]
)  # fmt: skip
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")
_QUOTES = {ord(c): '"' for c in "“”„‟«»"} | {ord(c): "'" for c in "‘’‚‛`´"}
_TIDY = _INVISIBLE | _DASHES | _QUOTES
_NO_MARKS = {ord("đ"): "d", ord("Đ"): "D"}


def clean(text: str) -> str:
    """The text in NFC, with single blanks, plain dashes and quotes, and nothing invisible."""
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", text).translate(_TIDY)).strip()


def fold(text: str) -> str:
    """The key two spellings share: cleaned, lower case, without diacritics, đ as d.

    >>> fold("  HOÀN  thành ") == fold("hoàn thành") == "hoan thanh"
    True
    """
    bare = unicodedata.normalize("NFD", clean(text).translate(_NO_MARKS))
    return "".join(c for c in bare if not unicodedata.combining(c)).casefold()
