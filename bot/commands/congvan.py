"""/congvan: the letter that urges an agency, drafted now."""

from bot import papers
from bot.commands.dangky import say_no_agency
from bot.talk import Talk
from bot.unsendable import say_file
from registry.agencies import How, resolve
from reports.papers.letter import load_letter


def run(talk: Talk, rest: str) -> None:
    """ "/congvan Sở Y tế"."""
    if not talk.private:
        talk.say("private_only")
        return
    if not rest:
        talk.say("congvan_usage")
        return
    match = resolve(talk.session, rest, talk.today)
    if match.how != How.AGENCY:
        say_no_agency(talk, match)
        return
    letter = load_letter(talk.session, match.agencies[0].id, talk.now, talk.desk.calendar)
    if not letter.duties:
        talk.say("congvan_khong", agency=letter.agency)
        return
    settings = talk.desk.settings
    paper = papers.letter_of(letter, settings, talk.desk.renderer)
    file = papers.keep(talk.session, settings, paper, talk.now)
    say_file(talk, "congvan", file, letter=letter)
