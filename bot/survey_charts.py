"""What came of a survey as pictures: agreement around its middle, choices as bars, semesters beside each other, the
days on which it was answered. Each is drawn once and taken as PNG for a chat or as SVG for the page.

What would be longer than a phone shows well becomes several pictures. As `bot/charts.py`: in a thread, never in a
transaction.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from bot import surveyed
from bot.charts import ACCENT, COLUMNS, INK, LINE, LINE_HEIGHT, PALE, SHADES, Paper, wrap
from bot.surveyed import Point, Told
from bot.texts import Texts, cut
from models.figures import whole
from models.means import mean
from models.questionnaires import Kind, Labels, Question
from models.results import satisfied
from models.tallies import Count

MOST_HEIGHT = 5.0
"""Inches, without the title and the small print. A chat shows a picture about as high as wide before it is tapped: in a
longer one letters would be too small for a phone.
"""
EDGE = 0.04
"""Where everything begins and, on the right, ends, as a part of the width."""
FULL = 1 - 2 * EDGE
QUESTION_COLUMNS, MOST_LINES = 52, 6
BAR = 0.26
COLUMN_WIDTH = FULL / COLUMNS
"""About as wide is a narrow character of the small print, as a part of the width."""
DIGIT = 0.018
"""As wide is a digit in a bar, with the air around it, as a part of the width."""
DARK = (SHADES[0], SHADES[4])
"""On these, letters are white."""
PLACES = ("#1d4e80", "#2f6fb0", "#5b93cb", "#8fb8de", "#bcd5ec", "#dfeaf6")
"""From the first place of a ranking to the sixth."""
STEPS = (0.1, 0.2, 0.5, 1.0)
"""An axis ends at one of these."""
MOST_SEMESTERS = 6


@dataclass(frozen=True)
class Picture:
    """A picture and what is on it, for those who do not see it."""

    says: str
    paper: Paper


@dataclass(frozen=True)
class _Block:
    """A part of a picture, so many inches high; it is drawn below so many inches from the top."""

    height: float
    draw: Callable[[Paper, float], None]
    head: _Block | None = None
    """Stands above it where nothing with the same head does."""
    note: str | None = None
    """The small print that it needs, once on each picture."""


def pictures(told: Told, t: Texts, *, alone: bool = True) -> list[Picture]:
    """Everything that there is to draw of a survey, in the order in which it is looked at. Each stands `alone`, in a
    chat: then it says which survey it is, and is not longer than a chat shows well.
    """
    return [picture for draw in (agreement, choices, trends, by_day) for picture in draw(told, t, alone)]


def _pages(
    told: Told, key: str, alone: bool, notes: Sequence[str], blocks: Sequence[_Block], t: Texts
) -> list[Picture]:
    """The blocks on as few pictures as they fit on."""
    title = f"{t.pick(told.questionnaire.title)}\n{t.plain(key)}" if alone else t.plain(key)
    most = MOST_HEIGHT if alone else inf
    pages: list[list[_Block]] = []
    room, head = 0.0, None
    for block in blocks:
        with_head = block.height + (block.head.height if block.head is not None else 0)
        if not pages or (block.height if block.head is head else with_head) > room:
            pages.append([])
            room, head = most, None
        if block.head is not None and block.head is not head:
            pages[-1].append(block.head)
            room -= block.head.height
        pages[-1].append(block)
        room -= block.height
        head = block.head
    found = []
    for number, page in enumerate(pages, 1):
        says = title if len(pages) == 1 else t.plain("results.page", title=title, page=number, pages=len(pages))
        needed = dict.fromkeys(block.note for block in page if block.note is not None)
        paper = Paper(says, [*notes, *needed], sum(block.height for block in page))
        at = paper.top
        for block in page:
            block.draw(paper, at)
            at += block.height
        found.append(Picture(says, paper))
    return found


def _asked(told: Told, question: Question, t: Texts) -> list[str]:
    """The question with its number, in lines."""
    found = wrap(f"{told.place(question)}. {t.pick(question.text)}", QUESTION_COLUMNS)
    return found if len(found) <= MOST_LINES else [*found[: MOST_LINES - 1], found[MOST_LINES - 1] + "…"]


def _write(paper: Paper, lines: Sequence[str], at: float, size: float, color: str) -> None:
    for number, line in enumerate(lines):
        paper.write(line, EDGE, at + LINE_HEIGHT * number, size, color)


# ---------------------------------------------------------------- agreement


def agreement(told: Told, t: Texts, alone: bool = True) -> list[Picture]:
    """Diverging stacked bars, a question each: who is content to the right, who is not to the left, half of those who
    are neither on each side.
    """
    asked = [(question, count) for question in told.of_kind(Kind.AGREEMENT) if (count := told.count(question))]
    sides = [_sides(count) for _, count in asked]
    reach = max((left for left, _ in sides), default=0.0), max((right for _, right in sides), default=0.0)
    blocks = []
    for labels in Labels:
        of_these = [(question, count) for question, count in asked if question.labels is labels]
        head = _legend(of_these[0][0], t) if of_these else None
        blocks += [_diverging(told, question, count, reach, head, t) for question, count in of_these]
    return _pages(told, "results.agreement", alone, [t.plain("results.drawn_csat")], blocks, t)


def _sides(count: Count) -> tuple[float, float]:
    """How far a bar reaches to the left and to the right of its middle, 0–1."""
    neither = count.by["3"] / 2
    return (
        (count.by["1"] + count.by["2"] + neither) / count.of,
        (count.by["4"] + count.by["5"] + neither) / count.of,
    )


def _legend(question: Question, t: Texts) -> _Block:
    """What the colours mean, from left to right as they stand in the bars."""
    named = [(surveyed.answer_name(question, step, t), shade) for step, shade in zip("12345", SHADES, strict=True)]
    widths = [COLUMN_WIDTH * (_columns(name) + 4) for name, _ in named]
    rows = [named] if sum(widths) < FULL + COLUMN_WIDTH * 2 else [named[:3], named[3:]]

    def draw(paper: Paper, at: float) -> None:
        for number, row in enumerate(rows):
            x, top = EDGE, at + 0.06 + LINE_HEIGHT * number
            for name, shade in row:
                paper.box(x, x + 0.025, top + 0.02, 0.13, shade)
                paper.write(name, x + 0.035, top, 10, INK)
                x += COLUMN_WIDTH * (_columns(name) + 4)

    return _Block(0.16 + LINE_HEIGHT * len(rows), draw)


def _columns(text: str) -> int:
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def _diverging(
    told: Told, question: Question, count: Count, reach: tuple[float, float], head: _Block | None, t: Texts
) -> _Block:
    lines = _asked(told, question, t)
    content, average = satisfied(count), mean(question, count)
    assert average is not None, "an agreement that was answered"
    below = wrap(t.plain("results.drawn_question", mean=f"{average.value:.2f}", **surveyed.words(content)), COLUMNS)
    weighted = surveyed.weighted(told, question, t)
    if weighted is not None:
        below += wrap(weighted, COLUMNS)
    unit = FULL / (sum(reach) or 1)
    middle = EDGE + reach[0] * unit

    def draw(paper: Paper, at: float) -> None:
        _write(paper, lines, at + 0.04, 11, INK)
        top = at + 0.08 + LINE_HEIGHT * len(lines)
        x = middle - _sides(count)[0] * unit
        for step, shade in zip("12345", SHADES, strict=True):
            wide = count.by[step] / count.of * unit
            paper.box(x, x + wide, top, BAR, shade)
            share = str(whole(count.by[step] / count.of))
            if wide > DIGIT * (len(share) + 0.6):
                paper.write(share, x + wide / 2, top + 0.05, 10, "white" if shade in DARK else INK, "center")
            x += wide
        # Not through the number that stands there.
        for end in (top - 0.05, top + BAR):
            paper.path([(middle, end), (middle, end + 0.05)], INK, linewidth=1)
        _write(paper, below, top + BAR + 0.07, 10, PALE)

    return _Block(0.08 + LINE_HEIGHT * (len(lines) + len(below)) + BAR + 0.26, draw, head)


# ---------------------------------------------------------------- choices


def choices(told: Told, t: Texts, alone: bool = True) -> list[Picture]:
    """Bars for what was chosen, columns for 0–10, and of a ranking how often each was given which place."""
    blocks = []
    for question in told.of_kind(Kind.SINGLE, Kind.MULTIPLE, Kind.SCALE, Kind.RANKING):
        count = told.count(question)
        assert count is not None, "it may be told"
        body = {Kind.SCALE: _scale, Kind.RANKING: _ranking}.get(question.kind, _bars)
        blocks.append(_with_question(told, question, count, body(question, count, t), t))
    return _pages(told, "results.choices", alone, [], blocks, t)


def _with_question(told: Told, question: Question, count: Count, body: _Block, t: Texts) -> _Block:
    lines = _asked(told, question, t)
    small = wrap(surveyed.answered(question, count, t), COLUMNS)

    def draw(paper: Paper, at: float) -> None:
        _write(paper, lines, at + 0.04, 11, INK)
        under = at + 0.06 + LINE_HEIGHT * len(lines)
        _write(paper, small, under, 10, PALE)
        body.draw(paper, under + LINE_HEIGHT * len(small) + 0.02)

    return _Block(0.08 + LINE_HEIGHT * (len(lines) + len(small)) + body.height + 0.22, draw, note=body.note)


OPTION_HEIGHT = 0.48
BAR_END = 0.74
"""Where a bar of all of them would end: its number stands to the right."""


def _bars(question: Question, count: Count, t: Texts) -> _Block:
    shares = [surveyed.rate(count, key) for key in question.keys]
    unit = (BAR_END - EDGE) / max(*(share.interval()[1] for share in shares), 0.01)

    def draw(paper: Paper, at: float) -> None:
        for key, share in zip(question.keys, shares, strict=True):
            low, high = share.interval()
            paper.write(cut(surveyed.answer_name(question, key, t), COLUMNS), EDGE, at, 10.5, INK)
            paper.box(EDGE, EDGE + max(share.share * unit, 0.003), at + 0.21, 0.16, SHADES[3])
            paper.line(EDGE + low * unit, EDGE + high * unit, at + 0.29, 1.6, PLACES[0])
            number = t.plain("results.drawn_share", share=f"{whole(share.share)} %", hits=share.hits)
            paper.write(number, EDGE + high * unit + 0.02, at + 0.2, 10.5, INK)
            at += OPTION_HEIGHT

    return _Block(OPTION_HEIGHT * len(shares), draw, note=t.plain("results.drawn_bars"))


COLUMNS_HEIGHT = 1.2


def _scale(question: Question, count: Count, t: Texts) -> _Block:
    steps = surveyed.answers(question)
    most, each = max(*count.by.values(), 1), FULL / len(steps)

    def draw(paper: Paper, at: float) -> None:
        bottom = at + 0.24 + COLUMNS_HEIGHT
        for number, step in enumerate(steps):
            x, high = EDGE + each * (number + 0.5), COLUMNS_HEIGHT * count.by[step] / most
            paper.box(x - 0.38 * each, x + 0.38 * each, bottom - high, high, ACCENT)
            paper.write(str(count.by[step]), x, bottom - high - 0.2, 10, INK, "center")
            paper.write(step, x, bottom + 0.06, 10.5, PALE, "center")
        paper.line(EDGE, 1 - EDGE, bottom, 0.8, PALE)

    return _Block(0.24 + COLUMNS_HEIGHT + 0.28, draw, note=t.plain("results.drawn_scale"))


def _ranking(question: Question, count: Count, t: Texts) -> _Block:
    options, unit = surveyed.ranked(question, count), FULL / max(count.of, 1)
    shades = PLACES[: len(options)]

    def draw(paper: Paper, at: float) -> None:
        for place, shade in enumerate(shades, 1):
            x = EDGE + 0.1 * (place - 1)
            paper.box(x, x + 0.025, at + 0.05, 0.13, shade)
            paper.write(str(place), x + 0.035, at + 0.03, 10, INK)
        at += LINE_HEIGHT + 0.06
        for option in options:
            mean = t.plain("results.mean_place", mean=f"{surveyed.mean_place(question, count, option):.2f}")
            name = cut(surveyed.answer_name(question, option, t), COLUMNS - _columns(mean) - 2)
            paper.write(name, EDGE, at, 10.5, INK)
            paper.write(mean, 1 - EDGE, at, 10.5, ACCENT, "right")
            x = EDGE
            for number, (times, shade) in enumerate(zip(surveyed.places(question, count, option), shades, strict=True)):
                wide, share = times * unit, str(whole(times / max(count.of, 1)))
                paper.box(x, x + wide, at + 0.21, 0.2, shade)
                if wide > DIGIT * (len(share) + 0.6):
                    paper.write(share, x + wide / 2, at + 0.235, 9.5, "white" if number < 2 else INK, "center")
                x += wide
            at += OPTION_HEIGHT + 0.04

    height = LINE_HEIGHT + 0.06 + (OPTION_HEIGHT + 0.04) * len(options)
    return _Block(height, draw, note=t.plain("results.drawn_ranking"))


# ---------------------------------------------------------------- semesters


PANEL = 1.5
LEFT, RIGHT = 0.14, 0.96


def trends(told: Told, t: Texts, alone: bool = True) -> list[Picture]:
    """CSAT over the semesters with its interval; an arrow stands where it has changed, and nowhere else."""
    asked = [question for question in told.of_kind(Kind.AGREEMENT) if question.key in told.trends]
    blocks = [_panel(_asked(told, q, t), told.trends[q.key][-MOST_SEMESTERS:], t) for q in asked]
    return _pages(told, "results.trend", alone, [t.plain("results.drawn_trend")], blocks, t)


def _panel(lines: Sequence[str], points: Sequence[Point], t: Texts) -> _Block:
    each = (RIGHT - LEFT) / len(points)

    def draw(paper: Paper, at: float) -> None:
        _write(paper, lines, at + 0.04, 11, INK)
        top = at + 0.3 + LINE_HEIGHT * len(lines)

        def down(share: float) -> float:
            return top + PANEL * (1 - share)

        _grid(paper, (0.0, 0.5, 1.0), down)
        middles = [LEFT + each * (number + 0.5) for number in range(len(points))]
        paper.path([(x, down(p.rate.share)) for x, p in zip(middles, points, strict=True)], SHADES[3], linewidth=1.2)
        for x, (point, arrow) in zip(middles, surveyed.arrows(points), strict=True):
            low, high = point.rate.interval()
            paper.path([(x, down(low)), (x, down(high))], ACCENT, linewidth=1.6)
            for end in (low, high):
                paper.line(x - 0.012, x + 0.012, down(end), 1.6, ACCENT)
            paper.dot(x, down(point.rate.share))
            color = {"▲": ACCENT, "▼": SHADES[0]}.get(arrow, INK)
            share = f"{arrow} {whole(point.rate.share)} %".lstrip()
            paper.write(share, x, down(high) - 0.22, 11, color, "center", over=True)
            below = down(0) + 0.08
            for line in _narrow(point.semester, int(each / COLUMN_WIDTH)):
                paper.write(line, x, below, 10, INK, "center")
                below += 0.18
            paper.write(f"{point.rate.hits}/{point.rate.of}", x, below, 9.5, PALE, "center")

    return _Block(0.3 + LINE_HEIGHT * len(lines) + PANEL + 0.8, draw)


def _narrow(name: str, columns: int) -> list[str]:
    """A semester's name in two lines at most, broken where it has a gap or a hyphen."""
    lines = [""]
    for piece in re.split(r"(?<=[- ])", name):
        if lines[-1] and _columns(lines[-1] + piece.rstrip()) > columns and len(lines) < 2:
            lines.append("")
        lines[-1] += piece
    return [cut(line.rstrip(), columns) for line in lines]


def _grid(paper: Paper, shares: Sequence[float], down: Callable[[float], float]) -> None:
    for share in shares:
        paper.line(LEFT, RIGHT, down(share), 0.8, LINE)
        paper.write(f"{100 * share:g} %", LEFT - 0.015, down(share) - 0.08, 9.5, PALE, "right")


# ---------------------------------------------------------------- days


def by_day(told: Told, t: Texts, alone: bool = True) -> list[Picture]:
    """How many of those who were invited had finished by the end of each day, and when they were reminded."""
    done, invited = told.results.completed, told.results.invited
    if not invited or not told.results.days:
        return []
    reached = surveyed.running(told)
    last = reached[-1][0]
    end = next((step for step in STEPS if step >= 1.08 * done / invited), STEPS[-1])
    reminded = 0.2 + LINE_HEIGHT * len(told.reminders)
    across = (RIGHT - LEFT) / max((last - told.opened).days + 1, 1)

    def draw(paper: Paper, at: float) -> None:
        top = at + reminded

        def down(share: float) -> float:
            return top + PANEL * 1.3 * (1 - share / end)

        _grid(paper, (0.0, end / 2, end), down)
        for number, day in enumerate(told.reminders, 1):
            x, above = LEFT + across * (day - told.opened).days, LINE_HEIGHT * (len(told.reminders) - number)
            paper.path([(x, top - 0.05 - above), (x, down(0))], PALE, linewidth=1, linestyle=(0, (4, 3)))
            label = t.plain("results.reminder", number=number, day=t.short_day(day, told.closed))
            right = x + 0.85 * COLUMN_WIDTH * _columns(label) > RIGHT
            paper.write(
                label, x + (-0.01 if right else 0.01), top - 0.28 - above, 9.5, PALE, "right" if right else "left"
            )
        points = [(LEFT, down(0))]
        for number, (_, _, so_far) in enumerate(reached, 1):
            points.append((LEFT + across * number, down(so_far / invited)))
        paper.path(points, ACCENT, linewidth=2, solid_joinstyle="round")
        paper.write(surveyed.percent(done / invited), points[-1][0], points[-1][1] - 0.24, 12, ACCENT, "right")
        paper.write(t.short_day(told.opened, told.closed), LEFT, down(0) + 0.08, 10, INK)
        paper.write(t.short_day(last, told.closed), RIGHT, down(0) + 0.08, 10, INK, "right")

    notes = [t.plain("results.response", **surveyed.words(told.response))]
    if told.results.partial:
        notes.append(t.plain("results.partial", partial=told.results.partial))
    return _pages(told, "results.by_day", alone, notes, [_Block(reminded + PANEL * 1.3 + 0.36, draw)], t)
