"""What a directive itself leaves open or contradicts, told before anybody is reminded of it."""

from collections import defaultdict
from collections.abc import Sequence

from deadlines import rule_from_json
from deadlines.describe import describe
from deadlines.text import fold
from intake.outline import Node
from intake.problems import Problem
from registry.directives import PeriodicReport

_PERIODIC = frozenset({"monthly", "quarterly", "semiannual", "annual", "multi"})


def gaps(nodes: Sequence[Node]) -> list[Problem]:
    """Numbers that are left out or given twice among items of one level ("1, 2, 4")."""
    last: dict[tuple[tuple[int, ...], str], list[int]] = defaultdict(list)
    found: list[Problem] = []
    for node in nodes:
        mark = node.marker
        if mark is None or not mark.kind.startswith(("number", "article")):
            continue
        place = (tuple(parent.number for parent in node.parents), mark.kind)
        number = int(mark.label.split(".")[-1])
        before = last[place][-1] if last[place] else 0
        if before and number > before + 1:
            message = f"đánh số nhảy từ {before} đến {number}; có thể thiếu mục {before + 1}"
            found.append(Problem(node.line, message, blocking=False))
        elif before == number > 1:
            message = f"có hai mục cùng số {number}; hãy kiểm tra lại"
            found.append(Problem(node.line, message, blocking=False))
        last[place].append(number)
    return found


def contradictions(
    line: int, kind: str, rule: str, send_to: str, others: Sequence[PeriodicReport]
) -> list[Problem]:
    """Another directive in force asks the same receivers for a report of the same period by another
    day ("trước ngày 25" against "trước ngày 15")."""
    if kind not in _PERIODIC or not rule:
        return []
    mine = {fold(one) for one in send_to.split("; ") if one}
    found: dict[str, Problem] = {}
    for other in others:
        theirs = {fold(one) for one in other.send_to.split("; ") if one}
        if other.kind == kind and other.rule != rule and mine & theirs:
            message = (
                f"hạn báo cáo “{describe(rule_from_json(rule))}” khác với “{other.deadline}” "
                f"tại {other.directive}; hãy thống nhất một mốc"
            )
            found.setdefault(message, Problem(line, message, blocking=False))
    return list(found.values())
