"""/nhac N: staff urge one duty's agency now; the urge is numbered like all others."""

import re

from bot.talk import Talk
from registry import duties, people
from registry.audit import record
from registry.notices import PlannedNotice, put_planned
from registry.types import DutyState, NoticeKind
from scheduler.hours import next_opening
from scheduler.plan import ROLE_STEPS


def run(talk: Talk, rest: str) -> None:
    numbers = [int(n) for n in re.findall(r"\d{1,9}", rest)][:20]
    if not numbers:
        talk.say("nhac_usage")
        return
    found = [(number, duties.by_number(talk.session, number)) for number in numbers]
    missing = [number for number, duty in found if duty is None]
    if missing:
        talk.say("no_duty", numbers=missing)
        return
    at = next_opening(talk.now, talk.desk.settings.policy, talk.desk.calendar)
    rows = []
    for number, duty in found:
        if duty is None or duty.state != DutyState.OPEN:
            rows.append({"number": number, "told": 0, "open": False, "agency": ""})
            continue
        receivers = [
            each
            for each in people.agency_subscriptions(talk.session, duty.agency_id)
            if each.role in ROLE_STEPS and people.has_contact(talk.session, each)
        ]
        put_planned(
            talk.session,
            [
                PlannedNotice(
                    f"nhac:{duty.id}:{each.id}:{talk.inbound.id}",
                    NoticeKind.URGE, "nhac", duty.id or 0, each.id or 0, at,
                )
                for each in receivers
            ],
        )  # fmt: skip
        record(
            talk.session, talk.now, "duty.urged", str(number), talk.actor.person_id,
            talk.actor.name, told=len(receivers),
        )  # fmt: skip
        agency = talk.agency(duty.agency_id).name
        rows.append({"number": number, "told": len(receivers), "open": True, "agency": agency})
    talk.say("nhac", rows=rows, later=at > talk.now, at=at)
