"""Files about volunteering that name somebody: made apart from what waits, and sealed until the courier brings them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot import certificates as papers
from bot import report_cards as cards
from bot.toolbox import Toolbox
from models import outbox
from models.database import Database
from models.outbox import Lane, Repeat
from models.people import Person
from models.pictures import Picture
from models.union import certificates, report_cards


async def certificate(database: Database, toolbox: Toolbox, wanted: Picture, now: datetime) -> bytes:
    """The certificate that is wanted, as PDF. Raises whatever hinders it."""
    settings, t = toolbox.settings, toolbox.t(wanted.language)
    async with database.reading() as session:
        person = await session.get_one(Person, wanted.drawing["whose"])
        found = await certificates.of(session, wanted.drawing["certificate"], person, toolbox.house.vault)
    others = [each for each in toolbox.house.languages if each[:2] != t.language[:2]]
    beside = toolbox.t("en" if t.language != "en" and "en" in others else next(iter(others), t.language))
    return await asyncio.to_thread(papers.pdf, found, wanted.drawing["bot"], t, beside, settings, now)


async def bring(session: AsyncSession, chat_id: int, pdf: bytes, toolbox: Toolbox, now: datetime) -> None:
    """It goes to whoever asked; until then it lies sealed."""
    sealed = base64.b64encode(toolbox.house.vault.seal(pdf, "certificate")).decode()
    await outbox.post(
        session,
        now=now,
        lane=Lane.ANSWER,
        repeat=Repeat.NUMBERED,
        chat_id=chat_id,
        letter="certificate",
        payload={"sealed": sealed},
    )


async def report_card(
    database: Database, toolbox: Toolbox, number: int, wish: Mapping[str, Any]
) -> tuple[bytes | None, int]:
    """The report card of a semester, sealed as export `number`, and how many lines it has; None where it has none."""
    calendar, vault, t = toolbox.house.calendar, toolbox.house.vault, toolbox.t(wish.get("language"))
    term = next(each for each in calendar.semesters if each.name == wish["semester"])
    async with database.reading() as session:
        helped = await report_cards.helped(session, term, calendar)
        surveys = await report_cards.took_part(session, term.name)
    if not helped and not surveys:
        return None, 0
    content = await asyncio.to_thread(cards.xlsx, helped, surveys, term, vault, t, toolbox.settings)
    return vault.seal(content, f"export:{number}"), len(helped) + len(surveys)
