"""People and posts: the caps, terms, the rota of the executive chair with its handover, and the exchange of posts."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import chairs, handing_over
from bot import posts as drawn
from bot.texts import Catalogue
from bot.toolbox import Toolbox
from models import asking, forgetting, handovers, mydata, projects
from models.database import Database
from models.errors import Refusal
from models.handovers import Handover, Side, Signature
from models.house import Caps
from models.outbox import Outgoing
from models.people import Person
from models.union import exchanges, leaving, matters, posts, publications, rota, undertaking
from models.union.posts import Chosen, Holding, Post, PostTerm, Rank, Wanted
from models.union.rota import Pace
from scheduler.jobs import duty
from scheduler.jobs import posts as job
from tests.house import CALENDAR, HOUSE, OFFICE, draft, furnish, staff, student

DEPARTMENTS = {
    "rights": {"zh-hans": "权益部", "zh-hant": "權益部", "en": "Rights"},
    "study": {"zh-hans": "学习部", "zh-hant": "學習部", "en": "Study"},
}
CAPS = Caps(most=5, presidium=2)
TODAY = date(2026, 10, 12)
"""The Monday on which `now` is."""
UNTIL = date(2027, 7, 31)
DAY = timedelta(days=1)


async def ready(session: AsyncSession) -> dict[str, Post]:
    """The posts by their keys."""
    await furnish(session)
    await posts.follow_config(session, DEPARTMENTS)
    return {post.key: post for post in await posts.every(session)}


async def holds(
    session: AsyncSession,
    post: Post,
    name: str,
    now: datetime,
    starts: date = TODAY,
    ends: date = UNTIL,
    person: Person | None = None,
) -> PostTerm:
    wanted = Wanted(name, starts, ends, starts, person.id if person is not None else None)
    return await posts.appoint(session, post, wanted, CAPS, now)


async def somebody(session: AsyncSession, number: int, name: str) -> Person:
    person = await staff(session, number, name)
    person.agreed = True
    return person


async def run(database: Database, now: datetime) -> None:
    toolbox = Toolbox(cast(Any, None), HOUSE, cast(Any, None))
    await job.run(database, toolbox, now)
    await duty.run(database, toolbox, now)


# ---------------------------------------------------------------- the caps


async def test_the_caps_hold_on_every_day_of_a_term(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await ready(session)
        presidium, head, plain = found["presidium"], found["head.rights"], found["staff.rights"]
        await holds(session, presidium, "Chen  Yi", now)
        later = date(2027, 3, 1)
        await holds(session, presidium, "Liu", now, later)
        for wanted in (TODAY, later, UNTIL):
            with pytest.raises(Refusal, match="presidium_full"):
                await holds(session, presidium, "Sun", now, wanted)
        await holds(session, presidium, "Sun", now, TODAY, later - DAY)
        with pytest.raises(Refusal, match="holds_one"):
            await holds(session, head, "Chen Yi", now)
        await holds(session, head, "Chen Yi", now, UNTIL + DAY, UNTIL + 2 * DAY)
        for name in ("A", "B", "C"):
            await holds(session, plain, name, now)
        with pytest.raises(Refusal, match=r"posts\.full"):
            await holds(session, plain, "D", now)
        count = await posts.headcount(session, TODAY, CAPS)
        assert (count.people, count.presidium, count.departments) == (5, 2, 2)
        for words, wrong in {
            "name_missing": Wanted(" 12 ", TODAY, UNTIL, TODAY),
            "name_too_long": Wanted("x" * 41, TODAY, UNTIL, TODAY),
            "order": Wanted("E", UNTIL, TODAY, TODAY),
            "too_long_a_term": Wanted("E", TODAY, date(2036, 1, 1), TODAY),
            "decided_later": Wanted("E", TODAY, UNTIL, UNTIL + DAY),
        }.items():
            with pytest.raises(Refusal, match=words):
                await posts.appoint(session, plain, wrong, Caps(), now)
        # A department that is gone keeps whom it had.
        await posts.follow_config(session, {"study": DEPARTMENTS["study"]})
        with pytest.raises(Refusal, match=r"posts\.closed"):
            await posts.appoint(session, plain, Wanted("E", TODAY, UNTIL, TODAY), Caps(), now)
        assert (await posts.headcount(session, TODAY, CAPS)).people == 5
        for t in Catalogue.load(CALENDAR.timezone).values():
            register, keys = await drawn.register(session, CAPS, t, TODAY)
            assert "A°" in register, "they are still seen"
            assert sum(len(row) for row in keys["inline_keyboard"]) == 3 + 2


async def test_two_who_appoint_at_once_do_not_both_find_the_last_place(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await holds(session, (await ready(session))["presidium"], "Chen", now)

    async def presidium(session: AsyncSession) -> Post:
        return (await session.scalars(select(Post).where(Post.key == posts.PRESIDIUM))).one()

    async def another() -> None:
        async with database.transaction() as session:
            await holds(session, await presidium(session), "Sun", now)

    async with database.transaction() as session:
        await holds(session, await presidium(session), "Liu", now)
        second = asyncio.create_task(another())
        # It waits for this one to be written down; one that saw a place would be done by now.
        await asyncio.wait({second}, timeout=0.2)
    with pytest.raises(Refusal, match="presidium_full"):
        await second


async def test_who_is_in_a_post_is_known_by_day_by_person_and_to_the_public(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await ready(session)
        wang, li = await somebody(session, 1, "Wang"), await somebody(session, 2, "Li")
        await holds(session, found["presidium"], "Wang Fang", now, person=wang)
        unnamed = await holds(session, found["staff.study"], "Li", now)
        await holds(session, found["head.study"], "Zhao", now, TODAY + 10 * DAY)
        assert await posts.cohort(session, TODAY) == [wang]
        assert [term.name for term in await posts.nameless(session, TODAY)] == ["Li"]
        await posts.link(session, unnamed, li, now, wang)
        assert await posts.cohort(session, TODAY) == [wang, li]
        assert await posts.cohort(session, TODAY - DAY) == []
        with pytest.raises(Refusal, match="linked"):
            await posts.link(session, unnamed, wang, now, wang)
        shown = [(each.name, each.rank) for each in await posts.public(session, TODAY + 10 * DAY)]
        assert shown == [("Wang Fang", Rank.PRESIDIUM), ("Zhao", Rank.HEAD)], "staff are not made known"
        with pytest.raises(Refusal, match="not_earlier"):
            await leaving.end(session, unnamed, UNTIL, CALENDAR, now, wang)
        await leaving.end(session, unnamed, TODAY, CALENDAR, now, wang)
        assert await posts.cohort(session, TODAY + DAY) == [wang]
        mine = await mydata.gather(session, wang, 700000, HOUSE.vault)
        assert [(each["post"], each["name"]) for each in mine["posts"]] == [("presidium", "Wang Fang")]
        # Whoever is forgotten is in no post, and nobody can tell that they were.
        await forgetting.forget(session, wang, 700000, HOUSE, now)
        assert await posts.cohort(session, TODAY) == [li]
        assert "Wang" not in {term.name for term in await session.scalars(select(PostTerm))}
        assert await posts.public(session, TODAY) == []


async def test_the_office_is_told_once_of_a_term_that_ends_in_30_and_in_7_days(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        found = await ready(session)
        await holds(session, found["staff.rights"], "A", now, ends=TODAY + 40 * DAY)
        short = await holds(session, found["staff.rights"], "B", now, ends=TODAY + 5 * DAY)
    for days in (0, 9, 10, 11, 32, 33, 34, 35, 36, 42):
        for hours in (0, 4):
            await run(database, now + days * DAY + timedelta(hours=hours))
    async with database.reading() as session:
        rows = list(await session.scalars(select(Outgoing).where(Outgoing.letter == "posts").order_by(Outgoing.id)))
        told = [(row.chat_id, len((row.payload or {})["terms"]), row.not_before.date()) for row in rows]
        # Seven days before the end is a Saturday: they are told when somebody works again.
        assert told == [(OFFICE, 1, TODAY), (OFFICE, 1, TODAY + 10 * DAY), (OFFICE, 1, TODAY + 35 * DAY)]
        for t in Catalogue.load(CALENDAR.timezone).values():
            assert "B" in await drawn.soon_over(session, [short.id], t, TODAY)


# ---------------------------------------------------------------- the executive chair


async def test_the_chair_goes_round_and_passes_over_whoever_has_left(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        presidium = (await ready(session))["presidium"]
        wang = await somebody(session, 1, "Wang")
        with pytest.raises(Refusal, match=r"rota\.nobody"):
            await rota.plan(session, Pace.FORTNIGHT, TODAY, TODAY, now, wang)
        chen = await holds(session, presidium, "Chen", now, ends=TODAY + 69 * DAY)
        await holds(session, presidium, "Liu", now, ends=TODAY + 69 * DAY)

        async def order() -> list[tuple[str, int, int]]:
            found = await rota.turns(session, TODAY)
            return [(e.term.name, (e.turn.starts - TODAY).days, (e.turn.ends - TODAY).days) for e in found]

        await rota.plan(session, Pace.FORTNIGHT, TODAY, TODAY, now, wang)
        assert await order() == [
            ("Chen", 0, 13), ("Liu", 14, 27), ("Chen", 28, 41), ("Liu", 42, 55), ("Chen", 56, 69),
        ]  # fmt: skip
        # Planned anew in the middle: who had it longest ago begins.
        await rota.plan(session, Pace.WEEK, TODAY + 7 * DAY, TODAY, now, wang)
        assert (await order())[:3] == [("Chen", 0, 6), ("Liu", 7, 13), ("Chen", 14, 20)]
        turn = (await rota.turns(session, TODAY))[1].turn
        await rota.give(session, turn, chen, now, wang)
        assert (await order())[1] == ("Chen", 7, 13)
        await leaving.end(session, chen, TODAY + 9 * DAY, CALENDAR, now, wang)
        assert (await order())[:4] == [("Chen", 0, 6), ("Chen", 7, 9), ("Liu", 10, 13), ("Liu", 14, 20)]
        with pytest.raises(Refusal, match="no_member"):
            await rota.give(session, (await rota.turns(session, TODAY))[3].turn, chen, now, wang)
        with pytest.raises(Refusal, match=r"rota\.past"):
            await rota.plan(session, Pace.WEEK, TODAY - DAY, TODAY, now, wang)


@pytest.mark.parametrize(
    ("pace", "first", "following"),
    [
        (Pace.MONTH, date(2026, 12, 1), date(2027, 1, 1)),
        (Pace.MONTH, date(2027, 1, 31), date(2027, 2, 28)),
        (Pace.WEEK, date(2026, 12, 28), date(2027, 1, 4)),
    ],
)
def test_a_turn_follows_another(pace: Pace, first: date, following: date) -> None:
    assert pace.next(first) == following


async def test_what_is_open_is_handed_over_with_the_chair_and_both_confirm(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await ready(session)
        wang, li = await somebody(session, 1, "Wang"), await somebody(session, 2, "Li")
        await holds(session, found["presidium"], "Wang Fang", now, ends=TODAY + 27 * DAY, person=wang)
        await holds(session, found["presidium"], "Li Na", now, ends=TODAY + 27 * DAY, person=li)
        await rota.plan(session, Pace.FORTNIGHT, TODAY, TODAY, now, wang)
        alice = await student(session)
        number = (await asking.file(session, draft(), alice, HOUSE, now)).id
        for _ in range(9):
            await projects.suggest(session, "Drying <rooms>", (await furnish(session))["east"], now)
        given_up = await projects.suggest(session, "Given up", (await furnish(session))["east"], now)
        reason = dict.fromkeys(HOUSE.languages, "No room for it.")
        await undertaking.stop(session, given_up.id, reason, wang, HOUSE, now)
        texts = {language: {"title": f"Exams & rooms {language}", "body": "Soon"} for language in HOUSE.languages}
        await publications.draft(session, publications.Kind.NEWS, texts, wang, now)
    await run(database, now)
    await run(database, now + timedelta(minutes=20))
    change = now + 14 * DAY
    await run(database, change - timedelta(hours=3))
    await run(database, change)
    async with database.transaction() as session:
        first, second = await session.scalars(select(Handover).order_by(Handover.id))
        sides = (await handovers.get(session, second.id))[1]
        assert [(each.side, each.people) for each in sides] == [(Side.OUTGOING, [wang.id]), (Side.INCOMING, [li.id])]
        shown = select(Outgoing.chat_id).where(Outgoing.letter == "roster").order_by(Outgoing.id)
        assert list(await session.scalars(shown)) == [
            wang.telegram_id,
            OFFICE,
            wang.telegram_id,
            li.telegram_id,
            OFFICE,
        ]
        for language, t in Catalogue.load(CALENDAR.timezone).items():
            text, keys = await handing_over.draw(session, second.id, t, change)
            assert f"#{number}" in text, language
            assert text.count("Drying &lt;rooms&gt;") == matters.LISTED
            assert t.n("handover.more", 9 - matters.LISTED) in text
            assert f"Exams &amp; rooms {language}" in text
            assert "Given up" not in text
            assert "drips" not in text, "what a ticket says is read where it is"
            assert [len(row) for row in keys["inline_keyboard"]] == [2]
        assert [each.id for each, _ in await matters.unconfirmed(session, now)] == [second.id, first.id]
        with pytest.raises(Refusal, match="not_yours"):
            await handovers.sign(session, second.id, Side.INCOMING, wang, change)
        await handovers.sign(session, second.id, Side.OUTGOING, wang, change)
    # A day later the other one is reminded, another day later the office knows.
    for hours in (1, 23, 25, 26, 48, 51, 52):
        await run(database, change + timedelta(hours=hours))
    async with database.transaction() as session:
        told = [row.chat_id for row in await session.scalars(select(Outgoing).where(Outgoing.letter == "told"))]
        assert told.count(li.telegram_id) == 1, "also alone with the bot"
        row = await session.get_one(Signature, (second.id, Side.INCOMING))
        assert row.reminded_at == change + timedelta(hours=25)
        assert row.told_at == change + timedelta(hours=51)


async def test_whoever_goes_on_as_chair_hands_over_to_nobody(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        presidium = (await ready(session))["presidium"]
        await holds(session, presidium, "Chen", now, ends=TODAY + 13 * DAY)
        await rota.plan(session, Pace.WEEK, TODAY, TODAY, now, await somebody(session, 1, "Wang"))
    for days in range(14):
        await run(database, now + days * DAY)
    async with database.reading() as session:
        (only,) = await session.scalars(select(Handover))
        assert (await handovers.get(session, only.id))[1] == [], "the bot knows a name only: nobody can press"


# ---------------------------------------------------------------- exchange


async def test_two_exchange_their_posts_when_both_agree_and_the_presidium_confirms(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        found = await ready(session)
        chair, wang, li = [await somebody(session, n, name) for n, name in ((1, "Chen"), (2, "Wang"), (3, "Li"))]
        elected = await holds(session, found["presidium"], "Chen", now, person=chair)
        one = await holds(session, found["staff.rights"], "Wang", now, person=wang)
        other = await holds(session, found["staff.study"], "Li", now, ends=UNTIL - 30 * DAY, person=li)
        beside = await holds(session, found["staff.study"], "Zhao", now)
        day = TODAY + 20 * DAY
        for why, them, when in (
            ("elected", (elected, other), day),
            ("not_here", (one, beside), day),
            ("day", (one, other), TODAY),
            ("day", (one, other), UNTIL),
        ):
            with pytest.raises(Refusal, match=rf"exchange\.{why}"):
                await exchanges.propose(session, *them, when, chair, CALENDAR, now)
        beside.person_id = chair.id
        with pytest.raises(Refusal, match="same_post"):
            await exchanges.propose(session, other, beside, day, chair, CALENDAR, now)
        beside.person_id = None

        off = await exchanges.propose(session, one, other, day, chair, CALENDAR, now)
        with pytest.raises(Refusal, match=r"exchange\.waits"):
            await exchanges.propose(session, one, other, day, chair, CALENDAR, now)
        await exchanges.answer(session, off.id, li, False, CALENDAR, now)
        with pytest.raises(Refusal, match="is_declined"):
            await exchanges.answer(session, off.id, wang, True, CALENDAR, now)

        made = await exchanges.propose(session, one, other, day, wang, CALENDAR, now)
        with pytest.raises(Refusal, match="not_asked"):
            await exchanges.answer(session, made.id, chair, True, CALENDAR, now)
        with pytest.raises(Refusal, match="not_agreed"):
            await exchanges.confirm(session, made.id, chair, CALENDAR, now)
        await exchanges.answer(session, made.id, li, True, CALENDAR, now)
        with pytest.raises(Refusal, match=r"exchange\.day"):
            await exchanges.confirm(session, made.id, chair, CALENDAR, now + 20 * DAY)
        await exchanges.confirm(session, made.id, chair, CALENDAR, now)

        def where(held: list[Holding]) -> set[tuple[str, str, date, Chosen]]:
            return {(e.term.name, e.post.key, e.term.ends, e.term.chosen) for e in held if e.post.department}

        last = day - DAY
        assert where(await posts.holdings(session, last)) >= {
            ("Wang", "staff.rights", last, Chosen.SELECTED), ("Li", "staff.study", last, Chosen.SELECTED),
        }  # fmt: skip
        assert where(await posts.holdings(session, day)) >= {
            ("Wang", "staff.study", UNTIL, Chosen.EXCHANGED),
            ("Li", "staff.rights", UNTIL - 30 * DAY, Chosen.EXCHANGED),
        }
        told = select(Outgoing.chat_id).where(Outgoing.letter == "posts").order_by(Outgoing.id)
        asked, no, again = [wang.telegram_id, li.telegram_id], [wang.telegram_id, OFFICE], [li.telegram_id]
        assert list(await session.scalars(told)) == [*asked, *no, *again, OFFICE, *asked, OFFICE]


async def test_an_exchange_is_off_when_one_of_the_two_leaves_before_it(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await ready(session)
        wang, li = await somebody(session, 2, "Wang"), await somebody(session, 3, "Li")
        one = await holds(session, found["staff.rights"], "Wang", now, person=wang)
        other = await holds(session, found["staff.study"], "Li", now, person=li)
        made = await exchanges.propose(session, one, other, TODAY + 20 * DAY, wang, CALENDAR, now)
        await leaving.end(session, one, TODAY, CALENDAR, now, li)
        assert made.state is exchanges.ExchangeState.DECLINED
        assert await exchanges.waiting(session) == []
        told = select(Outgoing.chat_id).where(Outgoing.letter == "posts").order_by(Outgoing.id)
        assert list(await session.scalars(told)) == [li.telegram_id, wang.telegram_id, OFFICE], "whoever did it knows"


async def test_what_nobody_confirmed_before_its_day_is_off_and_a_new_one_can_be_proposed(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        found = await ready(session)
        chair, wang, li = [await somebody(session, n, name) for n, name in ((1, "Chen"), (2, "Wang"), (3, "Li"))]
        one = await holds(session, found["staff.rights"], "Wang", now, person=wang)
        other = await holds(session, found["staff.study"], "Li", now, person=li)
        made = await exchanges.propose(session, one, other, TODAY + 2 * DAY, wang, CALENDAR, now)
        await exchanges.answer(session, made.id, li, True, CALENDAR, now)
        number = made.id
    for days in (1, 2, 3):
        await run(database, now + days * DAY)
        async with database.transaction() as session:
            off = (await exchanges.get(session, number))[0].state is exchanges.ExchangeState.DECLINED
            assert off == (days > 1)
    async with database.transaction() as session:
        told = select(Outgoing.chat_id).where(Outgoing.letter == "posts").order_by(Outgoing.id)
        both = [wang.telegram_id, li.telegram_id]
        assert list(await session.scalars(told)) == [li.telegram_id, OFFICE, *both, OFFICE]
        one, other = (await posts.get(session, one.id)).term, (await posts.get(session, other.id)).term
        again = await exchanges.propose(session, one, other, TODAY + 9 * DAY, wang, CALENDAR, now + 3 * DAY)
        # The presidium need not confirm what both want.
        await exchanges.answer(session, again.id, li, True, CALENDAR, now + 3 * DAY)
        with pytest.raises(Refusal, match="not_asked"):
            await exchanges.answer(session, again.id, chair, False, CALENDAR, now + 3 * DAY)
        await exchanges.answer(session, again.id, chair, False, CALENDAR, now + 3 * DAY, decides=True)
        assert await exchanges.waiting(session) == []


async def test_the_chair_can_be_forgotten_on_the_first_day_of_their_turn(database: Database, now: datetime) -> None:
    """What was handed over stands, so the turn cannot go; nor does it become another's whom nobody handed anything."""
    async with database.transaction() as session:
        presidium = (await ready(session))["presidium"]
        wang = await somebody(session, 1, "Wang")
        await holds(session, presidium, "Wang", now, person=wang)
        await rota.plan(session, Pace.WEEK, TODAY, TODAY, now, wang)
    await run(database, now)
    async with database.transaction() as session:
        wang = (await session.scalars(select(Person).where(Person.name == "Wang"))).one()
        await forgetting.forget(session, wang, 700000, HOUSE, now)
    async with database.transaction() as session:
        assert [(e.term.name, e.turn.ends) for e in await rota.turns(session, TODAY)] == [(posts.NOBODY, TODAY)]
        liu = await somebody(session, 2, "Liu")
        await holds(session, (await ready(session))["presidium"], "Liu", now, person=liu)
        with pytest.raises(Refusal, match=r"rota\.begun"):
            await rota.plan(session, Pace.WEEK, TODAY, TODAY, now, liu)
        await rota.plan(session, Pace.WEEK, TODAY + DAY, TODAY, now, liu)
        assert [each.term.name for each in await rota.turns(session, TODAY + DAY, 1)] == ["Liu"]
        (handover,) = await session.scalars(select(Handover))
        for t in Catalogue.load(CALENDAR.timezone).values():
            assert posts.NOBODY in (await handing_over.draw(session, handover.id, t, now))[0]


async def test_a_turn_that_begins_at_this_moment_is_given_to_nobody_else(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        presidium = (await ready(session))["presidium"]
        wang = await somebody(session, 1, "Wang")
        await holds(session, presidium, "Wang", now, person=wang)
        other = (await holds(session, presidium, "Liu", now)).id
        await rota.plan(session, Pace.WEEK, TODAY, TODAY, now, wang)
        (number,) = await rota.beginning(session, TODAY)
        person_id = wang.id

    async def give() -> None:
        async with database.transaction() as session:
            turn, taker = (await rota.get(session, number)).turn, (await posts.get(session, other)).term
            await rota.give(session, turn, taker, now, await session.get_one(Person, person_id))

    async with database.transaction() as session:
        await matters.begin(session, number, CALENDAR, now)
        second = asyncio.create_task(give())
        await asyncio.wait({second}, timeout=0.2)
    with pytest.raises(Refusal, match=r"rota\.begun"):
        await second


async def test_a_new_member_is_seen_to_be_missing_in_the_turns_until_they_are_planned_anew(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        presidium = (await ready(session))["presidium"]
        wang = await somebody(session, 1, "Wang")
        await holds(session, presidium, "Wang", now, person=wang)
        assert await rota.left_out(session, TODAY) == [], "there are no turns yet"
        await rota.plan(session, Pace.FORTNIGHT, TODAY, TODAY, now, wang)
        assert await rota.left_out(session, TODAY) == []
        await holds(session, presidium, "Liu <Xin>", now, TODAY + 7 * DAY)
        assert [term.name for term in await rota.left_out(session, TODAY)] == ["Liu <Xin>"]
        said = {}
        for language, t in Catalogue.load(CALENDAR.timezone).items():
            line = t("rota.left_out", names="Liu <Xin>")
            for text, _ in (await chairs.turns(session, t, TODAY), await drawn.register(session, CAPS, t, TODAY)):
                assert line in text, language
            said[language] = line
        await rota.plan(session, Pace.FORTNIGHT, TODAY + 14 * DAY, TODAY, now, wang)
        assert await rota.left_out(session, TODAY) == []
        for language, t in Catalogue.load(CALENDAR.timezone).items():
            assert said[language] not in (await chairs.turns(session, t, TODAY))[0]
        # All turns are there, those that are not listed counted.
        to_come, t = await rota.turns(session, TODAY), Catalogue.load(CALENDAR.timezone)["en"]
        last = t.short_day(to_come[-1].turn.ends, TODAY)
        assert len(to_come) > drawn.SHOWN
        assert f"… and {len(to_come) - drawn.SHOWN} more, to {last}" in (await chairs.turns(session, t, TODAY))[0]
