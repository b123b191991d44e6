"""The sessions that `Database` gives: each row is asked for once, and on SQLite no statement waits for a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Engine, Executable, Row, Select, bindparam, event, select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapper, Session, class_mapper

T = TypeVar("T")


class Remembering(Session):
    """A session that holds what it has read until it ends, so that asking for a row again is no second question.

    SQLAlchemy's own holds weakly: a row that no variable names any more would be read anew at each `get`.
    """


@event.listens_for(Remembering, "loaded_as_persistent")
def _remember(session: Session, row: object) -> None:
    session.info.setdefault("rows", []).append(row)


class Asking(AsyncSession):
    """A session that asks for a row by its key with a statement made once a table; SQLAlchemy makes it anew."""

    _by_key: ClassVar[dict[type[Any], tuple[Mapper[Any], Select[Any]]]] = {}

    async def get(self, entity: Any, ident: Any, **how: Any) -> Any:
        """The row with this key, None when there is none."""
        if how:
            return await super().get(entity, ident, **how)
        mapper, statement = self._by_key.get(entity) or self._prepare(entity)
        key = ident if isinstance(ident, tuple) else (ident,)
        held = self.sync_session.identity_map.get((mapper.class_, key, None))
        return held if held is not None else await self.scalar(statement, {f"key_{i}": v for i, v in enumerate(key)})

    async def get_one(self, entity: Any, ident: Any, **how: Any) -> Any:
        """The row with this key. Raises NoResultFound when there is none."""
        row = await self.get(entity, ident, **how)
        if row is None:
            raise NoResultFound(f"no {entity.__name__} with this key")
        return row

    def _prepare(self, entity: type[Any]) -> tuple[Mapper[Any], Select[Any]]:
        mapper: Mapper[Any] = class_mapper(entity)
        same = (column == bindparam(f"key_{i}") for i, column in enumerate(mapper.primary_key))
        self._by_key[entity] = mapper, select(entity).where(*same)
        return self._by_key[entity]


class AskingInLoop(Asking):
    """The same for SQLite, whose driver never waits (`models/sqlite.py`): it needs no greenlet to wait in, and making
    one for every statement took as long as the statement.
    """

    def __init__(self, bind: Engine | Connection, **how: Any) -> None:
        super().__init__(**how)
        self.sync_session.bind = bind
        self._at: Connection | None = None

    @property
    def at(self) -> Connection:
        """The connection of the transaction that is open, which the session would look up anew at every statement."""
        if self._at is None:
            self._at = self.sync_session.connection()
        return self._at

    async def execute(self, statement: Any, params: Any = None, **how: Any) -> Any:
        return self.sync_session.execute(statement, params, **how)

    async def scalar(self, statement: Any, params: Any = None, **how: Any) -> Any:
        return self.sync_session.scalar(statement, params, **how)

    async def scalars(self, statement: Any, params: Any = None, **how: Any) -> Any:
        return self.sync_session.scalars(statement, params, **how)

    async def flush(self, objects: Any = None) -> None:
        self.sync_session.flush(objects)

    async def commit(self) -> None:
        self._at = None
        self.sync_session.commit()

    async def rollback(self) -> None:
        self._at = None
        self.sync_session.rollback()

    async def close(self) -> None:
        self._at = None
        self.sync_session.close()

    async def __aexit__(self, *raised: object) -> None:
        # SQLAlchemy's own closes in a task of its own, so that a cancellation cannot interrupt it; nothing waits here.
        await self.close()


async def plainly(session: AsyncSession, statement: Executable, values: Any = None) -> CursorResult[*tuple[Any, ...]]:
    """Run a statement on tables. What a session adds to one serves statements on classes; on SQLite it is left out."""
    if isinstance(session, AskingInLoop):
        return session.at.execute(statement, values)
    return cast(CursorResult[*tuple[Any, ...]], await session.execute(statement, values))


async def patiently(session: AsyncSession, statement: Executable) -> Sequence[Row[*tuple[Any, ...]]]:
    """The same for a statement that goes through very much: on SQLite it runs in a thread, with the session's own
    connection, which nobody else uses meanwhile, and the loop goes on. PostgreSQL's driver waits without holding it.
    """
    if not isinstance(session, AskingInLoop):
        return (await plainly(session, statement)).all()
    at = session.at
    return await in_thread(lambda: at.execute(statement).all())


async def in_thread(work: Callable[[], T]) -> T:
    """What a thread makes of it, which has ended when this has: whoever is cancelled gives a connection back only when
    nobody uses it.
    """

    def loudly() -> T:
        try:
            return work()
        except StopIteration as error:
            # No future can carry one: whoever waits would wait for ever.
            raise RuntimeError("an iterator ended where nobody expected it") from error

    made = asyncio.get_running_loop().run_in_executor(None, loudly)
    try:
        return await asyncio.shield(made)
    finally:
        if not made.done():
            await asyncio.wait([made])
