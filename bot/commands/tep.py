"""A file somebody sent: a directive to be looked over, from the standing agency's staff."""

from bot.talk import Talk
from registry.tables import Upload


def received(talk: Talk) -> None:
    """Keep word of the file; it is fetched and read later, outside this transaction."""
    file = talk.incoming.file
    if file is None or not talk.private:
        return
    if not talk.actor.is_staff:
        talk.say("file_not_wanted", bound=talk.actor.bound)
        return
    # The file's name may itself be confidential: it is kept in one row that is blanked later.
    talk.inbound.raw = ""
    talk.answered()
    talk.session.add(
        Upload(
            contact_id=talk.known_contact().id or 0,
            person_id=talk.actor.person_id,
            purpose="directive",
            name=file.name,
            ref=file.ref,
            size=file.size,
            at=talk.now,
            next_at=talk.now,
        )
    )
    talk.say("upload_received")
