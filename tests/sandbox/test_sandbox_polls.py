"""Polls: votes counted, names given or kept, closing by hand and by the clock."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.client import ControlRefused, Person, Sandbox
from tests.sandbox.botapi import Api


async def poll(api: Api, chat: int, **params: Any) -> dict[str, Any]:
    message = await api(
        "sendPoll", chat_id=chat, **{"question": "Fixed?", "options": ["Yes", "No", "Partly"], **params}
    )
    found: dict[str, Any] = message
    return found


def counts(shape: dict[str, Any]) -> list[int]:
    return [option["voter_count"] for option in shape["options"]]


async def test_votes_are_counted_and_anonymous_ones_tell_no_name(api: Api, alice: Person) -> None:
    message = await poll(api, alice.id)
    assert message["poll"]["is_anonymous"] is True
    await alice.votes(message["message_id"], 1)
    (update,) = await api.updates()
    assert counts(update["poll"]) == [0, 1, 0]
    await alice.votes(message["message_id"], 0)
    await alice.votes(message["message_id"])
    shapes = [u["poll"] for u in await api.updates() if "poll" in u]
    assert [counts(shape) for shape in shapes] == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert str(alice.id) not in str(shapes)


async def test_open_polls_name_the_voter(api: Api, alice: Person, stage: Sandbox) -> None:
    bob = await stage.person("Bob")
    desk = await stage.group("Desk", members=[alice, bob])
    message = await poll(api, desk.id, is_anonymous=False, allows_multiple_answers=True)
    await alice.votes(message["message_id"], 2, 0, chat=desk)
    await bob.votes(message["message_id"], 0, chat=desk)
    await bob.votes(message["message_id"], chat=desk)
    answers = [u["poll_answer"] for u in await api.updates() if "poll_answer" in u]
    assert [(a["user"]["id"], a["option_ids"]) for a in answers] == [
        (alice.id, [0, 2]),
        (bob.id, [0]),
        (bob.id, []),
    ]
    stopped = await api("stopPoll", chat_id=desk.id, message_id=message["message_id"])
    assert (counts(stopped), stopped["total_voter_count"], stopped["is_closed"]) == ([1, 0, 1], 1, True)
    with pytest.raises(ControlRefused, match="closed"):
        await bob.votes(message["message_id"], 0, chat=desk)
    refused = await api.refused("stopPoll", chat_id=desk.id, message_id=message["message_id"])
    assert refused.description == "Bad Request: poll has already been closed"


async def test_one_answer_polls_take_one(api: Api, alice: Person) -> None:
    message = await poll(api, alice.id)
    with pytest.raises(ControlRefused, match="one answer"):
        await alice.votes(message["message_id"], 0, 1)
    with pytest.raises(ControlRefused, match="options 0 to 2"):
        await alice.votes(message["message_id"], 3)


async def test_a_poll_closes_by_the_clock(api: Api, alice: Person, stage: Sandbox) -> None:
    message = await poll(api, alice.id, open_period=600)
    await alice.votes(message["message_id"], 0)
    await stage.advance(601)
    await alice.sandbox.caught_up()
    closed = [u["poll"] for u in await api.updates() if "poll" in u][-1]
    assert (closed["is_closed"], counts(closed)) == (True, [1, 0, 0])
    now = int((await stage.now()).timestamp())
    dated = await poll(api, alice.id, close_date=now + 3600)
    await stage.advance(3601)
    assert (await api.refused("stopPoll", chat_id=alice.id, message_id=dated["message_id"])).description == (
        "Bad Request: poll has already been closed"
    )


async def test_hidden_counts_are_told_when_the_poll_closes(api: Api, alice: Person) -> None:
    message = await poll(api, alice.id, hide_results_until_closes=True)
    await alice.votes(message["message_id"], 1)
    (update,) = await api.updates()
    assert (counts(update["poll"]), update["poll"]["total_voter_count"]) == ([0, 0, 0], 0)
    assert counts(await api("stopPoll", chat_id=alice.id, message_id=message["message_id"])) == [0, 1, 0]
    assert counts([u["poll"] for u in await api.updates() if "poll" in u][-1]) == [0, 1, 0]


async def test_a_quiz_has_a_right_answer_and_one_try(api: Api, alice: Person) -> None:
    message = await poll(
        api,
        alice.id,
        type="quiz",
        correct_option_ids=[1],
        explanation="<b>No</b>",
        explanation_parse_mode="HTML",
    )
    assert message["poll"]["correct_option_ids"] == [1]
    assert message["poll"]["explanation_entities"] == [{"type": "bold", "offset": 0, "length": 2}]
    await alice.votes(message["message_id"], 0)
    with pytest.raises(ControlRefused, match="cannot be changed"):
        await alice.votes(message["message_id"], 1)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"question": " "}, "poll question must be non-empty"),
        ({"question": "x" * 301}, "poll question length must not exceed 300"),
        ({"options": []}, "poll must have at least one answer option"),
        ({"options": ["x"] * 13}, "poll can't have more than 12 options"),
        ({"options": ["x" * 101]}, "poll options length must not exceed 100"),
        ({"options": ["a", " "]}, "poll option must be non-empty"),
        ({"type": "quiz"}, "correct quiz option list must be non-empty"),
        ({"type": "guess"}, "unsupported poll type specified"),
        ({"open_period": 4}, "POLL_CLOSE_PERIOD_INVALID"),
    ],
)
async def test_wrong_polls_are_refused(api: Api, alice: Person, params: dict[str, Any], words: str) -> None:
    wish = {"question": "Fixed?", "options": ["Yes", "No"], **params}
    refused = await api.refused("sendPoll", chat_id=alice.id, **wish)
    assert refused.description == f"Bad Request: {words}"


async def test_the_page_sees_who_voted_and_the_bot_does_not(api: Api, alice: Person, stage: Sandbox) -> None:
    message = await poll(api, alice.id)
    await alice.votes(message["message_id"], 1)
    shown = (await stage.transcript(alice))[-1]
    assert shown["poll"]["voters"] == {str(alice.id): [1]}
    assert "voters" not in str(await api.updates())
