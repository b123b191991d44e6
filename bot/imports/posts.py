"""A CSV file of the register of posts, read into terms or a list of mistakes. Pure.

    post,department,name,starts,ends,decided,person
    presidium,,李明,2026-09-01,2027-08-31,2026-06-20,@liming
    head,rights,王芳,2026-09-01,2027-08-31,2026-09-01,

`department` is its key in config.toml or its name; `person` an @name or Telegram id of somebody who has written to the
bot, or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from bot.imports import Row, Unusable
from bot.imports.tables import TELEGRAM_ID, all_well, csv_rows, nearest
from models.people import Person
from models.union.posts import PRESIDIUM, Rank, Wanted
from models.union.registers import Line

COLUMNS = ("post", "department", "name", "starts", "ends", "decided", "person")
RANKS = {
    "presidium": Rank.PRESIDIUM,
    "主席团": Rank.PRESIDIUM,
    "主席團": Rank.PRESIDIUM,
    "head": Rank.HEAD,
    "负责人": Rank.HEAD,
    "負責人": Rank.HEAD,
    "staff": Rank.STAFF,
    "工作人员": Rank.STAFF,
    "工作人員": Rank.STAFF,
}


def read(path: Path, departments: Mapping[str, Mapping[str, str]]) -> list[Row]:
    """The terms of the file: `post` (its key), `name`, `starts`, `ends`, `decided_on`, `person` as it is written.
    `departments` by their keys, with their names by language. Raises Unusable with every mistake that the file alone
    tells.
    """
    rows, problems = csv_rows(path, COLUMNS)
    by_name = {name.casefold(): key for key, names in departments.items() for name in (key, *names.values())}
    kept: list[Row] = []
    for row in rows:
        where, values = f"{path}, line {row.line}", row.values
        rank = RANKS.get(values["post"].lower())
        if rank is None:
            problems.append(f"{where}: {values['post']!r} is no post; write presidium, head or staff")
        department = by_name.get(values["department"].casefold())
        if rank is Rank.PRESIDIUM and values["department"]:
            problems.append(f"{where}: the presidium is of no department; leave the cell empty")
        if rank in (Rank.HEAD, Rank.STAFF) and department is None:
            wanted = nearest(values["department"], departments) if departments else "[[departments]] into config.toml"
            problems.append(f"{where}: there is no department {values['department']!r}; write {wanted}")
        days: dict[str, date | None] = {}
        for column in ("starts", "ends", "decided"):
            days[column] = _day(values[column])
            if days[column] is None:
                problems.append(f"{where}: {column} {values[column]!r} is no day; write 2026-09-01")
        if rank is not None:
            kept.append(
                Row(
                    row.line,
                    {
                        "post": PRESIDIUM if rank is Rank.PRESIDIUM else f"{rank}.{department}",
                        "name": values["name"],
                        "person": values["person"],
                        **days,
                    },
                )
            )
    return all_well(path, kept, problems)


def lines(path: Path, rows: Sequence[Row], known: Sequence[Person]) -> list[Line]:
    """The same with people instead of what they are called. Raises Unusable with every mistake."""
    problems: list[str] = []
    found: list[Line] = []
    for row in rows:
        word, values = row.values["person"], row.values
        person = _person(word, known) if word else None
        if word and person is None:
            problems.append(
                f"{path}, line {row.line}: the bot does not know {word!r}; "
                "write the @name or Telegram id of somebody who has written to it, or leave the cell empty"
            )
        number = person.id if person is not None else None
        wanted = Wanted(values["name"], values["starts"], values["ends"], values["decided"], number)
        found.append(Line(values["post"], wanted))
    if problems:
        raise Unusable(problems)
    return found


def _person(word: str, known: Sequence[Person]) -> Person | None:
    if TELEGRAM_ID.fullmatch(word):
        return next((each for each in known if each.telegram_id == int(word)), None)
    name = word.removeprefix("@").lower()
    return next((each for each in known if (each.username or "").lower() == name), None)


def _day(text: str) -> Any:
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None
