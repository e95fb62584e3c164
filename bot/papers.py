"""The draft report of a period as files: made for a chat, for the evening of a deadline, and for
the command line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.settings import Settings
from registry import files
from registry.certificates import Certificate
from registry.tables import StoredFile
from reports.papers.body import Office
from reports.papers.certificate_word import write_certificate
from reports.papers.letter import Letter, file_name
from reports.papers.letter_word import write_letter
from reports.papers.model import PeriodReport
from reports.papers.period import name_of
from reports.papers.sheet import write_xlsx
from reports.papers.word import write_docx
from reports.render import Renderer

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KEPT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Paper:
    """A file not kept yet."""

    name: str
    media_type: str
    data: bytes


def office_of(settings: Settings) -> Office:
    """The letterhead as the settings know it."""
    return Office(
        committee=settings.committee.name,
        agency=settings.committee.standing_agency,
        parent=settings.papers.parent_agency,
        place=settings.papers.place,
    )


def docx_of(report: PeriodReport, settings: Settings, renderer: Renderer) -> Paper:
    """The draft to go on writing in."""
    data = write_docx(report, office_of(settings), renderer)
    return Paper(f"Dự thảo báo cáo {name_of(report.period)}.docx", DOCX, data)


def letter_of(letter: Letter, settings: Settings, renderer: Renderer) -> Paper:
    """The letter that urges an agency, to go on writing in."""
    return Paper(file_name(letter), DOCX, write_letter(letter, office_of(settings), renderer))


def certificate_of(made: Certificate, settings: Settings, renderer: Renderer) -> Paper:
    """What was erased of a person, to be signed."""
    name = f"Giấy xác nhận xóa dữ liệu {made.code}.docx"
    return Paper(name, DOCX, write_certificate(made, office_of(settings), renderer))


def xlsx_of(report: PeriodReport, settings: Settings) -> Paper:
    """The figures and the data behind them."""
    data = write_xlsx(report, office_of(settings))
    return Paper(f"Số liệu báo cáo {name_of(report.period)}.xlsx", XLSX, data)


def keep(session: Session, settings: Settings, paper: Paper, now: datetime) -> StoredFile:
    """Keep a file for a month: it is made anew at any time."""
    return files.keep(
        session, settings.files_dir, paper.name, paper.data, paper.media_type, now, days=KEPT_DAYS
    )


def summary_facts(report: PeriodReport) -> Mapping[str, Any]:
    """What the summary in a chat speaks of."""
    return {"r": report, "name": name_of(report.period)}
