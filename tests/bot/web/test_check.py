"""What the doctor says of the web server."""

from pathlib import Path

import pytest

from bot.channels.http import HttpClient
from bot.settings import Settings, Web
from bot.web.check import check
from tests.bot.web.conftest import serving


async def told(web: Web) -> list[tuple[bool, str]]:
    async with HttpClient(connect_timeout=2) as http:
        return [(ok, what) for ok, what, _ in await check(Settings(web=web), http)]


@pytest.mark.parametrize(
    ("web", "fine", "words"),
    [
        (Web(), [True], "không bật"),
        (Web(mode="on"), [True, False], "public_url"),
        (Web(mode="on", public_url="http://dondoc.example"), [True, False], "không phải HTTPS"),
        (Web(mode="on", host="0.0.0.0", public_url="http://x.example"), [True, False, False],  # noqa: S104 -- what is to be told of
         "ở ngoài máy này"),
        (Web(mode="on", public_url="https://khong.invalid"), [True, False], "Không gọi được"),
    ],
)  # fmt: skip
async def test_settings_are_looked_at(web: Web, fine: list[bool], words: str) -> None:
    found = await told(web)
    assert [ok for ok, _ in found] == fine
    assert words in " ".join(what for _, what in found)


async def test_the_public_address_is_called(tmp_path: Path) -> None:
    async with serving(tmp_path, {}) as running:
        found = await told(Web(mode="on", public_url=running.url))
        assert found[-1] == (True, f"Địa chỉ công khai {running.url} gọi được")
        found = await told(Web(mode="on", public_url=f"{running.url}/khac"))
        assert not found[-1][0]
        assert "không phải Đôn Đốc" in found[-1][1]
