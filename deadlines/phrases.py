# ruff: noqa: E501 - a row of the table is one line
"""The words of deadlines: a literal table of patterns, and the scan that finds them in a line.

Patterns search the line that :mod:`deadlines.words` makes: lower case, one spelling, single blanks
between all words, numbers and signs. Rows are tried in order at each word; the first that fits
takes its words. Every repetition is bounded, so the scan is linear in the text. To teach the
reader a phrase, add a row here (and cases in tests/deadlines/cases).
"""

import re
from dataclasses import dataclass, field

_D = r"(?:0?[1-9]|[12]\d|3[01])(?!\S)"
_M = r"(?:0?[1-9]|1[0-2])(?!\S)"
_Y = r"(?:19|20|21)\d\d(?!\S)"
_N = r"\d{1,3}"
_ORD = (
    r"(?:đầu tiên|đầu|nhất|cuối cùng|cuối|giữa|thứ nhất|thứ hai|thứ ba|thứ tư|thứ năm|thứ \d{1,2})"
)
# A bare unit, unless it begins another phrase ("tháng 6", "quý sau", "tháng cuối quý").
_END_UNIT = (
    r"(?!\S)(?! (?:\d|làm\b|sau\b|tới\b|tiếp|kế|liền|cuối|đầu|thứ|trước liền|nay\b|này\b|trước đó))"
)
_UNIT = (
    r"(?:ngày làm việc|ngày|tuần|tháng|quý|0?6 tháng đầu năm|0?6 tháng một lần|0?6 tháng|nửa năm|0?9 tháng đầu năm|0?9 tháng|"
    r"năm học|năm|kỳ)" + _END_UNIT
)
_AND = r"(?: (?:,|và|hoặc|/|-|&|\+|cũng như)){1,2}"
_EACH = r"(?:hằng|mỗi|từng|định kỳ hằng|định kỳ|các|theo)"
_LIST = rf"{_UNIT}(?:{_AND} (?:(?:hằng|mỗi|từng|cả|định kỳ|báo cáo|tổng kết|sơ kết|kỳ|theo|1|01|một) ){{0,3}}{_UNIT}){{0,6}}"
_NEXT = r"(?:sau|tới|tiếp theo|kế tiếp|tiếp đó|sau đó|liền kề|liền sau|tiếp sau|kế sau|kế liền|tiếp|kế|liền)"
_DOC = (
    r"(?:quyết định|nghị quyết|nghị định|thông tư|chỉ thị|công văn|công điện|kế hoạch|thông báo|luật|"
    r"bộ luật|tờ trình|kết luận|chương trình|hướng dẫn|đề án|quy chế|văn bản|hợp đồng|giấy mời|phiếu chuyển)"
)
_DATE = rf"(?:ngày )?{_D} (?:tháng|/|-|\.) {_M} (?:năm|/|-|\.) {_Y}"
_NUMBER = (
    r"\d{1,6} ?[a-zđ]? ?/ (?!(?:ngày|tháng|quý|năm|tuần|lần|giờ|kỳ)\b)"
    r"(?:\d{4} / )?[a-zđ]{2,}\d*(?: (?:-|/|\.|&) ?[a-zđ\d]+){0,5}"
    r"|\d{1,5} - [a-zđ]{2,5} / [a-zđ]{2,}"  # the Party's form: 57-NQ/TW
)
_NUMBER = rf"(?:{_NUMBER})"
_DOCDATE = rf"(?: ,)?(?: (?:ban hành|ký|lập))? ?(?:ngày )?(?:{_DATE}|{_D} / {_M}(?! /))"


@dataclass(frozen=True)
class Atom:
    """One find: a kind, the words that carry it, and its place in the line."""

    kind: str
    start: int
    end: int
    data: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        return self.data.get(name) or ""

    def number(self, name: str) -> int:
        """A number in the pattern, 0 where it is absent."""
        return int(self.data.get(name) or 0)


PHRASES: tuple[tuple[str, str], ...] = (
    # Words that look like days and are none.
    ("docref", rf"(?:{_DOC} )?(?:số (?:: )?)?{_NUMBER}(?:{_DOCDATE})?"),
    ("docref", rf"{_DOC} số (?:: )?\d{{1,6}}(?! (?:ngày|tháng) (?:làm|kể|đầu))(?:{_DOCDATE})?"),
    ("docref", rf"{_DOC}(?: (?!trước|chậm|muộn|hạn|đến|xong|trong|vào|gửi|từ|hoàn|hằng|định|,|;|\.|:)\S+){{0,8}} ngày {_D} (?:tháng|/|-) {_M} (?:năm|/|-) {_Y}"),
    ("noday", rf"(?:hội nghị|cuộc họp|phiên họp|buổi làm việc|kỳ họp|buổi họp|tại cuộc họp)(?: (?!trước|chậm|muộn|hạn|đến|xong|gửi|từ|hoàn|,|;|\.|:|trong|vào|định)\S+){{0,6}} ngày {_DATE}"),
    ("noday", rf"(?:phiên )?họp(?: (?!trước|chậm|muộn|hạn|đến|xong|gửi|từ|hoàn|,|;|\.|:|trong|vào|định)\S+){{0,5}} thường kỳ tháng {_M} (?:năm|/) {_Y}"),
    ("noday", rf"ngày (?:{_D} )?tháng năm(?: {_Y}|(?=$| [,;.)]))|ngày tháng {_M} năm {_Y}"),  # left blank
    ("noday", r"có hiệu lực(?: thi hành)?(?: sau)? \d{1,3} (?:\( \S+(?: \S+){0,3} \) )?ngày(?: ,)? (?:kể|tính)(?: kể)? từ(?: ngày)? (?:ký|ban hành|thông qua|công bố|đăng)"),
    ("noday", rf"có hiệu lực(?: thi hành)?(?: (?:kể|tính))?(?: từ)? (?:{_DATE}|ngày ký)"),
    ("noday", r"(?:điều|khoản|điểm|chương|phần|biểu|mẫu(?: số)?|phụ lục|biểu mẫu)(?: số)? (?:\d{1,3}[a-z]?|[ivx]+|[a-zđ])(?: (?:,|và|-) \d{1,3}(?! [/.-]))?(?!\S)(?! (?:/|-) \d)"),
    ("noday", rf"(?:so với )?cùng kỳ(?: (?:các )?(?:năm|tháng|quý))?(?: (?:{_M} / {_Y}|{_Y}))?"),
    ("noday", rf"(?:trước|sau|tại|phục vụ) (?:khi (?:\S+ ){{1,3}})?(?:các )?(?:kỳ họp|phiên họp|hội nghị|đại hội|cuộc họp)(?: (?!trước|chậm|muộn|hạn|đến|xong|gửi|từ|hoàn|,|;|\.|:|trong|vào|định)\S+){{0,6}} (?:đầu|giữa|cuối) năm(?: {_Y})?"),
    ("noday", rf"(?:trong )?giai đoạn (?:năm )?{_Y} (?:-|đến) {_Y}(?=(?: ,)? (?:theo|tại) {_DOC} số)"),
    ("noday", rf"(?:định hướng|tầm nhìn)(?: (?:đến|tới))?(?: năm)? {_Y}|(?:năm học|năm học mới|niên khóa|khóa) {_Y} - {_Y}"),
    ("noday", rf"đã(?: (?!trước|chậm|muộn|hạn|đến|xong|gửi|từ|báo|,|;|\.|:)\S+){{1,4}} ngày {_DATE}"),
    ("noday", rf"(?!0?[69] )\d{{1,2}} tháng(?: (?:đầu|cuối))?(?: của)? năm(?: {_Y})?(?! một)"),
    ("section", r"mục (?P<section>(?:\d{1,2}|[ivx]+|[a-zđ])(?: \. \d{1,2}){0,3})(?!\S)(?: nêu trên)?"),
    ("noday", r"\d+(?: [.,] \d+)? (?:%|triệu|tỷ|đồng|người|doanh nghiệp|cơ sở|xã|huyện|điểm|phường|hộ|ha|km|m2|bản|bộ|đơn vị|trường hợp|năm tuổi|tuổi)(?!\S)"),
    ("always", r"24 / 24(?: (?:giờ|h))?(?: (?:/|và) 24)?|24 / 7|24 giờ / 24 giờ|24 h / 24 h|24 giờ / ngày"),
    ("day", r"(?:trong )?(?:ngày )?(?P<today>hôm nay|cùng ngày)|(?P<now>(?:ngay )?trong ngày(?: làm việc)?)(?! (?:\d|thứ|làm|chủ|hôm|cuối|đầu|mai|mùng|tiếp|kế|này))|(?:trong )?(?P<tomorrow>ngày mai)"),
    ("nextday", r"(?:trong )?ngày (?P<work>làm việc )?(?:tiếp theo|kế tiếp|liền kề|hôm sau)(?: liền kề)?"),
    # Terms that count from something.
    ("tplus", r"(?:ngày )?t \+ (?P<n>\d{1,3})(?P<work> ngày làm việc)?"),
    # Hours of the day.
    ("time", r"(?<!trong )(?<!vòng )(?:(?:vào )?lúc )?(?P<h>[01]?\d|2[0-4]) (?:h|giờ|g)(?: :)?(?: ?(?P<m>[0-5]\d)(?: ?(?:phút|p|'))?)?(?!\S)(?P<half> rưỡi)?(?! (?:làm việc )?(?:, )?(?:kể|tính|từ khi|sau|trước khi|từ lúc|từ thời|/))(?: (?P<part>sáng|chiều|tối|trưa))?"),
    ("time", r"(?P<h>0?\d|1[0-2])(?: : (?P<m>[0-5]\d))? (?P<part>pm|am)"),
    ("time", r"(?:lúc )?(?P<h>[01]?\d|2[0-4]) : (?P<m>[0-5]\d)(?: : \d\d)?(?!\S)(?! %)(?: (?:giờ|h)(?!\S))?"),
    ("time", r"(?P<h>[01]?\d|2[0-4]) \. (?P<m>[0-5]\d)(?= (?:giờ |h )?(?:, )?ngày)"),
    ("time", r"(?P<close>cuối giờ chiều|cuối buổi chiều|cuối giờ làm việc|cuối ngày làm việc|hết giờ làm việc|hết giờ hành chính|trong giờ hành chính|giờ hành chính|trong giờ làm việc|cuối giờ hành chính|cuối giờ)"),
    ("time", r"(?P<noon>cuối giờ sáng|cuối buổi sáng)(?= (?:ngày|thứ|mai|\d))"),
    ("parttime", r"(?:trong |vào )?(?:buổi )?(?:chiều|sáng|tối)(?= (?:ngày|thứ|mai|\d|chủ))"),
    # Tết and the public holidays.
    ("holiday", r"(?:ngay )?(?P<after>sau)(?: khi)?(?: (?:dịp|kỳ|nghỉ|lễ|hết|ngày)){0,3} tết(?: (?:nguyên đán|âm lịch|cổ truyền))?"),
    ("holiday", r"(?:ngay )?(?P<after>sau)(?: khi)?(?: (?:dịp|kỳ|đợt|nghỉ|lễ|hết)){1,4}(?: ngày)? \d{1,2} / \d{1,2}(?! /)(?:(?: ,| và| -) \d{1,2} / \d{1,2}(?! /))?"),
    ("holiday", rf"(?:(?:dịp|kỳ|nghỉ|lễ|ngày) ){{0,3}}tết dương lịch(?: (?:năm )?(?P<y>{_Y}))?"),
    ("holiday", rf"(?:ngày )?(?P<eve>2[3-9]|30) (?:tháng chạp|tết)(?: (?:nguyên đán|âm lịch))?(?: (?:năm )?(?P<y>{_Y}))?"),
    ("holiday", rf"(?:ngày )?(?P<new>mùng) (?P<d>[1-9]|10) tết(?: nguyên đán)?(?: (?:năm )?(?P<y>{_Y}))?"),
    ("holiday", rf"(?:(?:dịp|kỳ|nghỉ|lễ|ngày) ){{0,3}}(?P<tet>tết)(?: (?:nguyên đán|âm lịch|cổ truyền))?(?: (?:giáp|ất|bính|đinh|mậu|kỷ|canh|tân|nhâm|quý) \\S+)?(?: (?:năm )?(?P<y>{_Y}))?"),
    ("holiday", rf"(?:(?:dịp|kỳ|nghỉ|lễ|ngày) ){{0,3}}(?P<name>quốc khánh|quốc tế lao động|giải phóng miền nam)(?: (?:0?2 / 0?9|0?1 / 0?5|30 / 0?4))?(?: (?:năm )?(?P<y>{_Y}))?"),
    # Named days.
    ("datelist", rf"(?:ngày |mùng )?(?P<days>{_D}(?:(?: ,| và){{1,2}} (?:ngày )?{_D}){{0,3}})(?: hằng)? (?:của )?(?:các )?tháng (?:: )?(?P<m>{_M}(?:(?: ,| và| &| ;){{1,2}} (?:tháng )?{_M}(?! (?:/ {_D} /|ngày|tháng|giờ|h(?!\S)))){{1,11}})(?: năm (?P<y>{_Y}))?"),
    ("datelist", rf"(?:các )?ngày (?P<days>{_D}(?:(?: ,| và){{1,2}} (?:ngày )?{_D}){{1,5}}) (?:/|tháng) (?P<m>{_M})(?: (?:/|năm) (?P<y>{_Y}))?(?! /)"),
    ("drange", rf"(?:từ )?(?:các )?(?:ngày )?(?P<d0>{_D}) (?:-|đến|tới|đến ngày|đến hết ngày) (?P<d>{_D}) (?:/|tháng) (?P<m>{_M})(?: (?:/|năm) (?P<y>{_Y}))?(?! /)"),
    ("date", rf"(?:(?:hết )?ngày |mùng )?(?P<d>{_D}) (?:tháng|/) (?P<m>{_M})(?: năm| /| ,? ?năm| của năm| -) (?P<y>{_Y})"),
    ("date", rf"(?:ngày |mùng )?(?P<d>{_D}) - (?P<m>{_M}) - (?P<y>{_Y})"),
    ("date", rf"(?:ngày |mùng )?(?P<d>{_D}) \. (?P<m>{_M}) \. (?P<y>{_Y})"),
    ("date", rf"(?:ngày )?(?P<y>{_Y}) (?:-|/) (?P<m>{_M}) (?:-|/) (?P<d>{_D})"),
    ("date", rf"(?:ngày |mùng )?(?P<d>{_D}) / (?P<m>{_M}) / (?P<yy>[2-4]\d)(?!\S)"),
    ("date", rf"(?:ngày |mùng )?(?P<d>{_D}) \. (?P<m>{_M}) \. (?P<yy>[2-4]\d)(?!\S)"),
    ("date", rf"(?:ngày |mùng )?(?P<d>{_D}) - (?P<m>{_M}) - (?P<yy>[2-4]\d)(?!\S)(?! [/-])"),
    ("lunar", rf"(?:(?:ngày |mùng )(?P<d>{_D})|(?P<ram>rằm)) (?:tháng|/) (?P<m>{_M})(?: năm {_Y})? (?:\( )?(?:âm lịch|al)(?: \))?"),
    ("date", rf"(?:ngày |mùng )?(?P<d>{_D}) (?:/|của tháng|tháng) (?P<m>{_M})(?! (?:/|\.) \d)(?! (?:lần|kỳ|%))"),
    ("date", rf"(?:ngày|mùng) (?P<d>{_D}) (?:-|\.) (?P<m>{_M})(?! (?:/|-|\.) \d)(?! (?:(?:hằng|mỗi|của|trong|các) ){{1,2}}tháng)"),
    ("date", rf"(?:(?<=đến )|(?<=trước )|(?<=nhất )|(?<=hạn )|(?<=hoặc ))(?P<d>{_D}) (?P<dash>-) (?P<m>{_M})(?! (?:/|-|\.) \d)(?= (?:hoặc|để|tùy|hằng|,|;|\.|\))|$)"),
    ("doms", rf"(?:các |vào (?!ngày {_D} [-.] {_M}(?! (?:(?:hằng|mỗi|của|trong|các) ){{1,2}}tháng)))?(?:ngày|mùng) (?P<days>{_D}(?:(?: ,| và| hoặc| &| -| ;){{1,2}} (?:ngày |mùng )?{_D}(?! (?:/|tháng \d|ngày|làm|giờ|(?:h|g|:)(?!\S)))){{0,5}})(?! (?:/|-|\.) \d)(?! tháng \d)(?! làm việc)(?! giờ)"),
    ("doms", rf"(?P<days>{_D}(?:(?: ,| và| hoặc| -){{1,2}} {_D}){{0,5}})(?= (?:/ )?(?:(?:hằng|mỗi|của) tháng|(?:của )?tháng (?:cuối|đầu)(?: cùng| tiên)?(?: của| mỗi| hằng){{0,2}} (?:quý|kỳ)))"),
    ("doms", rf"(?:ngày )?mùng (?P<days>{_D})"),
    ("nwork", r"(?:vào )?ngày làm việc (?P<ord>thứ nhất|thứ hai|thứ ba|thứ tư|thứ năm|thứ sáu|thứ bảy|thứ \d{1,2}|cuối cùng|cuối|đầu tiên|đầu)"),
    ("nfirst", rf"(?P<n>{_N}) ngày (?P<work>làm việc )?(?:đầu tiên|đầu)"),
    ("nlast", rf"(?P<n>{_N}) ngày (?P<work>làm việc )?(?:cuối cùng|cuối)"),
    ("doms", r"ngày (?P<last>cuối cùng|cuối|kết thúc)(?= (?:(?:của|mỗi|các|hằng|kỳ|trong) ){0,3}(?:tháng|quý|năm|kỳ|6 tháng|9 tháng|báo))"),
    ("doms", r"ngày (?P<first>đầu tiên|đầu)(?= (?:(?:của|mỗi|các|hằng|kỳ|trong) ){0,3}(?:tháng|quý|năm|kỳ|6 tháng))"),
    ("doms", r"ngày thứ (?P<days>\d{1,2})(?= (?:của |mỗi |hằng )?tháng)"),
    # Weeks and weekdays. "tháng thứ hai", "lần thứ ba" are counted, not named.
    ("weekof", rf"tuần (?:lễ )?(?P<ord>{_ORD}|\d)(?: (?:của|trong|mỗi|hằng|các)){{0,3}} (?P<unit>tháng|quý|năm)(?! \d)(?P<rest> (?:{_NEXT}(?!\S)|(?:đầu|cuối)(?: tiên| cùng)?(?: của| mỗi){{0,2}} quý))?"),
    ("weekof", rf"tuần (?:lễ )?(?P<ord>{_ORD}|\d)(?: (?:của|trong))?(?= (?:các )?tháng \d)"),
    ("weekof", rf"tuần (?P<ord>[1-5])(?= / {_M} / {_Y})"),
    ("nthweekday", r"(?:ngày )?(?:thứ (?P<w>hai|ba|tư|năm|sáu|bảy|[2-7])|(?P<sun>chủ nhật)) (?:(?:của )?tuần )?(?P<ord>đầu tiên|cuối cùng|cuối|đầu|thứ nhất|thứ hai|thứ ba|thứ tư|thứ [1-5])(?= (?:(?:của|trong|mỗi|hằng) ){0,3}(?:tháng|quý))"),
    ("weekday", r"(?:(?:vào |trong |hết )?ngày )?(?<!lần )(?<!tháng )(?<!quý )(?<!tuần )(?<!kỳ họp )(?<!phiên họp )(?<!hội nghị )(?<!khóa )(?<!việc )(?:thứ (?P<w>hai|ba|tư|năm|sáu|bảy|[2-7])(?! (?:của|trong) (?:tháng|quý|năm))|(?P<sun>chủ nhật)|(?P<cn>cn)(?= (?:hằng|tuần)))"),
    ("weekday", r"(?<=chiều )t (?P<w>[2-7])(?= (?:hằng|tuần|,))|t (?P<w2>[2-7])(?= (?:hằng tuần|tuần))"),
    # The month inside a quarter, half-year or year; the period after the reported one.
    ("monthof", rf"tháng (?P<ord>{_ORD})(?: của)?(?= (?:quý \d|năm \d|0?6 tháng (?:đầu|cuối) năm \d|9 tháng đầu năm \d))"),
    ("monthof", rf"(?:các )?tháng (?P<ord>{_ORD})(?: (?:của|thuộc|trong|mỗi|hằng|từng|các|một|kỳ báo cáo)){{0,4}} (?:kỳ )?(?P<unit>quý(?! \d)|kỳ báo cáo|kỳ|0?6 tháng|9 tháng|năm(?! \d)|nửa năm|học kỳ)(?: báo cáo)?(?P<next>(?: (?:của )?{_NEXT}(?!\S)){{1,2}})?"),
    ("monthafter", r"(?:của )?tháng thứ (?P<n>\d|nhất|hai|ba|tư)(?: ,)? (?:sau khi|sau ngày|kể từ ngày|kể từ khi|tính từ ngày|kể từ|sau)(?: (?:kết thúc|hết|ngày))+(?: mỗi| kỳ| hằng)? (?P<unit>quý|0?6 tháng|9 tháng|năm|tháng)(?: (?:dương lịch|tài chính|báo cáo))?"),
    ("afterend", r"(?:sau|kể từ|tính từ)(?: khi| ngày)? (?:kết thúc|hết|ngày cuối(?: cùng)?(?: của)?)(?: mỗi| kỳ| hằng)? (?P<unit>tháng|quý|0?6 tháng|9 tháng|năm(?! học))(?! \d)(?: báo cáo)?"),
    ("nextmonthof", rf"(?:của )?tháng {_NEXT}(?: {_NEXT})?(?: (?:của|sau|khi|tháng|cuối|kết|thúc|kỳ|hết|ngày|với|ngay|liền)){{0,7}} (?P<unit>quý|kỳ báo cáo|năm(?! học))(?: báo cáo)?(?! \d)(?! {_NEXT}(?!\S))"),
    ("next", rf"(?:của |vào |trong ){{0,2}}(?P<unit>ngày|tuần|tháng|quý|năm|kỳ|0?6 tháng)(?: dương lịch)? (?:(?:của |sau )?{_NEXT}(?!\S)){{1}}(?: {_NEXT}(?!\S)){{0,2}}(?: (?:của |với |sau ){{0,2}}(?:kỳ|năm|quý|tháng) (?:báo cáo|đánh giá|kế hoạch|thực hiện)| của kỳ báo cáo)?"),
    ("this", r"(?:của )?(?P<unit>năm) (?:trước|liền trước)(?: liền kề)?(?!\S)(?! (?:ngày|khi|\d))"),
    ("this", r"(?:của |thuộc )?(?P<unit>năm) (?:trước|liền trước)(?: liền kề)? (?:của )?năm (?:kế hoạch|báo cáo|sau|thực hiện|dự toán)"),
    ("this", r"(?:của )?(?P<unit>tháng) (?:liền )?trước (?:của )?(?:tháng|kỳ) (?:tổ chức|họp|báo cáo|đánh giá|diễn ra|kế hoạch)"),
    ("this", r"(?:của |trong |cùng )?(?P<unit>tháng|quý|năm|kỳ|tuần) (?:báo cáo|đó|thực hiện|kế hoạch|hiện tại|hiện hành|đánh giá)"),
    ("thisperiod", r"(?:trong |của |vào )?(?P<unit>tháng|quý|năm|tuần) (?:này|nay)|trong (?P<unit2>tháng|quý|năm|tuần)(?! (?:\d|trước|học|tài|đầu|cuối|thứ|tới|sau|này|nay))(?!\S)"),
    ("previous", r"(?:tháng|quý|năm|tuần) (?:trước liền kề|liền trước|liền kề trước|trước đó|trước)(?! (?:ngày|\d|khi|thứ|\())(?!\S)"),
    # Periods of a named or open year.
    ("years", rf"(?:trong |các )?(?:(?:giai đoạn|thời kỳ|năm|nhiệm kỳ) )?(?:năm )?(?P<y0>{_Y}(?: (?:,|và) (?:năm )?{_Y}){{0,5}}) (?:-|đến|đến năm|,|và|và năm) (?P<y>{_Y})(?! /)"),
    ("half", rf"(?:0?6 tháng|nửa(?= (?:đầu|cuối) (?:của )?năm)) (?P<which>đầu|cuối)(?: của)?(?: năm| nhiệm kỳ)?(?: (?P<y>{_Y})| / (?P<y2>{_Y})| (?P<this>này|nay)| (?P<nexty>sau|tới|tiếp theo))?(?!\S)"),
    ("nine", rf"0?9 tháng(?: đầu)?(?: của)?(?: năm)?(?: (?P<y>{_Y})| / (?P<y2>{_Y}))?(?!\S)(?! (?:,? ?)?(?:kể|tính|từ ngày|sau khi))"),
    ("quarters", rf"(?:các )?quý (?P<q>[1-4](?:(?: ,| và| &| \+| hoặc| -){{1,2}} (?:quý )?[1-4](?!\S)(?! /? ?tháng)){{0,3}})(?!\S)(?: (?:/|năm|-|của năm|, năm|\.) (?P<y>{_Y})| (?P<y2>{_Y})| / (?P<yy>[2-4]\d)(?!\S)(?! /))?(?: (?:của )?(?P<nexty>năm (?:sau|tới|tiếp theo|kế tiếp)(?!\S)))?"),
    ("quarters", rf"(?P<q>iii|ii|iv|i) / (?P<y>{_Y})"),
    ("months", rf"(?:các |trong )?tháng (?P<m>{_M}(?: ; (?:tháng )?{_M}(?! (?:tháng|ngày|giờ|h|/|-|\.)(?!\S))){{1,11}})(?: (?:/|năm) (?P<y>{_Y}))?"),
    ("months", rf"(?:các |trong )?(?:tháng|t|th)(?: \.)? (?P<m>{_M}(?:(?: ,| và| &| \+| hoặc){{1,2}} (?:tháng )?{_M}(?! (?:/ {_D} /|ngày|giờ|h(?!\S)|tháng \d))){{0,5}})(?: (?:/|năm|-|của năm|, năm|\.) (?P<y>{_Y})| (?P<y2>{_Y})| / (?P<yy>[2-4]\d)(?!\S)(?! /))?(?: (?:của )?(?P<nexty>năm (?:sau|tới|tiếp theo|kế tiếp)(?!\S)))?"),
    ("months", rf"(?P<m>{_M}) (?:/|-) (?P<y>{_Y})(?! /)"),
    # How often.
    ("halfmonth", r"(?:định kỳ |mỗi |hằng )?nửa tháng(?: (?:/|một|1|01)){0,2}(?: lần)?(?! (?:đầu|cuối))"),
    ("every", rf"^(?P<list>(?!ngày){_LIST})$"),
    ("often", r"(?P<list>ngày|tuần|tháng|quý|0?6 tháng|9 tháng|nửa năm|năm) (?:/|một|mỗi|1|01) ?(?:1 |01 |một )?(?:lần|kỳ)"),
    ("often", r"(?:mỗi |hằng )?(?P<k>\d{1,2}) (?P<list>ngày|tuần|tháng|quý|năm)(?: (?:/|,))? (?:(?:1|01|một) )?(?:lần|kỳ)"),
    ("often", rf"(?:ít nhất |tối thiểu )?(?P<times>\d{{1,2}}|một) (?:lần|kỳ|cuộc|phiên|buổi|số|báo cáo|tin,? bài) (?:/|trong|trên|mỗi|một|trong một|trong mỗi|/ 1|/ 01|hằng) ?(?:một |1 |01 )?(?P<list>ngày|tuần|tháng|quý|0?6 tháng|9 tháng|năm){_END_UNIT}"),
    ("often", r"(?:mỗi|hằng|định kỳ|1|01|một) (?P<list>ngày|tuần|tháng|quý|0?6 tháng|9 tháng|năm)(?: ,)? (?:họp |báo cáo |tổ chức |ít nhất |tối thiểu ){0,3}(?P<times>\d{1,2}|một) (?:lần|kỳ|cuộc|phiên|buổi)"),
    ("often", r"(?P<list>ngày|tuần|tháng|quý|năm) (?P<times>\d{1,2}|một) lần"),
    ("everyn", r"(?:định kỳ |mỗi |hằng |cứ )(?:sau )?(?!0?[69] tháng)(?P<k>\d{1,2}) (?P<unit>năm|tuần|ngày|tháng|quý)(?!\S)(?! (?:đầu|cuối|làm việc (?:sau|trước|kể)|sau|trước|kể|/))(?:(?: /)? (?:một|1|01) lần)?"),
    ("every", rf"(?P<each>{_EACH}(?: kỳ)?(?: báo cáo)?(?: theo)?) (?P<list>{_LIST})"),
    ("every", rf"(?P<report>(?:(?:báo cáo|sơ kết|tổng kết|giao ban|họp|đối với|kỳ báo cáo|số liệu|đánh giá|kỳ)(?: (?:thống kê|định kỳ|kết quả|tình hình|kỳ|tổng hợp|giao ban|công tác|sơ kết|tổng kết|theo|cho|nhanh|hoạt động|báo cáo)){{0,3}})) (?P<list>{_LIST})"),
    ("position", r"(?:vào )?(?P<at>đầu|giữa|cuối)(?: của)? (?P<each>mỗi|hằng|từng|các) (?P<unit>tuần|tháng|quý|năm|0?6 tháng|kỳ)" + _END_UNIT),
    ("position", r"(?:vào |trước )?(?P<at>đầu|giữa|cuối)(?= (?:(?:các )?(?:tháng|quý|năm|t) \d|20\d\d(?!\S)))"),
    ("position", r"(?P<at>đầu|giữa|cuối)(?: của)? (?P<unit>tháng|quý|năm|tuần|kỳ báo cáo)(?P<now> (?:này|nay)| hiện tại)?(?!\S)"),
    ("position", r"(?:trong )?(?P<at>thượng tuần|trung tuần|hạ tuần|nửa đầu|nửa cuối)(?: của)?(?= tháng| quý \d)"),
    ("every", rf"(?P<bare>0?6 tháng|nửa năm)(?!\S)(?: (?:/|một|1) ?(?:1|01|một)? ?lần)?(?! (?:, )?(?:kể|tính|từ ngày|sau khi|đầu|cuối))(?:{_AND} (?:(?:cả|tổng kết|báo cáo|sơ kết|hằng|mỗi) ){{0,2}}(?P<list>{_LIST}))?"),
    ("year", rf"(?:(?<=đến )|(?<=hết )|(?<=trong )|(?<=đầu )|(?<=giữa )|(?<=cuối ))(?P<y>{_Y})(?! (?:/|-|\.) \d)"),
    ("year", rf"^(?P<y>{_Y})(?=$| [,;(.])"),
    ("year", rf"(?:trong |từ )?năm (?P<y>{_Y}) và (?P<onward>(?:các |những )?năm (?:tiếp theo|tiếp sau|kế tiếp|sau|tới))"),
    ("year", rf"(?:trong |của )?(?:cả )?(?:các )?năm (?P<y>{_Y})(?! (?:-|đến) {_Y})"),
    ("year", r"(?:trong |của |hết )?(?:cả )?năm (?P<next>tới)(?!\S)"),
    # Lengths of time.
    ("count", r"(?:vào )?(?P<u>ngày) thứ (?P<n>\d{1,3})(?=(?: ,)? (?:kể|tính|sau))"),
    ("count", rf"(?P<n>{_N}) (?P<u>ngày làm việc|ngày \( làm việc \)|ngày|tuần|tháng|năm|giờ làm việc|giờ|tiếng|h|phút)(?!\S)"),
    # What binds the next day.
    ("asof", r"(?:quá hạn|được giao|vụ giao|đã giao|phát sinh|tồn đọng) (?:từ )?trước(?= (?:ngày|tháng|năm|\d))"),
    ("asof", r"(?:(?:số liệu|lũy kế|kết quả|tình hình)(?: \S+){0,2} )?(?:được )?(?:tính|lũy kế|chốt|số liệu)(?: số liệu)? (?:đến|tới)(?: hết)?(?: thời điểm)?"),
    ("since", r"(?:bắt đầu |được thực hiện |triển khai |thực hiện )?(?:kể |(?:được )?tính (?:bắt đầu )?)?từ(?: (?:khoảng|đầu))?(?= (?:ngày |tháng |quý |năm |t |\d|thứ |hết |nay |mùng |cuối |giữa ))(?: nay)?"),
    ("since", r"sau(?= (?:ngày )?\d{1,2} (?:/|tháng) \d)"),
    ("until", r"không (?:được )?(?:nộp |gửi )?(?:quá|muộn hơn|chậm hơn|trễ hơn|sau)(?: ngày(?= \d))?(?! \d{1,3} (?:lần|trang|%))"),
    ("until", r"trước (?:hoặc|và)(?: vào| trong| đúng)?(?= ngày)"),
    ("before", r"(?:chậm nhất (?:là )?|muộn nhất (?:là )?|xong |hoàn thành |hạn (?:cuối |chót )?(?:là )?)?trước(?! (?:khi|đây|mắt|tiên|hết|đó|thời hạn|hạn|pháp luật|chủ(?! nhật)|ubnd|ban|cấp|ủy|giám|kia|và trong|mùa|sau|tình|những|yêu|thực|nguy|bạ|trong))(?= (?:\S+ ){0,3}?(?:\d|ngày|thứ|chủ|mùng|tháng|quý|năm|cuối|giờ|đầu|giữa|sáng|chiều|dịp|tết|lễ|rằm|kỳ|quốc|6|hết|đến))"),
    ("until", r"(?:đến|tới)(?: hết)?(?! (?:nay|từng|các|mọi|đâu|với|người|khi))(?= )"),
    ("until", r"(?:chậm nhất|muộn nhất|trễ nhất|chậm nhứt|hạn chót|hạn cuối(?: cùng)?|hạn cuối|thời hạn|thời gian|hạn|hết hạn|kết thúc|xong trong|xong|hoàn thành|gia hạn)(?: (?:gửi|nộp|báo cáo|hoàn thành|hoàn tất|thực hiện|cuối cùng|là|vào|chậm nhất|muộn nhất|nhận)){0,4}"),
    ("until", r"(?:hết|trong|vào|ngay trong)(?= (?:ngày|tháng|quý|năm|tuần|thứ|\d|đầu|cuối|giữa|6|chiều|sáng|dịp|buổi|các))"),
    ("unit", r"(?:của |trong |mỗi |kỳ )?(?:kỳ )?(?P<unit>tháng|quý|năm|tuần|0?6 tháng|9 tháng)" + _END_UNIT),
    ("anchor", r"(?:kể|tính)(?: kể)? từ|sau khi|sau ngày|trước khi"),
)  # fmt: skip

_OPEN: tuple[tuple[str, str], ...] = (
    ("per_plan", r"(?:thực hiện |triển khai )?(?<!kèm )(?:theo|như|tại(?= (?:\S+ ){1,2}số))(?: đúng)? (?:(?:các|những|đúng|sự|nội dung) ){0,2}(?:thời gian|thời hạn|tiến độ|lộ trình|kế hoạch|chương trình|phân công|quy định|quyết định|nghị quyết|nghị định|thông tư|chỉ thị|công văn|công điện|thông báo|văn bản|hướng dẫn|chỉ đạo|kết luận|đề án|dự án|yêu cầu tiến độ|phân kỳ|mốc|hợp đồng|lịch|quy chế|khung|thực tế|tình hình|điều kiện|phụ lục|nội dung|nhiệm vụ|luật|pháp luật|chế độ|đề cương|thỏa thuận|kế)(?!\S)"),
    ("per_plan", r"đúng(?: theo)? (?:tiến độ|thời hạn|kế hoạch|lộ trình|quy định|thời gian)|bảo đảm tiến độ|đảm bảo tiến độ|theo quy định|đúng hạn|gắn với tiến độ"),
    ("event", r"(?:theo|khi có|khi được)(?: \S+){0,2}? (?:yêu cầu|đề nghị|phát sinh|chỉ đạo|văn bản|hướng dẫn|thông báo|đề xuất)|theo phát sinh|khi phát sinh|khi cần(?: thiết)?|đột xuất|bất thường|theo vụ việc|theo sự kiện|theo chuyên đề"),
    ("event", r"(?:ngay )?(?:sau|trước|trong)? ?khi(?!\S)(?! nào)"),
    ("event", r"(?:ngay )?(?:sau|trước) (?:hội nghị|cuộc họp|phiên họp|kỳ họp|khi|thời điểm|đại hội|kiểm tra|sáp nhập|sắp xếp|bầu cử|lễ|đợt|mỗi|từng|các cuộc|các đợt|thanh tra|tập huấn|đêm)(?!\S)"),
    ("ongoing", r"thường xuyên|liên tục|(?<!quan )thường trực(?= (?:24|$|,|và|trong))|hằng giờ|quanh năm|lâu dài|không thời hạn|duy trì|xuyên suốt|suốt năm|dài hạn"),
    ("ongoing", r"khẩn trương|ngay lập tức|lập tức|ngay(?= (?:$|và|sau đây|các|\.|,))|sớm nhất|càng sớm càng tốt|kịp thời|hỏa tốc|khẩn|sớm(?= (?:hoàn|trình|báo|triển|tham|ban|$))|triển khai ngay|thực hiện ngay|làm ngay|ngay(?=$)|trong thời gian tới"),
)  # fmt: skip


_NAMED = re.compile(r"\(\?P<\w+>")


def _table(
    rows: tuple[tuple[str, str], ...],
) -> tuple[re.Pattern[str], list[tuple[str, re.Pattern[str]]]]:
    """One pattern that finds where any row fits, and each row alone to take its parts."""
    plain = (_NAMED.sub("(?:", pattern) for _, pattern in rows)
    finder = "|".join(f"((?:{pattern})(?!\\S))" for pattern in plain)
    alone = [(kind, re.compile(rf"(?:{pattern})(?!\S)")) for kind, pattern in rows]
    return re.compile(rf"(?<!\S)(?=\w)(?!\d+ \d)(?:{finder})"), alone


_FINDER, _ROWS = _table(PHRASES)
_OPEN_FINDER, _OPEN_ROWS = _table(_OPEN)


def scan(line: str) -> list[Atom]:
    """The atoms of a line, in order, none overlapping."""
    return _scan(line, _FINDER, _ROWS)


def scan_open(line: str) -> list[Atom]:
    """Words that say there is no day ("thường xuyên", "theo kế hoạch"), apart from the others."""
    return _scan(line, _OPEN_FINDER, _OPEN_ROWS)


def _scan(
    line: str, finder: re.Pattern[str], rows: list[tuple[str, re.Pattern[str]]]
) -> list[Atom]:
    atoms: list[Atom] = []
    place = 0
    while True:
        found = finder.search(line, place)
        if found is None:
            return atoms
        kind, pattern = rows[(found.lastindex or 1) - 1]
        match = pattern.match(line, found.start())
        place = found.end() if found.end() > found.start() else found.start() + 1
        if match:
            data = {name: value for name, value in match.groupdict().items() if value}
            atoms.append(Atom(kind, found.start(), match.end(), data))
            place = max(match.end(), found.start() + 1)
