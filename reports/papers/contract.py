"""The report of a period as `dondoc report … --json` writes it: counts, and the duties behind."""

from typing import Any

from registry.clock import local
from reports.papers.model import FIGURES, Figures, PeriodReport, Row
from reports.status import Share


def to_contract(report: PeriodReport) -> dict[str, Any]:
    """Plain data: {"totals": {figure: count}, "duties": {figure: [numbers]}, …}."""
    totals = report.totals
    return {
        "period": report.period.key,
        "from": report.period.first.isoformat(),
        "to": report.period.last.isoformat(),
        "data_window": [day.isoformat() for day in report.window],
        "at": local(report.at).isoformat(timespec="minutes"),
        "today": report.today.isoformat(),
        "soon_days": report.soon_days,
        "totals": _counts(totals),
        "duties": {name: list(totals[name]) for name in FIGURES},
        "tasks": len(report.tasks),
        "not_started_tasks": _share(Share(len(report.tasks_not_started), len(report.tasks))),
        "completion_rate": _share(totals.completion_rate),
        "update_rate": _share(totals.update_rate),
        "directives": [_row(row, "directive") for row in report.directives],
        "agencies": [_row(row, "agency") for row in report.agencies],
        "carried": [line.number for line in report.carried],
        "carried_open": [line.number for line in report.carried if line.is_open],
        "moved_out": list(report.moved_out),
        "waiting": [_apart(one) for one in report.waiting],
        "ongoing": [_apart(one) for one in report.ongoing],
        "obstacles": [
            {
                "duty": each.number,
                "agency": each.agency,
                "label": f"VM{each.id}",
                "theme": each.theme,
                "text": each.text,
                "raised_on": each.raised_on.isoformat(),
                "closed_on": each.closed_on.isoformat() if each.closed_on else None,
            }
            for each in report.difficulties
        ],
        "extensions": [
            {
                "duty": each.number,
                "agency": each.agency,
                "state": each.state.value,
                "old_due_on": each.old_due_on.isoformat(),
                "proposed_on": each.proposed_on.isoformat() if each.proposed_on else None,
                "new_due_on": each.new_due_on.isoformat() if each.new_due_on else None,
            }
            for each in report.extensions
        ],
        "extensions_by_agency": [
            {
                "agency": row.agency,
                "granted": list(row.granted),
                "refused": list(row.refused),
                "pending": list(row.pending),
            }
            for row in report.extensions_by_agency
        ],
        "not_reported": [
            {"agency": row.agency, "duties": list(row.numbers), "late_days": row.late_days}
            for row in report.silent
        ],
        "reports_ahead": list(report.reports_ahead),
        "unreachable": [each.agency for each in report.unreachable],
    }


def _counts(figures: Figures) -> dict[str, int]:
    return {name: len(figures[name]) for name in FIGURES}


def _share(share: Share) -> dict[str, int]:
    return {"part": share.part, "whole": share.whole}


def _apart(one: Any) -> dict[str, str]:
    return {"title": one.title, "agency": one.agency}


def _row(row: Row, label: str) -> dict[str, Any]:
    data: dict[str, Any] = {
        label: row.name,
        **_counts(row.figures),
        "completion_rate": _share(row.figures.completion_rate),
        "update_rate": _share(row.figures.update_rate),
        "waiting": row.waiting,
        "ongoing": row.ongoing,
        "duties": {name: list(row.figures[name]) for name in FIGURES},
    }
    if row.sections:
        data["sections"] = [
            {"section": part.name, **_counts(part.figures)} for part in row.sections
        ]
    return data
