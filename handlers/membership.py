"""Chats that change: the bot is added or removed, a group moves, a student blocks the bot or comes back (law 8)."""

from __future__ import annotations

from datetime import datetime

from aiogram import F, Router
from aiogram.types import ChatMemberUpdated, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot.people import GROUPS
from bot.texts import Texts
from models import copies, letters, permissions, seating, stations
from models.house import House
from models.people import Person
from models.permissions import Deed
from models.stations import Station

GONE = ("left", "kicked")


def router() -> Router:
    """Membership and migration."""
    router = Router(name="membership")
    router.my_chat_member.register(in_private, F.chat.type == "private")
    router.my_chat_member.register(in_group, F.chat.type.in_(GROUPS))
    router.message.register(moved, F.migrate_to_chat_id)
    router.message.register(arrived, F.migrate_from_chat_id)
    return router


async def in_private(
    event: ChatMemberUpdated, person: Person, session: AsyncSession, house: House, now: datetime
) -> None:
    """Unblocked: what could not be delivered lately is sent after all. That somebody blocks the bot is not written
    down: the next words for them will tell.
    """
    if event.new_chat_member.status not in GONE:
        await copies.release(session, person, house.vault, now)


async def in_group(
    event: ChatMemberUpdated, station: Station | None, session: AsyncSession, now: datetime, t: Texts
) -> None:
    """Added to a group: say what to do, or leave where nobody authorised it, though not at once: it may be a desk that
    was upgraded, and the news of that stands in another chat. Removed: the office is told. At a desk its rights change:
    what could not be said there is said now.
    """
    status = event.new_chat_member.status
    if status in GONE:
        if station is not None:
            station.chat_id = None
            office = await stations.office(session)
            if office.id != station.id:
                await letters.to_station(session, office, "office.lost_chat", now, station=station.names)
        return
    if station is not None:
        # It may be that nothing got through for a while; what is there already is not brought again.
        await seating.post_open_cards(session, station, now)
    if station is not None or event.old_chat_member.status not in GONE:
        return
    if permissions.may(Deed.SETUP, await permissions.granted(session, event.from_user.id, None)):
        await event.answer(t("stranger.help"))
        return
    await letters.leave(session, event.chat.id, t.language, now)


async def moved(message: Message, session: AsyncSession, now: datetime) -> None:
    """The group became a supergroup with another id: the station sits there now, and every open card is posted anew."""
    assert message.migrate_to_chat_id is not None
    await seating.follow_chat(session, message.chat.id, message.migrate_to_chat_id, now)


async def arrived(message: Message, session: AsyncSession, now: datetime) -> None:
    """The same news, told from the other side; whichever comes first does it."""
    assert message.migrate_from_chat_id is not None
    await seating.follow_chat(session, message.migrate_from_chat_id, message.chat.id, now)
