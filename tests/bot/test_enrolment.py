"""The roster's file: what spreadsheets write is read, every mistake is named with its line, nothing is half done."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from bot import enrolment, logs
from bot.__main__ import app
from bot.settings import Settings
from models.database import Database
from models.people import Audience
from models.roster import Difference, Enrolled, Line
from tests.campus import EXAMPLE, TOKEN, settings

HEAD = "学号,姓名,学院,层次,类别,楼栋,楼层\n"
GOOD = "2026000001,张三,物理学院,本科,本科生,东一栋,3\n2026000002,Lin,Law,MA,international,s2,\n"
CHINESE = Line("2026000001", "张三", "物理学院", "本科", Audience.UNDERGRADUATE, "e1", "3")
FOREIGN = Line("2026000002", "Lin", "Law", "MA", Audience.INTERNATIONAL, "s2", None)


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    return settings("http://127.0.0.1:1", f"sqlite:///{tmp_path / 'unionbot.db'}")


def written(folder: Path, raw: bytes) -> Path:
    path = folder / "students.csv"
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param((HEAD + GOOD).encode("utf-8-sig"), id="UTF-8 with its mark"),
        pytest.param((HEAD + GOOD).encode("gb18030"), id="the older Chinese encoding"),
        pytest.param((HEAD + GOOD).replace(",", ";").encode(), id="semicolons"),
        pytest.param((HEAD + GOOD).replace("\n", "\r\n").encode(), id="Windows' lines"),
        pytest.param(
            ("Number,Name,College,Level,Audience,Building,Floor\n" + GOOD + ",,,,,,\n").encode(),
            id="English",
        ),
    ],
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, chosen: Settings, raw: bytes) -> None:
    found = enrolment.read(written(tmp_path, raw), chosen)
    assert found.problems == []
    assert found.lines == [CHINESE, FOREIGN]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("姓名\n张三\n", "the column number / student number / 学号", id="no number"),
        pytest.param(HEAD.replace("楼层", "房号") + GOOD, "line 1: the column “房号” is not known", id="unknown"),
        pytest.param(HEAD + "2026000001,张三\n", "line 2: there are 2 cells", id="short line"),
        pytest.param(HEAD + "2.026E+09,张三,,,,,\n", "line 2: 2.026E+09 is no student number", id="rounded"),
        pytest.param(HEAD + GOOD + "2026000001,李四,,,,,\n", "line 4: the number 2026000001 stands", id="twice"),
        pytest.param(HEAD + "2026000001,,,,,,\n", "line 2: the name is missing", id="no name"),
        pytest.param(HEAD + "2026000001,张三,,,martian,,\n", "line 2: there is no audience “martian”", id="audience"),
        pytest.param(HEAD + "2026000001,张三,,,,北九栋,\n", "line 2: there is no building “北九栋”", id="building"),
        pytest.param(HEAD, "there is nobody in the file", id="nobody"),
        pytest.param(HEAD + '2026000001,"张三,,,,,\n', "the quotes do not close", id="quotes"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, chosen: Settings, text: str, said: str) -> None:
    found = enrolment.read(written(tmp_path, text.encode()), chosen)
    assert any(said in problem for problem in found.problems), found.problems


def test_all_mistakes_are_named_at_once(tmp_path: Path, chosen: Settings) -> None:
    text = HEAD + "1,张三,,,,,\n2026000001,,,,,,\n2026000002,王五,,,x,y,\n"
    found = enrolment.read(written(tmp_path, text.encode()), chosen)
    assert [problem.split(":")[0] for problem in found.problems] == ["line 2", "line 3", "line 4", "line 4"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_codes_go_into_a_file_that_only_its_owner_reads(
    database: Database, database_url: str, tmp_path: Path, now: datetime
) -> None:
    chosen = settings("http://127.0.0.1:1", database_url)
    shown = enrolment.told(await enrolment.compare(chosen, [CHINESE, FOREIGN]))
    assert shown[1:3] == ["added 2, changed 0, gone 0", "  + 2026000001 张三"]
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Enrolled)) == 0, "a look changes nothing"
    formula = Line("2026000003", "=cmd()", "", "", None, None, None)
    await enrolment.bring_in(chosen, [CHINESE, FOREIGN, formula], now)
    out = tmp_path / "codes.csv"
    assert await enrolment.codes(chosen, out, now) == 3
    assert out.stat().st_mode & 0o077 == 0
    rows = list(csv.reader(out.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0] == ["college", "number", "name", "code", "until"]
    assert {row[1] for row in rows[1:]} == {"2026000001", "2026000002", "2026000003"}
    assert "'=cmd()" in [row[2] for row in rows], "no formula in somebody's spreadsheet"


def test_a_roster_that_shrinks_much_is_asked_about() -> None:
    difference = Difference(held=100, gone=list(range(30)))
    assert enrolment.too_many_gone(difference)
    assert not enrolment.too_many_gone(Difference(held=100, gone=list(range(15))))
    assert enrolment.too_many_gone(Difference(held=3, gone=[2, 3])), "of few as well"
    assert not enrolment.too_many_gone(Difference())


@pytest.mark.rehearsal
def test_the_commands_from_the_first_list_to_one_that_is_too_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.toml"
    database = f"sqlite:///{tmp_path / 'unionbot.db'}"
    config.write_text(EXAMPLE.read_text(encoding="utf-8").replace("sqlite:///data/unionbot.db", database), "utf-8")
    secrets = {"UNIONBOT_TOKEN": TOKEN, "UNIONBOT_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}
    monkeypatch.setattr(logs, "configure", lambda *_: None)

    def alone(*words: str) -> str:
        """In a process of its own: nothing but the command has been imported there."""
        command = [sys.executable, "-m", "bot", *words, "-c", str(config)]
        return subprocess.run(command, env=os.environ | secrets, capture_output=True, text=True, check=True).stdout

    def run(*words: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(app, [*words, "-c", str(config)], env=secrets)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    good = str(written(tmp_path, (HEAD + GOOD).encode()))
    alone("migrate", "--new")
    assert alone("roster", good, "--dry-run").endswith("nothing was changed\n")
    assert "added 2" in run("roster", good, "--codes", str(tmp_path / "codes.csv"))[1]
    assert len((tmp_path / "codes.csv").read_text(encoding="utf-8-sig").splitlines()) == 3
    assert "the one before opens for 14 more days" in alone("code", "--new")
    half = str(written(tmp_path, (HEAD + GOOD.splitlines()[0]).encode()))
    code, listed, told = run("roster", half)
    assert (code, "1 of 2 would be gone" in told) == (1, True)
    assert "  - 2026000002 Lin\n" in listed
    assert run("roster", half, "--dry-run", "--shrink")[0] == 0
    bad = str(written(tmp_path, (HEAD + GOOD.replace("s2", "s9")).encode()))
    code, _, told = run("roster", bad)
    assert code == 2
    assert "line 3: there is no building “s9”" in told
