"""/lienlac: agencies that no message, or only one person, connects; and the word "1" of a focal
point who was asked whether they still are one."""

from bot.room import spent
from bot.talk import Talk
from deadlines.text import clean, fold
from registry import heartbeats
from reports.contacts import contacts, thin_contacts

_YES = frozenset({"1", "dung", "dung roi", "van la dau moi", "van", "co", "ok", "vang", "da"})


def run(talk: Talk, rest: str) -> None:
    """The whole list; what is typed behind it does not matter."""
    del rest
    if not talk.private:
        talk.say("private_only")
        return
    rows = thin_contacts(talk.session, talk.now, spent(talk))
    talk.say_rendered(contacts(talk.desk.renderer, rows, talk.today))


def heard(talk: Talk, text: str) -> bool:
    """A yes to the question whether they still are focal point, if that was the last message here.
    That somebody wrote has been noted already."""
    if not talk.private or talk.contact is None or fold(clean(text)).strip(" .!") not in _YES:
        return False
    if not heartbeats.just_asked(talk.session, talk.contact.id or 0):
        return False
    agencies = heartbeats.agencies_of(talk.session, talk.actor.person_id or 0)
    talk.say("lienlac_confirmed", agencies=agencies)
    return True
