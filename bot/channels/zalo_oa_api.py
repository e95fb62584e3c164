"""The OpenAPI of a Zalo Official Account, version 3 (v2 where Zalo has nothing newer), typed.

Zalo answers refusals with HTTP 200: what counts is `error` in the body. A page that is no such
answer comes from a gateway.
"""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

from bot.channels.http import HttpAnswer, HttpClient, HttpError, Upload
from bot.channels.zalo_api import Node, identifier, node, words
from bot.channels.zalo_oa_errors import Means, OaLost, OaRefused
from bot.channels.zalo_oa_oauth import number
from bot.logs import Redactor

_WORDS = 300
# A gateway that gave up waiting had passed the request on; other pages come from the gateway alone.
_PASSED_ON = (408, 504, 524)
_MOST_TITLE = 100

Buttons = Sequence[tuple[str, str]]


class Tokens(Protocol):
    """Where access tokens come from: `Consent`."""

    async def access(self) -> str: ...

    async def renewed(self, stale: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Hosts:
    """Roots of the servers: consultation messages and uploads; templates by phone number."""

    openapi: str
    business: str


@dataclass(frozen=True, slots=True)
class Account:
    """The Official Account itself."""

    id: str
    name: str
    verified: bool | None = None
    package: str = ""


class OaApi:
    """One account. app_secret: signs each call where the console asks for it, "" where it does not.

    Every method raises :class:`OaRefused`, :class:`OaLost`, or SendError where there is no token; a
    token that Zalo calls expired is renewed and the call repeated, once.
    """

    def __init__(
        self, hosts: Hosts, tokens: Tokens, http: HttpClient, *, app_secret: str = ""
    ) -> None:
        self.root = hosts.openapi.strip().rstrip("/")
        self._business = hosts.business.strip().rstrip("/")
        self._tokens = tokens
        self._http = http
        self._app_secret = app_secret

    async def account(self) -> Account:
        said = await self._call("GET", f"{self.root}/v2.0/oa/getoa")
        verified = said.get("is_verified")
        return Account(
            identifier(said.get("oa_id")),
            words(said.get("name")),
            verified if isinstance(verified, bool) else None,
            words(said.get("package_name")),
        )

    async def name_of(self, user: str) -> str:
        """What a person calls themselves on Zalo."""
        asked = urlencode({"data": json.dumps({"user_id": user})})
        said = await self._call("GET", f"{self.root}/v3.0/oa/user/detail?{asked}")
        return words(said.get("display_name")).strip()

    async def consult(self, user: str, text: str, buttons: Buttons = (), image: str = "") -> str:
        """A consultation message: up to 2,000 characters, five buttons (label, what comes back) and
        a picture (`attachment_id`). Refused with -230 where the person has been silent for seven
        days. Returns the message's id."""
        message: Node = {"text": text}
        payload: Node = {}
        if image:
            element = {"media_type": "image", "attachment_id": image}
            payload |= {"template_type": "media", "elements": [element]}
        if buttons:
            payload["buttons"] = [
                {"title": label[:_MOST_TITLE], "type": "oa.query.hide", "payload": back}
                for label, back in buttons
            ]
        if payload:
            message["attachment"] = {"type": "template", "payload": payload}
        body = {"recipient": {"user_id": user}, "message": message}
        said = await self._call("POST", f"{self.root}/v3.0/oa/message/cs", body)
        return identifier(said.get("message_id"))

    async def template(self, user: str, template: str, data: Mapping[str, str]) -> str:
        """An approved template to somebody who may no longer be written to freely."""
        body = {"user_id": user, "template_id": template, "template_data": dict(data)}
        said = await self._call("POST", f"{self.root}/v3.0/oa/message/template", body)
        return identifier(said.get("message_id") or said.get("msg_id"))

    async def template_by_phone(
        self, phone: str, template: str, data: Mapping[str, str], tracking: str
    ) -> str:
        """An approved template to a telephone number ("84…"). tracking: our own mark for it, up to
        48 characters."""
        body = {
            "phone": phone,
            "template_id": template,
            "template_data": dict(data),
            "tracking_id": tracking,
        }
        said = await self._call("POST", f"{self._business}/message/template", body)
        return identifier(said.get("msg_id") or said.get("message_id"))

    async def upload_image(self, picture: Upload) -> str:
        """A JPG or PNG of up to 1 MB; the id is good for seven days."""
        url = f"{self.root}/v2.0/oa/upload/image"
        said = await self._call("POST", url, files={"file": picture})
        return identifier(said.get("attachment_id"))

    # -- how a call is made -----------------------------------------------------------------------

    async def _call(
        self,
        method: str,
        url: str,
        body: Node | None = None,
        files: Mapping[str, Upload] | None = None,
    ) -> Node:
        async def once(token: str) -> Node:
            return await self._once(method, url, body, files, token)

        return await _with_token(self._tokens, once)

    async def _once(
        self,
        method: str,
        url: str,
        body: Node | None,
        files: Mapping[str, Upload] | None,
        token: str,
    ) -> Node:
        headers = {"access_token": token}
        if self._app_secret:
            proof = hmac.new(self._app_secret.encode(), token.encode(), hashlib.sha256)
            headers["appsecret_proof"] = proof.hexdigest()
        try:
            answer = await self._http.request(method, url, json=body, files=files, headers=headers)
        except HttpError as error:
            lost = OaLost(error.text, sent=error.sent)
        else:
            return _data(answer, Redactor([token, self._app_secret]))
        raise lost


async def _with_token(tokens: Tokens, call: Callable[[str], Awaitable[Node]]) -> Node:
    token = await tokens.access()
    try:
        return await call(token)
    except OaRefused as error:
        if error.row.means is not Means.STALE:
            raise
    return await call(await tokens.renewed(token))


def _data(answer: HttpAnswer, redact: Redactor) -> Node:
    said = _envelope(answer.body)
    if said is None:
        raise OaLost(
            f"máy chủ trả lời không theo Zalo OpenAPI (HTTP {answer.status})",
            sent=answer.status < 300 or answer.status in _PASSED_ON,
        )
    code = number(said.get("error"))
    if code == 0:
        return node(said.get("data"))
    # Redacted before it is cut: half a token would not be recognised.
    raise OaRefused(code, redact(words(said.get("message")))[:_WORDS])


def _envelope(body: bytes) -> Node | None:
    try:
        said = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and "error" in said else None
