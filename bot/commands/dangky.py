"""/start [mã], /dangky: bind this chat to an agency, by invite or by asking staff."""

import re

from bot.commands.base import request_buttons
from bot.roles import role_at, split_role
from bot.room import check_room, mention
from bot.talk import Talk
from registry import duties, handover, inbound, invites, links, people
from registry.agencies import How, Match, resolve
from registry.invites import CODE_LENGTH, normal_code
from registry.messengers import messenger_name
from registry.people import CONSENT_VERSION
from registry.tables import Agency, Duty, HandOver, Invite
from registry.types import Role

_CODE = re.compile(r"[A-HJ-NP-Z2-9]{5}-?[A-HJ-NP-Z2-9]{5}", re.IGNORECASE)
_CODE_WITHIN = re.compile(r"(?<![\w-])[A-HJ-NP-Z2-9]{5}-[A-HJ-NP-Z2-9]{5}(?![\w-])", re.IGNORECASE)


def start(talk: Talk, rest: str) -> None:
    """The first words anybody hears."""
    if rest:
        redeem_code(talk, code_in(rest) or rest)
    elif talk.actor.bound:
        talk.say("start_again", name=talk.actor.name, roles=_held(talk))
    else:
        talk.say("start_stranger", committee=talk.desk.settings.committee.name)


def run(talk: Talk, rest: str) -> None:
    """An invite code, or the name of an agency to be let in to."""
    if not rest:
        if not talk.private and not _is_bound_here(talk):
            talk.say("group_unknown", at=mention(talk))
        elif talk.actor.bound:
            talk.say("start_again", name=talk.actor.name, roles=_held(talk))
        else:
            talk.say("dangky_usage")
    elif code := code_in(rest):
        redeem_code(talk, code)
    else:
        _ask(talk, rest)


def _is_bound_here(talk: Talk) -> bool:
    return talk.contact is not None and bool(people.subscriptions_of(talk.session, talk.contact))


def looks_like_code(text: str) -> bool:
    """Whether a text can only be an invite code: ten letters and digits, in one piece or in two
    halves, with a digit, a dash or capitals to tell it from words."""
    code = normal_code(text)
    sizes = [len(normal_code(part)) for part in text.split()]
    whole = sizes in ([CODE_LENGTH], [CODE_LENGTH // 2] * 2)
    mixed = any(c.isdigit() for c in code) or "-" in text or text.isupper()
    return whole and code.isascii() and mixed


def code_in(text: str) -> str:
    """The code that a text is, or the only one, written with its dash, among other words ("mã mời
    là WEYZT-7ZJSG"); else ""."""
    if looks_like_code(text):
        return text
    found = {each for each in _CODE_WITHIN.findall(text) if looks_like_code(each)}
    return found.pop() if len(found) == 1 else ""


def is_code(text: str) -> bool:
    """Whether a text is a code as we write them, and nothing that could be an answer."""
    return _CODE.fullmatch(text) is not None and looks_like_code(text) and not text.isdecimal()


def _held(talk: Talk) -> list[str]:
    names = []
    for role, agency_id in talk.actor.holds:
        agency = talk.agency(agency_id).name if agency_id is not None else ""
        names.append(role_at(role, agency))
    return names


def redeem_code(talk: Talk, code: str) -> None:
    """Bind this chat to what a code grants, or to the person who made it for a chat of theirs."""
    if invites.too_many_codes(talk.session, talk.chat.channel, talk.chat.sender, talk.now):
        talk.inbound.outcome = "code_flood"
        talk.say("code_flood")
        return
    invite = invites.find_invite(talk.session, code, talk.now)
    here = talk.contact.id if talk.contact is not None else None
    if invite is None and talk.actor.bound and invites.opened(talk.session, code, here):
        talk.say("start_again", name=talk.actor.name, roles=_held(talk))
        return
    if invite is None:
        talk.inbound.outcome = inbound.BAD_CODE
        talk.say("bad_code")
        return
    passing = handover.of_invite(talk.session, invite)
    if passing is None or not handover.leaves_room(talk.session, passing, talk.chat.channel):
        check_room(talk, talk.chat.channel, talk.chat.chat_kind, here or 0)
    if passing is not None:
        _take_over(talk, passing, invite)
    elif invite.person_id is not None:
        _link(talk, invite)
    else:
        _bind(talk, invite)


def _link(talk: Talk, invite: Invite) -> None:
    # That command turns to this one for codes, so it is looked up when it is needed.
    from bot.commands import lienket  # noqa: PLC0415

    done = links.link(talk.session, invite, talk.chat, talk.now, CONSENT_VERSION)
    talk.contact = done.contact
    talk.actor = people.load_actor(talk.session, talk.chat.channel, talk.chat.sender)
    lienket.linked(talk, done)


def _take_over(talk: Talk, passing: HandOver, invite: Invite) -> None:
    # That command asks this one which agency is meant.
    from bot.commands import bangiao  # noqa: PLC0415

    bangiao.taken(talk, passing, invite)


def _bind(talk: Talk, invite: Invite) -> None:
    bound = people.redeem(talk.session, invite, talk.chat, talk.now, CONSENT_VERSION)
    talk.contact = people.find_contact(talk.session, talk.chat.channel, talk.chat.address)
    talk.actor = people.load_actor(talk.session, talk.chat.channel, talk.chat.sender)
    talk.offer_menu(talk.known_contact())
    role = bound.subscription.role
    owed = _owed(talk, bound.agency)
    agency = bound.agency.name if bound.agency else ""
    talk.say(
        "start_bound" if talk.private else "start_group",
        name=talk.chat.name,
        role=role_at(role, agency),
        agency=agency,
        reads=role == Role.MEMBER,
        committee=talk.desk.settings.committee.name,
        standing=talk.desk.settings.committee.standing_agency,
        is_staff=role in (Role.STAFF, Role.ADMIN),
        owed=len(owed),
        nearest=min((duty.due_on for duty in owed), default=None),
    )
    talk.tell_staff(
        "bound_staff",
        f"bound:{bound.subscription.id}:{talk.inbound.id}",
        name=talk.chat.name if talk.private else talk.chat.title,
        role=role_at(role, agency),
        agency=agency,
        group=not talk.private,
    )


def _owed(talk: Talk, agency: Agency | None) -> list[Duty]:
    if agency is None:
        return []
    return duties.open_of(talk.session, frozenset({agency.id or 0}), talk.today)


def _ask(talk: Talk, rest: str) -> None:
    """Without a code: the wish goes to staff."""
    if not talk.private:
        talk.say("dangky_private", at=mention(talk))
        return
    name, role = split_role(rest)
    role = role if role in (Role.FOCAL, Role.OFFICER, Role.LEADER) else Role.OFFICER
    match = resolve(talk.session, name, talk.today)
    if match.how != How.AGENCY:
        say_no_agency(talk, match)
        return
    agency = match.agencies[0]
    request, fresh = people.ask_admission(
        talk.session, talk.known_contact(), agency.id, role, talk.chat.name, talk.now
    )
    told = 0
    if fresh:
        told = talk.tell_staff(
            "dangky_staff",
            f"request:{request.id}",
            request_buttons(request.id or 0),
            request=request.id,
            name=talk.chat.name,
            role=role_at(role, agency.name),
            channel=messenger_name(talk.chat.channel),
        )
    wish = role_at(role, agency.name)
    talk.say("dangky_asked", agency=agency.name, role=wish, fresh=fresh, staff=told)


def say_no_agency(talk: Talk, match: Match) -> None:
    """A name that is not one known agency: say why, and what it may have been."""
    talk.say(
        "no_agency",
        name=match.text,
        how=str(match.how),
        note=match.note,
        proposals=[proposal.name for proposal in match.proposals]
        or [agency.name for agency in match.agencies[:5]],
    )
