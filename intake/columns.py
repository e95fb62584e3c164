"""The headers of tables, as committees write them. Order in the file, case and diacritics do not
matter; add a spelling as one more word in a row here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from deadlines.text import clean, fold

HEADER_ROWS = 30
# A header is short; a row of data that happens to hold such words is not.
_LONGEST = 80


@dataclass(frozen=True)
class Column:
    """One thing a table tells. `spellings` in order of preference, `hints`: words that give an
    unlisted spelling away; `label` is what a message calls it."""

    field: str
    label: str
    spellings: tuple[str, ...]
    hints: str = ""
    required: bool = False


TASK_COLUMNS = (
    Column("section", "Mục", ("mục", "phần", "nhóm nhiệm vụ", "lĩnh vực", "chuyên đề")),
    Column("ordinal", "TT", ("tt", "stt", "số tt", "số thứ tự", "thứ tự", "no", "#")),
    Column(
        "coordinate",
        "Cơ quan phối hợp",
        ("cơ quan phối hợp", "đơn vị phối hợp", "cơ quan, đơn vị phối hợp", "phối hợp"),
        hints=r"phoi hop|(?:co quan|don vi)\b.*\b(?:tham gia|lien quan)",
    ),
    Column(
        "send_to",
        "Nơi nhận báo cáo",
        ("nơi nhận báo cáo", "nơi nhận", "cơ quan nhận báo cáo", "gửi báo cáo về", "báo cáo về"),
        hints=r"noi nhan|nhan bao cao|gui (?:bao cao )?ve",
    ),
    Column(
        "deadline",
        "Thời gian hoàn thành",
        (
            "thời gian hoàn thành",
            "thời hạn hoàn thành",
            "thời hạn",
            "hạn hoàn thành",
            "tiến độ hoàn thành",
            "thời gian thực hiện",
            "thời hạn thực hiện",
            "tiến độ thực hiện",
            "thời gian",
            "tiến độ",
            "kết thúc",
            "ngày kết thúc",
            "hạn xử lý",
            "hạn",
            "hoàn thành",
            "mốc hoàn thành",
        ),
        hints=r"thoi (?:gian|han|diem)|tien do|\bhan (?:hoan thanh|xu ly|nop|bao cao|trinh)"
        r"|\bmoc (?:thoi gian|hoan thanh)|ngay hoan thanh|hoan thanh (?:truoc|trong)",
        required=True,
    ),
    Column(
        "lead",
        "Cơ quan thực hiện",
        (
            "cơ quan chủ trì",
            "đơn vị chủ trì",
            "cơ quan, đơn vị chủ trì",
            "chủ trì",
            "cơ quan thực hiện",
            "đơn vị thực hiện",
            "cơ quan, đơn vị thực hiện",
            "chủ trì thực hiện",
            "cơ quan chủ trì thực hiện",
            "trách nhiệm thực hiện",
            "phân công thực hiện",
            "phân công nhiệm vụ",
            "phân công",
            "cơ quan được giao",
            "đơn vị được giao",
            "đầu mối",
        ),
        hints=r"chu tri|(?:co quan|don vi|phan cong|trach nhiem|bo phan)\b.*\b(?:thuc hien"
        r"|duoc giao|chuan bi|trinh|soan thao|tham muu|phu trach|dau moi|chiu trach nhiem)"
        r"|^(?:co quan|don vi|chu dau tu)$|^dau moi",
        required=True,
    ),
    Column(
        "deliverable",
        "Kết quả thực hiện",
        (
            "kết quả thực hiện",
            "sản phẩm",
            "kết quả",
            "đầu ra",
            "sản phẩm đầu ra",
            "kết quả, sản phẩm",
            "sản phẩm, kết quả",
            "sản phẩm hoàn thành",
            "kết quả đầu ra",
        ),
        hints=r"san pham|dau ra|ket qua",
    ),
    Column(
        "title",
        "Nhiệm vụ",
        (
            "nhiệm vụ",
            "nội dung nhiệm vụ",
            "tên nhiệm vụ",
            "nhiệm vụ, giải pháp",
            "nội dung",
            "nội dung công việc",
            "công việc",
            "nội dung thực hiện",
            "đầu việc",
        ),
        hints=r"nhiem vu|noi dung|cong viec|dau viec|ten (?:viec|de an|chuyen de|hoat dong)"
        r"|^(?:hoat dong|hang muc)",
        required=True,
    ),
)

# Remarks beside a task; read only for who helps ("Phối hợp Sở A").
NOTE = Column("note", "Ghi chú", ("ghi chú", "chú thích"))
PLAN_COLUMNS = (*TASK_COLUMNS, NOTE)
# Columns that name persons, or when something begins: what their words hint at, they do not tell.
_APART = re.compile(
    r"^(?:lanh dao|dong chi|pho chu tich|chu tich|nguoi|thanh vien|chuyen vien|can bo)\b"
    r"|\b(?:bat dau|khoi cong|khoi dong)\b|\blanh dao\b.*\b(?:phu trach|chu tri|chi dao|ky)\b"
)

_PERSONS = re.compile(
    r"^(?:ho (?:va )?ten|thanh vien|can bo|cong chuc|chuc danh|dong chi|nguoi)\b"
    r"|\b(?:thuc hien|phu trach|chiu trach nhiem|duoc phan cong)$"
)

AGENCY_COLUMNS = (
    Column(
        "name",
        "Tên cơ quan",
        (
            "tên cơ quan",
            "tên cơ quan, đơn vị",
            "tên đơn vị",
            "cơ quan",
            "đơn vị",
            "cơ quan, đơn vị",
        ),
        required=True,
    ),
    Column(
        "aliases",
        "Tên khác",
        ("tên khác", "tên gọi khác", "tên viết tắt", "viết tắt", "bí danh"),
        hints=r"ten khac|viet tat",
    ),
    Column("level", "Cấp", ("cấp", "cấp hành chính", "cấp quản lý")),
    Column("groups", "Khối", ("khối", "nhóm", "khối cơ quan", "thuộc khối")),
    Column(
        "valid_from",
        "Từ ngày",
        ("từ ngày", "hiệu lực từ", "hiệu lực từ ngày", "thành lập ngày", "ngày thành lập"),
    ),
    Column(
        "valid_to",
        "Đến ngày",
        ("đến ngày", "hiệu lực đến", "hiệu lực đến ngày", "kết thúc ngày", "ngày kết thúc"),
    ),
    Column(
        "successors",
        "Kế thừa",
        (
            "kế thừa",
            "cơ quan kế thừa",
            "sáp nhập vào",
            "nhập vào",
            "nay là",
            "nơi tiếp nhận",
            "cơ quan tiếp nhận",
            "chuyển thành",
        ),
        hints=r"ke thua|sap nhap vao|nay la|tiep nhan",
    ),
)


@dataclass(frozen=True)
class Header:
    """Where each field stands in the rows below: field -> position. `ignored` lists headers that
    say what another column already says, beside that column's header."""

    places: dict[str, int]
    ignored: tuple[tuple[str, str], ...] = ()

    def missing(self, columns: Sequence[Column]) -> list[str]:
        return [one.label for one in columns if one.required and one.field not in self.places]


def read_header(cells: Sequence[str], columns: Sequence[Column]) -> Header:
    """What the cells of one row say as headers. Listed spellings go before guesses by hints."""
    words = [header_words(cell) for cell in cells]
    places: dict[str, int] = {}
    claims: list[tuple[int, str]] = []
    for column in columns:
        for place in _listed(words, column):
            if column.field not in places:
                places[column.field] = place
            else:
                claims.append((place, column.field))
    taken = set(places.values()) | {place for place, _field in claims}
    for column in columns:
        for place in _hinted(words, column, taken):
            taken.add(place)
            if column.field not in places:
                places[column.field] = place
            else:
                claims.append((place, column.field))
    if "deadline" not in places and any(one.field == "deadline" for one in columns):
        # "Ngày" alone may be the day of a document; it counts where no column says more.
        places |= {"deadline": words.index("ngay")} if "ngay" in words else {}
    if "lead" not in places and any(one.field == "lead" for one in columns):
        # Where no column names agencies, the one that names persons says who.
        held = {*places.values(), *(place for place, _field in claims)}
        persons = [at for at, word in enumerate(words) if at not in held and _PERSONS.search(word)]
        places |= {"lead": persons[0]} if persons else {}
    ignored = tuple((clean(cells[place]), clean(cells[places[name]])) for place, name in claims)
    return Header(places, ignored)


# The same spellings are compared with every row that may be a header.
@lru_cache(maxsize=4_096)
def header_words(cell: str) -> str:
    """A header without case, marks, punctuation and what stands in brackets."""
    text = re.sub(r"\(.*?\)|\[.*?\]", " ", fold(cell))
    return " ".join(re.findall(r"[^\W_]+|#", text)) if len(text) <= _LONGEST else ""


def listed(cell: str, columns: Sequence[Column]) -> bool:
    """Whether a header is one of the spellings listed for some column."""
    words = header_words(cell)
    return any(words == header_words(one) for column in columns for one in column.spellings)


def _listed(words: list[str], column: Column) -> list[int]:
    spellings = [header_words(spelling) for spelling in column.spellings]
    hits = [(spellings.index(word), place) for place, word in enumerate(words) if word in spellings]
    return [place for _rank, place in sorted(hits)]


def _hinted(words: list[str], column: Column, taken: set[int]) -> list[int]:
    if not column.hints:
        return []
    free = (
        place
        for place, word in enumerate(words)
        if word and place not in taken and not _APART.search(word)
    )
    return [place for place in free if re.search(column.hints, words[place])]
