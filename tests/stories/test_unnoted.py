"""A copy in the station's chat that nobody noted, because the program ended first, can still be replied to."""

from __future__ import annotations

import pytest

from models import stations
from sandbox.client import Message, photo
from tests.campus import Campus, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database; the main story is told on both."""


async def copies(campus: Campus, part: str) -> list[Message]:
    """Both copies of what was posted again, the un-noted one first."""

    def look() -> list[Message] | None:
        found = [m for m in campus.east.view.chat(campus.east.id).values() if part in m.text]
        return found if len(found) == 2 else None

    return await campus.stage.until(look, 15, f"{part!r} is not there twice", campus.east.id)


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
async def test_a_reply_to_a_card_that_was_posted_twice_answers_whichever_copy_it_is(
    database_url: str, language: str
) -> None:
    async with running(database_url) as campus:
        async with campus.app.database.transaction() as session:
            east = await stations.by_key(session, "east")
            assert east is not None
            east.language = language
        alice = await campus.student("Alice")
        await campus.stage.fault("sendMessage", chat=campus.east.id, drop="after")
        number = await campus.files(alice, "The tap in the bathroom drips all night")
        first, second = await copies(campus, f"#{number} ·")
        await campus.wang.says("The plumber comes at three", chat=campus.east, reply_to=first)
        await alice.reads("The plumber comes at three")
        await campus.wang.says("Or at four", chat=campus.east, reply_to=second)
        await alice.reads("Or at four")


async def test_a_reply_to_a_students_words_that_were_posted_twice_answers_too(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The tap in the bathroom drips all night")
        await campus.east.shows(f"#{number} ·")
        await campus.stage.fault("sendPhoto", chat=campus.east.id, drop="after")
        await alice.taps("View ticket")
        await alice.taps(campus.t("en").plain("own.add"))
        await alice.reads("photo")
        await alice.sends(photo(caption="It has become worse"))
        first, _ = await copies(campus, "It has become worse")
        await campus.wang.says("Somebody comes at once", chat=campus.east, reply_to=first)
        await alice.reads("Somebody comes at once")


async def test_what_only_tells_staff_what_they_did_answers_nobody(database_url: str) -> None:
    """Its text names a ticket too, but it was never about the student."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The tap in the bathroom drips all night")
        card = await campus.east.shows(f"#{number} ·")
        await campus.wang.taps(t.plain("desk.answers"), chat=campus.east)
        offered = await campus.east.shows(campus.t("en").plain("desk.templates", number=number).splitlines()[0])
        await campus.wang.says("Which of them is best?", chat=campus.east, reply_to=offered)
        await campus.wang.says("The plumber comes at three", chat=campus.east, reply_to=card)
        await alice.reads("The plumber comes at three")
        told = [m.text for m in await campus.stage.transcript(alice.id)]
        assert not [text for text in told if "Which of them" in text]
