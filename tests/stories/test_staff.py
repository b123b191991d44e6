"""What staff do in a station's chat, what they cannot do, and what never leaves it."""

from __future__ import annotations

import re

import pytest

from bot.helping import HEADINGS
from sandbox.client import Group, Person
from tests.campus import Campus, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database; what happens at once is in `test_at_once.py`."""

TAP = "The tap in the bathroom drips all night"


async def filed(campus: Campus, text: str = TAP) -> tuple[Person, int]:
    alice = await campus.student("Alice")
    return alice, await campus.files(alice, text)


async def test_only_replies_to_what_is_about_a_ticket_reach_a_student(database_url: str) -> None:
    """Staff chatter sent to the student because every message was relayed: seen in other bots."""
    async with running(database_url) as campus:
        alice, number = await filed(campus)
        card = await campus.east.shows(f"#{number} ·")
        chatter = await campus.wang.says("Who has the key to E1?", chat=campus.east)
        await campus.li.says("I do, come over", chat=campus.east, reply_to=chatter)
        await campus.li.says("// she has called twice already", chat=campus.east, reply_to=card)
        await campus.east.shows("📝 Li: she has called twice already")
        await campus.wang.says("/note the valve is worn", chat=campus.east, reply_to=card)
        await campus.east.shows("📝 Wang: the valve is worn")
        await campus.wang.says("The plumber comes at three", chat=campus.east, reply_to=card)
        await alice.reads("The plumber comes at three")
        told = "\n".join(m.text for m in await campus.stage.transcript(alice.id))
        for private in ("key to E1", "come over", "called twice", "valve is worn"):
            assert private not in told


async def test_a_question_waits_for_the_student_and_their_words_bring_it_back(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number = await filed(campus)
        card = await campus.east.shows(f"#{number} ·")
        await campus.wang.taps(t.plain("desk.ask"), chat=campus.east)
        prompt = await campus.wang.reads("reply to this message", chat=campus.east)
        await campus.wang.says("Hot or cold water?", chat=campus.east, reply_to=prompt)
        await alice.reads("Hot or cold water?")
        await campus.east.shows("waiting for the student")
        await alice.taps(t.plain("own.answer_question"))
        await alice.says("Hot")
        await campus.east.shows("Hot")
        await campus.east.shows("in hand")
        await campus.li.says("/ask Since when?", chat=campus.east, reply_to=card)
        await alice.reads("Since when?")


async def test_a_prompt_can_be_left_and_then_a_reply_is_an_answer(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number = await filed(campus)
        card = await campus.east.shows(f"#{number} ·")
        await campus.wang.taps(t.plain("desk.note"), chat=campus.east, message=card)
        await campus.wang.reads("Only colleagues see notes", chat=campus.east)
        await campus.wang.taps(t.plain("nav.cancel"), chat=campus.east)
        await campus.wang.reads(t.plain("desk.cancelled"), chat=campus.east)
        await campus.wang.says("We are on it", chat=campus.east, reply_to=card)
        await alice.reads("We are on it")


async def test_templates_are_shown_before_they_are_sent_in_the_student_s_language(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        lin = await campus.student("Lin", "zh-hans")
        number = await campus.files(lin, "水龙头漏水", language="zh-hans")
        await campus.east.shows(f"#{number} ·")
        await campus.wang.taps(t.plain("desk.answers"), chat=campus.east)
        await campus.wang.taps(t.plain("template_label.date"), chat=campus.east)
        text = campus.t("zh-hans").plain("template.date", number=number)
        await campus.wang.reads(text, chat=campus.east)
        await campus.wang.taps(t.plain("nav.back"), chat=campus.east)
        await campus.wang.taps(t.plain("template_label.date"), chat=campus.east)
        await campus.wang.taps(t.plain("desk.send"), chat=campus.east)
        await lin.reads(text)


async def test_a_ticket_is_resolved_in_one_s_own_words(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number = await filed(campus)
        await campus.east.shows(f"#{number} ·")
        await campus.wang.taps(t.plain("desk.resolve"), chat=campus.east)
        await campus.wang.taps(t.plain("desk.write"), chat=campus.east)
        prompt = await campus.wang.reads("how #1 was resolved", chat=campus.east)
        await campus.wang.says("The valve has been replaced", chat=campus.east, reply_to=prompt)
        asked = await alice.reads("The valve has been replaced")
        assert "Is it really fixed?" in asked.text
        await campus.later(days=5)
        await campus.east.shows("closed · #")


async def test_a_transfer_is_accepted_declined_or_comes_back_by_itself(database_url: str) -> None:
    """First-recipient responsibility: until somebody accepts, the first station has it."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number = await filed(campus)
        await campus.east.shows(f"#{number} ·")

        async def offered() -> None:
            await campus.wang.taps(t.plain("desk.transfer"), chat=campus.east)
            await campus.wang.taps("West Campus Station", chat=campus.east)
            await campus.wang.taps(t.plain("transfer.task"), chat=campus.east)
            await campus.east.shows("Offered to West Campus Station")
            await campus.west.shows("asks you to take it over")

        await offered()
        there = await campus.west.shows(f"#{number} ·")
        assert TAP in there.text
        await campus.admin.taps(t.plain("desk.return"), chat=campus.west)
        await campus.admin.taps(t.plain("decline.no_means"), chat=campus.west)
        await campus.east.shows("comes back from West Campus Station: We have no means to do it")

        await offered()
        await campus.admin.taps(t.plain("desk.return"), chat=campus.west)
        await campus.admin.taps(t.plain("desk.write"), chat=campus.west)
        prompt = await campus.west.shows(re.compile("Zhao.*reply to this message"))
        await campus.admin.says("That roof is being pulled down", chat=campus.west, reply_to=prompt)
        await campus.east.shows("comes back from West Campus Station: That roof is being pulled down")

        await offered()
        await campus.later(days=1)
        await campus.east.shows(f"#{number} comes back")

        await offered()
        await campus.admin.taps(t.plain("desk.accept"), chat=campus.west)
        await alice.reads("is with West Campus Station now")
        await campus.east.shows("taken over by West Campus Station")
        there = await campus.west.shows("in hand · Zhao")
        await campus.admin.says("We come at five", chat=campus.west, reply_to=there)
        await alice.reads("We come at five")


async def test_a_transfer_by_command_names_its_place(database_url: str) -> None:
    async with running(database_url) as campus:
        _, number = await filed(campus)
        card = await campus.east.shows(f"#{number} ·")
        await campus.wang.says("/transfer nowhere please", chat=campus.east, reply_to=card)
        said = await campus.wang.reads("No place is called", chat=campus.east)
        assert "west (West Campus Station)" in said.text
        await campus.wang.says("/transfer west closer to them", chat=campus.east, reply_to=card)
        await campus.west.shows("closer to them")


@pytest.mark.parametrize("command", ["claim", "ask", "note", "resolve", "transfer"])
async def test_a_command_without_its_card_says_what_it_needs(database_url: str, command: str) -> None:
    async with running(database_url) as campus:
        await campus.wang.says(f"/{command}", chat=campus.east)
        await campus.wang.reads("as a reply to a ticket's card", chat=campus.east)


async def test_somebody_who_is_not_in_the_group_changes_nothing(database_url: str) -> None:
    """Anyone may press; membership is asked of Telegram at the moment of acting."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number = await filed(campus)
        card = await campus.east.shows(f"#{number} ·")
        payload = next(b["callback_data"] for b in card.buttons if b["text"] == t.plain("desk.claim"))
        refusal = t.plain("desk.members_only")
        assert await alice.presses(card, payload, chat=campus.east) == refusal
        await campus.wang.leaves(campus.east)
        assert await campus.wang.presses(card, payload, chat=campus.east) == refusal
        await campus.wang.joins(campus.east)
        assert await campus.wang.presses(card, payload, chat=campus.east) == ""
        await campus.east.shows("in hand · Wang")


async def test_forged_and_replayed_presses_change_nothing(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number = await filed(campus)
        card = await campus.east.shows(f"#{number} ·")
        old = t.plain("desk.old_button")
        for payload in (
            "",
            ":",
            "d",
            "d:claim",
            "d:claim:-1",
            "d:claim:999999999999999999999",
            "d:fly:1",
            "x" * 64,
            "d:claim:٣",
        ):
            said = await campus.wang.presses(card, payload, chat=campus.east)
            assert said == old, payload
        assert await campus.wang.presses(card, "d:claim:4711", chat=campus.east) == t.plain(
            "ticket.unknown", number=4711
        )
        # Another station's button pressed here, and a student's ticket that is not theirs.
        assert await campus.admin.presses(1, f"d:claim:{number}", chat=campus.west) == t.plain(
            "desk.elsewhere", number=number
        )
        bob = await campus.student("Bob")
        for act in ("view", "withdraw_sure", "urge", "add", "rate"):
            assert await bob.presses(1, f"m:{act}:{number}:0") == t.plain("ticket.unknown", number=number)
        assert await bob.presses(1, f"r:{number}:5") == t.plain("ticket.unknown", number=number)
        assert await alice.presses(1, f"r:{number}:6") == t.plain("rate.range")
        card = await campus.east.shows(f"#{number} ·")
        assert "nobody has it yet" in card.text


async def test_an_anonymous_admin_is_asked_for_a_press(database_url: str) -> None:
    """With `sender_chat` set, `from` is no person; a press carries the real id."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number = await filed(campus)
        card = await campus.east.shows(f"#{number} ·")
        await campus.stage.promote(campus.east, campus.li, "administrator", anonymous=True)
        await campus.stage.control(
            "say", person=campus.li.id, chat=campus.east.id, text="At four", reply_to=card.id, anonymous=True
        )
        await campus.east.shows("Telegram hides who you are")
        assert "At four" not in "".join(m.text for m in await campus.stage.transcript(alice.id))
        await campus.li.taps(t.plain("desk.as_me"), chat=campus.east)
        await alice.reads("At four")
        await campus.east.shows("Li has sent it")


async def hides(campus: Campus, text: str, *, reply_to: int, group: Group | None = None) -> None:
    """Li writes as an anonymous admin."""
    chat = (group or campus.east).id
    await campus.stage.control("say", person=campus.li.id, chat=chat, text=text, reply_to=reply_to, anonymous=True)


async def test_what_an_anonymous_admin_was_asked_for_is_what_they_say(database_url: str) -> None:
    """A note that leaves as an answer cannot be taken back."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number = await filed(campus)
        card = await campus.east.shows(f"#{number} ·")
        await campus.stage.promote(campus.east, campus.li, "administrator", anonymous=True)

        async def replies(prompt: str, text: str) -> None:
            asked = await campus.li.reads(prompt, chat=campus.east)
            await hides(campus, text, reply_to=asked.id)
            await campus.li.taps(t.plain("desk.as_me"), chat=campus.east)

        await campus.li.taps(t.plain("desk.note"), chat=campus.east, message=card)
        await replies("Only colleagues see notes", "she has called twice")
        await campus.east.shows("📝 Li: she has called twice")
        await campus.li.taps(t.plain("desk.ask"), chat=campus.east, message=card)
        await replies("with your question", "Hot or cold water?")
        await alice.reads("Hot or cold water?")
        await campus.east.shows("waiting for the student")
        await campus.li.taps(t.plain("desk.transfer"), chat=campus.east)
        await campus.li.taps("West Campus Station", chat=campus.east)
        await campus.li.taps(t.plain("desk.write"), chat=campus.east)
        await replies("is transferred", "nearer to them")
        await campus.west.shows("nearer to them")
        await campus.admin.taps(t.plain("desk.return"), chat=campus.west)
        await campus.admin.taps(t.plain("decline.not_ours"), chat=campus.west)
        await campus.east.shows("comes back from West Campus Station")
        await campus.li.taps(t.plain("desk.resolve"), chat=campus.east)
        await campus.li.taps(t.plain("desk.write"), chat=campus.east)
        await replies("was resolved", "The valve has been replaced")
        assert "Is it really fixed?" in (await alice.reads("The valve has been replaced")).text
        told = "\n".join(m.text for m in await campus.stage.transcript(alice.id))
        assert "called twice" not in told
        assert "nearer to them" not in told


async def test_words_where_a_button_is_asked_for_are_answered(database_url: str) -> None:
    """The reason was written as a reply to the question for it, and nothing happened, without a word."""
    async with running(database_url) as campus:
        t = campus.t("en")
        _, number = await filed(campus)
        await campus.wang.taps(t.plain("desk.claim"), chat=campus.east)
        await campus.wang.taps(t.plain("desk.resolve"), chat=campus.east)
        asked = await campus.east.shows(f"How was #{number} resolved")
        await campus.wang.says("The valve has been replaced", chat=campus.east, reply_to=asked)
        told = await campus.east.shows("Nothing was done with that")
        assert t.plain("desk.write") in told.text
        assert "in hand · Wang" in (await campus.east.shows(f"#{number} ·")).text


async def test_a_command_of_an_anonymous_admin_waits_for_a_press(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number = await filed(campus)
        card = await campus.east.shows(f"#{number} ·")
        await campus.stage.promote(campus.east, campus.li, "administrator", anonymous=True)
        for command in ("/claim", "/note she has called twice", "/ask Hot or cold?"):
            await hides(campus, command, reply_to=card.id)
            await campus.li.taps(t.plain("desk.as_me"), chat=campus.east)
            await campus.east.shows(f"🙋 Li: {command.partition(' ')[0]} (#{number})")
        await alice.reads("Hot or cold?")
        card = await campus.east.shows("waiting for the student · Li")
        assert "📝 Li: she has called twice" in card.text
        await hides(campus, "/cancel", reply_to=card.id)
        await campus.east.shows("switch “Remain anonymous” off in your admin rights, then send /cancel")


PRESSED = frozenset({"setup", "claim", "ask", "note", "resolve", "transfer"})
"""What an anonymous admin types and then presses, so that it is known who they are."""
READABLE = frozenset({"open", "overdue", "find", "stats", "duty"})
"""What everybody in the group may read, whoever they are."""


async def test_every_other_command_of_an_anonymous_admin_is_refused_with_what_to_do(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        _, number = await filed(campus)
        card = await campus.east.shows(f"#{number} ·")
        await campus.stage.promote(campus.east, campus.li, "administrator", anonymous=True)
        commands = {command for names in HEADINGS.values() for command in names} - PRESSED
        for command in sorted(commands):
            await hides(campus, f"/{command} 1 24h tap", reply_to=card.id)
        await campus.quiet()
        said = [m for m in await campus.east.transcript() if m.raw["from"].get("is_bot")]
        refused = {c for c in commands if any(t.plain("hidden.command", command=c) in m.text for m in said)}
        assert commands - refused == READABLE, "each is refused by its name, but for what may be read"


async def test_an_anonymous_admin_of_the_union_sets_up_by_pressing_and_is_told_how_to_ask(database_url: str) -> None:
    async with running(database_url) as campus:
        hans = campus.t("zh-hans")
        here = await campus.stage.group("Desk", [campus.wang], [campus.admin])
        await campus.stage.promote(here, campus.admin, "administrator", anonymous=True)
        await campus.stage.control("say", person=campus.admin.id, chat=here.id, text="/poll Tea?", anonymous=True)
        await here.shows(hans.plain("hidden.command", command="poll"))
        await campus.stage.control("say", person=campus.admin.id, chat=here.id, text="/setup", anonymous=True)
        menu = await here.shows(re.compile("🔁"))
        payload = next(b["callback_data"] for b in menu.buttons if "东区" in b["text"])
        assert await campus.wang.presses(menu, payload, chat=here) == hans.plain("setup.admins_only")
        await campus.admin.taps(re.compile("东区"), chat=here)
        await campus.admin.taps(hans.plain("setup.move"), chat=here)
        await here.shows(campus.t("en").plain("setup.rights_fine"))


async def test_when_telegram_does_not_say_who_is_a_member_nothing_is_done(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        _, number = await filed(campus)
        card = await campus.east.shows(f"#{number} ·")
        await campus.stage.fault("getChatMember", status=500)
        payload = next(b["callback_data"] for b in card.buttons if b["text"] == t.plain("desk.claim"))
        assert await campus.wang.presses(card, payload, chat=campus.east) == t.plain("desk.lookup_failed")
        assert await campus.wang.presses(card, payload, chat=campus.east) == ""


async def test_the_history_shows_who_did_what(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        _, number = await filed(campus)
        await campus.east.shows(f"#{number} ·")
        await campus.wang.taps(t.plain("desk.claim"), chat=campus.east)
        await campus.wang.taps(t.plain("desk.history"), chat=campus.east)
        said = (await campus.east.shows("History 1/1")).text
        assert "filed" in said
        assert "claimed · Wang" in said


async def test_an_answer_of_unclear_fate_is_shown_and_sent_again_only_by_hand(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number = await filed(campus)
        card = await campus.east.shows(f"#{number} ·")
        await campus.stage.fault("sendMessage", chat=alice.id, drop="after")
        await campus.wang.says("The plumber comes at three", chat=campus.east, reply_to=card)
        await campus.east.shows("Not sure the answer arrived")
        arrived = [m for m in await campus.stage.transcript(alice.id) if "at three" in m.text]
        assert len(arrived) == 1, "it arrived, but nobody can know that"
        await campus.wang.taps(t.plain("desk.resend"), chat=campus.east)
        await campus.east.shows("Answer delivered")
        assert await campus.wang.presses(card, f"d:resend:{number}", chat=campus.east) == t.plain(
            "desk.nothing_to_resend", number=number
        )
