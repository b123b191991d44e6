"""Files that are brought in: every mistake named with what to write instead, every change said before it is made."""

from __future__ import annotations

import asyncio
import tomllib
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from bot import config
from bot.__main__ import app
from bot.imports import Unusable, tables
from bot.imports.config import difference, replace
from bot.settings import Settings
from bot.toolbox import utcnow
from bot.vault import new_key
from models import answering, asking, audit, canned, colleagues, holdings, people, seals, shifts, stations
from models.database import Database
from models.holdings import Holdings
from models.lifecycle import State
from models.people import Person
from models.union import posts
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
        pytest.param(
            [('key = "culture"', 'key = "arts"'), ('en = "Study and Practice"', 'en = "Study"')],
            ["+ department arts (Culture and Sports)", "- department culture (Culture", "~ department study is called"],
            id="departments",
        ),
        pytest.param([('en = "Ms Chen"', 'en = "Ms Chan"')], ["~ [[contacts]]: 2 instead of 2"], id="contacts"),
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
        pytest.param(HEAD + f"east,{'A' * 31},一,一,A\n", ["line 2: the key has no or too many letters"], id="key"),
        pytest.param(HEAD + "east,a,,,\n", ["line 2: there is no text"], id="no language"),
        pytest.param(HEAD + "east,a,{nmae},一,A\n", ["line 2: zh-hans: nothing fills {nmae}; write"], id="a place"),
        pytest.param(HEAD + "east,a,一,一,}\n", ["line 2: en: a brace stands alone; write {{ for one"], id="a brace"),
        pytest.param(HEAD + "east,a,一,一,A\n\neast,A,一,一,A\n", ["line 4: 'A' stands on line 2 already"], id="twice"),
        pytest.param(
            HEAD + f"east,a,一,一,{'x' * 1501}\n",
            ["line 2: en: the text is too long"],
            id="too long",
        ),
        pytest.param(HEAD, ["there is nothing in it"], id="empty"),
        pytest.param("station,key,en\n", ["line 1: the column zh-hans is missing", "zh-hant is missing"], id="columns"),
        pytest.param(HEAD + "east,a,一,一,A, B\n", ["line 2: 6 cells in 5 columns"], id="too many cells"),
        pytest.param(HEAD + "esat,a,一,一,A\neast,b,,,\n", ["line 2", "line 3"], id="all of them at once"),
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


PEOPLE = [
    Person(id=1, telegram_id=5_000_001, name="Wang", username=None, language="en"),
    Person(id=2, telegram_id=5_000_002, name="Li", username="li_one", language="en"),
    Person(id=3, telegram_id=5_000_003, name="Li", username=None, language="en"),
    Person(id=4, telegram_id=5_000_004, name="Alice", username="Alice", language="en"),
]


def test_who_is_on_duty_together_is_found_by_name_or_id(tmp_path: Path) -> None:
    text = "weekday,from,to,person\nmonday,10:00,12:00,wang\nmon,10:00,12:00,@LI_one\ntue,10:00,12:00,5000003\n"
    path = written(tmp_path, text + "tue,10:00,12:00,@alice\n")
    rows = tables.duty(path)
    assert (sorted(tables.names_of(rows)[0]), tables.names_of(rows)[1]) == (["alice", "li_one", "wang"], [5_000_003])
    found = tables.on_duty(path, rows, PEOPLE, [1, 2, 3])
    assert [(row.line, row.values["shift"].people) for row in found] == [(2, (1, 2)), (4, (3, 4))]


def test_no_more_stand_on_a_shift_than_may(tmp_path: Path) -> None:
    people = [Person(id=n, telegram_id=6_000_000 + n, name=f"P{n}", username=None, language="en") for n in range(7)]
    lines = "".join(f"monday,10:00,12:00,P{n}\n" for n in range(7))
    path = written(tmp_path, f"weekday,from,to,person\n{lines}")
    with pytest.raises(Unusable, match="line 2 \\(monday 10:00\\): at most 6 people"):
        tables.on_duty(path, tables.duty(path), people, range(7))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("someday,18:30,21:00,Wang", "'someday' is no weekday; write monday", id="weekday"),
        pytest.param("monday,25:00,21:00,Wang", "from '25:00' is no time of day; write 18:30", id="time"),
        pytest.param("monday,22:00,21:00,Wang", "ends before it begins", id="backwards"),
        pytest.param("monday,18:30,21:00,", "nobody stands there", id="nobody"),
        pytest.param("monday,18:30,21:00,Wnag", "nobody at the station is called 'Wnag'; write Wang, or", id="a slip"),
        pytest.param("monday,18:30,21:00,Alice", "nobody at the station is called 'Alice'", id="a student's name"),
        pytest.param("monday,18:30,21:00,@nobody", "nobody at the station is called '@nobody'", id="no such @name"),
        pytest.param("monday,18:30,21:00,Li", "2 people are called 'Li'; write one of @li_one, 5", id="two of one"),
        pytest.param("monday,11:00,13:00,5000001", "is on duty then already (line 2)", id="twice at once"),
    ],
)
def test_each_mistake_in_a_duty_roster_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = written(tmp_path, f"weekday,from,to,person\nmonday,10:00,12:00,Wang\n{line}\n")
    with pytest.raises(Unusable, match="line 3") as refused:
        tables.on_duty(path, tables.duty(path), PEOPLE, [1, 2, 3])
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


@pytest.fixture
async def desk(union: Path, database_url: str) -> Path:
    """Wang acts at East Station, where one answer and one shift stand already; Newcomer has only said hello."""
    now = utcnow()
    database = Database(database_url)
    async with database.transaction() as session:
        places, wang = await furnish(session), await staff(session)
        await colleagues.seen(session, places["east"], wang, now)
        await people.meet(session, 20_009, "Newcomer", "New_One", "en")
        await canned.save(session, places["east"], "Old", {"en": "old"}, wang, now)
        await canned.save(session, places["west"], "West's own", {"en": "stays"}, wang, now)
        calendar = settings().work_calendar()
        await shifts.add(session, places["east"], 6, time(9), time(10), wang, calendar, now)
        await posts.follow_config(session, {each.key: each.name for each in settings().departments})
    await database.close()
    return union


def test_ready_made_answers_and_a_roster_are_brought_in(desk: Path, database_url: str) -> None:
    """On both databases: first only said, then done; the second time nothing is left to do."""

    def run(*arguments: str) -> Result:
        return called(desk, "import", *arguments)

    answers = desk / "answers.csv"
    answers.write_text(
        f"{HEAD}east,Water main,,,We come to {{building}}\n,Holiday,放假,放假,Closed\n", encoding="utf-8"
    )
    dry = run("canned", str(answers))
    assert dry.output.splitlines() == [
        "+ east “Water main”: en",
        "+ every station “Holiday”: zh-hans, zh-hant, en",
        "- east “Old”",
        "nothing was changed; --apply does it",
    ], dry.output
    assert (run("canned", str(answers), "--apply")).output.endswith("done\n")
    assert (run("canned", str(answers), "--apply")).output == "nothing would change\n"
    answers.write_text(f"{HEAD}west,HOLIDAY,,,Ours\n", encoding="utf-8")
    taken = run("canned", str(answers), "--apply")
    assert taken.exit_code == 2
    assert "line 2: 'HOLIDAY' is there already" in taken.output

    table = desk / "east.csv"
    table.write_text("weekday,from,to,person\nmonday,18:30,21:00,Wang\nmonday,18:30,21:00,Newcomer\n", "utf-8")
    stranger = run("duty", str(table), "--station", "east", "--apply")
    assert stranger.exit_code == 2
    assert "line 3: nobody at the station is called 'Newcomer'; write Wang, or the @name" in stranger.output
    table.write_text("weekday,from,to,person\nmonday,18:30,21:00,wang\nmonday,18:30,21:00,@new_one\n", "utf-8")
    dry = run("duty", str(table), "--station", "east")
    assert dry.output.splitlines()[:2] == ["+ monday 18:30-21:00: Newcomer, Wang", "- sunday 09:00-10:00: nobody"]
    assert (run("duty", str(table), "--station", "east", "--apply")).output.endswith("done\n")
    table.write_text("weekday,from,to,person\nmonday,18:30,21:00,20009\n", "utf-8")
    changed = run("duty", str(table), "--station", "east", "--apply")
    assert "~ monday 18:30-21:00: Newcomer instead of Newcomer, Wang" in changed.output
    assert (run("duty", str(table), "--station", "eats")).exit_code == 2

    asyncio.run(is_brought_in(Database(database_url)))


TERMS = "post,department,name,starts,ends,decided,person\n"


def test_the_register_of_posts_is_brought_in_or_every_mistake_is_named(desk: Path) -> None:
    table = desk / "posts.csv"

    def run(*lines: str) -> list[str]:
        table.write_text(TERMS + "\n".join(lines), "utf-8")
        return called(desk, "import", "posts", str(table), "--apply").output.splitlines()

    chen, term = "presidium,,Chen Yi", "2026-09-01,2027-07-31,2026-06-20"
    wrong = run(
        f"chair,,Wu,{term},",
        f"head,Nowhere,Li,{term},",
        f"presidium,rights,Liu,{term},",
        "staff,rights,Sun,2026-13-01,2027-07-31,soon,",
    )
    assert [line.split("line ")[1].split(";")[0] for line in wrong[1:]] == [
        "2: 'chair' is no post",
        "3: there is no department 'Nowhere'",
        "4: the presidium is of no department",
        "5: starts '2026-13-01' is no day",
        "5: decided 'soon' is no day",
    ]
    assert "the bot does not know '@nobody'" in run(f"{chen},{term},@nobody")[1]
    too_many = run(
        *(f"presidium,,Member {n},{term}," for n in "ABCDEF"), f"主席团,,Member A,{term},", f"staff,权益服务部,,{term},"
    )
    assert [line.split("line ")[1].split(";")[0].split(" (")[0] for line in too_many[1:]] == [
        "7: the presidium has at most 5 members",
        "9: nobody stands there",
    ]
    lines = (f"{chen},{term},@new_one", f"工作人员,Rights and Services,Li,{term},")
    assert run(*lines) == [
        "+ presidium Chen Yi: 2026-09-01 to 2027-07-31",
        "+ staff.rights Li: 2026-09-01 to 2027-07-31",
        "done",
    ]
    assert run(*lines) == ["nothing would change"]
    assert run(f"{chen},2026-09-01,2027-01-31,2026-06-20,@new_one")[0].startswith(
        "~ presidium Chen Yi: 2026-09-01 to 2027-01"
    )
    assert "'Li' holds a post until 2027-07-31 already" in run(f"head,rights,Li,{term},")[1]


async def is_brought_in(database: Database) -> None:
    async with database.reading() as session:
        east, west = [await stations.by_key(session, key) for key in ("east", "west")]
        assert east is not None
        assert west is not None
        assert [c.key for c in await canned.of(session, east)] == ["Water main", "Holiday"]
        assert {c.key for c in await canned.of(session, west)} == {"Holiday", "West's own"}
        (shift,) = await shifts.of_weekday(session, east, 0, utcnow().date())
        (number,) = (await shifts.on(session, [shift.id]))[shift.id]
        assert (await session.get_one(Person, number)).name == "Newcomer"
        acts = (await session.scalars(select(audit.Act.act).order_by(audit.Act.id))).all()
        assert acts[-3:] == ["canned_replace", "shift.replace", "shift.replace"]
    await database.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_folder_of_articles_takes_the_place_of_the_union_s(union: Path) -> None:
    own, new, path = union / "faq", union / "new", union / "config.toml"
    assert "write folder" in called(union, "import", "faq", str(new)).output
    path.write_text(
        path.read_text(encoding="utf-8").replace('[faq]\nfolder = ""', f'[faq]\nfolder = "{own}"'), encoding="utf-8"
    )
    for folder, articles in ((own, {"heat": "Heat", "gone": "Gone"}), (new, {"heat": "Warmth", "come": "Come"})):
        folder.mkdir()
        for key, title in articles.items():
            (folder / f"{key}.en.md").write_text(f"---\ntitle: {title}\n---\nText\n", encoding="utf-8")
    (own / "README.md").write_text("ours", encoding="utf-8")
    dry = called(union, "import", "faq", str(new))
    said = [
        "+ come.en.md (Come)",
        "~ heat.en.md (Warmth)",
        "- gone.en.md (Gone)",
        "nothing was changed; --apply does it",
    ]
    assert dry.output.splitlines()[-4:] == said
    assert "! come.zh-hans.md: does not exist" in dry.output
    broken = new / "bad.en.md"
    broken.write_text("no head", encoding="utf-8")
    refused = called(union, "import", "faq", str(new), "--apply")
    assert (refused.exit_code, "bad.en.md, line 1" in refused.output) == (2, True)
    assert (own / "gone.en.md").exists()
    broken.unlink()
    assert "Restart the program" in called(union, "import", "faq", str(new), "--apply").output
    assert sorted(p.name for p in own.iterdir()) == ["README.md", "come.en.md", "heat.en.md"]
    assert sorted(p.name for p in (union / "faq.bak").iterdir()) == ["README.md", "gone.en.md", "heat.en.md"]
    assert called(union, "import", "faq", str(new)).output.endswith("nothing would change\n")
    assert "import  what=faq" in called(union, "audit", "show").output
    assert called(union, "import", "faq", str(own)).exit_code == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_roster_is_brought_in_as_the_other_files_are(union: Path) -> None:
    table = union / "students.csv"
    table.write_text("number,name\n20260001,Alice Li\n", encoding="utf-8")
    dry = called(union, "import", "roster", str(table))
    assert (dry.exit_code, "nothing was changed" in dry.output) == (0, True), dry.output
    assert called(union, "import", "roster", str(table), "--apply").output.endswith("imported\n")
