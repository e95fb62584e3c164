"""What `dondoc doctor` says of the web server. Imports no web framework."""

from bot.channels.http import HttpClient, HttpError
from bot.settings import Settings

Found = tuple[bool, str, str]

WAIT = 10.0


async def check(settings: Settings, http: HttpClient) -> list[Found]:
    """(fine, what was looked at, what to do), for the settings and for the address as others reach
    it."""
    web = settings.web
    if not web.on:
        said = "Máy chủ web: không bật (không có webhook, liên kết tệp, lịch)"
        return [(True, said, "")]
    found: list[Found] = [(True, f"Máy chủ web: bật, nghe ở {web.host} cổng {web.port}", "")]
    if web.host not in ("127.0.0.1", "::1", "localhost"):
        advice = 'đặt [web] host = "127.0.0.1" và cho nginx đứng trước'
        found.append((False, f"Máy chủ web nghe cả ở ngoài máy này ({web.host})", advice))
    if not web.public_url:
        said = "Chưa có [web] public_url: không có webhook, liên kết tệp, lịch"
        return [*found, (False, said, 'ví dụ: public_url = "https://dondoc.tinh.gov.vn"')]
    if not web.safe:
        return [*found, (False, "[web] public_url không phải HTTPS", "xem docs/trien-khai.md")]
    return [*found, await _reached(web.public_url, http)]


async def _reached(url: str, http: HttpClient) -> Found:
    """Whether our own `/healthz` answers from where we stand."""
    advice = "dondoc run có đang chạy? Xem nginx, tường lửa, chứng thư"
    try:
        answer = await http.request("GET", f"{url}/healthz", timeout=WAIT)
    except HttpError as error:
        return False, f"Không gọi được {url}: {error.text}", advice
    if answer.status != 200 or answer.body.strip() != b"ok":
        said = f"{url}/healthz trả lời HTTP {answer.status}, không phải Đôn Đốc"
        return False, said, advice
    return True, f"Địa chỉ công khai {url} gọi được", ""
