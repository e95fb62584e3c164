"""/caidat: earlier reminders, quiet hours, putting off. The committee's own steps always stay."""

import re
from collections.abc import Sequence
from datetime import date, time

from bot.talk import Talk
from deadlines.text import clean, fold
from registry import duties, links, notices, people
from registry.clock import moment_of
from registry.messengers import messenger_name
from registry.notices import PlannedNotice
from registry.tables import Duty, Subscription
from registry.types import DutyState, NoticeKind, Role
from scheduler.hours import quiet_until
from scheduler.planning import leads_of

MOST_DAYS = 60
_HOURS = re.compile(r"(\d{1,2})(?:[h:](\d{2})?)?\s*(?:-|den|toi)\s*(\d{1,2})(?:[h:](\d{2})?)?$")
# Who is sent the weekly brief.
_BRIEFED = frozenset({Role.MEMBER, Role.STAFF, Role.ADMIN})
_OFF = frozenset({"tat", "khong", "bo", "off", "huy"})


def run(talk: Talk, rest: str) -> None:
    """ "/caidat", "… nhắc 15 3", "… yên tĩnh 18:00-7:00", "… hoãn 127 thứ Hai"."""
    held = _held(talk)
    if not held:
        talk.say("forbidden")
        return
    words = fold(rest)
    for prefix, action in _ACTIONS:
        if words == prefix or words.startswith(f"{prefix} "):
            action(talk, held, clean(rest)[len(prefix) :].strip(" :"))
            return
    _show(talk, held)


def _held(talk: Talk) -> list[Subscription]:
    contact = talk.contact
    if contact is None:
        return []
    held = [subscription for subscription, _ in people.subscriptions_of(talk.session, contact)]
    return held if talk.may_manage(each.agency_id for each in held) else []


def _show(talk: Talk, held: Sequence[Subscription]) -> None:
    first = held[0]
    talk.say(
        "caidat",
        extra=leads_of(first.leads),
        leads=talk.desk.settings.policy.leads,
        at=talk.desk.settings.policy.at,
        quiet_from=first.quiet_from,
        quiet_to=first.quiet_to,
        chats=_chats(talk),
        briefed=any(each.role in _BRIEFED for each in held),
        briefs=all(each.briefs for each in held),
    )


def _chats(talk: Talk) -> list[str]:
    """The speaker's chats in the order they are tried; none in a group."""
    if not talk.private or talk.actor.person_id is None:
        return []
    mine = links.chats_of(talk.session, talk.actor.person_id)
    return [messenger_name(each.channel) for each in mine]


def _replan(talk: Talk, held: Sequence[Subscription]) -> None:
    for subscription in held:
        notices.drop_planned(talk.session, subscription.id or 0)
        subscription.plan_due = True
        talk.session.add(subscription)
    _show(talk, held)


def _leads(talk: Talk, held: Sequence[Subscription], rest: str) -> None:
    """Earlier steps of one's own; the committee's are always there."""
    if fold(rest) in _OFF:
        extra: list[int] = []
    else:
        extra = sorted({int(n) for n in re.findall(r"\d{1,4}", rest)}, reverse=True)
        if not extra or extra[0] > MOST_DAYS or len(extra) > 5:
            talk.say("caidat_bad_leads", most=MOST_DAYS)
            return
    for subscription in held:
        subscription.leads = ",".join(map(str, extra))
    _replan(talk, held)


def _hours(folded: str) -> tuple[time, time] | None:
    found = _HOURS.search(folded)
    if found is None:
        return None
    h1, m1, h2, m2 = (int(part or 0) for part in found.groups())
    if max(h1, h2) > 23 or max(m1, m2) > 59:
        return None
    return time(h1, m1), time(h2, m2)


def _leaving_room(talk: Talk, hours: tuple[time, time]) -> tuple[time, time]:
    """Raises Refused for quiet hours that leave no working hour: reminders could never come."""
    policy = talk.desk.settings.policy
    opening, closing = (moment_of(talk.today, each) for each in (policy.opens, policy.closes))
    until = quiet_until(opening, *hours)
    if until is not None and until >= closing:
        raise people.Refused(
            "Giờ yên tĩnh này phủ hết giờ làm việc nên không còn lúc nào để nhắc trước ngày cuối; "
            "chưa có gì thay đổi. Ví dụ: /caidat yên tĩnh 18:00-08:30"
        )
    return hours


def _quiet(talk: Talk, held: Sequence[Subscription], rest: str) -> None:
    if fold(rest) in _OFF:
        hours: tuple[time | None, time | None] = (None, None)
    else:
        read = _hours(fold(rest))
        if read is None:
            talk.say("caidat_bad_hours")
            return
        hours = _leaving_room(talk, read)
    for subscription in held:
        subscription.quiet_from, subscription.quiet_to = hours
    _replan(talk, held)


def _snooze(talk: Talk, held: Sequence[Subscription], rest: str) -> None:
    """Ask again on a day, never later than the last safe day."""
    found = re.match(r"(\d{1,9})\s+(.+)$", rest)
    duty = duties.by_number(talk.session, int(found[1])) if found else None
    if found is None or duty is None or not talk.may_act(duty):
        talk.say("caidat_bad_snooze")
        return
    calendar, today = talk.desk.calendar, talk.today
    wanted = talk.day_in(found[2])
    if wanted is None or wanted <= today or duty.state != DutyState.OPEN:
        talk.say("caidat_bad_snooze")
        return
    safe_day = calendar.last_working(duty.due_on)
    if safe_day <= today:
        talk.say("caidat_too_late", number=duty.number, due_on=duty.due_on)
        return
    day = min(calendar.forward(wanted, 0), safe_day)
    ids = [each.id or 0 for each in held if each.agency_id == duty.agency_id]
    notices.put_off(talk.session, duty.id or 0, ids, moment_of(day, time.min), talk.now)
    if day < safe_day:  # the last day has its reminder already
        _ask_again(talk, duty, ids, day)
    talk.say("caidat_snoozed", number=duty.number, day=day, wanted=wanted, safe_day=safe_day)


def _ask_again(talk: Talk, duty: Duty, ids: Sequence[int], day: date) -> None:
    at, step = moment_of(day, talk.desk.settings.policy.at), f"hẹn {day:%d/%m}"
    notices.put_planned(
        talk.session,
        [
            PlannedNotice(
                f"snooze:{duty.id}:{each}:{day}", NoticeKind.REMINDER, step, duty.id or 0, each, at
            )
            for each in ids
        ],
    )


def _briefs(talk: Talk, held: Sequence[Subscription], rest: str) -> None:
    """The weekly brief, for those who get one."""
    wanted = fold(rest) not in _OFF
    if not any(each.role in _BRIEFED for each in held):
        talk.say("forbidden")
        return
    for subscription in held:
        subscription.briefs = wanted
        talk.session.add(subscription)
    _show(talk, held)


# The longer words first: "nhắc lại 127 mai" puts off, "nhắc 15" asks for an earlier reminder.
_ACTIONS = (
    ("nhac lai", _snooze),
    ("nhac", _leads),
    ("bao truoc", _leads),
    ("yen tinh", _quiet),
    ("gio yen tinh", _quiet),
    ("hoan", _snooze),
    ("hen", _snooze),
    ("ban tin", _briefs),
)
