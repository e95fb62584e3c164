"""What focal points read of a directive's changes: a task a line, however many periods it has."""

from datetime import date

from bot.announcing import Cause, _rows
from registry.expand import DutyChange
from reports.render import Renderer


def test_later_periods_of_a_task_share_its_line() -> None:
    months = [
        DutyChange(100 + n, 1, "carried", date(2027, n, 4), date(2027, n, 9)) for n in range(1, 13)
    ]
    alone = DutyChange(120, 1, "carried", date(2027, 3, 4), date(2027, 3, 31))
    ended = DutyChange(121, 1, "cancelled", date(2027, 2, 9), date(2027, 2, 9))
    titles = {one.number: "Báo cáo tháng" for one in months} | {120: "Nâng cấp", 121: "Hướng dẫn"}
    rows = _rows([*reversed(months), ended, alone], titles)
    assert [(row.change.number, len(row.later)) for row in rows] == [(101, 11), (121, 0), (120, 0)]
    said = Renderer().render(
        "replies/directive_changed",
        cause=Cause("replaced", "21/KH", "k", later="45/KH"),
        agencies=["UBND xã Mỹ Lộc"],
        rows=rows,
        rest=[],
    )
    assert "Báo cáo tháng (cùng 11 kỳ sau: 102, 103, 104, 105, 106, 107, …)\n" in said.plain
    assert said.plain.count("Báo cáo tháng") == 1
