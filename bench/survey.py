"""Fifty thousand students are asked ten questions: how long inviting, answering, reminding and closing takes, what of
it anybody notices, and how fast what may be told is there.

    python -m bench survey

On SQLite and on PostgreSQL, and then once through the courier to a local Telegram whose windows are on and whose time
runs twice as fast.
"""

from __future__ import annotations

import asyncio
import random
import resource
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update

from bench import load
from bench.lines import Line
from bench.scale import Times, Watch, addresses, settings
from bot.app import house_of
from bot.settings import Settings
from bot.texts import Catalogue
from bot.toolbox import Toolbox, utcnow
from models import ballots, stations, surveys
from models.ballots import Slip
from models.database import Database
from models.invitations import Invitation, Part
from models.migrations import migrate
from models.people import Person
from models.questionnaires import EVERYBODY, Answer, Kind, Question, Questionnaire
from models.roster import Enrolled
from models.surveys import Survey
from models.tallies import Cut
from models.vault import Vault
from scheduler.jobs import surveys as job

MANY, FEW, SENT = 50_000, 5_000, 15_000
SAMPLE = 500
BUILDINGS, COLLEGES = 60, 25
AT_ONCE = 1_000
SPEED = 2
WORDS = "water hot cold evening station desk slow kind the room light broken please more later open"
"""What they write is of these, and hardly any two write the same."""
LOT, ONCE = 100, 1000
"""Milliseconds for which nobody else is heard: again and again while a lot is invited, and once a survey at closing."""


def questionnaire() -> Questionnaire:
    """Ten questions, the last in words."""
    name = {"en": "How content are you with the station?"}
    asked = [Question(f"q{i}", Kind.AGREEMENT, name) for i in range(9)]
    return Questionnaire(name, (*asked, Question("words", Kind.WORDS, name)))


def facts(chance: random.Random) -> dict[str, Any]:
    """Where somebody lives and what they study; some places are small."""
    level = chance.choice(["bachelor", "bachelor", "bachelor", "master", "phd"])
    return {
        "building": f"b{int(BUILDINGS * chance.random() ** 2)}",
        "college": f"college {chance.randrange(COLLEGES)}",
        "level": level,
        "audience": "undergraduate" if level == "bachelor" else "graduate",
    }


def slip(chance: random.Random, of: dict[str, Any]) -> Slip:
    """What they answer."""
    answers: dict[str, Answer] = {f"q{i}": chance.randint(1, 5) for i in range(9)}
    if chance.random() < 0.2:
        answers["words"] = " ".join(chance.choices(WORDS.split(), k=chance.randint(3, 14)))
    return Slip(answers, {Cut(name): value for name, value in of.items()})


async def people(database: Database, count: int, vault: Vault) -> list[dict[str, Any]]:
    """So many who have agreed and stand on the roster."""
    chance, found = random.Random(7), []
    async with database.transaction() as session:
        for start in range(0, count, AT_ONCE):
            lot = [facts(chance) for _ in range(min(AT_ONCE, count - start))]
            found += lot
            persons = [
                {
                    "id": start + i + 1, "telegram_id": 10**6 + start + i, "name": f"Student {start + i}",
                    "language": "en", "language_chosen": False, "agreed": True, "admitted": True,
                    "building": each["building"], "audience": each["audience"],
                }
                for i, each in enumerate(lot)
            ]  # fmt: skip
            await session.execute(insert(Person), persons)
            lines = [
                {
                    **each, "number_tag": f"t{start + i}", "digest": "", "person_id": start + i + 1,
                    "sealed": vault.seal(b'["20230001", "Lin Xiaoyu"]', f"roster:t{start + i}"),
                }
                for i, each in enumerate(lot)
            ]  # fmt: skip
            await session.execute(insert(Enrolled), lines)
    return found


async def one(kind: str, url: str, count: int, known: Settings, now: datetime) -> list[Line]:
    """All of it on one database."""
    toolbox = Toolbox(known, house_of(known), Catalogue.load(known.timezone))
    vault, database = toolbox.house.vault, Database(url)
    await migrate(database)
    everybody = await people(database, count, vault)
    async with database.transaction() as session:
        await stations.follow_config(session, known.station_specs(), "en")
        survey = await surveys.plan(
            session, key="bench", questionnaire=questionnaire(), opens_at=now, closes_at=now + timedelta(days=9),
            reminders=[now + timedelta(days=3)], target=EVERYBODY, cell=10,
        )  # fmt: skip
        assert survey is not None
        number = survey.id
    before = memory()
    async with Watch() as inviting:
        invited = await seconds(job.run(database, toolbox, now))
    finishing, chance = Times(), random.Random(9)
    for of in everybody[:SAMPLE]:
        with finishing.measured():
            async with database.transaction() as session:
                survey = await surveys.get(session, number)
                said = slip(chance, of)
                await ballots.cast(session, survey, said, None, vault)
                await ballots.give_receipt(session, survey, said, vault)
    for start in range(SAMPLE, count, AT_ONCE):
        async with database.transaction() as session:
            survey = await surveys.get(session, number)
            for of in everybody[start : start + AT_ONCE]:
                await ballots.cast(session, survey, slip(chance, of), None, vault)
    async with database.transaction() as session:
        finished = Invitation.person_id <= 0.6 * count
        await session.execute(update(Invitation).where(finished).values(part=Part.FINISHED))
    reminded = await seconds(job.run(database, toolbox, now + timedelta(days=3, hours=1)))
    async with Watch() as closing:
        closed = await seconds(job.run(database, toolbox, now + timedelta(days=10)))
    reading = Times()
    for _ in range(20):
        with reading.measured():
            async with database.reading() as session:
                told = (await session.get_one(Survey, number)).told
    assert told is not None
    assert told.completed == count
    grown = memory() - before
    await database.close()
    return [
        Line(f"{kind}: {count} invited, s", invited, 60, f"{invited:.1f}", most=True),
        inviting.line(f"{kind}: the loop held meanwhile, ms", LOT),
        Line(f"{kind}: one sheet finished, ms", finishing.median, 50, str(finishing), most=True),
        Line(f"{kind}: {0.4 * count:.0f} reminded, s", reminded, 60, f"{reminded:.1f}", most=True),
        Line(f"{kind}: closed and told, s", closed, 60, f"{closed:.1f}", most=True),
        closing.line(f"{kind}: the loop held meanwhile, ms", ONCE),
        Line(f"{kind}: the results of {count}, ms", reading.median, 1000, str(reading), most=True),
        Line(f"{kind}: memory grown by all of it, MB", grown, 150, f"{grown:.0f}", most=True),
    ]


async def seconds(work: Any) -> float:
    """How long it takes."""
    begun = time.perf_counter()
    await work
    return time.perf_counter() - begun


def memory() -> float:
    """The most that this process has held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def sent(count: int) -> list[Line]:
    """Invitations to so many through Telegram's windows, two seconds in one, while others write and are answered."""
    async with load.stage(flood=True) as stage:
        await stage.groups()
        await stage.people(load.CALLERS + count)
        await stage.control("clock", speed=SPEED)
        async with load.ours(stage, f"survey={count}", f"speed={SPEED}", "windows") as process:
            over, grown = asyncio.Event(), []

            async def watch() -> list[datetime]:
                async with asyncio.timeout(load.PATIENCE * 4):
                    while len(found := moments(await stage.calls("sendMessage"), "📋")) < count:
                        grown.append(load.resident(process.pid))
                        await asyncio.sleep(3.0)
                over.set()
                return found

            invited, waits = await asyncio.gather(watch(), load.waits(stage, over.is_set))
        calls = await stage.calls("sendMessage")
    refused = [call for call in calls if call["status"] == 429]
    # They take what the answers leave, so both count: together they fill the window.
    inside = [moment for moment in moments(calls) if invited[0] <= moment <= invited[-1]]
    passed = (invited[-1] - invited[0]).total_seconds()
    rate = len(inside) / passed
    p95 = SPEED * sorted(waits)[int(0.95 * len(waits))]
    later = grown[-1] - grown[len(grown) // 10]
    return [
        Line("messages a second of Telegram's time while inviting ÷ 28", rate / 28, 0.95,
             f"{rate / 28:.2f}: {count} invited in {passed:.0f} s, {len(inside) - count} answers meanwhile"),
        Line("429s meanwhile", len(refused), 0, f"{len(refused)}", most=True),
        Line("p95 of answers meanwhile, s of Telegram's time", p95, 5, f"{p95:.1f} ({len(waits)} answers)", most=True),
        Line("memory grown from a tenth to the end, MB", later, 30, f"{later:.0f}", most=True),
    ]  # fmt: skip


def moments(calls: list[dict[str, Any]], sign: str = "") -> list[datetime]:
    """When each of these arrived, in order; with a sign only those whose text has it."""
    taken = (call for call in calls if call["ok"] and sign in str(call["params"].get("text", "")))
    return sorted(datetime.fromisoformat(call["at"].replace("Z", "+00:00")) for call in taken)


async def measured(quick: bool) -> list[Line]:
    """All of it."""
    lines: list[Line] = []
    count, known, now = FEW if quick else MANY, settings(), utcnow().replace(hour=4)
    for kind in ("SQLite", "PostgreSQL"):
        with tempfile.TemporaryDirectory(prefix="survey") as folder:
            async with AsyncExitStack() as stack:
                url, _ = await stack.enter_async_context(addresses(kind, Path(folder)))
                lines += await one(kind, url, count, known, now)
    return [*lines, *await sent(600 if quick else SENT)]
