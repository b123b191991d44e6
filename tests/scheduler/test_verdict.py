"""What follows from what Telegram said, a row for every case (law 6)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from models.outbox import Repeat
from scheduler.transport import NotSent
from scheduler.verdict import GIVEN_UP_AFTER, Fate, judge, pause_after

STUDENT, GROUP = 7, -100


def fate(
    error: Exception, repeat: Repeat = Repeat.NEVER, chat: int = STUDENT, method: str = "sendMessage", attempts: int = 1
) -> Fate:
    return judge(error, method=method, chat_id=chat, repeat=repeat, attempts=attempts).fate


CERTAINLY_NOT_SENT = [
    pytest.param(NotSent("x"), Fate.NOT_SENT, id="no connection"),
    pytest.param(RetryAfter(3), Fate.HELD, id="429"),
]


@pytest.mark.parametrize("repeat", list(Repeat))
@pytest.mark.parametrize(("error", "expected"), CERTAINLY_NOT_SENT)
def test_what_was_certainly_not_sent_is_sent_again_whatever_it_is(
    error: Exception, expected: Fate, repeat: Repeat
) -> None:
    assert fate(error, repeat, attempts=1000) is expected


AMBIGUOUS = [
    pytest.param(TimedOut(), id="no answer in time"),
    pytest.param(NetworkError("Bad Gateway"), id="5xx"),
    pytest.param(TelegramError("Invalid server response"), id="an answer that is none"),
    pytest.param(KeyError("result"), id="an answer without its content"),
    pytest.param(ConnectionResetError(), id="connection lost under the request"),
]


@pytest.mark.parametrize("error", AMBIGUOUS)
@pytest.mark.parametrize(
    ("repeat", "expected"),
    [
        pytest.param(Repeat.NEVER, Fate.UNKNOWN, id="an answer to a student"),
        pytest.param(Repeat.NUMBERED, Fate.AGAIN, id="a card with a number"),
        pytest.param(Repeat.FREELY, Fate.AGAIN, id="an edit"),
    ],
)
def test_what_may_have_arrived_is_repeated_only_where_that_does_no_harm(
    error: Exception, repeat: Repeat, expected: Fate
) -> None:
    assert fate(error, repeat) is expected


def test_a_row_that_never_gets_a_clear_answer_is_given_up() -> None:
    assert fate(TimedOut(), Repeat.NUMBERED, attempts=GIVEN_UP_AFTER - 1) is Fate.AGAIN
    assert fate(TimedOut(), Repeat.NUMBERED, attempts=GIVEN_UP_AFTER) is Fate.UNKNOWN


REFUSED = [
    pytest.param("Message is not modified: specified new message content", GROUP, Fate.SENT, id="nothing changed"),
    pytest.param("Message to edit not found", GROUP, Fate.GONE, id="the card was deleted"),
    pytest.param("Message can't be edited", GROUP, Fate.GONE, id="the card is not ours any more"),
    pytest.param("Message to be replied not found", GROUP, Fate.NO_REPLY, id="nothing to reply to"),
    pytest.param("Message thread not found", GROUP, Fate.NO_TOPIC, id="the topic was deleted"),
    pytest.param("TOPIC_CLOSED", GROUP, Fate.NO_TOPIC, id="the topic was closed"),
    pytest.param("Can't parse entities: unsupported start tag", STUDENT, Fate.UNREADABLE, id="formatting"),
    pytest.param("Message is too long", STUDENT, Fate.UNREADABLE, id="length"),
    pytest.param("Chat not found", STUDENT, Fate.BLOCKED, id="a student who never started"),
    pytest.param("Chat not found", GROUP, Fate.SHUT_OUT, id="a group that is not there"),
    pytest.param("Not enough rights to send text messages to the chat", GROUP, Fate.SHUT_OUT, id="no rights"),
    pytest.param("Wrong file identifier", STUDENT, Fate.FAILED, id="anything else"),
]


@pytest.mark.parametrize(("said", "chat", "expected"), REFUSED)
def test_a_refusal_says_itself_what_to_do(said: str, chat: int, expected: Fate) -> None:
    verdict = judge(BadRequest(said), method="sendMessage", chat_id=chat, repeat=Repeat.NEVER, attempts=1)
    assert verdict.fate is expected
    assert expected is Fate.SENT or verdict.reason == said


def test_a_403_means_the_person_or_the_group() -> None:
    assert fate(Forbidden("bot was blocked by the user"), chat=STUDENT) is Fate.BLOCKED
    assert fate(Forbidden("bot was kicked from the supergroup chat"), chat=GROUP) is Fate.SHUT_OUT


def test_a_group_that_moved_is_followed() -> None:
    assert fate(ChatMigrated(-100123), chat=GROUP) is Fate.MOVED


def test_a_topic_that_cannot_be_made_is_done_without() -> None:
    refused = BadRequest("Not enough rights to create a topic")
    assert fate(refused, chat=GROUP, method="createForumTopic") is Fate.NO_TOPICS


def test_a_token_that_is_not_accepted_stops_nothing_for_good() -> None:
    assert fate(InvalidToken("Unauthorized"), attempts=1000) is Fate.DENIED


def test_a_method_that_the_server_does_not_know_fails_after_a_while() -> None:
    assert fate(InvalidToken("Not Found"), attempts=1) is Fate.DENIED
    assert fate(InvalidToken("Not Found"), attempts=3) is Fate.FAILED


def test_a_429_waits_as_long_as_it_says() -> None:
    verdict = judge(RetryAfter(7200), method="sendMessage", chat_id=STUDENT, repeat=Repeat.NEVER, attempts=1)
    assert verdict.pause == timedelta(hours=2)


def test_pauses_double_up_to_a_minute() -> None:
    assert [pause_after(n).total_seconds() for n in (0, 1, 2, 3, 6, 7, 1000)] == [1, 1, 2, 4, 32, 60, 60]
