"""What a person must know of other directives, or of this one's earlier life, before storing."""

from sqlmodel import Session, col, func, select

from intake.problems import Problem
from registry.clock import local_day
from registry.concerned import Concerned
from registry.directive_changes import label
from registry.directives import DirectiveFacts, find
from registry.tables import Directive, Duty, Task
from registry.types import DutyState

_NAMED = 6


def ended_before(session: Session, facts: DirectiveFacts) -> list[Problem]:
    """A directive that has ended would get no duties: it must be opened again first."""
    known = find(session, facts)
    if known is None or known.ended_at is None:
        return []
    later = session.get(Directive, known.replaced_by) if known.replaced_by else None
    how = f"được thay bằng {label(later)}" if later is not None else "kết thúc"
    message = (
        f"văn bản {label(known)} đã {how} ngày {local_day(known.ended_at):%d/%m/%Y}; "
        f"muốn giao lại thì mở lại trước: /vanban mở lại {label(known)} "
        f"(hoặc dondoc directives reopen {label(known)})"
    )
    return [Problem(0, message)]


def replacements(session: Session, facts: DirectiveFacts) -> list[Problem]:
    """Directives in force that this one says it replaces: proposed, never done by itself."""
    found = []
    for cited in facts.cited:
        old = session.get(Directive, cited.directive_id) if cited.directive_id else None
        if not cited.replaces or old is None or old.ended_at is not None:
            continue
        number = facts.number or "SỐ VĂN BẢN NÀY"
        message = (
            f"văn bản ghi thay thế {label(old)} (còn {_open(session, old)} đầu việc mở); "
            f"nhập xong, nếu đúng thì gửi: /vanban {label(old)} thay bằng {number}"
        )
        found.append(Problem(cited.line or 0, message, blocking=False))
    return found


def _open(session: Session, directive: Directive) -> int:
    mine = select(func.count()).select_from(Duty).join(Task)
    return session.exec(
        mine.where(col(Task.directive_id) == directive.id, Duty.state == DutyState.OPEN)
    ).one()


def concerned_lines(told: Concerned, *, written: bool) -> list[str]:
    """Whose duties changed and who hears of it; empty where nobody's did."""
    if not told.agencies:
        return []
    names = "; ".join(told.agencies[:_NAMED])
    more = len(told.agencies) - _NAMED
    names += f" và {more} cơ quan khác" if more > 0 else ""
    verb = "Đã báo" if written else "Sẽ báo"
    lines = [f"Đầu việc thay đổi của: {names}. {verb} {told.people} đầu mối."]
    if told.unreached:
        lines.append(f"Lưu ý: chưa có đầu mối: {'; '.join(told.unreached[:_NAMED])}")
    return lines
