"""Telegram's HTML as the Bot API reads it: text and entities, or the words of its refusal.

After https://core.telegram.org/bots/api#html-style. Offsets and lengths are UTF-16 code units.
"""

import html
import re
from typing import Any

_NAMES = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
    "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "tg-spoiler": "spoiler", "span": "spoiler", "code": "code", "pre": "pre", "a": "text_link",
    "blockquote": "blockquote", "tg-emoji": "custom_emoji",
}  # fmt: skip
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)((?:\s+[^<>]*)?)>")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);")
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|(\S+))""", re.IGNORECASE)


class MarkupError(ValueError):
    """The words after "can't parse entities: "."""


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def read_html(source: str) -> tuple[str, list[dict[str, Any]]]:
    """Visible text and its entities. Raises MarkupError as the Bot API would word it."""
    text, entities = "", []
    open_tags: list[tuple[str, str, int]] = []
    position = 0
    while position < len(source):
        if source[position] == "<":
            tag = _tag(source, position)
            if tag[1]:
                entities.append(_close(tag, source, position, open_tags, text))
            else:
                open_tags.append((tag[2].lower(), tag[3], units(text)))
            position = tag.end()
            continue
        entity = _ENTITY.match(source, position)
        text += html.unescape(entity[0]) if entity else source[position]
        position = entity.end() if entity else position + 1
    if open_tags:
        raise MarkupError(f'Can\'t find end tag corresponding to start tag "{open_tags[-1][0]}"')
    return text, [entity for entity in entities if entity["length"]]


def _tag(source: str, position: int) -> re.Match[str]:
    tag = _TAG.match(source, position)
    offset = len(source[:position].encode())
    if tag is None:
        name = re.match(r"</?([^\s<>]*)", source[position:])
        if ">" not in source[position:]:
            raise MarkupError(f"Unclosed start tag at byte offset {offset}")
        raise MarkupError(f'Unsupported start tag "{name and name[1]}" at byte offset {offset}')
    if not tag[1]:
        _check_start(tag, offset)
    return tag


def _check_start(tag: re.Match[str], offset: int) -> None:
    name = tag[2].lower()
    spoiler = name != "span" or re.search(r"class\s*=\s*[\"']?tg-spoiler", tag[3])
    if name not in _NAMES or not spoiler:
        raise MarkupError(f'Unsupported start tag "{name}" at byte offset {offset}')


def _close(
    tag: re.Match[str],
    source: str,
    position: int,
    open_tags: list[tuple[str, str, int]],
    text: str,
) -> dict[str, Any]:
    offset = len(source[:position].encode())
    if not open_tags:
        raise MarkupError(f"Unexpected end tag at byte offset {offset}")
    name, attributes, start = open_tags.pop()
    if tag[2].lower() != name:
        raise MarkupError(
            f'Unmatched end tag at byte offset {offset}, expected "</{name}>", found "{tag[0]}"'
        )
    entity = {"type": _NAMES[name], "offset": start, "length": units(text) - start}
    href = _HREF.search(attributes)
    if name == "a" and href:
        entity["url"] = html.unescape(href[1] or href[2] or href[3] or "")
    return entity
