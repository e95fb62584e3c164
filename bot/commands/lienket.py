"""/lienket: the chats a person is told things in; one more of them, which is first, one less."""

import re
from collections.abc import Sequence

from bot.commands import dangky
from bot.room import doors
from bot.talk import Talk
from deadlines.text import fold
from registry import links
from registry.messengers import messenger_name, messenger_of
from registry.notices import put_text
from registry.people import Refused
from registry.tables import Contact
from registry.types import NoticeKind

_WISH = re.compile(
    r"(?:(?P<drop>bo|huy|xoa|ngung)\s+)?(?P<what>\S.*?)(?:\s+(?P<first>(?:len )?(?:truoc|dau))"
    r"(?: tien)?)?"
)


def run(talk: Talk, rest: str) -> None:
    """ "/lienket", "… ABCDE-23456" (a code made in the other chat), "… zalo trước", "… bỏ zalo"."""
    if not talk.private:
        talk.say("private_only")
    elif dangky.looks_like_code(rest):
        dangky.redeem_code(talk, rest)
    elif not talk.actor.bound:
        talk.say("start_stranger", committee=talk.desk.settings.committee.name)
    elif rest:
        _change(talk, fold(rest))
    else:
        _show(talk)


def _mine(talk: Talk) -> list[Contact]:
    return links.chats_of(talk.session, talk.actor.person_id or 0)


def _change(talk: Talk, words: str) -> None:
    wish, mine = _WISH.fullmatch(words), _mine(talk)
    meant = _meant(mine, wish["what"]) if wish is not None else []
    if wish is None or len(meant) != 1 or (wish["drop"] and wish["first"]):
        example = messenger_of(mine[-1].channel)
        talk.say("lienket_usage", chats=chats_told(talk, mine), example=example)
    elif wish["drop"]:
        _drop(talk, meant[0], mine)
    elif wish["first"]:
        links.put_first(talk.session, meant[0], talk.now)
        talk.say("lienket_first", name=messenger_name(meant[0].channel), chats=chats_told(talk))
    else:
        _show(talk)


def _meant(mine: Sequence[Contact], word: str) -> list[Contact]:
    """The chats a word means: a messenger's name, or the number in the list."""
    if word.isdecimal():
        return list(mine[int(word) - 1 : int(word)]) if 0 < int(word[:3]) <= len(mine) else []
    return [
        each
        for each in mine
        if word in (messenger_of(each.channel), each.channel, fold(messenger_name(each.channel)))
    ]


def _drop(talk: Talk, chat: Contact, mine: Sequence[Contact]) -> None:
    if not any(each.closed_at is None for each in mine if each.id != chat.id):
        raise Refused(
            "Đây là nơi nhận tin duy nhất của anh/chị nên không bỏ được; "
            "muốn dừng nhận tin, gõ /huydangky."
        )
    links.unlink(talk.session, chat, talk.now)
    talk.offer_menu(chat)
    talk.say("lienket_dropped", name=messenger_name(chat.channel), chats=chats_told(talk))


def _show(talk: Talk) -> None:
    """What is linked; where a messenger is left, a code to link it with."""
    mine = _mine(talk)
    have = {messenger_of(each.channel) for each in mine if each.closed_at is None}
    code, desk = "", talk.desk
    ways = doors(talk.session, desk.settings, desk.infos, without=tuple(have))
    if ways:
        code = links.new_link(talk.session, talk.actor.person_id or 0, talk.now)
        ways = doors(talk.session, desk.settings, desk.infos, code, tuple(have))
    talk.say(
        "lienket",
        chats=chats_told(talk, mine),
        example=messenger_of(mine[-1].channel),
        code=code,
        ways=ways,
        minutes=int(links.LINK_VALID.total_seconds()) // 60,
    )


def chats_told(talk: Talk, mine: Sequence[Contact] | None = None) -> list[dict[str, object]]:
    """A person's chats as the templates list them."""
    here = talk.contact.id if talk.contact is not None else None
    return [
        {
            "name": messenger_name(each.channel),
            "bot": talk.desk.infos[each.channel].username
            if each.channel in talk.desk.infos
            else "",
            "here": each.id == here,
            "closed": each.closed_at is not None,
        }
        for each in (_mine(talk) if mine is None else mine)
    ]


def linked(talk: Talk, done: links.Linked) -> None:
    """This chat has become one more of its person's: said here, and in the others."""
    talk.offer_menu(done.contact)
    talk.say(
        "lienket_done",
        name=done.name,
        here=messenger_name(done.contact.channel),
        chats=chats_told(talk),
        standing=talk.desk.settings.committee.standing_agency,
    )
    told = talk.desk.renderer.render(
        "replies/lienket_told",
        name=messenger_name(done.contact.channel),
        word=messenger_of(done.contact.channel),
    )
    for other in done.others:
        if other.closed_at is None:
            # At once, at any hour: it may be news to the chat's owner.
            key = f"linked:{talk.inbound.id}:{other.id}"
            put_text(talk.session, NoticeKind.ANSWER, key, told.html, talk.now, contact_id=other.id)
