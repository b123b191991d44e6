"""What of the counts may be told: no group of fewer answers than a cell has, and none from which such a group could be
worked out (mission.md, *Small cells*). Pure.

Whoever reads the results knows the roster, the questionnaire, and may know who has finished: so they know which *kinds*
of people there are among those (a building with a college, a level, an audience), that a station is the sum of its
buildings, that the masters are graduates all, and who was not asked a question. Every group told is an equation about
how many of each kind gave an answer. From the equations follows whatever is a sum of them, and nothing else does. All
of it is reckoned modulo a large prime, so that nothing is rounded (`models/spans.py`).

Promised, for the questionnaire as a whole and for each question by those who answered it: from all that is told follow
neither how many, nor how many with one answer, of

- a group of a cut, a kind, what two groups have in common, what one has that another has not, two groups together;
- any two kinds together, and any three where there are not more than `spans.MOST_IN_THREES`;
- what is left of one group without two others, or of two without a third, if none of the three is small;
- what of a group the groups of a cut leave over that lie in it, and what they have beyond it;

where that is of fewer answers than a cell. What must be nought because a sum of it is nought counts as known. And of no
such group does it follow from how many were asked a later question, which has to be answered, how many had given the
answer by which it is skipped.

Not promised: within a group that is told, how many gave one answer may be fewer than a cell, or all, or none, and what
follows for a part of it from *none* and *all* is not looked at; nor are bounds ("at least 3 of these 5"). Whoever has
moved to another group between answering and the end is counted where they were, and looked for where they are.

Groups are taken by their size, the largest first, and each is told unless something small would follow: so of those
that could be hidden it is the smallest that is, and no group that was hidden could be told in addition.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from models.cuts import facts_of
from models.questionnaires import Question
from models.spans import PRIME, Held, Span, Vector, total
from models.tallies import Cut, Tally

EVERYBODY = 0
"""The number of the group to which all belong."""

Sums = dict[tuple[int, Cut], tuple[int, int, int]]
"""Of a group and the groups of a cut: the answers of those that lie in it, of those that have a part in it, and the
kinds of the latter.
"""
NOTHING = (0, 0, 0)
ANSWERS = -1
"""Beside the rows of a vector: how many answers it comes to."""


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
    choices: dict[str, Choice] = {}
    asked = {question.key: question for question in questions}
    # In the order in which they are asked: what is skipped comes after that by which it is.
    for key in [*(key for key in asked if key in everybody.questions), *(everybody.questions.keys() - asked.keys())]:
        counts = [tally.questions[key].of if key in tally.questions else 0 for tally in tallies]
        question = asked.get(key)
        only = groups.asked(question) if question else groups.all_kinds
        candidates = finished.numbers
        if question and question.required and question.skip and question.skip.question in choices:
            earlier = choices[question.skip.question]
            candidates = {number for number in earlier.numbers if earlier.knows(groups.masks[number] & only)}
        choices[key] = groups.told(candidates, counts, only)
        for number in choices[key].numbers:
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
        span, wanted = self.space.span, kinds & self.space.kinds
        return span.follows(wanted) and not self.held.rest(span.parts(wanted)).keys() - {ANSWERS}


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
            facts = facts_of(dict(self.names[group - 1] for group in kind if group))
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
        kept = 0
        while True:
            # Who has answered is of some kind, whatever is known of them: they may have moved since, and who has
            # written words is counted in no group.
            kept |= _union(mask for mask, count in zip(self.masks, counts, strict=True) if count and not mask & asked)
            space = self._space(asked | kept)
            nought = _union(kinds for kinds, parts in space.follows if not total(parts, counts))
            if not nought & asked:
                return space
            asked &= ~nought

    def _space(self, kinds: int) -> Space:
        if kinds not in self._spaces:
            self._spaces[kinds] = Space(self, kinds)
        return self._spaces[kinds]

    def _choose(self, large: Sequence[int], counts: Sequence[int], space: Space) -> Choice:
        open_ = {group: space.parts[group] for group in self.large if counts[group] >= self.cell}
        # A group is as large as it was counted, even if others, whom somebody has left since, come to something else.
        counted = {tuple(sorted(parts.items())) for parts in open_.values()}

        def is_small(parts: Vector) -> bool:
            # Something that cannot be, because somebody has moved, is small too.
            value = total(parts, counts)
            return value > 0 and not self.cell <= value <= counts[EVERYBODY]

        def hidden(found: Iterable[Vector]) -> list[Vector]:
            return [parts for parts in found if parts and tuple(sorted(parts.items())) not in counted]

        small = hidden(parts for _, parts in space.follows if is_small(parts))
        small += hidden(space.of_three(list(open_), counts, self.cell))
        while True:
            choice = self._greedy(large, counts, space, small)
            # Of two kinds that followed by themselves it is seen only now whether their sum still does.
            looked_at = [*space.few(choice.numbers), *space.pairs(choice.numbers, counts, self.cell)]
            found = hidden(parts for kinds in looked_at if is_small(parts := space.span.parts(kinds)))
            if not found:
                return choice
            small += found

    def _greedy(self, large: Sequence[int], counts: Sequence[int], space: Space, small: Sequence[Vector]) -> Choice:
        choice = Choice(space)
        # What is not known yet of each, and of how many answers; what is known of a group that is not told is known all
        # the same.
        open_ = {i: {**space.parts[i], ANSWERS: counts[i]} for i in self.large if counts[i] >= self.cell}
        leavings = Leavings(space, counts, self.cell)
        known: set[int] = set()
        for group in large:
            if group in open_:
                one = Held()
                one.add(open_[group])
                still_small = [one.rest(each) for each in small]
                still_open = {each: one.rest(parts) for each, parts in open_.items()}
                # Where the numbers do not agree, because somebody has moved, the group is not told: what it differs by
                # is what the movers said.
                follow = {each: not rest for each, rest in still_open.items() if not rest.keys() - {ANSWERS}}
                found = [group, *(each for each, agrees in follow.items() if agrees and each != group)]
                if not all(rest.keys() - {ANSWERS} for rest in still_small) or not leavings.admit(found):
                    continue
                choice.held.add(open_[group])
                known.update(found)
                small, open_ = still_small, {each: rest for each, rest in still_open.items() if each not in follow}
            if group in known:
                choice.numbers.add(group)
        return choice


class Space:
    """Everything that would follow if all groups were told that are large enough."""

    def __init__(self, groups: Groups, kinds: int) -> None:
        self.groups, self.kinds = groups, kinds
        self.masks = [mask & kinds for mask in groups.masks]
        self._unknowns = [kind if kinds >> i & 1 else frozenset() for i, kind in enumerate(groups.kinds)]
        self.span = Span(self._unknowns, groups.large)
        self.parts: dict[int, Vector] = {group: self.span.parts(self.masks[group]) for group in groups.large}
        self.follows = [(each, self.span.parts(each)) for each in dict.fromkeys(self._following()) if each]
        """What follows of that which is looked at, as kinds and as a sum of groups."""
        self._few: dict[frozenset[int], list[int]] = {}
        self._spans: dict[frozenset[int], Span] = {}

    def few(self, told: Collection[int]) -> Sequence[int]:
        """Few kinds that together follow from these groups."""
        known = frozenset(told)
        if known not in self._few:
            self._few[known] = list(self._spanned(known).few())
        return self._few[known]

    def pairs(self, told: Collection[int], counts: Sequence[int], cell: int) -> Iterator[int]:
        """Two small groups that together follow from these."""
        span = self._spanned(frozenset(told))
        small = [mask for mask, count in zip(self.masks, counts, strict=True) if mask and 0 < count < cell]
        return (one | other for one, other in combinations(small, 2) if span.follows(one | other))

    def _spanned(self, told: frozenset[int]) -> Span:
        if told not in self._spans:
            self._spans[told] = Span(self._unknowns, told)
        return self._spans[told]

    def _following(self) -> Iterator[int]:
        yield from self.span.few()
        together: dict[tuple[int, int], int] = defaultdict(int)
        alone: dict[int, int] = defaultdict(int)
        for kind, chance in zip(self.groups.kinds, self.span.chances, strict=True):
            if chance is not None:
                for pair in combinations(sorted(kind), 2):
                    together[pair] += chance
                for group in kind:
                    alone[group] += chance
        yield from (self.masks[group] for group, chance in alone.items() if not chance % PRIME)
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
        self._cut_of = [None, *(cut for cut, _ in space.groups.names)]
        self._sums: Sums = {}
        self._known: list[int] = []

    def admit(self, found: Sequence[int]) -> bool:
        """These are known together, if they leave nothing small; says whether they do not."""
        before, known = dict(self._sums), len(self._known)
        for group in found:
            sums = self._beside(group)
            self._sums |= sums
            self._known.append(group)
            if any(self._is_small(whole, *each) for (whole, _), each in sums.items()):
                self._sums = before
                del self._known[known:]
                return False
        return True

    def _beside(self, group: int) -> Sums:
        """The sums that this group changes."""
        changed: Sums = {}
        cut, mask = self._cut_of[group], self._masks[group]
        for other in self._known:
            theirs, of = self._masks[other], self._cut_of[other]
            if mask & theirs:
                if cut is not None:
                    changed[other, cut] = self._added(self._sums.get((other, cut), NOTHING), group, theirs)
                if of is not None:
                    changed[group, of] = self._added(changed.get((group, of), NOTHING), other, mask)
        return changed

    def _is_small(self, whole: int, inside: int, touching: int, covered: int) -> bool:
        beyond = touching - self._counts[whole]
        return 0 < self._counts[whole] - inside < self._cell or (
            0 < beyond < self._cell and not self._masks[whole] & ~covered
        )

    def _added(self, sums: tuple[int, int, int], part: int, whole: int) -> tuple[int, int, int]:
        inside, touching, covered = sums
        mask, count = self._masks[part], self._counts[part]
        return inside if mask & ~whole else inside + count, touching + count, covered | mask


def _union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union
