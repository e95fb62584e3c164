"""What a document's number tells: its kind and its issuer (Nghị định 30/2020/NĐ-CP, Phụ lục III).

"134/KH-UBND" is a Kế hoạch of UBND; "6004/UBND-CNTT" has no kind, which makes it a Công văn;
Party papers put the kind behind a hyphen ("06-NQ/TU").
"""

import re

from deadlines.text import clean, fold

KINDS = {
    "nq": "Nghị quyết",
    "qd": "Quyết định",
    "ct": "Chỉ thị",
    "qc": "Quy chế",
    "tb": "Thông báo",
    "kl": "Kết luận",
    "hd": "Hướng dẫn",
    "ctr": "Chương trình",
    "ctrhd": "Chương trình hành động",
    "kh": "Kế hoạch",
    "pa": "Phương án",
    "da": "Đề án",
    "bc": "Báo cáo",
    "bb": "Biên bản",
    "ttr": "Tờ trình",
    "cd": "Công điện",
    "cv": "Công văn",
    "gm": "Giấy mời",
}
_ISSUERS = {"bcd": "Ban Chỉ đạo", "tu": "Tỉnh ủy", "vp": "Văn phòng UBND"}


def kind_and_issuer(number: str) -> tuple[str, str]:
    """The kind and the issuer a number names; ("", "") where it names none."""
    symbol = clean(number)
    party = re.fullmatch(r"\d*-(?P<kind>[^/]+)/(?P<issuer>.+)", symbol)
    if party:
        return KINDS.get(fold(party["kind"]), ""), _issuer(party["issuer"])
    _, slash, rest = symbol.partition("/")
    rest = re.sub(r"^\d{4}/", "", rest)
    if not slash or not rest:
        return "", ""
    first, _, second = rest.partition("-")
    if fold(first) in KINDS:
        return KINDS[fold(first)], _issuer(second)
    return "Công văn", _issuer(first)


def _issuer(letters: str) -> str:
    return _ISSUERS.get(fold(letters), letters)
