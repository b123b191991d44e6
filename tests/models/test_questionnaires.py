"""What somebody is asked, what counts as an answer, and what a press does to a sheet that is being written. Pure."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from models.errors import Refusal
from models.people import Audience
from models.questionnaires import WORDS_LENGTH, Answers, Group, Kind, Question, Questionnaire, Skip
from models.roster import Facts
from models.sheets import Progress
from tests.surveying.sheets import EVERY_KIND, names, options

HERE = Facts(None, None, Audience.UNDERGRADUATE, "e1", None, proved=False)
ABROAD = HERE._replace(audience=Audience.INTERNATIONAL)
UNKNOWN = Facts(None, None, None, None, None, proved=False)


def keys(questions: tuple[Question, ...]) -> str:
    return " ".join(question.key for question in questions)


def the(key: str) -> Question:
    found = EVERY_KIND.question(key)
    assert found is not None
    return found


def test_who_is_asked_what_follows_from_facts_and_from_answers_that_count() -> None:
    assert keys(EVERY_KIND.path({}, HERE)) == "used speed ways rank again overall words"
    assert keys(EVERY_KIND.path({"used": "no"}, ABROAD)) == "used ways rank again exchange overall words"
    # What is not known of somebody belongs to no list.
    assert keys(EVERY_KIND.path({}, UNKNOWN)) == "used speed ways rank again overall words"
    assert Group(buildings=("e1",), levels=("master",)).has(HERE._replace(level="master"))
    assert not Group(buildings=("e1",), levels=("master",)).has(HERE)
    # "speed" is not asked any more, so that what had been said to it does not pass anything over either.
    chain = Questionnaire(
        names("Chain"),
        (
            the("used"),
            dataclasses.replace(the("ways"), skip=Skip("used", ("no",))),
            dataclasses.replace(the("words"), skip=Skip("ways", ("desk", "phone"))),
        ),
    )
    said: Answers = {"used": "yes", "ways": ["bot", "phone"], "words": "kept"}
    assert keys(chain.path(said, HERE)) == "used ways"
    assert chain.kept(said, HERE) == {"used": "yes", "ways": ["bot", "phone"]}
    assert chain.kept({**said, "used": "no"}, HERE) == {"used": "no", "words": "kept"}
    missing = EVERY_KIND.missing({"used": "no"}, HERE)
    assert missing is not None
    assert missing.key == "overall"
    assert EVERY_KIND.missing({"used": "no", "overall": 3}, HERE) is None


def test_a_questionnaire_comes_back_from_json_as_it_was_and_knows_how_long_answers_get() -> None:
    assert Questionnaire.of(json.loads(json.dumps(EVERY_KIND.plain()))) == EVERY_KIND
    longest: Answers = {
        "used": "yes",
        "speed": 5,
        "ways": ["bot", "desk", "phone"],
        "rank": ["water", "heat", "net"],
        "again": 10,
        "exchange": 5,
        "overall": 5,
        "words": "𠮷" * WORDS_LENGTH,
    }
    assert len(json.dumps(longest, ensure_ascii=False, separators=(",", ":")).encode()) <= EVERY_KIND.most_bytes


GOOD: list[tuple[str, Any, Any]] = [
    ("speed", 1, 1),
    ("speed", 5, 5),
    ("again", 0, 0),
    ("again", 10, 10),
    ("used", "no", "no"),
    # In the questionnaire's order, whatever was tapped first.
    ("ways", ["phone", "bot"], ["bot", "phone"]),
    ("rank", ["net", "water", "heat"], ["net", "water", "heat"]),
    ("words", "  fine\x00\ud800\nreally ", "fine\nreally"),
]
MADE_UP: dict[str, list[Any]] = {
    "speed": [0, 6, -1, 2.5, "3", None, True, [3]],
    "again": [-1, 11, "ten", None, False, []],
    "used": ["maybe", "", 0, None, ["yes"]],
    "ways": [[], ["bot", "fax"], "bot", None, 3, [["bot"]], {"bot": 1}],
    "rank": [["water", "heat"], ["water", "heat", "heat"], ["water", "heat", "fax"], [], "net", None, 3, [{}]],
    "words": ["", " \x00 ", "\u200b\u2060\n\u202e", "x" * (WORDS_LENGTH + 1), 3, None, ["x"]],
}


def test_an_answer_is_kept_as_it_counts_and_a_made_up_one_is_refused() -> None:
    for key, given, kept in GOOD:
        found = the(key).check(given)
        assert found == kept
        assert type(found) is type(kept)
    for key, wrong in MADE_UP.items():
        for each in wrong:
            with pytest.raises(Refusal):
                the(key).check(each)


Do = Callable[[Progress], None]


def begun(answers: Answers | None = None, facts: Facts = HERE) -> Progress:
    progress = Progress(answers=dict(answers or {}))
    progress.begin(EVERY_KIND, facts)
    return progress


def pick(progress: Progress, key: str, value: int, facts: Facts = HERE) -> None:
    progress.choose(EVERY_KIND, facts, the(key), value)


def refused(do: Callable[[], None]) -> str:
    with pytest.raises(Refusal) as why:
        do()
    return why.value.key


def test_a_sheet_is_written_from_the_first_question_to_the_overview() -> None:
    progress = begun()
    assert progress.at == "used"
    assert refused(lambda: progress.forward(EVERY_KIND, HERE)) == "survey.required"
    assert refused(lambda: progress.skip(EVERY_KIND, HERE)) == "survey.required"
    pick(progress, "used", 0)
    pick(progress, "speed", 4)
    assert progress.at == "ways"
    for value in (2, 0, 2):
        pick(progress, "ways", value)
    assert progress.taps(EVERY_KIND) == ["bot"]
    progress.forward(EVERY_KIND, HERE)
    # The last of a ranking leads on by itself; a slip is undone one by one.
    pick(progress, "rank", 0)
    progress.undo()
    progress.undo()
    for value in (2, 2, 1):
        pick(progress, "rank", value)
    assert (progress.at, progress.taps(EVERY_KIND)) == ("rank", ["net", "heat"])
    pick(progress, "rank", 0)
    assert (progress.at, progress.answers["rank"]) == ("again", ["net", "heat", "water"])
    progress.skip(EVERY_KIND, HERE)
    pick(progress, "overall", 2)
    assert refused(lambda: pick(progress, "words", 0)) == "old.button"
    assert refused(lambda: progress.write(EVERY_KIND, HERE, "x" * 501)) == "survey.words_too_long"
    progress.write(EVERY_KIND, HERE, "The tap")
    assert progress.at is None
    assert progress.looking_over
    assert refused(lambda: progress.write(EVERY_KIND, HERE, "more")) == "old.button"
    assert progress.answers == {
        "used": "yes",
        "speed": 4,
        "ways": ["bot"],
        "rank": ["net", "heat", "water"],
        "overall": 2,
        "words": "The tap",
    }


def test_looking_over_leads_to_a_question_and_back_and_a_change_takes_what_followed_with_it() -> None:
    progress = begun()
    progress.answers = {"used": "yes", "speed": 4, "rank": ["net", "heat", "water"], "overall": 2}
    progress.look_over(EVERY_KIND, HERE)
    progress.call_up(EVERY_KIND, HERE, the("used"))
    pick(progress, "used", 1)
    assert progress.at is None
    assert "speed" not in progress.answers
    for do in (
        lambda: progress.call_up(EVERY_KIND, HERE, the("speed")),
        lambda: pick(progress, "speed", 3),
        lambda: progress.call_up(EVERY_KIND, HERE, the("exchange")),
    ):
        assert refused(do) == "old.button"
    # Said to have used it after all: the question that comes back is not required, and the overview is where they were.
    progress.call_up(EVERY_KIND, HERE, the("used"))
    pick(progress, "used", 0)
    assert progress.at is None
    # A whole ranking begins anew with a tap, and half of one is none.
    progress.call_up(EVERY_KIND, HERE, the("rank"))
    pick(progress, "rank", 1)
    assert progress.taps(EVERY_KIND) == ["heat"]
    progress.look_over(EVERY_KIND, HERE)
    assert "rank" not in progress.answers
    progress.back(EVERY_KIND, HERE)
    assert progress.at == "words"
    assert not progress.looking_over


def test_back_keeps_what_was_tapped_and_a_press_on_an_old_screen_changes_that_answer_only() -> None:
    progress = begun({"used": "yes"})
    progress.back(EVERY_KIND, HERE)
    assert progress.at == "used"
    progress.forward(EVERY_KIND, HERE)
    progress.forward(EVERY_KIND, HERE)
    pick(progress, "ways", 1)
    progress.back(EVERY_KIND, HERE)
    assert (progress.at, progress.answers) == ("speed", {"used": "yes", "ways": ["desk"]})
    pick(progress, "again", 9)
    assert (progress.at, progress.answers["again"]) == ("speed", 9)
    for wrong in (
        lambda: pick(progress, "ways", 0),
        lambda: pick(progress, "used", 2),
        lambda: pick(progress, "used", -1),
    ):
        assert refused(wrong) == "old.button"
    assert refused(lambda: pick(progress, "exchange", 3)) == "old.button"
    progress.forward(EVERY_KIND, HERE)
    # All taken off again is no answer.
    pick(progress, "ways", 1)
    progress.forward(EVERY_KIND, HERE)
    assert "ways" not in progress.answers


def test_whatever_is_pressed_a_sheet_stays_one() -> None:
    """Every press in every order of three: answers hold, and the question on the screen is one that is asked."""
    presses: list[Do] = [
        lambda p: pick(p, "used", 0),
        lambda p: pick(p, "used", 1),
        lambda p: pick(p, "speed", 5),
        lambda p: pick(p, "ways", 0),
        lambda p: pick(p, "rank", 1),
        lambda p: pick(p, "overall", 3),
        lambda p: p.write(EVERY_KIND, HERE, "hm"),
        lambda p: p.forward(EVERY_KIND, HERE),
        lambda p: p.back(EVERY_KIND, HERE),
        lambda p: p.skip(EVERY_KIND, HERE),
        lambda p: p.undo(),
        lambda p: p.look_over(EVERY_KIND, HERE),
        lambda p: p.call_up(EVERY_KIND, HERE, the("ways")),
        lambda p: p.call_up(EVERY_KIND, HERE, the("speed")),
    ]
    starts: list[Answers] = [{}, {"used": "no", "overall": 1}, {"used": "yes", "rank": ["net", "heat", "water"]}]
    for start, order in itertools.product(starts, itertools.product(presses, repeat=3)):
        progress = begun(start)
        for press in order:
            try:
                press(progress)
            except Refusal as refusal:
                assert refusal.key in ("old.button", "survey.required")
            path = EVERY_KIND.path(progress.answers, HERE)
            assert progress.at is None or progress.at in keys(path).split()
            assert EVERY_KIND.kept(progress.answers, HERE) == progress.answers
            assert all(the(key).check(answer) == answer for key, answer in progress.answers.items())


def test_a_question_of_every_kind_can_be_left_out_unless_it_is_required() -> None:
    for kind in Kind:
        chosen = options("A", "B") if kind in (Kind.SINGLE, Kind.MULTIPLE, Kind.RANKING) else ()
        asked = Questionnaire(names("One"), (Question("one", kind, names("One?"), chosen),))
        progress = Progress()
        progress.begin(asked, UNKNOWN)
        progress.skip(asked, UNKNOWN)
        assert (progress.at, progress.answers) == (None, {})
        with pytest.raises(Refusal):
            progress.skip(asked, UNKNOWN)


def test_nobody_stays_at_a_question_that_is_not_asked_any_more() -> None:
    """Two quick taps on the screen before left them at one, and the next screen could not be drawn."""
    progress = begun()
    pick(progress, "used", 0)
    pick(progress, "used", 1)
    assert (progress.at, progress.answers) == ("ways", {"used": "no"})
    progress = Progress(at="exchange")
    progress.settle(EVERY_KIND, ABROAD)
    assert progress.at == "exchange"
    progress.settle(EVERY_KIND, HERE)
    assert progress.at == "overall"
