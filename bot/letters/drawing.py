"""One outbox row being drawn: what every letter needs to know of where it goes and what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import rosters
from bot.texts import Texts
from bot.toolbox import Toolbox
from bot.untrusted import inline, lines
from models import postings, requesters, stations
from models.outbox import Outgoing
from models.people import Person
from models.requesters import Requester
from models.stations import Station
from models.tickets import Ticket

PEOPLE = {"name": 130, "names": 500}
"""Parameters that are somebody's name, or several's, and how much of it stands in a sentence: Telegram's own names have
64 letters twice.
"""


class Drawing:
    """A row, the transaction in which it is taken, and the moment; `chat_id` is where it goes, opened if sealed."""

    def __init__(self, session: AsyncSession, row: Outgoing, toolbox: Toolbox, now: datetime, chat_id: int) -> None:
        self.session, self.row, self.toolbox, self.now, self.chat_id = session, row, toolbox, now, chat_id
        self.payload: Mapping[str, Any] = row.payload or {}

    async def ticket(self) -> Ticket:
        """The ticket it is about."""
        assert self.row.ticket_id is not None
        return await self.session.get_one(Ticket, self.row.ticket_id)

    async def is_for_nobody(self) -> bool:
        """Whether it is for a station, and none sits in this chat any more: it was closed, removed or moved. Whoever is
        there now must not read it.
        """
        return self.row.requester_id is None and await stations.by_chat(self.session, self.chat_id) is None

    async def reader(self) -> tuple[Station | None, Texts]:
        """The station whose chat it is, None for a person's; and in which language they read."""
        if self.row.requester_id is None:
            station = await stations.by_chat(self.session, self.chat_id)
            if station is not None:
                return station, self.toolbox.t(station.language)
            language = await self.session.scalar(select(Person.language).where(Person.telegram_id == self.chat_id))
            return None, self.toolbox.t(language)
        requester = await self.session.get_one(Requester, self.row.requester_id)
        reached = await requesters.reach(self.session, requester, self.toolbox.house.vault)
        return None, self.toolbox.t(reached.language if reached else None)

    async def beside_the_card(self) -> dict[str, Any]:
        """Where something about a ticket goes in a station's chat: its topic, as a reply to its card."""
        if self.row.ticket_id is None:
            return {}
        card = await postings.card_of(self.session, self.row.ticket_id, self.chat_id)
        if card is None:
            return {}
        params: dict[str, Any] = {}
        if card.thread_id is not None:
            params["message_thread_id"] = card.thread_id
        if card.message_id is not None:
            params["reply_parameters"] = {"message_id": card.message_id, "allow_sending_without_reply": True}
        return params

    def param(self, name: str, value: Any, t: Texts) -> Any:
        """A parameter of a text as its reader sees it."""
        if isinstance(value, dict):
            picked = t.pick(value)
            # A title may be nothing that can be seen; where nothing was written nothing stands.
            return lines(picked) or ("—" if picked else "")
        if name in PEOPLE and isinstance(value, str):
            return inline(value, PEOPLE[name]) or "—"
        if name in rosters.PARAMS:
            return rosters.shown(name, value, t, self.now)
        if name == "level":
            return t.plain(f"card.escalated.{value}")
        if name in ("due", "since", "opens", "closes") and isinstance(value, str):
            return t.moment(datetime.fromisoformat(value), self.now)
        return value
