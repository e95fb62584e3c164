"""Leave to speak for a Zalo Official Account: asked of an administrator once, renewed by ourselves.

The access token lives about a day; the refresh token three months and serves once. Where Zalo
refuses a renewal only a person can help: that is said while the old access token still works.
"""

import asyncio
import base64
import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_urlsafe
from urllib.parse import parse_qs, urlencode, urlsplit

from bot.channels.http import HttpClient, HttpError
from bot.channels.zalo_api import Node, node, words
from bot.channels.zalo_oa_errors import Means, OaLost, OaRefused
from bot.channels.zalo_oa_tokens import Grant, TokenFile, TokenTrouble
from bot.logs import Redactor
from scheduler.channel import SendError

_LOGGER = logging.getLogger(__name__)

AUTHORIZE = "Người quản trị OA cần cấp lại quyền: chạy `dondoc zalo-oa authorize`."
LOOK_AGAIN = 600.0  # seconds between looks whether the token is due
_SHORTEST_LIFE = 60  # seconds; an answer that says less is not believed
_USUAL_LIFE = 3600  # seconds, where Zalo does not say
_PAUSE = timedelta(minutes=1)  # after a renewal that got no answer
_WORDS = 300


@dataclass(frozen=True, slots=True)
class OaApp:
    """The application at developers.zalo.me: its id, its secret, and the OAuth server's root."""

    app_id: str
    app_secret: str = field(repr=False)
    oauth_url: str


class Consent:
    """The one place tokens come from. `clock` gives the moment in UTC."""

    def __init__(
        self, app: OaApp, tokens: TokenFile, http: HttpClient, clock: Callable[[], datetime]
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._http = http
        self._clock = clock
        self._turn = asyncio.Lock()
        self._recovered = False
        self._unsaved: Grant | None = None
        self._not_before: datetime | None = None

    async def access(self) -> str:
        """A token that works now, renewed in good time. Raises SendError, auth where only a person
        can help."""
        if not self._recovered or self._unsaved is not None:
            return await self._renew(None)
        grant = self._kept()
        now = self._clock()
        waiting = self._not_before is not None and now < self._not_before
        if (grant.due(now) and not (grant.spent or waiting)) or grant.over(now):
            return await self._renew(None)
        return grant.access

    async def renewed(self, stale: str) -> str:
        """Another token than `stale`, which Zalo has just refused. Raises SendError."""
        return await self._renew(stale)

    async def tend(self) -> float:
        """Renew if it is time; seconds until the next look. Raises SendError(auth=True) where the
        account can no longer be spoken for."""
        try:
            await self.access()
        except SendError as error:
            if error.auth:
                raise
            _LOGGER.warning("%s", error.text)
        return LOOK_AGAIN

    def note(self) -> str:
        """What an administrator should do soon, or ""."""
        grant = self._kept()
        if not grant.spent:
            return ""
        return f"Zalo không gia hạn quyền của OA. {AUTHORIZE}"

    async def take(self, code: str, verifier: str) -> Grant:
        """Change the code an administrator brought for a pair, and keep it. Raises SendError."""
        form = {
            "code": code,
            "app_id": self._app.app_id,
            "grant_type": "authorization_code",
            "code_verifier": verifier,
        }
        try:
            async with self._turn, self._tokens.locked():
                grant = await self._ask(form)
                self._tokens.write(grant)
                return grant
        except OaRefused as error:
            failure = _refused(error)
        except OaLost as error:
            failure = SendError(f"Zalo OA: {error.text}", uncertain=error.sent)
        except TokenTrouble as error:
            failure = SendError(str(error))
        raise failure

    # -- renewing ---------------------------------------------------------------------------------

    def _kept(self) -> Grant:
        try:
            grant = self._tokens.read()
        except TokenTrouble as error:
            raise SendError(str(error)) from None
        if grant is None:
            raise SendError(f"Zalo OA chưa được cấp quyền. {AUTHORIZE}", auth=True)
        return grant

    async def _renew(self, stale: str | None) -> str:
        try:
            async with self._turn, self._tokens.locked():
                return await self._renew_alone(stale)
        except TokenTrouble as error:
            failure = SendError(str(error))
        raise failure

    async def _renew_alone(self, stale: str | None) -> str:
        """Under the lock: whoever waited for it may find the work done."""
        self._save()
        if not self._recovered:
            self._tokens.recover()
            self._recovered = True
        grant, now = self._kept(), self._clock()
        if grant.access != stale and not grant.due(now):
            return grant.access
        if not grant.spent:
            grant = await self._change(grant, now)
        usable = grant.access != stale and not grant.over(now)
        if not usable and grant.spent:
            raise SendError(f"Zalo OA: quyền gửi tin đã hết. {AUTHORIZE}", auth=True)
        if not usable:
            raise SendError("Zalo OA: chưa gia hạn được mã truy cập")
        return grant.access

    async def _change(self, grant: Grant, now: datetime) -> Grant:
        """The pair after trying to change it; the same one where no answer came, and the same but
        spent where Zalo will not."""
        form = {
            "refresh_token": grant.refresh,
            "app_id": self._app.app_id,
            "grant_type": "refresh_token",
        }
        try:
            self._unsaved = await self._ask(form, grant)
        except OaLost as error:
            # The old token may be spent by now; the next try will tell.
            _LOGGER.warning("Zalo OA: chưa gia hạn được mã truy cập: %s", error.text)
            self._not_before = now + _PAUSE
            return grant
        except OaRefused as error:
            if error.row.means in (Means.RATE, Means.PASSING):
                _LOGGER.warning("Zalo OA: chưa gia hạn được mã truy cập: %s", error)
                self._not_before = now + _PAUSE
                return grant
            _LOGGER.error("Zalo OA không gia hạn quyền (%s). %s", error, AUTHORIZE)  # noqa: TRY400
            spent = Grant(grant.access, grant.refresh, grant.made_at, grant.expires_at, spent=True)
            self._tokens.write(spent)
            return spent
        self._not_before = None
        new = self._unsaved
        self._save()
        return new

    def _save(self) -> None:
        """Write down a pair that came: before its first use, and again if the disk was full."""
        if self._unsaved is not None:
            self._tokens.write(self._unsaved)
            self._unsaved = None

    async def _ask(self, form: Mapping[str, str], before: Grant | None = None) -> Grant:
        secrets = [*form.values(), self._app.app_secret]
        headers = {"secret_key": self._app.app_secret}
        url = f"{self._app.oauth_url.rstrip('/')}/v4/oa/access_token"
        try:
            answer = await self._http.request("POST", url, form=form, headers=headers)
        except HttpError as error:
            lost = OaLost(error.text, sent=error.sent)
        else:
            said = _json(answer.body)
            if said is not None:
                return self._grant(said, Redactor(secrets), before)
            lost = OaLost(f"máy chủ trả lời không theo OAuth (HTTP {answer.status})", sent=True)
        raise lost

    def _grant(self, said: Node, redact: Redactor, before: Grant | None) -> Grant:
        access, refresh = words(said.get("access_token")), words(said.get("refresh_token"))
        if not access or not refresh:
            told = {key: value for key, value in said.items() if "token" not in key}
            raise OaRefused(number(said.get("error")), redact(json.dumps(told))[:_WORDS])
        now = self._clock()
        if before is not None and access == before.access:
            _LOGGER.info("Zalo OA: mã truy cập được gia hạn, giữ nguyên")
        seconds = max(number(said.get("expires_in")) or _USUAL_LIFE, _SHORTEST_LIFE)
        return Grant(access, refresh, now, now + timedelta(seconds=seconds))


# -- what an administrator has to do --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proof:
    """The fixed pair behind the consent link: the console keeps the challenge, we the verifier."""

    verifier: str = field(repr=False)
    state: str = field(repr=False)

    @classmethod
    def new(cls) -> "Proof":
        return cls(token_urlsafe(32), token_urlsafe(16))

    @property
    def challenge(self) -> str:
        """RFC 7636, S256: what is entered as Code Challenge at developers.zalo.me."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def link(self, app: OaApp, callback_url: str) -> str:
        """Where the account's administrator gives leave."""
        asked = {
            "app_id": app.app_id,
            "redirect_uri": callback_url,
            "code_challenge": self.challenge,
            "state": self.state,
        }
        return f"{app.oauth_url.rstrip('/')}/v4/oa/permission?{urlencode(asked)}"


@dataclass(frozen=True, slots=True)
class Brought:
    """What an administrator brought back: the code, and what the address said besides ("" where
    only the code was typed)."""

    code: str = field(repr=False)
    oa_id: str = ""
    state: str = ""


def brought(text: str) -> Brought:
    """The whole address the browser ended at, or only the code."""
    text = text.strip()
    if "code=" not in text:
        return Brought(text)
    query = parse_qs(urlsplit(text).query or text)
    first = {key: values[0].strip() for key, values in query.items()}
    return Brought(first.get("code", ""), first.get("oa_id", ""), first.get("state", ""))


def number(value: object) -> int:
    """Codes and seconds come as numbers or as digits in quotes; 0 for anything else."""
    try:
        return int(str(value)[:20])
    except ValueError:
        return 0


def _refused(error: OaRefused) -> SendError:
    row = error.row
    return SendError(f"Zalo OA từ chối ({error.code}): {row.says}; {row.advice} [{error.words}]",
                     auth=True)  # fmt: skip


def _json(body: bytes) -> Node | None:
    try:
        said = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return node(said) if isinstance(said, dict) and said else None
