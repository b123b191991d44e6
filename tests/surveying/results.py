"""A semester's survey with what came of it, made up: for pictures, tables and pages."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.surveyed import Point, Told
from models import surveys
from models.figures import Rate
from models.questionnaires import EVERYBODY as ALL
from models.questionnaires import Kind, Labels, Option, Question, Questionnaire
from models.results import Results
from models.surveys import Stage, Survey
from models.tallies import Count, Cut, Tally
from models.weighting import Weighted


def three(simplified: str, traditional: str, english: str) -> dict[str, str]:
    return {"zh-hans": simplified, "zh-hant": traditional, "en": english}


def _agreement(
    key: str, simplified: str, traditional: str, english: str, labels: Labels = Labels.AGREEMENT
) -> Question:
    return Question(key, Kind.AGREEMENT, three(simplified, traditional, english), labels=labels, required=True)


ASKED = Questionnaire(
    three(
        "2026 年秋季学期学生会服务满意度测评", "2026 年秋季學期學生會服務滿意度調查", "Satisfaction survey, autumn 2026"
    ),
    (
        _agreement(
            "reach",
            "我知道遇到困难时怎样找到学生会服务站。",
            "我知道遇到困難時怎樣找到學生會服務站。",
            "I know how to reach the service station when I have a problem.",
        ),
        _agreement("quick", "服务站答复很快。", "服務站回覆很快。", "The station answers quickly."),
        _agreement(
            "solved",
            "我反映的问题得到了切实解决，而不是只给了一个答复；处理过程中的每一步我也都清楚是谁在负责、什么时候能有结果。",
            "我反映的問題得到了切實解決，而不是只給了一個答覆；處理過程中的每一步我也都清楚是誰在負責、什麼時候能有結果。",
            "What I reported was really solved and not only answered, and at each step I knew who had it in hand and "
            "when there would be a result.",
        ),
        _agreement("water", "宿舍热水供应稳定。", "宿舍熱水供應穩定。", "Hot water in the dormitory is reliable."),
        _agreement(
            "overall",
            "总体而言，您对学生会本学期的工作满意吗？",
            "整體而言，您對學生會本學期的工作滿意嗎？",
            "All in all, how satisfied are you with the union this semester?",
            Labels.SATISFACTION,
        ),
        Question(
            "how",
            Kind.SINGLE,
            three("您最常用哪种方式？", "您最常用哪種方式？", "Which way do you use most?"),
            (
                Option("bot", three("机器人", "機器人", "The bot")),
                Option("desk", three("到服务站当面说", "到服務站當面說", "Going to the station in person")),
                Option("never", three("从未联系过", "從未聯絡過", "I have never been in touch")),
            ),
        ),
        Question(
            "more",
            Kind.MULTIPLE,
            three("下学期应当多做哪些事？", "下學期應當多做哪些事？", "What should there be more of next semester?"),
            (
                Option("repairs", three("宿舍维修", "宿舍維修", "Repairs in the dormitories")),
                Option("canteen", three("食堂价格与排队", "餐廳價格與排隊", "Prices and queues in the canteens")),
                Option("jobs", three("就业信息", "就業資訊", "News about jobs")),
            ),
        ),
        Question(
            "rank",
            Kind.RANKING,
            three("请按重要程度排序", "請按重要程度排序", "Please put them in order of importance"),
            (
                Option("water", three("热水", "熱水", "Hot water")),
                Option("net", three("校园网", "校園網路", "The network")),
                Option("heat", three("供暖", "暖氣", "Heating")),
            ),
        ),
        Question(
            "again",
            Kind.SCALE,
            three("您会推荐同学来找我们吗？", "您會推薦同學來找我們嗎？", "Would you recommend us?"),
        ),
        Question("words", Kind.WORDS, three("还想说什么？", "還想說什麼？", "What else?")),
    ),
)


def count(**by: int) -> Count:
    """`_5=3`: three gave the answer 5."""
    plain = {key.lstrip("_"): times for key, times in by.items()}
    return Count(sum(plain.values()), Counter(plain))


def _steps(*times: int, first: int = 1) -> Count:
    return count(**{f"_{step}": each for step, each in enumerate(times, first)})


RANKED = {"water": (150, 60, 30), "net": (70, 110, 60), "heat": (20, 70, 150)}
EVERYBODY = Tally(
    240,
    {
        "reach": _steps(6, 14, 32, 108, 80),
        "quick": _steps(20, 34, 60, 86, 40),
        "solved": _steps(44, 58, 50, 60, 28),
        "water": _steps(90, 70, 24, 36, 20),
        "overall": _steps(8, 20, 48, 110, 54),
        "how": count(bot=160, desk=52, never=28),
        "more": Count(238, Counter(repairs=180, canteen=121, jobs=64)),
        "rank": Count(240, Counter({f"{o}/{i}": times for o, by in RANKED.items() for i, times in enumerate(by, 1)})),
        "again": _steps(4, 2, 5, 6, 8, 20, 22, 48, 60, 35, 30, first=0),
        "words": Count(57),
    },
)


def group(*steps: int) -> Tally:
    """Some who answered one question."""
    answered = _steps(*steps)
    return Tally(answered.of, {"overall": answered})


CUTS = {
    Cut.STATION: {"east": group(2, 8, 20, 60, 30), "west": group(6, 10, 26, 40, 18)},
    Cut.BUILDING: {"e1": group(1, 3, 10, 30, 16), "w1": group(3, 5, 12, 22, 8)},
    Cut.COLLEGE: {"物理学院": group(2, 6, 14, 40, 18)},
    Cut.AUDIENCE: {"undergraduate": group(5, 14, 36, 80, 35), "graduate": group(3, 6, 12, 30, 19)},
}
RESULTS = Results(
    cell=10,
    invited=612,
    completed=240,
    partial=31,
    everybody=EVERYBODY,
    cuts=CUTS,
    shares={Cut.BUILDING: {"e1": 0.4, "e2": 0.05, "w1": 0.55}},
    days=tuple(
        (date(2026, 12, 7 + day), times)
        for day, times in enumerate((58, 24, 11, 6, 40, 16, 7, 4, 3, 38, 19, 9, 5, 0))
        if times
    ),
)


def points(*counted: tuple[str, int, int, bool]) -> tuple[Point, ...]:
    """Semesters with hits, number of answers and whether they are a change."""
    return tuple(Point(semester, Rate(hits, of), changed) for semester, hits, of, changed in counted)


TOLD = Told(
    number=7,
    questionnaire=ASKED,
    results=RESULTS,
    opened=date(2026, 12, 7),
    closed=date(2026, 12, 20),
    semester="2026-2027-1",
    reminders=(date(2026, 12, 11), date(2026, 12, 16)),
    what_changes=three("热水供应时间延长到 23:30。", "熱水供應時間延長到 23:30。", "Hot water runs until 23:30."),
    weighted={"overall": Weighted(Cut.BUILDING, 3.71, 0.662, 231.4)},
    trends={
        "quick": points(
            ("2025-2026-1", 61, 180, False), ("2025-2026-2", 92, 200, True), ("2026-2027-1", 126, 240, False)
        ),
        "overall": points(
            ("2025-2026-1", 150, 190, False), ("2025-2026-2", 128, 200, True), ("2026-2027-1", 164, 240, False)
        ),
    },
)

CLOSES = datetime(2026, 12, 20, 14, 0, tzinfo=UTC)


async def closed(
    session: AsyncSession,
    closes: datetime = CLOSES,
    stage: Stage = Stage.TOLD,
    asked: Questionnaire = ASKED,
    results: Results = RESULTS,
    semester: str = "2026-2027-1",
) -> Survey:
    """A survey that has closed, with what came of it on the days before."""
    later = closes - CLOSES
    results = replace(results, days=tuple((day + later, times) for day, times in results.days))
    survey = await surveys.plan(
        session,
        key="semester",
        questionnaire=asked,
        opens_at=closes - timedelta(days=13),
        closes_at=closes,
        reminders=[closes - timedelta(days=9)],
        target=ALL,
        cell=10,
        semester=semester,
    )
    assert survey is not None
    survey.stage, survey.results = stage, results.plain()
    survey.what_changes = dict(TOLD.what_changes or {})
    return survey
