"""report: the draft report of a period, as words, .docx, .xlsx or JSON."""

from pathlib import Path
from typing import Annotated

import typer

from bot import papers
from bot.cli.base import ConfigOption, JsonOption, Stop, moment, one_line_errors, opened, out, show
from bot.cli.pages import Pages
from bot.disk_words import why
from deadlines import Unit
from registry.clock import local_day
from reports.papers.contract import to_contract
from reports.papers.load import load_report
from reports.papers.period import EXAMPLES, NAMES, UNITS, NoPeriod, name_of, read_period

group = Pages("Dự thảo báo cáo của một kỳ: tóm tắt, .docx, .xlsx.")

OutOption = Annotated[
    Path | None, typer.Option("--out", help="Tệp .docx hoặc .xlsx sẽ ghi (ghi đè nếu đã có).")
]


def _make(
    unit: Unit, words: str, target: Path | None, config: Path | None, *, as_json: bool
) -> None:
    with one_line_errors():
        if target is not None and target.suffix.lower() not in (".docx", ".xlsx"):
            raise Stop(f"Tệp --out phải có đuôi .docx hoặc .xlsx, không phải {target.name!r}.")
        with opened(config) as (settings, tools, db):
            now = moment()
            try:
                period = read_period(words, local_day(now), unit)
            except NoPeriod as error:
                raise Stop(str(error)) from None
            report = db.read_now(load_report, period, now, soon_days=settings.committee.soon_days)
            if target is not None:
                book = target.suffix.lower() == ".xlsx"
                paper = (
                    papers.xlsx_of(report, settings)
                    if book
                    else papers.docx_of(report, settings, tools.renderer)
                )
                _write(target, paper.data)
            facts = papers.summary_facts(report)
            text = tools.renderer.render("replies/baocao_tom_tat", **facts).plain
    if as_json:
        show(to_contract(report) | ({"file": str(target)} if target is not None else {}))
    elif target is not None:
        out.print(f"Đã ghi dự thảo báo cáo {name_of(period)} vào {target}.", markup=False)
    else:
        out.print(text, markup=False)


def _write(target: Path, data: bytes) -> None:
    try:
        target.write_bytes(data)
    except OSError as error:
        raise Stop(f"Không ghi được {target}: {why(error)}.") from None


def _command(name: str, unit: Unit) -> None:
    """One command for each kind of period; all take the same options."""

    def command(
        period: Annotated[
            str, typer.Option("--period", help=f"Kỳ báo cáo: {EXAMPLES[unit]}; trống: kỳ vừa chốt.")
        ] = "",
        target: OutOption = None,
        config: ConfigOption = None,
        as_json: JsonOption = False,
    ) -> None:
        _make(unit, period, target, config, as_json=as_json)

    group.command(name, help=f"Dự thảo báo cáo {NAMES[unit]}.")(command)


for _name, _unit in UNITS.items():
    _command(_name, _unit)
