"""/moi: staff make an invite for an agency and a role."""

from datetime import timedelta

from bot.commands.dangky import say_no_agency
from bot.roles import COMMITTEE_WIDE, role_at, split_role
from bot.room import doors
from bot.talk import Talk
from registry import invites
from registry.agencies import How, resolve
from registry.clock import local
from registry.types import Role


def run(talk: Talk, rest: str) -> None:
    """ "/moi Sở Y tế đầu mối", "/moi thường trực"."""
    if not talk.private:
        talk.say("private_only")
        return
    name, role = split_role(rest)
    role = role or Role.FOCAL
    if not rest or (not name and role not in COMMITTEE_WIDE):
        talk.say("moi_usage")
        return
    if role == Role.ADMIN and Role.ADMIN not in talk.actor.roles:
        talk.say("forbidden")
        return
    agency_id, agency = None, ""
    if name and role not in COMMITTEE_WIDE:
        match = resolve(talk.session, name, talk.today)
        if match.how != How.AGENCY:
            say_no_agency(talk, match)
            return
        agency_id, agency = match.agencies[0].id, match.agencies[0].name
    valid = timedelta(days=talk.desk.settings.invites.valid_days)
    code, invite = invites.new_invite(
        talk.session, talk.now, role, agency_id, valid=valid, created_by=talk.actor.person_id
    )
    ways = doors(talk.session, talk.desk.settings, talk.desk.infos, code)
    talk.say(
        "moi", code=code, role=role_at(role, agency), ways=ways,
        until=local(invite.expires_at),
    )  # fmt: skip
