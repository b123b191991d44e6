"""Which key a database was made with. Under another one the campus code, the posters and everything sealed would fit
nothing, and none of it would look wrong: so the database holds a keyed print of its key, made at the first start, and
whoever opens both asks here first.

A database from before there were prints is asked whether its records are sealed with this key.
"""

from __future__ import annotations

from sqlalchemy import inspect, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import seals
from models.base import Base
from models.vault import Vault

ONLY = 1


class Keyprint(Base):
    """The one row of its table."""

    __tablename__ = "keyprint"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tag: Mapped[str]
    restoring: Mapped[bool] = mapped_column(default=False)
    """What a backup had is here and has not been gone through yet: nobody works with it before that."""


class WrongKey(Exception):
    """The database was made with another key."""


class Unfinished(Exception):
    """A restore was interrupted before what it brought was gone through."""


def print_of(vault: Vault) -> str:
    """The print of a key: it can be compared, and nothing follows from it."""
    return vault.tag("keyprint")


async def must_fit(session: AsyncSession, vault: Vault) -> None:
    """Raise WrongKey where the database was made with another key, and Unfinished after half a restore; a database
    of any age, also an empty one. Changes nothing.
    """
    there = set(await session.run_sync(lambda s: inspect(s.connection()).get_table_names()))
    kept = None
    if Keyprint.__tablename__ in there:
        kept = (await session.execute(select(Keyprint.tag, Keyprint.restoring))).first()
    if kept is None:
        if seals.Link.__tablename__ in there and await seals.fits(session, vault) is False:
            raise WrongKey
        return
    if kept.tag != print_of(vault):
        raise WrongKey
    if kept.restoring:
        raise Unfinished


async def keep(session: AsyncSession, vault: Vault) -> None:
    """Keep the print of the key where there is none yet. Raises as `must_fit` does."""
    await must_fit(session, vault)
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = {"id": ONLY, "tag": print_of(vault), "restoring": False}
    # Two programs may start at once.
    await session.execute(insert(Keyprint).values(row).on_conflict_do_nothing(index_elements=["id"]))


async def gone_through(session: AsyncSession) -> None:
    """What a restore brought may be worked with."""
    await session.execute(update(Keyprint).values(restoring=False))
