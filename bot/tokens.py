"""Whether a bot's token can be one: what was pasted badly is said before a messenger refuses it.

Nothing is refused here. The forms are what the messengers show in their documents and no promise:
Telegram "<number>:<35 of letters, digits, - and _>" (https://core.telegram.org/bots/api, also with
"/test" behind it for its test servers), Zalo "<number>:<secret>" (https://bot.zaloplatforms.com).
What is said names the key and what is odd about its value, never a part of it.
"""

import re
from collections.abc import Iterator

from bot.settings import Settings
from registry.messengers import messenger_of

_SECRET = re.compile(r"[A-Za-z0-9_-]*(?:/test)?")
_LENGTH = {"telegram": 30}


def odd_tokens(settings: Settings) -> Iterator[str]:
    """A line for each token that does not look like one, by its place in the settings."""
    seen: dict[str, str] = {}
    for name, bot in (("telegram", settings.telegram), *settings.zalo.bots.items()):
        token = bot.token.get_secret_value().strip()
        if not bot.on:
            continue
        why = _odd(token, messenger_of(name))
        if token in seen:
            why = f"giống hệt token của {seen[token]}"
        seen.setdefault(token, _place(name))
        if why:
            yield f"Token ở {_place(name)} có vẻ không đúng: {why}"


def _place(name: str) -> str:
    number = name.partition("-")[2]
    return f"[zalo] more, bot thứ {number}" if number else f"[{name}]"


def _odd(token: str, messenger: str) -> str:
    """What is odd about a token; "" for what may be one."""
    number, colon, secret = token.partition(":")
    looked_at = (
        (bool(re.search(r"\s", token)), "có dấu cách hoặc xuống dòng ở giữa; dán liền một dòng"),
        (not token.isascii() or token[0] in "\"'<[" or "..." in token,
         "có dấu ngoặc, chữ có dấu hoặc dấu ba chấm; dán đúng từng ký tự"),
        (not colon, "thiếu dấu hai chấm; dạng đúng là SỐ:CHUỖI, ví dụ 123456789:AA…"),
        (not number.isdecimal(),
         "trước dấu hai chấm phải là số, không có gì đứng trước (kể cả “bot”)"),
        (not secret, "thiếu phần sau dấu hai chấm"),
        (messenger == "telegram" and not _SECRET.fullmatch(secret),
         "sau dấu hai chấm chỉ có chữ không dấu, chữ số, “-” và “_”"),
        (len(secret) < _LENGTH.get(messenger, 0),
         "phần sau dấu hai chấm quá ngắn (thường 35 ký tự), có lẽ dán thiếu"),
    )  # fmt: skip
    return next((words for found, words in looked_at if found), "")
