"""Nothing that is suppressed can be computed from what is told: an attacker who knows the roster and who has finished
tries, on random surveys, with arithmetic of their own.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from models.suppression import told
from models.tallies import Count, Cut, Tally

CELL = 4
Facts = dict[Cut, str]
Person = tuple[Facts, dict[str, str]]


@st.composite
def a_person(draw: st.DrawFn) -> Person:
    """Buildings lie in stations and levels say something of audiences, as they do."""
    building = draw(st.sampled_from(["e1", "e1", "e2", "w1", "w2", "w3", None]))
    level = draw(st.sampled_from(["bachelor", "bachelor", "master", "phd"]))
    college = draw(st.sampled_from(["law", "law", "arts"]))
    facts: Facts = {Cut.LEVEL: level, Cut.COLLEGE: college}
    facts[Cut.AUDIENCE] = "undergraduate" if level == "bachelor" else "graduate"
    if building is not None:
        facts |= {Cut.BUILDING: building, Cut.STATION: building[0]}
    answers = {"all": draw(st.sampled_from("12345"))}
    if draw(st.booleans()):
        answers["some"] = draw(st.sampled_from("12"))
    if level == "phd":
        answers["phd"] = "1"
    return facts, answers


def counted(people: Sequence[Person]) -> tuple[Tally, dict[Cut, dict[str, Tally]]]:
    everybody, cuts = Tally(), {}  # type: ignore[var-annotated]
    for facts, answers in people:
        one = Tally(1, {question: Count(1, Counter([answer])) for question, answer in answers.items()})
        everybody.add(one)
        for cut, value in facts.items():
            cuts.setdefault(cut, {}).setdefault(value, Tally()).add(one)
    return everybody, cuts


def in_span(wanted: frozenset[int], told_sets: Sequence[frozenset[int]], size: int) -> bool:
    """Whether the indicator of these kinds is a sum of told ones, by exact elimination."""
    rows = [[Fraction(int(i in each)) for i in range(size)] for each in told_sets]
    target = [Fraction(int(i in wanted)) for i in range(size)]
    for column in range(size):
        pivot = next((row for row in rows if row[column]), None)
        if pivot is None:
            continue
        rows = [row for row in rows if row is not pivot]
        for row in [*rows, target]:
            times = row[column] / pivot[column]
            for i in range(size):
                row[i] -= times * pivot[i]
    return not any(target)


@settings(max_examples=60, deadline=None)
@given(st.lists(a_person(), min_size=3, max_size=45))
def test_what_is_hidden_cannot_be_computed_from_what_is_told(people: list[Person]) -> None:
    everybody, cuts = counted(people)
    kinds = sorted({frozenset(facts.items()) for facts, _ in people}, key=sorted)
    shown, by = told(everybody, cuts, [dict(kind) for kind in kinds], CELL)
    sets = {
        (cut, value): frozenset(i for i, kind in enumerate(kinds) if (cut, value) in kind)
        for cut, values in cuts.items()
        for value in values
    }
    sets[None] = frozenset(range(len(kinds)))  # type: ignore[index]
    protected = {frozenset({i}) for i in range(len(kinds))} | set(sets.values())
    for one, other in itertools.combinations(sets.values(), 2):
        protected |= {one & other, one - other, other - one}
    for question in (None, "all", "some", "phd"):
        answered = [facts for facts, answers in people if question is None or question in answers]
        of_kind = Counter(kinds.index(frozenset(facts.items())) for facts in answered)

        def is_told(tally: Tally, question: str | None = question) -> bool:
            return bool(tally.completed) if question is None else question in tally.questions

        public = [sets[cut, value] for cut, values in by.items() for value, tally in values.items() if is_told(tally)]
        if is_told(shown):
            public.append(sets[None])  # type: ignore[index]
        for each in protected:
            size = sum(of_kind[kind] for kind in each)
            if 0 < size < CELL:
                assert not in_span(each, public, len(kinds)), (question, sorted(kinds[i] for i in each))
    # What is told is as it was counted.
    for cut, values in by.items():
        for value, tally in values.items():
            assert tally.completed == cuts[cut][value].completed
            assert all(count == cuts[cut][value].questions[key] for key, count in tally.questions.items())


def test_a_station_is_not_told_beside_all_of_its_buildings_but_a_small_one() -> None:
    people: list[Person] = []
    for building, count in (("e1", 9), ("e2", 2), ("w1", 8), ("w2", 7)):
        people += [({Cut.BUILDING: building, Cut.STATION: building[0]}, {"all": "5"})] * count
    everybody, cuts = counted(people)
    shown, by = told(everybody, cuts, [facts for facts, _ in people], CELL)
    assert shown.completed == 26
    names = {value for values in by.values() for value in values}
    assert "e2" not in names
    assert not {"e", "e1"} <= names
    assert not {"w", "e1"} <= names
    assert {"w1", "w2", "w"} <= names


def test_a_question_that_few_answered_is_told_of_nobody_and_the_others_are() -> None:
    people: list[Person] = [({Cut.LEVEL: "phd"}, {"all": "3", **({"some": "1"} if n < 3 else {})}) for n in range(9)]
    everybody, cuts = counted(people)
    shown, by = told(everybody, cuts, [{Cut.LEVEL: "phd"}], CELL)
    assert set(shown.questions) == {"all"}
    assert set(by[Cut.LEVEL]["phd"].questions) == {"all"}
    assert told(Tally(3), {}, [], CELL) == (Tally(), {})
