"""File links: whoever holds one gets the bytes as a file, and nobody else anything."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from registry import files
from registry.file_links import Links, sign
from tests.bot.web.conftest import HOME, NOW, Running, serving

NAME = "Báo cáo quý III – Sở Y tế.docx"


def kept(web: Running, data: bytes = b"PK..", name: str = NAME) -> tuple[str, Path]:
    """A stored file: the path of its link, and of its bytes."""
    settings = web.app.tools.settings
    links = Links.at(settings.paths.data_dir, HOME)

    def keep(session: Any) -> tuple[str, str]:
        row = files.keep(session, settings.files_dir, name, data, "application/x-thu", NOW)
        return links.url(row, NOW), row.path

    url, path = web.app.db.write_now(keep)
    assert url.startswith(HOME)
    return urlsplit(url).path, settings.files_dir / path


async def test_a_link_gives_the_file_to_be_saved(web: Running) -> None:
    path, _ = kept(web, b"PK" * 1000)
    answer = await web.get(path)
    assert (answer.status, answer.body) == (200, b"PK" * 1000)
    said = answer.headers
    assert said["content-type"] == "application/x-thu"
    assert said["content-disposition"].startswith('attachment; filename="Bao-cao-quy-III')
    assert "filename*=UTF-8''B%C3%A1o%20c%C3%A1o%20qu%C3%BD" in said["content-disposition"]
    assert said["x-content-type-options"] == "nosniff"
    assert said["cache-control"] == "no-store"
    assert said["referrer-policy"] == "no-referrer"


def flipped(path: str) -> str:
    """One character of the proof is another one."""
    return path[:60] + ("B" if path[60] == "A" else "A") + path[61:]


@pytest.mark.parametrize(
    "path", ["", f"/tep/{'A' * 64}/x", f"/tep/{'ă' * 64}/x", "/tep/x/y", "longer"]
)
async def test_a_wrong_link_says_so_in_one_line(web: Running, path: str) -> None:
    mine, _ = kept(web)
    changed = {"": flipped(mine), "longer": mine.replace("/tep/", "/tep/x")}
    answer = await web.get(changed.get(path, path))
    assert answer.status == 404
    text = answer.body.decode()
    assert text.startswith("Liên kết không đúng hoặc đã hết hạn")
    assert len(text.splitlines()) == 1


async def test_a_link_ends(tmp_path: Path) -> None:
    now = [NOW]

    def clock() -> datetime:
        return now[0]

    async with serving(tmp_path, {}, clock=clock) as web:
        path, _ = kept(web)
        now[0] += timedelta(days=6, hours=23)
        assert (await web.get(path)).status == 200
        now[0] += timedelta(hours=2)
        assert (await web.get(path)).status == 404


async def test_bytes_that_are_gone_or_changed_are_not_served(web: Running) -> None:
    path, there = kept(web)
    there.write_bytes(b"khac")
    assert (await web.get(path)).status == 404
    there.unlink()
    assert (await web.get(path)).status == 404


async def test_a_link_signed_with_nothing_opens_nothing(web: Running) -> None:
    kept(web)
    forged = sign(b"", 1, NOW + timedelta(days=1))
    assert (await web.get(f"/tep/{forged}/x")).status == 404


async def test_the_name_in_the_link_means_nothing(web: Running) -> None:
    path, _ = kept(web)
    answer = await web.get(path.rpartition("/")[0] + "/khac.html")
    assert answer.status == 200
    assert "khac" not in answer.headers["content-disposition"]
