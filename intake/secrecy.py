"""Finds secrecy marks. A document that bears one is refused as a whole and nothing of it is kept
(Luật Bảo vệ bí mật nhà nước: such papers do not travel through a messenger)."""

import re

from deadlines.text import clean

REFUSED = (
    "Tệp mang dấu chỉ độ mật; tài liệu mật không được đưa vào hệ thống này. Không lưu nội dung nào."
)

_LEVEL = r"(?:tuyệt\s+mật|tối\s+mật|mật)"
# A mark stands alone on its line or after "Độ mật:"; in capitals also in brackets or before the
# number. "bảo mật", "bí mật" and sentences that speak of secrecy are no marks.
_MARKS = (
    re.compile(
        rf"\W*(?:(?:dấu\s+)?(?:chỉ\s+)?(?:độ|mức)\s+mật\s*[:\-–]?\s*)?{_LEVEL}\W*", re.IGNORECASE
    ),
    re.compile(r".*\((?:TUYỆT |TỐI )?MẬT\).*"),
    re.compile(r".*(?<!\w)(?:TUYỆT MẬT|TỐI MẬT)(?!\w).*"),
    re.compile(r"\W*MẬT\W+(?:Số|SỐ)\b.*"),
    re.compile(rf".*\b(?:độ|mức)\s+mật\s*:\s*{_LEVEL}\b.*", re.IGNORECASE),
)


def secrecy_mark(text: str) -> str | None:
    """The line of the text that is a secrecy mark, or None."""
    for line in text.splitlines():
        tidy = clean(line)
        if any(mark.fullmatch(tidy) for mark in _MARKS):
            return tidy
    return None
