"""What the rules ask of the key that lives outside the database (law 11). `bot/vault.py` keeps it."""

from __future__ import annotations

from typing import Protocol


class Vault(Protocol):
    """Seals chat addresses and recognises owners; without the key neither can be undone."""

    def seal(self, chat_id: int, context: str) -> bytes:
        """The address encrypted and bound to its context: moved elsewhere it no longer opens."""

    def open(self, sealed: bytes, context: str) -> int:
        """The address again. Raises ValueError for another key or another context."""

    def tag(self, purpose: str, *parts: int | str) -> str:
        """A keyed fingerprint: the same parts give the same tag, and nobody without the key can compute it."""
