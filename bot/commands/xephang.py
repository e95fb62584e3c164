"""/xephang: agencies in order, with the formula; announced, shown to each agency first, published;
what agencies say against it."""

import re

from bot.rankings import PREVIEW_KEY, scope_of
from bot.talk import Talk
from deadlines.periods import period_of
from deadlines.text import clean, fold
from registry import rankings
from registry.agencies import resolve
from registry.notices import keys_of_message
from registry.people import Refused
from registry.tables import Ranking
from registry.types import Role
from reports import figures
from reports.papers.period import NoPeriod, read_period
from reports.ranking import rank
from reports.status import status_of
from scheduler.rankings import earliest, preview_day

_ANNOUNCE = re.compile(
    r"(?:cong bo|dang)\s+(?P<period>.+?)\s+(?:vao\s+ngay|ngay|vao)\s+(?P<day>.+)"
)
_CANCEL = re.compile(r"(?:huy|thoi|bo)(?:\s+(?:cong bo\s+)?(?P<which>.+))?$")
_OPINION = re.compile(r"(?:y kien|phan doi|khieu nai|khong dong y)(?: xep hang)?\s*[:,-]?\s*")
_SAYING = frozenset({Role.FOCAL, Role.OFFICER, Role.LEADER})
_PREVIEWED = re.compile(rf"{PREVIEW_KEY}:(\d+):(\d+):\d+")


def run(talk: Talk, rest: str) -> None:
    """Staff see, announce and cancel; agencies say what they have against their lines."""
    words = fold(rest)
    if opinion := _OPINION.match(words):
        _opinion(talk, clean(rest)[opinion.end() :])
    elif not talk.actor.is_staff:
        if talk.actor.roles & _SAYING:
            talk.say("xephang_khong_co", agencies=[], ahead=rankings.shown(talk.session))
        else:
            talk.say("forbidden")
    elif not talk.private:
        talk.say("private_only")
    elif found := _CANCEL.fullmatch(words):
        _cancel(talk, found["which"] or "")
    elif words.startswith(("cong bo", "dang ")):
        _announce(talk, rest)
    else:
        _show(talk, rest)


def replied(talk: Talk, text: str) -> bool:
    """An answer to the message that showed an agency its lines."""
    message = talk.incoming.reply_to
    if message is None or talk.contact is None or not talk.actor.roles & _SAYING:
        return False
    for key in keys_of_message(talk.session, talk.contact.id or 0, message):
        found = _PREVIEWED.fullmatch(key)
        ranking = talk.session.get(Ranking, int(found[1])) if found else None
        if found and ranking in rankings.shown(talk.session):
            _keep(talk, ranking, int(found[2]), text)
            return True
    return False


def _show(talk: Talk, rest: str) -> None:
    try:
        period = read_period(rest, talk.today)
    except NoPeriod as error:
        _usage(talk, str(error))
        return
    scope = scope_of(period.key, talk.now, talk.desk.settings.committee.soon_days)
    found = rank(status_of(talk.session, scope, overdue=0).rows)
    talk.say_rendered(figures.ranking(talk.desk.renderer, found, period, talk.today))


def _announce(talk: Talk, rest: str) -> None:
    found = _ANNOUNCE.fullmatch(fold(rest))
    day = talk.day_in(found["day"]) if found else None
    try:
        period = read_period(found["period"] if found else "", talk.today)
    except NoPeriod as error:
        _usage(talk, str(error))
        return
    if found is None or day is None:
        _usage(talk, "Chưa rõ kỳ và ngày công bố.")
        return
    calendar = talk.desk.calendar
    first = earliest(talk.today, calendar)
    if day < first:
        raise Refused(
            f"Mỗi cơ quan phải được xem trước 03 ngày làm việc; sớm nhất công bố được "
            f"ngày {first:%d/%m/%Y}."
        )
    if not calendar.is_working(day):
        raise Refused(f"Ngày {day:%d/%m/%Y} là ngày nghỉ; xin chọn một ngày làm việc.")
    row = rankings.announce(
        talk.session, period.key, preview_day(day, calendar), day, talk.actor, talk.now
    )
    talk.say(
        "xephang_lich", period=figures.period_name(period), id=row.id,
        preview_on=row.preview_on, publish_on=day,
    )  # fmt: skip


def _cancel(talk: Talk, which: str) -> None:
    ahead = rankings.ahead(talk.session)
    if which.removeprefix("so ").isdecimal():
        ahead = [one for one in ahead if one.id == int(which.removeprefix("so "))]
    elif which:
        try:
            key = read_period(which, talk.today).key
        except NoPeriod as error:
            _usage(talk, str(error))
            return
        ahead = [one for one in ahead if one.period == key]
    if len(ahead) != 1:
        _usage(talk, "Chưa rõ hủy xếp hạng nào." if ahead else "Không có xếp hạng nào như vậy.")
        return
    rankings.cancel(talk.session, ahead[0], talk.actor, talk.now)
    talk.say("xephang_huy", period=_period(ahead[0]), id=ahead[0].id)


def _usage(talk: Talk, reason: str) -> None:
    ahead = [
        {"id": one.id, "period": _period(one), "publish_on": one.publish_on}
        for one in rankings.ahead(talk.session)
    ]
    talk.say("xephang_cach", reason=reason, ahead=ahead)


def _period(row: Ranking) -> str:
    return figures.period_name(period_of(row.period))


# -- what agencies say ----------------------------------------------------------------------------


def _opinion(talk: Talk, said: str) -> None:
    """ "ý kiến xếp hạng: …"; who answers for several agencies names one before the colon."""
    mine = talk.actor.agencies(*_SAYING)
    ahead = rankings.shown(talk.session)
    text, agency_id = said, next(iter(mine)) if len(mine) == 1 else None
    if agency_id is None and ":" in said:
        name, _, text = said.partition(":")
        named = [one.id for one in resolve(talk.session, name, talk.today).agencies]
        agency_id = named[0] if len(named) == 1 and named[0] in mine else None
    if not ahead or not text.strip() or agency_id is None:
        several = talk.agency_names(mine) if ahead and agency_id is None else []
        talk.say("xephang_khong_co", agencies=several, ahead=ahead)
        return
    for ranking in ahead:
        _keep(talk, ranking, agency_id, text)


def _keep(talk: Talk, ranking: Ranking, agency_id: int, text: str) -> None:
    row = rankings.object_to(talk.session, ranking, agency_id, talk.actor, clean(text), talk.now)
    agency, period = talk.agency(agency_id).name, _period(ranking)
    talk.tell_staff(
        "xephang_y_kien_moi", f"ranking:objection:{row.id}", agency=agency, period=period,
        text=row.text, id=ranking.id, publish_on=ranking.publish_on,
    )  # fmt: skip
    talk.say("xephang_y_kien", agency=agency, period=period)
