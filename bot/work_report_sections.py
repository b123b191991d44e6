"""What stands in a report, section by section: the semester's, and the year's self-assessment. Everything from the
figures as they are kept, and from what people wrote (`work_report.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot import charts
from bot.documents import Blank, Block, Chart, Column, Document, Run, Runs, Section, Table, Text
from bot.texts import cut
from bot.work_report import (
    MEASURES,
    NEXT,
    NOTHING,
    OPENING,
    Writer,
    hours,
    measure_name,
    per_cent,
    problem_place,
)
from models.figures import whole
from models.union.report_tickets import RATES
from models.union.reporting import Figure, Findings, Standing
from models.union.work_reports import Kind, State

MOST_ROWS = 12
"""So many categories have a row of their own."""
HEADING_COLUMNS = 46
"""So much of a question fits above its rate."""


# ---------------------------------------------------------------- the whole


def describe(writer: Writer, appendix: Sequence[Section]) -> Document:
    """The document; the appendix says what stands behind its figures."""
    report, t = writer.report, writer.t
    kind = str(report.kind)
    parts = _assessment(writer) if report.kind is Kind.ASSESSMENT else _work(writer)
    pages = t.plain("work_report.doc.page", page="\0", pages="\0").split("\0")
    return Document(
        language=t.language,
        union=t.pick(writer.settings.union.name),
        title=writer.say(f"title.{kind}"),
        subtitle=writer.say(f"subtitle.{kind}", period=report.period),
        stamp=t.plain(f"work_report.state.{report.state}"),
        facts=list(_facts(writer)),
        contents=writer.say("contents"),
        page_of=(pages[0], pages[1], pages[2]),
        sections=[*parts, *appendix],
    )


def _facts(writer: Writer) -> Iterator[tuple[str, str]]:
    report, say = writer.report, writer.say
    yield say("fact.span"), writer.span()
    counted = writer.findings.counted_at.astimezone(writer.t.timezone)
    yield say("fact.counted"), f"{writer.t.full_day(counted.date())} {counted:%H:%M}"
    if report.replaces_id is None:
        yield say("fact.edition"), str(report.edition)
    else:
        yield say("fact.edition"), say("fact.replaces", edition=report.edition, earlier=report.edition - 1)
    yield say("fact.cell"), say("fact.cell_rule", cell=writer.findings.cell)
    yield say("fact.traced"), say("fact.traced_how")


def _work(writer: Writer) -> list[Section]:
    return [
        _overview(writer),
        _by_measure(writer),
        *_tickets(writer),
        *_problems(writer),
        _projects(writer),
        _publications(writer),
        _gatherings(writer),
        *_surveys(writer),
        _floors(writer),
        Section(writer.say("section.next"), [writer.words(NEXT, "next")]),
        _meeting(writer),
    ]


# ---------------------------------------------------------------- rates


def _rate_table(writer: Writer, figures: Sequence[Figure], first: str, title: str = "") -> Table:
    """Rates with numerator, denominator, those of whom nothing is known, interval, and what has changed."""
    heads = ((first, 26, False), ("hits", 10, True), ("of", 10, True), ("silent", 15, True), ("share", 12, True))
    more = (("interval", 17, True), ("change", 15, True), ("query", 8, False))
    columns = [Column(writer.say(f"head.{name}"), width, number) for name, width, number in (*heads, *more)]
    rows = []
    for figure in figures:
        total = figure.names is None and first == "station"
        label = writer.say("together") if total else writer.of_what(figure) or writer.name(figure)
        rows.append([[label], *_rate_cells(writer, figure), [writer.ref(figure.query)]])
    return Table(columns, rows, title)


def _rate_cells(writer: Writer, figure: Figure) -> list[Runs]:
    if figure.share is None or not figure.share.rate.of:
        why = writer.say("few_short") if figure.hidden else NOTHING
        return [[NOTHING], [NOTHING], [NOTHING], [why], [NOTHING], [NOTHING]]
    found, (low, high) = figure.share.rate, figure.share.rate.interval()
    change = ""
    if figure.before is not None:
        points = 100 * (found.share - figure.before.rate.share)
        sign = "↑" if points > 0 else "↓"
        change = writer.say("change", sign=sign, points=f"{abs(points):.1f}", before=per_cent(figure.before.rate.share))
    counted = [[str(each)] for each in (found.hits, found.of, figure.share.silent)]
    return [*counted, [per_cent(found.share)], [f"{100 * low:.1f}–{100 * high:.1f} %"], [change]]


def _drawn(writer: Writer, title: str, sections: Sequence[tuple[str, Sequence[tuple[str, Figure]]]]) -> Chart:
    """Rates with their intervals as a picture; one that may not be told says so."""
    drawing, says = [], []
    for heading, figures in sections:
        rows = []
        for label, figure in figures:
            share = figure.share if figure.share is not None and figure.share.rate.of else None
            low, high = share.rate.interval() if share is not None else (0.0, 1.0)
            text = (
                f"{whole(share.rate.share)} %"
                if share is not None
                else writer.say("few_short" if figure.hidden else "none")
            )
            known = share.rate.share if share is not None else None
            rows.append({"label": label, "share": known, "low": low, "high": high, "text": text})
            says.append(f"{label or heading} {text}")
        drawing.append({"heading": cut(heading, HEADING_COLUMNS), "rows": rows})
    paper = charts.paper({"title": title, "sections": drawing, "notes": [writer.t.plain("figure.drawn_legend")]})
    return Chart(paper, f"{title}{writer.t.plain('work_report.doc.colon')}{'; '.join(says)}")


def _bars(writer: Writer, title: str, figures: Sequence[Figure]) -> Chart:
    """How many of each category, by its own name."""
    names = [writer.t.pick(writer.settings.category_names(figure.about["category"])) for figure in figures]
    bars = [
        {"label": name, "value": figure.value or 0, "text": str(figure.value)}
        for name, figure in zip(names, figures, strict=True)
    ]
    says = "; ".join(f"{bar['label']} {bar['text']}" for bar in bars)
    return Chart(charts.paper({"title": title, "bars": bars, "notes": []}), f"{title}: {says}")


# ---------------------------------------------------------------- the sections


def _overview(writer: Writer) -> Section:
    totals = [figure for name in RATES if (figure := writer.findings.total(name)) is not None]
    filed, t = writer.findings.total("filed"), writer.t
    blocks: list[Block] = [writer.words(OPENING, "opening")]
    if filed is not None:
        blocks.append(Text([*writer.line(filed)]))
    if totals:
        blocks.append(_rate_table(writer, totals, "figure", writer.say("table.rates")))
        rows = [(t.plain(f"figure_name.{each.key}"), [("", each)]) for each in totals]
        blocks.append(_drawn(writer, writer.say("table.rates"), rows))
    times = [figure for key in ("reply_time", "close_time") if (figure := writer.findings.total(key)) is not None]
    blocks += [Text(writer.line(each)) for each in times]
    blocks.append(Text([writer.say("how_to_read")], "small"))
    return Section(writer.say("section.overview"), blocks)


HEADLINES = (
    "guidance", "filed", "response", "solved", "satisfied", "majors", "policy_news", "held_study",
    "held_training", "projects_begun", "projects_concluded", "held_meeting", "held_volunteering", "volunteer_minutes",
    "surveys", "polls", "evaluation",
    "disclosed", "published",
)  # fmt: skip
"""The figures by which the work of a measure is seen at a glance."""


def headlines(writer: Writer, number: int) -> list[Figure]:
    """Those of one measure."""
    return [f for f in writer.findings.figures if f.measure == number and f.key in HEADLINES and f.names is None]


def _lines(writer: Writer, figures: Sequence[Figure]) -> Runs:
    runs: list[Run] = []
    for each in figures:
        runs += ["\n", *writer.line(each)] if runs else writer.line(each)
    return runs or [NOTHING]


def _by_measure(writer: Writer) -> Section:
    columns = [Column(writer.say("head.measure"), 30), Column(writer.say("head.done_by_figures"), 70)]
    rows = []
    for number in MEASURES:
        name = measure_name(number, writer.t)
        rows.append([[name], _lines(writer, headlines(writer, number))])
    return Section(writer.say("section.measures"), [Table(columns, rows), Text([writer.say("no_figures")], "small")])


def _tickets(writer: Writer) -> list[Section]:
    found = writer.findings
    blocks: list[Block] = []
    for key in ("filed_kind", "filed_category", "filed_place"):
        figures = found.all_of(key)
        if not figures:
            continue
        title = writer.name(figures[0])
        columns = [Column(title, 60), Column(writer.say("head.count"), 20, True), Column(writer.say("head.query"), 12)]
        rows: list[list[Runs]] = [
            [[writer.of_what(f)], [str(f.value)], [writer.ref(f.query)]] for f in figures[:MOST_ROWS]
        ]
        if rest := figures[MOST_ROWS:]:
            count = sum(f.value or 0 for f in rest)
            rows.append([[writer.say("others", count=len(rest))], [str(count)], [writer.ref(rest[0].query)]])
        blocks.append(Table(columns, rows))
        if key == "filed_category":
            blocks.append(_bars(writer, title, figures[:MOST_ROWS]))
    sections = [Section(writer.say("section.tickets"), blocks or [Text([writer.say("nothing")])])]
    by_station = [[f for f in found.all_of(name) if f.names is not None] for name in RATES]
    if any(by_station):
        tables: list[Block] = [
            _rate_table(writer, [*figures, *_total(found, name)], "station", writer.t.plain(f"figure_name.{name}"))
            for name, figures in zip(RATES, by_station, strict=True)
        ]
        drawn = [
            (writer.t.plain(f"figure_name.{name}"), [(writer.of_what(f), f) for f in figures])
            for name, figures in zip(RATES[:3], by_station, strict=False)
        ]
        tables.append(_drawn(writer, writer.say("table.stations"), drawn))
        sections.append(Section(writer.say("section.stations"), tables, level=2))
    return sections


def _total(found: Findings, name: str) -> list[Figure]:
    total = found.total(name)
    return [total] if total is not None else []


def _problems(writer: Writer) -> list[Section]:
    figures = writer.findings.all_of("problem")
    if not figures:
        return [Section(writer.say("section.problems"), [Text([writer.say("no_problems")])])]
    heads = (
        ("problem", 40, False),
        ("filed", 10, True),
        ("done", 10, True),
        ("open", 10, True),
        ("projects", 20, False),
    )
    columns = [Column(writer.say(f"head.{name}"), width, number) for name, width, number in heads]
    columns.append(Column(writer.say("head.query"), 10))
    rows: list[list[Runs]] = []
    for figure in figures:
        share = figure.share
        assert share is not None, "a problem has its tickets"
        led_to = ", ".join(str(each) for each in figure.about["projects"]) or NOTHING
        cells: list[Runs] = [[str(each)] for each in (share.rate.of, share.rate.hits, share.silent)]
        rows.append([[writer.problem(figure)], *cells, [led_to], [writer.ref(figure.query)]])
    sections = [
        Section(
            writer.say("section.problems"), [Table(columns, rows), Text([writer.say("what_is_a_problem")], "small")]
        )
    ]
    for number, figure in enumerate(figures, 1):
        title = writer.say("what_was_done", number=number, problem=writer.problem(figure))
        sections.append(Section(title, [writer.words(problem_place(figure), "problem")], level=2))
    return sections


def _projects(writer: Writer) -> Section:
    found = writer.findings
    sums = [each for key in ("projects_begun", "projects_concluded") for each in found.all_of(key)]
    blocks: list[Block] = [Text(writer.line(each)) for each in sums]
    rows: list[list[Runs]] = []
    for figure in found.all_of("project"):
        about = figure.about
        verdict = writer.t.plain(f"work_report.verdict.{about['verdict']}") if "verdict" in about else NOTHING
        reason = writer.t.pick(about["reason"]) if about.get("reason") else ""
        what = f"{verdict}: {reason}" if reason else verdict
        rows.append([[writer.of_what(figure)], [str(figure.value)], [what], [writer.ref(figure.query)]])
    if rows:
        heads = (("project", 40, False), ("its_tickets", 12, True), ("verdict", 36, False), ("query", 10, False))
        blocks.append(Table([Column(writer.say(f"head.{n}"), width, number) for n, width, number in heads], rows))
    return Section(writer.say("section.projects"), blocks)


def _publications(writer: Writer) -> Section:
    found = writer.findings
    sums = [each for key in ("guidance", "policy_news", "disclosed", "published") for each in found.all_of(key)]
    blocks: list[Block] = [Text(writer.line(each)) for each in sums]
    rows: list[list[Runs]] = []
    for figure in found.all_of("publication"):
        share = figure.share
        reached = writer.say("of", hits=share.rate.hits, of=share.rate.of) if share is not None else NOTHING
        name = writer.say("numbered", number=figure.about["number"], title=writer.of_what(figure))
        rows.append([[writer.day(figure.about["day"])], [name], [reached], [writer.ref(figure.query)]])
    if rows:
        heads = (("day", 18, False), ("publication", 54, False), ("reached", 18, True), ("query", 10, False))
        blocks.append(Table([Column(writer.say(f"head.{n}"), width, number) for n, width, number in heads], rows))
    return Section(writer.say("section.publications"), blocks)


def _gatherings(writer: Writer) -> Section:
    found, blocks = writer.findings, list[Block]()
    for kind in ("study", "training", "volunteering", "meeting"):
        blocks += [Text(writer.line(each)) for each in found.all_of(f"held_{kind}")]
        if kind == "volunteering":
            blocks += [Text(writer.line(each)) for each in found.all_of("volunteer_minutes")]
        rows: list[list[Runs]] = []
        for figure in found.all_of("gathering"):
            if figure.about["kind"] != kind or figure.share is None:
                continue
            came = writer.say("of", hits=figure.share.rate.hits, of=figure.share.rate.of)
            more = [[hours(figure.about["minutes"])]] if kind == "volunteering" else []
            name = writer.say("numbered", number=figure.about["number"], title=writer.of_what(figure))
            rows.append([[writer.day(figure.about["day"])], [name], [came], *more, [writer.ref(figure.query)]])
        if rows:
            heads = [("day", 18, False), ("gathering", 44, False), ("came", 16, True)]
            heads += [("hours", 12, True)] if kind == "volunteering" else []
            columns = [
                Column(writer.say(f"head.{n}"), width, number) for n, width, number in (*heads, ("query", 10, False))
            ]
            blocks.append(Table(columns, rows, writer.t.plain(f"work_report.gathering.{kind}")))
    return Section(writer.say("section.gatherings"), blocks)


def _surveys(writer: Writer) -> list[Section]:
    found, blocks = writer.findings, list[Block]()
    for key in ("surveys", "polls", "poll_response", "poll_satisfied", "evaluation"):
        blocks += [Text(writer.line(each)) for each in found.all_of(key)]
    if surveys := found.all_of("survey"):
        blocks.append(_rate_table(writer, surveys, "survey", writer.say("table.surveys")))
    sections = [Section(writer.say("section.surveys"), blocks)]
    for survey in surveys:
        questions = [f for f in found.all_of("survey_question") if f.about["number"] == survey.about["number"]]
        if questions:
            table = _rate_table(writer, questions, "question", writer.say("table.satisfied"))
            drawn = [(writer.of_what(each), [("", each)]) for each in questions]
            picture = _drawn(writer, writer.of_what(survey), drawn)
            sections.append(Section(writer.of_what(survey), [table, picture], level=2))
    return sections


def _floors(writer: Writer) -> Section:
    heads = (("floor", 34, False), ("needed", 10, True), ("done", 10, True), ("state", 14, False), ("until", 22, False))
    columns = [Column(writer.say(f"head.{name}"), width, number) for name, width, number in heads]
    columns.append(Column(writer.say("head.evidence"), 20))
    rows: list[list[Runs]] = []
    for floor in writer.findings.floors:
        until = writer.t.full_day(floor.until) if floor.until is not None else writer.say("always")
        state = writer.t.plain(f"work_report.floor_state.{floor.state}")
        cells: list[Runs] = [[str(floor.needed)], [str(floor.done)], [state], [until], [_evidence(floor, writer)]]
        rows.append([[floor_name(floor, writer)], *cells])
    return Section(writer.say("section.floors"), [Table(columns, rows)])


def floor_name(floor: Standing, writer: Writer) -> str:
    """What it asks for, in which semester."""
    name = writer.t.plain(f"floor.{floor.key}")
    return (
        f"{name} · {floor.semester}" if floor.semester is not None and writer.report.kind is Kind.ASSESSMENT else name
    )


def _evidence(floor: Standing, writer: Writer) -> str:
    found = [writer.t.plain(f"board.{what}", number=number) for what, number in floor.evidence]
    return ", ".join(found) or NOTHING


def _meeting(writer: Writer) -> Section:
    report = writer.report
    if report.state is not State.HEARD or report.met_on is None:
        return Section(writer.say("section.meeting"), [Blank(writer.say("hint.meeting"))])
    heard = Text([writer.say("heard_on", day=writer.t.full_day(report.met_on))])
    return Section(writer.say("section.meeting"), [heard, Blank("", report.decision)])


# ---------------------------------------------------------------- the self-assessment


def _assessment(writer: Writer) -> list[Section]:
    heads = (("measure", 22), ("floors", 30), ("figures", 30), ("grade", 24))
    columns = [Column(writer.say(f"head.{name}"), width) for name, width in heads]
    rows: list[list[Runs]] = []
    for number in MEASURES:
        name = measure_name(number, writer.t)
        floors = [_floor_line(floor, writer) for floor in writer.findings.floors if floor.measure == number]
        grade = writer.report.words.get(f"measure:{number}") or writer.say("hint.grade")
        cells: list[Runs] = [
            ["\n".join(floors) or writer.say("no_floor")],
            _lines(writer, headlines(writer, number)),
            [grade],
        ]
        rows.append([[name], *cells])
    table: list[Block] = [Table(columns, rows), Text([writer.say("grade_is_people_s")], "small")]
    return [
        Section(writer.say("section.table"), table),
        _floors(writer),
        Section(writer.say("section.next"), [writer.words(NEXT, "next")]),
        _meeting(writer),
    ]


def _floor_line(floor: Standing, writer: Writer) -> str:
    state = writer.t.plain(f"work_report.floor_state.{floor.state}")
    name = floor_name(floor, writer)
    return writer.say("floor_line", name=name, done=floor.done, needed=floor.needed, state=state)
