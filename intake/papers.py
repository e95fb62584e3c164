"""Directives as files. READERS says which endings are read as running text, and by what."""

from collections.abc import Callable
from pathlib import Path

from intake.docx_files import read_docx
from intake.errors import IntakeError
from intake.image_files import read_image
from intake.packages import OLE
from intake.paper import PLAIN, Options, Paper
from intake.pdf_files import read_pdf
from intake.secrecy import REFUSED, secrecy_mark
from intake.sheets import content_of
from intake.text_files import read_lines, read_text

PAPER_READERS: dict[str, Callable[[bytes, Options], Paper]] = {
    ".docx": read_docx,
    ".jpeg": read_image,
    ".jpg": read_image,
    ".md": read_text,
    ".pdf": read_pdf,
    ".png": read_image,
    ".txt": read_text,
}

# What a file really is by its first bytes, and the endings that may bear it.
_MAGIC: tuple[tuple[bytes, str, tuple[str, ...]], ...] = (
    (b"%PDF", "tệp PDF", (".pdf",)),
    (b"PK\x03\x04", "tệp nén hoặc tệp Office", (".docx", ".xlsx")),
    (OLE, "tệp Office kiểu cũ hoặc đặt mật khẩu", (".docx", ".xlsx")),
    (b"{\\rtf", "tệp RTF", ()),
    (b"\x89PNG", "tệp ảnh .png", (".png",)),
    (b"\xff\xd8\xff", "tệp ảnh .jpg", (".jpg", ".jpeg")),
    (b"GIF8", "tệp ảnh", ()),
    (b"Rar!", "tệp nén RAR", ()),
    (b"7z\xbc\xaf", "tệp nén 7z", ()),
    (b"MZ", "tệp chương trình", ()),
    (b"<!DOCTYPE", "trang web", ()),
    (b"<html", "trang web", ()),
)


def read_paper(path: Path, options: Options = PLAIN) -> Paper:
    """A directive from a file of one of PAPER_READERS' endings. Raises IntakeError, in one
    Vietnamese line, for any that cannot or must not be taken in; nothing of it is kept."""
    reader = PAPER_READERS[path.suffix.lower()]
    content = content_of(path)
    _sniff(content, path.suffix.lower())
    return _checked(reader(content, options), path.stem)


def read_pasted(text: str) -> Paper:
    """A directive pasted into a chat."""
    return _checked(read_lines(text.splitlines()), "")


def _sniff(content: bytes, ending: str) -> None:
    start = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    for magic, name, endings in _MAGIC:
        if start.startswith(magic) and ending not in endings:
            raise IntakeError(f"Tệp mang tên {ending} nhưng là {name}; hãy gửi đúng tệp gốc.")
    if ending == ".pdf" and b"%PDF" not in content[:1024]:
        raise IntakeError("Tệp mang tên .pdf nhưng không phải tệp PDF; hãy gửi đúng tệp gốc.")
    if ending == ".docx" and not start.startswith((b"PK", OLE)):
        raise IntakeError("Tệp mang tên .docx nhưng không phải tệp Word; hãy gửi đúng tệp gốc.")


def _checked(paper: Paper, name: str) -> Paper:
    if name and secrecy_mark(name):
        raise IntakeError(REFUSED)
    for _line, text in paper.texts():
        if secrecy_mark(text):
            raise IntakeError(REFUSED)
    if paper.empty:
        raise IntakeError("Tệp không có chữ nào.")
    return paper
