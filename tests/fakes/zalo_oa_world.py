"""What a Zalo Official Account knows and does, behind `zalo_oa_server`: an application, its tokens,
people and their windows, templates, and the signed events it tells of.

Written from the documents of the OpenAPI, not from our client.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from tests import leaks

Node = dict[str, Any]
APP_ID = "1111111111111111111"
OA_ID = "3000000000000000001"
APP_SECRET = "ung-dung:bi-mat-cua-ung-dung"  # noqa: S105 -- opens nothing but this fake
OA_KEY = "oa-khoa:bi-mat-cua-webhook"
CALLBACK = "https://dondoc.example.vn/zalo"
_HOUR = 3600.0
_MOST_BUTTONS = 5


class OaError(Exception):
    """A refusal: `error` and `message`, answered with HTTP 200."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class OaSwitches:
    """How this account behaves; may be changed at any moment.

    life: seconds an access token lives, told as text. windows: whether silence closes a chat.
    signed_by, stamped_in, signed_with: the disputed parts of a signature. clicks: a pressed button
    comes back as a "text" or as an event of its own. proof: calls must carry appsecret_proof.
    money: template messages left, None for no end. night: templates are refused. bad_token: the
    code for a token that is no more.
    """

    life: int = 90_000
    windows: bool = True
    signed_by: Literal["app_id", "oa_id"] = "app_id"
    stamped_in: Literal["body", "header"] = "body"
    signed_with: Literal["oa_key", "app_secret"] = "oa_key"
    clicks: Literal["text", "button"] = "text"
    proof: bool = False
    money: int | None = None
    night: bool = False
    bad_token: int = -216


@dataclass
class OaUser:
    """Somebody on Zalo. `last`: Unix seconds of the last interaction; `refuses`: the code every
    message to them is refused with, 0 for none."""

    name: str
    follows: bool = False
    last: float | None = None
    refuses: int = 0
    texts: list[str] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)
    buttons: list[Node] = field(default_factory=list)


@dataclass
class OaTemplate:
    """A form the office had approved: its blanks, and the code it is refused with, or 0."""

    blanks: frozenset[str]
    trouble: int = 0


class OaWorld:
    """One account, its application, and everybody it meets. `clock` gives Unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.switches = OaSwitches()
        self.users: dict[str, OaUser] = {}
        self.phones: dict[str, list[Node]] = {}
        self.templates: dict[str, OaTemplate] = {}
        self.sent: list[Node] = []
        self.files: dict[str, bytes] = {}
        self.oa_id = OA_ID
        self.verified = True
        self.challenge = ""
        self.refreshes: list[str] = []
        self.pushed = 0
        self.on_event: Callable[[dict[str, str], bytes], None] = lambda _headers, _body: None
        self._access: dict[str, float] = {}
        self._refresh: set[str] = set()
        self._codes: set[str] = set()
        self._images: dict[str, bytes] = {}
        self._ids = 0

    # What people do

    def user(self, name: str) -> str:
        """Somebody who has never met the account."""
        number = f"70000000000000{self._number():05d}"
        self.users[number] = OaUser(name)
        return number

    def follow(self, user: str) -> None:
        self.users[user].follows = True
        self._interact(user)
        self._tell(self._of_follower("follow", user))

    def unfollow(self, user: str) -> None:
        self.users[user].follows = False
        self.users[user].refuses = -213
        self._tell(self._of_follower("unfollow", user))

    def say(self, user: str, text: str, quote: str = "") -> None:
        self._interact(user)
        message = {"text": text} | ({"quote_msg_id": quote} if quote else {})
        self._tell(self._from(user, "user_send_text", message))

    def press(self, user: str, label: str) -> None:
        """Press the newest button with this label. Raises ValueError where there is none."""
        rows = self.users[user].buttons
        button = next((each for each in reversed(rows) if each["title"] == label), None)
        if button is None:
            raise ValueError(f"no button {label!r}")
        self._interact(user)
        if self.switches.clicks == "text":
            self._tell(self._from(user, "user_send_text", {"text": button["payload"]}))
        else:
            self._tell(self._from(user, "user_click_button", {"payload": button["payload"]}))

    def send_file(self, user: str, url: str, name: str = "", size: int = 0, text: str = "") -> None:
        self._interact(user)
        kind = "file" if name else "image"
        payload: Node = {"url": url} | ({"name": name, "size": str(size)} if name else {})
        message = {"attachments": [{"type": kind, "payload": payload}]}
        self._tell(
            self._from(user, f"user_send_{kind}", message | ({"text": text} if text else {}))
        )

    def hand(self, user: str, root: str, name: str, content: bytes, text: str = "") -> None:
        """Send a file of one's own; Zalo keeps it at an address below `root`."""
        kept = self._id("tep")
        self.files[kept] = content
        picture = name.lower().endswith((".jpg", ".jpeg", ".png"))
        self.send_file(user, f"{root}/{kept}", "" if picture else name, len(content), text)

    def sticker(self, user: str) -> None:
        self._interact(user)
        payload = {"id": "bfe458bf64fa8da4d4eb", "url": "https://stickers.example/1.png"}
        message = {"attachments": [{"type": "sticker", "payload": payload}]}
        self._tell(self._from(user, "user_send_sticker", message))

    def texts(self, user: str) -> list[str]:
        """What came to somebody, oldest first; a template as its filled blanks."""
        return self.users[user].texts

    # What the administrator does

    def consent(self, challenge: str) -> str:
        """Leave is given in a browser: the code that comes back to the callback address."""
        self.challenge = challenge
        code = f"ma-cap-quyen-{self._number()}"
        self._codes.add(code)
        return code

    def grant(self) -> Node:
        """A pair of tokens as the OAuth server hands it out."""
        access, refresh = f"truy-cap:{self._number():012d}", f"gia-han:{self._number():012d}"
        self._access[access] = self.clock() + self.switches.life
        self._refresh.add(refresh)
        return {
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": str(self.switches.life),
        }

    def revoke(self) -> None:
        """Leave is taken back: no token works any more."""
        self._access.clear()
        self._refresh.clear()

    def spoil(self) -> None:
        """The refresh tokens are worth nothing any more; the access tokens still work."""
        self._refresh.clear()

    # What the application asks

    def token(self, form: Node, secret: str) -> Node:
        if form.get("app_id") != APP_ID or secret != APP_SECRET:
            raise OaError(-14002, "Invalid application")
        if form.get("grant_type") == "refresh_token":
            given = str(form.get("refresh_token", ""))
            self.refreshes.append(given)
            if given not in self._refresh:
                raise OaError(-14014, f"Invalid refresh token: {given}")
            self._refresh.remove(given)
            return self.grant()
        digest = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
        proved = urlsafe_b64encode(digest).rstrip(b"=").decode() == self.challenge
        code = str(form.get("code", ""))
        if code not in self._codes or not proved:
            raise OaError(-14004, "Invalid authorization code")
        self._codes.remove(code)
        return self.grant()

    def check(self, token: str, proof: str) -> None:
        """Whether a call may be made at all."""
        if self._access.get(token, 0.0) <= self.clock():
            raise OaError(self.switches.bad_token, f"Access token is invalid: {token}")
        made = hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
        if self.switches.proof and proof != made:
            raise OaError(-242, "Invalid appsecret_proof")

    def account(self) -> Node:
        return {"oa_id": self.oa_id, "name": "Ban Chỉ đạo CĐS", "is_verified": self.verified,
                "package_name": "Nâng cao"}  # fmt: skip

    def detail(self, asked: Node) -> Node:
        user = self._user(asked.get("user_id"))
        return {"user_id": asked["user_id"], "display_name": user.name}

    def consult(self, body: Node) -> Node:
        number = _in(body, "recipient").get("user_id")
        user, message = self._user(number), _in(body, "message")
        text = message.get("text", "")
        payload = _in(_in(message, "attachment"), "payload")
        buttons, elements = payload.get("buttons", []), payload.get("elements", [])
        if not isinstance(text, str) or not text.strip() or len(text) > 2000:
            raise OaError(-201, "Invalid text")
        self._check_buttons(buttons)
        if any(each.get("attachment_id") not in self._images for each in elements):
            raise OaError(-100, "Attachment id is invalid")
        silent = self.clock() - user.last if user.last is not None else None
        if self.switches.windows and (silent is None or silent > 7 * 24 * _HOUR):
            raise OaError(-230, "User has not interacted with the OA in the past 7 days")
        return self._deliver(number, "consult", text, buttons, elements)

    def template(self, body: Node) -> Node:
        number = body.get("user_id")
        self._user(number)
        said = self._filled(body)
        return self._deliver(number, "template", said, [], [])

    def template_by_phone(self, body: Node) -> Node:
        phone, tracking = str(body.get("phone", "")), str(body.get("tracking_id", ""))
        if not phone.startswith("84") or not phone.isdecimal():
            raise OaError(-108, "Phone number invalid")
        if not 0 < len(tracking) <= 48:
            raise OaError(-112, "Tracking id invalid")
        if phone not in self.phones:
            raise OaError(-118, "Zalo account not existed")
        said = leaks.sent(self._filled(body))
        number = self._id("zns")
        row = {"kind": "template_by_phone", "phone": phone, "text": said, "tracking_id": tracking}
        self.phones[phone].append(row)
        self.sent.append(row | {"message_id": number, "at": self.clock()})
        return {"msg_id": number, "sent_time": str(int(self.clock() * 1000)),
                "quota": {"dailyQuota": "500", "remainingQuota": "499"}}  # fmt: skip

    def upload(self, content: bytes) -> Node:
        if len(content) > 1024 * 1024:
            raise OaError(-210, "Image is larger than 1 MB")
        number = self._id("anh")
        self._images[number] = content
        return {"attachment_id": number}

    # How events are told

    def signed(self, event: Node) -> tuple[dict[str, str], bytes]:
        """An event as it is posted: the bytes, and a plain SHA-256 over them."""
        body = json.dumps(event, ensure_ascii=False).encode()
        stamp = event["timestamp"] if self.switches.stamped_in == "body" else "1790000000123"
        first = APP_ID if self.switches.signed_by == "app_id" else OA_ID
        key = OA_KEY if self.switches.signed_with == "oa_key" else APP_SECRET
        mac = hashlib.sha256(first.encode() + body + stamp.encode() + key.encode()).hexdigest()
        headers = {"X-ZEvent-Signature": f"mac={mac}", "Content-Type": "application/json"}
        return headers | {"X-ZEvent-Timestamp": stamp}, body

    def echo(self, user: str, text: str) -> None:
        """Zalo tells of the account's own messages too."""
        event = self._event("oa_send_text", sender={"id": OA_ID}, recipient={"id": user})
        self._tell(event | {"message": {"text": text, "msg_id": self._id("m")}})

    # How it is done

    def _tell(self, event: Node) -> None:
        self.pushed += 1
        self.on_event(*self.signed(event))

    def _event(self, name: str, **more: Any) -> Node:
        stamp = str(int(self.clock() * 1000))
        return {"app_id": APP_ID, "event_name": name, "timestamp": stamp, **more}

    def _from(self, user: str, name: str, message: Node) -> Node:
        return self._event(
            name,
            user_id_by_app=f"9{user[1:]}",
            sender={"id": user},
            recipient={"id": OA_ID},
            message={"msg_id": self._id("m")} | message,
        )

    def _of_follower(self, name: str, user: str) -> Node:
        return self._event(name, oa_id=OA_ID, follower={"id": user}, source="oa_profile")

    def _interact(self, user: str) -> None:
        self.users[user].last = self.clock()
        if self.users[user].refuses == -213:
            self.users[user].refuses = 0

    def _user(self, number: object) -> OaUser:
        user = self.users.get(number) if isinstance(number, str) else None
        if user is None:
            raise OaError(-201, "user_id is invalid")
        if user.refuses:
            raise OaError(user.refuses, "The message cannot be sent to this user")
        return user

    def _filled(self, body: Node) -> str:
        template = self.templates.get(str(body.get("template_id")))
        data = _in(body, "template_data")
        if self.switches.night:
            raise OaError(-133, "Message is not allowed to be sent at night")
        if template is None:
            raise OaError(-109, "Template ID invalid")
        if template.trouble:
            raise OaError(template.trouble, "Template cannot be sent")
        if frozenset(data) != template.blanks or not all(isinstance(v, str) for v in data.values()):
            raise OaError(-1121, "Template data does not match")
        if self.switches.money is not None:
            if self.switches.money <= 0:
                raise OaError(-115, "Out of quota")
            self.switches.money -= 1
        return "; ".join(f"{blank}: {data[blank]}" for blank in sorted(data))

    def _check_buttons(self, buttons: list[Node]) -> None:
        if len(buttons) > _MOST_BUTTONS:
            raise OaError(-210, "Too many buttons")
        for each in buttons:
            title, back = each.get("title", ""), each.get("payload", "")
            known = each.get("type") in ("oa.query.hide", "oa.query.show")
            if not known or not 0 < len(title) <= 100 or not 0 < len(back) <= 1000:
                raise OaError(-201, "Invalid button")

    def _deliver(
        self, number: str, kind: str, text: str, buttons: list[Node], elements: list[Node]
    ) -> Node:
        message = self._id("tin")
        user = self.users[number]
        user.texts.append(leaks.sent(text))
        user.buttons += buttons
        user.pictures += [self._images[each["attachment_id"]] for each in elements]
        self.sent.append(
            {"kind": kind, "user_id": number, "text": text, "buttons": buttons,
             "pictures": len(elements), "message_id": message, "at": self.clock()}
        )  # fmt: skip
        return {"message_id": message, "user_id": number}

    def _number(self) -> int:
        self._ids += 1
        return self._ids

    def _id(self, start: str) -> str:
        return f"{start}-{self._number():08x}"


def _in(body: Node, key: str) -> Node:
    value = body.get(key)
    return value if isinstance(value, dict) else {}
