"""`unionbot code`: the campus code, shown or changed at the machine."""

from __future__ import annotations

from datetime import timedelta

from bot.settings import Settings
from bot.toolbox import utcnow
from bot.vault import KeyVault
from models import access, tables  # noqa: F401  (what is recorded points at every table)
from models.database import Database


async def shown(settings: Settings, *, new: bool, keep: timedelta) -> str:
    """What to tell the operator; with `new` there is another code from now on, and the old one opens for `keep`."""
    vault, now = KeyVault(settings.key_bytes()), utcnow()
    database = Database(settings.database.url)
    try:
        async with database.transaction() as session:
            row = await access.rotate(session, now, None, keep) if new else await access.newest(session, now)
            code, since = access.campus_code(row.id, vault), row.begun_at.astimezone(settings.timezone)
    finally:
        await database.close()
    lines = [f"{code}  (since {since:%Y-%m-%d %H:%M})"]
    if new:
        lines.append(f"the one before opens for {keep.days} more days; print the posters anew: unionbot posters")
    if settings.access.mode is not access.Mode.CODE:
        lines.append(f'nobody is asked for it: [access] mode = "{settings.access.mode}" in config.toml')
    return "\n".join(lines)
