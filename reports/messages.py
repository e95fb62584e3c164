"""Every message about duties: one typed function each. Figures and help are in `figures.py`.

The words are in `templates/messages/` under the function's name. Nothing here reads the database or
a clock: the read models come in, a text goes out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from markupsafe import Markup

from registry.clock import local_day
from registry.messengers import messenger_name
from registry.types import NoticeKind, RequestState, Role
from reports.facts import DutyFacts
from reports.render import Rendered, Renderer
from reports.vietnamese import long_day, num, short_day, units
from reports.why import Answer, Planned, Why

# The strictest messenger takes 2,000 units of text; a single reminder is complete in fewer.
SINGLE_UNITS = 1800
# How long the task and the lesser fields may be, tried in turn until the message fits.
_WIDTHS = ((900, 300), (600, 200), (400, 120), (250, 80), (150, 50), (100, 40))

DIGEST_DUTIES = 10
DIGEST_NEWS = 10
GROUP_DUTIES = 6
LISTED_DUTIES = 25
LISTED_NUMBERS = 60
WHY_LINES = 20


@dataclass(frozen=True, slots=True)
class News:
    """A completion to be told of, or (`undone`) one taken back: by whom and when."""

    facts: DutyFacts
    undone: bool = False
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """All that one contact is told at once. `urges` are told as numbered urges, `reminders` by
    their day. `rungs`: of the urges those told to a rung of the ladder, by the duty's id.
    `held_since`: an outage held messages back from then on (UTC)."""

    today: date
    reminders: Sequence[DutyFacts] = ()
    urges: Sequence[DutyFacts] = ()
    news: Sequence[News] = ()
    held_since: datetime | None = None
    repeat: bool = False
    rungs: Mapping[int, Role] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Whether somebody still is focal point of these agencies. `answer`: they have not been heard
    of for long and are asked for a word."""

    agencies: Sequence[str]
    answer: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Part of a list: its heading, what is shown, and how much is not."""

    title: str
    count: int
    shown: Sequence[Any]
    rest: int = field(default=0)


# -- one duty -------------------------------------------------------------------------------------


def reminder(
    renderer: Renderer,
    facts: DutyFacts,
    today: date,
    *,
    repeat: bool = False,
    held_since: datetime | None = None,
) -> Rendered:
    """One duty, complete in itself, in at most SINGLE_UNITS whatever the length of its fields.

    `repeat`: said a second time, because nobody knows whether the first one arrived.
    """
    return _fitting(
        renderer, "messages/reminder", repeat, f=facts, today=today, held_since=held_since
    )


def urge(
    renderer: Renderer,
    facts: DutyFacts,
    today: date,
    *,
    number: int | None = None,
    repeat: bool = False,
    held_since: datetime | None = None,
    leader: bool = False,
) -> Rendered:
    """A numbered urge about one duty; the number is the facts' own unless given. leader: its reader
    leads the agency, and is told why it comes to them."""
    return _fitting(
        renderer,
        "messages/urge",
        repeat,
        f=facts,
        today=today,
        number=number or facts.urge_number,
        held_since=held_since,
        leader=leader,
    )


def escalation(
    renderer: Renderer,
    facts: DutyFacts,
    today: date,
    rung: Role,
    *,
    repeat: bool = False,
    held_since: datetime | None = None,
) -> Rendered:
    """An overdue duty as those above the agency are told of it: the member in charge, or the
    standing agency (`rung`). It asks for no answer about the duty itself."""
    return _fitting(
        renderer,
        "messages/escalation",
        repeat,
        f=facts,
        today=today,
        member=rung == Role.MEMBER,
        held_since=held_since,
    )


def completion(renderer: Renderer, news: News, *, repeat: bool = False) -> Rendered:
    """Word that a duty was reported done, or the correction when that was taken back."""
    text = renderer.render(
        "messages/completion", f=news.facts, undone=news.undone, by=news.by, at=news.at
    )
    return repeated(renderer, text) if repeat else text


def closed(renderer: Renderer, duties: Sequence[DutyFacts]) -> Rendered:
    """What is put in place of a message once a duty it spoke of is closed."""
    return renderer.render(
        "messages/closed",
        duties=duties,
        with_agency=_several_agencies(duties),
        notes=_notes(duties),
        example=next((facts.number for facts in duties if facts.is_open), None),
    )


def why(renderer: Renderer, story: Why) -> Rendered:
    """The answer to /visao: where a duty comes from, how it was read, what was said, answered."""
    answers = [{"row": row, "words": _answered(row)} for row in story.answers]
    told = [{"row": row, "words": _KIND_WORDS[row.kind]} for row in story.told]
    planned = [{"row": row, "words": _planned(row)} for row in story.planned]
    return renderer.render(
        "messages/why",
        f=story.facts,
        source=story.source,
        force=story.force,
        told=told[-WHY_LINES:],
        told_rest=len(told[:-WHY_LINES]),
        planned=planned[:WHY_LINES],
        planned_rest=len(planned[WHY_LINES:]),
        answers=answers[-WHY_LINES:],
        answers_rest=len(answers[:-WHY_LINES]),
    )


def repeated(renderer: Renderer, text: Rendered) -> Rendered:
    """The same text, marked "(gửi lại)"."""
    return renderer.render("messages/repeat", body=_body(text))


def detoured(renderer: Renderer, text: Rendered, here: str, first: str, why: str) -> Rendered:
    """The same text, with a line that says why it comes by the channel `here` instead of `first`.
    `why`: as in `registry.claiming.Detour`."""
    return renderer.render(
        "messages/detour",
        body=_body(text),
        here=messenger_name(here),
        first=messenger_name(first),
        why=why,
    )


def heartbeat(renderer: Renderer, asking: Heartbeat, text: Rendered | None = None) -> Rendered:
    """The question whether somebody still is focal point: under the day's message, or alone."""
    body = _body(text) if text is not None else ""
    return renderer.render(
        "messages/heartbeat", body=body, agencies=list(asking.agencies), answer=asking.answer
    )


def file_label(renderer: Renderer, name: str) -> Rendered:
    """What stands over a file that comes behind the words it belongs to."""
    return renderer.render("messages/file", name=name, body="", gone=False)


def without_file(renderer: Renderer, text: Rendered) -> Rendered:
    """The same text, whose file is no longer kept."""
    return renderer.render("messages/file", body=_body(text), name="", gone=True)


def _body(text: Rendered) -> Markup:
    """A text within another: it was rendered by us, its values are escaped already."""
    return Markup(text.html)  # noqa: S704 -- as said  # nosec B704


def _fitting(renderer: Renderer, name: str, repeat: bool, **context: Any) -> Rendered:
    text = Rendered("", "")
    for long, short in _WIDTHS:
        text = renderer.render(name, long=long, short=short, **context)
        if repeat:
            text = repeated(renderer, text)
        if units(text.plain) <= SINGLE_UNITS:
            break
    return text


# -- several duties -------------------------------------------------------------------------------


def digest(renderer: Renderer, content: Digest) -> Rendered:
    """Several duties in one message for a private chat: overdue first, then today, then ahead."""
    duties = _in_order(content)
    own = [facts for facts in duties if content.rungs.get(facts.id) not in _ABOVE]
    owed = {facts.id for facts in own}
    urged = {facts.id: facts.urge_number for facts in content.urges if facts.id in owed}
    text = renderer.render(
        "messages/digest",
        today=content.today,
        held_since=content.held_since,
        sections=_sections(duties, DIGEST_DUTIES),
        with_agency=_several_agencies(duties) or len(own) < len(duties),
        notes=_notes(duties, urged),
        rungs=sorted(set(content.rungs.values()), key=list(Role).index),
        example=own[0].number if own else None,
        look=duties[0].number if duties else None,
        **_news(content.news),
    )
    return repeated(renderer, text) if content.repeat else text


def group(renderer: Renderer, content: Digest, owner: str = "") -> Rendered:
    """A summary for a group chat, which closes no duties. `owner`: whose duties they are, where the
    duties' own agency is not meant."""
    duties = _in_order(content)
    several = _several_agencies(duties)
    text = renderer.render(
        "messages/group",
        today=content.today,
        held_since=content.held_since,
        owner=owner or ("các cơ quan" if several else _agency_of(content)),
        sections=_sections(duties, GROUP_DUTIES),
        counts=_counts(duties),
        with_agency=several,
        urged={facts.id: facts.urge_number for facts in content.urges},
        **_news(content.news),
    )
    return repeated(renderer, text) if content.repeat else text


def duties(
    renderer: Renderer,
    owed: Sequence[DutyFacts],
    today: date,
    agencies: Sequence[str],
    *,
    may_report: bool = True,
) -> Rendered:
    """The answer to /viec: what the named agencies owe, as `open_duties` orders it. may_report:
    whoever asks may also say that something is done."""
    return renderer.render(
        "messages/duties",
        owner=", ".join(agencies) or "cơ quan",
        today=today,
        counts=_counts(owed),
        with_agency=len(agencies) > 1,
        may_report=may_report,
        **listed(owed),
    )


def _in_order(content: Digest) -> list[DutyFacts]:
    """Every duty once, the most urgent first."""
    once = {facts.id: facts for facts in (*content.urges, *content.reminders)}
    return sorted(once.values(), key=lambda facts: (facts.due_on, facts.number))


def _sections(owed: Sequence[DutyFacts], room: int) -> list[Section]:
    return [
        Section(title, len(part), part[:room], len(part[room:]))
        for title, part in (
            (title, [facts for facts in owed if belongs(facts)]) for title, belongs in _SECTIONS
        )
        if part
    ]


# Rungs of the ladder above the agency: its duties are not theirs to answer.
_ABOVE = frozenset({Role.MEMBER, Role.STAFF})

_SECTIONS: tuple[tuple[str, Callable[[DutyFacts], bool]], ...] = (
    ("Quá hạn", lambda facts: facts.days_left < 0),
    ("Hôm nay là hạn cuối", lambda facts: facts.days_left == 0),
    ("Sắp đến hạn", lambda facts: facts.days_left > 0),
)


def _counts(owed: Sequence[DutyFacts]) -> list[str]:
    """ "2 việc quá hạn", "1 việc đến hạn hôm nay", "4 việc còn thời gian"."""
    late = sum(facts.days_left < 0 for facts in owed)
    today = sum(facts.days_left == 0 for facts in owed)
    words = (
        (late, "việc quá hạn"),
        (today, "việc đến hạn hôm nay"),
        (len(owed) - late - today, "việc còn thời gian"),
    )
    return [f"{num(count)} {name}" for count, name in words if count]


def _several_agencies(owed: Sequence[DutyFacts]) -> bool:
    return len({facts.agency_id for facts in owed}) > 1


def _agency_of(content: Digest) -> str:
    known = [*content.urges, *content.reminders, *(one.facts for one in content.news)]
    return known[0].agency if known else "cơ quan"


def listed(owed: Sequence[DutyFacts]) -> dict[str, Any]:
    shown = owed[:LISTED_DUTIES]
    rest = owed[LISTED_DUTIES : LISTED_DUTIES + LISTED_NUMBERS]
    more = len(owed) - len(shown) - len(rest)
    return {"shown": shown, "rest": rest, "more": more, "notes": _notes(shown)}


def _news(news: Sequence[News]) -> dict[str, Any]:
    return {"news": news[:DIGEST_NEWS], "news_rest": len(news[DIGEST_NEWS:])}


def _notes(
    owed: Sequence[DutyFacts], urged: Mapping[int, int] | None = None
) -> dict[int, list[str]]:
    """What a list says under a duty's title, by the duty's id."""
    numbers = urged or {}
    return {facts.id: _note(facts, numbers.get(facts.id)) for facts in owed}


def _note(facts: DutyFacts, urge_number: int | None) -> list[str]:
    said = [f"đôn đốc lần {urge_number}"] if urge_number else []
    if urge_number is None and facts.overdue and facts.urges:
        said.append(f"đã đôn đốc {facts.urges} lần")
    if facts.former:
        said.append(f"trước đây: {facts.former}")
    if facts.is_open and facts.off_reason and facts.days_left > 0:
        passed = (facts.due_on - facts.last_safe).days > facts.days_left
        said.append(
            "ngày hạn là ngày nghỉ; ngày làm việc cuối cùng trước hạn đã qua"
            if passed
            else f"nên xong chậm nhất {long_day(facts.last_safe)} vì ngày hạn là ngày nghỉ"
        )
    if facts.obstacles:
        said.append("đang có vướng mắc")
    if facts.extension:
        said.append(f"đang xin gia hạn đến {long_day(facts.extension.proposed_on)}")
    if facts.is_open and facts.received_at and not facts.obstacles and not facts.extension:
        silent = f" ngày {short_day(local_day(facts.received_at))}, đến nay chưa có kết quả"
        said.append(f"đã nhận{silent if facts.overdue else ''}")
    return said


# -- words for the story of a duty ----------------------------------------------------------------

_KIND_WORDS: Mapping[NoticeKind, str] = {
    NoticeKind.REMINDER: "nhắc việc",
    NoticeKind.URGE: "đôn đốc",
    NoticeKind.COMPLETION: "tin hoàn thành",
}
_ANSWER_WORDS: Mapping[str, str] = {
    "received": "đã nhận",
    "done": "báo hoàn thành",
    "accepted": "xác nhận kết quả",
    "undone": "rút lại báo cáo hoàn thành",
    "returned": "trả lại kết quả",
    "obstacle": "nêu vướng mắc",
    "answered": "trả lời vướng mắc",
    "extension": "xin gia hạn",
}
_DECISIONS: Mapping[RequestState, str] = {
    RequestState.ASKED: "chưa quyết định",
    RequestState.APPROVED: "được chấp thuận",
    RequestState.REFUSED: "không được chấp thuận",
}


def _planned(row: Planned) -> str:
    words = _KIND_WORDS[row.kind]
    if row.kind != NoticeKind.REMINDER or row.before < 0:
        return words
    return f"{words} trước hạn {row.before} ngày" if row.before else f"{words} ngày cuối"


def _answered(row: Answer) -> str:
    words = _ANSWER_WORDS[row.kind]
    if row.kind == "extension" and row.day:
        words += f" đến {long_day(row.day)}"
    elif row.day:
        words += f", văn bản ngày {long_day(row.day)}"
    return f"{words} ({_DECISIONS[row.state]})" if row.state else words
