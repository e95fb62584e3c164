"""The certificate of what was erased of a person, as .docx: number, day, name and signature are
left for a person (Nghị định 30/2020/NĐ-CP, Phụ lục III)."""

import io

from registry.certificates import Certificate
from registry.clock import local
from reports.papers.body import Office, Paragraph
from reports.papers.word import MARGINS, Writer
from reports.render import Renderer

KIND = "GIẤY XÁC NHẬN"
ABOUT = "Về việc xóa dữ liệu cá nhân trong hệ thống đôn đốc nhiệm vụ"


def write_certificate(made: Certificate, office: Office, renderer: Renderer) -> bytes:
    """The document's bytes; the same certificate gives the same text."""
    # Heavy, and needed by nothing else.
    from docx import Document  # noqa: PLC0415

    from reports.papers import word_parts  # noqa: PLC0415

    writer = Writer(Document(), word_parts)
    writer.page(MARGINS)
    writer.letterhead(office, local(made.at), symbol="GXN-…")
    writer.heading(KIND, ABOUT)
    text = renderer.render("papers/certificate", made=made, standing=office.agency).html
    for line in filter(None, text.split("\n")):
        writer.block(Paragraph(line))
    writer.foot("[người yêu cầu]")
    writer.describe(f"{KIND} {made.code}", office, made.at)
    content = io.BytesIO()
    writer.document.save(content)
    return content.getvalue()
