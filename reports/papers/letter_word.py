"""The letter that urges an agency as .docx, in the form of Nghị định 30/2020/NĐ-CP
(Phụ lục III, mẫu công văn). Number, day, deadline and signer are left for a person."""

import html
import io

from registry.clock import local
from reports.papers.body import Office
from reports.papers.letter import ABOUT, Letter, body_of, table_of
from reports.papers.word import MARGINS, Writer
from reports.render import Renderer
from reports.vietnamese import one_line

_BLANK = "      "


def write_letter(letter: Letter, office: Office, renderer: Renderer) -> bytes:
    """The document's bytes; the same letter gives the same text."""
    # Heavy, and needed by nothing else.
    from docx import Document  # noqa: PLC0415

    from reports.papers import word_parts  # noqa: PLC0415

    writer = Writer(Document(), word_parts)
    writer.page(MARGINS)
    at = local(letter.at)
    writer.letterhead(office, at, symbol="…-…", about=ABOUT)
    writer.addressed(letter.agency)
    for block in body_of(letter, office, renderer):
        writer.block(block)
    writer.foot("[lãnh đạo Ban Chỉ đạo, cơ quan cần biết]")
    if letter.with_annex:
        sender = html.escape(one_line(office.agency), quote=False) or "[tên cơ quan ban hành]"
        origin = (
            f"(Kèm theo Công văn số{_BLANK}/…-… ngày{_BLANK}tháng{_BLANK}năm {at.year} "
            f"của {sender}; dự thảo)"
        )
        agency = html.escape(one_line(letter.agency).upper(), quote=False)
        writer.listing(f"DANH MỤC NHIỆM VỤ QUÁ HẠN CỦA {agency}", origin, table_of(letter))
    writer.describe(f"Công văn {ABOUT}: {one_line(letter.agency)}", office, letter.at)
    content = io.BytesIO()
    writer.document.save(content)
    return content.getvalue()
