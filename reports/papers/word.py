"""The draft report as .docx in the form of Nghị định 30/2020/NĐ-CP (Phụ lục I): page, letterhead,
type, body, signature, recipients, and the list of duties as an annex of its own.

Nothing is invented: number, day, recipients and signer are left for a person, marked by brackets.
"""

import html
import io
from datetime import datetime
from typing import Any

from deadlines.periods import Period
from registry.clock import local
from reports.papers.body import Block, Office, Paragraph, Table, annex_of, body_of, title_of
from reports.papers.model import PeriodReport
from reports.papers.period import name_of
from reports.render import Renderer
from reports.vietnamese import one_line

PORTRAIT = (210.0, 297.0)
# Top, right, bottom, left, in millimetres.
MARGINS = (20.0, 15.0, 20.0, 30.0)
ANNEX_MARGINS = (20.0, 15.0, 20.0, 30.0)
BODY = 14.0
SMALL = 13.0
CAPITALS = 12.0
TABLE = 11.5
ANNEX = 11.0
_TEXT_WIDTH = PORTRAIT[0] - MARGINS[1] - MARGINS[3]
_LETTERHEAD = (68.0, 97.0)
_BLANK = "      "


def write_docx(report: PeriodReport, office: Office, renderer: Renderer) -> bytes:
    """The document's bytes; the same report gives the same text."""
    # Heavy, and needed by nothing else.
    from docx import Document  # noqa: PLC0415

    from reports.papers import word_parts  # noqa: PLC0415

    writer = Writer(Document(), word_parts)
    writer.page(MARGINS)
    writer.letterhead(office, local(report.at))
    writer.title(title_of(report, office))
    for block in body_of(report, office, renderer):
        writer.block(block)
    writer.foot()
    writer.annex(report, office)
    writer.describe(title_of(report, office), office, report.at)
    content = io.BytesIO()
    writer.document.save(content)
    return content.getvalue()


class Writer:
    """Puts one part after the other into a new document. `parts`: the module of small pieces,
    loaded together with python-docx."""

    def __init__(self, document: Any, parts: Any) -> None:
        self.document = document
        self.parts = parts
        normal = document.styles["Normal"]
        parts.set_font(normal, BODY)
        form = normal.paragraph_format
        form.space_before = form.space_after = parts.Pt(0)
        form.line_spacing = 1.0

    # -- page -------------------------------------------------------------------------------------

    def page(self, margins: tuple[float, ...]) -> None:
        section = self.document.sections[0]
        section.page_width, section.page_height = map(self.parts.Mm, PORTRAIT)
        self._margins(section, margins)
        section.different_first_page_header_footer = True
        section.header.is_linked_to_previous = False
        paragraph = section.header.paragraphs[0]
        paragraph.style = self.document.styles["Normal"]
        paragraph.alignment = self.parts.WD_ALIGN_PARAGRAPH.CENTER
        self.parts.page_field(paragraph, BODY)

    def _margins(self, section: Any, margins: tuple[float, ...]) -> None:
        top, right, bottom, left = map(self.parts.Mm, margins)
        section.top_margin, section.right_margin = top, right
        section.bottom_margin, section.left_margin = bottom, left
        section.header_distance = section.footer_distance = self.parts.Mm(10)

    # -- letterhead and title ---------------------------------------------------------------------

    def letterhead(
        self, office: Office, at: datetime, symbol: str = "BC-…", about: str = ""
    ) -> None:
        """symbol: what follows the number. about: the subject of a letter, which has no title."""
        table = self.parts.bare_table(self.document, _LETTERHEAD)
        left, right = table.rows[0].cells
        parent = _safe(office.parent.upper()) or "[TÊN CƠ QUAN CHỦ QUẢN]"
        agency = _safe(office.agency.upper()) or "[TÊN CƠ QUAN BAN HÀNH]"
        self._put(left.paragraphs[0], parent, CAPITALS)
        self._put(left.add_paragraph(), f"<b>{agency}</b>", CAPITALS)
        self.parts.line_under(left.add_paragraph(), 23, 23)
        self._put(left.add_paragraph(), f"Số:{_BLANK}/{symbol}", SMALL, before=4)
        if about:
            self._put(left.add_paragraph(), f"V/v {_safe(about)}", CAPITALS, before=6)
        draft = left.add_paragraph()
        self._put(draft, "<b>DỰ THẢO</b>", SMALL, before=8)
        self.parts.boxed(draft, 20, 20)
        self._put(right.paragraphs[0], "<b>CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM</b>", CAPITALS)
        self._put(right.add_paragraph(), "<b>Độc lập - Tự do - Hạnh phúc</b>", SMALL)
        self.parts.line_under(right.add_paragraph(), 20, 20)
        place = _safe(office.place) or "[địa danh]"
        day = f"{place}, ngày{_BLANK}tháng{_BLANK}năm {at.year}"
        self._put(right.add_paragraph(), f"<i>{day}</i>", SMALL, before=4)

    def addressed(self, agency: str) -> None:
        """To whom a letter goes."""
        self._put(
            self.document.add_paragraph(), f"Kính gửi: {_safe(agency)}.", BODY, before=14, after=6
        )

    def heading(self, kind: str, words: str) -> None:
        """What kind of paper it is, and what about."""
        self._put(self.document.add_paragraph(), f"<b>{kind}</b>", BODY, before=14)
        self._put(self.document.add_paragraph(), f"<b>{_safe(words)}</b>", BODY)
        self.parts.line_under(self.document.add_paragraph(), 55, 55)

    def title(self, words: str) -> None:
        self.heading("BÁO CÁO", words)
        self._put(
            self.document.add_paragraph(), "Kính gửi: [tên cơ quan, người nhận báo cáo]", BODY,
            before=12, after=6,
        )  # fmt: skip

    def _put(
        self, paragraph: Any, text: str, points: float, *, before: float = 0, after: float = 0
    ) -> None:
        """A centred line."""
        self.parts.add_runs(paragraph, text, points)
        paragraph.alignment = self.parts.WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.space_before = self.parts.Pt(before)
        paragraph.paragraph_format.space_after = self.parts.Pt(after)

    # -- body -------------------------------------------------------------------------------------

    def block(self, block: Block) -> None:
        if isinstance(block, Table):
            self._gap(6)
            self.parts.add_table(self.document, block, _TEXT_WIDTH, TABLE)
            self._gap(2)
            return
        self._paragraph(block)

    def _paragraph(self, block: Paragraph) -> None:
        heading = block.style in ("part", "point")
        paragraph = self.document.add_paragraph()
        self.parts.add_runs(paragraph, f"<b>{block.text}</b>" if heading else block.text)
        form = paragraph.paragraph_format
        form.first_line_indent = self.parts.Mm(12.7)
        form.space_before, form.line_spacing = self.parts.Pt(6), 1.1
        form.keep_with_next = heading or block.text.endswith(":")
        if not heading:
            paragraph.alignment = self.parts.WD_ALIGN_PARAGRAPH.JUSTIFY

    def _gap(self, points: float) -> None:
        """Room round a table; Word needs a paragraph between two of them anyway."""
        form = self.document.add_paragraph().paragraph_format
        form.line_spacing = self.parts.Pt(points)
        form.keep_with_next = True

    def foot(self, copies: str = "[các cơ quan, cá nhân nhận báo cáo]") -> None:
        """Recipients and the signature, never on a page without a line of the text before them."""
        self.document.paragraphs[-1].paragraph_format.keep_with_next = True
        self._gap(12)
        table = self.parts.bare_table(self.document, (82.0, 83.0))
        self.parts.unbroken(table.rows[0])
        left, right = table.rows[0].cells
        self.parts.add_runs(left.paragraphs[0], "<b><i>Nơi nhận:</i></b>", 12)
        for line in ("- Như trên;", f"- {copies};", "- Lưu: VT, [đơn vị soạn thảo]."):  # fmt: skip
            self.parts.add_runs(left.add_paragraph(), line, 11)
        self._put(right.paragraphs[0], "<b>[QUYỀN HẠN, CHỨC VỤ CỦA NGƯỜI KÝ]</b>", BODY)
        for _ in range(4):
            right.add_paragraph()
        self._put(right.add_paragraph(), "<b>[Họ và tên người ký]</b>", BODY)

    # -- annex ------------------------------------------------------------------------------------

    def annex(self, report: PeriodReport, office: Office) -> None:
        """Every duty of the period, on pages of their own."""
        agency = _safe(office.agency) or "[tên cơ quan báo cáo]"
        origin = (
            f"(Kèm theo Báo cáo số{_BLANK}/BC-… ngày{_BLANK}tháng{_BLANK}"
            f"năm {local(report.at).year} của {agency}; dự thảo)"
        )
        self.listing(_annex_title(report.period), origin, annex_of(report))

    def listing(self, title: str, origin: str, table: Table) -> None:
        """A table as an annex across the page. `title` and `origin` are escaped already."""
        section = self.document.add_section(self.parts.WD_SECTION.NEW_PAGE)
        section.orientation = self.parts.WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = map(self.parts.Mm, reversed(PORTRAIT))
        self._margins(section, ANNEX_MARGINS)
        section.different_first_page_header_footer = True
        self.parts.restart_numbers(section)
        self._put(self.document.add_paragraph(), "<b>Phụ lục</b>", BODY)
        self._put(self.document.add_paragraph(), f"<b>{title}</b>", BODY)
        self._put(self.document.add_paragraph(), f"<i>{origin}</i>", BODY)
        if not table.rows:
            self._put(self.document.add_paragraph(), "Không có đầu việc nào.", BODY, before=12)
            return
        self._gap(8)
        width = PORTRAIT[1] - ANNEX_MARGINS[1] - ANNEX_MARGINS[3]
        self.parts.add_table(self.document, table, width, ANNEX)
        self._gap(2)

    def describe(self, title: str, office: Office, at: datetime) -> None:
        """The properties of the file."""
        about = self.document.core_properties
        about.title, about.author = title[:250], one_line(office.agency)[:250]
        about.comments, about.language = "Dự thảo", "vi-VN"
        about.last_modified_by = about.author
        about.created = about.modified = local(at).replace(tzinfo=None, microsecond=0)


def _annex_title(period: Period) -> str:
    return f"DANH MỤC ĐẦU VIỆC {name_of(period).upper()}"


def _safe(text: str) -> str:
    """Foreign text on one line, as the pieces of Word take it."""
    return html.escape(one_line(text).strip(), quote=False)
