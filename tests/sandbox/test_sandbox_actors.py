"""The people of the tests: what they see and wait for, how they fail, how they act."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
import time
from typing import Any

import aiohttp
import pytest

from sandbox import client
from sandbox.client import ControlRefused, NotSeen, Person, Sandbox
from sandbox.server import Sandbox as Server
from tests.sandbox.botapi import TOKEN, Api


async def say(api: Api, person: Person, text: str, *labels: str) -> int:
    keyboard = [[{"text": label, "callback_data": label.lower()}] for label in labels]
    message = await api("sendMessage", chat_id=person.id, text=text, reply_markup={"inline_keyboard": keyboard})
    number: int = message["message_id"]
    return number


async def test_reading_goes_on_from_what_was_read(api: Api, alice: Person) -> None:
    await say(api, alice, "first")
    await say(api, alice, "second")
    assert (await alice.reads("first")).text == "first"
    assert (await alice.reads(re.compile("^sec"))).text == "second"
    with pytest.raises(NotSeen):
        await alice.reads("first", timeout=0.05)


async def test_reading_waits_for_what_comes(api: Api, alice: Person) -> None:
    reading = asyncio.ensure_future(alice.reads("late"))
    await say(api, alice, "early")
    assert not reading.done()
    await say(api, alice, "late")
    assert (await reading).text == "late"


async def test_what_was_there_before_one_spoke_is_no_answer(api: Api, alice: Person) -> None:
    number = await say(api, alice, "menu")
    await alice.says("/mine")
    with pytest.raises(NotSeen):
        await alice.reads("menu", timeout=0.05)
    await api("editMessageText", chat_id=alice.id, message_id=number, text="menu again")
    assert (await alice.reads("menu")).id == number


async def test_a_person_does_not_read_people(alice: Person, stage: Sandbox) -> None:
    bob = await stage.person("Bob")
    desk = await stage.group("Desk", members=[alice, bob])
    await bob.says("from Bob", chat=desk)
    with pytest.raises(NotSeen):
        await alice.reads("from Bob", chat=desk, timeout=0.05)
    assert (await desk.shows("from Bob")).raw["from"]["id"] == bob.id


async def test_failing_to_read_shows_what_was_there(api: Api, alice: Person) -> None:
    await say(api, alice, "Which building?", "Back")
    with pytest.raises(NotSeen) as caught:
        await alice.reads("Which kind?", timeout=0.05)
    assert "Alice does not read 'Which kind?'" in str(caught.value)
    assert "Union: Which building? [Back]" in str(caught.value)


async def test_who_waits_longer_than_usual_says_for_what_and_gives_up_when_patience_is_over(
    telegram: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make demo` gave up on a busy machine after a fixed quarter of a minute, and was silent until then."""
    monkeypatch.setattr(client, "UNUSUAL", 0.02)
    told: list[str] = []
    async with Sandbox(telegram.url, patience=0.1, waits=told.append) as stage:
        alice = await stage.person("Alice")
        with pytest.raises(NotSeen, match=r"after 0\.1 s"):
            await alice.reads("Welcome")
    assert set(told) == {"Alice does not read 'Welcome'"}
    assert len(told) > 1


async def test_the_newest_button_of_that_name_is_pressed(api: Api, alice: Person) -> None:
    await say(api, alice, "old", "Water")
    newest = await say(api, alice, "new", "Water and power", "Noise")
    tapping = asyncio.ensure_future(alice.taps("Water"))
    (update,) = await api.updates(timeout=5)
    assert update["callback_query"]["message"]["message_id"] == newest
    await api("answerCallbackQuery", callback_query_id=update["callback_query"]["id"], text="noted")
    assert await tapping == "noted"


async def test_a_press_that_nobody_answers_is_none(api: Api, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.actors.ANSWER_SECONDS", 0.05)
    await say(api, alice, "x", "Water")
    assert await alice.taps("Water") is None


async def test_keys_of_a_reply_keyboard_are_said_and_deep_links_followed(api: Api, alice: Person) -> None:
    await api("sendMessage", chat_id=alice.id, text="pick", reply_markup={"keyboard": [["Building 3"]]})
    await alice.taps("Building 3")
    link = {"inline_keyboard": [[{"text": "Open", "url": "https://t.me/union_bot?start=t_12"}]]}
    await api("sendMessage", chat_id=alice.id, text="go", reply_markup=link)
    await alice.taps("Open")
    said = [u["message"]["text"] for u in await api.updates()]
    assert said == ["Building 3", "/start t_12"]


async def test_a_group_shows_its_cards_as_they_stand_now(api: Api, alice: Person, stage: Sandbox) -> None:
    desk = await stage.group("Desk", members=[alice])
    card = await api("sendMessage", chat_id=desk.id, text="#12 new")
    await desk.shows("#12 new")
    await api("editMessageText", chat_id=desk.id, message_id=card["message_id"], text="#12 claimed")
    await desk.shows("claimed")
    await desk.hides("new")
    await api("deleteMessage", chat_id=desk.id, message_id=card["message_id"])
    await desk.hides("#12")
    with pytest.raises(NotSeen):
        await desk.shows("#12", timeout=0.05)


async def test_keyboards_of_every_kind_are_seen(api: Api, alice: Person) -> None:
    for markup in ({"keyboard": [[{"text": "A"}]]}, {"remove_keyboard": True}, {"force_reply": True}):
        message = await api("sendMessage", chat_id=alice.id, text="x", reply_markup=markup)
        assert "reply_markup" not in message
        assert (await alice.transcript())[-1]["reply_markup"] == markup


# The control side.


async def test_control_calls_say_what_is_wrong(stage: Sandbox, alice: Person) -> None:
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("say", {"person": 4242, "text": "x"}, "no person 4242"),
        ("say", {"person": alice.id}, "say what"),
        ("say", {"text": "x"}, "person is missing"),
        ("say", {"person": alice.id, "chat": -1, "text": "x"}, "no group -1"),
        ("faults", {"status": 500, "typo": 1}, "no field 'typo'"),
        ("faults", {"method": "x"}, "needs one of"),
        ("clock", {}, "advance"),
        ("clock", {"to": "yesterday"}, "ValueError"),
        ("bots", {"token": "nonsense"}, "not a bot token"),
        ("groups", {"title": "x", "type": "channel"}, "type is"),
        ("promote", {"chat": -1, "person": 1, "status": "king"}, "no group"),
    ]
    for path, wish, words in wrong:
        with pytest.raises(ControlRefused, match=re.escape(words)):
            await stage.control(path, **wish)
    with pytest.raises(ControlRefused, match="no control call"):
        await stage.control("dance")


async def test_the_state_tells_everything_the_page_needs(api: Api, stage: Sandbox, alice: Person) -> None:
    desk = await stage.group("Desk", admins=[alice], forum=True)
    thread = await desk.topic("General talk")
    await stage.guide(notes=[{"title": "Try", "text": "a complaint"}], clock=[{"label": "An hour on", "advance": 3600}])
    state = await stage.state()
    (bot,) = state["bots"]
    assert (bot["username"], bot["first_name"]) == ("union_bot", "Union")
    assert TOKEN not in json.dumps(state)
    (person,) = state["people"]
    assert (person["id"], person["started"], person["blocked"]) == (alice.id, True, False)
    group, private = state["chats"]
    assert group["topics"] == [{"thread": thread, "name": "General talk", "closed": False, "icon_color": 7322096}]
    assert {member["user"]["id"] for member in group["members"]} == {alice.id, 123456}
    assert (private["person"], private["last_message_id"]) == (alice.id, 1)
    assert state["guide"]["clock"] == [{"label": "An hour on", "advance": 3600}]
    assert state["settings"] == {"flood": False}


async def test_every_call_is_recorded(api: Api, stage: Sandbox, alice: Person) -> None:
    start = (await stage.calls())[-1]["n"]
    sent = await api("sendMessage", chat_id=alice.id, text="x")
    await api.refused("sendMessage", chat_id=alice.id, text="")
    await api.upload("sendPhoto", {"photo": ("a.jpg", b"12345")}, chat_id=alice.id)
    first, second, third = await stage.calls(after=start)
    assert (first["method"], first["ok"], first["result_message_id"]) == (
        "sendMessage",
        True,
        sent["message_id"],
    )
    assert (second["status"], second["error"]) == (400, "Bad Request: message text is empty")
    assert third["params"]["photo"] == {"file_name": "a.jpg", "size": 5}
    assert len(await stage.calls(method="sendPhoto")) == 1


async def test_events_can_be_followed_from_anywhere(api: Api, stage: Sandbox, alice: Person, telegram: Server) -> None:
    await stage.caught_up()
    newest = stage.view.newest
    await api("sendChatAction", chat_id=alice.id, action="typing")
    await api("sendMessage", chat_id=alice.id, text="x")
    seen: list[dict[str, Any]] = []
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{telegram.url}/control/events?after=0&calls=1", headers={"Last-Event-ID": str(newest)}) as stream,
    ):
        assert stream.content_type == "text/event-stream"
        async for line in stream.content:
            if line.startswith(b"data: "):
                seen.append(json.loads(line[6:]))
                if len(seen) == 2:
                    await api("getMe")
                if len(seen) == 3:
                    break
    assert [event["kind"] for event in seen] == ["chat_action", "message", "call"]
    assert [event["n"] for event in seen] == [newest + 1, newest + 2, newest + 3]
    assert seen[0]["at"].endswith("Z")


async def test_files_are_served_to_the_page(api: Api, stage: Sandbox, alice: Person, telegram: Server) -> None:
    message = await api.upload("sendPhoto", {"photo": ("a.png", b"\x89PNG bytes")}, chat_id=alice.id)
    async with aiohttp.ClientSession() as session:
        url = f"{telegram.url}/control/file/{message['photo'][-1]['file_id']}"
        async with session.get(url) as response:
            assert await response.read() == b"\x89PNG bytes"
            assert response.content_type == "image/png"
        async with session.get(f"{telegram.url}/page/..%2fserver.py") as response:
            assert response.status == 404


async def test_a_reset_begins_the_world_anew(telegram: Server, stage: Sandbox, alice: Person, api: Api) -> None:
    await telegram.reset()
    assert (await stage.state())["people"] == []
    assert (await api("getMe"))["id"] == 123456


async def test_inline_queries_are_answered(api: Api, stage: Sandbox, alice: Person) -> None:
    asked = await stage.control("ask", person=alice.id, query="water")
    assert (await api.updates())[-1]["inline_query"]["query"] == "water"
    await api("answerInlineQuery", inline_query_id=asked["id"], results=[])
    assert (await api.refused("answerInlineQuery", inline_query_id=asked["id"], results=[])).code == 400


def _article(number: str, text: str, **more: Any) -> Any:
    content = {"message_text": text, "parse_mode": "HTML"}
    return {"type": "article", "id": number, "title": "Water", "input_message_content": content, **more}


async def test_a_chosen_result_is_said_by_whoever_asked(api: Api, stage: Sandbox, alice: Person) -> None:
    bob = await stage.person("Bob", language="en")
    group = await stage.group("Friends", [alice, bob])
    number = str((await stage.control("ask", person=alice.id, query="water"))["id"])
    await api("answerInlineQuery", inline_query_id=number, results=[_article("w", "<b>Hot</b> at six")])
    await stage.caught_up()
    assert [each["title"] for each in stage.view.results[number]] == ["Water"]
    said = await alice.chooses(number, "w", chat=group)
    assert said.text == "Hot at six"
    assert said["entities"][0]["type"] == "bold"
    assert said["via_bot"]["username"] == "union_bot"
    assert said["from"]["id"] == alice.id
    with pytest.raises(ControlRefused, match="was not answered with"):
        await alice.chooses(number, "other", chat=group)


@pytest.mark.parametrize(
    ("results", "words"),
    [
        pytest.param([_article("w", "x"), _article("w", "y")], "RESULT_ID_DUPLICATE", id="two of one number"),
        pytest.param([_article("w" * 65, "x")], "RESULT_ID_INVALID", id="a number too long"),
        pytest.param([_article("w", "x", title="")], "ARTICLE_TITLE_EMPTY", id="no title"),
        pytest.param([_article("w", "<b>x")], "can't parse entities", id="a tag left open"),
        pytest.param([_article("w", "x" * 4097)], "message is too long", id="longer than a message"),
        pytest.param([_article(str(i), "x") for i in range(51)], "RESULTS_TOO_MUCH", id="more than fifty"),
    ],
)
async def test_results_that_telegram_would_refuse_are_refused(
    api: Api, stage: Sandbox, alice: Person, results: Any, words: str
) -> None:
    asked = await stage.control("ask", person=alice.id, query="water")
    refused = await api.refused("answerInlineQuery", inline_query_id=asked["id"], results=results)
    assert refused.code == 400
    assert words in refused.description


# The program.


@pytest.mark.rehearsal
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_program_says_where_it_listens_and_ends_when_told(number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sandbox",
        "--token",
        TOKEN,
        "--start",
        "2026-09-01T08:00:00+08:00",
        "--speed",
        "0",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    found = re.fullmatch(r"sandbox listening on (http://127\.0\.0\.1:\d+)\n", line)
    assert found
    async with Sandbox(found.group(1)) as stage, aiohttp.ClientSession() as session:
        assert (await stage.now()).isoformat() == "2026-09-01T00:00:00+00:00"
        # Neither an open event stream nor a long poll may hold the program up.
        polling = asyncio.ensure_future(session.get(f"{stage.url}/bot{TOKEN}/getUpdates?timeout=50"))
        while not (await stage.state())["bots"][0]["polled"]:
            pass
        begun = time.monotonic()
        process.send_signal(number)
        _, errors = await process.communicate()
        assert time.monotonic() - begun < 1
        polling.cancel()
    assert (process.returncode, errors) == (0, b"")


@pytest.mark.rehearsal
async def test_a_port_in_use_is_one_clear_line(telegram: Server) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--port", str(telegram.port), stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.decode().count("\n") == 1
    assert f"cannot listen on 127.0.0.1:{telegram.port}" in errors.decode()
