"""The tokens of a Zalo Official Account: kept whole through any death, renewed in time, by one
process at a time, and given up only where a person must help."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.channels.http import HttpClient
from bot.channels.zalo_oa_oauth import Brought, Consent, OaApp, brought
from bot.channels.zalo_oa_proof import proof_in
from bot.channels.zalo_oa_tokens import Grant, RealDisk, TokenFile, TokenTrouble
from scheduler.channel import SendError
from tests.fakes.zalo_oa_channel import NAME, consent_on, grant_of, kept_in
from tests.fakes.zalo_oa_server import FakeZaloOa
from tests.fakes.zalo_oa_world import APP_ID, CALLBACK

START = 1_790_000_000.0
DAY = 90_000


class Killed(BaseException):
    """The process dies here."""


@dataclass
class DyingDisk(RealDisk):
    """A real disk under a process that dies at a step: before it, halfway, or just after it."""

    step: str = ""
    when: str = "before"
    done: list[str] = field(default_factory=list)

    def write(self, path: Path, content: bytes) -> None:
        self._die("write", "before")
        if (self.step, self.when) == ("write", "halfway"):
            path.write_bytes(content[: len(content) // 2])
            raise Killed
        super().write(path, content)
        self._die("write", "after")

    def replace(self, source: Path, target: Path) -> None:
        self._die("replace", "before")
        super().replace(source, target)
        self._die("replace", "after")

    def _die(self, step: str, when: str) -> None:
        self.done.append(f"{when} {step}")
        if (self.step, self.when) == (step, when):
            raise Killed


class FullDisk(RealDisk):
    """Takes nothing while it is full."""

    full = True

    def write(self, path: Path, content: bytes) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        super().write(path, content)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def oa(clock: Clock) -> AsyncIterator[FakeZaloOa]:
    async with FakeZaloOa(clock) as server:
        yield server


@pytest.fixture
def consent(oa: FakeZaloOa, http: HttpClient, tmp_path: Path, clock: Clock) -> Consent:
    TokenFile(tmp_path / NAME).write(grant_of(oa.world.grant(), clock.moment))
    return consent_on(oa, http, tmp_path)


def files_in(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode for path in folder.iterdir()}


async def refused(call: object) -> SendError:
    with pytest.raises(SendError) as caught:
        await call  # type: ignore[misc]
    return caught.value


# -- renewing -------------------------------------------------------------------------------------


async def test_a_token_serves_until_six_hours_before_its_end(
    consent: Consent, oa: FakeZaloOa, clock: Clock, tmp_path: Path
) -> None:
    first = kept_in(tmp_path)
    assert await consent.access() == first.access
    clock.now = START + DAY - 6 * 3600 - 1
    assert await consent.access() == first.access
    clock.now += 1
    second = await consent.access()
    assert second != first.access
    assert kept_in(tmp_path).access == second
    assert oa.world.refreshes == [first.refresh]


async def test_a_short_life_is_renewed_in_its_last_quarter(
    oa: FakeZaloOa, http: HttpClient, tmp_path: Path, clock: Clock
) -> None:
    oa.world.switches.life = 3600
    TokenFile(tmp_path / NAME).write(grant_of(oa.world.grant(), clock.moment))
    consent = consent_on(oa, http, tmp_path)
    clock.now += 2699
    await consent.access()
    assert oa.world.refreshes == []
    clock.now += 1
    await consent.access()
    assert len(oa.world.refreshes) == 1


async def test_twenty_at_once_spend_one_refresh_token(
    consent: Consent, oa: FakeZaloOa, http: HttpClient, tmp_path: Path
) -> None:
    other = consent_on(oa, http, tmp_path)
    stale = kept_in(tmp_path).access
    calls = [each.renewed(stale) for each in (consent, other) for _ in range(10)]
    assert set(await asyncio.gather(*calls)) == {kept_in(tmp_path).access}
    assert len(oa.world.refreshes) == 1


async def test_the_file_is_its_owners_alone_and_the_pair_is_nowhere_else(
    consent: Consent, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    clock.now += DAY
    await consent.access()
    files = files_in(tmp_path)
    assert sorted(files) == [NAME, f"{NAME}.lock"]
    assert [mode & 0o077 for mode in files.values()] == [0, 0]
    grant = kept_in(tmp_path)
    assert grant.access not in repr(grant) + caplog.text
    assert grant.refresh not in repr(grant) + caplog.text


# -- dying ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "when", "survives"),
    [
        ("write", "before", False),
        ("write", "halfway", False),
        ("write", "after", True),
        ("replace", "before", True),
        ("replace", "after", True),
    ],
)
async def test_a_new_pair_that_was_written_whole_outlives_its_process(
    oa: FakeZaloOa, http: HttpClient, tmp_path: Path, clock: Clock,
    step: str, when: str, survives: bool,
) -> None:  # fmt: skip
    """Where it was not, the old access token still serves, and the alarm is raised in time."""
    TokenFile(tmp_path / NAME).write(grant_of(oa.world.grant(), clock.moment))
    old = kept_in(tmp_path)
    clock.now += DAY - 5 * 3600
    with pytest.raises(Killed):
        await consent_on(oa, http, tmp_path, DyingDisk(step=step, when=when)).access()
    assert oa.world.refreshes == [old.refresh]

    reborn = consent_on(oa, http, tmp_path)
    token = await reborn.access()
    oa.world.check(token, "")
    assert (token != old.access) == survives
    assert bool(reborn.note()) == (not survives)
    assert sorted(files_in(tmp_path)) == [NAME, f"{NAME}.lock"]
    clock.now += DAY
    if survives:
        oa.world.check(await reborn.access(), "")
    else:
        error = await refused(reborn.access())
        assert error.auth
        assert "dondoc zalo-oa authorize" in error.text


async def test_nothing_is_used_before_it_is_written(
    oa: FakeZaloOa, http: HttpClient, tmp_path: Path, clock: Clock
) -> None:
    """A disk that is full does not lose the pair: it is written when there is room again."""
    TokenFile(tmp_path / NAME).write(grant_of(oa.world.grant(), clock.moment))
    old, disk = kept_in(tmp_path), FullDisk()
    consent = consent_on(oa, http, tmp_path, disk)
    clock.now += DAY - 3600
    error = await refused(consent.access())
    assert not error.auth
    assert "No space left" in error.text
    assert kept_in(tmp_path) == old
    disk.full = False
    assert await consent.access() == kept_in(tmp_path).access != old.access
    assert len(oa.world.refreshes) == 1


@pytest.mark.parametrize("after", [False, True], ids=["not obeyed", "obeyed"])
async def test_an_answer_that_never_came(
    consent: Consent, oa: FakeZaloOa, clock: Clock, tmp_path: Path, after: bool
) -> None:
    """Asked again a minute later, not by every message; refused then only if it had been obeyed."""
    old = kept_in(tmp_path)
    clock.now += DAY - 5 * 3600
    oa.fail("drop", "token", after=after)
    assert await consent.access() == old.access
    assert await consent.access() == old.access
    assert len([call for call in oa.calls if call["method"] == "token"]) == 1
    clock.now += 61
    token = await consent.access()
    assert (token == old.access) == after
    assert bool(consent.note()) == after


@pytest.mark.parametrize("fault", [{"kind": "html"}, {"kind": "status", "status": -32}])
async def test_trouble_at_the_gateway_is_not_the_end(
    consent: Consent, oa: FakeZaloOa, clock: Clock, fault: dict[str, object]
) -> None:
    clock.now += DAY
    oa.fail(method="token", **fault)  # type: ignore[arg-type]
    error = await refused(consent.access())
    assert not error.auth
    clock.now += 61
    oa.world.check(await consent.access(), "")


# -- when only a person can help ------------------------------------------------------------------


async def test_a_refused_renewal_alarms_once_and_asks_no_more(
    consent: Consent, oa: FakeZaloOa, clock: Clock, tmp_path: Path, http: HttpClient,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    old = kept_in(tmp_path)
    oa.world.spoil()
    clock.now += DAY - 3 * 3600
    assert await consent.access() == old.access
    alarms = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(alarms) == 1
    assert "dondoc zalo-oa authorize" in alarms[0].getMessage()
    assert "-14014" in alarms[0].getMessage()
    assert old.refresh not in caplog.text
    assert await consent.tend() > 0
    assert "authorize" in consent.note()
    clock.now += 3 * 3600
    assert (await refused(consent.access())).auth
    assert (await refused(consent.tend())).auth
    assert (await refused(consent_on(oa, http, tmp_path).access())).auth
    assert len(oa.world.refreshes) == 1


async def test_leave_that_was_taken_back_stands_still_at_once(
    consent: Consent, oa: FakeZaloOa, tmp_path: Path
) -> None:
    stale = await consent.access()
    oa.world.revoke()
    error = await refused(consent.renewed(stale))
    assert error.auth
    assert kept_in(tmp_path).spent


async def test_without_leave_somebody_is_told_what_to_do(
    oa: FakeZaloOa, http: HttpClient, tmp_path: Path
) -> None:
    error = await refused(consent_on(oa, http, tmp_path).access())
    assert error.auth
    assert "dondoc zalo-oa authorize" in error.text
    assert oa.calls == []


NO_FILES = [
    "", "không phải JSON", "[]", '{"access_token": "a"}',
    json.dumps({"access_token": 1, "refresh_token": 2, "made_at": "x", "expires_at": "y",
                "spent": False}),
]  # fmt: skip


@pytest.mark.parametrize("content", NO_FILES)
def test_a_file_that_is_no_such_file_is_no_leave(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content, encoding="utf-8")
    assert TokenFile(tmp_path / NAME).read() is None


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "tep").write_text("")
    now = datetime(2026, 11, 20, tzinfo=UTC)
    with pytest.raises(TokenTrouble, match=NAME):
        TokenFile(tmp_path / "tep" / NAME).write(Grant("a", "b", now, now + timedelta(days=1)))


# -- giving leave ---------------------------------------------------------------------------------


async def test_leave_is_given_with_a_proof_that_stays(
    oa: FakeZaloOa, http: HttpClient, tmp_path: Path, clock: Clock
) -> None:
    proof = proof_in(tmp_path)
    assert proof_in(tmp_path) == proof
    assert proof.verifier not in repr(proof)
    assert len(proof.verifier) >= 43
    link = proof.link(OaApp(APP_ID, "", oa.url), CALLBACK)
    assert proof.challenge in link
    assert proof.verifier not in link
    consent = consent_on(oa, http, tmp_path)
    code = oa.world.consent(proof.challenge)
    grant = await consent.take(code, proof.verifier)
    assert grant.expires_at == clock.moment + timedelta(seconds=DAY)
    assert await consent.access() == grant.access == kept_in(tmp_path).access
    error = await refused(consent.take(code, proof.verifier))
    assert error.auth
    assert code not in error.text
    assert kept_in(tmp_path) == grant


async def test_new_leave_ends_the_alarm_of_a_running_process(
    consent: Consent, oa: FakeZaloOa, http: HttpClient, tmp_path: Path, clock: Clock
) -> None:
    oa.world.revoke()
    clock.now += DAY
    assert (await refused(consent.access())).auth
    proof = proof_in(tmp_path)
    elsewhere = consent_on(oa, http, tmp_path)
    await elsewhere.take(oa.world.consent(proof.challenge), proof.verifier)
    assert await consent.access() == kept_in(tmp_path).access
    assert consent.note() == ""


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (" ma-123 ", Brought("ma-123")),
        ("https://d.vn/zalo?oa_id=3&code=a%2Bb&state=s", Brought("a+b", "3", "s")),
        ("code=x&oa_id=7", Brought("x", "7")),
        ("https://d.vn/zalo?code=&oa_id=3", Brought("", "3")),
    ],
)
def test_what_an_administrator_brings_back(text: str, want: Brought) -> None:
    assert brought(text) == want


def test_a_proof_that_was_spoilt_is_made_anew(tmp_path: Path) -> None:
    first = proof_in(tmp_path)
    (tmp_path / "zalo-oa-verifier.json").write_text(json.dumps({"verifier": 1}))
    assert proof_in(tmp_path) != first
