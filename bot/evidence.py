"""Files sent with an answer: looked at by name before they are fetched, kept as they are, and never
opened here. The worker of `bot/reviewing/uploads.py` fetches them like any other upload.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePosixPath

from sqlmodel import Session

from bot.talk import Desk, Talk
from intake.secrecy import secrecy_mark
from registry import files, reviews
from registry.audit import record
from registry.people import Refused
from registry.tables import Completion, Duty, Person, Upload
from registry.types import UploadState
from scheduler.channel import IncomingFile

PURPOSE = "evidence"
MOST_BYTES = 20 * 1024 * 1024
MOST_FILES = 10
_ZIPPED = b"PK\x03\x04"
_OFFICE = "application/vnd.openxmlformats-officedocument."
_PNG = ("image/png", b"\x89PNG\r\n\x1a\n")
_JPEG = ("image/jpeg", b"\xff\xd8\xff")
_PICTURE = (_PNG, _JPEG)
# Ending -> the media types it may hold, and how such a file begins. Messengers send pictures on
# under names of their own, so that either kind may bear either ending. Archives, macros and old
# Office files may carry programs to whoever opens them, and nothing here looks inside.
TYPES: dict[str, tuple[tuple[str, bytes], ...]] = {
    ".pdf": (("application/pdf", b"%PDF"),),
    ".docx": ((f"{_OFFICE}wordprocessingml.document", _ZIPPED),),
    ".xlsx": ((f"{_OFFICE}spreadsheetml.sheet", _ZIPPED),),
    ".pptx": ((f"{_OFFICE}presentationml.presentation", _ZIPPED),),
    ".png": _PICTURE,
    ".jpg": _PICTURE,
    ".jpeg": _PICTURE,
}
WRONG_TYPE = "chỉ nhận tệp .pdf, .docx, .xlsx, .pptx, .png, .jpg"
TOO_BIG = "tệp lớn hơn 20 MB"
TOO_MANY = f"mỗi báo cáo kèm nhiều nhất {MOST_FILES} tệp"
SECRET = "tên tệp mang dấu chỉ độ mật; tài liệu mật không được gửi qua ứng dụng nhắn tin"  # noqa: S105 -- words  # nosec B105
NOT_ITS_TYPE = "nội dung tệp không đúng với đuôi tên tệp"
GONE = "báo cáo mà tệp này đi kèm không còn"


def ending(name: str) -> str:
    """The name's ending in small letters, with its dot."""
    return PurePosixPath(name.casefold()).suffix


def secret(name: str) -> bool:
    """Whether the name itself bears a secrecy mark ("Tối mật - …", "bao cao (MẬT).pdf")."""
    stem = PurePosixPath(name).stem.replace("_", " ").replace(".", " ")
    parts = [part.strip() for part in stem.replace("–", "-").split("-")]
    return any(secrecy_mark(each) is not None for each in (stem, *parts))


def why_not(file: IncomingFile) -> str | None:
    """Why a file is not kept, as far as its name and stated size tell; None where it may be."""
    if secret(file.name):
        return SECRET
    if ending(file.name) not in TYPES:
        return WRONG_TYPE
    if file.size is not None and file.size > MOST_BYTES:
        return TOO_BIG
    return None


def pack(found: Sequence[IncomingFile]) -> list[dict[str, object]]:
    """Files as a question keeps them."""
    return [{"name": each.name, "ref": each.ref, "size": each.size} for each in found]


def unpack(data: object) -> tuple[IncomingFile, ...]:
    """The files a question kept."""
    rows = data if isinstance(data, list) else []
    return tuple(IncomingFile(row["name"], row["ref"], row["size"]) for row in rows)


def attach(talk: Talk, completions: Sequence[Completion]) -> None:
    """Hand the files of this update (or of the question it answers) to the worker."""
    for file in talk.files:
        # The messenger's handle on the file, and its name, are kept in one row that is blanked.
        talk.inbound.raw = ""
        talk.session.add(
            Upload(
                contact_id=talk.known_contact().id or 0,
                person_id=talk.actor.person_id,
                purpose=PURPOSE,
                subject=json.dumps([each.id for each in completions]),
                name=file.name,
                ref=file.ref,
                size=file.size,
                at=talk.now,
                next_at=talk.now,
            )
        )
    talk.files = ()


def keep(
    session: Session, upload: Upload, data: bytes, desk: Desk, now: datetime
) -> dict[str, object]:
    """Keep the bytes with each report they belong to; the facts of the answer. Raises Refused, in
    words that say why nothing is kept."""
    media_type = type_of(upload.name, data)
    owner = session.get(Person, upload.person_id) if upload.person_id is not None else None
    found = [session.get(Completion, each) for each in json.loads(upload.subject or "[]")]
    mine = [each for each in found if each is not None]
    if not mine or owner is None or owner.erased_at is not None:
        raise Refused(GONE)
    if any(len(files.of_completion(session, one.id or 0, now)) >= MOST_FILES for one in mine):
        raise Refused(TOO_MANY)
    name = upload.name
    if not reviews.finish(session, upload.id or 0, UploadState.READ):
        return {}
    numbers = []
    for one in mine:
        row = files.keep(
            session, desk.settings.files_dir, name, data, media_type, now,
            days=None, person_id=upload.person_id, completion_id=one.id,
        )  # fmt: skip
        numbers.append(session.get_one(Duty, one.duty_id).number)
        record(
            session, now, "completion.file", str(numbers[-1]), upload.person_id, owner.name,
            file=row.id, size=row.size, digest=row.digest,
        )  # fmt: skip
    return {"name": name, "numbers": numbers}


def type_of(name: str, data: bytes) -> str:
    """The media type of bytes under a name. Raises Refused."""
    kinds = TYPES.get(ending(name))
    if kinds is None:
        raise Refused(WRONG_TYPE)
    if len(data) > MOST_BYTES:
        raise Refused(TOO_BIG)
    found = next((kind for kind, start in kinds if data.startswith(start)), None)
    if found is None:
        raise Refused(NOT_ITS_TYPE)
    return found
