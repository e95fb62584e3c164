"""Text without case and marks, letter for letter, so that places found in it hold in the text."""

import unicodedata
from functools import lru_cache

# Capital letters for a character class of a pattern; code points do not part them from small ones.
CAPITALS = "A-Z" + "".join(chr(one) for one in range(0xC0, 0x1EFA) if chr(one).isupper())


@lru_cache(maxsize=4096)
def _letter(letter: str) -> str:
    if letter in "đĐ":
        return "d"
    bare = unicodedata.normalize("NFD", letter)[0].lower()
    return bare if len(bare) == 1 else letter


def flat(text: str) -> str:
    """The text folded one letter for one letter. `text` is in NFC."""
    return "".join(map(_letter, text))
