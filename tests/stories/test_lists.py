"""What staff look up and say again and again: ready-made answers, lists, figures, mornings."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update

from models import people, stations
from models.canned import Canned
from models.people import Role
from models.requesters import Requester
from models.tickets import Ticket
from sandbox.client import Message
from tests.campus import Campus, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""The rules with statements of their own are asked on both databases in tests/models."""


async def leads(campus: Campus) -> None:
    """Wang is the east station's lead."""
    async with campus.app.database.transaction() as session:
        east = await stations.by_key(session, "east")
        assert east is not None
        await people.grant(
            session, Role.LEAD, campus.wang.id, given_by=campus.admin.id, now=campus.clock(), station_id=east.id
        )


async def writes(campus: Campus, label: str, **texts: str) -> None:
    """Wang writes a ready-made answer."""
    t = campus.t("en")
    await campus.wang.says("/canned add", chat=campus.east)
    prompt = await campus.wang.reads("with a short name", chat=campus.east)
    await campus.wang.says(label, chat=campus.east, reply_to=prompt)
    for language, name in (("zh_hans", "简体中文"), ("zh_hant", "繁體中文"), ("en", "English")):
        prompt = await campus.wang.reads(name, chat=campus.east)
        if language in texts:
            await campus.wang.says(texts[language], chat=campus.east, reply_to=prompt)
        else:
            await campus.wang.taps(t.plain("canned.skip"), chat=campus.east)


async def test_a_lead_writes_an_answer_and_everybody_finds_it_by_a_part_of_it(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        lin = await campus.student("Lin", "zh-hans")
        number = await campus.files(lin, "水龙头漏水", language="zh-hans")
        card = await campus.east.shows(f"#{number} ·")
        await campus.wang.says("/canned add", chat=campus.east)
        await campus.wang.reads(t.plain("canned.leads_only"), chat=campus.east)
        await leads(campus)
        await campus.wang.says("/canned add", chat=campus.east)
        prompt = await campus.wang.reads("with a short name", chat=campus.east)
        await campus.wang.says("Water main", chat=campus.east, reply_to=prompt)
        prompt = await campus.wang.reads("简体中文", chat=campus.east)
        await campus.wang.says("{nmae}你好", chat=campus.east, reply_to=prompt)
        refused = await campus.wang.reads("Nothing fills {nmae}", chat=campus.east)
        assert "{building}" in refused.text
        await campus.wang.says(
            "{name}你好，#{number} {building}的总管正在抢修，{station}。", chat=campus.east, reply_to=prompt
        )
        for _ in range(2):
            await campus.wang.taps(t.plain("canned.skip"), chat=campus.east)
        await campus.wang.reads("has saved “Water main”", chat=campus.east)

        # Typed as a reply to the card: it alone fits, so its preview comes at once, in the student's language.
        await campus.li.says("/a water mai", chat=campus.east, reply_to=card)
        expected = f"Lin你好，#{number} 东一栋的总管正在抢修，东区学生会服务站。"
        await campus.li.reads(expected, chat=campus.east)
        payload = await pressed(campus, t.plain("desk.send"))
        await lin.reads(expected)
        preview = await campus.east.shows(f"Li has answered #{number}")
        refusal = await campus.li.presses(preview, payload, chat=campus.east)
        assert refusal == t.plain("desk.sent_already", number=number), "once per preview"

        # Without a reply it asks which ticket; text in Chinese finds it as well.
        await campus.wang.says("/a 抢修", chat=campus.east)
        await campus.wang.reads(t.plain("canned.which"), chat=campus.east)
        await campus.wang.taps(re.compile(rf"#{number} 水龙头"), chat=campus.east)
        await campus.wang.reads(expected, chat=campus.east)
        await campus.wang.says(f"/a #{number} zzzzqq", chat=campus.east)
        await campus.wang.reads("Nothing fits “zzzzqq”", chat=campus.east)

        await campus.wang.says("/canned", chat=campus.east)
        await campus.wang.reads("Water main (used 1 ×)", chat=campus.east)
        await campus.wang.taps("Water main", chat=campus.east)
        # Changed: asked for anew from the name on, and how often it was used stays.
        await campus.wang.taps(t.plain("canned.edit"), chat=campus.east)
        prompt = await campus.wang.reads("with a short name", chat=campus.east)
        await campus.wang.says("Burst main", chat=campus.east, reply_to=prompt)
        for _ in range(2):
            await campus.wang.taps(t.plain("canned.skip"), chat=campus.east)
        prompt = await campus.wang.reads("English", chat=campus.east)
        await campus.wang.says("{station} mends it.", chat=campus.east, reply_to=prompt)
        kept = await campus.wang.reads("has saved “Burst main”", chat=campus.east)
        assert "(used 1 ×)" in kept.text
        assert "抢修" not in kept.text, "a language that was left out has no text any more"
        await campus.wang.says("/canned", chat=campus.east)
        await campus.wang.taps("Burst main", chat=campus.east)
        await campus.li.taps(t.plain("canned.remove"), chat=campus.east)
        await campus.wang.taps(t.plain("canned.remove"), chat=campus.east)
        await campus.wang.taps(t.plain("canned.remove_yes"), chat=campus.east)
        await campus.east.shows("Wang has removed “Burst main”")
        async with campus.app.database.reading() as session:
            assert (await session.scalars(select(Canned))).all() == []


async def pressed(campus: Campus, label: str) -> str:
    """Li presses this in the east station; what the button carried."""
    await campus.stage.caught_up()
    for message in reversed(await campus.east.transcript()):
        for button in message.buttons:
            if button["text"] == label:
                await campus.li.presses(message, button["callback_data"], chat=campus.east)
                return str(button["callback_data"])
    raise AssertionError(label)


async def test_an_anonymous_student_s_name_is_in_no_answer(database_url: str) -> None:
    """Nor is the name of somebody for whom others wait too: all of them read the same words."""
    async with running(database_url) as campus:
        t = campus.t("en")
        await leads(campus)
        await writes(campus, "Greeting", en="Dear {name}, we come.")
        alice = await campus.student("Alice")
        await campus.files(alice, "The tap drips", anonymous=True)
        card = await campus.east.shows("🕶 Anonymous")
        await campus.wang.says("/a greeting", chat=campus.east, reply_to=card)
        preview = await campus.wang.reads("Dear student, we come.", chat=campus.east)
        assert "Alice" not in preview.text
        await campus.wang.taps(t.plain("desk.send"), chat=campus.east)
        await alice.reads("Dear student, we come.")
        bob = await campus.student("Bob")
        number = await campus.files(bob, "Corridor without light since Friday", category=("repairs", "power"))
        card = await campus.east.shows(f"#{number} ·")
        await campus.wang.says("/a greeting", chat=campus.east, reply_to=card)
        await campus.wang.reads("Dear Bob, we come.", chat=campus.east)
        async with campus.app.database.transaction() as session:
            session.add(Requester(ticket_id=number, number=2))
        await campus.wang.says("/a greeting", chat=campus.east, reply_to=card)
        await campus.wang.reads("Dear student, we come.", chat=campus.east)


def links(message: Message) -> list[str]:
    return [e["url"] for e in message.raw.get("entities", []) if e["type"] == "text_link"]


async def test_lists_show_what_is_open_overdue_and_sought(database_url: str) -> None:
    async with running(database_url, forum=True) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        tap = await campus.files(alice, "The tap in the bathroom drips")
        lamp = await campus.files(alice, "Corridor without light since Friday", category=("repairs", "power"))
        far = await campus.files(alice, "The network is slow", category=("life", "internet"))
        await campus.east.shows(f"#{lamp} ·")
        await campus.wang.taps(t.plain("desk.claim"), chat=campus.east)
        await campus.east.shows("in hand · Wang")
        await campus.quiet()
        await campus.wang.says("/open", chat=campus.east)
        shown = await campus.wang.reads("2 open tickets", chat=campus.east)
        assert re.search(rf"#{lamp} 👤 in hand · Wang · due .* — Corridor", shown.text)
        assert f"#{far}" not in shown.text
        assert all(re.fullmatch(r"https://t\.me/c/\d+/\d+/\d+", url) for url in links(shown)), links(shown)
        assert len(links(shown)) == 2
        await campus.wang.taps(f"#{tap}", chat=campus.east, message=shown)
        await campus.east.shows(f"👆 #{tap} is up there")

        await campus.wang.says("/find drips TAP", chat=campus.east)
        found = await campus.wang.reads("🔎 drips TAP", chat=campus.east)
        assert f"#{tap}" in found.text
        assert f"#{lamp}" not in found.text
        for words, hit in (
            (f"#{lamp}", lamp),
            ("in hand", lamp),
            ("East 1 corridor", lamp),
            ("bathroom dripping", tap),
        ):
            await campus.wang.says(f"/find {words}", chat=campus.east)
            text = (await campus.wang.reads("🔎", chat=campus.east)).text
            assert f"#{hit} " in text, (words, text)
        await campus.wang.says("/find network", chat=campus.east)
        await campus.wang.reads(t.plain("list.none_found", typed="network"), chat=campus.east)
        await campus.admin.says("/find tap", chat=campus.office)
        text = (await campus.admin.reads("🔎 tap", chat=campus.office)).text
        assert "East Campus" in text
        await campus.admin.taps(f"#{tap}", chat=campus.office)
        there = await campus.office.shows("as it is seen there")
        assert "The tap in the bathroom drips" in there.text

        await campus.wang.says("/overdue", chat=campus.east)
        await campus.wang.reads(t.plain("list.none_overdue"), chat=campus.east)
        await campus.later(days=1)
        await campus.wang.says("/overdue", chat=campus.east)
        late = await campus.wang.reads("2 tickets are overdue", chat=campus.east)
        assert f"🔶 #{tap} 🆕 new · overdue since" in late.text.replace("🔴", "🔶"), late.text
        await alice.says("/open")
        await alice.reads(t.plain("desk.in_group_only"))


async def test_a_long_list_has_pages(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The tap drips")
        async with campus.app.database.transaction() as session:
            ticket = await session.get_one(Ticket, number)
            values = {c.key: getattr(ticket, c.key) for c in Ticket.__table__.columns if c.key != "id"}
            session.add_all([Ticket(**values) for _ in range(11)])
        await campus.wang.says("/open", chat=campus.east)
        first = await campus.wang.reads("page 1 of 2", chat=campus.east)
        assert first.text.count(" — The tap drips") == 8
        await campus.wang.taps("›", chat=campus.east)
        second = await campus.east.shows("page 2 of 2")
        assert second.text.count(" — The tap drips") == 4
        await campus.wang.says("/find tap", chat=campus.east)
        await campus.wang.reads("🔎 tap", chat=campus.east)
        await campus.wang.taps("›", chat=campus.east)
        await campus.wang.reads(re.compile(rf"#{number} "), chat=campus.east)


async def test_figures_come_in_words_and_as_a_picture_without_small_cells(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The tap drips")
        card = await campus.east.shows(f"#{number} ·")
        await campus.wang.says("We come at three", chat=campus.east, reply_to=card)
        await alice.reads("We come at three")
        async with campus.app.database.transaction() as session:
            session.add_all([Requester(ticket_id=number, number=n, rating=5, solved=True) for n in range(2, 12)])
            await session.execute(
                update(Requester).where(Requester.ticket_id == number, Requester.number > 9).values(rating=None)
            )
        await campus.wang.says("/stats", chat=campus.east)
        said = await campus.wang.reads("📊 East Campus Station", chat=campus.east)
        assert "Response rate: 100.0 % – 1 of 1 answered in time, 0 not at all [20.7–100.0 %]" in said.text
        assert "Resolution rate: 100.0 % – 10 of 10 said “solved”" in said.text
        assert "Satisfaction rate: fewer than 10 answers" in said.text, "eight ratings are a small cell"
        assert "First response: half within" in said.text
        await campus.app.scheduler.run_due(campus.clock())
        await campus.quiet()
        assert [m for m in await campus.east.transcript() if m.raw.get("photo")]
        await campus.admin.says("/stats month", chat=campus.office)
        said = await campus.admin.reads("📊 All stations", chat=campus.office)
        for words in (
            "East Campus Station: 100.0 %",
            "West Campus Station: fewer than 10 answers",
            "All together: 100",
        ):
            assert words in said.text, said.text
        await campus.admin.says("/stats yesterday", chat=campus.office)
        await campus.admin.reads("/stats week", chat=campus.office)


async def test_a_morning_begins_with_a_digest_where_there_is_something_to_say(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The tap in the bathroom drips")
        for words in ("the tap in the bathroom drips a lot", "tap in the bathroom drips all night"):
            async with campus.app.database.transaction() as session:
                ticket = await session.get_one(Ticket, number)
                values = {c.key: getattr(ticket, c.key) for c in Ticket.__table__.columns if c.key != "id"}
                session.add(Ticket(**{**values, "subject": words, "folded": words}))
        await campus.quiet()

        def digests(messages: list[Message]) -> list[str]:
            captions = [str(m.raw.get("caption", "")) for m in messages]
            return [c for c in captions if "Good morning" in c or "rose last week" in c]

        # The program began on this Monday at half past nine, and there was nothing to say.
        await campus.later(minutes=30)
        await campus.quiet()
        assert digests(await campus.east.transcript()) == [], "what began quietly is not said at noon"
        await campus.later(hours=22, minutes=45)
        await campus.quiet()
        (said,) = digests(await campus.east.transcript())
        assert "Nobody has it: 3 · due today: 0 · overdue: 3" in said, said
        assert f"#{number} 🆕 new · overdue since" in said
        assert digests(await campus.west.transcript()) == [], "a quiet place gets no message"
        await campus.later(minutes=30)
        await campus.quiet()
        assert len(digests(await campus.east.transcript())) == 1, "once a day"
        await campus.later(days=4)
        assert campus.clock().weekday() == 5
        await campus.quiet()
        assert len(digests(await campus.east.transcript())) == 1, "nobody works on a Saturday"
        assert digests(await campus.office.transcript()) == []
        await campus.later(days=2)
        await campus.quiet()
        assert campus.clock().weekday() == 0
        (weekly,) = [c for c in digests(await campus.office.transcript()) if "rose" in c]
        assert "East 1, Water and bathroom" in weekly
        assert "3 in 7 days, usually 0 a week" in weekly
