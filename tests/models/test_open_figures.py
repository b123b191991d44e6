"""The monthly open figures: frozen once, and nothing small can be worked out of what they tell."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction

from models import answering, asking, requesters, statistics
from models.calendar import Semester
from models.database import Database
from models.figures import Rate, Share
from models.statistics import Figures
from models.union import open_figures
from models.union.open_figures import Month, freeze
from tests.house import HOUSE, draft, furnish, staff, student

AUTUMN = Semester("2026-2027-1", date(2026, 9, 7), date(2027, 1, 17))
CALENDAR = replace(HOUSE.calendar, semesters=(AUTUMN,))
TERM = replace(HOUSE, calendar=CALENDAR)
CELL = 10
DAY = timedelta(days=1)


def counted(*ratings: int) -> list[tuple[dict[str, str], Figures]]:
    """Places with so many ratings each."""
    return [({"en": f"P{n}"}, Figures(filed=of, satisfied=Share(Rate(of // 2, of)))) for n, of in enumerate(ratings)]


def played(*months: Sequence[int]) -> list[Month]:
    found: list[Month] = []
    for each in months:
        found.append(freeze(counted(*each), found, CELL))
    return found


def shown(month: Month) -> tuple[list[bool], bool, bool]:
    """Which places' satisfaction is told, and whether that of all together and of the semester so far is."""
    rows = [each.rates["satisfied"].told for each in month.places]
    return rows, month.total.rates["satisfied"].told, month.so_far.rates["satisfied"].told


def test_what_is_told_beside_what() -> None:
    plain, lonely, two, again = played((20, 12), (20, 3), (6, 7), (10, 3))
    assert shown(plain) == ([True, True], True, True)
    assert shown(lonely) == ([True, False], False, False), "all without the first would be the second"
    assert shown(two) == ([False, False], True, False), "nor may the two months together tell it"
    assert shown(again) == ([True, False], False, False), "3 and 3 of months whose sum is hidden are still few"
    assert again.so_far.rates["satisfied"].share.rate.of == 81
    # Each sum alone could be told; what has come between two of them could not.
    hidden = played((5, 6), (4, 5), (3, 0))
    assert [shown(each)[2] for each in hidden] == [True, False, True]
    assert Month.of(hidden[1].plain()) == hidden[1]


def solutions(told: Sequence[tuple[frozenset[int], bool]], cells: int) -> list[frozenset[int]]:
    """Every set of cells whose sum follows from the sums that are told: by rank, exactly."""
    basis: list[list[Fraction]] = []

    def rest(row: list[Fraction]) -> list[Fraction]:
        for each in basis:
            lead = next(i for i, value in enumerate(each) if value)
            if row[lead]:
                factor = row[lead] / each[lead]
                row = [a - factor * b for a, b in zip(row, each, strict=True)]
        return row

    for members, _ in told:
        row = rest([Fraction(int(i in members)) for i in range(cells)])
        if any(row):
            basis.append(row)
    sets = itertools.chain.from_iterable(itertools.combinations(range(cells), size) for size in range(1, cells + 1))
    return [frozenset(each) for each in sets if not any(rest([Fraction(int(i in each)) for i in range(cells)]))]


def test_no_small_number_follows_from_everything_that_was_ever_on_the_page() -> None:
    """All sums that follow from what each month's page told, of three months and three places."""
    chance = random.Random(7)
    for _ in range(60):
        numbers = [[chance.choice((0, 2, 3, 5, 6, 8, 9, 10, 12, 30)) for _ in range(3)] for _ in range(3)]
        told: list[tuple[frozenset[int], bool]] = []
        for m, month in enumerate(played(*numbers)):
            places, total, so_far = shown(month)
            told += [(frozenset({3 * m + p}), True) for p, yes in enumerate(places) if yes]
            told += [(frozenset(range(3 * m, 3 * m + 3)), True)] if total else []
            told += [(frozenset(range(3 * m + 3)), True)] if so_far else []
        flat = [each for month in numbers for each in month]
        for cells in solutions(told, 9):
            assert not 0 < sum(flat[i] for i in cells) < CELL, (numbers, cells)


async def test_a_month_is_frozen_a_week_after_its_end_and_does_not_change(database: Database, now: datetime) -> None:
    october, november = date(2026, 10, 1), date(2026, 11, 1)
    async with database.transaction() as session:
        await furnish(session)
        wang = await staff(session)
        for number in range(12):
            ticket = await asking.file(session, draft(), await student(session, number), TERM, now)
            await answering.answer(
                session, ticket, wang, {"type": "text", "text": "At ten"}, TERM, now, (-1001, number)
            )
            await answering.resolve(session, ticket, wang, "repaired", TERM, now + DAY)
            (place,) = await requesters.waiting.about(session, ticket.id)
            await asking.rate(session, ticket, place, 5 if number else 1, now + 2 * DAY)
        # The 8th of November begins in Shanghai.
        week_after = CALENDAR.at(date(2026, 11, 8), datetime.min.time())
        assert await open_figures.missing(session, CALENDAR, week_after - timedelta(seconds=1)) == []
        assert await open_figures.missing(session, CALENDAR, week_after) == [october]
        for _ in range(2):
            span = open_figures.span_of(october, CALENDAR)
            figures = await statistics.count(session, span, CALENDAR, week_after)
            await open_figures.keep(session, october, figures, CALENDAR, CELL, week_after)
            # Somebody changes their mind afterwards.
            await asking.rate(session, ticket, place, 1, week_after + DAY)
        (row,) = await open_figures.this_term(session)
        east, west, office = row.told.places
        assert (row.term, east.names["en"], east.filed, west.filed, office.filed) == (
            "2026-2027-1",
            "East Station",
            12,
            0,
            0,
        )
        assert east.rates["satisfied"].share == Share(Rate(11, 12), 0)
        assert row.told.total.rates["response"].share.rate == Rate(12, 12)
        assert row.told.so_far.rates["satisfied"].told
        assert await open_figures.missing(session, CALENDAR, week_after + 30 * DAY) == [november]
        assert open_figures.term_of(date(2027, 1, 1), CALENDAR) == "2026-2027-1", (
            "a vacation belongs to what was before"
        )
