"""What a person sees of a draft: read models for the templates, no words of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deadlines import describe
from intake.board import Board, blocked, unknown_names
from intake.drafts import Draft, DraftTask
from registry.agencies import How, Match

PAGE = 5


@dataclass(frozen=True)
class Page:
    """One page of tasks. `number` from 1; `total` pages; `only_problems`: of those tasks alone."""

    number: int
    total: int
    tasks: list[dict[str, Any]]
    only_problems: bool = False


def page_of(board: Board, draft: Draft, number: int, *, only_problems: bool) -> Page:
    """The nearest page there is to the one asked for."""
    tasks = [
        (n, task)
        for n, task in board.numbered(draft)
        if not only_problems or needs_look(board, n, task)
    ]
    total = max(1, -(-len(tasks) // PAGE))
    at = min(max(number, 1), total)
    shown = tasks[(at - 1) * PAGE : at * PAGE]
    return Page(at, total, [task_view(board, n, task) for n, task in shown], only_problems)


def needs_look(board: Board, number: int, task: DraftTask) -> bool:
    """Something is said about the task that nobody has accepted yet."""
    return blocked(task) or (bool(task.messages) and number - 1 not in board.accepted)


def task_view(board: Board, number: int, task: DraftTask) -> dict[str, Any]:
    """One task as it was understood, and what is to be known about it."""
    due = task.reading.due
    unknown = unknown_names(task)
    return {
        "number": number,
        "title": task.title,
        "where": task.where,
        "line": task.line,
        "unit": board.source.unit,
        "source": task.source,
        "deliverable": task.deliverable,
        "leads": _names(task.leads),
        "coordinates": _names(task.coordinates),
        "send_to": _names(task.send_to),
        "deadline": task.deadline,
        "meaning": describe(task.reading.rule) if task.reading.rule is not None else "",
        "due": due[0] if due else None,
        "later": list(due[1:4]),
        "kind": task.reading.kind,
        "problems": [{"text": one.message, "blocking": one.blocking} for one in task.messages],
        "accepted": number - 1 in board.accepted,
        "unknown": [name for name, _near in unknown],
        "proposed": any(len(near) == 1 for _name, near in unknown),
    }


def _names(matches: Sequence[Match]) -> list[str]:
    return [
        f"{one.text} ({len(one.agencies)} cơ quan)" if one.how is How.GROUP else one.name
        for one in matches
    ]


def summary_view(board: Board, draft: Draft) -> dict[str, Any]:
    """What was found in the document, counted."""
    numbered = board.numbered(draft)
    led = {agency.id for task in draft.tasks for match in task.leads for agency in match.agencies}
    stop = [n for n, task in numbered if blocked(task)]
    look = [n for n, task in numbered if n not in stop and needs_look(board, n, task)]
    head = board.source.head
    return {
        "directive": draft.directive,
        "issued": draft.directive.issued_on,
        "signer": head.signer,
        "meeting": head.meeting,
        "tasks": len(numbered),
        "dated": sum(bool(task.reading.due) for _n, task in numbered),
        "agencies": len(led),
        "stop": stop,
        "look": look,
        "accepted": len(board.accepted & set(board.kept)),
        "dropped": sorted(place + 1 for place in board.dropped),
        "general": [
            {"text": one.message, "blocking": one.blocking}
            for one in draft.problems
            if not one.line
        ],
    }
