"""So many tickets a day, counted without knowing whose the anonymous ones are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from models import asking, limits, merging, requesters, words
from models.database import Database
from models.errors import Refusal
from tests.house import HOUSE, draft, furnish, staff, student


async def test_somebody_files_so_many_tickets_a_day_with_name_and_without(database: Database, now: datetime) -> None:
    house, minute = replace(HOUSE, tickets_a_day=3), timedelta(minutes=1)
    async with database.transaction() as session:
        await furnish(session)
        alice, bob, wang = await student(session), await student(session, 2, "Bob"), await staff(session)

        async def files(who: object, at: datetime, **how: object) -> object:
            return await asking.file(session, draft(f"It drips since {at}", **how), who, house, at)  # type: ignore[arg-type]

        first = await files(alice, now, anonymous=True)
        theirs = [await files(bob, now + n * minute, anonymous=n < 3) for n in range(1, 4)]
        await asking.join(session, theirs[0], alice, "e1", house, now + 4 * minute)  # type: ignore[arg-type]
        second = await files(alice, now + 5 * minute)
        (place,) = await requesters.waiting.about(session, first.id)  # type: ignore[attr-defined]
        told = [({"type": "text", "text": "And the lamp is broken"}, (10_001, 9))]
        await asking.add(session, first, place, told, HOUSE, now + 6 * minute)  # type: ignore[arg-type]
        said = (await words.said.about(session, first.id))[-1]  # type: ignore[attr-defined]
        await merging.split(session, said, wang, HOUSE, now + 7 * minute)
        await files(alice, now + 8 * minute, anonymous=True)
        (mine,) = await requesters.waiting.about(session, second.id)  # type: ignore[attr-defined]
        await asking.withdraw(session, second, mine, now + 9 * minute)  # type: ignore[arg-type]
        for anonymous in (True, False):
            with pytest.raises(Refusal) as refused:
                await files(alice, now + 10 * minute, anonymous=anonymous)
            assert refused.value.key == "limit.tickets"
            assert refused.value.params == {"most": 3, "until": now + limits.A_DAY + minute}
        with pytest.raises(Refusal, match=r"limit\.tickets"):
            await files(bob, now + 10 * minute)
        await asking.file(session, draft(), None, house, now + 10 * minute)
        await files(alice, now + limits.A_DAY + minute)
        with pytest.raises(Refusal, match=r"limit\.tickets"):
            await files(alice, now + limits.A_DAY + 2 * minute)
