"""What stands between finding the words (`compose.py`) and sending them (`deliver.py`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

from sqlmodel import Session

from registry.claiming import Batch
from registry.tables import Contact, Notice
from scheduler.channel import Message


@dataclass(frozen=True, slots=True)
class Composed:
    """What became of a batch: a message to send (or to put in place of `edit_of`) that tells
    `told`; older steps `folded` into it; notices no longer wanted; and those that must wait."""

    message: Message | None = None
    told: tuple[Notice, ...] = ()
    folded: tuple[Notice, ...] = ()
    unwanted: tuple[Notice, ...] = ()
    later: tuple[tuple[Notice, datetime], ...] = ()
    edit_of: str | None = None
    rest: tuple[Message, ...] = ()


class Words(Protocol):
    """Who finds the words: `scheduler/compose.py`."""

    def knowing(self, session: Session, batches: Sequence[Batch], now: datetime) -> Self:
        """One that has looked up at once what these batches are about. Reads only."""
        ...

    def compose(self, session: Session, batch: Batch, now: datetime) -> Composed:
        """The message for a batch, from the facts of this moment. Reads only."""
        ...

    def contact_closed(self, session: Session, contact: Contact, now: datetime) -> None:
        """Queue word for staff that a contact can no longer be reached."""
        ...
