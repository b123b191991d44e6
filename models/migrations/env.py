"""Alembic runs this for every step; the connection comes from `models.migrations`, inside its transaction."""

from __future__ import annotations

from alembic import context

from models import tables  # noqa: F401  (every table must be known)
from models.base import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite changes a column only by making the table anew.
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    transactional_ddl=False,
)
context.run_migrations()
