"""Many rows by one statement, at the driver's own pace.

SQLAlchemy converts and names every value of every row, which for a row of ten columns costs more
than SQLite's insert itself. Here the statement is compiled once, each column's values are converted
together (the same few moments and states come again and again), and the driver takes the rows as
they are.
"""

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import Insert

# Fewer rows than this are not worth a compilation of their own.
WORTHWHILE = 64
_COUNTED = {"preserve_rowcount": True}


def insert_rows(connection: Connection, statement: Insert, rows: Sequence[dict[str, Any]]) -> int:
    """Run an insert for each row; return how many rows it wrote. Every row has the first one's
    columns."""
    if len(rows) >= WORTHWHILE and connection.dialect.paramstyle == "qmark":
        compiled = statement.compile(dialect=connection.dialect, column_keys=list(rows[0]))
        # Defaults worked out row by row are SQLAlchemy's to fill in.
        if isinstance(compiled, SQLCompiler) and not compiled.insert_prefetch:
            return _at_once(connection, compiled, rows)
    return connection.execute(statement, rows, execution_options=_COUNTED).rowcount


def _at_once(connection: Connection, compiled: SQLCompiler, rows: Sequence[dict[str, Any]]) -> int:
    columns = [
        _column(name, compiled, connection.dialect, rows) for name in compiled.positiontup or ()
    ]
    values = list(zip(*columns, strict=False))
    sql = str(compiled)
    return connection.exec_driver_sql(sql, values, execution_options=_COUNTED).rowcount


def _column(
    name: str, compiled: SQLCompiler, dialect: Dialect, rows: Sequence[dict[str, Any]]
) -> Iterable[Any]:
    """One bound value of every row as the driver takes it; what is not the rows' own is the
    statement's."""
    convert = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
    if name not in rows[0]:
        fixed = compiled.params[name]
        return repeat(fixed if convert is None else convert(fixed))
    given = [row[name] for row in rows]
    if convert is None:
        return given
    known = {value: convert(value) for value in set(given)}
    return [known[value] for value in given]
