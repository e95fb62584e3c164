"""/trogiup: help for what this person may do."""

from bot.replies import Reply
from bot.talk import Talk
from reports.figures import HelpLine, help_message


def run(talk: Talk, _rest: str) -> None:
    # The table of commands imports this file, so it is looked up when asked for.
    from bot.commands import TABLE  # noqa: PLC0415

    lines = [
        HelpLine(f"/{each.name}", *each.told(talk.actor.roles))
        for each in TABLE
        if each.open_to(talk.actor.roles)
    ]
    talk.say_rendered(help_message(talk.desk.renderer, talk.actor.roles, lines))


def answer(talk: Talk, _reply: Reply) -> None:
    run(talk, "")
