"""Alembic's entry: the connection comes from `Database.migrate`, never from an ini file."""

from typing import Any, Literal

from alembic import context
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import registry.tables  # noqa: F401 -- fills the metadata


def _render(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """A migration names the plain types, so that it runs when our own types have changed."""
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    render_item=_render,
)
context.run_migrations()
