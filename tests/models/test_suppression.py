"""Nothing that is suppressed can be computed from what is told: an attacker who knows the roster, the questionnaire and
who has finished tries, on random surveys, with arithmetic of their own.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from models.people import Audience
from models.questionnaires import Answers, Group, Kind, Option, Question, Questionnaire, Skip
from models.results import Results
from models.roster import Facts
from models.suppression import told
from models.tallies import Cut, Tally, one

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Groups = dict[Cut, str]
Person = tuple[Groups, Answers]

OPTIONS = tuple(Option(key, {}) for key in "abc")
ASKED = Questionnaire(
    {},
    (
        Question("all", Kind.SINGLE, {}, OPTIONS, required=True),
        Question("some", Kind.SINGLE, {}, OPTIONS),
        Question("why", Kind.SINGLE, {}, OPTIONS, required=True, skip=Skip("all", ("a",))),
        Question("master", Kind.SINGLE, {}, OPTIONS, required=True, only=Group(levels=("master",))),
        Question(
            "graduate",
            Kind.MULTIPLE,
            {},
            OPTIONS,
            required=True,
            only=Group(audiences=(Audience.GRADUATE,)),
            skip=Skip("some", ("a", "b")),
        ),
    ),
)


def a_survey(chance: random.Random, people: int) -> list[Person]:
    """Buildings lie in stations, levels say something of audiences, colleges have houses of their own; some groups are
    small.
    """
    stations = {
        f"{station}{i}": station for station in "ew"[: chance.randint(1, 2)] for i in range(chance.randint(1, 4))
    }
    colleges = {building: chance.sample(["law", "arts", "sea"], chance.randint(1, 3)) for building in stations}
    weights = [chance.choice([1, 3, 9]) for _ in stations]
    found: list[Person] = []
    for _ in range(people):
        building = chance.choices(list(stations), weights)[0]
        level = chance.choices(["bachelor", "master", "phd"], [6, 4, chance.choice([1, 3])])[0]
        audience = Audience.UNDERGRADUATE if level == "bachelor" else Audience.GRADUATE
        groups: Groups = {Cut.LEVEL: level, Cut.AUDIENCE: audience, Cut.COLLEGE: chance.choice(colleges[building])}
        if chance.random() < 0.95:
            groups |= {Cut.BUILDING: building, Cut.STATION: stations[building]}
        facts = Facts(groups[Cut.COLLEGE], level, audience, groups.get(Cut.BUILDING), None, proved=True)
        answers: dict[str, str | int | list[str]] = {}
        for question in ASKED.questions:
            if question in ASKED.path(answers, facts) and (question.required or chance.random() < 0.6):
                given_answer = chance.choice("aabc")
                answers[question.key] = [given_answer] if question.kind is Kind.MULTIPLE else given_answer
        found.append((groups, answers))
    return found


def counted(people: Iterable[Person]) -> tuple[Tally, dict[Cut, dict[str, Tally]]]:
    everybody, cuts = Tally(), dict[Cut, dict[str, Tally]]()
    for groups, answers in people:
        tally = one(ASKED, answers)
        everybody.add(tally)
        for cut, value in groups.items():
            cuts.setdefault(cut, {}).setdefault(value, Tally()).add(tally)
    return everybody, cuts


class Attacker:
    """Holds the roster and the list of who has finished, and reads what was published."""

    def __init__(self, people: Sequence[Person], published: Results) -> None:
        self.kinds = sorted({frozenset(groups.items()) for groups, _ in people}, key=sorted)
        self.published = published
        every = dict[tuple[Cut, str] | None, list[bool]]()
        for kind in self.kinds:
            every |= {item: [item in other for other in self.kinds] for item in kind}
        self.groups = every | {None: [True] * len(self.kinds)}

    def asked(self, key: str | None) -> list[bool]:
        only = next((question.only for question in ASKED.questions if question.key == key), Group())
        return [
            (not only.levels or dict(kind)[Cut.LEVEL] in only.levels)
            and (not only.audiences or dict(kind)[Cut.AUDIENCE] in only.audiences)
            for kind in self.kinds
        ]

    def equations(self, key: str | None) -> list[list[bool]]:
        """Whose answers to a question are told."""
        tallies: Mapping[tuple[Cut, str] | None, Tally] = {
            None: self.published.everybody,
            **{(cut, value): tally for cut, by in self.published.cuts.items() for value, tally in by.items()},
        }
        told_of = [group for group, tally in tallies.items() if (key in tally.questions if key else tally.completed)]
        rows = [self.groups[group] for group in told_of]
        # Who was asked a later one had not given the answer by which it is skipped.
        for later in ASKED.questions:
            if later.required and later.skip and later.skip.question == key:
                asked = self.asked(later.key)
                rows += [[a and b for a, b in zip(row, asked, strict=True)] for row in self.equations(later.key)]
        return rows

    def sets(self) -> list[list[bool]]:
        """Of whom they would like to know."""
        size = len(self.kinds)
        found = [[i in chosen for i in range(size)] for n in (1, 2, 3) for chosen in combinations(range(size), n)]
        for first, second in combinations(self.groups.values(), 2):
            both = list(zip(first, second, strict=True))
            found += [[a and b for a, b in both], [a or b for a, b in both]]
            found += [[a and not b for a, b in both], [b and not a for a, b in both]]
        return found + list(self.groups.values())


def by_adding(rows: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """What is left of three sets by adding and taking away, where it is a set."""
    import numpy as np

    one, two, three = np.array(list(combinations(range(len(rows)), 3)), dtype=int).reshape(-1, 3).T
    sums = [a * rows[one] + b * rows[two] + c * rows[three] for a, b, c in product((1, -1), repeat=3)]
    return [each[((each == 0) | (each == 1)).all(axis=1)] for each in sums]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(3, 70), st.integers(3, 6))
def test_what_is_hidden_cannot_be_computed_from_what_is_told(seed: int, size: int, cell: int) -> None:
    import numpy as np

    people = a_survey(random.Random(seed), size)
    everybody, cuts = counted(people)
    attacker_kinds = [dict(kind) for kind in {frozenset(groups.items()) for groups, _ in people}]
    shown, by = told(everybody, cuts, attacker_kinds, cell, ASKED.questions)
    assert (shown, by) == told(everybody, cuts, attacker_kinds[::-1], cell, ASKED.questions)
    results = Results(cell, size, size, 0, shown, by)
    attacker = Attacker(people, Results.of(json.loads(json.dumps(results.plain()))))
    wanted = np.array(attacker.sets(), dtype=float)
    for key in (None, *(question.key for question in ASKED.questions)):
        answered = Counter(frozenset(groups.items()) for groups, answers in people if key is None or key in answers)
        of_kind = np.array([answered[kind] for kind in attacker.kinds])
        possible = np.array(attacker.asked(key))
        public = np.array(attacker.equations(key), dtype=float).reshape(-1, len(possible))
        sets, rows = np.vstack([wanted, *by_adding(public)]), public[:, possible]
        # What the rows bring to nought: a sum of them does, and nothing else.
        _, values, turned = np.linalg.svd(rows, full_matrices=True) if rows.size else (None, [], np.eye(possible.sum()))
        free = turned[sum(value > 1e-9 for value in values) :]
        known = np.abs(sets[:, possible] @ free.T).max(axis=1, initial=0) < 1e-7
        answers_of = sets @ of_kind
        leaks = known & (answers_of > 0) & (answers_of < cell)
        assert not leaks.any(), (key, [attacker.kinds[i] for i in np.flatnonzero(sets[leaks][0])])
    # What is told is as it was counted, and is told wherever the attacker would have known it anyway.
    for cut, values_of in by.items():
        for value, tally in values_of.items():
            assert tally.completed == cuts[cut][value].completed >= cell
            assert all(count == cuts[cut][value].questions[key] for key, count in tally.questions.items())
            assert all(count.of >= cell for count in tally.questions.values())


def people_of(*groups: tuple[int, Groups, Answers]) -> list[Person]:
    return [(of, answers) for count, of, answers in groups for _ in range(count)]


def names_told(people: Sequence[Person], key: str | None = None, cell: int = 4) -> set[str]:
    everybody, cuts = counted(people)
    _, by = told(everybody, cuts, [groups for groups, _ in people], cell, ASKED.questions)
    return {value for of in by.values() for value, tally in of.items() if key is None or key in tally.questions}


def test_a_station_is_told_beside_its_buildings_but_the_smallest_of_those_that_would_tell_a_small_one() -> None:
    houses = (("e1", 9), ("e2", 2), ("w1", 8), ("w2", 7))
    people = people_of(*((n, {Cut.BUILDING: b, Cut.STATION: b[0]}, {"all": "b", "why": "a"}) for b, n in houses))
    assert names_told(people) == {"e", "w", "w1", "w2"}


def test_what_colleges_leave_over_of_a_building_that_they_live_in_is_not_told() -> None:
    others = ("law", "arts", "sea", "bio")
    people = people_of(
        *((10, {Cut.BUILDING: "m1", Cut.COLLEGE: f"c{i}"}, {}) for i in range(5)),
        *((2, {Cut.BUILDING: "m1", Cut.COLLEGE: other}, {}) for other in others),
        *((12, {Cut.BUILDING: "w1", Cut.COLLEGE: other}, {}) for other in others),
        (11, {Cut.BUILDING: "w1"}, {}),
    )
    assert names_told(people, cell=10) == {"m1", "w1", *others, "c0", "c1", "c2", "c3"}


def test_how_many_gave_the_answer_that_skips_a_question_does_not_follow_from_how_many_were_asked_it() -> None:
    lives: list[tuple[int, Groups, Answers]] = []
    for building, skipping, asked in (("e1", 3, 6), ("e2", 1, 2), ("e3", 1, 7)):
        groups = {Cut.BUILDING: building}
        lives += [(skipping, groups, {"all": "a"}), (asked, groups, {"all": "b", "why": "a"})]
    people = people_of(*lives)
    assert names_told(people, "why") <= names_told(people, "all") == {"e1"}


def test_a_question_that_few_answered_is_told_of_nobody_and_the_others_are() -> None:
    groups = {Cut.LEVEL: "phd"}
    everybody, cuts = counted(people_of((6, groups, {"all": "a"}), (3, groups, {"all": "a", "some": "b"})))
    shown, by = told(everybody, cuts, [groups], 4)
    assert set(shown.questions) == {"all"}
    assert set(by[Cut.LEVEL]["phd"].questions) == {"all"}
    assert told(Tally(3), {}, [], 4) == (Tally(), {})
