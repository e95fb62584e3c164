"""What it means that the database refuses a write."""

from sqlalchemy.exc import OperationalError

from registry.database import DatabaseTrouble


def cannot_store(error: BaseException) -> bool:
    """Whether the database takes nothing at all for now (disk full, locked by another, not to be
    reached), so that the same write may go well later. A write it refuses for what is in it is not
    meant."""
    return isinstance(error, OperationalError | DatabaseTrouble)
