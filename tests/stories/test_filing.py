"""Filing and following, the less trodden ways: a building that is typed, a ticket of one's own, one's own rating."""

from __future__ import annotations

import pytest

from sandbox.client import Person, photo
from tests.campus import Campus, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database."""

TAP = "The tap in the bathroom drips all night"


async def to_the_building(campus: Campus) -> Person:
    """Somebody without a building who is asked where it is."""
    t, settings = campus.t("en"), campus.app.settings
    alice = await campus.student("Alice", building=None)
    await alice.says("/new")
    await alice.taps(t.plain("kind.complaint"))
    await alice.taps(t.pick(settings.category_names("repairs")))
    await alice.taps(t.pick(settings.category_names("water")))
    await alice.reads(t.plain("new.building"))
    return alice


async def sent(campus: Campus, person: Person) -> str:
    """From "what happened?" to the card; returns the card's text."""
    t = campus.t("en")
    await person.reads(t.plain("new.words").splitlines()[0])
    await person.says(TAP)
    await person.taps(t.plain("new.continue"))
    await person.taps(t.plain("name.named"))
    await person.taps(t.plain("preview.send"))
    await person.reads("📮")
    return (await campus.east.shows("#1 ·")).text


async def test_a_typed_building_that_fits_several_is_asked_about(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await to_the_building(campus)
        await alice.says("east")
        screen = await alice.reads(t.plain("building.which"))
        assert {"East 1", "East 2", "East 3"} <= set(screen.labels)
        assert "South 3" not in screen.labels
        await alice.taps("East 2")
        assert "East 2" in await sent(campus, alice)


async def test_a_typed_building_that_is_unknown_brings_the_list_back(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await to_the_building(campus)
        await alice.says("<qqq>")
        screen = await alice.reads(t.plain("building.unknown", typed="<qqq>").splitlines()[0])
        assert {"East 1", "West 1", "South 3"} <= set(screen.labels)
        await alice.says("East 1")
        assert "East 1" in await sent(campus, alice)


@pytest.mark.parametrize("when", ["at once", "later"])
async def test_words_typed_as_a_building_become_what_is_said(database_url: str, when: str) -> None:
    """They were dropped, and had to be typed again."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await to_the_building(campus)
        said = await alice.says("The door fell off")
        await alice.reads(t.plain("building.unknown", typed="The door fell off").splitlines()[0])
        take = t.plain("building.take", words="The door fell off")
        if when == "at once":
            await alice.edits(said, "The door fell off!")
            await alice.taps(take)
            screen = await alice.reads(t.plain("draft.taken"))
            assert t.plain("new.building") in screen.text
            await alice.says("East 1")
        else:
            await alice.says("East 1")
            await alice.reads(t.plain("new.words").splitlines()[0])
            await alice.taps(take)
        screen = await alice.reads("Got 1 message")
        assert take not in screen.labels
        await alice.taps(t.plain("new.continue"))
        await alice.taps(t.plain("name.named"))
        await alice.taps(t.plain("preview.send"))
        await campus.east.shows("The door fell off!" if when == "at once" else "The door fell off")


async def test_whoever_goes_on_without_a_word_hears_just_that(database_url: str) -> None:
    """It was said that a sticker alone tells nothing, where nobody had sent one."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await to_the_building(campus)
        await alice.says("East 1")
        await alice.reads(t.plain("new.words").splitlines()[0])
        await alice.says("It drips")
        first = await alice.reads("Got 1 message")
        await alice.says("All night")
        await alice.reads("Got 2 messages")
        await alice.taps(t.plain("new.empty"))
        assert await alice.taps(t.plain("new.continue"), message=first) == t.plain("draft.nothing_yet")


async def test_who_recognises_none_of_the_similar_ones_files_a_ticket_of_their_own(database_url: str) -> None:
    async with running(database_url) as campus:
        t, settings = campus.t("en"), campus.app.settings
        alice, bob = await campus.student("Alice"), await campus.student("Bob")
        first = await campus.files(alice, TAP)
        await bob.says("/new")
        await bob.taps(t.plain("kind.complaint"))
        await bob.taps(t.pick(settings.category_names("repairs")))
        await bob.taps(t.pick(settings.category_names("water")))
        await bob.reads(t.plain("new.words").splitlines()[0])
        await bob.says(f"{TAP} too")
        await bob.taps(t.plain("new.continue"))
        await bob.reads(t.plain("similar.text").splitlines()[0])
        await bob.taps(t.plain("similar.none"))
        await bob.taps(t.plain("name.named"))
        await bob.taps(t.plain("preview.send"))
        await bob.reads(f"Ticket #{first + 1}")
        card = await campus.east.shows(f"#{first + 1} ·")
        assert "Bob" in card.text
        assert "more student" not in (await campus.east.shows(f"#{first} ·")).text


async def test_a_ticket_is_rated_later_from_one_s_own_list(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        await campus.resolves()
        await alice.taps(t.plain("fixed.yes"))
        await alice.reads(t.plain("rate.ask", number=number))
        await alice.says("/mine")
        await alice.taps(f"#{number}")
        await alice.taps(t.plain("own.rate"))
        await alice.reads(t.plain("rate.ask", number=number))
        await alice.taps("4 🙂")
        await alice.says("Quick enough")
        await alice.reads(t.plain("rate.thanks"))
        await campus.east.shows("★★★★☆ Quick enough")
        await alice.says("/mine")
        await alice.taps(f"#{number}")
        screen = await alice.reads("In the hands of")
        assert t.plain("own.rate") not in screen.labels, "it is rated"


async def test_words_long_after_a_rating_are_no_remark(database_url: str) -> None:
    """They were taken for the word with the rating, and no station ever saw them."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await campus.files(alice, TAP)
        await campus.resolves()
        await alice.taps(t.plain("fixed.yes"))
        await alice.taps("5 😀")
        await alice.reads("★★★★★")
        await campus.later(hours=2)
        await alice.says("The light in the corridor is broken")
        await alice.reads("You wrote:")


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
async def test_the_receipt_says_by_when_and_the_ticket_what_happened(database_url: str, language: str) -> None:
    async with running(database_url) as campus:
        t, en = campus.t(language), campus.t("en")
        alice = await campus.student("Alice", language)
        number = await campus.files(alice, TAP, language=language)
        receipt = await alice.shows("📮")
        tomorrow = t.plain("time.tomorrow", at="09:3")
        assert tomorrow in receipt.text, "one working day on"
        await campus.wang.taps(en.plain("desk.claim"), chat=campus.east)
        card = await campus.east.shows(f"#{number} ·")
        await campus.wang.says("// nobody at home", chat=campus.east, reply_to=card)
        await campus.east.shows("nobody at home")
        await campus.wang.says("/ask Which tap?", chat=campus.east, reply_to=card)
        await alice.reads("Which tap?")
        await alice.says("/mine")
        await alice.taps(f"#{number}")
        screen = await alice.reads(t.plain("event.ask"))
        lines = screen.text.splitlines()[-3:]
        today = t.plain("time.today", at="09:")
        for line, event in zip(lines, ("file", "claim", "ask"), strict=True):
            assert line.startswith(today)
            assert line.endswith(t.plain(f"event.{event}"))


async def test_a_caption_that_a_student_edits_is_edited_at_the_station(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await campus.files(alice, TAP)
        await alice.taps(t.plain("own.view"))
        await alice.taps(t.plain("own.add"))
        await alice.reads("add to")
        (sent_one,) = await alice.sends(photo(), caption="the left tab")
        copy = await campus.east.shows("the left tab")
        await alice.edits(sent_one, "the left tap")
        again = await campus.east.shows("the left tap")
        assert again.id == copy.id
        assert again.raw.get("photo")
        assert "(edited)" in again.text


async def test_a_single_picture_s_caption_that_staff_edit_is_edited_at_the_student(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        card = await campus.east.shows(f"#{number} ·")
        (sent_one,) = await campus.wang.sends(photo(), caption="mendet", chat=campus.east, reply_to=card)
        got = await alice.reads("mendet")
        await campus.wang.edits(sent_one, "mended", chat=campus.east)
        again = await alice.reads("mended")
        assert again.id == got.id
        assert "(edited)" in again.text
