"""aiogram's conversation states, kept in the transaction that is open anyway (law 2).

aiogram asks a storage for state and data without knowing of our session, so the session is found where what is said
is caught too. If the transaction is undone, the state is undone with everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from aiogram.fsm.state import State
from aiogram.fsm.storage.base import DEFAULT_DESTINY, BaseStorage, DefaultKeyBuilder, StorageKey

from bot.outgoing import speaking
from models import conversations
from models.conversations import Standing
from models.vault import Vault

_keys = DefaultKeyBuilder(prefix="chat", with_bot_id=True)


def _name(key: StorageKey) -> str:
    """The name of a conversation, or of what is kept beside it."""
    name = _keys.build(replace(key, destiny=DEFAULT_DESTINY))
    return name if key.destiny == DEFAULT_DESTINY else conversations.beside(name, key.destiny)


class Conversations(BaseStorage):
    """One row a conversation; no row for those who are in none."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def _find(self, key: StorageKey) -> Standing:
        session, name = speaking.get().session, _name(key)
        known: dict[str, Standing] = session.info.setdefault("conversations", {})
        if name not in known:
            # aiogram asks several times an update.
            known[name] = await conversations.read(session, name, self._vault)
        return known[name]

    async def _change(self, key: StorageKey, after: Standing) -> None:
        mouth, name = speaking.get(), _name(key)
        await conversations.write(mouth.session, name, await self._find(key), after, self._vault, mouth.now)
        mouth.session.info["conversations"][name] = after

    async def set_state(self, key: StorageKey, state: str | State | None = None) -> None:
        name = state.state if isinstance(state, State) else state
        await self._change(key, (await self._find(key))._replace(state=name))

    async def get_state(self, key: StorageKey) -> str | None:
        return (await self._find(key)).state

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        await self._change(key, (await self._find(key))._replace(data=deepcopy(dict(data))))

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        return deepcopy((await self._find(key)).data)

    async def close(self) -> None:
        """Nothing of its own is open."""
