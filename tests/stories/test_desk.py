"""What staff do with several tickets and with what they have said: the way through, over the wire."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import delete

from models import people, stations
from models.people import Role
from models.postings import Posting
from sandbox.client import Message, Person, photo
from tests.campus import Campus, number_in, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database; the rules' own SQL is in `tests/models/`."""

TAP = "The tap in the bathroom drips all night"


async def filed(campus: Campus, name: str = "Alice", text: str = TAP) -> tuple[Person, int, Message]:
    student = await campus.student(name)
    number = await campus.files(student, text) if not campus.people else await files_alike(campus, student, text)
    campus.people[name] = student
    return student, number, await campus.east.shows(f"#{number} ·")


async def files_alike(campus: Campus, student: Person, text: str) -> int:
    """The whole way to the receipt, past "others reported this"."""
    t, settings = campus.t("en"), campus.app.settings
    await student.says("/new")
    await student.taps(t.plain("kind.complaint"))
    for key in ("repairs", "water"):
        await student.taps(t.pick(settings.category_names(key)))
    await student.reads(t.plain("new.words").splitlines()[0])
    await student.says(text)
    await student.taps(t.plain("new.continue"))
    await student.taps(t.plain("similar.none"))
    await student.taps(t.plain("name.named"))
    await student.taps(t.plain("preview.send"))
    return number_in((await student.reads("📮")).text)


async def is_lead(campus: Campus, person: Person) -> None:
    async with campus.app.database.transaction() as session:
        east = await stations.by_key(session, "east")
        assert east is not None
        await people.grant(
            session, Role.LEAD, person.id, given_by=campus.admin.id, now=campus.clock(), station_id=east.id
        )


async def test_a_ticket_is_given_to_a_colleague_who_can_give_it_back(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number, card = await filed(campus)
        await campus.wang.taps(t.plain("desk.more"), chat=campus.east, message=card)
        nobody = await campus.wang.taps(t.plain("more.assign"), chat=campus.east)
        assert nobody is None or "Li" not in nobody, "Li has not acted here yet"
        await campus.li.says("/note I have the key", chat=campus.east, reply_to=card)
        await campus.east.shows("📝 Li: I have the key")
        await campus.wang.taps(t.plain("desk.more"), chat=campus.east, message=card)
        await campus.wang.taps(t.plain("more.assign"), chat=campus.east)
        await campus.wang.taps("Li", chat=campus.east)
        called = await campus.east.shows("Li, Wang gives #1 to you")
        assert any(e["type"] == "text_link" or e["type"] == "text_mention" for e in called.raw["entities"])
        await campus.east.shows("in hand · Li")
        await alice.reads("has taken on")
        assert await campus.li.taps(t.plain("desk.release"), chat=campus.east, message=called) == ""
        await campus.east.shows("nobody has it yet")
        await campus.wang.says("/assign @nobody", chat=campus.east, reply_to=card)
        said = await campus.wang.reads("Who is to have it?", chat=campus.east)
        assert "Li" in said.text
        await campus.wang.says("/assign Li", chat=campus.east, reply_to=card)
        await campus.east.shows("in hand · Li")
        await campus.li.leaves(campus.east)
        await campus.wang.says("/assign Li", chat=campus.east, reply_to=card)
        said = await campus.wang.reads(re.compile("Who is to have it.*: Wang$"), chat=campus.east)
        assert number == 1


async def test_all_tickets_of_somebody_who_has_left_go_to_another_by_the_lead(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        _, _, card = await filed(campus)
        await campus.li.taps(t.plain("desk.claim"), chat=campus.east, message=card)
        await campus.east.shows("in hand · Li")
        await campus.wang.says("/reassign", chat=campus.east)
        await campus.wang.reads(t.plain("permission.lead_only"), chat=campus.east)
        await campus.li.leaves(campus.east)
        await is_lead(campus, campus.wang)
        await campus.wang.says("/reassign", chat=campus.east)
        await campus.wang.taps("Li (1)", chat=campus.east)
        await campus.wang.taps("Wang", chat=campus.east)
        await campus.east.shows("given all open tickets of Li (1) to Wang")
        await campus.east.shows("in hand · Wang")
        await campus.wang.says("/reassign Wang Li", chat=campus.east)
        await campus.wang.reads("Or send /reassign alone and choose", chat=campus.east)


async def test_an_answer_is_taken_back_from_everybody(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number, card = await filed(campus)
        answer = await campus.wang.says("The plumber comes at three", chat=campus.east, reply_to=card)
        await alice.reads("at three")
        await campus.quiet()
        await campus.li.says("/retract", chat=campus.east, reply_to=answer)
        await campus.li.reads(t.plain("permission.lead_only"), chat=campus.east)
        await campus.wang.says("/retract", chat=campus.east, reply_to=card)
        await campus.wang.reads("as a reply to your own answer", chat=campus.east)
        await campus.wang.says("/retract", chat=campus.east, reply_to=answer)
        await campus.wang.reads("Wang has withdrawn an answer about #1", chat=campus.east)
        await campus.quiet()
        told = [m.text for m in await campus.stage.transcript(alice.id)]
        assert not [text for text in told if "at three" in text]
        assert [text for text in told if "has withdrawn this answer about #1" in text]
        await campus.east.shows("The last answer was withdrawn")
        await campus.wang.edits(answer, "The plumber comes at four", chat=campus.east)
        await campus.wang.sends(photo(), caption="This valve", chat=campus.east, reply_to=card)
        await alice.reads("This valve")
        await campus.quiet()
        assert "at four" not in "".join(m.text for m in await campus.stage.transcript(alice.id)), "nothing comes back"
        await campus.wang.taps(t.plain("desk.more"), chat=campus.east, message=card)
        await campus.wang.taps(t.plain("more.retract"), chat=campus.east)
        await campus.wang.taps(t.plain("retract.sure"), chat=campus.east)
        await alice.reads("has withdrawn an answer about #1")
        await campus.quiet()
        assert not [m for m in await campus.stage.transcript(alice.id) if m.raw.get("photo")]
        assert number == 1


async def test_two_that_are_one_are_merged_answered_once_and_taken_apart_again(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, _ = await filed(campus)
        bob, number, card = await filed(campus, "Bob", "The tap in the bathroom drips all night, too")
        await campus.wang.taps(t.plain("desk.more"), chat=campus.east, message=card)
        await campus.wang.taps(t.plain("more.merge"), chat=campus.east)
        await campus.wang.taps(re.compile("^#1 The tap"), chat=campus.east)
        await campus.wang.taps(t.plain("merge.sure", number=2, into=1), chat=campus.east)
        await bob.reads("Your #2 is the same matter as #1")
        await campus.east.shows("Goes on in #1")
        await campus.east.shows("#2 is part of this ticket now")
        one = await campus.east.shows("and 1 more student wait")
        assert "Merged into this one: #2" in one.text
        # A reply to the card of the merged one is about what it is part of now.
        await campus.wang.says("The plumber comes at three", chat=campus.east, reply_to=card)
        for each in (alice, bob):
            assert "#1" in (await each.reads("at three")).text
        await bob.says("/mine")
        await bob.taps(re.compile("#1 The tap"))
        await bob.reads("#1 · Complaint")
        await campus.wang.says("/split", chat=campus.east, reply_to=card)
        await bob.reads("#2 is no longer dealt with together with #1")
        await campus.east.shows(re.compile("#2 · Complaint(.|\n)*nobody has it yet"))
        await campus.wang.says("/merge 1", chat=campus.east, reply_to=card)
        await campus.east.shows("Goes on in #1")
        await campus.wang.says("/closeall 1 The valve was replaced", chat=campus.east)
        for each in (alice, bob):
            await each.reads("The valve was replaced")
        await campus.wang.reads("all 2 students who waited are told", chat=campus.east)
        assert number == 2


async def test_three_that_read_alike_are_one_press_and_one_answer(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        students = []
        for name in ("Alice", "Bob", "Carol"):
            student, _, card = await filed(campus, name)
            students.append(student)
        label = t.plain("desk.cluster", count=3)
        card = await campus.east.shows(re.compile("#3 ·"))
        await campus.wang.taps(label, chat=campus.east, message=card)
        shown = await campus.wang.reads("These read like one matter", chat=campus.east)
        assert shown.text.count("• #") == 3
        payload = next(b["callback_data"] for b in shown.buttons if b["text"] == t.plain("merge.cluster_sure", count=3))
        assert await campus.li.presses(shown, payload, chat=campus.east) == t.plain("desk.old_button"), (
            "whoever has not seen the list cannot merge what is on it"
        )
        await campus.wang.taps(t.plain("merge.cluster_sure", count=3), chat=campus.east)
        prompt = await campus.wang.reads("everybody who waits will read it", chat=campus.east)
        await campus.wang.says("The pump was replaced", chat=campus.east, reply_to=prompt)
        for student in students:
            asked = await student.reads("The pump was replaced")
            assert "#3" in asked.text


async def test_words_that_are_another_matter_become_a_ticket_of_their_own(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        await alice.taps(t.plain("own.view"))
        await alice.taps(t.plain("own.add"))
        await alice.says("And the light on the stairs is broken")
        below = await campus.east.shows("light on the stairs")
        await campus.wang.says("/split", chat=campus.east, reply_to=card)
        await campus.wang.reads("as a reply to a student's words", chat=campus.east)
        await campus.wang.says("/split", chat=campus.east, reply_to=below)
        await alice.reads("What you wrote in #1 is another matter: it is #2 now")
        made = await campus.east.shows(re.compile("#2 · Complaint(.|\n)*Split from #1"))
        assert "light on the stairs" in made.text
        await campus.wang.says("The electrician comes at five", chat=campus.east, reply_to=below)
        assert "#2" in (await alice.reads("at five")).text


async def test_a_ticket_is_sorted_by_buttons_and_by_words(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        await campus.wang.says("/tag water Pipe", chat=campus.east, reply_to=card)
        await campus.east.shows("🏷 #pipe #water")
        await campus.wang.says("/project new New pipes in E1", chat=campus.east, reply_to=card)
        await campus.east.shows("🧩 Project 1 · New pipes in E1")
        await campus.wang.says("/projects", chat=campus.east)
        await campus.wang.reads("1 · New pipes in E1 (1 ticket)", chat=campus.east)
        await campus.wang.taps(t.plain("desk.more"), chat=campus.east, message=card)
        await campus.wang.taps(t.plain("more.priority"), chat=campus.east)
        await campus.wang.taps(t.plain("priority.urgent"), chat=campus.east)
        await campus.east.shows("🔴 📣 #1")
        await campus.wang.says("/priority normal", chat=campus.east, reply_to=card)
        await campus.east.hides("🔴 📣 #1")
        await campus.wang.says("/note one", chat=campus.east, reply_to=card)
        await campus.wang.says("/note two", chat=campus.east, reply_to=card)
        shown = await campus.east.shows("📝 Wang: two")
        assert "and 1 earlier note" in shown.text
        await campus.resolves()
        await alice.taps(t.plain("fixed.yes"))
        await campus.east.shows("closed · #1")
        await campus.wang.says("/reopen", chat=campus.east, reply_to=card)
        await campus.wang.reads(t.plain("desk.reason_missing"), chat=campus.east)
        await campus.wang.says("/reopen The new valve leaks", chat=campus.east, reply_to=card)
        await alice.reads("has reopened #1: The new valve leaks")
        await campus.east.shows("Reopened once")


async def test_while_it_is_offered_the_first_place_answers_and_the_other_reads_it_when_it_accepts(
    database_url: str,
) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        await campus.wang.taps(t.plain("desk.claim"), chat=campus.east, message=card)
        await campus.wang.says("/note the valve is worn", chat=campus.east, reply_to=card)
        await campus.wang.says("/transfer west closer to them", chat=campus.east, reply_to=card)
        there = await campus.west.shows("asks you to take it over")
        await campus.wang.says("West will come", chat=campus.east, reply_to=card)
        answer = await alice.reads("West will come")
        assert answer.text.startswith("💬 East Campus Station")
        await campus.east.shows("Answer delivered")
        await campus.admin.says("We will", chat=campus.west, reply_to=there)
        await campus.admin.reads("You have not accepted #1 yet", chat=campus.west)
        await campus.wang.says("/ask Hot or cold?", chat=campus.east, reply_to=card)
        await campus.wang.reads("#1 is being offered to another place", chat=campus.east)
        await campus.wang.taps(t.plain("desk.recall"), chat=campus.east, message=card)
        await campus.west.shows("East Campus Station has taken #1 back")
        await campus.east.shows("in hand · Wang")
        await campus.wang.says("/transfer west after all", chat=campus.east, reply_to=card)
        await campus.admin.taps(t.plain("desk.accept"), chat=campus.west)
        before = await campus.west.shows("What was said and noted about #1 so far")
        for said in ("🙂 Student", "West will come", "the valve is worn", TAP):
            assert said in before.text
        await campus.wang.says("/merge 1", chat=campus.east, reply_to=card)
        await campus.wang.reads(t.plain("desk.elsewhere", number=1), chat=campus.east)


async def test_a_prompt_of_an_hour_ago_sends_nothing_anywhere(database_url: str) -> None:
    """A note that was asked for and forgotten: the next reply to the student became one, or the other way round."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        await campus.wang.taps(t.plain("desk.note"), chat=campus.east, message=card)
        prompt = await campus.wang.reads("Only colleagues see notes", chat=campus.east)
        await campus.later(minutes=61)
        await campus.wang.says("she has called twice", chat=campus.east, reply_to=prompt)
        await campus.wang.reads("that was not sent", chat=campus.east)
        await campus.wang.says("We come at four", chat=campus.east, reply_to=card)
        await alice.reads("We come at four")
        assert "called twice" not in "".join(m.text for m in await campus.stage.transcript(alice.id))


async def test_a_reply_to_a_prompt_is_what_it_asks_for_whatever_was_pressed_meanwhile(database_url: str) -> None:
    """A note went to the student: because another prompt was open, because it was the second, because of a visitor."""
    async with running(database_url) as campus:
        t, wang, east = campus.t("en"), campus.wang, campus.east
        alice, _, card = await filed(campus)
        await campus.files(await campus.student("Bob"), "The lamp in the corridor flickers")
        other = await east.shows("#2 ·")
        await wang.taps(t.plain("desk.note"), chat=east, message=card)
        note = await wang.reads("Only colleagues see notes", chat=east)
        await wang.taps(t.plain("desk.ask"), chat=east, message=other)
        await wang.reads("question to the student of #2", chat=east)
        await wang.says("first note", chat=east, reply_to=note)
        await wang.says("second note", chat=east, reply_to=note)
        await east.shows("📝 Wang: second note")
        await wang.says("/walkin", chat=east)
        await wang.taps(t.plain("kind.complaint"), chat=east)
        await wang.says("third note", chat=east, reply_to=note)
        await wang.taps(t.plain("desk.note"), chat=east, message=card)
        await wang.says("fourth note", chat=east, reply_to=card)
        await east.shows("📝 Wang: fourth note")
        await wang.taps(t.plain("desk.ask"), chat=east, message=card)
        question = await wang.reads("question to the student of #1", chat=east)
        await wang.taps(t.plain("desk.note"), chat=east, message=other)
        await wang.says("Which tap?", chat=east, reply_to=question)
        await alice.reads("Which tap?")
        await east.shows("waiting for the student")
        await wang.taps(t.pick(campus.app.settings.category_names("repairs")), chat=east)
        await wang.taps(t.plain("desk.note"), chat=east, message=card)
        note = await wang.reads("Only colleagues see notes", chat=east)
        await campus.quiet()
        await wang.taps(t.plain("nav.cancel"), chat=east, message=note)
        await wang.says("a note after all", chat=east, reply_to=note)
        await wang.reads("that was not sent", chat=east)
        await wang.taps(t.plain("desk.note"), chat=east, message=card)
        other = await wang.reads("Only colleagues see notes", chat=east)
        await campus.quiet()
        await wang.says("/cancel", chat=east)
        await wang.says("no note at all", chat=east, reply_to=other)
        await wang.reads("that was not sent", chat=east)
        await wang.says("We come at four", chat=east, reply_to=card)
        await alice.reads("We come at four")
        await campus.quiet()
        told = "".join(m.text for m in await campus.stage.transcript(alice.id))
        assert "note" not in told


async def test_a_prompt_that_nobody_has_noted_is_still_answered(database_url: str) -> None:
    """Somebody quicker than the note, or a program that ended before it: their words vanished without a word."""
    async with running(database_url) as campus:
        t = campus.t("en")
        _, _, card = await filed(campus)
        await campus.wang.taps(t.plain("desk.note"), chat=campus.east, message=card)
        prompt = await campus.wang.reads("Only colleagues see notes", chat=campus.east)
        await campus.quiet()
        async with campus.app.database.transaction() as session:
            await session.execute(delete(Posting).where(Posting.message_id == prompt.id))
        await campus.wang.says("she has called twice", chat=campus.east, reply_to=prompt)
        await campus.east.shows("📝 Wang: she has called twice")


async def test_presses_of_others_on_the_second_keyboard_change_nothing(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number, card = await filed(campus)
        acts = ("assign", "priority", "merge", "split", "tag", "project", "retract", "cluster", "unmerge")
        for act in acts:
            payload = f"k:{act}:{number}:"
            assert await alice.presses(card, payload, chat=campus.east) == t.plain("desk.members_only"), act
            elsewhere = await campus.admin.presses(1, payload, chat=campus.west)
            assert elsewhere == t.plain("desk.elsewhere", number=number), act
        for payload in ("k:fly:1:", f"k:merge_into:{number}:x", f"k:assign_to:{number}:999", "kr:1:2"):
            assert await campus.wang.presses(card, payload, chat=campus.east), payload
        assert await campus.admin.presses(1, "kr:99:0", chat=campus.west) == t.plain("desk.old_button")
        card = await campus.east.shows(f"#{number} ·")
        assert "nobody has it yet" in card.text
