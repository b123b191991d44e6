"""Which sums follow from which: exact linear algebra modulo a large prime, on few and mostly empty equations. Pure.

An unknown belongs to some of the rows; a row says what the unknowns that belong to it come to. The number of some of
the unknowns together follows from the rows when it is a sum of them. Chances are numbers, one for each unknown and
drawn at random, that every row brings to nought: so does whatever follows from the rows, and nothing else does but
once in 2**61.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence

PRIME = 2**61 - 1
MOST_IN_THREES = 400
"""Of so many unknowns every three are looked at."""

Vector = dict[int, int]
"""By row; what is nought is left out."""


def total(parts: Mapping[int, int], counts: Sequence[int]) -> int:
    """What these rows come to, so many times each."""
    return sum(part * counts[row] for row, part in parts.items()) % PRIME


class Held:
    """Vectors by which others are reduced."""

    def __init__(self) -> None:
        self._by: dict[int, Vector] = {}

    def rest(self, vector: Vector) -> Vector:
        """What is left of it; empty when it is a sum of those held."""
        left = vector
        for row, held in self._by.items():
            if row in left:
                left = _less(left, left[row], held)
        return left

    def add(self, rest: Vector) -> None:
        """Hold one more: what `rest` left of it, which is not empty."""
        row = next(iter(rest))
        scale = pow(rest[row], -1, PRIME)
        self._by[row] = {each: part * scale % PRIME for each, part in rest.items()}


class Span:
    """What follows from some rows."""

    def __init__(self, unknowns: Sequence[Collection[int]], rows: Collection[int]) -> None:
        """`unknowns` by the rows that they belong to; one that belongs to none is known to be nought."""
        self._unknowns, self._wanted = unknowns, frozenset(rows)
        self._reduced: dict[int, Vector] = {}
        """By row, with a 1 there; its other rows have lower numbers."""
        self._made: list[tuple[int, int, int, list[tuple[int, int]]]] = []
        """In order: the row, the unknown it was made of, by what it was scaled, and what of which was taken away."""
        self._reduce()
        self.chances = self._draw()
        """None where the unknown is nought."""

    def follows(self, unknowns: int) -> bool:
        """Whether the number of these unknowns (a bit each) does."""
        return not sum(self.chances[i] or 0 for i in _bits(unknowns)) % PRIME

    def parts(self, unknowns: int) -> Vector:
        """How often to take each row, to have the sum of these unknowns, which follows."""
        values: dict[int, int] = {}
        for row, unknown, scale, taken in self._made:
            value = (unknowns >> unknown & 1) - sum(times * values[other] for other, times in taken)
            values[row] = value * scale % PRIME
        found: Vector = {}
        for row in sorted(values):
            reduced = self._reduced[row]
            value = (values[row] - sum(part * found.get(each, 0) for each, part in reduced.items())) % PRIME
            if value:
                found[row] = value
        return found

    def few(self) -> Iterator[int]:
        """Every one, two and, if there are not too many, three unknowns that together follow."""
        drawn = [(i, chance) for i, chance in enumerate(self.chances) if chance is not None]
        places: dict[int, list[int]] = {}
        for i, chance in drawn:
            places.setdefault(chance, []).append(i)
        yield from (1 << i for i in places.get(0, ()))
        for i, chance in drawn:
            if chance:
                yield from (1 << i | 1 << k for k in places.get(-chance % PRIME, ()) if i < k)
        if len(drawn) <= MOST_IN_THREES:
            for place, (i, chance) in enumerate(drawn):
                for k, other in drawn[place + 1 :]:
                    for third in places.get(-(chance + other) % PRIME, ()):
                        if k < third:
                            yield 1 << i | 1 << k | 1 << third

    def _reduce(self) -> None:
        for unknown, belongs in enumerate(self._unknowns):
            column = dict.fromkeys(self._wanted.intersection(belongs), 1)
            taken = []
            # Narrow groups have high numbers: taking those first leaves most of the table empty.
            while column and (row := max(column)) in self._reduced:
                taken.append((row, column[row]))
                column = _less(column, column[row], self._reduced[row])
            if column:
                scale = pow(column[row], -1, PRIME)
                self._reduced[row] = {each: part * scale % PRIME for each, part in column.items()}
                self._made.append((row, unknown, scale, taken))

    def _draw(self) -> list[int | None]:
        # The same at every time. Nobody who answers can bring about that two numbers drawn here agree.
        chance = random.Random(len(self._unknowns))
        found: list[int | None] = [chance.randrange(1, PRIME) if belongs else None for belongs in self._unknowns]
        left: Vector = dict.fromkeys(self._wanted, 0)
        fixed = {unknown for _, unknown, _, _ in self._made}
        for unknown, belongs in enumerate(self._unknowns):
            value = found[unknown]
            if unknown not in fixed and value is not None:
                for row in self._wanted.intersection(belongs):
                    left[row] -= value
        left = {row: value % PRIME for row, value in left.items() if value % PRIME}
        times: Vector = {}
        for row in sorted(self._reduced, reverse=True):
            if row in left:
                times[row] = left[row]
                left = _less(left, left[row], self._reduced[row])
        for row, unknown, scale, taken in reversed(self._made):
            part = times.get(row, 0) * scale % PRIME
            found[unknown] = part
            for other, factor in taken:
                times[other] = (times.get(other, 0) - part * factor) % PRIME
        return found


def _less(vector: Vector, times: int, other: Vector) -> Vector:
    left = dict(vector)
    for row, part in other.items():
        value = (left.get(row, 0) - times * part) % PRIME
        if value:
            left[row] = value
        else:
            left.pop(row, None)
    return left


def _bits(number: int) -> Iterator[int]:
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low
