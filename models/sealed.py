"""What in the outbox says neither what it is about nor what it says: its payload is sealed.

Two kinds of row:

- a letter, for reports about staff. The row tells that something leaves for a chat, or, where it has no chat, not even
  that: whom it is for stands inside, as the number of a case whose own sealed address the courier opens
  (`cases.addressee`);
- a method with its parameters, for one person. The bot repeats their words before they are sent, perhaps without their
  name; in clear such a row would be both, and what was once in clear stays in old row versions and in logs.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection
from datetime import datetime
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import outbox
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.vault import Vault

LETTER = "sealed"
_CONTEXT = "letter"
_SEALED = "sealed"
STEP = 256
"""Sealed texts are filled up to a multiple of so many bytes: a length would tell a short name from a long one."""


def seal(facts: dict[str, Any], context: str, vault: Vault) -> bytes:
    """Facts as sealed bytes whose length tells little."""
    plain = json.dumps(facts, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return vault.apart("case").seal(plain.ljust(-(-len(plain) // STEP) * STEP), context)


def unseal(sealed: bytes, context: str, vault: Vault) -> dict[str, Any]:
    """The facts again."""
    plain = vault.apart("case").open(sealed, context)
    return cast(dict[str, Any], json.loads(plain.decode("utf-8", "surrogatepass")))


async def post(
    session: AsyncSession,
    facts: dict[str, Any],
    vault: Vault,
    now: datetime,
    *,
    chat_id: int | None = None,
    lane: Lane = Lane.ANSWER,
    repeat: Repeat = Repeat.NUMBERED,
    dedupe: str | None = None,
) -> None:
    """Write a letter; without a chat it is for the reporter of the case that the facts name."""
    await outbox.post(
        session,
        now=now,
        lane=lane,
        repeat=repeat,
        chat_id=chat_id,
        letter=LETTER,
        payload=_closed(facts, _CONTEXT, vault),
        dedupe=dedupe,
    )


def facts_of(row: Outgoing, vault: Vault) -> dict[str, Any]:
    """What a letter of this kind is about."""
    return _opened(row, _CONTEXT, vault)


def in_private(params: dict[str, Any], chat_id: int, vault: Vault) -> dict[str, Any]:
    """The payload of a row that says something by a method to one person; it opens for that chat only."""
    return _closed(params, _said_to(chat_id), vault)


def params_of(row: Outgoing, vault: Vault) -> dict[str, Any]:
    """The parameters of a row's method, but for its chat."""
    payload = row.payload or {}
    if _SEALED not in payload:
        return {name: value for name, value in payload.items() if name not in outbox.MARKS}
    assert row.chat_id is not None, "what is sealed for a chat is on its way to it"
    return _opened(row, _said_to(row.chat_id), vault)


def _said_to(chat_id: int) -> str:
    return f"said to {chat_id}"


def _closed(facts: dict[str, Any], context: str, vault: Vault) -> dict[str, Any]:
    return {_SEALED: base64.b64encode(seal(facts, context, vault)).decode()}


def _opened(row: Outgoing, context: str, vault: Vault) -> dict[str, Any]:
    return unseal(base64.b64decode((row.payload or {})[_SEALED]), context, vault)


async def drop(session: AsyncSession, cases: Collection[int], vault: Vault, *, to_reporters: bool = False) -> None:
    """What has not got through about these cases is not said any more; with `to_reporters` only what is for them."""
    query = select(Outgoing).where(
        Outgoing.letter == LETTER, Outgoing.state.in_([Sending.DUE, Sending.FAILED, Sending.UNKNOWN])
    )
    for row in await session.scalars(query.where(Outgoing.chat_id.is_(None)) if to_reporters else query):
        if row.payload is not None and facts_of(row, vault).get("case") in cases:
            row.state = Sending.SUPERSEDED
            outbox.forget(row)
