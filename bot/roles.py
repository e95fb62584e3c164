"""Roles as people say them."""

from deadlines.text import fold
from registry.types import Role
from reports.figures import ROLE_NAMES

__all__ = ["COMMITTEE_WIDE", "ROLE_NAMES", "role_at", "split_role"]

# What staff type after an agency's name, folded; the longest match counts.
_WORDS: dict[str, Role] = {
    "dau moi": Role.FOCAL,
    "focal": Role.FOCAL,
    "chuyen vien": Role.OFFICER,
    "can bo": Role.OFFICER,
    "officer": Role.OFFICER,
    "lanh dao": Role.LEADER,
    "giam doc": Role.LEADER,
    "leader": Role.LEADER,
    "thanh vien": Role.MEMBER,
    "thanh vien ban chi dao": Role.MEMBER,
    "member": Role.MEMBER,
    "thuong truc": Role.STAFF,
    "can bo thuong truc": Role.STAFF,
    "co quan thuong truc": Role.STAFF,
    "staff": Role.STAFF,
    "quan tri": Role.ADMIN,
    "admin": Role.ADMIN,
}


def role_at(role: Role, agency: str) -> str:
    """ "đầu mối của Sở Y tế", "thành viên Ban Chỉ đạo, phụ trách Sở Y tế"; or the role alone."""
    if not agency:
        return ROLE_NAMES[role]
    link = ", phụ trách" if role == Role.MEMBER else " của"
    return f"{ROLE_NAMES[role]}{link} {agency}"


# Roles that belong to the committee as a whole, not to one agency.
COMMITTEE_WIDE = frozenset({Role.STAFF, Role.ADMIN})


def split_role(text: str) -> tuple[str, Role | None]:
    """ "Sở Y tế lãnh đạo" -> ("Sở Y tế", leader); without a role word: (text, None)."""
    words = text.split()
    for size in range(min(4, len(words)), 0, -1):
        role = _WORDS.get(fold(" ".join(words[-size:])))
        if role is not None:
            return " ".join(words[:-size]).rstrip(" ,:-"), role
    return text, None
