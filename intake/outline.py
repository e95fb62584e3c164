"""The skeleton of a directive: which paragraph stands under which.

How markers nest shows in the order in which their kinds (I, 1, a, -) first appear; a kind met
again closes all that was opened below it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from deadlines.text import fold
from intake.flat import CAPITALS
from intake.paper import Paragraph

_BULLETS = {"-": "dash", "+": "plus", "*": "star", "•": "dot", "●": "dot", "▪": "dot", "·": "dot"}
_BULLETS |= dict.fromkeys("►➢✓❖■◦○\uf0b7\uf02d\uf0a7\uf0d8", "dot")
_BULLET = re.compile(rf"(?P<mark>[{re.escape(''.join(_BULLETS))}])\s*(?=[^\s\d%]|\d.*\w)")
_PATTERNS = (
    ("part", re.compile(r"(?:PHẦN|Phần)\s+(?:THỨ\s+)?(?P<mark>[IVX]+|\d+|[A-ZĐ])\b[.:)\s-]*")),
    ("chapter", re.compile(r"(?:CHƯƠNG|Chương)\s+(?P<mark>[IVX]+|\d+)\b[.:)\s-]*")),
    ("article", re.compile(r"(?:ĐIỀU|Điều)\s+(?P<mark>\d+)[.:)]\s*")),
    (
        "roman",
        re.compile(
            r"(?:(?:MỤC|Mục)\s+)?(?P<mark>[IVX]{1,5})(?:[.):]|/(?=\s)|\s+-|[-–](?=\s))\s*(?=\S)"
        ),
    ),
    ("roman", re.compile(rf"(?P<mark>[IVX]{{1,5}})\s+(?=[{CAPITALS}]{{2,}}\b)")),
    ("letter", re.compile(r"(?P<mark>[A-ZĐ])[.)/]\s+(?=\S)")),
    ("number", re.compile(r"(?P<mark>\d{1,3}(?:\.\d{1,2}){0,3})[.)/]\s*(?=[^\W\d]|[\"“(\[])")),
    ("number", re.compile(rf"(?P<mark>\d{{1,2}}(?:\.\d{{1,2}}){{1,3}})\.?\s+(?=[{CAPITALS}])")),
    ("number", re.compile(rf"(?P<mark>\d{{1,2}}(?:\.\d{{1,2}})*)\s?[-–]\s+(?=[{CAPITALS}])")),
    ("paren", re.compile(r"\((?P<mark>\d{1,2}|[a-zđ]|[ivx]+)\)\s*(?=\S)")),
    ("point", re.compile(r"(?P<mark>[a-zđ]\d?)[.)]\s*(?=\S)")),
)
_TITLED = re.compile(
    r"(?:PHỤ LỤC|DANH MỤC|BIỂU)\b"
    r"|(?:KẾ HOẠCH|CHƯƠNG TRÌNH|ĐỀ ÁN|QUY CHẾ|QUY ĐỊNH|PHƯƠNG ÁN|BẢNG|HƯỚNG DẪN|LỘ TRÌNH|NỘI DUNG)"
    rf"(?=$|[ :.][{CAPITALS} \d,.:;/()–-]*$)"
)
# A heading that only opens what stands below it is no longer than this.
_HEADING = 220
_CONTEXT = re.compile(
    r"(?:muc (?:dich|tieu)|yeu cau|quan diem|chi tieu|can cu|co so|su can thiet|thuc trang|boi canh"
    r"|danh gia|ket qua|ton tai|han che|nguyen nhan|tinh hinh|dac diem|pham vi|doi tuong"
    r"|giai thich|nguyen tac|du bao|khai niem|uu diem|thuan loi|kho khan)\b"
)
# "Yêu cầu Sở Y tế …" orders, however short it is; "Yêu cầu về chất lượng" is a heading.
_ORDERS = re.compile(
    rf"[Yy]êu cầu:?\s+(?:[{CAPITALS}]"
    r"|(?:(?:tất cả |toàn thể )?các |mỗi |từng )?(?:sở|ban|ngành|bộ|cơ quan|đơn vị|địa phương"
    r"|xã|phường|đặc khu|phòng|đồng chí|tổ chức|doanh nghiệp|thành viên|cấp ủy|cấp uỷ)\b"
    r"|(?:các )?(?:thủ trưởng|người đứng đầu|lãnh đạo|giám đốc|chủ tịch|trưởng)\b)"
)
# "Kết quả gửi về Sở A trước ngày 15/12" is no heading either.
_BY_A_DAY = re.compile(r"\b(?:truoc|cham nhat|muon nhat|xong|hoan thanh)\b[^.;]*\d")
_DUTIES = re.compile(r"nhiem vu|giai phap|to chuc thuc hien|phan cong|trien khai|tiep theo")


@dataclass(frozen=True)
class Marker:
    """What a paragraph begins with: its kind, its label ("2.1", "-"), where the text begins."""

    kind: str
    label: str
    end: int


@dataclass(frozen=True)
class Node:
    """A paragraph in its place. `path`: what it stands under, outermost first, itself last where
    it bears a marker; `context`: it stands under a heading such as "MỤC TIÊU"."""

    line: int
    number: int
    marker: Marker | None
    text: str
    path: tuple["Node", ...] = ()
    context: bool = False
    where: str = ""

    @property
    def parents(self) -> tuple["Node", ...]:
        return self.path[:-1] if self.marker else self.path

    @property
    def section(self) -> str:
        """The headings above, each with its mark, parted by " / "."""
        named = [node for node in self.parents if node.marker and not _is_bullet(node.marker)]
        return " / ".join(
            f"{node.marker.label} {shorter(node.text)}" for node in named if node.marker
        )

    @property
    def ordinal(self) -> str:
        return self.marker.label if self.marker and not _is_bullet(self.marker) else ""


def marker(text: str) -> Marker | None:
    """The marker a paragraph begins with, or None."""
    found = _BULLET.match(text)
    if found:
        return Marker(_BULLETS[found["mark"]], found["mark"], found.end())
    for kind, pattern in _PATTERNS:
        found = pattern.match(text)
        if found:
            depth = found["mark"].count(".") if kind == "number" else 0
            return Marker(f"{kind}{depth}" if depth else kind, found["mark"], found.end())
    return None


def outline(paragraphs: Iterable[Paragraph]) -> list[Node]:
    """Every paragraph with what it stands under."""
    stack: list[Node] = []
    counts: dict[tuple[int, ...], int] = {}
    nodes: list[Node] = []
    for number, paragraph in enumerate(paragraphs, start=1):
        mark = marker(paragraph.text)
        text = paragraph.text[mark.end :] if mark else paragraph.text
        if mark:
            mark = _roman_or_letter(mark, stack)
            _close(stack, mark)
        else:
            # What bears no marker goes on with the numbered item above, not with its bullets.
            while stack and stack[-1].marker and _is_bullet(stack[-1].marker):
                stack.pop()
            if _is_title(text):
                stack.clear()
        node = Node(paragraph.line, number, mark, text)
        path = (*stack, node) if mark else tuple(stack)
        place = tuple(one.number for one in stack)
        if mark and _is_bullet(mark):
            counts[place] = counts.get(place, 0) + 1
        node = replace(
            node, path=path, context=_in_context(path), where=_where(path, number, counts, stack)
        )
        if mark:
            node = replace(node, path=(*stack, node))
            stack.append(node)
        nodes.append(node)
    return nodes


def is_bullet(node: Node) -> bool:
    return node.marker is not None and _is_bullet(node.marker)


def under(node: Node, head: Node) -> bool:
    """Whether a paragraph stands under another (or is it)."""
    return any(one.number == head.number for one in node.path)


def _is_bullet(mark: Marker) -> bool:
    return mark.kind in {"dash", "plus", "star", "dot"}


def _is_title(text: str) -> bool:
    """A line in capitals without a mark: an annex, or a document enclosed behind a decision."""
    return len(text) < _HEADING and _TITLED.match(text) is not None


def _roman_or_letter(mark: Marker, stack: list[Node]) -> Marker:
    """ "I", "V" and "X" are letters where they follow "H", "U" and "W"."""
    letters = [node.marker.label for node in stack if node.marker and node.marker.kind == "letter"]
    follows = letters and len(mark.label) == 1 and ord(mark.label) == ord(letters[-1][0]) + 1
    return replace(mark, kind="letter") if mark.kind == "roman" and follows else mark


def _close(stack: list[Node], mark: Marker) -> None:
    for depth, node in enumerate(stack):
        if node.marker and node.marker.kind == mark.kind and not _inside(node.marker, mark):
            del stack[depth:]
            return


def _inside(outer: Marker, mark: Marker) -> bool:
    """Whether a number goes on below its like: "1." under "Điều 1", "2.1" under "2"."""
    return mark.kind.startswith("number") and mark.label.startswith(f"{outer.label}.")


def _in_context(path: tuple[Node, ...]) -> bool:
    """The innermost heading that says what stands below it decides."""
    for node in reversed(path):
        if not _may_head(node):
            continue
        if _DUTIES.search(fold(node.text)) or _ORDERS.match(node.text.lstrip()):
            return False
        if is_context(node):
            return True
    return False


def _may_head(node: Node) -> bool:
    return len(node.text) < _HEADING / 2 and not is_bullet(node)


def is_context(node: Node) -> bool:
    """Whether a paragraph is a heading such as "MỤC TIÊU"."""
    words = fold(node.text)
    if not _may_head(node) or ";" in words or _BY_A_DAY.search(words):
        return False
    return _CONTEXT.match(words) is not None


def _where(
    path: tuple[Node, ...], number: int, counts: dict[tuple[int, ...], int], stack: list[Node]
) -> str:
    marks: list[str] = []
    for node in path:
        if node.marker and not _is_bullet(node.marker):
            label = (
                f"Điều {node.marker.label}" if node.marker.kind == "article" else node.marker.label
            )
            if marks and label.startswith(f"{marks[-1]}."):
                marks.pop()
            marks.append(label)
    place = ".".join(marks)
    own = path[-1] if path else None
    if own is not None and own.number == number and is_bullet(own):
        count = counts[tuple(one.number for one in stack)]
        return f"{place}, gạch {count}" if place else f"gạch {count}"
    return place or f"đoạn {number}"


def shorter(text: str) -> str:
    """A heading as one quotes it."""
    return text if len(text) <= 160 else f"{text[:157].rsplit(' ', 1)[0]}…"
