"""Letters that say in the outbox neither what they are about nor what they say: their payload is sealed.

For reports about staff. A row tells that something leaves for a chat, or, where it has no chat, not even that: whom it
is for stands inside, as the number of a case whose own sealed address the courier opens (`cases.addressee`).
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
        payload={"sealed": base64.b64encode(seal(facts, _CONTEXT, vault)).decode()},
        dedupe=dedupe,
    )


def facts_of(row: Outgoing, vault: Vault) -> dict[str, Any]:
    """What a row of this kind is about."""
    return unseal(base64.b64decode((row.payload or {})["sealed"]), _CONTEXT, vault)


async def drop(session: AsyncSession, cases: Collection[int], vault: Vault, *, to_reporters: bool = False) -> None:
    """What has not got through about these cases is not said any more; with `to_reporters` only what is for them."""
    query = select(Outgoing).where(
        Outgoing.letter == LETTER, Outgoing.state.in_([Sending.DUE, Sending.FAILED, Sending.UNKNOWN])
    )
    for row in await session.scalars(query.where(Outgoing.chat_id.is_(None)) if to_reporters else query):
        if row.payload is not None and facts_of(row, vault).get("case") in cases:
            row.state = Sending.SUPERSEDED
            outbox.forget(row)
