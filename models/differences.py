"""What a file would change before it is brought in, and what stands in its way: the same for every table of rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a row, as a refusal would say it; `row` counts from 0."""

    row: int
    key: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference(Generic[Row]):
    """What a file would change, and what stands in its way."""

    added: tuple[Row, ...] = ()
    changed: tuple[tuple[Row, Row], ...] = ()
    """Known by the same and otherwise another: before and after."""
    removed: tuple[Row, ...] = ()
    kept: tuple[Row, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
