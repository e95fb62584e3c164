"""/huydangky: stop. /xoadulieu: stop and erase what identifies the person."""

from collections.abc import Collection

from bot.backups import erased_leave_on
from bot.talk import Talk
from deadlines.text import fold
from registry import erasing, people
from registry.tables import Question
from reports.reach import silent_among

ASK_ERASE = "erase"
YES = frozenset({"xoa", "dong y", "co", "xac nhan", "yes", "xac nhan xoa", "dong y xoa"})


def leave(talk: Talk, _rest: str) -> None:
    """End every subscription of this chat's holder."""
    contact = talk.contact
    held = people.subscriptions_of(talk.session, contact) if contact is not None else []
    if not talk.may_manage(each.agency_id for each, _ in held):
        talk.say("forbidden")
        return
    ended = people.unsubscribe(talk.session, contact, talk.now) if contact is not None else 0
    talk.say("huydangky", ended=ended)
    if contact is not None and ended:
        talk.offer_menu(contact)
    if ended:
        _tell(talk, talk.actor.name or talk.chat.title, talk.actor.agencies())


def erase(talk: Talk, rest: str) -> None:
    """Asked once more, because it cannot be taken back."""
    if not talk.private:
        talk.say("private_only")
        return
    if fold(rest) in YES:
        _erase(talk)
        return
    talk.ask(ASK_ERASE)
    talk.say("xoadulieu_ask")


def confirmed(talk: Talk, _question: Question, text: str) -> bool:
    """The answer to "really?". Anything but a yes leaves everything as it is."""
    talk.answered()
    if fold(text) in YES:
        _erase(talk)
    else:
        talk.say("xoadulieu_kept")
    return True


def _erase(talk: Talk) -> None:
    contact = talk.known_contact()
    agencies = talk.actor.agencies()
    bound = talk.actor.bound
    leave_on = erased_leave_on(talk.desk.settings, talk.now)
    made = erasing.erase(talk.session, contact, talk.now, in_backups=leave_on)
    talk.say("xoadulieu_done", made=made)
    if bound:
        _tell(talk, "Một cán bộ", agencies)


def _tell(talk: Talk, who: str, agencies: Collection[int]) -> None:
    """Word to staff, with what matters to them: which agencies nobody hears for now."""
    empty = silent_among(talk.session, agencies)
    talk.tell_staff(
        "left_staff",
        f"left:{talk.inbound.id}",
        name=who,
        agencies=talk.agency_names(agencies),
        empty=talk.agency_names(empty),
    )
