"""The way to the database, and the only place that commits.

`transaction()` is the unit of work: everything inside it is kept together or not at all (law 2). SQLite gets what its
defaults lack (law 12): a write-ahead log that is synced at every commit, foreign keys, deleted words overwritten, and
`BEGIN IMMEDIATE`, because a transaction that reads first and writes later would otherwise lose other people's updates.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Select, bindparam, event, make_url, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import NoResultFound, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Mapper, Session, class_mapper

from models.sqlite import DRIVER, connect

BUSY_SECONDS = 10.0
"""How long a writer waits for another process that holds the SQLite file before giving up."""


def driver_url(url: str) -> URL:
    """The SQLAlchemy address for a `sqlite:///…` or `postgresql://…` address as written in config.toml.

    Raises ValueError for any other engine.
    """
    parsed = make_url(url)
    name = parsed.get_backend_name()
    if name == "sqlite":
        return parsed.set(drivername=DRIVER)
    if name == "postgresql":
        return parsed.set(drivername="postgresql+asyncpg")
    raise ValueError(f"database engine {name!r} is neither sqlite nor postgresql")


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
        held = self.sync_session.identity_map.get(mapper.identity_key_from_primary_key(key))
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
    """The same for SQLite, whose driver never waits (`models/sqlite.py`): once it has its connection it needs no
    greenlet to wait in, and making one for every statement took as long as the statement.
    """

    async def execute(self, statement: Any, params: Any = None, **how: Any) -> Any:
        return self.sync_session.execute(statement, params, **how)

    async def scalar(self, statement: Any, params: Any = None, **how: Any) -> Any:
        return self.sync_session.scalar(statement, params, **how)

    async def scalars(self, statement: Any, params: Any = None, **how: Any) -> Any:
        return self.sync_session.scalars(statement, params, **how)

    async def flush(self, objects: Any = None) -> None:
        self.sync_session.flush(objects)

    async def commit(self) -> None:
        self.sync_session.commit()

    async def rollback(self) -> None:
        self.sync_session.rollback()


class Database:
    """One engine and its sessions. Make it with `Database.open`, end it with `close`."""

    def __init__(self, url: str) -> None:
        self.url = driver_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = self._engine()
        self._sessions = async_sessionmaker(
            self.engine,
            class_=AskingInLoop if self.is_sqlite else Asking,
            expire_on_commit=False,
            autoflush=True,
            sync_session_class=Remembering,
        )
        # SQLite has one writer. Waiting for it inside sqlite3 would hold the whole event loop, so tasks queue here.
        self._writer = asyncio.Lock()

    def _engine(self) -> AsyncEngine:
        if not self.is_sqlite:
            return create_async_engine(self.url, pool_size=10, max_overflow=10, pool_pre_ping=True)
        path = Path(self.url.database or "")
        engine = create_async_engine(self.url, creator=lambda: connect(path), pool_size=10, max_overflow=10)
        # The driver's own implicit BEGIN is switched off in connect; this one says which kind it is.
        event.listen(engine.sync_engine, "begin", _begin)
        return engine

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose work commits when the block ends well and is undone when it raises.

        Raises OperationalError when the database cannot be written within `BUSY_SECONDS`.
        """
        async with contextlib.AsyncExitStack() as stack:
            if self.is_sqlite:
                await stack.enter_async_context(self._writer)
            session = await stack.enter_async_context(self._sessions())
            await self._begin_writing(session)
            try:
                yield session
                await session.commit()
            except BaseException:
                await session.rollback()
                raise

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that only reads: it never waits for the writer, and what it changes is thrown away."""
        async with self._sessions() as session:
            await session.connection()
            try:
                yield session
            finally:
                # What was read stays readable after the session has ended.
                session.expunge_all()
                await session.rollback()

    async def _begin_writing(self, session: AsyncSession) -> None:
        if not self.is_sqlite:
            await session.connection()
            return
        waited, pause = 0.0, 0.002
        while True:
            try:
                await session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
                return
            except OperationalError as error:
                if "locked" not in str(error.orig) or waited >= BUSY_SECONDS:
                    raise
                # Another process writes. The loop goes on meanwhile.
                await session.rollback()
                await asyncio.sleep(pause)
                waited, pause = waited + pause, min(pause * 2, 0.1)

    async def close(self) -> None:
        """Give every connection back; SQLite folds its log into the file."""
        await self.engine.dispose()


def _begin(connection: Any) -> None:
    kind = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {kind}")
