"""What of the counts may be told: no group of fewer answers than a cell has, and none from which such a group could be
worked out (mission.md, *Small cells*). Pure.

Whoever reads the results knows the roster, and may know who has finished: so they know which *kinds* of people there
are among those (a building with a college, a level, an audience), and that a station is the sum of its buildings and
the masters are graduates all. Every group told is an equation about how many of each kind there are. From the equations
follows the number of whatever is a sum of them, and nothing else does: two solutions chosen at random agree on it, and
on everything else they differ. That is how it is found out, modulo a large prime, so that nothing is rounded.

Looked at is every group, every kind, what two groups have in common and what one has that the other has not, and of
each group what the told groups of a cut leave over. If any of these follows and is smaller than a cell, the smallest
of the groups that it follows from is not told either, until none does; for each question apart, because each is
answered by others.

Not promised: within a group that is told, how many gave one answer may be fewer than a cell.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from models.tallies import Cut, Tally

PRIME = 2**61 - 1
EVERYBODY = 0
"""The number of the group to which all belong."""

Kinds = Sequence[frozenset[int]]
"""Each kind by the groups it belongs to."""


def told(
    everybody: Tally,
    cuts: Mapping[Cut, Mapping[str, Tally]],
    kinds: Collection[Mapping[Cut, str]],
    cell: int,
) -> tuple[Tally, dict[Cut, dict[str, Tally]]]:
    """The counts that may be told. `kinds` are the combinations of groups among those who finished."""
    names = [(cut, value) for cut in sorted(cuts) for value in sorted(cuts[cut])]
    tallies = [everybody, *(cuts[cut][value] for cut, value in names)]
    groups = Groups(names, kinds)
    shown = groups.told(range(len(tallies)), [tally.completed for tally in tallies], cell)
    found = {number: Tally(tallies[number].completed) for number in shown}
    for question in everybody.questions:
        counts = [tally.questions[question].of if question in tally.questions else 0 for tally in tallies]
        for number in groups.told(shown, counts, cell):
            found[number].questions[question] = tallies[number].questions[question]
    by: dict[Cut, dict[str, Tally]] = {}
    for number in sorted(shown - {EVERYBODY}):
        cut, value = names[number - 1]
        by.setdefault(cut, {})[value] = found[number]
    return found.get(EVERYBODY, Tally()), by


class Groups:
    """Everybody and the groups of the cuts, by numbers, and the kinds of people they are made of."""

    def __init__(self, names: Sequence[tuple[Cut, str]], kinds: Collection[Mapping[Cut, str]]) -> None:
        number = {name: i for i, name in enumerate(names, 1)}
        known = {frozenset(number[item] for item in kind.items() if item in number) for kind in kinds}
        # Whoever was counted in a group and is of no kind any more (they have moved since) is of one by themselves.
        known |= {frozenset({i}) for i in number.values() if not any(i in kind for kind in known)}
        self.kinds: Kinds = [kind | {EVERYBODY} for kind in sorted(known, key=sorted)] or [frozenset({EVERYBODY})]
        self.cut_of = [None, *(cut for cut, _ in names)]
        self._independent: dict[frozenset[int], tuple[list[int], list[int]]] = {}

    def told(self, candidates: Iterable[int], counts: Sequence[int], cell: int) -> set[int]:
        """Which of these groups may be told, each having so many answers."""
        large = {number for number in candidates if counts[number] >= cell}
        if EVERYBODY not in large:
            return set()
        shown = set(large)
        while (leak := self._leak(shown, counts, cell)) is not None:
            shown.discard(min(leak, key=lambda number: (counts[number], number)))
        # What was left out first may be harmless by now.
        for number in sorted(large - shown, key=lambda number: (-counts[number], number)):
            if self._leak(shown | {number}, counts, cell) is None:
                shown.add(number)
        return shown

    def _leak(self, shown: Collection[int], counts: Sequence[int], cell: int) -> set[int] | None:
        """Groups from which together something follows that is too small; None when nothing does."""
        equations = Equations(self.kinds, *self._told_apart(shown), counts)
        small = next(self._small(equations, shown, counts[EVERYBODY], cell), None)
        return (equations.behind(small) - {EVERYBODY}) or set(shown) - {EVERYBODY} if small is not None else None

    def _told_apart(self, shown: Collection[int]) -> tuple[list[int], list[int]]:
        """`_independent` for these; most questions are told of the same groups."""
        known = frozenset(shown)
        if known not in self._independent:
            self._independent[known] = _independent(self.kinds, sorted(known))
        return self._independent[known]

    def _small(self, equations: Equations, shown: Collection[int], whole: int, cell: int) -> Iterator[list[int]]:
        """What follows from the equations and is too small, as the kinds that it is made of."""
        one, other = equations.solutions
        for made_of in self._looked_at(shown):
            value = sum(one[kind] for kind in made_of) % PRIME
            # Something that cannot be, because somebody was counted in a group that they have left since, is small too.
            if value and not cell <= value <= whole and value == sum(other[kind] for kind in made_of) % PRIME:
                yield made_of

    def _looked_at(self, shown: Collection[int]) -> Iterator[list[int]]:
        of: dict[int, list[int]] = defaultdict(list)
        common: dict[tuple[int, int], list[int]] = defaultdict(list)
        for kind, groups in enumerate(self.kinds):
            yield [kind]
            inside = sorted(groups)
            for place, group in enumerate(inside):
                of[group].append(kind)
                for second in inside[place + 1 :]:
                    common[group, second].append(kind)
        yield from of.values()
        for (first, second), both in common.items():
            yield both
            without = set(both)
            for group in (first, second):
                yield [kind for kind in of[group] if kind not in without]
        for group in shown:
            for cut in Cut:
                told_of_it = {number for number in shown if self.cut_of[number] is cut}
                yield [kind for kind in of[group] if not self.kinds[kind] & told_of_it]


class Equations:
    """What the told groups say of how many there are of each kind."""

    def __init__(self, kinds: Kinds, rows: list[int], pivots: list[int], counts: Sequence[int]) -> None:
        self._kinds, self._rows, self._pivots = kinds, rows, pivots
        self._square = [[int(row in kinds[pivot]) for pivot in self._pivots] for row in self._rows]
        chance = random.Random(len(kinds))
        self.solutions = [self._solution(counts, chance) for _ in range(2)]

    def _solution(self, counts: Sequence[int], chance: random.Random) -> list[int]:
        """How many there may be of each kind, by numbers that need not be possible: any of them fits what is told."""
        found = [chance.randrange(PRIME) for _ in self._kinds]
        fixed = set(self._pivots)
        left = {row: counts[row] for row in self._rows}
        for kind, groups in enumerate(self._kinds):
            if kind not in fixed:
                for row in groups & left.keys():
                    left[row] -= found[kind]
        for pivot, value in zip(self._pivots, _solve(self._square, [left[row] for row in self._rows]), strict=True):
            found[pivot] = value
        return found

    def behind(self, made_of: Sequence[int]) -> set[int]:
        """The groups from which it follows."""
        wanted = set(made_of)
        turned = [list(column) for column in zip(*self._square, strict=True)]
        parts = _solve(turned, [int(pivot in wanted) for pivot in self._pivots])
        return {row for row, part in zip(self._rows, parts, strict=True) if part}


def _independent(kinds: Kinds, shown: Sequence[int]) -> tuple[list[int], list[int]]:
    """Groups none of which is a sum of the others, and as many kinds by which they are told apart."""
    wanted = set(shown)
    reduced: dict[int, dict[int, int]] = {}
    rows, pivots = [], []
    for kind, groups in enumerate(kinds):
        column = dict.fromkeys(groups & wanted, 1)
        while column:
            row = min(column)
            if row not in reduced:
                scale = pow(column[row], -1, PRIME)
                reduced[row] = {each: part * scale % PRIME for each, part in column.items()}
                rows.append(row)
                pivots.append(kind)
                break
            times = column[row]
            for each, part in reduced[row].items():
                left = (column.get(each, 0) - times * part) % PRIME
                if left:
                    column[each] = left
                else:
                    column.pop(each, None)
        if len(rows) == len(wanted):
            break
    return rows, pivots


def _solve(square: Sequence[Sequence[int]], right: Sequence[int]) -> list[int]:
    """What, put into these equations, makes them right; they are as many as there are unknowns, and none too many."""
    rows = [[*(part % PRIME for part in row), value % PRIME] for row, value in zip(square, right, strict=True)]
    size = len(rows)
    for place in range(size):
        pivot = next(i for i in range(place, size) if rows[i][place])
        rows[place], rows[pivot] = rows[pivot], rows[place]
        scale = pow(rows[place][place], -1, PRIME)
        top = rows[place] = [part * scale % PRIME for part in rows[place]]
        for i, row in enumerate(rows):
            if i != place and row[place]:
                times = row[place]
                rows[i] = [(part - times * over) % PRIME for part, over in zip(row, top, strict=True)]
    return [row[size] for row in rows]
