"""Moving a whole installation from an SQLite file to an empty PostgreSQL database.

One transaction at the target: either every row is there and has been compared, or nothing is. The
source is only read.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, Table, bindparam, func, inspect, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

import registry.tables  # noqa: F401 -- fills the metadata
from registry.database import Database, DatabaseTrouble
from registry.migrations import HEAD

ROWS = 1000
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Moved:
    """One table: how many rows, and the digest that is the same on both sides."""

    table: str
    rows: int
    digest: str


def _silent(_table: str, _done: int, _whole: int) -> None:
    """Nobody watches."""


def move(
    source: Database, target: Database, now: datetime, told: Progress = _silent
) -> list[Moved]:
    """Copy every row, set the sequences, compare. `told`: table, tables done, tables in all.

    Raises DatabaseTrouble: the source is of another version, the target is not an empty PostgreSQL
    schema, a row cannot be taken, or something arrived otherwise than it left. At most empty
    tables have been made at the target then.
    """
    _check_source(source)
    _check_target(target)
    target.migrate(now)
    return source.read_now(lambda old: target.write_now(_copy, old, told))


def _check_source(source: Database) -> None:
    found = source.revision()
    if not source.sqlite or found is None:
        raise DatabaseTrouble("Chỉ chuyển được từ cơ sở dữ liệu SQLite đang dùng của dondoc.")
    if found != HEAD:
        raise DatabaseTrouble(
            f"Cơ sở dữ liệu đang dùng còn ở lược đồ {found}; hãy chạy dondoc doctor một lần để "
            "nâng cấp (có tự sao lưu), rồi chuyển lại."
        )


def _check_target(target: Database) -> None:
    if target.sqlite:
        raise DatabaseTrouble("Chỉ chuyển sang PostgreSQL: postgresql+psycopg://…")
    found = target.revision()
    if found not in (None, HEAD):
        raise DatabaseTrouble("Cơ sở dữ liệu đích thuộc một phiên bản dondoc khác.")
    full = target.read_now(_first_full)
    if full:
        raise DatabaseTrouble(
            f"Cơ sở dữ liệu đích không trống (bảng {full}); hãy tạo một cơ sở dữ liệu mới."
        )


def _first_full(session: Session) -> str:
    """A table with rows in it, or one that is not ours; "" for an empty schema."""
    ours = SQLModel.metadata.tables
    for name in inspect(session.connection()).get_table_names():
        if name == "alembic_version":
            continue
        if name not in ours or session.execute(select(ours[name]).limit(1)).first() is not None:
            return name
    return ""


def _copy(new: Session, old: Session, told: Progress) -> list[Moved]:
    # A table of millions is compared for longer than a process may otherwise hold the pen.
    for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
        new.execute(text(f"SET LOCAL {limit} = 0"))
    tables = SQLModel.metadata.sorted_tables
    late: dict[str, Sequence[str]] = {}
    # What the triggers would add up and note is copied as it stands, or it would count twice.
    _triggers(new, "DISABLE")
    for done, table in enumerate(tables):
        told(table.name, done, 2 * len(tables))
        late[table.name] = _late(table, set(tables[:done]))
        _insert(new, old, table, late[table.name])
    for table in tables:
        _point(new, old, table, late[table.name])
        _set_sequence(new, table)
    _triggers(new, "ENABLE")
    moved = []
    for done, table in enumerate(tables, start=len(tables)):
        told(table.name, done, 2 * len(tables))
        moved.append(_compare(new, old, table))
    return moved


def _triggers(new: Session, order: str) -> None:
    for table in SQLModel.metadata.sorted_tables:
        new.execute(text(f"ALTER TABLE {table.name} {order} TRIGGER USER"))


def _late(table: Table, there: set[Table]) -> Sequence[str]:
    """The columns that name rows which are not there yet: of the table itself, or a later one."""
    return [
        key.parent.name
        for key in table.foreign_keys
        if key.column.table not in there and key.parent.nullable
    ]


def _rows(session: Session, table: Table) -> Iterator[Sequence[RowMapping]]:
    query = select(table).order_by(*table.primary_key.columns)
    found = session.execute(query, execution_options={"yield_per": ROWS})
    yield from found.mappings().partitions(ROWS)


def _insert(new: Session, old: Session, table: Table, late: Sequence[str]) -> None:
    blank = dict.fromkeys(late)
    for part in _rows(old, table):
        try:
            new.connection().execute(table.insert(), [{**row, **blank} for row in part])
        except DBAPIError as error:
            first = next(iter(part[0].values()))
            raise DatabaseTrouble(
                f"PostgreSQL không nhận một dòng của bảng {table.name} (từ {first!r}): "
                f"{type(error.orig).__name__}. Chưa chuyển gì."
            ) from None


def _point(new: Session, old: Session, table: Table, late: Sequence[str]) -> None:
    """Fill in what could not be there when the rows came."""
    for name in late:
        column = table.c[name]
        (key,) = table.primary_key.columns
        query = select(key.label("row"), column.label("value")).where(column.is_not(None))
        rows = [{"row": row, "value": value} for row, value in old.execute(query)]
        if rows:
            change = update(table).where(key == bindparam("row")).values({name: bindparam("value")})
            new.connection().execute(change, rows)


def _set_sequence(new: Session, table: Table) -> None:
    """The next row gets a number nobody has."""
    column = table.autoincrement_column
    if column is None:
        return
    highest = new.execute(select(func.max(column))).scalar_one()
    if highest is not None:
        sequence = text("SELECT setval(pg_get_serial_sequence(:table, :column), :highest)")
        given = {"table": table.name, "column": column.name, "highest": highest}
        new.execute(sequence, given)


def _compare(new: Session, old: Session, table: Table) -> Moved:
    left, arrived = _digest(old, table), _digest(new, table)
    if left != arrived:
        raise DatabaseTrouble(
            f"Bảng {table.name} sang bên kia không giống bản gốc ({left.rows} và {arrived.rows} "
            "dòng). Chưa chuyển gì."
        )
    return left


def _digest(session: Session, table: Table) -> Moved:
    """Every value of every row, whatever the order: the engines sort letters each in its own way.
    The rows' own digests are sorted, so that a table need not fit in memory."""
    marks = sorted(
        hashlib.sha256(repr(tuple(row.values())).encode()).digest()
        for part in _rows(session, table)
        for row in part
    )
    return Moved(table.name, len(marks), hashlib.sha256(b"".join(marks)).hexdigest())
