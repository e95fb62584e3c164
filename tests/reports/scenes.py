"""One made-up world, and every message said about it: the golden texts are taken from here."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from deadlines import Every, Open, Unit, WorkCalendar, rule_to_json
from deadlines.periods import Period
from deadlines.rules import On
from registry.clock import moment_of
from registry.tables import Person
from registry.types import AttemptOutcome, DutyKind, DutyState, NoticeKind, NoticeState, Part, Role
from reports import agency_samples as told
from reports import agency_words, figures, messages
from reports import brief_samples as week
from reports.brief_words import brief_member, brief_staff
from reports.calendar_words import calendar_event
from reports.contacts import contacts
from reports.counting import Scope
from reports.facts import DutyFacts, load_facts, open_duties
from reports.figures import About, HelpLine
from reports.meaning import Meaning
from reports.messages import Digest, Heartbeat, News
from reports.ranking import rank
from reports.rehearsal import page, summary
from reports.render import Rendered, Renderer
from reports.samples import BOTS
from reports.status import Status, Unreachable, status, unreachable
from reports.unfolded import Page, unfold
from reports.why import Why, load_why
from tests.reports.build import Builder

TODAY = date(2027, 9, 20)
WHOLE = Scope(TODAY)
EIGHT = time(8)


def at(day: date, hour: time = EIGHT) -> datetime:
    return moment_of(day, hour)


@dataclass(frozen=True)
class World:
    """The read models of one day."""

    facts: dict[str, DutyFacts]
    health: int
    owed: list[DutyFacts]
    stories: dict[str, Why]
    committee: Status
    agency: Status
    quarter: Status
    nothing: Status
    silent: list[Unreachable]
    asked: Meaning
    listed: dict[str, Page]


def make(build: Builder, calendar: WorkCalendar) -> World:
    session = build.session
    health = build.agency("Sở Y tế")
    trade = build.agency("Sở Công Thương")
    commune = build.agency("UBND xã Đông Sơn", level="xã")
    build.agency("Sở Nội vụ")
    focal, contact = build.focal(health, "Nguyễn Thị An")
    leader, leader_contact = build.focal(health, "Lê Văn Bình")
    build.focal(trade, "Trần Quốc Cường")
    plan = build.directive("106/KH-BCĐ", issued_on=date(2027, 2, 5))
    letter = build.directive(
        "", kind="Công văn", title="Công văn về phòng họp không giấy", issued_on=None
    )
    quarterly = Every(Unit.QUARTER, On(0, 25), before=True)
    report = build.task(
        plan,
        health,
        title="Báo cáo kết quả thực hiện Kế hoạch chuyển đổi số quý III của ngành y tế",
        deliverable="Báo cáo bằng văn bản, kèm phụ lục số liệu",
        section="I. Chỉ đạo, điều hành",
        ordinal="2",
        source_line=14,
        source_text="2. Sở Y tế tổng hợp, báo cáo trước ngày 25 của tháng cuối quý.",
        kind="quarterly",
        deadline_text="trước ngày 25 của tháng cuối quý",
        rule=rule_to_json(quarterly),
        send_to="Sở Khoa học và Công nghệ; Văn phòng UBND tỉnh",
        coordinate_text="Các bệnh viện công lập; Bảo hiểm xã hội tỉnh",
    )
    records = build.task(
        plan,
        health,
        title="Hoàn thành triển khai bệnh án điện tử tại 100% bệnh viện tuyến tỉnh",
        deliverable="Bệnh án điện tử được công bố",
        section="III. Xã hội số",
        ordinal="7",
        kind="fixed",
        deadline_text="trong ngày 26/9/2027",
    )
    build.part(records, trade, Part.COORDINATE)
    today_task = build.task(
        letter,
        health,
        title="Cử cán bộ dự tập huấn an toàn thông tin",
        kind="fixed",
        deadline_text="trước 16h00 ngày 20/9/2027",
    )
    market = build.task(
        plan,
        trade,
        title="Xây dựng sàn giao dịch nông sản <của tỉnh> & huyện",
        ordinal="9",
        kind="month",
        deadline_text="Tháng 8/2027",
    )
    always = build.task(
        plan,
        health,
        title="Tuyên truyền, hướng dẫn người dân sử dụng sổ sức khoẻ điện tử",
        kind="ongoing",
        deadline_text="Thường xuyên",
        rule=rule_to_json(Open("ongoing")),
    )
    build.task(plan, trade, title="Theo lộ trình của Bộ", kind="per_plan")
    duties = {
        "report": build.duty(
            report, health, date(2027, 9, 24), number=127, period="2027-Q3",
            opens_on=date(2027, 7, 1),
        ),
        "weekend": build.duty(records, health, date(2027, 9, 26), number=130),
        "today": build.duty(today_task, health, TODAY, number=131, due_time=time(16)),
        "late": build.duty(market, trade, date(2027, 8, 31), number=118),
        "late_too": build.duty(report, commune, date(2027, 9, 15), number=119),
        "update": build.duty(
            always, health, date(2027, 9, 30), number=140, kind=DutyKind.UPDATE, period="2027-Q3"
        ),
        "done": build.duty(report, trade, date(2027, 9, 10), number=110),
        "cancelled": build.duty(
            records, commune, date(2027, 9, 28), number=150, state=DutyState.CANCELLED
        ),
        "extended": build.duty(
            records, trade, date(2027, 10, 15), number=151, first_due_on=date(2027, 9, 15)
        ),
    }  # fmt: skip
    late, weekend, owed = duties["late"], duties["weekend"], duties["report"]
    person = build.session.get_one(Person, focal.person_id)
    monday = date(2027, 9, 13)
    build.done(
        duties["done"], at(monday), person_id=person.id, document_number="45/BC-SCT",
        document_date=monday,
    )  # fmt: skip
    build.received(weekend, person, at(monday, time(9, 14)))
    build.obstacle(
        weekend, "Thiếu kinh phí mua chữ ký số\ncho bác sĩ", at(date(2027, 9, 14)),
        person_id=person.id,
    )  # fmt: skip
    build.extension(weekend, contact, date(2027, 10, 15), at(date(2027, 9, 15)), reason="đấu thầu")
    urged = build.subscription(trade, person_id=leader.person_id)
    for day in (date(2027, 9, 6), monday):
        notice = build.notice(late, urged, at(day), kind=NoticeKind.URGE, state=NoticeState.SENT)
        build.attempt(notice, leader_contact, at(day))
    sent = build.notice(owed, focal, at(date(2027, 9, 10)), step="10", state=NoticeState.SENT)
    build.attempt(sent, contact, at(date(2027, 9, 10), time(8, 1)))
    doubt = build.notice(owed, leader, at(date(2027, 9, 17)), step="5", state=NoticeState.UNCERTAIN)
    build.attempt(doubt, leader_contact, at(date(2027, 9, 17)), outcome=AttemptOutcome.UNCERTAIN)
    for subscription in (focal, leader):
        build.notice(duties["report"], subscription, at(date(2027, 9, 22)), step="2")
        build.notice(duties["report"], subscription, at(date(2027, 9, 24)), step="0")
    morning = date(2027, 9, 16)
    undone = build.completion(owed, at(morning), person_id=person.id, document_number="44/BC-SYT")
    undone.undone_at, undone.undone_by = at(morning, time(10, 5)), person.id
    session.flush()
    ids = {name: duty.id or 0 for name, duty in duties.items()}
    loaded = load_facts(session, ids.values(), TODAY, calendar)
    stories = {name: load_why(session, ids[name], TODAY, calendar) for name in ("report", "update")}
    health_id = health.id or 0
    return World(
        facts={name: loaded[key] for name, key in ids.items()},
        health=health_id,
        owed=open_duties(session, [health_id], TODAY, calendar),
        stories={name: story for name, story in stories.items() if story},
        asked=Meaning(WHOLE, ""),
        listed={
            name: unfold(session, WHOLE, (name,), 1, 2) for name in ("overdue", "done", "waiting")
        },
        committee=status(session, TODAY),
        agency=status(session, TODAY, agency_ids=[health_id]),
        quarter=status(
            session, TODAY, period=(date(2027, 7, 1), date(2027, 9, 30)), directive_id=plan.id
        ),
        nothing=status(session, TODAY, agency_ids=[]),
        silent=unreachable(session, TODAY),
    )


def grow(facts: DutyFacts, count: int) -> list[DutyFacts]:
    """Many duties like this one, a day apart."""
    return [
        replace(
            facts,
            id=facts.id + 1000 + n,
            number=500 + n,
            days_left=facts.days_left + n,
            due_on=facts.due_on + timedelta(days=n),
        )
        for n in range(count)
    ]


COMMANDS = (
    HelpLine("/viec", "", "việc của cơ quan tôi, gấp nhất trước"),
    HelpLine("/xong", "[số việc]", "báo hoàn thành"),
    HelpLine("/visao", "[số việc]", "căn cứ, cách hiểu thời hạn, các tin đã gửi"),
)
HELD = datetime(2027, 9, 17, 1, tzinfo=UTC)

Scene = Callable[[Renderer, World], Rendered]
SCENES: dict[str, Scene] = {
    "reminder": lambda r, w: messages.reminder(r, w.facts["report"], TODAY),
    "reminder_weekend": lambda r, w: messages.reminder(r, w.facts["weekend"], TODAY),
    "reminder_today": lambda r, w: messages.reminder(r, w.facts["today"], TODAY),
    "reminder_update": lambda r, w: messages.reminder(r, w.facts["update"], TODAY),
    "reminder_detour": lambda r, w: messages.detoured(
        r, messages.reminder(r, w.facts["report"], TODAY), "zalo", "telegram", "closed"
    ),
    "reminder_repeat": lambda r, w: messages.reminder(r, w.facts["report"], TODAY, repeat=True),
    "reminder_held": lambda r, w: messages.reminder(r, w.facts["extended"], TODAY, held_since=HELD),
    "urge": lambda r, w: messages.urge(r, w.facts["late"], TODAY),
    "urge_first": lambda r, w: messages.urge(r, w.facts["late_too"], TODAY),
    "urge_leader": lambda r, w: messages.urge(r, w.facts["late"], TODAY, leader=True),
    "urge_received": lambda r, w: messages.urge(
        r, replace(w.facts["late"], received_at=HELD, received_by="Trần Quốc Cường"), TODAY
    ),
    "escalation_member": lambda r, w: messages.escalation(r, w.facts["late"], TODAY, Role.MEMBER),
    "escalation_staff": lambda r, w: messages.escalation(r, w.facts["late_too"], TODAY, Role.STAFF),
    "digest_ladder": lambda r, w: messages.digest(r, ladder_of(w)),
    "digest_above": lambda r, w: messages.digest(
        r, replace(ladder_of(w), reminders=(), rungs=dict.fromkeys(ladder_of(w).rungs, Role.STAFF))
    ),
    "digest": lambda r, w: messages.digest(r, digest_of(w)),
    "digest_one_agency": lambda r, w: messages.digest(r, Digest(TODAY, reminders=w.owed)),
    "digest_long": lambda r, w: messages.digest(
        r, Digest(TODAY, reminders=grow(w.facts["report"], 14), repeat=True)
    ),
    "digest_empty": lambda r, _: messages.digest(r, Digest(TODAY)),
    "group": lambda r, w: messages.group(r, digest_of(w)),
    "group_one_agency": lambda r, w: messages.group(r, Digest(TODAY, reminders=w.owed)),
    "group_empty": lambda r, _: messages.group(r, Digest(TODAY), owner="Sở Y tế"),
    "completion": lambda r, w: messages.completion(r, News(w.facts["done"])),
    "completion_undone": lambda r, w: messages.completion(
        r, News(w.facts["report"], undone=True, by="Nguyễn Thị An", at=HELD)
    ),
    "completion_submitted": lambda r, w: messages.completion(
        r, News(replace(w.facts["done"], state=DutyState.SUBMITTED, done_on=None))
    ),
    "closed_submitted": lambda r, w: messages.closed(
        r, [replace(w.facts["done"], state=DutyState.SUBMITTED, done_on=None)]
    ),
    "file": lambda r, w: messages.file_label(r, "Bản soát 106/KH-BCĐ.xlsx"),  # noqa: ARG005
    "file_gone": lambda r, w: messages.without_file(  # noqa: ARG005
        r, Rendered("Bản soát của <b>106/KH-BCĐ</b>.", "Bản soát của 106/KH-BCĐ.")
    ),
    "closed": lambda r, w: messages.closed(r, [w.facts["done"]]),
    "heartbeat": lambda r, _: messages.heartbeat(r, Heartbeat(["Sở Y tế", "Chi cục Dân số"])),
    "heartbeat_answer": lambda r, _: messages.heartbeat(r, Heartbeat(["Sở Y tế"], answer=True)),
    "heartbeat_merged": lambda r, w: messages.heartbeat(
        r, Heartbeat(["Sở Y tế"], answer=True), messages.reminder(r, w.facts["report"], TODAY)
    ),
    "brief_member": lambda r, _: brief_member(r, week.MEMBER, whole=False),
    "brief_member_quiet": lambda r, _: brief_member(r, week.QUIET, whole=True),
    "brief_staff": lambda r, _: brief_staff(r, week.STAFF, week.DESK),
    "brief_staff_quiet": lambda r, _: brief_staff(r, week.CALM, week.NO_DESK),
    "contacts": lambda r, _: contacts(r, week.ROWS, TODAY),
    "contacts_none": lambda r, _: contacts(r, [], TODAY),
    "rehearsal": lambda r, _: summary(r, week.REHEARSAL, file=True),
    "rehearsal_nothing": lambda r, _: summary(r, week.NOTHING_AHEAD, file=False),
    "rehearsal_page": lambda r, _: page(r, week.REHEARSAL, 1),
    "closed_several": lambda r, w: messages.closed(
        r, [w.facts["done"], w.facts["cancelled"], w.facts["report"]]
    ),
    "calendar_event": lambda r, w: calendar_event(r, w.facts["report"]),
    "calendar_event_weekend": lambda r, w: calendar_event(r, w.facts["weekend"]),
    "calendar_event_update": lambda r, w: calendar_event(r, w.facts["update"]),
    "calendar_event_done": lambda r, w: calendar_event(r, w.facts["done"], with_agency=True),
    "calendar_event_cancelled": lambda r, w: calendar_event(r, w.facts["cancelled"]),
    "duties": lambda r, w: messages.duties(r, w.owed, TODAY, ["Sở Y tế"]),
    "duties_two_agencies": lambda r, w: messages.duties(
        r, [w.facts["late"], *w.owed], TODAY, ["Sở Công Thương", "Sở Y tế"]
    ),
    "duties_long": lambda r, w: messages.duties(
        r, grow(w.facts["report"], 100), TODAY, ["Sở Y tế"]
    ),
    "duties_empty": lambda r, _: messages.duties(r, [], TODAY, ["Sở Y tế"]),
    "why": lambda r, w: messages.why(r, w.stories["report"]),
    "why_update": lambda r, w: messages.why(r, w.stories["update"]),
    "status": lambda r, w: figures.status(r, w.committee),
    "status_bots": lambda r, w: figures.status(r, w.committee, BOTS),
    "status_quarter": lambda r, w: figures.status(r, w.quarter),
    "status_empty": lambda r, w: figures.status(r, w.nothing),
    "status_agency": lambda r, w: figures.status_agency(r, w.agency, "Sở Y tế", w.owed),
    "board": lambda r, w: figures.board(r, w.committee, "Ban Chỉ đạo chuyển đổi số"),
    "ranking": lambda r, w: figures.ranking(
        r, rank(w.committee.rows, 1), Period(Unit.QUARTER, 2027, 3), TODAY
    ),
    "ranking_published": lambda r, w: figures.ranking(
        r,
        rank(w.committee.rows, 2),
        Period(Unit.QUARTER, 2027, 3),
        TODAY,
        objections=[("UBND xã Đông Sơn", "Việc 119 đã gửi báo cáo ngày 14/9")],
        published=True,
    ),
    "ranking_own": lambda r, w: figures.ranking_own(
        r,
        rank(w.committee.rows, 1).ranked[0],
        rank(w.committee.rows, 1),
        Period(Unit.QUARTER, 2027, 3),
        date(2027, 9, 24),
        w.listed["overdue"].lines,
        3,
    ),
    "unfolded": lambda r, w: figures.unfolded(
        r, w.asked, ("overdue",), w.listed["overdue"], ("“so y te” được hiểu là “Sở Y tế”",)
    ),
    "unfolded_done": lambda r, w: figures.unfolded(r, w.asked, ("done",), w.listed["done"], ()),
    "unfolded_waiting": lambda r, w: figures.unfolded(
        r, w.asked, ("waiting",), w.listed["waiting"], ()
    ),
    "unfolded_empty": lambda r, w: figures.unfolded(
        r, w.asked, ("due_soon", "not_started"), Page((), 0, 7, 1, 1), ()
    ),
    "status_asked": lambda r, w: figures.status(
        r, w.committee, (), About("phần Lê Minh Hà phụ trách", ("nhiệm vụ phối hợp",), ("…",))
    ),
    "status_agency_empty": lambda r, w: figures.status_agency(r, w.nothing, "Sở Nội vụ", []),
    "overdue": lambda r, w: figures.overdue(r, w.committee),
    "overdue_empty": lambda r, w: figures.overdue(r, w.nothing),
    "unreachable": lambda r, w: figures.unreachable(r, w.silent, TODAY),
    "unreachable_empty": lambda r, _: figures.unreachable(r, [], TODAY),
    "agency_passed": lambda r, _: agency_words.passed(r, [told.PASSED], joined=True),
    "agency_carried": lambda r, _: agency_words.carried(r, told.DONE, told.DAY),
    "agency_change": lambda r, _: agency_words.change(r, told.MERGER, told.DONE, TODAY, done=False),
    "agency_change_done": lambda r, _: agency_words.change(
        r, told.MERGER, told.DONE, told.DAY, done=True
    ),
    "agency_card": lambda r, _: agency_words.card(r, told.CARD),
    "agency_card_bare": lambda r, _: agency_words.card(r, told.BARE),
    "agency_list": lambda r, _: agency_words.listing(r, [told.GROUP], told.DONE),
    "agency_list_empty": lambda r, _: agency_words.listing(r, [], told.NOTHING),
    "help_focal": lambda r, _: figures.help_message(r, {Role.FOCAL}, COMMANDS),
    "help_staff": lambda r, _: figures.help_message(r, {Role.STAFF, Role.ADMIN}, COMMANDS[:1]),
    "help_stranger": lambda r, _: figures.help_message(r, set(), COMMANDS[:1]),
}


def ladder_of(world: World) -> Digest:
    """A leader who is also the member in charge of another agency."""
    late, other = world.facts["late"], world.facts["late_too"]
    rungs = {late.id: Role.MEMBER, other.id: Role.LEADER}
    return Digest(TODAY, [world.facts["today"]], [late, other], rungs=rungs)


def digest_of(world: World) -> Digest:
    facts = world.facts
    return Digest(
        TODAY,
        reminders=[facts["report"], facts["weekend"], facts["today"], facts["update"]],
        urges=[facts["late"], facts["late_too"]],
        news=[News(facts["done"]), News(facts["extended"], undone=True)],
        held_since=HELD,
    )
