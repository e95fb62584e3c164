"""Zip packages (.docx) looked into before anything of them is unpacked."""

import io
import zipfile

from intake.errors import IntakeError

# A directive of 200 pages with pictures is far below both.
MAX_UNPACKED = 300 * 1024 * 1024
MAX_TEXT = 80 * 1024 * 1024
MAX_ENTRIES = 5_000

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def check_package(content: bytes, main: str, ending: str) -> zipfile.ZipFile:
    """The package, if it holds the part `main`, is not locked, holds no macros and unpacks to a
    sensible size. zipfile never unpacks more of an entry than the entry declares, so that the
    declared sizes are the limit of the real ones. Raises IntakeError otherwise."""
    if content.startswith(OLE):
        raise IntakeError(_ole(content, ending))
    try:
        package = zipfile.ZipFile(io.BytesIO(content))
        entries = package.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise broken(ending) from error
    names = {entry.filename for entry in entries}
    if any(entry.flag_bits & 1 for entry in entries):
        raise IntakeError("Tệp đặt mật khẩu; hãy bỏ mật khẩu rồi nhập lại.")
    texts = sum(one.file_size for one in entries if one.filename.endswith((".xml", ".rels")))
    size = sum(entry.file_size for entry in entries)
    if size > MAX_UNPACKED or texts > MAX_TEXT or len(entries) > MAX_ENTRIES:
        raise IntakeError("Tệp nén chứa quá nhiều dữ liệu nên không mở; hãy lưu lại văn bản gốc.")
    if main not in names:
        raise IntakeError(f"Tệp mang tên {ending} nhưng không phải; hãy gửi đúng tệp gốc.")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise IntakeError("Tệp chứa macro nên không mở; hãy lưu lại dạng .docx không có macro.")
    return package


def broken(ending: str) -> IntakeError:
    """What is said of a file that is damaged."""
    return IntakeError(f"Không đọc được tệp {ending} (tệp hỏng); hãy mở rồi lưu lại.")


def _ole(content: bytes, ending: str) -> str:
    if _ENCRYPTED in content:
        return "Tệp đặt mật khẩu; hãy bỏ mật khẩu rồi nhập lại."
    return f"Tệp kiểu cũ (trước Office 2007); hãy lưu lại dạng {ending}."
