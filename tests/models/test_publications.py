"""Nothing important goes out unreviewed: who may let out what, what a change undoes, who gets it, what is counted."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import forgetting
from models.database import Database
from models.errors import Refusal
from models.outbox import Outgoing, Sending
from models.people import Audience, Person
from models.questionnaires import Group
from models.union import deliveries, publications, received, reviewing
from models.union.publications import TRANSITIONS, Heading, Kind, Publication, Stage, Step, Topic
from models.union.received import Delivery
from tests.house import HOUSE, furnish, staff, student

TEXTS = {each: {"title": " The  lift works ", "body": "Since today."} for each in HOUSE.languages}
HOUR = timedelta(hours=1)
EAST_ONLY = Group(buildings=("e1", "e2"))


async def people(session: AsyncSession) -> tuple[Person, Person, Person]:
    """A writer, a second reader and a teacher."""
    await furnish(session)
    return await staff(session, 1, "Wang"), await staff(session, 2, "Li"), await staff(session, 3, "Sun")


async def approved(session: AsyncSession, now: datetime, **about: Any) -> Publication:
    writer, reader, teacher = await people(session)
    found = await publications.draft(session, about.pop("kind", Kind.NEWS), TEXTS, writer, now, **about)
    await reviewing.submit(session, found, HOUSE, writer, now)
    await reviewing.read(session, found, found.revision, HOUSE, reader, now)
    if found.stage is Stage.APPROVING:
        await reviewing.approve(session, found, found.revision, teacher, now)
    return found


async def sent(session: AsyncSession, publication: Publication, now: datetime) -> None:
    await deliveries.begin_due(session, HOUSE, now)
    while await deliveries.send_some(session, publication, HOUSE, now):
        pass


async def students(session: AsyncSession, count: int) -> list[Person]:
    found = [await student(session, number, f"S{number}") for number in range(1, count + 1)]
    for number, person in enumerate(found):
        person.agreed, person.building = True, ("e1", "w1")[number % 2]
    await session.flush()
    return found


def about(row: Outgoing) -> dict[str, Any]:
    assert row.payload is not None
    return row.payload


async def on_the_way(session: AsyncSession) -> list[Outgoing]:
    rows = select(Outgoing).where(Outgoing.letter == "publication", Outgoing.state == Sending.DUE)
    return list((await session.scalars(rows.order_by(Outgoing.id))).all())


async def test_it_goes_only_from_where_to_where_it_may(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await publications.draft(session, Kind.NEWS, TEXTS, (await people(session))[0], now)
        assert found.texts["en"]["title"] == "The lift works"
        for stage, step in itertools.product(Stage, Step):
            found.stage = stage
            if (stage, step) in TRANSITIONS:
                publications.step(found, step)
                assert found.stage is TRANSITIONS[stage, step]
            else:
                with pytest.raises(Refusal, match=f"publication.is_{stage}"):
                    publications.step(found, step)
                assert found.stage is stage
        found.stage = Stage.DRAFT


async def test_nobody_reads_or_approves_their_own_and_any_change_begins_anew(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        writer, reader, teacher = await people(session)
        half = {"en": TEXTS["en"]}
        found = await publications.draft(session, Kind.NEWS, half, writer, now)
        with pytest.raises(Refusal, match="languages_missing") as told:
            await reviewing.submit(session, found, HOUSE, writer, now)
        assert told.value.params["languages"] == ["zh-hans", "zh-hant"]
        await publications.change(session, found, writer, now, texts=TEXTS)
        await reviewing.submit(session, found, HOUSE, writer, now)
        with pytest.raises(Refusal, match=r"publication\.own"):
            await reviewing.read(session, found, found.revision, HOUSE, writer, now)
        with pytest.raises(Refusal, match=r"publication\.changed"):
            await reviewing.read(session, found, found.revision - 1, HOUSE, reader, now)
        await reviewing.read(session, found, found.revision, HOUSE, reader, now)
        assert [found.stage] == [Stage.APPROVING]
        with pytest.raises(Refusal, match=r"publication\.read_by_you"):
            await reviewing.approve(session, found, found.revision, reader, now)
        with pytest.raises(Refusal, match=r"publication\.own"):
            await reviewing.approve(session, found, found.revision, writer, now)
        with pytest.raises(Refusal, match=r"publication\.why"):
            await reviewing.refuse(session, found, found.revision, teacher, "  ", now)
        await reviewing.refuse(session, found, found.revision, teacher, "Which lift?", now)
        assert [found.stage] == [Stage.DRAFT]
        await reviewing.submit(session, found, HOUSE, writer, now)
        await reviewing.read(session, found, found.revision, HOUSE, reader, now)
        await reviewing.approve(session, found, found.revision, teacher, now)
        assert (found.stage, found.approved_at) == (Stage.APPROVED, now)
        # Whoever changes it writes it: the reader may not read that again.
        seen = found.revision
        await publications.change(session, found, reader, now, send_at=now + HOUR)
        assert (found.stage, found.approved_at, found.revision) == (Stage.DRAFT, None, seen + 1)
        await reviewing.submit(session, found, HOUSE, reader, now)
        with pytest.raises(Refusal, match=r"publication\.own"):
            await reviewing.read(session, found, found.revision, HOUSE, reader, now)
        # Nor may whoever wrote the words, though somebody else has changed something since.
        with pytest.raises(Refusal, match=r"publication\.own"):
            await reviewing.read(session, found, found.revision, HOUSE, writer, now)
        said = await publications.reviews(session, found)
        assert [each.step for each in said] == [*("submit", "pass", "refuse", "submit", "pass", "approve", "submit")]
        assert (said[2].note, said[5].person_id, said[5].texts["en"]["title"]) == (
            "Which lift?",
            teacher.id,
            "The lift works",
        )


@pytest.mark.parametrize(
    ("about", "needed"),
    [
        ({"group": EAST_ONLY}, False),
        ({"group": Group(buildings=("e1", "w1"))}, True),
        ({"group": Group(audiences=(Audience.GRADUATE,))}, True),
        ({}, True),
        ({"group": EAST_ONLY, "kind": Kind.GUIDANCE}, True),
        ({"group": EAST_ONLY, "topic": Topic.JOBS}, True),
        ({"group": EAST_ONLY, "kind": Kind.DISCLOSURE, "heading": Heading.STAFF}, True),
        ({"group": Group(buildings=("nowhere",))}, True),
    ],
)
def test_only_what_reaches_one_station_s_people_goes_out_without_the_teacher(
    about: dict[str, Any], needed: bool
) -> None:
    found = Publication(kind=about.get("kind", Kind.NEWS), topic=about.get("topic"), heading=about.get("heading"))
    found.audience = about.get("group", Group()).plain()
    assert found.needs_approval(HOUSE) is needed


async def test_it_reaches_whom_it_is_for_once_and_what_arrived_is_counted(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await approved(session, now, group=EAST_ONLY)
        await students(session, 5)
        assert (await deliveries.reach(session, found, HOUSE, now)).people == 3
        await sent(session, found, now)
        rows = await on_the_way(session)
        assert (found.stage, found.written, len(rows)) == (Stage.SENT, 3, 3)
        await sent(session, found, now)
        assert len(await on_the_way(session)) == 3
        for number, row in enumerate(rows):
            if number == 0:
                await received.words(session, about(row), 100, HOUSE.vault)
            await deliveries.ended(
                session, about(row), (Sending.SENT, Sending.FAILED, Sending.UNKNOWN)[number], HOUSE.vault
            )
        await session.refresh(found)
        assert (found.delivered, found.failed, found.unknown) == (1, 1, 1)
        kept = (await session.scalars(select(Delivery))).all()
        assert [received.had(each, HOUSE.vault).words for each in kept] == [100, None, None]
        # A copy does not tell whom it did not reach.
        assert len({len(each.sealed) for each in kept}) == 1


async def test_it_waits_for_its_time_and_what_is_disclosed_is_sent_to_nobody(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await students(session, 2)
        late = await approved(session, now)
        late.send_at = now + HOUR
        await session.flush()
        first = await approved(session, now, kind=Kind.DISCLOSURE, heading=Heading.STAFF)
        await deliveries.begin_due(session, HOUSE, now)
        assert (late.stage, first.stage, await on_the_way(session)) == (Stage.APPROVED, Stage.SENT, [])
        second = await approved(session, now, kind=Kind.DISCLOSURE, heading=Heading.STAFF)
        other = await approved(session, now, kind=Kind.DISCLOSURE, heading=Heading.REFORM)
        await deliveries.begin_due(session, HOUSE, now + HOUR)
        stages = [first.stage, second.stage, other.stage, late.stage]
        assert stages == [Stage.ARCHIVED, Stage.SENT, Stage.SENT, Stage.SENDING]


async def test_a_topic_reaches_those_who_follow_it(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await approved(session, now, topic=Topic.JOBS)
        alice, bob, carol = await students(session, 3)
        for person, topic in ((alice, Topic.JOBS), (bob, Topic.STUDY), (carol, Topic.JOBS)):
            await deliveries.follow(session, person, topic, yes=True)
            await deliveries.follow(session, person, topic, yes=True)
        await deliveries.follow(session, carol, Topic.JOBS, yes=False)
        await sent(session, found, now)
        assert [about(row)["person"] for row in await on_the_way(session)] == [alice.id]
        assert await deliveries.topics_of(session, bob) == {Topic.STUDY}
        assert [each.id for each in await deliveries.of_topics(session, [Topic.JOBS], 5)] == [found.id]
        await forgetting.forget(session, alice, 1, HOUSE, now)
        assert await deliveries.topics_of(session, alice) == set()


async def test_a_correction_and_a_withdrawal_reach_those_who_have_it(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        with pytest.raises(Refusal, match="not_out"):
            await approved(session, now, corrects=await approved(session, now))
        found = await approved(session, now)
        alice, bob, _ = await students(session, 3)
        await sent(session, found, now)
        for row in await on_the_way(session):
            if about(row)["publication"] == found.id and about(row)["person"] != bob.id:
                await received.words(session, about(row), 100 + about(row)["person"], HOUSE.vault)
                row.state = Sending.SENT
        correction = await approved(session, now, corrects=found)
        await sent(session, correction, now)
        rows = [row for row in await on_the_way(session) if about(row)["publication"] == correction.id]
        assert {about(row)["person"] for row in rows} == {alice.id, alice.id + 2}
        assert await received.standing(session, correction.id, alice.id, HOUSE.vault) == 100 + alice.id
        assert (found.stage, (await deliveries.latest(session, found)).id) == (Stage.ARCHIVED, correction.id)
        for row in rows:
            await received.words(session, about(row), 100 + about(row)["person"], HOUSE.vault)
            row.state = Sending.SENT

        teacher = await staff(session, 3)
        with pytest.raises(Refusal, match=r"publication\.why"):
            await deliveries.withdraw(session, correction, {"en": "Wrong"}, HOUSE, teacher, now)
        why = dict.fromkeys(HOUSE.languages, "It was the other lift")
        await deliveries.withdraw(session, correction, why, HOUSE, teacher, now)
        while await deliveries.retract_some(session, correction, HOUSE, now):
            pass
        told = [about(row) for row in await on_the_way(session) if about(row)["withdrawn"]]
        assert {each["person"] for each in told} == {alice.id, alice.id + 2}
        # Bob's was still on its way: it arrives after that, and is withdrawn there too.
        await received.words(session, {"publication": correction.id, "person": bob.id}, 7, HOUSE.vault)
        await session.refresh(correction)
        assert await deliveries.retract_some(session, correction, HOUSE, now) == 2
        told = [about(row) for row in await on_the_way(session) if about(row)["withdrawn"]]
        assert {each["person"] for each in told} == {alice.id, bob.id, alice.id + 2}
        before = correction.failed
        await deliveries.ended(session, told[0], Sending.FAILED, HOUSE.vault)
        await session.refresh(correction)
        assert correction.failed == before, "a withdrawal is not counted as a delivery"


async def test_who_missed_a_correction_gets_the_next_one_and_the_withdrawal(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        first = await approved(session, now)
        alice, bob = await students(session, 2)
        await sent(session, first, now)
        for person in (alice, bob):
            await received.words(session, {"publication": first.id, "person": person.id}, 100 + person.id, HOUSE.vault)
        second = await approved(session, now, corrects=first)
        await sent(session, second, now)
        await received.words(session, {"publication": second.id, "person": alice.id}, 100 + alice.id, HOUSE.vault)
        third = await approved(session, now, corrects=second)
        assert (await deliveries.reach(session, third, HOUSE, now)).people == 2
        await sent(session, third, now)
        assert await received.standing(session, third.id, bob.id, HOUSE.vault) == 100 + bob.id
        why = dict.fromkeys(HOUSE.languages, "It was the other lift")
        await deliveries.withdraw(session, third, why, HOUSE, await staff(session, 3), now)
        assert await deliveries.retract_some(session, third, HOUSE, now) == 2
        # Which message they have is kept in mind for half a year, whatever became of it.
        await deliveries.archive_due(session, now + deliveries.ARCHIVED_AFTER - HOUR)
        assert len((await session.scalars(select(Delivery))).all()) == 3
        await deliveries.archive_due(session, now + deliveries.ARCHIVED_AFTER)
        assert (await session.scalars(select(Delivery))).all() == []


async def test_whom_it_did_not_reach_is_told_by_no_row_neither_of_it_nor_of_its_correction(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        first = await approved(session, now)
        alice, bob = await students(session, 2)
        await sent(session, first, now)
        for row in await on_the_way(session):
            if about(row)["person"] == alice.id:
                await received.words(session, about(row), 100, HOUSE.vault)
                await received.file(session, about(row), 101, HOUSE.vault)
            await deliveries.ended(session, about(row), Sending.SENT, HOUSE.vault)
            row.state = Sending.SENT
        second = await approved(session, now, corrects=first)
        assert (await deliveries.reach(session, second, HOUSE, now)).people == 1
        await sent(session, second, now)
        (row,) = await on_the_way(session)
        assert (about(row)["person"], second.written) == (alice.id, 1)
        await received.words(session, about(row), 100, HOUSE.vault)
        kept = (await session.scalars(select(Delivery).order_by(Delivery.publication_id, Delivery.person_id))).all()
        numbers = [(each.publication_id, each.person_id) for each in kept]
        assert numbers == [(each.id, person.id) for each in (first, second) for person in (alice, bob)]
        assert len({len(each.sealed) for each in kept}) == 1
        assert list(await received.files(session, second.id, alice.id, HOUSE.vault)) == [101]
        # As an earlier version of the program left it.
        kept[0].sealed = f"{received.IN_CLEAR}100".encode()
        await session.flush()
        await received.seal_what_came_before(session, HOUSE.vault)
        assert await received.standing(session, first.id, alice.id, HOUSE.vault) == 100


async def test_one_corrects_it_at_a_time_and_nothing_corrects_what_was_withdrawn(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        first = await approved(session, now)
        await students(session, 1)
        first.attachments = [{"type": "photo", "file_id": "P"}] * 2
        await sent(session, first, now)
        for row in await on_the_way(session):
            await received.words(session, about(row), 100, HOUSE.vault)
        second = await approved(session, now, corrects=first)
        assert second.attachments == first.attachments, "they are read with the words as they are now"
        reach, first_reach = [await deliveries.reach(session, each, HOUSE, now) for each in (second, first)]
        assert reach.people == 1
        assert (first_reach.done_by - now) / (reach.done_by - now) == pytest.approx(3, abs=0.01)
        writer, teacher = await staff(session, 1), await staff(session, 3)
        with pytest.raises(Refusal, match="corrected_by") as told:
            await publications.draft(session, Kind.NEWS, TEXTS, writer, now, corrects=first)
        assert told.value.params["by"] == second.id
        # Withdrawn before it was corrected: what was approved for the correction goes out no more.
        why = dict.fromkeys(HOUSE.languages, "It was the other lift")
        seen = second.revision
        await deliveries.withdraw(session, first, why, HOUSE, teacher, now)
        await deliveries.begin_due(session, HOUSE, now)
        assert (second.stage, second.approved_at, second.revision) == (Stage.DRAFT, None, seen + 1)
        with pytest.raises(Refusal, match="is_withdrawn"):
            await reviewing.submit(session, second, HOUSE, writer, now)
        await publications.drop(session, second, writer, now)

        # While its correction is being sent, that is what is withdrawn; and it can be corrected anew.
        third = await approved(session, now)
        await sent(session, third, now)
        fourth = await approved(session, now, corrects=third)
        await deliveries.begin_due(session, HOUSE, now)
        with pytest.raises(Refusal, match="corrected_by"):
            await deliveries.withdraw(session, third, why, HOUSE, teacher, now)
        assert third.stage is Stage.SENT
        await deliveries.withdraw(session, fourth, why, HOUSE, teacher, now)
        fifth = await approved(session, now, corrects=third)
        await sent(session, fifth, now)
        assert (await deliveries.latest(session, third)).id == fifth.id
