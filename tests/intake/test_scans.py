"""Scanned pages: recognised where Tesseract with Vietnamese is installed, else told of."""

import io
from pathlib import Path

import pypdfium2
import pytest

from intake.errors import IntakeError
from intake.ocr import installed
from intake.paper import Options, Paper
from intake.papers import read_paper
from intake.stitch import table_rows, without_tables
from tests.intake.scans import as_pdf, drawn, photographed, turned

DATA = Path(__file__).parent / "data" / "directives"
WITHOUT = Options(ocr=False)
needs_program = pytest.mark.skipif(not installed(), reason="Tesseract with Vietnamese is not here")

LINES = (
    "Số: 45/KH-UBND",
    "Cao Bằng, ngày 09 tháng 02 năm 2026",
    "KẾ HOẠCH",
    "Phân công nhiệm vụ chuyển đổi số năm 2026",
)
ROWS = (
    ("TT", "Nội dung nhiệm vụ", "Cơ quan chủ trì", "Thời hạn"),
    ("1", "Rà soát quy trình nội bộ", "Văn phòng UBND tỉnh", "Trước ngày 20/3/2026"),
    ("2", "Tập huấn cho cán bộ cấp xã", "Sở Nội vụ; Sở Tài chính", "Tháng 5/2026"),
    ("3", "Công bố danh mục dữ liệu mở", "Sở Khoa học và Công nghệ", "31/10/2026"),
)
WIDTHS = (90, 560, 480, 300)


def _read(path: Path, content: bytes, options: Options = Options()) -> Paper:  # noqa: B008
    path.write_bytes(content)
    return read_paper(path, options)


@needs_program
def test_a_scanned_letter_reads_like_its_text(tmp_path: Path) -> None:
    content = (DATA / "chi-thi.pdf").read_bytes()
    whole = without_tables(read_paper(DATA / "chi-thi.pdf"))
    plain = [one.text for one in whole if one.line == 1][:-1]
    scan = _read(tmp_path / "quet.pdf", as_pdf([turned(photographed(content), 0.6)]))
    seen = [one.text for one in without_tables(scan)]
    wanted = {word for text in plain for word in text.split()}
    found = {word for text in seen for word in text.split()}
    assert len(wanted & found) > 0.93 * len(wanted)
    assert sum(text in seen for text in plain) > 0.6 * len(plain)
    assert scan.remarks[0] == (
        0,
        "trang 1 đọc bằng nhận dạng chữ (OCR), hãy soát kỹ từng nhiệm vụ, nhất là số và ngày",
    )


@needs_program
@pytest.mark.parametrize("angle", [-1.1, 90])
def test_a_scanned_table_keeps_its_cells(tmp_path: Path, angle: float) -> None:
    page = turned(drawn(LINES, ROWS, WIDTHS), angle)
    rows = table_rows(_read(tmp_path / "quet.pdf", as_pdf([page])))
    assert [(row.title, row.lead, row.deadline) for row in rows] == [row[1:] for row in ROWS[1:]]


@needs_program
def test_a_photo_of_a_page(tmp_path: Path) -> None:
    held = io.BytesIO()
    drawn(LINES, ROWS, WIDTHS).convert("RGB").save(held, "JPEG", quality=70)
    paper = _read(tmp_path / "anh.jpg", held.getvalue())
    assert [row.lead for row in table_rows(paper)] == [row[2] for row in ROWS[1:]]
    assert "Số: 45/KH-UBND" in [one.text for one in paper.paragraphs]
    assert paper.remarks[0][1].startswith("ảnh được đọc bằng nhận dạng chữ (OCR)")


@needs_program
def test_a_scan_of_nothing(tmp_path: Path) -> None:
    blank = drawn((), (), ())
    blank.paste(0, (600, 600, 1100, 1100))
    with pytest.raises(IntakeError, match="Không nhận dạng được chữ nào"):
        _read(tmp_path / "trang.pdf", as_pdf([blank]))


def test_without_the_program_a_scan_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match=r"bản quét.*tesseract-ocr-vie"):
        _read(tmp_path / "quet.pdf", as_pdf([drawn(LINES, ROWS, WIDTHS)]), WITHOUT)
    held = io.BytesIO()
    drawn(LINES, ROWS, WIDTHS).save(held, "PNG")
    with pytest.raises(IntakeError, match=r"Chưa đọc được ảnh.*tesseract-ocr-vie"):
        _read(tmp_path / "anh.png", held.getvalue(), WITHOUT)


def test_a_scanned_page_among_others_is_told_of(tmp_path: Path) -> None:
    whole = pypdfium2.PdfDocument((DATA / "chi-thi.pdf").read_bytes())
    whole.import_pages(pypdfium2.PdfDocument(as_pdf([drawn(LINES, ROWS, WIDTHS)])))
    held = io.BytesIO()
    whole.save(held)
    paper = _read(tmp_path / "lan.pdf", held.getvalue(), WITHOUT)
    assert paper.remarks == ((0, "trang 7 là ảnh quét không có chữ nên chưa đọc được"),)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40),
        ("a.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 40),
        ("a.png", b"\xff\xd8\xff\xe0 jpeg"),
        ("a.jpg", b"%PDF-1.4"),
        ("a.jpg", b"khong phai anh"),
        ("a.pdf", b"\x89PNG\r\n\x1a\n"),
    ],
)
def test_no_picture_at_all(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(IntakeError):
        _read(tmp_path / name, content)
