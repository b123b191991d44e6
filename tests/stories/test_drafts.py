"""Words that have not gone anywhere yet: what keeps them, and that nothing drops them in silence."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.menus import Ask, Examine, Pick
from bot.sealed import Tell
from bot.survey_desk import Making, Running
from models import people
from models.cases import Case
from models.people import Audience
from models.surveys import Stage
from sandbox.client import Person, photo
from tests.campus import Campus, running
from tests.surveying.results import closed

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database."""

TAP = "The tap in the bathroom drips all night"


async def drafting(campus: Campus, person: Person) -> None:
    """A student who has written what happened and is asked for more."""
    t, settings = campus.t("en"), campus.app.settings
    await person.says("/new")
    await person.taps(t.plain("kind.complaint"))
    await person.taps(t.pick(settings.category_names("repairs")))
    await person.taps(t.pick(settings.category_names("furniture")))
    await person.reads(t.plain("new.words").splitlines()[0])
    await person.says("The wardrobe has lost its door")
    await person.reads("Got 1 message")


async def test_looking_at_something_else_keeps_the_draft(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        receipt = await alice.shows("📮")
        await drafting(campus, alice)
        for command, shown in (("/help", "What you can do"), ("/privacy", "What is kept"), ("/language", "language")):
            await alice.says(command)
            await alice.reads(shown)
            await alice.taps(t.plain("nav.back"))
            await alice.reads("The wardrobe has lost its door")
        await alice.taps(t.plain("own.view"), message=receipt)
        await alice.says("/mine")
        await alice.taps(f"#{number}")
        await alice.reads("In the hands of")
        await alice.says("It fell on my foot")
        await alice.reads("Got 2 messages")
        await alice.says("/language")
        await alice.taps("繁體中文")
        hant = campus.t("zh-hant")
        await alice.reads("The wardrobe has lost its door")
        await alice.taps(hant.plain("new.continue"))
        await alice.taps(hant.plain("name.named"))
        await alice.taps(hant.plain("preview.send"))
        await campus.east.shows("It fell on my foot")


@pytest.mark.parametrize("away", ["/start", "/new", "menu", "add"])
async def test_whoever_leaves_a_draft_is_told_that_it_was_not_sent(database_url: str, away: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await campus.files(alice, TAP)
        await drafting(campus, alice)
        if away.startswith("/"):
            await alice.says(away)
        else:
            await alice.says("/mine")
            if away == "menu":
                await alice.taps(t.plain("nav.home"))
            else:
                await alice.taps("#1")
                await alice.taps(t.plain("own.add"))
        await alice.reads(t.plain("draft.left"))
        await alice.says(away if away.startswith("/") else "/start")
        screen = await alice.reads("What")
        assert t.plain("draft.left") not in screen.text, "there was nothing left to leave"


async def test_an_old_button_leaves_a_draft_alone_or_says_that_it_was_not_sent(database_url: str) -> None:
    """Also /poll, which whoever has a draft of their own may ask alone with the bot."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await drafting(campus, alice)
        about_me = Pick("audience", "graduate").pack()
        assert await alice.presses(1, about_me) == t.plain("draft.another")
        await alice.says("It fell on my foot")
        await alice.reads("Got 2 messages")
        await alice.presses(2, Tell("begin").pack())
        screen = await alice.reads(t.plain("report.about").splitlines()[0])
        assert screen.text.startswith(t.plain("draft.left"))
        await alice.says("Zhou of East Station")
        await alice.taps(t.plain("report.no"))
        await alice.says("He sold the free tickets")
        await alice.reads("1 message so far")
        for button in ("new.continue", "report.anonymous", "report.send"):
            await alice.taps(t.plain(button))
        await alice.reads(t.plain("report.sent").splitlines()[0])
        async with campus.app.database.reading() as session:
            code = await session.scalar(select(Case.code))
        await drafting(campus, alice)
        await alice.presses(2, Tell("add", str(code)).pack())
        screen = await alice.reads(f"R-{code}")
        assert screen.text.endswith(t.plain("draft.left")), "what it is about stays at its head"
        await alice.says("/new")
        await alice.reads(t.plain("new.kind"))
        zhao = campus.t("zh-hans")
        await campus.admin.says("/start")
        await campus.admin.taps(zhao.plain("consent.agree"))
        await campus.admin.taps(zhao.plain("audience.skip"))
        await campus.admin.taps(zhao.plain("building.none"))
        await campus.admin.says(TAP)
        await campus.admin.reads(TAP)
        await campus.admin.says("/poll Tea or coffee? | Tea | Coffee")
        screen = await campus.admin.reads("Tea or coffee?")
        assert screen.text.startswith(zhao.plain("draft.left"))
        # Old screens of what the union does: a draft of the admin's own stays, or is said to be gone.
        await campus.admin.says("/start")
        await campus.admin.says(TAP)
        draft = await campus.admin.reads(TAP)
        async with campus.app.database.transaction() as session:
            survey = await closed(session, campus.clock(), Stage.CLOSED)
        for kept in (Ask("cancel"), Examine("cancel"), Running("one", survey.id)):
            await campus.admin.presses(screen, kept.pack())
        assert await campus.admin.presses(screen, Making("file", "pulse").pack()) == zhao.plain("old.button")
        await campus.admin.taps(zhao.plain("kind.complaint"), message=draft)
        await campus.admin.reads(zhao.plain("new.category").splitlines()[0])
        for ended in (Making("new"), Running("say", survey.id)):
            await campus.admin.says("/start")
            await campus.admin.says(TAP)
            await campus.admin.reads(TAP)
            await campus.admin.presses(screen, ended.pack())
            await campus.admin.reads(zhao.plain("draft.left"))


async def test_a_rating_in_the_middle_of_a_draft_leaves_it_alone(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await campus.files(alice, TAP)
        await campus.resolves()
        asked = await alice.reads("Is it really fixed?")
        await drafting(campus, alice)
        await alice.taps(t.plain("fixed.yes"), message=asked)
        await alice.taps("4 🙂")
        await alice.reads(t.plain("rate.thanks"))
        await alice.says("It fell on my foot")
        await alice.reads("Got 2 messages")
        await campus.east.shows("★★★★☆")


async def test_an_edit_of_words_with_the_station_arrives_while_another_draft_is_open(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await campus.files(alice, TAP)
        filed = next(m for m in await alice.transcript() if m.text == TAP)
        await drafting(campus, alice)
        await alice.edits(filed, "The shower drips all night")
        await campus.east.shows("The shower drips all night")
        drafted = next(m for m in await alice.transcript() if m.text.startswith("The wardrobe") and not m.from_bot)
        await alice.edits(drafted, "The wardrobe has lost both doors")
        await alice.taps(t.plain("new.continue"))
        await alice.taps(t.plain("name.named"))
        await alice.taps(t.plain("preview.send"))
        await campus.east.shows("lost both doors")


async def asked_who_they_are(campus: Campus) -> Person:
    """Somebody who wrote before agreeing, has agreed, and stands before the first question about themselves."""
    t = campus.t("en")
    bob = await campus.stage.person("Bob", "en")
    await bob.says(TAP)
    await bob.taps(t.plain("consent.agree"))
    await bob.reads(t.plain("audience.ask").splitlines()[0])
    return bob


@pytest.mark.parametrize("away", ["menu", "/start", "/new", "words", "picture", "back"])
async def test_words_before_consent_survive_whatever_is_done_instead_of_answering(database_url: str, away: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        bob = await asked_who_they_are(campus)
        match away:
            case "menu":
                await bob.taps(t.plain("nav.home"))
            case "words":
                await bob.says("and the floor is wet")
                await bob.reads(t.plain("profile.kept"))
                await bob.taps(t.plain("audience.skip"))
                await bob.taps("East 1")
            case "picture":
                await bob.taps(t.plain("audience.skip"))
                await bob.reads(t.plain("building.ask"))
                await bob.sends(photo())
                await bob.reads(t.plain("profile.kept"))
                await bob.taps("East 1")
            case "back":
                await bob.taps(t.plain("audience.graduate"))
                await bob.taps(t.plain("nav.back"))
                await bob.taps("● " + t.plain("audience.graduate"))
                await bob.taps("East 1")
            case _:
                await bob.says(away)
        screen = await bob.reads("You wrote:")
        assert TAP in screen.text
        await bob.taps(t.plain("kind.complaint"))
        await bob.reads(t.plain("new.category"))


async def test_starting_again_before_consent_keeps_the_words_too(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        bob = await campus.stage.person("Bob", "en")
        await bob.says(TAP)
        await bob.says("/start")
        await bob.taps(t.plain("consent.agree"))
        await bob.taps(t.plain("nav.home"))
        await bob.reads(TAP)


async def test_an_old_consent_screen_leads_home(database_url: str) -> None:
    async with running(database_url) as campus:
        bob = await campus.student("Bob")
        await bob.presses(1, "go:agree")
        await bob.reads("What would you like to do?")
        await bob.says(TAP)
        await bob.reads("You wrote:")


async def test_about_me_shows_what_was_said_and_leaving_changes_nothing(database_url: str) -> None:
    """The only button that led out erased the audience."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        for _ in range(2):
            await alice.taps(t.plain("home.profile"))
            screen = await alice.reads(t.plain("audience.ask").splitlines()[0])
            assert "● " + t.plain("audience.undergraduate") in screen.labels
            await alice.taps(t.plain("nav.home"))
            await alice.reads("What would you like to do?")
        await alice.taps(t.plain("home.profile"))
        await alice.taps(t.plain("audience.graduate"))
        screen = await alice.reads(t.plain("building.ask"))
        assert "● East 1" in screen.labels


@pytest.mark.parametrize(
    ("language", "typed"), [("zh-hans", "本科。"), ("en", "大學部學生"), ("zh-hant", " Undergrad ")]
)
async def test_the_first_question_is_answered_by_typing_as_well(database_url: str, language: str, typed: str) -> None:
    """It became the words of a ticket, the buttons were out of date, and the second question was never asked."""
    async with running(database_url) as campus:
        t = campus.t(language)
        bob = await campus.stage.person("Bob", language)
        await bob.says("/start")
        await bob.taps(t.plain("consent.agree"))
        await bob.reads(t.plain("audience.ask").splitlines()[0])
        await bob.says(typed)
        await bob.reads(t.plain("building.ask"))
        await bob.taps(t.pick(campus.app.settings.building_names("e1")))
        await bob.reads(t.plain("profile.done", building="").splitlines()[0][:4])
        async with campus.app.database.reading() as session:
            person = await people.by_telegram_id(session, bob.id)
            assert person is not None
            assert (person.audience, person.building) == (Audience.UNDERGRADUATE, "e1")


async def test_words_at_the_first_question_wait_and_it_is_asked_again(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        bob = await campus.stage.person("Bob", "en")
        await bob.says("/start")
        await bob.taps(t.plain("consent.agree"))
        await bob.reads(t.plain("audience.ask").splitlines()[0])
        for words in (TAP, "In the graduate dormitory"):
            await bob.says(words)
            screen = await bob.reads(t.plain("profile.kept"))
            assert t.plain("audience.ask").splitlines()[0] in screen.text
        await bob.taps(t.plain("audience.graduate"))
        await bob.taps("East 1")
        screen = await bob.reads("You wrote:")
        assert TAP in screen.text
        assert "In the graduate dormitory" in screen.text


async def test_words_typed_where_they_live_wait_for_the_draft(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        bob = await campus.stage.person("Bob", "en")
        await bob.says("/start")
        await bob.taps(t.plain("consent.agree"))
        await bob.taps(t.plain("audience.skip"))
        await bob.says(TAP)
        await bob.taps(t.plain("building.take", words=""))
        screen = await bob.reads(t.plain("profile.kept"))
        assert t.plain("building.ask") in screen.text
        await bob.says("East 1")
        assert TAP in (await bob.reads("You wrote:")).text


@pytest.mark.parametrize("then", ["the button", "/new", "more words", "the menu"])
async def test_words_typed_where_they_live_are_kept_when_a_building_is_pressed(database_url: str, then: str) -> None:
    """They were dropped without a word."""
    async with running(database_url) as campus:
        t, settings = campus.t("en"), campus.app.settings
        bob = await campus.stage.person("Bob", "en")
        await bob.says("/start")
        await bob.taps(t.plain("consent.agree"))
        await bob.taps(t.plain("audience.skip"))
        await bob.says(TAP)
        await bob.reads(t.plain("building.unknown", typed=TAP[:60]).splitlines()[0])
        await bob.taps("East 1")
        screen = await bob.reads(t.plain("profile.typed"))
        take = t.plain("building.take", words="")
        assert screen.labels[0].startswith(take)
        match then:
            case "the button":
                await bob.taps(take)
                assert TAP in (await bob.reads("You wrote:")).text
            case "/new":
                await bob.says("/new")
                await bob.taps(t.plain("kind.complaint"))
                await bob.taps(t.pick(settings.category_names("repairs")))
                await bob.taps(t.pick(settings.category_names("water")))
                await bob.taps(take)
                await bob.reads("Got 1 message")
            case "more words":
                await bob.says("in room 5")
                screen = await bob.reads("You wrote:")
                assert TAP in screen.text
                assert "in room 5" in screen.text
            case "the menu":
                await bob.says("/start")
                await bob.reads(t.plain("draft.left"))


async def test_words_typed_where_they_live_never_go_where_nobody_has_seen_them_go(database_url: str) -> None:
    """They were joined to the next words unseen: a name and a room on an anonymous ticket."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP, anonymous=True)
        await campus.east.shows(f"#{number} ·")
        await alice.says("/start")
        await alice.taps(t.plain("home.profile"))
        await alice.taps(t.plain("audience.skip"))
        await alice.says("I am Alice Wong, room 5-312")
        await alice.taps("East 1")
        await alice.reads(t.plain("profile.typed"))
        await alice.says("It drips again")
        await alice.taps(t.plain("loose.add", number=number, subject="")[:8])
        await campus.east.shows("It drips again")
        assert "Wong" not in str([m.raw for m in await campus.east.transcript()])


async def test_a_building_half_typed_and_then_pressed_is_no_words(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        bob = await campus.stage.person("Bob", "en")
        await bob.says("/start")
        await bob.taps(t.plain("consent.agree"))
        await bob.taps(t.plain("audience.skip"))
        await bob.says("East")
        await bob.reads(t.plain("building.which"))
        await bob.taps("East 1")
        screen = await bob.reads(t.plain("profile.done", building="East 1").splitlines()[0])
        assert not [label for label in screen.labels if label.startswith(t.plain("building.take", words=""))]
