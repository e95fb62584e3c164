"""Vietnamese text made comparable: one spelling for what people and scanners write many ways.

The lowest room of the house: names of agencies, phrases of deadlines and answers typed in a chat
are all matched on :func:`fold`, so that "Hoà", "hòa" (NFD) and "HOA" are one key.
"""

import re
import unicodedata

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
# Most texts hold nothing of it, and looking is much quicker than a table.
_UNTIDY = re.compile(f"[{re.escape(''.join(map(chr, _TIDY)))}]")
# Letters that are not plain once the marks of Vietnamese have been taken from them.
_STRANGE = re.compile(r"[^\x00-\x7f\u0300-\u034e\u0350-\u036f]")


def clean(text: str) -> str:
    """The text in NFC, with single blanks, plain dashes and quotes, and nothing invisible."""
    whole = unicodedata.normalize("NFC", text)
    if _UNTIDY.search(whole):
        whole = whole.translate(_TIDY)
    return " ".join(whole.split())


def fold(text: str) -> str:
    """The key two spellings share: cleaned, lower case, without diacritics, đ as d.

    >>> fold("  HOÀN  thành ") == fold("hoàn thành") == "hoan thanh"
    True
    """
    plain = clean(text).replace("đ", "d").replace("Đ", "D")
    bare = unicodedata.normalize("NFD", plain)
    if not _STRANGE.search(bare):
        return bare.encode("ascii", "ignore").decode("ascii").lower()
    return "".join(c for c in bare if not unicodedata.combining(c)).casefold()
