"""/baocao: the draft report of a period, as a summary, a document to go on writing in, and a
workbook."""

from bot import papers
from bot.talk import Talk
from bot.unsendable import say_how, unsendable
from reports.papers.load import load_report
from reports.papers.period import NoPeriod, read_period


def run(talk: Talk, rest: str) -> None:
    """ "/baocao quý 3"; without a period the latest whose figures have closed."""
    if not talk.private:
        talk.say("private_only")
        return
    try:
        period = read_period(rest, talk.today)
    except NoPeriod as error:
        talk.say("baocao_ky", reason=str(error))
        return
    settings = talk.desk.settings
    report = load_report(talk.session, period, talk.now, soon_days=settings.committee.soon_days)
    facts = papers.summary_facts(report)
    if unsendable(settings, talk.chat.channel, ""):
        talk.say("baocao_tom_tat", **facts)
        say_how(talk, f"Dự thảo báo cáo {facts['name']}.docx")
        return
    document = papers.docx_of(report, settings, talk.desk.renderer)
    talk.say("baocao", file=papers.keep(talk.session, settings, document, talk.now), **facts)
    book = papers.xlsx_of(report, settings)
    talk.say("baocao_so_lieu", file=papers.keep(talk.session, settings, book, talk.now), **facts)
