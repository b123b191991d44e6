"""Telegram's windows as we keep them: never more than they take, answers before everything else, broadcasts evenly."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.outbox import Lane
from scheduler.windows import (
    BURST_LIMIT,
    EDIT_RESERVE,
    GROUP_LIMIT,
    GROUP_RESERVE,
    GROUP_SECONDS,
    OVERALL_LIMIT,
    OVERALL_SECONDS,
    PACE,
    TELEGRAMS_LIMIT,
    Sliding,
    Windows,
    weight,
)

GROUP, ALICE = -100, 7


def most_within(times: Sequence[float], seconds: float) -> int:
    """The most that ever happened within this time."""
    return max((sum(1 for t in times if at <= t < at + seconds) for at in times), default=0)


@given(st.lists(st.floats(0, 3), max_size=200), st.integers(1, 30), st.sampled_from([0.5, 1.0, 60.0]))
def test_a_sliding_window_never_lets_more_through(gaps: list[float], limit: int, seconds: float) -> None:
    window, at, passed = Sliding(limit, seconds), 0.0, []
    for gap in gaps:
        at += gap
        if window.wait(at) == 0:
            window.take(at)
            passed.append(at)
    assert most_within(passed, seconds) <= limit


@given(st.lists(st.floats(0, 0.2), min_size=1, max_size=80), st.integers(1, 10))
def test_what_waits_as_long_as_it_was_told_may_pass(gaps: list[float], limit: int) -> None:
    window, at = Sliding(limit, 1.0), 0.0
    for gap in gaps:
        at += gap
        at += window.wait(at)
        assert window.wait(at) <= 1e-9
        window.take(at)


def send(windows: Windows, chat: int, lane: Lane, at: float, took: float = 0.001) -> float:
    """Send one message as soon as it may leave; returns when it left."""
    while (wait := max(windows.lane_wait(lane, at), windows.chat_wait(chat, lane, at))) > 0:
        at += max(wait, 1e-6)
    windows.leaves(lane, at)
    windows.arrived(chat, at + took)
    return at


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from([-1, -2, -3]), st.floats(0, 4), st.floats(0, 2)), max_size=150))
def test_a_group_gets_at_most_twenty_a_minute_however_slow_the_network(sent: list[tuple[int, float, float]]) -> None:
    """Counted when the answer came: a slow first and a quick twenty-first must not meet inside Telegram's minute."""
    windows, at = Windows(), 0.0
    counted: dict[int, list[float]] = {}
    for chat, gap, took in sent:
        at = send(windows, chat, Lane.TICKET, at + gap, took)
        counted.setdefault(chat, []).append(at + took)
        at += took
    for times in counted.values():
        assert most_within(times, GROUP_SECONDS) <= GROUP_LIMIT


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from(list(Lane)), st.floats(0, 0.05)), max_size=300))
def test_all_together_stay_under_the_overall_window(sent: list[tuple[int, Lane, float]]) -> None:
    windows, at, left = Windows(), 0.0, []
    for chat, lane, gap in sent:
        at = send(windows, chat, lane, at + gap)
        left.append(at)
    assert most_within(left, OVERALL_SECONDS) <= OVERALL_LIMIT


@settings(max_examples=60)
@given(st.lists(st.floats(0, 0.4), min_size=40, max_size=200), st.randoms(use_true_random=False))
def test_messages_held_up_on_the_way_do_not_meet_inside_telegram_s_second(delays: list[float], random: Random) -> None:
    """Each is counted by Telegram somewhere between its leaving and its answer; wherever that is, 30 a second hold."""
    windows, at, counted = Windows(), 0.0, []
    on_their_way: list[tuple[float, int]] = []
    for chat, delay in enumerate(delays, 1):
        while windows.lane_wait(Lane.ANSWER, at) > 0:
            at += 0.005
            while on_their_way and on_their_way[0][0] <= at:
                there, who = on_their_way.pop(0)
                windows.arrived(who, there)
        windows.leaves(Lane.ANSWER, at)
        on_their_way = sorted([*on_their_way, (at + delay, chat)])
        counted.append(at + delay * random.random())
    assert most_within(sorted(counted), OVERALL_SECONDS) <= TELEGRAMS_LIMIT


def test_one_private_chat_gets_one_message_a_second() -> None:
    windows = Windows()
    first = send(windows, ALICE, Lane.ANSWER, 0.0)
    second = send(windows, ALICE, Lane.ANSWER, first)
    assert second - first >= 1.0


def test_an_answer_finds_room_in_a_group_that_cards_have_filled() -> None:
    windows, at = Windows(), 0.0
    for _ in range(GROUP_LIMIT - GROUP_RESERVE):
        at = send(windows, GROUP, Lane.TICKET, at)
    assert windows.chat_wait(GROUP, Lane.TICKET, at + 1) > 0
    assert windows.chat_wait(GROUP, Lane.ANSWER, at + 1) == 0
    assert windows.reserved(at + 1) == [GROUP]
    assert windows.closed(at + 1) == []


def test_cards_are_not_edited_while_a_group_is_busy() -> None:
    windows, at = Windows(), 0.0
    for _ in range(GROUP_LIMIT - EDIT_RESERVE):
        at = send(windows, GROUP, Lane.TICKET, at)
    assert windows.chat_wait(GROUP, Lane.TICKET, at, edit=True) > 0
    assert windows.chat_wait(GROUP, Lane.TICKET, at) == 0


def test_a_broadcast_leaves_evenly_and_nearly_fills_the_window() -> None:
    windows, at, left = Windows(), 0.0, []
    for chat in range(1, 281):
        at = send(windows, chat, Lane.BROADCAST, at)
        left.append(at)
    rate = (len(left) - 1) / (left[-1] - left[0])
    assert rate >= 0.95 * OVERALL_LIMIT
    assert min(b - a for a, b in pairwise(left)) >= 0
    assert most_within(left, 0.25) <= BURST_LIMIT + 1


def test_an_answer_never_waits_long_behind_a_broadcast() -> None:
    windows, at, waits = Windows(), 0.0, []
    for chat in range(1, 200):
        at = send(windows, chat, Lane.BROADCAST, at)
        if chat % 7 == 0:
            asked = at + PACE / 2
            waits.append(send(windows, 10_000 + chat, Lane.ANSWER, asked) - asked)
    assert max(waits) <= 0.26


def test_an_album_weighs_as_much_as_it_has_parts() -> None:
    media = [{"type": "photo"}] * 7
    assert weight(GROUP, "sendMediaGroup", {"media": media}) == 7
    assert weight(ALICE, "sendMediaGroup", {"media": media}) == 7
    windows = Windows()
    windows.arrived(GROUP, 0.0, 14)
    assert windows.chat_wait(GROUP, Lane.ANSWER, 0.0, 7) > 0
    assert windows.chat_wait(GROUP, Lane.ANSWER, 0.0, 6) == 0


@pytest.mark.parametrize(
    ("chat", "method", "count"),
    [
        pytest.param(GROUP, "editMessageText", 1, id="an edit in a group counts"),
        pytest.param(ALICE, "editMessageText", 0, id="an edit in a private chat does not"),
        pytest.param(GROUP, "createForumTopic", 1, id="a topic counts"),
        pytest.param(ALICE, "sendPoll", 1, id="a poll counts"),
        pytest.param(ALICE, "deleteMessage", 0, id="deleting does not count in a private chat"),
    ],
)
def test_what_a_call_counts(chat: int, method: str, count: int) -> None:
    assert weight(chat, method, {}) == count


def test_a_429_holds_its_chat_and_no_other() -> None:
    windows = Windows()
    windows.hold(ALICE, 30.0)
    assert windows.chat_wait(ALICE, Lane.ANSWER, 0.0) == 30.0
    assert windows.chat_wait(8, Lane.ANSWER, 0.0) == 0.0
    assert windows.closed(0.0) == [ALICE]
    assert windows.chat_wait(ALICE, Lane.ANSWER, 30.0) == 0.0


def test_a_hold_on_all_holds_every_lane() -> None:
    windows = Windows()
    windows.hold_all(12.0)
    assert all(windows.lane_wait(lane, 2.0) == 10.0 for lane in Lane)


def test_holds_count_even_where_windows_are_switched_off() -> None:
    windows = Windows(enabled=False)
    windows.hold(GROUP, 5.0)
    assert windows.chat_wait(GROUP, Lane.TICKET, 0.0) == 5.0
    for _ in range(100):
        windows.leaves(Lane.BROADCAST, 0.0)
        windows.arrived(8, 0.0)
    assert windows.lane_wait(Lane.BROADCAST, 0.0) == 0.0
    assert windows.chat_wait(8, Lane.BROADCAST, 0.0) == 0.0


def test_chats_whose_time_is_over_are_forgotten() -> None:
    windows = Windows()
    for chat in range(1, 1000):
        windows.arrived(chat, 0.0)
        windows.arrived(-chat, 0.0)
    windows.closed(100.0)
    assert not windows._private
    assert not windows._groups
