"""letter: the letter that urges an agency; directives urges: a directive's own ladder."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from bot import papers
from bot.cli.base import ConfigOption, JsonOption, Stop, moment, one_line_errors, opened, out, show
from bot.cli.directives import CLI, IssuedOption, NumberArgument
from bot.disk_words import why
from bot.ladder_words import give
from registry.agencies import How, resolve
from registry.clock import local_day
from registry.directive_changes import label
from registry.lookup import directive_named
from registry.urging import Rungs, rungs_of
from reports.papers.letter import load_letter, to_contract
from scheduler.ladder import LATEST_RUNG, Ladder
from scheduler.plan import Policy
from scheduler.planning import ladder_of

DaysOption = Annotated[
    int | None, typer.Option(min=0, max=LATEST_RUNG, help="Ngày làm việc quá hạn; 0: không báo.")
]


def letter(
    agency: Annotated[str, typer.Option("--agency", help="Tên cơ quan bị đôn đốc.")],
    target: Annotated[
        Path | None, typer.Option("--out", help="Tệp .docx sẽ ghi (ghi đè nếu đã có).")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Dự thảo công văn đôn đốc một cơ quan có việc quá hạn."""
    with one_line_errors():
        if target is not None and target.suffix.lower() != ".docx":
            raise Stop(f"Tệp --out phải có đuôi .docx, không phải {target.name!r}.")
        if target is None and not as_json:
            raise Stop("Hãy nêu tệp sẽ ghi: --out FILE.docx (hoặc --json để xem số liệu).")
        with opened(config) as (settings, tools, db):
            now = moment()
            agency_id = db.read_now(_agency, agency, local_day(now))
            found = db.read_now(load_letter, agency_id, now, tools.calendar)
            if not found.duties and not as_json:
                raise Stop(f"{found.agency} không có việc nào quá hạn.")
            if target is not None and found.duties:
                data = papers.letter_of(found, settings, tools.renderer).data
                try:
                    target.write_bytes(data)
                except OSError as error:
                    raise Stop(f"Không ghi được {target}: {why(error)}.") from None
    if as_json:
        written = {"file": str(target)} if target is not None and found.duties else {}
        show(to_contract(found) | written)
    else:
        out.print(
            f"Đã ghi dự thảo công văn đôn đốc {found.agency} ({len(found.duties)} việc quá hạn) "
            f"vào {target}.",
            markup=False,
        )


def _agency(session: Session, name: str, today: date) -> int:
    match = resolve(session, name, today)
    if match.how != How.AGENCY:
        near = "; ".join(one.name for one in match.proposals)
        raise Stop(
            f"Chưa xác định được cơ quan {name!r}" + (f"; có phải: {near}?" if near else ".")
        )
    return match.agencies[0].id


def directive_urges(  # noqa: PLR0913 -- one parameter an option
    number: NumberArgument,
    leader: DaysOption = None,
    member: DaysOption = None,
    staff: DaysOption = None,
    default: Annotated[
        bool, typer.Option("--default", help="Bỏ các bậc riêng, theo cấu hình chung.")
    ] = False,
    issued: IssuedOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Các bậc đôn đốc riêng của một văn bản: lãnh đạo, thành viên phụ trách, thường trực."""
    wish = Rungs(leader, member, staff)

    def work(session: Session, now: datetime, policy: Policy) -> tuple[str, Ladder, bool]:
        directive = directive_named(session, number, issued.date() if issued else None)
        if wish.own or default:
            give(session, directive, wish, policy, CLI, now)
        rungs = rungs_of(directive)
        return label(directive), ladder_of(policy, rungs) or policy.ladder, rungs.own

    with one_line_errors(), opened(config) as (settings, _tools, db):
        if wish.own and default:
            raise Stop("--default không đi cùng --leader, --member, --staff.")
        name, ladder, own = db.write_now(work, moment(), settings.policy)
    if as_json:
        show(
            {
                "directive": name, "own": own, "leader": ladder.leader, "member": ladder.member,
                "staff": ladder.staff,
            }
        )  # fmt: skip
    else:
        out.print(f"{name}: {rungs_words(ladder)} ({'riêng' if own else 'chung'}).", markup=False)


def rungs_words(ladder: Ladder) -> str:
    """ "lãnh đạo 3, thành viên phụ trách 5, thường trực 10 ngày làm việc"."""
    names = (("lãnh đạo", ladder.leader), ("thành viên phụ trách", ladder.member),
             ("thường trực", ladder.staff))  # fmt: skip
    said = ", ".join(f"{name} {days or 'không báo'}" for name, days in names)
    return f"{said} (ngày làm việc quá hạn)"
