"""Files as they come: what Word numbers by itself, what pages break, and what must be refused."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import IntakeError
from intake.paper import Paragraph
from intake.papers import PAPER_READERS, read_paper, read_pasted
from intake.sheets import MAX_BYTES
from intake.stitch import table_rows, without_tables
from tests.intake.making import directive_docx, plan_docx, saved

DATA = Path(__file__).parent / "data" / "directives"


def _refused(tmp_path: Path, content: bytes, name: str) -> str:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(IntakeError) as error:
        read_paper(path)
    assert "\n" not in str(error.value)
    return error.value.message


def _repacked(content: bytes, change: Callable[[str, bytes], bytes], **more: bytes) -> bytes:
    held = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, extra in more.items():
            new.writestr(name.replace("__", "/"), extra)
    return held.getvalue()


def _same(_name: str, part: bytes) -> bytes:
    return part


PLAIN = directive_docx("Số: 1/KH-UBND", "1. Sở Y tế báo cáo trước ngày 01/4/2026.")


def test_numbers_of_automatic_lists_are_text(tmp_path: Path) -> None:
    path = tmp_path / "ke-hoach.docx"
    path.write_bytes(plan_docx())
    texts = [one.text for one in without_tables(read_paper(path))]
    assert "1. Sở Khoa học và Công nghệ" in texts
    assert any(text.startswith("2. Sở Tài chính") for text in texts)
    assert any(text.startswith("- Chủ trì, hướng dẫn") for text in texts)


def test_cells_merged_downwards_hold_for_each_row(tmp_path: Path) -> None:
    path = tmp_path / "ke-hoach.docx"
    path.write_bytes(plan_docx())
    rows = table_rows(read_paper(path))
    assert [row.deadline for row in rows][:2] == ["Quý II/2026", "Quý II/2026"]
    assert rows[0].section == "I HẠ TẦNG SỐ"


def test_tracked_changes_and_text_boxes(tmp_path: Path) -> None:
    document = Document()
    paragraph = document.add_paragraph("Sở Y tế báo cáo ")
    for tag, inner, word in (
        ("w:ins", "w:t", "trước ngày 01/4/2026"),
        ("w:del", "w:delText", "khi cần"),
    ):
        paragraph._p.append(
            parse_xml(f"<{tag} {nsdecls('w')}><w:r><{inner}>{word}</{inner}></w:r></{tag}>")
        )
    path = tmp_path / "sua.docx"
    path.write_bytes(saved(document))
    assert [one.text for one in read_paper(path).paragraphs] == [
        "Sở Y tế báo cáo trước ngày 01/4/2026"
    ]


def test_rows_split_by_a_page_are_whole_again() -> None:
    text = (
        "TT\tNhiệm vụ\tThời hạn\tCơ quan thực hiện\n"
        "1\tXây dựng Kế hoạch,\tQuý\tCục Thuế\n\n"
        "¹ Ghi chú cuối trang.\n\n"
        "TT\tNhiệm vụ\tThời hạn\tCơ quan thực hiện\n"
        "\tlộ trình¹\tIII/2026\ttỉnh\n"
        "2\tRà soát\tTháng 9\tSở Y tế\n"
    )
    rows = table_rows(read_pasted(text))
    assert [(row.title, row.deadline, row.lead) for row in rows] == [
        ("Xây dựng Kế hoạch, lộ trình", "Quý III/2026", "Cục Thuế tỉnh"),
        ("Rà soát", "Tháng 9", "Sở Y tế"),
    ]
    assert "[Ghi chú cuối trang.]" in rows[0].source


def test_tables_with_pipes() -> None:
    text = (
        "| STT | Nội dung | Đơn vị chủ trì | Tiến độ |\n|---|:---:|---|---|\n"
        "| **I** | **HẠ TẦNG** | | |\n| 1 | Phủ sóng 5G | Sở Y tế<br>Công an tỉnh | 30/6/2026 |\n"
    )
    (row,) = table_rows(read_pasted(text))
    assert (row.where, row.title, row.lead) == ("I.1", "Phủ sóng 5G", "Sở Y tế\nCông an tỉnh")


def test_a_page_break_does_not_end_a_sentence() -> None:
    pasted = read_pasted(
        "1. Sở Y tế rà soát tại cơ quan, địa phương\n\n\n\nmình, báo cáo UBND tỉnh.\n"
    )
    assert pasted.blocks == (
        Paragraph(1, "1. Sở Y tế rà soát tại cơ quan, địa phương mình, báo cáo UBND tỉnh."),
    )


def test_lines_broken_at_a_width_are_one_paragraph() -> None:
    wide = "Giao Sở Khoa học và Công nghệ chủ trì, phối hợp với các cơ quan, gửi Sở\nThông tin và"
    text = f"{wide} Truyền thông trước ngày 01/4/2026 để tổng hợp, báo cáo\nChủ tịch UBND tỉnh.\n"
    assert len(read_pasted(text).paragraphs) == 1


def test_a_pdf_in_two_columns_reads_column_by_column() -> None:
    texts = [one.text for one in without_tables(read_paper(DATA / "chi-thi.pdf"))]
    assert texts.index("Số: 29/CT-TTg") < texts.index("Hà Nội, ngày 05 tháng 11 năm 2025")
    place = texts.index("Nơi nhận:")
    assert texts[place + 1].startswith("- Các Bộ")


# --- Refusals -------------------------------------------------------------------------------------


def test_wrong_names(tmp_path: Path) -> None:
    pdf = (DATA / "chi-thi.pdf").read_bytes()
    assert "tệp PDF" in _refused(tmp_path, pdf, "a.docx")
    assert "tệp PDF" in _refused(tmp_path, pdf, "a.txt")
    assert "tệp nén hoặc tệp Office" in _refused(tmp_path, PLAIN, "a.pdf")
    assert "RTF" in _refused(tmp_path, b"{\\rtf1 abc}", "a.docx")
    assert "không phải tệp Word" in _refused(tmp_path, "chữ".encode(), "a.docx")
    assert "không phải tệp PDF" in _refused(tmp_path, "chữ".encode(), "a.pdf")
    assert "tệp ảnh" in _refused(tmp_path, b"\x89PNG\r\n", "a.txt")


def test_locked_and_old_files(tmp_path: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    locked = ole + "EncryptedPackage".encode("utf-16-le")
    assert "mật khẩu" in _refused(tmp_path, locked, "a.docx")
    assert "kiểu cũ" in _refused(tmp_path, ole + bytes(600), "a.docx")


def test_macros(tmp_path: Path) -> None:
    with_code = _repacked(PLAIN, _same, word__vbaProject=b"")
    renamed = with_code.replace(b"word/vbaProject", b"word/vbaProject")
    assert read_paper_bytes(tmp_path, renamed)
    macros = io.BytesIO(PLAIN)
    with zipfile.ZipFile(macros, "a") as package:
        package.writestr("word/vbaProject.bin", b"code")
    assert "macro" in _refused(tmp_path, macros.getvalue(), "a.docx")
    typed = _repacked(
        PLAIN,
        lambda name, part: (
            part.replace(b"wordprocessingml.document.main", b"macroEnabled.main")
            if name == "[Content_Types].xml"
            else part
        ),
    )
    assert "macro" in _refused(tmp_path, typed, "a.docx")


def read_paper_bytes(tmp_path: Path, content: bytes) -> bool:
    path = tmp_path / "thu.docx"
    path.write_bytes(content)
    return not read_paper(path).empty


def test_bombs_and_giants(tmp_path: Path) -> None:
    bomb = io.BytesIO(PLAIN)
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/extra.xml", bytes(90 * 1024 * 1024))
    assert "quá nhiều dữ liệu" in _refused(tmp_path, bomb.getvalue(), "a.docx")
    path = tmp_path / "to.pdf"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    with pytest.raises(IntakeError, match=f"lớn hơn {MAX_BYTES // 1024 // 1024} MB"):
        read_paper(path)


def test_a_scan_is_told_apart(tmp_path: Path) -> None:
    import pypdfium2  # noqa: PLC0415

    document = pypdfium2.PdfDocument.new()
    document.new_page(595, 842)
    held = io.BytesIO()
    document.save(held)
    message = _refused(tmp_path, held.getvalue(), "quet.pdf")
    assert "bản quét" in message
    assert ".docx" in message


def test_damage(tmp_path: Path) -> None:
    assert "hỏng" in _refused(tmp_path, (DATA / "chi-thi.pdf").read_bytes()[:900], "a.pdf")
    assert "hỏng" in _refused(tmp_path, PLAIN[:2000], "a.docx")
    broken = _repacked(
        PLAIN, lambda name, part: part[:200] if name == "word/document.xml" else part
    )
    assert "hỏng" in _refused(tmp_path, broken, "a.docx")


@pytest.mark.parametrize("mark", ["MẬT", "TỐI MẬT", "Độ mật: Tuyệt mật"])
def test_marks_of_secrecy_anywhere(tmp_path: Path, mark: str) -> None:
    said = {
        _refused(tmp_path, f"{mark}\nSố: 1/KH-UBND\n1. Sở Y tế rà soát.".encode(), "a.txt"),
        _refused(tmp_path, directive_docx("Số: 1/KH", mark), "a.docx"),
    }
    document = Document()
    document.sections[0].header.paragraphs[0].text = mark
    document.add_paragraph("1. Sở Y tế rà soát.")
    said.add(_refused(tmp_path, saved(document), "b.docx"))
    box = Document()
    box.add_paragraph("1. Sở Y tế rà soát.")._p.append(
        parse_xml(
            f"<w:r {nsdecls('w')}><w:pict><w:txbxContent><w:p><w:r><w:t>{mark}</w:t></w:r></w:p>"
            "</w:txbxContent></w:pict></w:r>"
        )
    )
    said.add(_refused(tmp_path, saved(box), "c.docx"))
    assert len(said) == 1
    assert "độ mật" in said.pop()


def test_words_about_secrecy_are_no_mark() -> None:
    assert not read_pasted("1. Sở Y tế bảo đảm bí mật, trừ các văn bản mật.").empty


@given(st.sampled_from(sorted(PAPER_READERS)), st.binary(max_size=2_000))
def test_any_bytes_are_read_or_refused(ending: str, content: bytes) -> None:
    said = ""
    try:
        PAPER_READERS[ending](content)
    except IntakeError as error:
        said = str(error)
    assert "\n" not in said
