"""Questions that are asked about one thing at a time, and about many at once by whoever knows that they will be asked.

The courier draws twenty letters in one transaction; each asks for its ticket's words, its requesters, its card. A
`Question` lets it fetch all of them together before, while what draws one letter goes on asking as if it were alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from models.base import Base

T = TypeVar("T")
_FRESH = {"populate_existing": True}


class Question(Generic[T]):
    """The rows of a statement that have this key; a row carries the key under its own name.

    The answers given beforehand hold for the session in which they were asked for.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]], key: InstrumentedAttribute[Any]) -> None:
        # Made once: making a statement takes longer than asking it.
        self._one = statement.where(key == bindparam("key"))
        self._many = statement.where(key.in_(bindparam("keys", expanding=True)))
        self._key = key.key
        self._single = len(statement.column_descriptions) == 1

    async def about(self, session: AsyncSession, key: Any) -> list[T]:
        """The rows with this key."""
        known = session.info.get(self)
        if known is not None and key in known:
            return list(known[key])
        result = await session.execute(self._one, {"key": key})
        return cast(list[T], list(result.scalars() if self._single else result))

    async def about_all(self, session: AsyncSession, keys: Iterable[Any]) -> list[T]:
        """The rows with any of these keys, as they are now; until the session ends `about` answers from them."""
        wanted = set(keys)
        if not wanted:
            return []
        result = await session.execute(self._many, {"keys": sorted(wanted)}, execution_options=_FRESH)
        rows: list[Any] = list(result.scalars() if self._single else result)
        known = session.info.setdefault(self, {})
        known.update((key, []) for key in wanted)
        for row in rows:
            known[getattr(row, self._key)].append(row)
        return cast(list[T], rows)


_BY_NUMBER: dict[type[Base], Select[Any]] = {}


async def fetch(session: AsyncSession, entity: type[Base], keys: Iterable[Any]) -> list[Any]:
    """The rows of a table with these numbers, as they are now; asking for one of them again is no question."""
    wanted = set(keys)
    if not wanted:
        return []
    statement = _BY_NUMBER.get(entity)
    if statement is None:
        table: Any = entity
        statement = select(entity).where(table.id.in_(bindparam("numbers", expanding=True)))
        _BY_NUMBER[entity] = statement
    return list(await session.scalars(statement, {"numbers": sorted(wanted)}, execution_options=_FRESH))
