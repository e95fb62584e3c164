"""zalo-oa: leave to speak for the Official Account, who may still be written to, and telephones."""

import asyncio
import re
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import typer
from sqlmodel import Session

from bot.channels import oa_consent
from bot.channels.http import HttpClient
from bot.channels.zalo_oa import PHONE
from bot.channels.zalo_oa_oauth import Brought, OaApp, Proof, brought
from bot.channels.zalo_oa_proof import proof_in
from bot.channels.zalo_oa_tokens import Grant, TokenTrouble
from bot.channels.zalo_oa_window import Window
from bot.cli.base import (
    ConfigOption,
    JsonOption,
    RoleWord,
    Stop,
    asked,
    moment,
    one_line_errors,
    opened,
    out,
    settings_of,
    show,
)
from bot.cli.data import one_agency
from bot.cli.pages import Pages
from bot.oa_contacts import CHANNEL, windows, words_of
from bot.settings import Settings
from registry import people
from registry.clock import local, local_day
from registry.people import Chat
from registry.tables import Contact
from registry.types import Role

# The text staff read out before they write a number down; the answer to it is the consent.
PHONE_CONSENT = "phone-2026-11"
_PHONE = re.compile(r"(?:\+?84|0)(\d{9})")


def authorize(
    code: Annotated[
        str, typer.Option(help="Mã, hoặc cả địa chỉ trình duyệt dừng lại sau khi đồng ý.")
    ] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Xin quyền gửi tin thay OA: in đường dẫn để quản trị viên OA đồng ý, rồi nhận mã."""
    with one_line_errors():
        settings = settings_of(config)
        section = settings.zalo_oa
        if not section.on or not section.callback_url:
            raise Stop("Điền app_id, app_secret và callback_url ở mục [zalo_oa] trước.")
        app = OaApp(section.app_id, "", section.oauth_url)
        proof = _proof(settings)
        link = proof.link(app, section.callback_url)
        if not code and (as_json or not sys.stdin.isatty()):
            _tell(as_json, section.callback_url, proof.challenge, link)
            return
        if not code:
            _tell(as_json, section.callback_url, proof.challenge, link)
            code = asked("Dán địa chỉ sau khi đồng ý (có code=…)")
        given = _checked(brought(code), section.oa_id, proof.state)
        grant = asyncio.run(_take(settings, given.code, proof.verifier, moment))
    if as_json:
        show({"granted": True, "expires": local(grant.expires_at).isoformat()})
    else:
        out.print("Đã được cấp quyền; từ nay hệ thống tự gia hạn. Khởi động lại: dondoc run")


def _proof(settings: Settings) -> Proof:
    try:
        return proof_in(settings.paths.data_dir)
    except TokenTrouble as error:
        raise Stop(str(error)) from None


def _tell(as_json: bool, callback: str, challenge: str, link: str) -> None:
    if as_json:
        show({"callback_url": callback, "code_challenge": challenge, "link": link})
        return
    out.print("1. Tại developers.zalo.me, Official Account → Thiết lập chung, ghi và lưu:")
    out.print(f"   Official Account Callback Url: {callback}", markup=False)
    out.print(f"   Code Challenge: {challenge}", markup=False)
    out.print("2. Quản trị viên OA mở đường dẫn sau, chọn OA, đồng ý đủ các quyền:")
    out.print(f"   {link}", markup=False)
    out.print("3. Trong 10 phút, đưa địa chỉ trình duyệt dừng lại cho lệnh này (--code).")


def _checked(given: Brought, oa_id: str, state: str) -> Brought:
    if not given.code:
        raise Stop("Không thấy code=… trong nội dung vừa dán; hãy chép cả thanh địa chỉ.")
    if given.state and given.state != state:
        raise Stop("Địa chỉ này không do lệnh này tạo ra; hãy mở lại đúng đường dẫn đã in.")
    if given.oa_id and oa_id and given.oa_id != oa_id:
        raise Stop(f"Vừa đồng ý cho OA {given.oa_id}, nhưng [zalo_oa] oa_id là {oa_id}.")
    return given


async def _take(
    settings: Settings, code: str, verifier: str, clock: Callable[[], datetime]
) -> Grant:
    async with HttpClient() as http:
        return await oa_consent(settings, http, clock).take(code, verifier)


# -- who may be written to ------------------------------------------------------------------------


def contacts(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Từng người nhận tin qua OA: được nhắn miễn phí đến khi nào, mất phí đến khi nào."""
    with one_line_errors(), opened(config) as (_settings, _tools, db):
        now = moment()
        rows = db.read_now(windows, now)
    if as_json:
        show([_row(*row, now) for row in rows])
        return
    if not rows:
        out.print("Chưa có ai nhận tin qua OA.")
    for name, contact, found in rows:
        out.print(f"{name} ({_shown(contact.address)}): {words_of(contact, found, now)}",
                  markup=False)  # fmt: skip


def _row(name: str, contact: Contact, found: Window, now: datetime) -> dict[str, object]:
    return {
        "name": name,
        "address": _shown(contact.address),
        "free_until": found.free_until,
        "free_left": found.free_left,
        "open_until": found.open_until,
        "open": found.is_open(now),
    }


def _shown(address: str) -> str:
    """Enough to tell people apart."""
    return f"…{address[-4:]}"


# -- a telephone number ---------------------------------------------------------------------------


def phone(
    number: Annotated[
        str, typer.Argument(metavar="SỐ", help="Số điện thoại có Zalo, ví dụ 0912345678.")
    ],
    agency: Annotated[str, typer.Option(help="Cơ quan.")],
    name: Annotated[str, typer.Option(help="Họ tên người nhận.")],
    agreed: Annotated[
        bool, typer.Option("--da-dong-y", help="Người này đã tự cho số và đồng ý nhận tin nhắc.")
    ] = False,
    role: Annotated[RoleWord, typer.Option(help="Vai trò.")] = RoleWord.focal,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ghi một số điện thoại để gửi tin nhắc theo mẫu (chỉ khi người ấy đã đồng ý)."""
    with one_line_errors():
        match = _PHONE.fullmatch(re.sub(r"[\s.-]", "", number))
        if match is None:
            raise Stop(f"Số điện thoại {number!r} không đọc được; hãy viết như 0912345678.")
        if not agreed:
            raise Stop("Số điện thoại là dữ liệu cá nhân: hỏi ý người ấy rồi thêm --da-dong-y.")
        if Role(role) not in people.ACTING:
            raise Stop("Số điện thoại chỉ nhận tin nhắc việc: chọn focal, officer hoặc leader.")
        with opened(config) as (_settings, _tools, db):
            agency_id, agency_name = db.read_now(one_agency, agency, local_day(moment()))
            chat = Chat(CHANNEL, f"{PHONE}84{match[1]}", "private", "", name=name)
            db.write_now(bind_phone, chat, Role(role), agency_id, moment())
    if as_json:
        show({"address": _shown(chat.address), "agency": agency_name, "role": str(role)})
    else:
        out.print(f"Đã ghi: {name} ({_shown(chat.address)}) nhận tin nhắc của {agency_name}.",
                  markup=False)  # fmt: skip


def bind_phone(session: Session, chat: Chat, role: Role, agency_id: int, now: datetime) -> None:
    """A contact that only templates reach; the consent given to staff is on record."""
    contact = people.ensure_contact(session, chat, now)
    people.bind(session, contact, chat.name, role, agency_id, now, PHONE_CONSENT)


group = Pages("Zalo Official Account: xin quyền, người nhận tin, số điện thoại.")
for command in (authorize, contacts, phone):
    group.command()(command)
