"""Word files as offices make them: head and foot in tables without lines, automatic lists, an annex
with a header of two rows, merged cells and section rows."""

import io
from typing import Any

from docx import Document

HEAD = (
    (
        "ỦY BAN NHÂN DÂN\nTỈNH QUẢNG NGÃI",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc",
    ),
    ("Số: 205/KH-UBND", "Quảng Ngãi, ngày 14 tháng 01 năm 2026"),
)
ANNEX = (
    ("I", "HẠ TẦNG SỐ", "", "", "", ""),
    (
        "1",
        "Phủ sóng 5G tại các khu công nghiệp",
        "Sở Khoa học và Công nghệ",
        "Các doanh nghiệp viễn thông",
        "Quý II/2026",
        "100% khu công nghiệp có sóng 5G",
    ),
    (
        "2",
        "Nâng cấp mạng truyền số liệu chuyên dùng cấp xã",
        "Sở Khoa học và Công nghệ",
        "UBND các xã, phường, đặc khu",
        "Quý II/2026",
        "Báo cáo nghiệm thu",
    ),
    ("II", "DỮ LIỆU SỐ", "", "", "", ""),
    (
        "1",
        "Số hóa hồ sơ địa chính",
        "Sở Nông nghiệp và Môi trường",
        "Sở Nội vụ; UBND các xã, phường, đặc khu",
        "31/10/2026",
        "Cơ sở dữ liệu đất đai",
    ),
    (
        "2",
        "Chuẩn hóa dữ liệu dân cư",
        "- Công an tỉnh;\n- UBND các xã, phường, đặc khu",
        "-",
        "Thường xuyên",
        "",
    ),
    (
        "3",
        "Thực hiện các nhiệm vụ theo Đề án 06",
        "",
        "",
        "Theo Kế hoạch số 33/KH-UBND ngày 05/02/2025",
        "",
    ),
)


def plan_docx() -> bytes:
    """A provincial plan with an annex of tasks."""
    document = Document()
    _grid(document, HEAD)
    for text in ("KẾ HOẠCH", "Chuyển đổi số tỉnh Quảng Ngãi năm 2026"):
        document.add_paragraph(text)
    document.add_paragraph(
        "Thực hiện Nghị quyết số 57-NQ/TW ngày 22/12/2024 của Bộ Chính trị, "
        "UBND tỉnh ban hành Kế hoạch như sau:"
    )
    document.add_paragraph("I. MỤC TIÊU")
    document.add_paragraph(
        "Đến hết năm 2026, 90% hồ sơ công việc cấp xã được xử lý trên môi trường mạng.",
        style="List Bullet",
    )
    document.add_paragraph("II. NHIỆM VỤ")
    document.add_paragraph("Chi tiết tại Phụ lục kèm theo Kế hoạch này.")
    document.add_paragraph("III. TỔ CHỨC THỰC HIỆN")
    document.add_paragraph("Sở Khoa học và Công nghệ", style="List Number")
    document.add_paragraph(
        "Chủ trì, hướng dẫn các cơ quan, đơn vị triển khai Kế hoạch.", style="List Bullet"
    )
    document.add_paragraph(
        "Tổng hợp, báo cáo UBND tỉnh trước ngày 25 của tháng cuối quý.", style="List Bullet"
    )
    document.add_paragraph(
        "Sở Tài chính bố trí kinh phí thực hiện Kế hoạch, hoàn thành trước ngày 28/02/2026.",
        style="List Number",
    )
    document.add_paragraph(
        "Các sở, ban, ngành; UBND các xã, phường, đặc khu báo cáo kết quả thực hiện "
        "gửi Sở Khoa học và Công nghệ trước ngày 15 của tháng cuối quý.",
        style="List Number",
    )
    _grid(
        document,
        (
            (
                "Nơi nhận:\n- Thường trực Tỉnh ủy (để b/c);\n- Các sở, ban, ngành (để t/h);\n- Lưu",
                "TM. ỦY BAN NHÂN DÂN\nCHỦ TỊCH\n\nNguyễn Hoàng Giang",
            ),
        ),
    )
    document.add_paragraph("PHỤ LỤC")
    document.add_paragraph("(Kèm theo Kế hoạch số 205/KH-UBND ngày 14/01/2026 của UBND tỉnh)")
    _annex(document)
    return saved(document)


def directive_docx(*paragraphs: str) -> bytes:
    """A Word file of nothing but paragraphs."""
    document = Document()
    for text in paragraphs:
        document.add_paragraph(text)
    return saved(document)


def saved(document: Any) -> bytes:
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


def _grid(document: Any, rows: tuple[tuple[str, ...], ...]) -> None:
    table = document.add_table(rows=0, cols=len(rows[0]))
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text


def _annex(document: Any) -> None:
    table = document.add_table(rows=2, cols=6)
    table.style = "Table Grid"
    upper, lower = table.rows[0].cells, table.rows[1].cells
    for place, text in ((0, "STT"), (1, "Nội dung nhiệm vụ"), (4, "Tiến độ"), (5, "Sản phẩm")):
        upper[place].merge(lower[place]).text = text
    upper[2].merge(upper[3]).text = "Cơ quan"
    lower[2].text, lower[3].text = "Chủ trì", "Phối hợp"
    for values in ANNEX:
        cells = table.add_row().cells
        for cell, text in zip(cells, values, strict=True):
            cell.text = text
    # One cell says by when for both rows of the first section.
    table.cell(3, 4).merge(table.cell(4, 4)).text = "Quý II/2026"
    table.cell(2, 1).merge(table.cell(2, 5))
