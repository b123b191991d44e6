"""Who is not heard, as the office reads it."""

from __future__ import annotations

from bot import order
from bot.untrusted import units


def test_a_page_of_who_is_not_heard_fits_into_one_message() -> None:
    rows = [(n, f"<b>{n}</b>" + "骂&lt;" * (200 if n % 3 else 3)) for n in range(100)]
    found = order.pages(rows)
    assert [row for page in found for row in page] == rows
    assert all(units("\n".join(row for _, row in page)) <= 4000 for page in found)
    assert 12 >= max(map(len, found)) > 2
