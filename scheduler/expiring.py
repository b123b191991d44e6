"""What should be gone by now is gone: before anybody works with a database that comes out of a backup, and again at
every start, should somebody have put an old file there by hand.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import update

from models import access, casework, erasures, forgetting, inbox, mutes, people
from models.database import Database
from models.erasures import Erased
from models.house import House
from models.people import Grant, Person
from models.union import comments
from scheduler.jobs import deadlines

log = structlog.get_logger()


async def expire(database: Database, house: House, now: datetime) -> None:
    """Destroy what has an end by itself: keys to anonymous students, reports, mutes, comments, what was set aside."""
    await deadlines.destroy_keys(database, house, now)
    async with database.transaction() as session:
        await forgetting.part_due(session, now)
        await casework.destroy_old(session, house, now)
        await mutes.forget_over(session, now)
        await comments.leave(session, house, now)
        await inbox.give_up(session, now - inbox.ASIDE_FOR)
        await access.forget_old_tries(session, now)


async def catch_up(database: Database, erased: Erased, bot_id: int, house: House, now: datetime) -> int:
    """Forget again whoever was forgotten according to this list and not according to the database. Returns how many
    of them it knew.
    """
    count = 0
    async with database.reading() as session:
        known = await erasures.all_of(session)
    missing = {number: what for number, what in erased.items() if number not in known}
    if not missing:
        return 0
    tags = {tag for tag, _ in missing.values()}
    async with database.transaction() as session:
        everybody = (await session.execute(Person.__table__.select())).all()
        theirs = [row.telegram_id for row in everybody if erasures.tag_of(row.telegram_id, house.vault) in tags]
        for telegram_id in theirs:
            # They held no role any more when they asked to be forgotten.
            await session.execute(
                update(Grant)
                .where(Grant.telegram_id == telegram_id, Grant.taken_back_at.is_(None))
                .values(taken_back_at=now)
            )
            person = await people.by_telegram_id(session, telegram_id)
            assert person is not None
            await forgetting.forget(session, person, bot_id, house, now, again=True)
            count += 1
        await erasures.remember(session, missing)
    if count:
        log.warning("people who had been forgotten were in the database again and are forgotten", count=count)
    return count


async def catch_up_with(path: Path, database: Database, bot_id: int, house: House, now: datetime) -> None:
    """The same with the file beside the database, at a start."""
    try:
        erased = erasures.read(path)
    except (erasures.Unreadable, OSError) as error:
        log.error("the list of erasures cannot be read", file=str(path), why=type(error).__name__)
        return
    await catch_up(database, erased, bot_id, house, now)


async def list_erased(path: Path, database: Database, now: datetime) -> None:
    """Bring the file up to date with what the database remembers."""
    async with database.transaction() as session:
        await erasures.drop_old(session, now)
        known = await erasures.all_of(session)
    try:
        written = erasures.read(path)
    except erasures.Unreadable:
        # It may name somebody whom this database, put there by hand, does not know to have been forgotten.
        kept, written = erasures.set_aside(path), {}
        log.error("the list of erasures cannot be read; it is kept, and written anew", kept=str(kept))
    # Nobody, too, is written down: a restore must tell an empty list from one that is lost.
    if known != written or not erasures.is_there(path):
        erasures.write(path, known)
