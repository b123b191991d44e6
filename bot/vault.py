"""The key outside the database (law 11): seals the reply addresses of anonymous tickets and what people are in the
middle of saying, and recognises their owners.

One secret, `UNIONBOT_KEY`, from which every purpose gets a key of its own, so that a tag computed for one purpose says
nothing about another. Losing the key means that anonymous students can no longer be answered; a copy of the database
without it names nobody.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12


class KeyVault:
    """`models.vault.Vault` over AES-256-GCM and HMAC-SHA256."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("the key must have 32 bytes; `unionbot key` makes one")
        self._key = key
        self._cipher = AESGCM(derive(key, "address"))
        self._tags = derive(key, "tags")
        self._apart: dict[str, KeyVault] = {}

    def seal(self, plain: bytes, context: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
        except InvalidTag:
            raise ValueError("what is sealed does not open: another key, or moved to another place") from None

    def apart(self, purpose: str) -> KeyVault:
        # Kept: deriving takes longer than what is done with it.
        if purpose not in self._apart:
            self._apart[purpose] = KeyVault(derive(self._key, f"apart {purpose}"))
        return self._apart[purpose]

    def tag(self, purpose: str, *parts: int | str) -> str:
        text = "\x1f".join([purpose, *map(str, parts)])
        return hmac.digest(self._tags, text.encode(), "sha256").hex()


def derive(key: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose from the operator's key."""
    return HKDF(SHA256(), 32, salt=None, info=f"unionbot {purpose}".encode()).derive(key)


def new_key() -> str:
    """A fresh operator's key."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")


def decode_key(text: str) -> bytes:
    """The key's 32 bytes. Raises ValueError when it is none."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise ValueError("not a key")
    return raw
