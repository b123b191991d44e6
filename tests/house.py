"""The standing rules of a small university for tests of rules: two stations, an office, three categories."""

from __future__ import annotations

from datetime import time, timedelta
from zoneinfo import ZoneInfo

from opencc import OpenCC
from sqlalchemy.ext.asyncio import AsyncSession

from bot.vault import KeyVault
from models import stations
from models.asking import Draft
from models.calendar import Deadlines, Span, WorkCalendar
from models.house import House
from models.lifecycle import Kind
from models.people import Person, meet
from models.stations import Desk, Station, StationSpec

KEY = bytes(range(32))
OFFICE_HOURS = ((time(8, 30), time(12)), (time(13, 30), time(17, 30)))

CALENDAR = WorkCalendar(
    timezone=ZoneInfo("Asia/Shanghai"),
    hours=dict.fromkeys(range(5), OFFICE_HOURS),
    holidays=frozenset(),
    makeup_days=frozenset(),
    exam_days=frozenset(),
    exam_days_count=True,
    semesters=(),
)

DEADLINES = Deadlines(claim=Span(hours=4), reply=Span(days=1), resolve=Span(days=5), warn_before=Span(hours=1))

HOUSE = House(
    calendar=CALENDAR,
    vault=KeyVault(KEY),
    deadlines=dict.fromkeys(("water", "internet", "other"), DEADLINES),
    general=DEADLINES,
    station_of={"e1": "east", "e2": "east", "w1": "west"},
    desk_of={"internet": "office"},
    languages=("zh-hans", "zh-hant", "en"),
    forget_after=timedelta(days=14),
    called_back=frozenset({"water"}),
    one_script=OpenCC("t2s").convert,
)

EAST, WEST, OFFICE = -1001, -1002, -1003


PLACES = (
    StationSpec("east", {"zh-hans": "东区服务站", "zh-hant": "東區服務站", "en": "East Station"}, chat_id=EAST),
    StationSpec("west", {"zh-hans": "西区服务站", "zh-hant": "西區服務站", "en": "West Station"}, chat_id=WEST),
    StationSpec("office", {"zh-hans": "学生会", "zh-hant": "學生會", "en": "Office"}, Desk.OFFICE, OFFICE),
    StationSpec("supervisors", {"zh-hans": "团委", "zh-hant": "團委", "en": "Supervisors"}, Desk.SUPERVISORS),
)


async def furnish(session: AsyncSession) -> dict[str, Station]:
    """Stations east and west, the office and the supervisors, each bound to a chat but the supervisors."""
    await stations.follow_config(session, PLACES, "zh-hans")
    return {station.key: station for station in await stations.open_desks(session)}


async def student(session: AsyncSession, number: int = 1, name: str = "Alice") -> Person:
    """Somebody who files."""
    return await meet(session, 10_000 + number, name, None, "en")


async def staff(session: AsyncSession, number: int = 1, name: str = "Wang") -> Person:
    """Somebody who answers."""
    return await meet(session, 20_000 + number, name, None, "zh-hans")


def draft(text: str = "The tap in the bathroom drips all night", **changes: object) -> Draft:
    """A complaint about water in building e1."""
    fields: dict[str, object] = {
        "kind": Kind.COMPLAINT,
        "category": "water",
        "building": "e1",
        "contents": [{"type": "text", "text": text}],
        "sources": [(10_001, 5)],
        "anonymous": False,
    }
    return Draft(**(fields | changes))  # type: ignore[arg-type]
