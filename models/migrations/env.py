"""Alembic runs this for every step; the connection comes from `models.migrations`, inside its transaction."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from models import tables  # noqa: F401  (every table must be known)
from models.base import Base, Json, Key, Moment


def render(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Our own column types by their names, so that a migration reads like the table it makes."""
    if kind == "type":
        for column, name in ((Key, "Key"), (Json, "Json")):
            if type(item) is type(column) and bool(item._variant_mapping):
                return name
        if isinstance(item, Moment):
            return "Moment()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite changes a column only by making the table anew.
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    render_item=render,
    transactional_ddl=False,
)
context.run_migrations()
