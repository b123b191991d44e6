"""What the rules ask of the key that lives outside the database (law 11). `bot/vault.py` keeps it."""

from __future__ import annotations

from typing import Protocol


class Vault(Protocol):
    """Seals what a copy of the database must not tell and recognises owners; without the key neither can be undone."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """The bytes encrypted and bound to their context: moved elsewhere they no longer open."""

    def open(self, sealed: bytes, context: str) -> bytes:
        """The bytes again. Raises ValueError for another key or another context."""

    def apart(self, purpose: str) -> Vault:
        """The same with keys of its own: what is sealed for this purpose opens for no other."""

    def tag(self, purpose: str, *parts: int | str) -> str:
        """A keyed fingerprint: the same parts give the same tag, and nobody without the key can compute it."""
