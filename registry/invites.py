"""Invites: one-time codes, of which only the hash is kept, and how often one may guess."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from registry.audit import record
from registry.inbound import BAD_CODE
from registry.tables import Inbound, Invite
from registry.types import InboundState, Role

# Letters and digits that are not taken for one another when read aloud or copied by hand.
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 10
CODE_ATTEMPTS = 5
CODE_WINDOW = timedelta(minutes=15)


def _hash(code: str) -> str:
    return hashlib.sha256(normal_code(code).encode()).hexdigest()


def normal_code(code: str) -> str:
    """A code as typed: case, blanks and dashes do not matter."""
    return "".join(c for c in code.upper() if c.isalnum())


def new_invite(
    session: Session,
    now: datetime,
    role: Role,
    agency_id: int | None,
    *,
    valid: timedelta,
    created_by: int | None = None,
    person_id: int | None = None,
) -> tuple[str, Invite]:
    """A one-time code for a role, or for one more chat of `person_id`; the code itself is returned
    once and never stored."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(CODE_LENGTH))
    invite = Invite(
        code_hash=_hash(code),
        agency_id=agency_id,
        role=role,
        person_id=person_id,
        created_by=created_by,
        created_at=now,
        expires_at=now + valid,
    )
    session.add(invite)
    session.flush()
    record(session, now, "invite.made", str(invite.id), created_by, role=role, agency=agency_id)
    return f"{code[:5]}-{code[5:]}", invite


def too_many_codes(session: Session, channel: str, sender: str, now: datetime) -> bool:
    """Whether this sender has guessed wrongly too often of late."""
    wrong = session.exec(
        select(func.count())
        .select_from(Inbound)
        .where(
            Inbound.channel == channel,
            Inbound.sender == sender,
            Inbound.outcome == BAD_CODE,
            col(Inbound.received_at) > now - CODE_WINDOW,
            Inbound.state == InboundState.HANDLED,
        )
    ).one()
    return wrong >= CODE_ATTEMPTS


def opened(session: Session, code: str, contact_id: int | None) -> bool:
    """Whether this very chat was let in by this code: it is only being said again."""
    invite = session.exec(select(Invite).where(Invite.code_hash == _hash(code))).first()
    return invite is not None and contact_id is not None and invite.used_by == contact_id


def find_invite(session: Session, code: str, now: datetime) -> Invite | None:
    """The invite behind a code, if it is still good."""
    invite = session.exec(select(Invite).where(Invite.code_hash == _hash(code))).first()
    if invite is None or invite.used_at is not None or invite.expires_at <= now:
        return None
    return invite
