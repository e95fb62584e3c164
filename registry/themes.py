"""What difficulties are about: a small table, recognised by words. A person may say otherwise."""

import re
from dataclasses import dataclass

from deadlines.text import fold


@dataclass(frozen=True, slots=True)
class Theme:
    """`key`: as stored; `name`: as people and reports say it; `words`: folded, what tells it."""

    key: str
    name: str
    words: tuple[str, ...] = ()


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


THEMES: tuple[Theme, ...] = (
    Theme("money", "kinh phí", _words(
        "kinh phi|ngan sach|nguon von|von|du toan|tien|nguon luc tai chinh|bo tri nguon|giai ngan"
    )),
    Theme("people", "nhân lực", _words(
        "nhan luc|nhan su|nguoi lam|thieu nguoi|can bo|bien che|can bo chuyen trach|nghi viec"
        "|nghi che do|tap huan|dao tao|luan chuyen|kiem nhiem"
    )),
    Theme("purchase", "đấu thầu, mua sắm", _words(
        "dau thau|goi thau|nha thau|mua sam|hop dong|chu dau tu|chi dinh thau|tham dinh gia"
        "|bao gia|trang bi"
    )),
    Theme("systems", "hạ tầng, kết nối", _words(
        "ha tang|ket noi|duong truyen|may chu|mang|wifi|internet|phan mem|he thong|thiet bi"
        "|may tinh|loi he thong|dang nhap|tich hop|lien thong|an toan thong tin|mat dien|tai khoan"
    )),
    Theme("data", "dữ liệu", _words(
        "du lieu|so lieu|co so du lieu|csdl|ho so|so hoa|lam sach|toa do|danh muc|thong tin dau vao"
    )),
    Theme("guidance", "văn bản hướng dẫn", _words(
        "huong dan|van ban huong dan|quy dinh|quy trinh|thong tu|nghi dinh|quy chuan|tieu chuan"
        "|dinh muc|chua co van ban|phap ly|the che|tham quyen"
    )),
    Theme("working_together", "phối hợp", _words(
        "phoi hop|y kien|gop y|cho phan hoi|chua nhan duoc|chua gui|chua cung cap|don vi khac"
        "|so khac|thong nhat|chua phe duyet|cho phe duyet|phan cong|khong thuoc nhiem vu"
    )),
    Theme("other", "khác"),
)  # fmt: skip

OTHER = THEMES[-1]
_BY_KEY = {theme.key: theme for theme in THEMES}
_SEEN = {
    theme.key: re.compile(rf"\b(?:{'|'.join(sorted(theme.words, key=len, reverse=True))})\b")
    for theme in THEMES
    if theme.words
}


def theme_in(text: str) -> Theme:
    """The theme most words of a text speak of; of equals, the one whose word comes first; "khác"
    where none does."""
    flat = fold(text)
    best: tuple[int, int, Theme] | None = None
    for theme in THEMES[:-1]:
        hits = [match.start() for match in _SEEN[theme.key].finditer(flat)]
        if hits and (best is None or (-len(hits), hits[0]) < best[:2]):
            best = (-len(hits), hits[0], theme)
    return best[2] if best is not None else OTHER


def theme_of(key: str) -> Theme:
    """A stored theme; "khác" for none, and for one that is no longer in the table."""
    return _BY_KEY.get(key, OTHER)


def theme_for(key: str, text: str) -> Theme:
    """The theme stored; what was stored before there were themes has the one its words tell."""
    return theme_of(key) if key else theme_in(text)


def theme_named(words: str) -> Theme | None:
    """The theme a person names: its name or one of the parts of it, or a word that tells it."""
    flat = fold(words).strip(" .")
    for theme in THEMES:
        parts = [part.strip() for part in fold(theme.name).split(",")]
        if flat and (flat == fold(theme.name) or flat in parts):
            return theme
    return next((theme for theme in THEMES if flat in theme.words), None)
