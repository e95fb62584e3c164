"""The messages about agencies with made-up data, as :mod:`reports.samples` has the others."""

from collections.abc import Callable, Mapping
from datetime import date

from registry.agencies import Known
from registry.agency_changes import Change, ChangeKind, Party
from registry.agency_moves import Carried, Passed, Waiting
from registry.types import Role
from reports import agency_words
from reports.agency_cards import AgencyLine, Card, GroupCard, Holder, Neighbour
from reports.render import Renderer
from reports.status import Counts

DAY = date(2027, 7, 1)
OLD, NEW = "Sở Thông tin và Truyền thông", "Sở Khoa học và Công nghệ"
PASSED = Passed(1, OLD, 2, NEW, DAY, [127, 131], [(133, 140)], [(1, 9)])
WAITING = Waiting("UBND huyện Sông Hồ", date(2027, 6, 30), (150, 151))
DONE = Carried((PASSED,), (WAITING,), (("Sở Cũ", "Sở Mới"),), ((OLD, (NEW,)),))
NOTHING = Carried()
MERGER = Change(ChangeKind.MERGE, DAY, (Known(1, OLD),), (Party("Sở Số", None, (NEW,)),), 0)
CARD = Card(
    id=2,
    name=NEW,
    level="tỉnh",
    aliases=("Sở KH&CN",),
    groups=("các sở, ban, ngành cấp tỉnh",),
    valid_from=DAY,
    valid_to=date(2030, 1, 1),
    renamed=(("Sở Khoa học", NEW, DAY),),
    before=(Neighbour(OLD, date(2027, 6, 30), Counts(4, 3, 0, 1)),),
    after=("Sở Số",),
    holders=(
        Holder("Nguyễn Thị An", Role.FOCAL, ("telegram",)),
        Holder("Nhóm", Role.OFFICER, ()),
        Holder("Lê Minh Hà", Role.MEMBER, ("zalo",)),
    ),
    open=5,
    overdue=1,
    counts=Counts(9, 5, 1, 3),
    together=Counts(13, 8, 1, 4),
)
BARE = Card(
    3, "Sở Y tế", "", (), (), date(1900, 1, 1), None, (), (), (), (), 0, 0, Counts(), Counts()
)
GROUP = GroupCard("các sở", (AgencyLine(NEW, 2), AgencyLine("Sở Y tế", 0, DAY, 1)))

AGENCY_SAMPLES: Mapping[str, Callable[[Renderer], object]] = {
    "messages/agency_passed": lambda r: [
        agency_words.passed(r, [PASSED], joined=joined) for joined in (True, False)
    ],
    "messages/agency_carried": lambda r: agency_words.carried(r, DONE, DAY),
    "messages/agency_change": lambda r: [
        agency_words.change(r, planned, effects, today, done=done)
        for planned in (MERGER, Change(ChangeKind.RENAME, DAY, MERGER.sources, MERGER.targets))
        for effects in (DONE, NOTHING)
        for done in (True, False)
        for today in (DAY, date(2027, 6, 1))
    ],
    "messages/agency_card": lambda r: [agency_words.card(r, one) for one in (CARD, BARE)],
    "messages/agency_list": lambda r: [
        agency_words.listing(r, groups, done) for groups, done in (([GROUP], DONE), ([], NOTHING))
    ],
}
