"""Every message with made-up data: how `dondoc doctor` finds a template that would fail."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

from deadlines.periods import Period, Unit
from registry.budget import Budget, Tariff, Usage
from registry.types import DutyKind, DutyState, NoticeKind, RequestState, Role
from reports import figures, messages
from reports.agency_samples import AGENCY_SAMPLES
from reports.around import CompletionFacts, ExtensionFacts, ObstacleFacts
from reports.brief_samples import BRIEF_SAMPLES
from reports.calendar_words import calendar_event
from reports.counting import Scope
from reports.facts import DutyFacts
from reports.figures import HelpLine
from reports.meaning import Meaning
from reports.messages import Digest, News
from reports.ranking import Ranked, Ranking
from reports.reach import Silence
from reports.render import Problem, Rendered, Renderer
from reports.status import AgencyRow, Counts, OverdueLine, Status, Unreachable
from reports.unfolded import Listed, Page
from reports.why import Answer, Planned, Source, Standing, Told, Why

DAY = date(2027, 9, 20)
MOMENT = datetime(2027, 9, 20, 1, tzinfo=UTC)

OPEN = DutyFacts(
    id=1,
    number=127,
    kind=DutyKind.DEADLINE,
    task_id=1,
    agency_id=1,
    agency="Sở Y tế",
    title="Báo cáo kết quả chuyển đổi số quý III",
    deliverable="Báo cáo",
    directive="Kế hoạch số 106/KH-BCĐ ngày 05/02/2027",
    directive_number="106/KH-BCĐ",
    directive_issued_on=date(2027, 2, 5),
    directive_title="Kế hoạch chuyển đổi số năm 2027",
    section="I. Chỉ đạo, điều hành",
    ordinal="2",
    coordinating="Các bệnh viện công lập",
    send_to="Sở Khoa học và Công nghệ",
    deadline_text="trước ngày 27 của tháng cuối quý",
    reading="trước ngày 27 của tháng cuối mỗi quý",
    period_words="quý III/2027",
    opens_on=date(2027, 7, 1),
    due_on=date(2027, 9, 26),
    due_time=time(16),
    first_due_on=date(2027, 9, 24),
    last_safe=date(2027, 9, 24),
    off_reason="Chủ nhật",
    days_left=6,
    working_days_left=4,
    state=DutyState.OPEN,
    received_at=MOMENT,
    received_by="Nguyễn Thị An",
    done_on=None,
    late_days=0,
    obstacles=(
        ObstacleFacts("thiếu kinh phí", "Nguyễn Thị An", MOMENT),
        ObstacleFacts("chờ ý kiến", "", MOMENT),
    ),
    extension=ExtensionFacts(12, date(2027, 10, 15), "chờ đấu thầu", "Nguyễn Thị An", MOMENT),
    completion=None,
    urges=0,
    urge_number=1,
    data_window=(date(2027, 6, 15), date(2027, 9, 14)),
)
# As little as a duty can have: what is optional must stay optional in every template.
BARE = replace(
    OPEN, id=2, number=128, agency_id=2, agency="UBND xã Đông Sơn", deliverable="", section="",
    ordinal="", coordinating="", send_to="", deadline_text="", reading="", period_words="",
    directive="Văn bản chưa có số", directive_number="", directive_title="", due_time=None,
    first_due_on=None, off_reason=None, received_at=None, received_by="", obstacles=(),
    extension=None, data_window=None,
)  # fmt: skip
LATE = replace(BARE, id=3, number=118, days_left=-20, late_days=20, urges=2, urge_number=3)
LAST_DAY = replace(OPEN, id=4, number=131, days_left=0, last_safe=date(2027, 9, 17))
UPDATE = replace(OPEN, id=5, number=140, kind=DutyKind.UPDATE, off_reason=None)
DONE = replace(
    OPEN, id=6, number=110, state=DutyState.DONE, done_on=DAY, late_days=3,
    completion=CompletionFacts("Nguyễn Thị An", MOMENT, "45/BC-SYT", DAY, "đã gửi"),
)  # fmt: skip
DONE_BARE = replace(BARE, id=7, state=DutyState.DONE, completion=None)
SUBMITTED = replace(
    DONE, id=9, number=111, state=DutyState.SUBMITTED, done_on=None,
    completion=CompletionFacts("", MOMENT, "45/BC-SYT", DAY, "", "ngày văn bản sau hạn", 2),
)  # fmt: skip
CANCELLED = replace(BARE, id=8, number=150, state=DutyState.CANCELLED)
KINDS_OF_DUTY = (OPEN, BARE, LATE, LAST_DAY, UPDATE)

COUNTS = Counts(21, 3, 2, 16, 4, 5, 7)
STATUS = Status(
    today=DAY,
    soon_days=10,
    totals=COUNTS,
    rows=(AgencyRow(1, "Sở Y tế", COUNTS), AgencyRow(2, "Sở Nội vụ", Counts(1, 1))),
    overdue=(OverdueLine(3, 118, LATE.title, 2, LATE.agency, date(2027, 8, 31), 20, 2),),
    updates=2,
    waiting=3,
    period=(date(2027, 7, 1), date(2027, 9, 30)),
    directive="106/KH-BCĐ",
)
BOTS = (
    Usage("zalo", DAY.replace(day=1), Budget(3000, 2130), 38, 2, Tariff(3000, 50, 3)),
    Usage("zalo-2", DAY.replace(day=1), Budget(0, 12), 1, 0, Tariff()),
)
NOTHING = Status(DAY, 10, Counts(), (), (), 0, 0)
ASKED = Meaning(
    Scope(DAY, 10, period=(date(2027, 7, 1), date(2027, 9, 30))),
    "Sở Y tế",
    ("phối hợp",),
    "9/KH",
)
LISTED = (
    Listed(118, LATE.title, LATE.agency, date(2027, 8, 31), DutyState.OPEN, late_days=20, urges=2),
    Listed(119, LATE.title, LATE.agency, date(2027, 9, 30), DutyState.OPEN, is_update=True),
    Listed(120, LATE.title, LATE.agency, date(2027, 8, 31), DutyState.DONE, DAY, 20),
    Listed(121, LATE.title, LATE.agency, date(2027, 9, 30), DutyState.DONE),
    Listed(122, LATE.title, LATE.agency, date(2027, 9, 30), DutyState.SUBMITTED),
)
WITHOUT_DAY = (Listed(None, LATE.title, LATE.agency, None, DutyState.OPEN, deadline_text="khi có"),)
QUARTER = Period(Unit.QUARTER, 2027, 3)
RANKING = Ranking(
    (Ranked(1, "Sở Y tế", 1, 9, 12, 1, 2), Ranked(2, "Sở Nội vụ", 2, 2, 4, 0, 2)),
    (Ranked(3, "UBND xã Đông Sơn", None, 1, 1, 0, 0),),
)
STORY = Why(
    facts=OPEN,
    source=Source(
        "Sở Y tế chủ trì, báo cáo kết quả trước ngày 25 của tháng cuối quý.", 14, "dòng", "kh.xlsx"
    ),
    planned=(Planned(MOMENT, NoticeKind.REMINDER, 6, 2), Planned(MOMENT, NoticeKind.URGE, -1, 1)),
    told=(
        Told(MOMENT, NoticeKind.REMINDER, "Nguyễn Thị An", "telegram", certain=True),
        Told(MOMENT, NoticeKind.URGE, "", "zalo", certain=False),
    ),
    answers=(
        Answer(MOMENT, "received", "Nguyễn Thị An"),
        Answer(MOMENT, "extension", "", "chờ đấu thầu", DAY, RequestState.ASKED),
        Answer(MOMENT, "done", "", "45/BC-SYT", DAY),
    ),
)
RUNGS = {LATE.id: Role.MEMBER}
FULL = Digest(DAY, KINDS_OF_DUTY, [LATE], [News(DONE), News(OPEN, undone=True)], MOMENT)

Say = Callable[[Renderer], object]


SAMPLES: Mapping[str, Say] = {
    **AGENCY_SAMPLES,
    **BRIEF_SAMPLES,
    "messages/reminder": lambda r: [
        messages.reminder(r, facts, DAY, held_since=MOMENT) for facts in KINDS_OF_DUTY
    ],
    "messages/urge": lambda r: [
        messages.urge(r, facts, DAY, leader=leader)
        for facts in KINDS_OF_DUTY
        for leader in (False, True)
    ],
    "messages/escalation": lambda r: [
        messages.escalation(r, facts, DAY, rung)
        for facts in (LATE, replace(LATE, urged_on=(DAY,), received_at=MOMENT))
        for rung in (Role.MEMBER, Role.STAFF)
    ],
    "messages/digest": lambda r: [
        messages.digest(r, said)
        for said in (FULL, Digest(DAY), Digest(DAY, (), [LATE], rungs=RUNGS))
    ],
    "messages/group": lambda r: [messages.group(r, said) for said in (FULL, Digest(DAY))],
    "messages/completion": lambda r: [
        messages.completion(r, news)
        for news in (
            News(DONE),
            News(DONE_BARE),
            News(SUBMITTED),
            News(OPEN, undone=True, at=MOMENT),
        )
    ],
    "messages/repeat": lambda r: messages.repeated(r, Rendered("<b>tin</b>", "tin")),
    "messages/detour": lambda r: [
        messages.detoured(r, Rendered("<b>tin</b>", "tin"), "zalo", first, why)
        for first in ("telegram", "zalo-2")
        for why in ("closed", "cut_off", "limited", "spent", "off")
    ],
    "messages/heartbeat": lambda r: [
        messages.heartbeat(r, messages.Heartbeat(["Sở Y tế"], answer), text)
        for answer in (False, True)
        for text in (None, Rendered("<b>tin</b>", "tin"))
    ],
    "messages/file": lambda r: [
        messages.file_label(r, "Bản soát <21>.xlsx"),
        messages.without_file(r, Rendered("<b>tin</b>", "tin")),
    ],
    "messages/closed": lambda r: [
        messages.closed(r, [DONE]),
        messages.closed(r, [DONE, DONE_BARE, SUBMITTED, CANCELLED, OPEN]),
    ],
    "messages/calendar_event": lambda r: [
        calendar_event(r, facts, with_agency=several)
        for facts in (*KINDS_OF_DUTY, DONE, DONE_BARE, CANCELLED)
        for several in (False, True)
    ],
    "messages/duties": lambda r: [
        messages.duties(r, owed, DAY, ["Sở Y tế"]) for owed in (KINDS_OF_DUTY, (OPEN,) * 90, ())
    ],
    "messages/why": lambda r: [
        messages.why(r, STORY),
        messages.why(r, replace(STORY, facts=UPDATE)),
        messages.why(r, Why(DONE_BARE, Source(), (), (), ())),
        messages.why(r, Why(DONE_BARE, Source(), (), (), (), Standing(DAY, "45/KH-UBND", "gộp"))),
    ],
    "messages/status": lambda r: [figures.status(r, one, BOTS) for one in (STATUS, NOTHING)],
    "messages/board": lambda r: [
        figures.board(r, STATUS, "Sở Y tế", ("phối hợp",)),
        figures.board(r, NOTHING, "Sở Y tế"),
    ],
    "messages/ranking": lambda r: [
        figures.ranking(r, RANKING, QUARTER, DAY, objections=[("Sở Y tế", "chưa đúng")]),
        figures.ranking(r, Ranking((), ()), QUARTER, DAY, published=True),
    ],
    "messages/ranking_own": lambda r: [
        figures.ranking_own(r, line, RANKING, QUARTER, DAY, LISTED[:1] + LISTED[2:3], 2)
        for line in (*RANKING.ranked, *RANKING.apart)
    ],
    "messages/unfolded": lambda r: [
        figures.unfolded(r, ASKED, ("overdue", "not_started"), Page(LISTED, 30, 41, 1, 3), ("a",)),
        figures.unfolded(r, ASKED, ("waiting",), Page(WITHOUT_DAY, 1, 1, 1, 1), ()),
        figures.unfolded(r, ASKED, ("due_soon",), Page((), 0, 0, 1, 1), ()),
    ],
    "messages/status_agency": lambda r: [
        figures.status_agency(r, STATUS, "Sở Y tế", KINDS_OF_DUTY),
        figures.status_agency(r, NOTHING, "Sở Y tế", ()),
    ],
    "messages/overdue": lambda r: [figures.overdue(r, one) for one in (STATUS, NOTHING)],
    "messages/unreachable": lambda r: [
        figures.unreachable(r, [Unreachable(2, "Sở Nội vụ", 2, 1, DAY, w) for w in Silence], DAY),
        figures.unreachable(r, [], DAY),
    ],
    "messages/help": lambda r: [
        figures.help_message(r, roles, [HelpLine("/xong", "[số việc]", "báo hoàn thành")])
        for roles in ((), tuple(Role))
    ],
}


def check_templates(
    templates_dir: Path | None, more: Mapping[str, Say] | None = None
) -> list[Problem]:
    """What is wrong with the templates, ours and the office's; nothing if all is well.

    `more`: further templates by name, each with a function that renders it.
    """
    strict = Renderer(templates_dir, strict=True)
    found = strict.problems()
    broken = {problem.template for problem in found}
    for name, say in {**SAMPLES, **(more or {})}.items():
        try:
            say(strict)
        except Exception as error:  # noqa: BLE001 -- whatever fails is what is asked for
            if f"{name}.html.j2" not in broken:
                found.append(Problem(f"{name}.html.j2", f"{type(error).__name__}: {error}"))
    return found
