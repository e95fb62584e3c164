"""Every error code a Zalo Official Account can meet, what it means to us, and what to do about it.

One table for all hosts: consultation messages and templates by user id (-2xx, -3xx), templates by
phone (-1xx), OAuth (-14xxx). Zalo gives some numbers several meanings, so its own words are kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum

from registry.clock import local, moment_of
from scheduler.channel import SendError

NIGHT_ENDS = time(6, 5)  # templates are refused from 22:00 to 06:00; a little later, all at once
_RATE_PAUSE = 10.0
_UNKNOWN_PAUSE = 600.0
_SPENT_PAUSE = 1800.0


class Means(Enum):
    """stale: the token; renew it and try once more. halt: nothing leaves until a person has acted;
    spent: nothing leaves for half an hour; with both, people who have another messenger are told
    there. outside: only a template may be sent. gone:
    this address takes nothing. night: after 06:00. rate: too fast. bad: this message, for good.
    passing: again later."""

    STALE = "stale"
    HALT = "halt"
    SPENT = "spent"
    OUTSIDE = "outside"
    GONE = "gone"
    NIGHT = "night"
    RATE = "rate"
    BAD = "bad"
    PASSING = "passing"


@dataclass(frozen=True, slots=True)
class Row:
    """What a code says, and what staff should do, both in Vietnamese."""

    means: Means
    says: str
    advice: str


_CONSOLE = "xem ứng dụng và quyền API tại developers.zalo.me"
_TEMPLATE = "xem mẫu tin tại trang quản lý ZBS của OA"
_MONEY = "nạp tiền hoặc kiểm tra Zalo Cloud Account của OA"
_OTHER_WAY = "liên hệ bằng kênh khác, hoặc đề nghị người nhận nhắn cho OA"
_AUTHORIZE = "chạy: dondoc zalo-oa authorize"
_REPORT = "báo cho người quản trị kỹ thuật kèm dòng này"
_WAIT = "không cần làm gì, hệ thống tự gửi lại"

ROWS: tuple[tuple[tuple[int, ...], Means, str, str], ...] = (
    ((-216, -220, -124), Means.STALE, "mã truy cập của OA hết hạn hoặc không hợp lệ", _AUTHORIZE),
    ((-14002,), Means.HALT, "ứng dụng Zalo chưa kích hoạt hoặc không tồn tại", _CONSOLE),
    ((-14003,), Means.HALT, "địa chỉ nhận mã (callback) không khớp với trang quản lý",
     "sửa callback_url cho giống từng chữ với Official Account Callback Url"),
    ((-230, -232), Means.OUTSIDE, "người nhận không tương tác với OA trong 7 ngày", _OTHER_WAY),
    ((-213,), Means.GONE, "người nhận không còn quan tâm OA", _OTHER_WAY),
    ((-217,), Means.GONE, "người nhận đã chặn OA", _OTHER_WAY),
    ((-218,), Means.GONE, "người nhận đã nhận đủ số tin Zalo cho phép", _OTHER_WAY),
    ((-227,), Means.GONE, "tài khoản Zalo bị khóa hoặc không hoạt động quá 45 ngày", _OTHER_WAY),
    ((-244,), Means.GONE, "người nhận không nhận loại tin này", _OTHER_WAY),
    ((-114, -118, -119, -139, -140, -141), Means.GONE,
     "số điện thoại không có Zalo hoặc từ chối tin của OA", _OTHER_WAY),
    ((-108,), Means.GONE, "số điện thoại không hợp lệ", "kiểm tra số điện thoại, dạng 84…"),
    ((-32,), Means.RATE, "gửi quá nhanh", _WAIT),
    ((-200, -100), Means.PASSING, "Zalo chưa gửi được", _WAIT),
    ((-234, -133), Means.NIGHT, "không gửi loại tin này từ 22 giờ đến 6 giờ", _WAIT),
    ((-211,), Means.SPENT, "OA đã hết hạn mức gửi tin", "mua thêm hạn mức hoặc nâng gói OA"),
    ((-115, -144), Means.SPENT, "hết tiền hoặc hết hạn mức tin mẫu trong ngày", _MONEY),
    ((-320, -321, -136, -137), Means.HALT, "chưa có Zalo Cloud Account hoặc đã hết tiền", _MONEY),
    ((-135, -1351), Means.HALT, "OA không được gửi tin mẫu", "xác thực OA, xem lại gói OA"),
    ((-204, -205), Means.HALT, "OA không tồn tại hoặc đã bị xóa", "kiểm tra oa_id"),
    ((-209, -212, -219, -223), Means.HALT, "ứng dụng chưa được bật hoặc chưa có quyền API",
     _CONSOLE),
    ((-221,), Means.HALT, "OA chưa xác thực", "xác thực OA tại oa.zalo.me"),
    ((-224,), Means.HALT, "gói OA không có tính năng này", "nâng gói OA tại oa.zalo.me"),
    ((-235, -240), Means.HALT, "OA không dùng được API này", _CONSOLE),
    ((-242, -1241), Means.HALT, "appsecret_proof không đúng",
     "đặt app_secret_proof giống trang quản lý ứng dụng"),
    ((-101, -102, -103, -104, -105), Means.HALT, "ứng dụng, khóa hoặc liên kết với OA không đúng",
     _CONSOLE),
    ((-117, -120, -131, -146), Means.HALT, "mẫu tin chưa được duyệt, bị tắt hoặc OA chưa có quyền",
     _TEMPLATE),
    ((-126, -127), Means.HALT, "mẫu tin còn ở chế độ thử, chỉ gửi được cho quản trị viên",
     _TEMPLATE),
    ((-249,), Means.HALT, "mẫu tin không gửi được theo tài khoản", _TEMPLATE),
    ((-109,), Means.HALT, "số hiệu mẫu tin không đúng", _TEMPLATE),
    ((-248,), Means.BAD, "nội dung vi phạm chính sách của Zalo", _REPORT),
    ((-237, -403), Means.BAD, "nhóm không nhận tin của OA", _REPORT),
    ((-201, -210, -233), Means.BAD, "nội dung tin không đúng quy định của Zalo", _REPORT),
    ((-111, -112, -113, -121, -122, -123, -125, -128, -129, -130, -132, -1121, -1122, -1123, -1124),
     Means.BAD, "dữ liệu điền vào mẫu tin không đúng", _TEMPLATE),
)  # fmt: skip

ERRORS: Mapping[int, Row] = {
    code: Row(means, says, advice) for codes, means, says, advice in ROWS for code in codes
}
_CONSENT = Row(Means.HALT, "Zalo không cấp mã truy cập", _AUTHORIZE)
_UNKNOWN = Row(Means.PASSING, "lỗi chưa có trong tài liệu của Zalo", _REPORT)


class OaLost(Exception):
    """No answer of Zalo's came. sent: whether the request may have been obeyed."""

    def __init__(self, text: str, *, sent: bool) -> None:
        super().__init__(text)
        self.text = text
        self.sent = sent


class OaRefused(Exception):
    """Zalo said no: its code and its words, which hold no token."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(f"{code}: {words}")
        self.code = code
        self.words = words

    @property
    def row(self) -> Row:
        return meaning(self.code)


def meaning(code: int) -> Row:
    """The table's row; codes of OAuth that it does not name all need a person."""
    unknown = _CONSENT if -15000 < code <= -14000 else _UNKNOWN
    return ERRORS.get(code, unknown)


def as_send_error(error: OaRefused | OaLost, now: datetime) -> SendError:
    """What a failed call means for the message. A connection that broke after the request had left
    is uncertain; a code the table does not name is certain not to have sent anything."""
    if isinstance(error, OaLost):
        return SendError(f"Zalo OA: {error.text}", uncertain=error.sent)
    row = error.row
    said = f" [{error.words}]" if error.words else ""
    return SendError(
        f"Zalo OA từ chối ({error.code}): {row.says}; {row.advice}{said}",
        auth=row.means in (Means.STALE, Means.HALT),
        closed=row.means in (Means.GONE, Means.OUTSIDE),
        permanent=row.means is Means.BAD,
        exhausted=row.means is Means.SPENT,
        retry_after=_pause(error.code, row, now),
    )


def _pause(code: int, row: Row, now: datetime) -> float | None:
    if row.means is Means.NIGHT:
        return (_morning(now) - now).total_seconds()
    fixed = {Means.RATE: _RATE_PAUSE, Means.SPENT: _SPENT_PAUSE}
    if row.means in fixed:
        return fixed[row.means]
    return _UNKNOWN_PAUSE if code not in ERRORS and row.means is Means.PASSING else None


def _morning(now: datetime) -> datetime:
    """The next 06:05 in Viet Nam: Zalo does not say which zone its night is in."""
    today = local(now).date()
    morning = moment_of(today, NIGHT_ENDS)
    return morning if morning > now else moment_of(today + timedelta(days=1), NIGHT_ENDS)
