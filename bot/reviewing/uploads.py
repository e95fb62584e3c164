"""Files and pasted texts that came by chat: fetched from the messenger and read outside any
transaction, then opened for review. Rows wait in the `Upload` table, so that nothing is lost when
the process dies on the way."""

import asyncio
import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from bot import evidence
from bot.bell import Bell
from bot.reviewing import sheets
from bot.reviewing.look import keep_board, terms_of
from bot.reviewing.showing import announce_review
from bot.talk import Desk
from intake.board import BLANK, Board
from intake.draft_sheet import read_sheet
from intake.errors import IntakeError
from intake.importing import draft_in
from intake.paper import Options
from intake.papers import read_pasted
from intake.sheets import MAX_BYTES
from intake.source import Source, read_source, source_of
from registry import files, reviews
from registry.agencies import Directory
from registry.clock import local, local_day
from registry.database import Database
from registry.notices import put_text
from registry.people import Refused
from registry.tables import Contact, Review, Upload
from registry.types import NoticeKind, ReviewState, UploadState
from scheduler.channel import Channel, SendError

log = logging.getLogger(__name__)

IDLE = 60.0
MOST_TRIES = 4
BACK_OFF = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=3))
# A reading that takes longer is told of once.
PATIENCE = 6.0
TROUBLE = (
    "không đọc được tệp này; hãy gửi bản .docx hoặc .pdf gốc, hoặc dán nội dung sau lệnh /nhap"
)


@dataclass
class _Progress:
    """How far a reading has come, written from its thread."""

    done: int = 0
    total: int = 0

    def __call__(self, done: int, total: int) -> None:
        self.done, self.total = done, total


class Uploads:
    """Reads what was uploaded, one after the other."""

    def __init__(
        self,
        db: Database,
        channels: Mapping[str, Channel],
        desk: Desk,
        clock: Callable[[], datetime],
        answered: Callable[[], None],
    ) -> None:
        self._db = db
        self._channels = channels
        self._desk = desk
        self._clock = clock
        self._answered = answered
        self._bell = Bell(self.drain, IDLE, "uploads cannot be read or written")

    def wake(self) -> None:
        """Something came in: look now."""
        self._bell.ring()

    async def run(self) -> None:
        """Read until cancelled."""
        await self._bell.serve()

    async def drain(self) -> int:
        """Read everything that may be read now; how many uploads."""
        count = 0
        while (waiting := await self._db.read(_next, self._clock())) is not None:
            await self._one(waiting)
            count += 1
        return count

    async def _one(self, upload_id: int) -> None:
        upload, contact = await self._db.write(_begin, upload_id)
        if upload.tries > MOST_TRIES:
            await self._refuse(upload_id, TROUBLE)
            return
        try:
            data = await self._bytes(upload, contact)
        except SendError as error:
            await self._unfetched(upload, error)
            return
        try:
            await self._read(upload, data)
        except (IntakeError, Refused) as error:
            await self._refuse(upload_id, str(error))
        except Exception:
            log.exception("upload %s could not be read", upload_id)
            await self._refuse(upload_id, TROUBLE)

    async def _bytes(self, upload: Upload, contact: Contact) -> bytes:
        if not upload.ref:
            return upload.text.encode()
        channel = self._channels.get(contact.channel)
        if channel is None:
            raise SendError("kênh nhận tệp không còn được cấu hình", permanent=True)
        most = evidence.MOST_BYTES if upload.purpose == evidence.PURPOSE else MAX_BYTES
        return await channel.fetch(upload.ref, most)

    async def _unfetched(self, upload: Upload, error: SendError) -> None:
        upload_id = upload.id or 0
        if error.permanent or upload.tries >= MOST_TRIES:
            why = error.text.rstrip(" .")
            await self._refuse(upload_id, f"chưa lấy được tệp từ ứng dụng nhắn tin ({why})")
            return
        pause = BACK_OFF[min(upload.tries, len(BACK_OFF)) - 1]
        await self._db.write(reviews.put_off, upload_id, self._clock() + pause)

    async def _read(self, upload: Upload, data: bytes) -> None:
        review_id = sheets.review_of(upload.name)
        if upload.purpose == evidence.PURPOSE:
            await self._db.write(self._keep, upload.id or 0, data)
        elif review_id is not None:
            await self._db.write(self._take_sheet, upload.id or 0, review_id, data)
        else:
            source = await self._source(upload, data)
            await self._db.write(self._open, upload.id or 0, source)
        self._answered()

    async def _source(self, upload: Upload, data: bytes) -> Source:
        """The directive, read in a thread of its own; a long one is told of once."""
        today = local_day(self._clock())
        directory = await self._db.read(Directory.on, today)
        progress = _Progress()
        work = asyncio.create_task(
            asyncio.to_thread(_understand, upload, data, directory, progress)
        )
        done, _ = await asyncio.wait([work], timeout=PATIENCE)
        if not done:
            await self._db.write(self._still_reading, upload.id or 0, progress)
            self._answered()
        return await work

    async def _refuse(self, upload_id: int, why: str) -> None:
        await self._db.write(self._say_refused, upload_id, why)
        self._answered()

    # -- inside the transaction -------------------------------------------------------------------

    def _say(
        self, session: Session, upload: Upload, step: str, template: str, **facts: object
    ) -> None:
        text = self._desk.renderer.render(f"replies/{template}", **facts)
        put_text(
            session,
            NoticeKind.ANSWER,
            f"upload:{upload.id}:{step}",
            text.html,
            self._clock(),
            contact_id=upload.contact_id,
        )

    def _say_refused(self, session: Session, upload_id: int, why: str) -> None:
        upload = session.get_one(Upload, upload_id)
        name, proof = upload.name, upload.purpose == evidence.PURPOSE
        if not reviews.finish(session, upload_id, UploadState.REFUSED):
            return
        if proof:
            why = why if why != TROUBLE else "có lỗi khi lưu, anh/chị gửi lại tệp"
            self._say(session, upload, "refused", "tep_refused", why=why, name=name)
        else:
            self._say(session, upload, "refused", "upload_refused", why=why)

    def _keep(self, session: Session, upload_id: int, data: bytes) -> None:
        upload = session.get_one(Upload, upload_id)
        facts = evidence.keep(session, upload, data, self._desk, self._clock())
        if facts:
            self._say(session, upload, "kept", "tep_kept", **facts)

    def _still_reading(self, session: Session, upload_id: int, progress: _Progress) -> None:
        upload = session.get_one(Upload, upload_id)
        self._say(
            session, upload, "progress", "upload_progress",
            done=progress.done, total=progress.total,
        )  # fmt: skip

    def _open(self, session: Session, upload_id: int, source: Source) -> None:
        upload = session.get_one(Upload, upload_id)
        if not reviews.finish(session, upload_id, UploadState.READ):
            return
        same = next((one for one in reviews.waiting(session) if _is_of(one, source)), None)
        if same is not None:
            self._say(
                session, upload, "same", "review_same",
                review=same.id, name=same.name, holder=reviews.holder(session, same),
                mine=same.person_id == upload.person_id,
            )  # fmt: skip
            return
        board = Board(source)
        now = self._clock()
        review = reviews.begin(
            session, _name(source, upload),
            upload.person_id, source.to_json(), board.state(), now,
        )  # fmt: skip
        draft = draft_in(session, board.remaining(), board.order(terms_of(self._desk)))
        announce_review(
            session, self._desk, review, board, draft,
            contact_id=upload.contact_id, key=f"upload:{upload.id}:summary", now=now,
        )  # fmt: skip

    def _take_sheet(self, session: Session, upload_id: int, review_id: int, data: bytes) -> None:
        """An edited table goes onto the review it was made from."""
        upload = session.get_one(Upload, upload_id)
        review = session.get(Review, review_id)
        if review is None or review.state != ReviewState.OPEN:
            raise IntakeError(f"bản soát {review_id} đã đóng; hãy gửi lại tệp văn bản gốc")
        if review.person_id != upload.person_id:
            raise IntakeError(
                f"bản soát {review_id} đang do {reviews.holder(session, review)} giữ; "
                f"gõ “/nhap {review_id}” để nhận rồi gửi lại bảng"
            )
        before = Board.load(review.source, review.terms)
        after = before.with_source(read_sheet(data, before.remaining()))
        if not reviews.finish(session, upload_id, UploadState.READ):
            return
        keep_board(session, review, before, after, self._clock())
        draft = draft_in(session, after.remaining(), after.order(terms_of(self._desk)))
        announce_review(
            session, self._desk, review, after, draft,
            contact_id=upload.contact_id, key=f"upload:{upload.id}:sheet", now=self._clock(),
        )  # fmt: skip


def _next(session: Session, now: datetime) -> int | None:
    upload = reviews.next_upload(session, now)
    return upload.id if upload is not None else None


def _begin(session: Session, upload_id: int) -> tuple[Upload, Contact]:
    upload = reviews.begin_upload(session, upload_id)
    contact = session.get_one(Contact, upload.contact_id)
    session.expunge(contact)
    return upload, contact


def _name(source: Source, upload: Upload) -> str:
    """What a review is called in lists: the directive's number or subject, else its file."""
    head = source.head
    kind = head.kind or "Văn bản"
    if head.number and not head.number.startswith(BLANK):
        return f"{kind} số {head.number}"
    if head.subject:
        return f"{kind}: {head.subject}"
    return upload.name or f"{kind} dán lúc {local(upload.at):%H:%M ngày %d/%m}"


def _is_of(review: Review, source: Source) -> bool:
    return Source.from_json(review.source).digest == source.digest


def _understand(upload: Upload, data: bytes, directory: Directory, progress: _Progress) -> Source:
    """What the bytes say. Raises IntakeError. Runs in a thread; touches nothing shared."""
    if not upload.ref:
        return source_of(read_pasted(data.decode()), "văn bản dán", directory, local_day(upload.at))
    with tempfile.TemporaryDirectory(prefix="dondoc-") as folder:
        path = Path(folder) / files.clean_name(upload.name)
        path.write_bytes(data)
        return read_source(
            path, directory, local_day(upload.at), options=Options(progress=progress)
        )
