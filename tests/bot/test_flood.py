"""How many messages of one person are taken within a minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.flood import Counter, Pause

BEGIN = datetime(2026, 10, 12, 1, 30, 50, tzinfo=UTC)
UNTIL = datetime(2026, 10, 12, 1, 32, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def test_what_is_too_much_is_said_once_and_until_when() -> None:
    counter = Counter(3)
    assert [counter.judge(1, str(n), at(n)) for n in range(3)] == [None] * 3
    assert counter.judge(1, "3", at(3)) == Pause(UNTIL, first=True)
    assert counter.judge(1, "3", at(3)) == Pause(UNTIL, first=True), "the same update runs again"
    assert counter.judge(1, "4", at(4)) == Pause(UNTIL, first=False)
    assert counter.judge(2, "5", at(4)) is None, "somebody else"
    assert counter.judge(1, "6", at(69)) == Pause(UNTIL, first=False), "what is not taken lengthens nothing"
    assert counter.judge(1, "7", UNTIL) is None


def test_an_album_is_one_message_and_is_not_torn() -> None:
    counter = Counter(2)
    assert [counter.judge(1, f"a{n}", at(0), "album") for n in range(10)] == [None] * 10
    assert counter.judge(1, "1", at(1)) is None
    assert counter.judge(1, "2", at(1)) == Pause(UNTIL, first=True)
    assert counter.judge(1, "a10", at(1), "album") is None


def test_an_album_that_is_too_much_is_refused_once() -> None:
    counter = Counter(1)
    counter.judge(1, "0", at(0))
    for _ in range(2):
        parts = [counter.judge(1, f"a{n}", at(1), "album") for n in range(10)]
        assert parts == [Pause(UNTIL, first=not n) for n in range(10)], "also when they run again"


def test_what_was_written_over_hours_is_no_flood_when_it_comes_at_once() -> None:
    counter = Counter(2)
    assert [counter.judge(1, str(n), at(31 * n)) for n in range(200)] == [None] * 200


def test_nobody_is_remembered_for_long() -> None:
    counter = Counter(2)
    for who in range(1000):
        counter.judge(who, "1", at(0))
    for n in range(4):
        counter.judge(-1, str(n), at(200 + 61 * n))
    assert len(counter._lately) == 1
