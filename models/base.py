"""What every table shares: the declarative base, and columns that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, ColumnElement, DateTime, Dialect, Enum, Integer, MetaData, literal_column, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, aware on both sides; SQLite, which knows no time zones, keeps it naive.

    A naive moment is refused: it would be read differently on another machine.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value


Key = BigInteger().with_variant(Integer, "sqlite")
"""A surrogate key: SQLite numbers rows by itself only when the column is called INTEGER."""

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""JSON whose absence is SQL NULL, so that "the words are gone" can be asked of the column."""


def one_of(kind: type[enum.StrEnum]) -> Enum:
    """A column that holds the values of a string enum, as words anybody can read in the database."""
    return Enum(kind, native_enum=False, length=24, values_callable=lambda members: [m.value for m in members])


def only(condition: str) -> dict[str, Any]:
    """Makes an index cover only these rows: nobody asks for those that are finished, and each would be a line in it."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def said(value: str | bool) -> ColumnElement[Any]:
    """A value written into the statement itself: behind a parameter no database sees that an index of `only` such rows
    will do.
    """
    return literal_column("true" if value is True else "false" if value is False else f"'{value}'")


class Base(DeclarativeBase):
    """The base of every table; constraints have predictable names so that migrations can drop them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Moment(), dict[str, Any]: Json, list[Any]: Json}
