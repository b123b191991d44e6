"""Files that are brought in: every mistake named with what to write instead, every change said before it is made."""

from __future__ import annotations

import tomllib
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot import config
from bot.__main__ import app
from bot.imports import Unusable, tables
from bot.imports.config import difference, replace
from bot.settings import Settings
from bot.vault import new_key
from models import answering, asking, audit, holdings, seals
from models.database import Database
from models.holdings import Holdings
from models.lifecycle import State
from tests.campus import EXAMPLE, TOKEN
from tests.house import HOUSE, draft, furnish, staff, student

ENVIRONMENT = config.Secrets(TOKEN, new_key()).environment()
STATIONS = ("east", "west", "office")


def settings(*changes: tuple[str, str]) -> Settings:
    return config.build(tomllib.loads(example(*changes)), ENVIRONMENT)


def example(*changes: tuple[str, str]) -> str:
    text = EXAMPLE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


HELD = Holdings({"south": 3}, {"s1": 2}, {"noise": 1})
SOUTH = example()[example().index('[[stations]]\nkey = "south"') : example().index("# --- What a ticket")]
NOISE = example()[
    example().index('[[categories.children]]\nkey = "noise"') : example().index(
        '[[categories.children]]\nkey = "internet"'
    )
]
E2 = '    { key = "e2", name = { zh-hans = "东二栋", zh-hant = "東二棟", en = "East 2" } },\n'


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(
            [(SOUTH, "")],
            ["- station south (South Campus Station) is closed: 3 open tickets move to the office", "- building s1"],
            id="a station closed",
        ),
        pytest.param(
            [(E2, ""), ('buildings = [\n    { key = "w1"', f'buildings = [\n{E2}    {{ key = "w1"')],
            ["~ building e2 moves from east to west; tickets that are open stay there"],
            id="a building moved",
        ),
        pytest.param(
            [(NOISE, "")],
            ["- category noise (Campus life › Noise and rest): 1 open ticket keeps its key"],
            id="a category with tickets on it gone",
        ),
        pytest.param([("2026-09-25,", "2026-09-25, 2026-09-26,")], ["+ holiday 2026-09-26"], id="a holiday more"),
        pytest.param(
            [("ends = 2026-10-07 }", "ends = 2026-10-05 }")],
            ["- holidays 2026-10-06 to 2026-10-07"],
            id="two holidays less",
        ),
        pytest.param(
            [('claim = "4h"', 'claim = "6h"')],
            ["~ deadline to claim, every category without its own: 6h instead of 4h; open tickets keep theirs"],
            id="a deadline",
        ),
        pytest.param(
            [('deadlines = { resolve = "3d" }', 'deadlines = { resolve = "2d" }')],
            ["~ deadline to resolve, category water: 2d instead of 3d"],
            id="a deadline of one category",
        ),
        pytest.param(
            [("saturday = []", 'saturday = ["09:00-12:00"]')],
            ["~ office hours on saturday: 09:00-12:00 instead of closed"],
            id="office hours",
        ),
        pytest.param([("ends = 2027-07-04", "ends = 2027-07-11")], ["~ semester 2026-2027-2: 2027-02-22"], id="a term"),
        pytest.param([("minimum_cell = 10", "minimum_cell = 12")], ["~ [surveys] minimum_cell: 12"], id="another key"),
        pytest.param(
            [('url = "sqlite:///data/unionbot.db"', 'url = "postgresql://u:geheim@h/x"')],
            ["~ [database] url changes"],
            id="an address with a password",
        ),
    ],
)
def test_what_would_change_is_said_in_words(changes: list[tuple[str, str]], said: list[str]) -> None:
    lines = difference(settings(), settings(*changes), HELD)
    for words in said:
        assert any(line.startswith(words) for line in lines), lines
    assert bool(lines) == bool(said)
    assert "geheim" not in "\n".join(lines)
    if changes and len(said) == 1:
        assert len(lines) == 1, lines


async def test_what_hangs_on_a_place_is_counted(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        alice = await student(session)
        await asking.file(session, draft(), alice, HOUSE, now)
        await asking.file(session, draft(building=None, category="internet"), alice, HOUSE, now)
        done = await asking.file(session, draft(), alice, HOUSE, now)
        done.state = State.CLOSED
    async with database.reading() as session:
        held = await holdings.held(session)
    assert held == Holdings({"east": 1, "office": 1}, {"e1": 1}, {"water": 1, "internet": 1})


def test_the_new_file_takes_the_place_of_the_old_one_which_is_kept(tmp_path: Path) -> None:
    current, new = tmp_path / "config.toml", tmp_path / "new.toml"
    current.write_text("old", encoding="utf-8")
    current.chmod(0o640)
    new.write_text("new", encoding="utf-8")
    assert replace(current, new) == tmp_path / "config.toml.bak"
    assert current.read_text(encoding="utf-8") == "new"
    assert (tmp_path / "config.toml.bak").read_text(encoding="utf-8") == "old"
    assert current.stat().st_mode & 0o777 == 0o640
    assert sorted(p.name for p in tmp_path.iterdir()) == ["config.toml", "config.toml.bak", "new.toml"]


# ---------------------------------------------------------------- tables

HEAD = "station,key,zh-hans,zh-hant,en\n"


def written(tmp_path: Path, text: str, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_canned_answers_are_read_from_both_formats(tmp_path: Path) -> None:
    table = written(
        tmp_path, '\ufeff服务站,键,简体,繁体,英文\neast,received,"收到\n谢谢",收到,Thanks\n,other,一,一,One\n'
    )
    rows = tables.canned(table, STATIONS)
    assert [row.line for row in rows] == [2, 4]
    texts = {"zh-hans": "收到\n谢谢", "zh-hant": "收到", "en": "Thanks"}
    assert rows[0].values == {"station": "east", "key": "received", "texts": texts}
    assert rows[1].values["station"] is None
    toml = '[[answers]]\nstation = "east"\nkey = "received"\nzh-hans = "收到"\nzh-hant = "收到"\nen = "Thanks"\n'
    (row,) = tables.canned(written(tmp_path, toml, "t.toml"), STATIONS)
    assert (row.line, row.values["key"], row.values["texts"]["en"]) == (1, "received", "Thanks")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(HEAD + "easst,a,一,一,A\n", ["line 2: there is no station 'easst'; write east"], id="station"),
        pytest.param(HEAD + "east,A b,一,一,A\n", ["line 2: 'A b' is no key"], id="key"),
        pytest.param(HEAD + "east,a,一,,\n", ["line 2: the text is missing in zh-hant, en"], id="a language"),
        pytest.param(HEAD + "east,a,一,一,A\n\neast,a,一,一,A\n", ["line 4: 'a' stands on line 2 already"], id="twice"),
        pytest.param(HEAD + f"east,a,一,一,{'x' * 3001}\n", ["line 2: en has 3001 characters"], id="too long"),
        pytest.param(HEAD, ["there is nothing in it"], id="empty"),
        pytest.param("station,key,en\n", ["line 1: the column zh-hans is missing", "zh-hant is missing"], id="columns"),
        pytest.param(HEAD + "east,a,一,一,A, B\n", ["line 2: 6 cells in 5 columns"], id="too many cells"),
        pytest.param(HEAD + "esat,a,一,一,A\neast,b,,一,A\n", ["line 2", "line 3"], id="all of them at once"),
    ],
)
def test_each_mistake_in_canned_answers_is_named(tmp_path: Path, text: str, said: list[str]) -> None:
    path = written(tmp_path, text)
    with pytest.raises(Unusable) as refused:
        tables.canned(path, STATIONS)
    assert len(refused.value.problems) == len(said)
    for problem, words in zip(refused.value.problems, said, strict=True):
        assert words in problem
        assert str(path) in problem


def test_a_duty_roster_is_read(tmp_path: Path) -> None:
    rows = tables.duty(written(tmp_path, "weekday;from;to;person\n周一;18:30;21:00;Wang\nsun;9:00;12:00;Li\n"))
    wang = {"weekday": 0, "begin": time(18, 30), "end": time(21), "person": "Wang"}
    assert rows[0].values == wang
    assert rows[1].values["weekday"] == 6


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("someday,18:30,21:00,Wang", "'someday' is no weekday; write monday", id="weekday"),
        pytest.param("monday,25:00,21:00,Wang", "from '25:00' is no time of day; write 18:30", id="time"),
        pytest.param("monday,22:00,21:00,Wang", "ends before it begins", id="backwards"),
        pytest.param("monday,18:30,21:00,", "nobody stands there", id="nobody"),
        pytest.param("monday,18:30,21:00,Wnag", "nobody is called 'Wnag'; write Wang", id="a slip"),
        pytest.param("monday,11:00,13:00,Wang", "is on duty then already (line 2)", id="twice at once"),
    ],
)
def test_each_mistake_in_a_duty_roster_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = written(tmp_path, f"weekday,from,to,person\nmonday,10:00,12:00,Wang\n{line}\n")
    with pytest.raises(Unusable, match="line 3") as refused:
        tables.duty(path, ["Wang", "Li"])
    assert said in refused.value.problems[0]


def test_what_is_no_text_is_said(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("东".encode("gbk"))
    with pytest.raises(Unusable, match="not UTF-8"):
        tables.duty(path)
    with pytest.raises(Unusable, match="does not exist"):
        tables.duty(tmp_path / "none.csv")


# ---------------------------------------------------------------- the commands


def called(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", str(folder / "config.toml")], env=ENVIRONMENT)


@pytest.fixture
async def union(database_url: str, tmp_path: Path, now: datetime) -> Path:
    """A folder with a config.toml and a database in which something has been done."""
    changed = ('url = "sqlite:///data/unionbot.db"', f'url = "{database_url}"')
    (tmp_path / "config.toml").write_text(example(changed), encoding="utf-8")
    (tmp_path / "new.toml").write_text(example(changed, (SOUTH, ""), ('claim = "4h"', 'claim = "2h"')), "utf-8")
    (tmp_path / "bad.toml").write_text(example(changed, ('claim = "4h"', 'claim = "soon"')), encoding="utf-8")
    database = Database(database_url)
    async with database.transaction() as session:
        await furnish(session)
        ticket = await asking.file(session, draft(), await student(session), HOUSE, now)
        wang = await staff(session)
        await answering.claim(session, ticket, wang, HOUSE, now)
        await answering.resolve(session, ticket, wang, "a reason in words", HOUSE, now)
        await audit.record(session, "mute", now, staff=wang, hours=24)
        await seals.seal(session, vault())
    await database.close()
    return tmp_path


def vault() -> Any:
    from bot.vault import KeyVault, decode_key

    return KeyVault(decode_key(ENVIRONMENT["UNIONBOT_KEY"]))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_commands_at_the_machine(union: Path) -> None:
    """The records, the table and a new configuration, one after the other."""
    verified = called(union, "audit", "verify")
    assert verified.exit_code == 0, verified.output
    assert "✓ 4 entries, intact up to 2026-10-12 09:30, 0 not sealed yet" in verified.output
    expected = verified.output.split("--expect ")[1].strip()
    assert called(union, "audit", "verify", "--expect", expected).exit_code == 0
    shown = called(union, "audit", "show", "--ticket", "1", "--since", "2026-10-12").output
    assert "2026-10-12 09:30:00  #1  claim  new → claimed  Wang" in shown
    assert "reason in words" not in shown
    assert "Alice" not in shown
    assert "mute" not in shown
    assert "mute  Wang  hours=24" in called(union, "audit", "show").output

    table = union / "t.xlsx"
    period = ("--from", "2026-10-01", "--to", "2026-10-31")
    done = called(union, "export", "tickets", *period, "-o", str(table))
    assert (done.exit_code, table.exists()) == (0, True), done.output
    assert "1 ticket" in done.output
    wrong = called(union, "export", "tickets", *period, "-o", str(table), "--station", "easst")
    assert wrong.exit_code == 2
    assert "write for example --station east" in wrong.output
    assert called(union, "export", "tickets", "--from", "x", "--to", "y", "-o", str(table)).exit_code == 2

    before = (union / "config.toml").read_text(encoding="utf-8")
    bad = called(union, "import", "config", str(union / "bad.toml"), "--apply")
    assert bad.exit_code == 2
    assert "deadlines.claim" in bad.output
    dry = called(union, "import", "config", str(union / "new.toml"))
    assert "- station south (South Campus Station) is closed: it has no open tickets" in dry.output
    assert (union / "config.toml").read_text(encoding="utf-8") == before
    done = called(union, "import", "config", str(union / "new.toml"), "--apply")
    assert "Restart the program" in done.output
    assert (union / "config.toml.bak").read_text(encoding="utf-8") == before
    acts = called(union, "audit", "show").output
    assert "export  names=False" in acts
    assert "import  what=config" in acts
    assert "2 not sealed yet" in called(union, "audit", "verify").output


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_records_that_were_changed_end_the_command_with_one(union: Path) -> None:
    import sqlite3

    with sqlite3.connect(union / "unionbot.db") as database:
        database.execute("UPDATE ticket_events SET action = 'answer' WHERE id = 2")
    database.close()
    verified = called(union, "audit", "verify")
    assert verified.exit_code == 1
    assert "entry 2 (2026-10-12 09:30:00  #1  answer" in verified.output
    assert "has been changed" in verified.output
