"""Students follow topics, are written to about these alone, end it with one tap, and read the newest at any time."""

from __future__ import annotations

from typing import Any

import pytest

from models import people
from models.union import deliveries, publications, reviewing
from models.union.publications import Kind, Publication, Topic
from sandbox.actors import photo
from sandbox.client import Person
from tests.campus import Campus, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def goes_out(
    campus: Campus, title: str, *, corrects: int | None = None, leaves: Person | None = None, **about: Any
) -> int:
    """It was written, read and approved; returns its number. Who `leaves` ends the topic while it is on its way."""
    house, now = campus.app.toolbox.house, campus.clock()
    async with campus.app.database.transaction() as session:
        writer, reader, teacher = [
            await people.meet(session, 900 + number, f"T{number}", None, "en") for number in range(3)
        ]
        before = await session.get(Publication, corrects) if corrects else None
        texts = {each: {"title": f"{title} {each}", "body": "In the <hall>\n\nAt nine"} for each in house.languages}
        found = await publications.draft(session, Kind.NEWS, texts, writer, now, topic=Topic.JOBS, corrects=before)
        if about:
            await publications.change(session, found, writer, now, **about)
        await reviewing.submit(session, found, house, writer, now)
        await reviewing.read(session, found, found.revision, house, reader, now)
        await reviewing.approve(session, found, found.revision, teacher, now)
        number = found.id
        if leaves is not None:
            somebody = await people.by_telegram_id(session, leaves.id)
            assert somebody is not None
            await deliveries.follow(session, somebody, Topic.JOBS, yes=True)
            await deliveries.begin_due(session, house, now)
            assert await deliveries.send_some(session, found, house, now) == 1
            await deliveries.follow(session, somebody, Topic.JOBS, yes=False)
    await campus.later(minutes=1)
    await campus.quiet()
    return number


async def test_somebody_follows_a_topic_is_written_to_and_ends_it_with_one_tap(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        jobs = t.plain("topic.jobs")
        alice, bob = await campus.student("Alice"), await campus.student("Bob", "zh-hant")
        (picture,) = await bob.sends(photo())
        await alice.says("/start")
        await alice.says("/privacy")
        await alice.reads("Policy news: the topics you follow")
        await alice.says("/start")
        await alice.taps(t.plain("home.news"))
        await alice.taps(f"▫️ {jobs}")
        shown = await alice.reads(t.plain("news.head").splitlines()[1])
        assert f"✅ {jobs}" in shown.labels
        await alice.taps(t.plain("news.newest"))
        await alice.reads(t.plain("news.nothing"))

        file = {"type": "photo", "file_id": picture.raw["photo"][-1]["file_id"]}
        first = await goes_out(campus, "Fair on Friday", attachments=[file])
        letter = await alice.reads("Fair on Friday en")
        assert "In the <hall>\n\nAt nine" in letter.text, "its paragraphs stay"
        assert (await alice.transcript())[-1].raw.get("photo"), "what is attached follows"
        assert not any("Fair" in each.text for each in await bob.transcript()), "who follows nothing hears nothing"

        # One tap ends it, in the middle of a draft too, and what they were sent stays.
        await alice.says("/new")
        await alice.reads(t.plain("new.kind").splitlines()[0])
        said = await alice.taps(t.plain("news.unfollow"))
        assert said == t.plain("news.unfollowed", topic=jobs)
        await alice.taps(t.plain("news.left"))
        shown = await alice.reads(f"{t.plain('news.head').splitlines()[1]}")
        assert {f"▫️ {jobs}", t.plain("nav.back")} <= set(shown.labels)
        await alice.taps(t.plain("nav.back"))
        await alice.reads(t.plain("new.kind").splitlines()[0])
        assert any("Fair on Friday en" in each.text for each in await alice.transcript())

        # What she has is corrected where it stands, and not offered as if she followed it.
        second = await goes_out(campus, "Fair on Monday", corrects=first)
        corrected = await alice.reads("Fair on Monday en")
        assert (corrected.id, corrected.labels) == (letter.id, [t.plain("news.left")])
        await goes_out(campus, "A third one", leaves=alice)
        assert not any("third" in each.text for each in await alice.transcript())

        # Who follows nothing reads the newest of everything: the correction, not what it corrects.
        hant = campus.t("zh-hant")
        await bob.says("/news")
        await bob.taps(hant.plain("news.newest"))
        listed = await bob.reads("Fair on Monday zh-hant")
        assert "Friday" not in listed.text
        await bob.taps("Fair on Monday zh-hant")
        await bob.taps(hant.plain("news.follow"))
        opened = await bob.reads("In the <hall>")
        assert hant.plain("news.unfollow") in opened.labels

        # It is withdrawn while it is open before somebody: neither it nor what was wrong before is read any more.
        async with campus.app.database.transaction() as session:
            found = await session.get_one(Publication, second)
            publications.step(found, publications.Step.WITHDRAW)
        assert await bob.taps(hant.plain("news.unfollow")) == hant.plain("news.gone")
        await bob.taps(hant.plain("news.to_newest"))
        assert "Fair" not in (await bob.reads("A third one zh-hant")).text
