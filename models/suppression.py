"""What of the counts may be told: no group of fewer answers than a cell has, and none from which such a group could be
worked out (mission.md, *Small cells*). Pure.

Whoever reads the results knows the roster, the questionnaire, and may know who has finished: so they know which *kinds*
of people there are among those (a building with a college, a level, an audience), that a station is the sum of its
buildings, that the masters are graduates all, and who was not asked a question. Every group told is an equation about
how many of each kind gave an answer. From the equations follows whatever is a sum of them, and nothing else does. All of
it is reckoned modulo a large prime, so that nothing is rounded (`models/spans.py`).

Promised, for the questionnaire as a whole and for each question by those who answered it: from all that is told follow
neither how many, nor how many with one answer, of

- a group of a cut, a kind, what two groups have in common, what one has that another has not;
- any two kinds together, and any three where there are not more than `spans.MOST_IN_THREES`;
- what of three groups is left by adding and taking away;
- what of a group the groups of a cut leave over that lie in it, and what they have beyond it;

where that is of fewer answers than a cell. What must be nought because a sum of it is nought counts as known. And how
many gave the answer by which a later question is skipped does not follow from how many were asked that one.

Not promised: within a group that is told, how many gave one answer may be fewer than a cell, or all, or none, and what
follows for a part of it from *none* and *all* is not looked at; nor are bounds ("at least 3 of these 5").

Groups are taken by their size, the largest first, and each is told unless something small would follow: so of those that
could be hidden it is the smallest that is, and no group that was hidden could be told in addition.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from models.questionnaires import Question
from models.roster import Facts
from models.spans import PRIME, Held, Span, Vector, total
from models.tallies import Cut, Tally

EVERYBODY = 0
"""The number of the group to which all belong."""


def told(
    everybody: Tally,
    cuts: Mapping[Cut, Mapping[str, Tally]],
    kinds: Collection[Mapping[Cut, str]],
    cell: int,
    questions: Sequence[Question] = (),
) -> tuple[Tally, dict[Cut, dict[str, Tally]]]:
    """The counts that may be told. `kinds` are the combinations of groups among those who finished; `questions` say who
    was asked what, and which question is skipped by the answer to which.
    """
    names = [(cut, value) for cut in sorted(cuts) for value in sorted(cuts[cut])]
    tallies = [everybody, *(cuts[cut][value] for cut, value in names)]
    groups = Groups(names, kinds, [tally.completed for tally in tallies], cell)
    finished = groups.told(range(len(tallies)), groups.finished, groups.all_kinds)
    found = {number: Tally(tallies[number].completed) for number in finished.numbers}
    asked = {question.key: question for question in questions}
    choices: dict[str, Choice] = {}
    # In the order in which they were asked: what is skipped comes after that by which it is.
    for key in sorted(everybody.questions, key=list(asked).index if asked.keys() >= everybody.questions.keys() else None):
        counts = [tally.questions[key].of if key in tally.questions else 0 for tally in tallies]
        question = asked.get(key)
        only = groups.asked(question) if question else groups.all_kinds
        candidates: Iterable[int] = finished.numbers
        if question and question.skip and question.skip.question in choices:
            earlier = choices[question.skip.question]
            candidates = [number for number in sorted(earlier.numbers) if earlier.knows(groups.masks[number] & only)]
        choices[key] = groups.told(candidates, counts, only)
        for number in choices[key].numbers & finished.numbers:
            found[number].questions[key] = tallies[number].questions[key]
    by: dict[Cut, dict[str, Tally]] = {}
    for number in sorted(finished.numbers - {EVERYBODY}):
        cut, value = names[number - 1]
        by.setdefault(cut, {})[value] = found[number]
    return found.get(EVERYBODY, Tally()), by


class Choice:
    """The groups of which something is told, and what follows from them."""

    def __init__(self, space: Space) -> None:
        self.space, self.numbers, self.held = space, set[int](), Held()

    def knows(self, kinds: int) -> bool:
        """Whether the number of these kinds follows."""
        parts = self.space.span.parts(kinds & self.space.kinds)
        return parts is not None and not self.held.rest(parts)


class Groups:
    """Everybody and the groups of the cuts, by numbers, and the kinds of people they are made of."""

    def __init__(
        self, names: Sequence[tuple[Cut, str]], kinds: Collection[Mapping[Cut, str]], finished: list[int], cell: int
    ) -> None:
        number = {name: i for i, name in enumerate(names, 1)}
        known = {frozenset(number[item] for item in kind.items() if item in number) for kind in kinds}
        # Whoever was counted in a group and is of no kind any more (they have moved since) is of one by themselves.
        known |= {frozenset({i}) for i in number.values() if not any(i in kind for kind in known)}
        self.names, self.finished, self.cell = names, finished, cell
        self.kinds = [kind | {EVERYBODY} for kind in sorted(known, key=sorted)] or [frozenset({EVERYBODY})]
        self.all_kinds = (1 << len(self.kinds)) - 1
        self.masks = [0] * (len(names) + 1)
        for i, kind in enumerate(self.kinds):
            for group in kind:
                self.masks[group] |= 1 << i
        self.in_cut: dict[Cut, list[int]] = defaultdict(list)
        for (cut, _), i in number.items():
            self.in_cut[cut].append(i)
        self.large = [i for i, count in enumerate(finished) if count >= cell]
        self._spaces: dict[int, Space] = {}
        self._choices: dict[tuple[tuple[int, ...], tuple[int, ...], int], Choice] = {}

    def asked(self, question: Question) -> int:
        """The kinds that it is asked of."""
        asked = 0
        for i, kind in enumerate(self.kinds):
            of = {cut: value for cut, value in (self.names[group - 1] for group in kind if group)}
            facts = Facts(
                of.get(Cut.COLLEGE),
                of.get(Cut.LEVEL),
                of.get(Cut.AUDIENCE),  # type: ignore[arg-type]
                of.get(Cut.BUILDING),
                None,
                proved=True,
            )
            asked |= question.only.has(facts) << i
        return asked

    def told(self, candidates: Iterable[int], counts: Sequence[int], asked: int) -> Choice:
        """Which of these groups may be told, each having so many answers, if only these kinds are asked."""
        large = sorted((i for i in candidates if counts[i] >= self.cell), key=lambda i: (-counts[i], i))
        if EVERYBODY not in large:
            return Choice(self._space(asked))
        same = (tuple(large), tuple(counts), asked)
        if same not in self._choices:
            self._choices[same] = self._choose(large, counts, self._answering(counts, asked))
        return self._choices[same]

    def _answering(self, counts: Sequence[int], asked: int) -> Space:
        """What follows for the kinds of which it is not known that none has answered."""
        for group, mask in enumerate(self.masks):
            asked &= ~mask if not counts[group] else -1
        for groups in self.in_cut.values():
            # Of whom this is not known nobody is, if the groups are all.
            if sum(counts[group] for group in groups) == counts[EVERYBODY]:
                asked &= _union(self.masks[group] for group in groups)
        while True:
            space = self._space(asked)
            nought = _union(kinds for kinds, parts in space.follows if not total(parts, counts))
            if not nought & asked:
                return space
            asked &= ~nought

    def _space(self, kinds: int) -> Space:
        if kinds not in self._spaces:
            self._spaces[kinds] = Space(self, kinds)
        return self._spaces[kinds]

    def _choose(self, large: Sequence[int], counts: Sequence[int], space: Space) -> Choice:
        choice = Choice(space)
        small = [parts for _, parts in space.follows if 0 < total(parts, counts) < self.cell]
        # Something that cannot be, because somebody was counted in a group that they have left since, is small too.
        small += [parts for _, parts in space.follows if total(parts, counts) > counts[EVERYBODY]]
        small += space.of_three(large, counts, self.cell)
        rests = [rest for rest in small if rest]
        leavings = Leavings(space, counts, self.cell)
        for group in large:
            rest = choice.held.rest(space.parts[group])
            if rest:
                fewer = Held()
                fewer.add(rest)
                left = [fewer.rest(each) for each in rests]
                if not all(left) or leavings.small(group, choice.numbers):
                    continue
                rests = left
                choice.held.add(rest)
            choice.numbers.add(group)
            leavings.add(group, choice.numbers)
        return choice


class Space:
    """Everything that would follow if all groups were told that are large enough."""

    def __init__(self, groups: Groups, kinds: int) -> None:
        self.groups, self.kinds = groups, kinds
        self.masks = [mask & kinds for mask in groups.masks]
        self.span = Span([kind if kinds >> i & 1 else frozenset() for i, kind in enumerate(groups.kinds)], groups.large)
        self.parts: dict[int, Vector] = {group: self.span.parts(self.masks[group]) or {} for group in groups.large}
        looked_at = dict.fromkeys(each for each in self._looked_at() if each)
        self.follows = [(each, parts) for each in looked_at if (parts := self.span.parts(each)) is not None]
        """What follows of that which is looked at, as kinds and as a sum of groups."""

    def _looked_at(self) -> Iterator[int]:
        """Sets of kinds; of those that do not follow as few as can be had cheaply."""
        yield from self.masks
        yield from self.span.few()
        together: dict[tuple[int, int], int] = defaultdict(int)
        alone: dict[int, int] = defaultdict(int)
        for kind, chance in zip(self.groups.kinds, self.span.chances, strict=True):
            if chance is not None:
                for pair in combinations(sorted(kind), 2):
                    together[pair] += chance
                for group in kind:
                    alone[group] += chance
        for (one, other), both in together.items():
            if not both % PRIME:
                yield self.masks[one] & self.masks[other]
            for group, second in ((one, other), (other, one)):
                if not (alone[group] - both) % PRIME:
                    yield self.masks[group] & ~self.masks[second]

    def of_three(self, large: Sequence[int], counts: Sequence[int], cell: int) -> list[Vector]:
        """What of three groups is left by adding and taking away, where it is a group that is too small."""
        found = []
        pairs = sorted((counts[one] + counts[other], one, other) for one, other in combinations(large, 2))
        for group in large:
            mask = self.masks[group]
            # This without two others.
            least = bisect_right(pairs, (counts[group] - cell, len(counts)))
            for i in range(least, bisect_left(pairs, (counts[group],))):
                _, one, other = pairs[i]
                first, second = self.masks[one], self.masks[other]
                if not first & second and not (first | second) & ~mask:
                    found.append(self._sum({group: 1, one: -1, other: -1}))
            # Two others without this.
            least = bisect_right(pairs, (counts[group], len(counts)))
            for i in range(least, bisect_left(pairs, (counts[group] + cell,))):
                _, one, other = pairs[i]
                first, second = self.masks[one], self.masks[other]
                if not first & second & ~mask and not mask & ~(first | second):
                    found.append(self._sum({group: -1, one: 1, other: 1}))
        return found

    def _sum(self, times: Mapping[int, int]) -> Vector:
        added: Vector = defaultdict(int)
        for group, factor in times.items():
            for row, part in self.parts[group].items():
                added[row] += factor * part
        return {row: part % PRIME for row, part in added.items() if part % PRIME}


class Leavings:
    """What the told groups of a cut leave over of a group that they lie in, and have beyond one that they cover."""

    def __init__(self, space: Space, counts: Sequence[int], cell: int) -> None:
        self._masks, self._counts, self._cell = space.masks, counts, cell
        names = space.groups.names
        self._cut_of = [None, *(cut for cut, _ in names)]
        self._inside: dict[tuple[int, Cut], int] = defaultdict(int)
        self._touching: dict[tuple[int, Cut], tuple[int, int]] = defaultdict(lambda: (0, 0))

    def small(self, group: int, shown: Collection[int]) -> bool:
        """Whether something small would be left if this group were told too."""
        cut = self._cut_of[group]
        if cut is not None and any(self._is_small(whole, *self._with(whole, cut, group)) for whole in shown):
            return True
        return any(self._is_small(group, *sums) for sums in self._of_whole(group, shown).values())

    def add(self, group: int, shown: Collection[int]) -> None:
        """This group is told."""
        cut = self._cut_of[group]
        if cut is not None:
            for whole in shown:
                self._inside[whole, cut], *touching = self._with(whole, cut, group)
                self._touching[whole, cut] = touching[0], touching[1]
        for of, (inside, touching_count, covered) in self._of_whole(group, shown).items():
            self._inside[group, of], self._touching[group, of] = inside, (touching_count, covered)

    def _with(self, whole: int, cut: Cut, part: int) -> tuple[int, int, int]:
        inside, (touching, covered) = self._inside[whole, cut], self._touching[whole, cut]
        mask, of = self._masks[part], self._masks[whole]
        if mask & of and part != whole:
            touching, covered = touching + self._counts[part], covered | mask
            if not mask & ~of:
                inside += self._counts[part]
        return inside, touching, covered

    def _of_whole(self, whole: int, shown: Collection[int]) -> dict[Cut, tuple[int, int, int]]:
        sums: dict[Cut, tuple[int, int, int]] = {}
        of = self._masks[whole]
        for part in shown:
            cut, mask = self._cut_of[part], self._masks[part]
            if cut is not None and part != whole and mask & of:
                inside, touching, covered = sums.get(cut, (0, 0, 0))
                lies_in = 0 if mask & ~of else self._counts[part]
                sums[cut] = inside + lies_in, touching + self._counts[part], covered | mask
        return sums

    def _is_small(self, whole: int, inside: int, touching: int, covered: int) -> bool:
        count = self._counts[whole]
        beyond = touching - count if not self._masks[whole] & ~covered else 0
        return 0 < count - inside < self._cell or 0 < beyond < self._cell


def _union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union
