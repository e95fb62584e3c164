"""What a Zalo Official Account tells us: signatures, keys, and what events are read as."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.zalo_oa_updates import (
    Seal,
    is_probe,
    sender_of,
    too_old,
    understand,
    updates_in,
)

OA = "3000000000000000001"
USER = "7000000000000000001"
# Byte for byte, with the digest that was computed apart from this program.
VECTOR = (
    b'{"app_id":"1111111111111111111","sender":{"id":"7000000000000000001"},"recipient":'
    b'{"id":"3000000000000000001"},"event_name":"user_send_text","message":{"text":"xong 1",'
    b'"msg_id":"m-1"},"timestamp":"1760000000000"}'
)
DIGEST = "2519d6998bead79876c92ce22ee7b3644f6cfe4e45541a7d3d5eac0d07642055"
SEAL = Seal("1111111111111111111", OA, ("OaSecretForTests", "AppSecretForTests"))


def headers(digest: str, **more: str) -> dict[str, str]:
    return {"x-zevent-signature": f"mac={digest}", **more}


def test_the_signature_of_the_test_vector() -> None:
    assert SEAL.matched(headers(DIGEST), VECTOR) == "app_id+body+0"
    assert SEAL.matched({"x-zevent-signature": DIGEST.upper()}, VECTOR) == "app_id+body+0"


@pytest.mark.parametrize("first", [SEAL.app_id, SEAL.oa_id])
@pytest.mark.parametrize("stamp", ["1760000000000", "1760000009999"])
@pytest.mark.parametrize("key", SEAL.keys)
def test_every_disputed_reading_is_known(first: str, stamp: str, key: str) -> None:
    digest = hashlib.sha256(first.encode() + VECTOR + stamp.encode() + key.encode()).hexdigest()
    given_stamp = {"x-zevent-timestamp": stamp}
    assert SEAL.matched(headers(digest, **given_stamp), VECTOR)


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({}, VECTOR),
        (headers(""), VECTOR),
        (headers("0" * 64), VECTOR),
        (headers(DIGEST), VECTOR + b" "),
        (headers(DIGEST), VECTOR.replace(b"xong 1", b"xong 2")),
        (headers(DIGEST), json.dumps(json.loads(VECTOR)).encode()),
        (headers("chữ ký"), VECTOR),
        (headers(DIGEST), b"\xff\xfe"),
    ],
)
def test_anything_else_is_not_zalo(given: dict[str, str], body: bytes) -> None:
    assert SEAL.matched(given, body) == ""


def test_without_secrets_nothing_matches() -> None:
    empty = Seal(SEAL.app_id, OA, ())
    bare = hashlib.sha256(SEAL.app_id.encode() + VECTOR + b"1760000000000").hexdigest()
    assert empty.matched(headers(bare), VECTOR) == ""


def test_secrets_are_not_shown() -> None:
    assert "OaSecretForTests" not in repr(SEAL)


@pytest.mark.parametrize(("body", "probe"), [(b"", True), (b" {} ", True), (VECTOR, False)])
def test_an_empty_call_is_a_probe(body: bytes, probe: bool) -> None:
    assert is_probe(body) == probe
    if probe:
        assert updates_in(body) == []


@pytest.mark.parametrize(("hours", "old"), [(0, False), (23.9, False), (24.1, True)])
def test_calls_of_yesterday_are_repetitions(hours: float, old: bool) -> None:
    told = datetime.fromtimestamp(1_760_000_000, UTC)
    assert too_old(VECTOR, told + timedelta(hours=hours)) == old


def test_a_call_that_says_no_time_is_too_old() -> None:
    assert too_old(b'{"event_name": "follow"}', datetime(2026, 1, 1, tzinfo=UTC))


# -- what happened --------------------------------------------------------------------------------


def event(name: str, **more: Any) -> dict[str, Any]:
    return {"app_id": SEAL.app_id, "event_name": name, "timestamp": "1760000000000"} | more


def said(name: str, **message: Any) -> dict[str, Any]:
    return event(name, sender={"id": USER}, recipient={"id": OA}, message={"msg_id": "m"} | message)


def attached(kind: str, **payload: Any) -> list[dict[str, Any]]:
    return [{"type": kind, "payload": payload}]


FOLLOW = event("follow", oa_id=OA, follower={"id": USER}, source="oa_profile")
LEFT = event("unfollow", oa_id=OA, follower={"id": USER})
READ = [
    (said("user_send_text", text=" xong 127 "), {"event": "text", "text": "xong 127"}),
    (said("user_send_text", text="#d1:127:done"), {"event": "button", "action": "d1:127:done"}),
    (said("user_send_text", text="#r1:5:yes"), {"event": "button", "action": "r1:5:yes"}),
    (said("user_send_text", text="#1 đã xong"), {"event": "text", "text": "#1 đã xong"}),
    (said("user_send_text", text="#xong"), {"event": "text", "text": "#xong"}),
    (said("user_click_button", payload="#d1:7:ack"), {"event": "button", "action": "d1:7:ack"}),
    (said("user_send_text", text="xong", quote_msg_id="q-1"), {"event": "text", "reply_to": "q-1"}),
    (said("user_send_text", text=""), {"event": "other"}),
    (said("user_send_text"), {"event": "other"}),
    (said("user_send_link", text="xem https://x"), {"event": "text", "text": "xem https://x"}),
    (said("user_send_sticker", attachments=attached("sticker", id="1")), {"event": "other"}),
    (said("user_send_audio", attachments=attached("audio", url="u")), {"event": "other"}),
    (said("user_send_file", attachments=[]), {"event": "other"}),
    (FOLLOW, {"event": "text", "text": "/start"}),
    (LEFT, {"event": "blocked"}),
]


@pytest.mark.parametrize(("told", "want"), READ)
def test_an_event_is_read(told: dict[str, Any], want: dict[str, Any]) -> None:
    heard = understand(json.dumps(told), OA, {USER: "Lê Thị Hoa"})
    assert heard is not None
    assert (heard.address, heard.sender, heard.chat_kind) == (USER, USER, "private")
    assert heard.sender_name == "Lê Thị Hoa"
    assert {key: getattr(heard, key) for key in want} == want


@pytest.mark.parametrize(
    ("name", "attachments", "text", "want"),
    [
        ("user_send_file", attached("file", url="https://a/1", name="kh.docx", size="2048"),
         "giao việc", ("kh.docx", "https://a/1", 2048)),
        ("user_send_image", attached("image", url="https://a/2", thumbnail="https://a/t"), "",
         ("anh-m.jpg", "https://a/2", None)),
        ("user_send_file", [None, *attached("file", name="trống"), *attached("file", url="u")], "",
         ("anh-m.jpg", "u", None)),
    ],
)  # fmt: skip
def test_a_file_is_offered(
    name: str, attachments: list[Any], text: str, want: tuple[str, str, int | None]
) -> None:
    heard = understand(json.dumps(said(name, attachments=attachments, text=text)), OA, {})
    assert heard is not None
    assert heard.file is not None
    assert (heard.file.name, heard.file.ref, heard.file.size) == want
    assert (heard.event, heard.text) == ("file", text)


@pytest.mark.parametrize(
    "told",
    [
        event("oa_send_text", sender={"id": OA}, recipient={"id": USER}, message={"text": "x"}),
        said("user_seen_message", msg_ids=["a"]),
        said("user_received_message", delivery_time="1"),
        said("user_reacted_message", react_icon="/-heart"),
        event("user_click_chatnow", oa_id=OA, user_id=USER),
        event("user_send_text", sender={"id": OA}, message={"text": "vọng", "msg_id": "m"}),
        event("user_send_text", message={"text": "không người gửi", "msg_id": "m"}),
        event("user_send_group_text", sender={"id": USER}, message={"text": "x"}),
        event("su_kien_moi", sender={"id": USER}),
    ],
)
def test_what_concerns_nobody_is_nothing(told: dict[str, Any]) -> None:
    assert understand(json.dumps(told), OA, {}) is None


def test_word_of_our_own_messages_is_not_even_stored() -> None:
    for name in ("oa_send_text", "oa_send_image", "user_seen_message", "user_received_message"):
        assert updates_in(json.dumps(said(name)).encode()) == []


def key(told: dict[str, Any]) -> str:
    (update,) = updates_in(json.dumps(told).encode())
    assert understand(update.raw, OA, {}) == understand(json.dumps(told), OA, {})
    return update.key


def test_one_thing_has_one_key_however_often_it_is_told() -> None:
    told = said("user_send_text", text="xong")
    assert key(told) == key(told | {"num_retry": 2}) == "user_send_text:m"
    assert key(FOLLOW) == key(FOLLOW | {"num_retry": 1})
    assert key(FOLLOW) != key(FOLLOW | {"timestamp": "1760000000001"}) != key(LEFT)
    assert sender_of(json.dumps(FOLLOW).encode()) == USER


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["event_name", "sender", "message", "follower", "id", "attachments",
                             "payload", "url", "text", "timestamp"]),
            inner | st.sampled_from(["follow", "user_send_text", "user_send_file"]),
            max_size=5,
        )
    ),
    max_leaves=14,
)  # fmt: skip


@given(raw=anything.map(json.dumps) | st.text())
def test_no_body_breaks_the_reader(raw: str) -> None:
    body = raw.encode("utf-8", "surrogatepass")
    for update in updates_in(body):
        understand(update.raw, OA, {})
    assert SEAL.matched(headers("0" * 64), body) == ""
    too_old(body, datetime(2026, 1, 1, tzinfo=UTC))
