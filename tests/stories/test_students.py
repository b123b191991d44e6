"""What a student does: from hello to "it is really fixed", with every step changed on the way."""

from __future__ import annotations

import re

import pytest

from models.people import Audience
from sandbox.client import photo
from tests.campus import number_in, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database; the main story is told on both."""

LANGUAGES = ("zh-hans", "zh-hant", "en")
WORDS = {
    "zh-hans": "卫生间的水龙头一直漏水",
    "zh-hant": "衛生間的水龍頭一直漏水",
    "en": "The tap in the bathroom drips all night",
}
TYPED = {"zh-hans": "东一", "zh-hant": "東一棟", "en": "east 1"}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_ticket_is_filed_in_one_s_own_language(database_url: str, language: str) -> None:
    """Telegram's language is taken, the building may be typed, every step can be changed before sending."""
    async with running(database_url) as campus:
        t, settings = campus.t(language), campus.app.settings
        lin = await campus.stage.person("Lin", language)
        await lin.says("/start")
        consent = await lin.reads("👋")
        assert consent.text.count("•") >= 3, "who can see what is said before anybody agrees"
        await lin.taps(t.plain("consent.agree"))
        await lin.taps(t.plain("audience.international"))
        await lin.says(TYPED[language])
        settled = await lin.reads(t.pick(settings.building_names("e1")))
        (contact,) = settings.contacts_for(Audience.INTERNATIONAL)
        assert t.pick(contact.name) in settled.text, "who is there for international students"
        assert t.pick(contact.reach) in settled.text
        await lin.says("/new")
        await lin.taps("🙋 " + t.plain("kind.need"))
        await lin.taps(t.pick(settings.category_names("repairs")))
        await lin.taps(t.pick(settings.category_names("power")))
        await lin.says(WORDS[language])
        await lin.taps(t.plain("new.continue"))
        await lin.taps(t.plain("name.anonymous"))
        await lin.reads(t.plain("preview.anonymous"))
        await lin.taps(t.plain("preview.kind"))
        await lin.taps(t.plain("kind.complaint"))
        await lin.taps(t.plain("preview.category"))
        await lin.taps(t.pick(settings.category_names("repairs")))
        await lin.taps(t.pick(settings.category_names("water")))
        await lin.taps(t.plain("preview.building"))
        await lin.taps(t.pick(settings.building_names("e2")))
        await lin.taps(t.plain("preview.name"))
        await lin.taps(t.plain("name.named"))
        await lin.taps(t.plain("preview.words"))
        await lin.says("!")
        await lin.taps(t.plain("new.continue"))
        preview = await lin.reads(t.pick(settings.building_names("e2")))
        assert t.pick(settings.category_path("water")) in preview.text
        assert t.plain("kind.complaint") in preview.text
        await lin.taps(t.plain("preview.send"))
        receipt = await lin.reads("📮")
        assert t.pick(settings.station_specs()[0].names) in receipt.text
        await campus.east.shows(WORDS[language])
        card = await campus.east.shows(f"#{number_in(receipt.text)} ·")
        assert "Lin" in card.text


async def test_words_before_consent_are_kept_until_it_is_given(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        bob = await campus.stage.person("Bob", "en")
        await bob.says(WORDS["en"])
        await bob.taps(t.plain("consent.agree"))
        await bob.taps(t.plain("audience.skip"))
        await bob.taps(t.pick(campus.app.settings.building_names("e1")))
        await bob.reads(WORDS["en"])
        await bob.taps(t.plain("kind.complaint"))


async def test_consent_can_be_read_in_every_language_first(database_url: str) -> None:
    async with running(database_url) as campus:
        bob = await campus.stage.person("Bob", "de")
        await bob.says("/start")
        for label, language in (("简体中文", "zh-hans"), ("English", "en"), ("繁體中文", "zh-hant")):
            await bob.taps(label)
            await bob.reads(campus.t(language).plain("consent.text").splitlines()[0][-6:])
        await bob.taps(campus.t("zh-hant").plain("consent.agree"))
        await bob.reads(campus.t("zh-hant").plain("audience.ask").splitlines()[0])


async def test_a_similar_ticket_is_joined_and_one_answer_reaches_both(database_url: str) -> None:
    async with running(database_url) as campus:
        t, settings = campus.t("en"), campus.app.settings
        alice, bob = await campus.student("Alice"), await campus.student("Bob", "zh-hant")
        number = await campus.files(alice, "卫生间的水龙头一直漏水，晚上睡不着")
        card = await campus.east.shows(f"#{number} ·")
        hant = campus.t("zh-hant")
        await bob.says("/new")
        await bob.taps(hant.plain("kind.complaint"))
        await bob.taps(hant.pick(settings.category_names("repairs")))
        await bob.taps(hant.pick(settings.category_names("water")))
        await bob.reads(hant.plain("new.words").splitlines()[0])
        await bob.says("衛生間水龍頭漏水，晚上睡不著")
        await bob.taps(hant.plain("new.continue"))
        await bob.taps(f"#{number}")
        await bob.reads("🤝")
        joined = await campus.east.shows("Alice and 1 more student")
        assert not joined.text.startswith("🔶"), "two are not many"
        await campus.east.shows("衛生間水龍頭漏水")
        for message in await campus.east.transcript():
            assert "Bob" not in message.text, "joining is anonymous"
        carol = await campus.student("Carol")
        await carol.says("/new")
        await carol.taps(t.plain("kind.complaint"))
        for key in ("repairs", "water"):
            await carol.taps(t.pick(settings.category_names(key)))
        await carol.says("卫生间水龙头漏水，晚上睡不着")
        await carol.taps(t.plain("new.continue"))
        await carol.taps(f"#{number}")
        await carol.reads("🤝")
        await campus.east.shows(re.compile("^🔶 .*and 2 more students", re.DOTALL))
        await campus.wang.says("The plumber comes at three", chat=campus.east, reply_to=card)
        await alice.reads("The plumber comes at three")
        await bob.reads("The plumber comes at three")
        await carol.says("/mine")
        await carol.taps(f"#{number}")
        await carol.taps(t.plain("own.withdraw"))
        await carol.reads("2 other students wait for it")
        await carol.taps(t.plain("own.withdraw_yes"))
        await carol.reads(t.plain("mine.left", number=number))
        await carol.says("/mine")
        await carol.reads(t.plain("mine.none"))
        await campus.resolves()
        asked = hant.plain("ticket.fixed", number=number, reason="").rsplit("<b>", 1)[-1].removesuffix("</b>")
        done = await bob.reads(asked)
        assert hant.plain("resolution.done") in done.text, "what staff pick is said in one's own language"
        await bob.taps(hant.plain("fixed.yes"))
        await alice.taps(t.plain("own.view"))
        mine = await alice.reads(t.plain("event.file"))
        assert t.plain("event.add") not in mine.text, "what others have added is not one's own"
        await alice.taps(t.plain("fixed.yes"))
        await campus.east.shows("fixed 2, not fixed 0")


@pytest.mark.parametrize("kind", ["complaint", "thanks"])
async def test_before_sending_and_after_it_is_said_that_other_students_may_read_it(
    database_url: str, kind: str
) -> None:
    """The list of similar tickets shows how each begins. Thanks are in no such list, so nothing is said of them."""
    async with running(database_url) as campus:
        t, settings = campus.t("en"), campus.app.settings
        alice = await campus.student("Alice")
        others = t.plain("similar.others")
        await alice.says("/new")
        await alice.taps(t.plain(f"kind.{kind}"))
        await alice.taps(t.pick(settings.category_names("repairs")))
        await alice.taps(t.pick(settings.category_names("water")))
        await alice.reads(t.plain("new.words").splitlines()[0])
        await alice.says(WORDS["en"])
        await alice.taps(t.plain("new.continue"))
        shown = [await alice.reads("With your name or anonymously?")]
        await alice.taps(t.plain("name.anonymous"))
        shown.append(await alice.reads("Please check"))
        await alice.taps(t.plain("preview.send"))
        number = number_in((await alice.reads("📮")).text)
        await alice.presses(shown[-1], f"m:view:{number}:0")
        shown.append(await alice.reads("State:"))
        assert [others in screen.text for screen in shown] == [kind != "thanks"] * 3
        await alice.says("/privacy")
        await alice.reads("Other students who write something similar: how an open ticket begins")


async def test_a_student_follows_urges_adds_withdraws(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, WORDS["en"])
        await alice.says("/mine")
        await alice.taps(f"#{number}")
        screen = await alice.reads("In the hands of: nobody yet")
        assert "can read your name and your words" in screen.text
        assert "Taken on by: today 15:0" in screen.text
        assert await alice.taps(t.plain("own.urge")) == t.plain("mine.urged", number=number)
        await campus.east.shows("the student asks you to hurry")
        await campus.east.shows("Urged once")
        assert await alice.taps(t.plain("own.urge")) == t.plain("urge.too_soon", number=number)
        await campus.later(hours=24)
        assert await alice.taps(t.plain("own.urge")) == t.plain("mine.urged", number=number)
        await alice.taps(t.plain("own.add"))
        await alice.says("It is the hot water side")
        await alice.reads(t.plain("mine.added", number=number))
        await campus.east.shows("It is the hot water side")
        await alice.taps(t.plain("own.back_to", number=number))
        await alice.taps(t.plain("own.withdraw"))
        await alice.taps(t.plain("nav.back"))
        await alice.taps(t.plain("own.withdraw"))
        await alice.taps(t.plain("own.withdraw_yes"))
        await alice.reads(t.plain("mine.withdrawn", number=number))
        await campus.east.shows("withdrawn · #")


async def test_no_reopens_and_says_what_is_wrong(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, WORDS["en"])
        await campus.wang.taps(t.plain("desk.resolve"), chat=campus.east)
        await campus.wang.taps(t.plain("resolution.explained"), chat=campus.east)
        await alice.taps(t.plain("fixed.no"))
        await alice.says("It still drips")
        await campus.east.shows("It still drips")
        await campus.east.shows("is not fixed, says the student")
        await campus.east.shows("Reopened once")
        await campus.wang.taps(t.plain("desk.claim"), chat=campus.east)
        await campus.resolves()
        await alice.taps(t.plain("fixed.yes"))
        await alice.taps("2 🙁")
        await alice.taps(t.plain("rate.no_word"))
        await alice.reads(t.plain("rate.thanks"))
        await campus.east.shows("★★☆☆☆")
        await campus.later(days=29)
        await alice.says("/mine")
        await alice.taps(f"#{number}")
        await alice.taps(t.plain("own.reopen"))
        await campus.east.shows("Reopened 2 times")


async def test_loose_words_find_their_ticket_or_begin_a_new_one(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, WORDS["en"])
        await alice.says("and the floor is wet now")
        await alice.reads(t.plain("loose.ask"))
        await alice.says("all of it")
        screen = await alice.reads(t.plain("loose.ask"))
        await alice.taps(t.plain("loose.add", number=number, subject=""), message=screen)
        await campus.east.shows("and the floor is wet now")
        await campus.east.shows("all of it")
        await alice.says("The canteen is closed on Sundays")
        screen = await alice.reads(t.plain("loose.ask"))
        await alice.taps(t.plain("loose.new"), message=screen)
        await alice.taps(t.plain("kind.suggestion"))
        await alice.reads(t.plain("new.category"))


async def test_a_reply_to_an_answer_goes_to_its_ticket(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        first = await campus.files(alice, WORDS["en"])
        card = await campus.east.shows(f"#{first} ·")
        second = await campus.files(alice, "The light in the corridor is broken", category=("repairs", "power"))
        await campus.east.shows(f"#{second} ·")
        await campus.wang.says("Which tap?", chat=campus.east, reply_to=card)
        answer = await alice.reads("Which tap?")
        await campus.east.shows("Answer delivered")
        await alice.says("The left one", reply_to=answer)
        told = await campus.east.shows("The left one")
        assert f"#{first}" in told.text


@pytest.mark.parametrize("meanwhile", ["a draft", "a choice", "a rating"])
async def test_a_reply_reaches_its_ticket_whatever_else_is_being_done(database_url: str, meanwhile: str) -> None:
    """A draft swallowed replies, and so did the word asked for with a rating, days later and for another ticket."""
    async with running(database_url) as campus:
        t, settings = campus.t("en"), campus.app.settings
        alice = await campus.student("Alice")
        number = await campus.files(alice, WORDS["en"])
        card = await campus.east.shows(f"#{number} ·")
        await campus.wang.says("Which tap?", chat=campus.east, reply_to=card)
        answer = await alice.reads("Which tap?")
        await campus.east.shows("Answer delivered")
        if meanwhile == "a rating":
            rated = await campus.files(alice, "The light in the corridor is broken", category=("repairs", "power"))
            other = await campus.east.shows(f"#{rated} ·")
            await campus.wang.taps(t.plain("desk.resolve"), chat=campus.east, message=other)
            await campus.wang.taps(t.plain("resolution.done"), chat=campus.east)
            await alice.taps(t.plain("fixed.yes"))
            await alice.taps("4 🙂")
        else:
            await alice.says("/new")
            await alice.taps(t.plain("kind.complaint"))
        if meanwhile == "a draft":
            await alice.taps(t.pick(settings.category_names("repairs")))
            await alice.taps(t.pick(settings.category_names("power")))
            await alice.reads(t.plain("new.words").splitlines()[0])
            await alice.says("The lamp flickers")
            await alice.reads("Got 1 message")
        await alice.says("The left one", reply_to=answer)
        await alice.reads(t.plain("mine.added", number=number))
        told = await campus.east.shows("The left one")
        assert f"#{number}" in told.text
        if meanwhile == "a rating":
            await alice.says("Quick work")
            await alice.reads(t.plain("rate.thanks"))
            await campus.east.shows("★★★★☆ Quick work")
        elif meanwhile == "a draft":
            await alice.says("since Monday")
            screen = await alice.reads("Got 2 messages")
            assert "The left one" not in screen.text


async def test_the_word_with_a_rating_is_awaited_for_an_hour(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await campus.files(alice, WORDS["en"])
        await campus.resolves()
        await alice.taps(t.plain("fixed.yes"))
        await alice.taps("4 🙂")
        await alice.reads("★★★★☆")
        await campus.later(minutes=61)
        await alice.says("The lamp flickers")
        await alice.reads(t.plain("new.kind_for", words="").splitlines()[0])
        assert "flickers" not in "".join(m.text for m in await campus.east.transcript())


async def test_the_language_can_be_changed_at_any_time(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        number = await campus.files(alice, WORDS["en"])
        await alice.says("/language")
        await alice.taps("繁體中文")
        await alice.reads(campus.t("zh-hant").plain("home.text", name="Alice").split("\n")[0])
        card = await campus.east.shows(f"#{number} ·")
        await campus.wang.taps(campus.t("en").plain("desk.claim"), chat=campus.east, message=card)
        await alice.reads("已由")


async def test_edits_reach_the_other_side_and_are_marked(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await campus.files(alice, WORDS["en"])
        card = await campus.east.shows(WORDS["en"])
        first = next(m for m in await campus.stage.transcript(alice.id) if m.text == WORDS["en"])
        await alice.edits(first, "The shower drips all night")
        changed = await campus.east.shows("The shower drips all night")
        assert changed.id == card.id
        assert "(edited)" in changed.text
        answer = await campus.wang.says("At three", chat=campus.east, reply_to=card)
        got = await alice.reads("At three")
        await campus.wang.edits(answer, "At four", chat=campus.east)
        again = await alice.reads("At four")
        assert again.id == got.id
        assert "(edited)" in again.text
        assert t.plain("own.add") in {b["text"] for b in again.buttons}


async def test_edits_reach_the_station_while_a_draft_is_open(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        await campus.files(alice, WORDS["en"])
        first = next(m for m in await alice.transcript() if m.text == WORDS["en"])
        await alice.says("/new")
        await alice.reads(campus.t("en").plain("new.kind"))
        await alice.edits(first, "The shower drips all night")
        await campus.east.shows("The shower drips all night")


async def test_edits_of_held_words_are_followed_wherever_they_are_held(database_url: str) -> None:
    """Before agreeing, beside an open ticket, and in the draft."""
    async with running(database_url) as campus:
        t, settings = campus.t("en"), campus.app.settings
        alice = await campus.stage.person("Alice", "en")
        said = await alice.says("The tap is dripping")
        await alice.reads("👋")
        await alice.edits(said, "The tap drips")
        await alice.says("/start")
        await alice.taps(t.plain("consent.agree"))
        await alice.taps(t.plain("audience.skip"))
        await alice.taps(t.plain("nav.back"))
        await alice.taps(t.plain("audience.skip"))
        await alice.taps(t.pick(settings.building_names("e1")))
        await alice.reads("The tap drips")
        await alice.edits(said, "The tap drips all night")
        await alice.taps(t.plain("kind.complaint"))
        await alice.taps(t.pick(settings.category_names("repairs")))
        await alice.taps(t.pick(settings.category_names("water")))
        await alice.taps(t.plain("name.named"))
        await alice.taps(t.plain("preview.send"))
        await campus.east.shows("The tap drips all night")
        loose = await alice.says("and the flour is wet")
        await alice.reads(t.plain("loose.ask"))
        await alice.edits(loose, "and the floor is wet")
        await alice.taps(t.plain("loose.add", number=1, subject=""))
        await campus.east.shows("and the floor is wet")


async def test_an_old_question_where_words_belong_moves_no_newer_words(database_url: str) -> None:
    """Its buttons took along whatever had been said since, and "never mind" dropped it."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, WORDS["en"])
        add, newer = t.plain("loose.add", number=number, subject=""), t.plain("loose.newer")
        await alice.says("It is the hot water side")
        first = await alice.reads(t.plain("loose.ask"))
        await alice.says("And the shower is cold")
        second = await alice.reads(t.plain("loose.ask"))
        assert first.id != second.id
        for label in (add, t.plain("loose.new"), t.plain("nav.cancel")):
            assert await alice.taps(label, message=first) == newer
        await alice.taps(add, message=second)
        await campus.east.shows("hot water side")
        await campus.east.shows("shower is cold")
        assert await alice.taps(add, message=first) == t.plain("old.button")
        await alice.says("My neighbour is too loud")
        third = await alice.reads(t.plain("loose.ask"))
        assert await alice.taps(add, message=first) == newer
        await alice.taps(t.plain("nav.cancel"), message=third)
        await alice.reads(t.plain("cancel.done"))
        await campus.quiet()
        assert "neighbour" not in str([m.raw for m in await campus.east.transcript()])


async def test_a_photo_goes_along_and_words_are_collected(database_url: str) -> None:
    async with running(database_url) as campus:
        t, settings = campus.t("en"), campus.app.settings
        alice = await campus.student("Alice")
        await alice.says("/new")
        await alice.taps(t.plain("kind.complaint"))
        await alice.taps(t.pick(settings.category_names("repairs")))
        await alice.taps(t.pick(settings.category_names("water")))
        await alice.reads(t.plain("new.words").splitlines()[0])
        await alice.sends(photo(), caption="this one")
        await alice.says("It drips since Monday")
        await alice.reads("Got 2 messages")
        await alice.taps(t.plain("new.empty"))
        await alice.reads(t.plain("new.words").splitlines()[0])
        await alice.sends(photo(), caption="that one")
        await alice.taps(t.plain("new.continue"))
        await alice.taps(t.plain("name.named"))
        await alice.taps(t.plain("preview.send"))
        await campus.east.shows("🖼 that one")
        await campus.east.shows(re.compile(r"Student\nthat one"))
        pictures = [m for m in await campus.east.transcript() if m.raw.get("photo")]
        assert len(pictures) == 1
        assert "this one" not in "".join(m.text for m in await campus.east.transcript())


async def test_help_and_privacy_answer_from_anywhere(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await alice.says("/new")
        await alice.says("/help")
        await alice.reads("What you can do")
        await alice.says("/privacy")
        await alice.reads("What is kept")
        await alice.taps(t.plain("nav.back"))
        await alice.reads(t.plain("new.kind"))
        await alice.taps(t.plain("nav.cancel"))
        await alice.reads(t.plain("cancel.done"))
        await alice.says("/privacy")
        await alice.taps(t.plain("nav.home"))
        await alice.reads("What would you like to do?")
        await alice.says("/nonsense")
        await alice.reads(t.plain("unknown.command"))


async def test_thirty_days_after_closing_a_new_ticket_is_suggested(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, WORDS["en"])
        await campus.resolves()
        await alice.taps(t.plain("fixed.yes"))
        await campus.later(days=40)
        await alice.says("/mine")
        await alice.taps(f"#{number}")
        screen = await alice.reads(f"#{number} · ")
        assert t.plain("own.again") in [b["text"] for b in screen.buttons]
        assert t.plain("own.reopen") not in [b["text"] for b in screen.buttons]
        payload = f"m:reopen:{number}:0"
        assert await alice.presses(screen, payload) == t.plain("reopen.too_late", number=number, days=30)


async def test_pressing_a_button_under_an_answer_leaves_the_answer_standing(database_url: str) -> None:
    """The question was painted over by "what do you want to add?", and who was asked could not see it any more."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The tap drips")
        card = await campus.east.shows(f"#{number} ·")
        await campus.wang.says("/ask Hot or cold water?", chat=campus.east, reply_to=card)
        question = await alice.reads("Hot or cold water?")
        await alice.taps(t.plain("own.answer_question"), message=question)
        await alice.reads(t("mine.add", number=number))
        await alice.taps(t.plain("own.view"), message=question)
        await campus.wang.says("/resolve The valve is new", chat=campus.east, reply_to=card)
        resolved = await alice.reads("The valve is new")
        await alice.taps(t.plain("fixed.no"), message=resolved)
        await alice.reads(t("mine.still_wrong", number=number))
        shown = {message.id: message.text for message in await campus.stage.transcript(alice.id)}
        assert "Hot or cold water?" in shown[question.id]
        assert "The valve is new" in shown[resolved.id]
