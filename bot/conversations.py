"""aiogram's conversation states, kept in the transaction that is open anyway (law 2).

aiogram asks a storage for state and data without knowing of our session, so the session is found through a context
variable. If the transaction is undone, the state is undone with everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseStorage, DefaultKeyBuilder, StorageKey
from sqlalchemy.ext.asyncio import AsyncSession

from models.conversations import Conversation

open_session: ContextVar[AsyncSession] = ContextVar("open_session")
"""The session of the update that is being handled."""

_keys = DefaultKeyBuilder(prefix="chat", with_bot_id=True)


class Conversations(BaseStorage):
    """One row a conversation; no row for those who are in none."""

    async def _find(self, key: StorageKey) -> Conversation | None:
        session, name = open_session.get(), _keys.build(key)
        known: dict[str, Conversation | None] = session.info.setdefault("conversations", {})
        if name not in known:
            # aiogram asks several times an update; that there is none is worth remembering too.
            known[name] = await session.get(Conversation, name)
        return known[name]

    async def _change(self, key: StorageKey, *, state: str | None, data: dict[str, Any]) -> None:
        session = open_session.get()
        row = await self._find(key)
        if state is None and not data:
            if row is not None:
                await session.delete(row)
                await session.flush()
                session.info["conversations"][row.key] = None
            return
        if row is None:
            row = Conversation(key=_keys.build(key), state=state, data=data)
            session.add(row)
            session.info["conversations"][row.key] = row
            await session.flush()
            return
        row.state, row.data = state, data

    async def set_state(self, key: StorageKey, state: str | State | None = None) -> None:
        row = await self._find(key)
        name = state.state if isinstance(state, State) else state
        await self._change(key, state=name, data=dict(row.data) if row else {})

    async def get_state(self, key: StorageKey) -> str | None:
        row = await self._find(key)
        return row.state if row else None

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        row = await self._find(key)
        await self._change(key, state=row.state if row else None, data=dict(data))

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        row = await self._find(key)
        return dict(row.data) if row else {}

    async def close(self) -> None:
        """Nothing of its own is open."""
