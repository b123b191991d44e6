"""Who plays in the demo, and the steps it is told in."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import aiohttp

from bot.app import App
from bot.demo.watching import say
from bot.settings import Settings
from bot.texts import Texts

ADMIN, TEACHER, LEAD = 700000001, 700000002, 810000002
GROUPS = {"east": -900001, "west": -900002, "south": -900003, "office": -900004, "supervisors": -900005}
CLASSMATES = (
    ("赵明", "zhaoming", "zh-hans", "e1"),
    ("孙悦", "sunyue", "zh-hans", "e2"),
    ("Sara", "sara", "en", "s2"),
    ("吴桐", "wutong", "zh-hans", "w1"),
    ("黃詠琳", "huangyonglin", "zh-hant", "s1"),
    ("郑凯", "zhengkai", "zh-hans", "w1"),
    ("冯雪", "fengxue", "zh-hans", "w2"),
    ("Kenji", "kenji", "en", "s2"),
    ("褚宁", "chuning", "zh-hans", "e3"),
    ("卫然", "weiran", "zh-hans", "w2"),
)
"""Name, user name, language and building of those who are there so that a survey has more than three to count."""
FIRST_CLASSMATE = 800000011
PATIENCE = 300.0
"""Seconds until a step is given up. What fell due in weeks takes some on a good machine, and a minute on a busy one."""
MOMENT = timedelta(minutes=5)


class DidNotHappen(Exception):
    """A step of the story did not come about; its words say which."""


class Classmate(NamedTuple):
    """Somebody of whom little is told."""

    person: Any
    language: str
    building: str


@dataclass
class Cast:
    """Who plays: students, staff of the stations, the presidium and a teacher."""

    lin: Any
    chen: Any
    emma: Any
    wang: Any
    li: Any
    zhou: Any
    teacher: Any
    groups: dict[str, Any]
    classmates: list[Classmate]
    """Their chats are not printed."""
    picture: Callable[[], Any]
    """A photo as the sandbox's actors send it."""


async def gather(stage: Any, token: str, picture: Callable[[], Any]) -> Cast:
    """Everybody and their groups, on the stage."""
    await stage.bot(token, username="binhai_union_bot", first_name="滨海大学学生会")
    lin = await stage.person("林小雨", "zh-hans", id=800000001)
    chen = await stage.person("陳家豪", "zh-hant", id=800000002)
    emma = await stage.person("Emma", "en", id=800000003)
    wang = await stage.person("王磊", "zh-hans", id=810000001)
    li = await stage.person("李敏", "zh-hans", id=LEAD)
    zhou = await stage.person("周一帆", "zh-hans", id=ADMIN)
    teacher = await stage.person("张老师", "zh-hans", id=TEACHER)
    groups = {
        "east": await stage.group("东区学生会服务站", [wang], [li, zhou], id=GROUPS["east"]),
        "west": await stage.group("西区学生会服务站", [wang], [zhou], id=GROUPS["west"]),
        "south": await stage.group("南区学生会服务站", [li], [zhou], id=GROUPS["south"], forum=True),
        "office": await stage.group("学生会办公室", [zhou, li], [], id=GROUPS["office"]),
        "supervisors": await stage.group("团委指导老师", [teacher], [], id=GROUPS["supervisors"]),
    }
    classmates = [
        Classmate(await stage.person(name, language, username=user, id=FIRST_CLASSMATE + i), language, building)
        for i, (name, user, language, building) in enumerate(CLASSMATES)
    ]
    return Cast(lin, chen, emma, wang, li, zhou, teacher, groups, classmates, picture)


@contextlib.asynccontextmanager
async def step(what: str) -> AsyncIterator[None]:
    """One step; if it does not come about, its words say which."""
    say(f"\n── {what}")
    try:
        yield
    except (AssertionError, TimeoutError, aiohttp.ClientError) as error:
        raise DidNotHappen(f"{what}\n{error}") from error


async def arrives(person: Any, t: Texts, settings: Settings, building: str) -> None:
    """From the first word on: who they are and where they live."""
    name = t.pick(settings.building_names(building))
    await person.says("/start")
    await person.taps(t.plain("consent.agree"))
    await person.taps(t.plain("audience.undergraduate"))
    await person.taps(name)
    await person.reads(t.plain("profile.done", building=name).splitlines()[0])


async def classmates_arrive(cast: Cast, program: App) -> None:
    """Everybody of whom little is told, at once."""
    async with step(f"{len(cast.classmates)} more students say who they are; their chats are not printed"):
        settings, t = program.settings, program.toolbox.t
        await asyncio.gather(
            *(arrives(each.person, t(each.language), settings, each.building) for each in cast.classmates)
        )


async def goes_on(stage: Any, moment: datetime) -> None:
    """The clock goes on to a little after this, and once more a little: then comes what came of what fell due."""
    await stage.set_clock(moment + MOMENT)
    await stage.set_clock(moment + 2 * MOMENT)


def day_of(moment: datetime) -> str:
    """ "Tuesday 24 November"."""
    return f"{moment:%A %-d %B}"
