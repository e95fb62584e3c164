"""Files sent with a report, by name and by what they begin with."""

import pytest

from bot import evidence
from registry.people import Refused
from scheduler.channel import IncomingFile


@pytest.mark.parametrize(
    ("name", "size", "why"),
    [
        ("bao cao.pdf", 10, None),
        ("BAO CAO.PDF", None, None),
        ("ảnh.JPEG", 10, None),
        ("bang.xlsx", evidence.MOST_BYTES, None),
        ("bang.xlsx", evidence.MOST_BYTES + 1, evidence.TOO_BIG),
        ("bang.xlsm", 10, evidence.WRONG_TYPE),
        ("chay.exe", 10, evidence.WRONG_TYPE),
        ("goi.zip", 10, evidence.WRONG_TYPE),
        ("bao cao.pdf.exe", 10, evidence.WRONG_TYPE),
        ("khong-duoi", 10, evidence.WRONG_TYPE),
        ("MẬT - bao cao.pdf", 10, evidence.SECRET),
        ("Tối mật.docx", 10, evidence.SECRET),
        ("bao cao (MẬT).pdf", 10, evidence.SECRET),
        ("bao_cao_TUYỆT_MẬT.pdf", 10, evidence.SECRET),
        ("bao cao bảo mật thông tin.pdf", 10, None),
        ("an toàn, bí mật nhà nước.pdf", 10, None),
    ],
)
def test_what_is_kept_by_name(name: str, size: int | None, why: str | None) -> None:
    assert evidence.why_not(IncomingFile(name, "ref", size)) == why


@pytest.mark.parametrize(
    ("name", "data", "media"),
    [
        ("a.pdf", b"%PDF-1.7", "application/pdf"),
        ("a.png", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.jpg", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("a.pdf", b"MZ\x90", None),
        ("a.docx", b"%PDF-1.7", None),
        ("a.docx", b"", None),
        ("a.exe", b"MZ", None),
        ("a.pdf", b"%PDF" + bytes(evidence.MOST_BYTES), None),
    ],
)
def test_what_is_kept_by_content(name: str, data: bytes, media: str | None) -> None:
    if media is None:
        with pytest.raises(Refused):
            evidence.type_of(name, data)
    else:
        assert evidence.type_of(name, data) == media


def test_a_question_keeps_files_whole() -> None:
    files = (IncomingFile("a.pdf", "r1", 3), IncomingFile("b.png", "r2", None))
    assert evidence.unpack(evidence.pack(files)) == files
    assert evidence.unpack(None) == ()
