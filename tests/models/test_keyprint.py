"""The database knows the key it was made with, and nobody works with it under another one."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import Table, select, update

from bot.vault import KeyVault
from models import audit, keyprint, seals
from models.database import Database
from models.keyprint import Keyprint, Unfinished, WrongKey
from tests.house import HOUSE

OTHER = KeyVault(bytes(32))


async def test_under_another_key_nothing_is_done_with_a_database(database: Database) -> None:
    async with database.transaction() as session:
        await keyprint.keep(session, HOUSE.vault)
        await keyprint.keep(session, HOUSE.vault)
    async with database.reading() as session:
        await keyprint.must_fit(session, HOUSE.vault)
        with pytest.raises(WrongKey):
            await keyprint.must_fit(session, OTHER)
        (kept,) = await session.scalars(select(Keyprint.tag))
    assert kept == keyprint.print_of(HOUSE.vault)


@pytest.mark.parametrize("entries", [1, 2])
async def test_the_records_know_the_key_of_a_database_from_before(
    database: Database, now: datetime, entries: int
) -> None:
    async with database.transaction() as session:
        for _ in range(entries):
            await audit.record(session, "blocked", now)
        assert await seals.seal(session, HOUSE.vault) == entries
    with pytest.raises(WrongKey):
        async with database.transaction() as session:
            await keyprint.keep(session, OTHER)
    async with database.transaction() as session:
        await keyprint.keep(session, HOUSE.vault)


async def test_half_a_restore_is_worked_with_by_nobody(database: Database) -> None:
    async with database.transaction() as session:
        await keyprint.keep(session, HOUSE.vault)
        await session.execute(update(Keyprint).values(restoring=True))
    async with database.reading() as session:
        with pytest.raises(Unfinished):
            await keyprint.must_fit(session, HOUSE.vault)
    async with database.transaction() as session:
        await keyprint.gone_through(session)
        await keyprint.must_fit(session, HOUSE.vault)


async def test_an_empty_database_fits_every_key_until_it_has_the_print_of_one(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    table = Keyprint.__table__
    assert isinstance(table, Table)
    async with database.transaction() as session:
        for vault in (HOUSE.vault, OTHER):
            await keyprint.must_fit(session, vault)
        await session.run_sync(lambda s: table.create(s.connection()))
        for vault in (HOUSE.vault, OTHER):
            await keyprint.must_fit(session, vault)
        await keyprint.keep(session, OTHER)
        with pytest.raises(WrongKey):
            await keyprint.must_fit(session, HOUSE.vault)
    await database.close()
