"""Text without case and marks, letter for letter, so that places found in it hold in the text."""

import unicodedata

# Capital letters for a character class of a pattern; code points do not part them from small ones.
CAPITALS = "A-Z" + "".join(chr(one) for one in range(0xC0, 0x1EFA) if chr(one).isupper())


# Letters beyond are none of ours, and not worth remembering.
_OURS = 0x2100


class _Letters(dict[int, str]):
    """What stands for each letter, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        letter = _letter(chr(code))
        if code < _OURS:
            self[code] = letter
        return letter


def _letter(letter: str) -> str:
    if letter in "đĐ":
        return "d"
    bare = unicodedata.normalize("NFD", letter)[0].lower()
    return bare if len(bare) == 1 else letter


_LETTERS = _Letters()


def flat(text: str) -> str:
    """The text folded one letter for one letter. `text` is in NFC."""
    return text.translate(_LETTERS)
