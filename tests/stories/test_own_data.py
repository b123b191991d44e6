"""What is kept about somebody: they read it, have it as files, and have it erased."""

from __future__ import annotations

import base64
import json

import aiohttp
import pytest

from models import forgetting
from sandbox.client import photo
from tests.campus import TOKEN, Campus, running
from tests.models.test_forgetting import left_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database."""

TAP, NOISE = "The secrettap drips all night", "The secretcanteen is too loud"


async def documents(campus: Campus, chat: int) -> dict[str, bytes]:
    """The files that were sent to this chat, by name."""
    found = {}
    api = f"{campus.stage.url}/bot{TOKEN}"
    async with aiohttp.ClientSession() as http:
        for message in await campus.stage.transcript(chat):
            sent = message.raw.get("document")
            if sent is None:
                continue
            async with http.post(f"{api}/getFile", json={"file_id": sent["file_id"]}) as response:
                path = (await response.json())["result"]["file_path"]
            async with http.get(f"{campus.stage.url}/file/bot{TOKEN}/{path}") as response:
                found[sent["file_name"]] = await response.read()
    return found


async def test_somebody_has_everything_that_is_kept_about_them(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("zh-hans")
        alice = await campus.student("Alice", "zh-hans", id=837465921)
        number = await campus.files(alice, "水龙头<b>漏水</b>", language="zh-hans", anonymous=True)
        card = await campus.east.shows(f"#{number} ·")
        await campus.wang.says("三点来修", chat=campus.east, reply_to=card)
        await alice.reads("三点来修")
        await alice.says("/new")
        await alice.says("还没写完的话")
        await alice.reads(t.plain("new.kind"))
        await alice.says("/privacy")
        kept = await alice.reads("办结 14 天后销毁")
        holds = t("privacy.union").splitlines()[0].removeprefix("<b>").removesuffix("</b>")
        assert holds not in kept.text
        await campus.admin.says("/privacy")
        await campus.admin.reads(holds)
        await alice.taps(t.plain("privacy.mydata"))
        await campus.quiet()
        found = await documents(campus, alice.id)
        assert set(found) == {"my-data.json", "my-data.html"}
        data = json.loads(found["my-data.json"])
        assert data["person"]["telegram_id"] == alice.id
        (ticket,) = data["tickets"]
        assert (ticket["number"], ticket["anonymous"]) == (number, True)
        assert [said["content"]["text"] for said in ticket["words"]] == ["水龙头<b>漏水</b>", "三点来修"]
        assert "还没写完的话" in json.dumps(data["unfinished"], ensure_ascii=False)
        page = found["my-data.html"].decode()
        assert "水龙头&lt;b&gt;漏水&lt;/b&gt;" in page, "what people wrote is no markup"
        assert "东一栋" in page
        assert "<dd>简体中文</dd>" in page
        async with campus.app.database.reading() as session:
            from models.outbox import Outgoing

            for row in await session.execute(Outgoing.__table__.select()):
                assert "漏水" not in str(row.payload), "no copy of it lies in the outbox"
                assert base64.b64encode("漏水".encode()).decode() not in str(row.payload)


async def test_somebody_is_forgotten_in_the_middle_of_a_draft(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice", id=837465921)
        number = await campus.files(alice, TAP)
        await campus.east.shows("secrettap")
        await alice.says("/mine")
        await alice.taps(f"#{number}")
        await alice.taps(t.plain("own.add"))
        await alice.says("secretmore")
        await alice.sends(photo(caption="secretphoto"))
        await campus.east.shows("secretphoto")
        hidden = await campus.files(alice, NOISE, anonymous=True, category=("life", "canteen"))
        await campus.east.shows("secretcanteen")
        await alice.says("/new")
        await alice.says("secretdraft")
        await alice.reads(t.plain("new.kind"))
        await alice.says("/forget")
        asked = await alice.reads("Erase you from here?")
        assert "Tickets of yours: 2, still open: 2" in asked.text
        await alice.taps(t.plain("forget.yes"))
        await alice.reads("we no longer know who you are")
        await campus.quiet()
        needles = ["Alice", str(alice.id), "secret"]
        assert await left_of(campus.app.database, needles) == []
        await campus.east.shows(f"withdrawn · #{number}")
        shown = [m.text for m in await campus.east.transcript()]
        assert not [text for text in shown if "secrettap" in text or "secretmore" in text or "secretphoto" in text]
        assert not [text for text in shown if "Alice" in text]
        assert [text for text in shown if "secretcanteen" in text], "the anonymous one has a moment of its own"
        await campus.later(hours=forgetting.LATEST.total_seconds() / 3600)
        await campus.quiet()
        shown = [m.text for m in await campus.east.transcript()]
        assert not [text for text in shown if "secret" in text]
        assert [text for text in shown if f"#{hidden}" in text and "erased at the student" in text]
        await alice.says("/start")
        await alice.reads("Welcome! This is the student union")


async def test_cancel_at_the_question_of_being_forgotten_says_that_nothing_was_erased(database_url: str) -> None:
    """It said that nothing was sent, or that there was nothing to cancel."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        for drafting in (False, True):
            if drafting:
                await alice.says("/new")
                await alice.reads(t.plain("new.kind"))
            await alice.says("/forget")
            await alice.reads("Erase you from here?")
            await alice.says("/cancel")
            screen = await alice.reads(t.plain("cancel.nothing_erased"))
            assert (t.plain("cancel.done") in screen.text) == drafting
            assert t.plain("cancel.nothing") not in screen.text
        await alice.says("/cancel")
        await alice.reads(t.plain("cancel.nothing"))
        # Whoever was forgotten is not told the contrary.
        await alice.says("/forget")
        await alice.taps(t.plain("forget.yes"))
        await alice.reads("we no longer know who you are")
        await alice.says("/cancel")
        screen = await alice.reads("")
        assert t.plain("cancel.nothing_erased") not in screen.text


async def test_few_people_are_told_before_they_send_anonymously(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await alice.says(TAP)
        await alice.taps(t.plain("kind.complaint"))
        await alice.taps("Dormitory repairs")
        await alice.taps("Water and bathroom")
        asked = await alice.reads(t.plain("name.ask").splitlines()[0])
        assert "only 1 person here has named East 1 as home" in asked.text
        await alice.taps(t.plain("name.anonymous"))
        shown = await alice.reads("Please check")
        assert "they may guess that it is you" in shown.text
        await alice.taps(t.plain("preview.name"))
        await alice.taps(t.plain("name.named"))
        shown = await alice.reads("Please check")
        assert "may guess" not in shown.text, "with the name there is nothing to guess"
