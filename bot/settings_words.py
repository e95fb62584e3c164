"""What is wrong with a value of the settings, in Vietnamese: pydantic and tomllib speak English."""

import re
from collections.abc import Mapping
from typing import Any

# By pydantic's kind of error; {name} is what it knows of the limit.
_WORDS = {
    "int_parsing": "phải là số nguyên",
    "int_type": "phải là số nguyên",
    "int_from_float": "phải là số nguyên",
    "bool_parsing": "phải là true hoặc false",
    "bool_type": "phải là true hoặc false",
    "string_type": 'phải là chữ trong dấu ngoặc kép ""',
    "list_type": "phải là danh sách trong ngoặc vuông [ ]",
    "tuple_type": "phải là danh sách trong ngoặc vuông [ ]",
    "literal_error": "phải là một trong: {expected}",
    "greater_than_equal": "không được nhỏ hơn {ge}",
    "greater_than": "phải lớn hơn {gt}",
    "less_than_equal": "không được lớn hơn {le}",
    "less_than": "phải nhỏ hơn {lt}",
    "model_type": "phải là một mục [ ] với các khóa của nó",
    "model_attributes_type": "phải là một mục [ ] với các khóa của nó",
    "dict_type": "phải là một mục [ ] với các khóa của nó",
    "time_parsing": 'phải là giờ:phút, ví dụ "08:00"',
    "time_type": 'phải là giờ:phút, ví dụ "08:00"',
    "missing": "chưa có",
}
# What tomllib says -> what to look for.
_TOML = tuple(
    (re.compile(pattern), f": {words}")
    for pattern, words in (
        ("Cannot (?:overwrite|declare)|Cannot mutate|Duplicate", "khóa hoặc mục này ghi hai lần"),
        ("Invalid value", 'thiếu giá trị, hoặc chữ chưa đặt trong dấu ngoặc kép thẳng ""'),
        ("Unescaped|Invalid hex", "dấu \\ trong chữ phải viết hai lần, hoặc viết /"),
        ("Expected '='|Invalid statement", "mỗi dòng viết: khóa = giá trị"),
        ('Unterminated|Illegal character|Expected "\'"', "thiếu dấu ngoặc kép đóng"),
        ("Unclosed|Expected '\\]'", "thiếu dấu ] đóng"),
        ("Expected newline", "có chữ thừa sau giá trị"),
    )
)
_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")


def wrong(error: Mapping[str, Any]) -> str:
    """One of pydantic's errors, without the value, which may be a secret; what has no words of ours
    keeps pydantic's."""
    limits = {
        name: str(limit).replace(" or ", ", ") for name, limit in error.get("ctx", {}).items()
    }
    words = _WORDS.get(error["type"])
    return words.format_map(limits) if words else str(error["msg"]).removeprefix("Value error, ")


def toml_trouble(error: Exception) -> str:
    """Where a file stops being TOML."""
    place = _PLACE.search(str(error))
    hint = next((words for pattern, words in _TOML if pattern.match(str(error))), "")
    return (f"ở dòng {place[1]}, cột {place[2]}" if place else "ở cuối tệp") + hint
