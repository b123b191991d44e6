"""Reports: their figures are those of a plain count, nothing hidden can be had from them, and a final one stays."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from models import people, statistics
from models.database import Database
from models.errors import Refusal
from models.figures import NOTHING, Rate, Share
from models.lifecycle import Kind as TicketKind
from models.lifecycle import State as TicketState
from models.outbox import Outgoing
from models.people import Role
from models.requesters import Requester
from models.tickets import Ticket
from models.union import report_figures, report_files, report_tickets, work_reports
from models.union.report_files import ReportFile
from models.union.reporting import Figure, Findings, Query, ranges, told_of
from models.union.work_reports import Kind, Spell, State, WorkReport
from tests.house import CALENDAR, OFFICE, furnish, staff
from tests.models.test_statistics import slowly
from tests.semester import AUTUMN, DAY, LATE, SPRING, TERMS, play

WORK = Spell(Kind.WORK, AUTUMN.name, AUTUMN.starts, AUTUMN.ends)
YEAR = Spell(Kind.ASSESSMENT, "2026-2027", date(2026, 8, 1), date(2027, 7, 31))
SPAN = WORK.span(TERMS, LATE)


def unfolded(text: str) -> list[int]:
    """What `ranges` folded, again."""
    found: list[int] = []
    for part in text.split(", ") if text else ():
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def numbers(figure: Figure | None) -> tuple[list[int], list[int], list[int]]:
    assert figure is not None
    of, hits, silent = (unfolded(figure.numbers.get(part, "")) for part in ("of", "hits", "silent"))
    return of, hits, silent


async def test_every_figure_is_that_of_a_plain_count_and_has_its_numbers(database: Database) -> None:
    async with database.transaction() as session:
        played = await play(session)
        found = await report_figures.gather(session, SPAN, None, TERMS, 10, LATE)
        rows = [row for row in played.tickets if SPAN.since <= row["filed_at"] < SPAN.until]
        assert len(rows) < len(played.tickets), "some were filed before the semester"
        ids = sorted(row["id"] for row in rows)
        total = found.total("filed")
        assert (total and total.value, numbers(total)[0]) == (len(rows), ids)
        for key in ("kind", "category"):
            counted = {f.about[key]: (f.value, numbers(f)[0]) for f in found.all_of(f"filed_{key}")}
            by: dict[str, list[int]] = defaultdict(list)
            for row in rows:
                by[str(row[key])].append(row["id"])
            assert counted == {value: (len(its), sorted(its)) for value, its in by.items()}

        # 三率: of each place and of all, by the definitions word for word.
        slow = slowly(played.tickets, SPAN, LATE)
        for name in report_tickets.RATES:
            shares = {number: getattr(figures, name) for number, figures in slow.items()}
            figure = found.total(name)
            assert figure is not None
            assert figure.share == sum(shares.values(), NOTHING)
            parts = {f.names["en"]: f.share for f in found.all_of(name) if f.names is not None}
            assert parts == {played.places[number].names["en"]: share for number, share in shares.items()}
        of, hits, silent = numbers(found.total("response"))
        due = [row for row in rows if row["reply_due"] is not None and _counts(row)]
        assert of == sorted(row["id"] for row in due)
        assert hits == sorted(row["id"] for row in due if row["replied_at"] and row["replied_at"] <= row["reply_due"])
        assert silent == sorted(row["id"] for row in due if not row["replied_at"])
        of, hits, silent = numbers(found.total("satisfied"))
        done = (TicketState.RESOLVED, TicketState.CLOSED)
        asked = [r for r in rows if any(p["rating"] is not None or r["state"] in done for p in r["requesters"])]
        assert (of, hits, silent) == (sorted(row["id"] for row in asked), [], []), "no number says who rated how"
        times = found.total("close_time")
        closed = sorted(row["closed_at"] - row["filed_at"] for row in rows if row["state"] is TicketState.CLOSED)
        assert times is not None
        assert times.spread is not None
        assert times.spread[0] == len(closed)
        assert abs(timedelta(minutes=times.spread[1]) - closed[(len(closed) + 1) // 2 - 1]) <= timedelta(minutes=1)

        # Problems: the largest first, with what is done of them.
        gone = (TicketState.WITHDRAWN, TicketState.MERGED)
        told = [row for row in rows if row["kind"] is not TicketKind.THANKS and row["state"] not in gone]
        groups = Counter((row["category"], row["building"]) for row in told)
        problems = found.all_of("problem")
        assert {(f.about["category"], f.about["building"]): f.share.rate.of for f in problems if f.share} == dict(
            groups.most_common(report_tickets.MOST_PROBLEMS)
        )
        first = problems[0]
        its = [row for row in told if (row["category"], row["building"]) == tuple(first.about.values())[:2]]
        assert first.share is not None
        assert first.share.rate.hits == sum(row["state"] in done for row in its)

        # What was held, what was said of projects, who answered.
        study, hours = found.total("held_study"), found.total("volunteer_minutes")
        assert study is not None
        assert (study.value, study.share, study.numbers) == (2, Share(Rate(4, 6)), {"of": "1-2"})
        assert hours is not None
        assert hours.value == 215
        meeting = found.total("held_meeting")
        assert (meeting and meeting.value, meeting and meeting.share) == (0, None), "nobody came, or it was before"
        begun, over = found.total("projects_begun"), found.total("projects_concluded")
        assert (begun and begun.value, over and over.value) == (2, 1)
        project = found.all_of("project")[0]
        assert (project.value, project.about["verdict"]) == (3, "keep")
        assert project.numbers["tickets"] == "3-4, 9"
        guidance, all_ = found.total("guidance"), found.total("published")
        assert guidance is not None
        assert (guidance.value, guidance.share, guidance.numbers) == (1, Share(Rate(44, 50), 1), {"of": "1"})
        assert all_ is not None
        assert (all_.value, all_.share) == (2, Share(Rate(44, 50), 1)), "what is only drafted is not published"
        majors = found.total("majors")
        assert majors is not None
        assert (majors.value, majors.share) == (3, Share(Rate(1, 2), 1))
        assert [f.share for f in found.all_of("survey")] == [Share(Rate(240, 612), 372)] * 2
        assert found.all_of("survey_question")[0].share == Share(Rate(188, 240))
        floors = {(each.key, each.semester): each.state for each in found.floors}
        assert floors["study", AUTUMN.name] == "green"
        assert floors["satisfaction", None] == "green"
        # As it was run: asked again it finds the same.
        (sql,) = found.queries[Query.FILED]
        assert sorted(row.number for row in await session.execute(text(sql))) == ids
        for statements in found.queries.values():
            for statement in statements:
                await session.execute(text(statement))
        assert Findings.of(json.loads(json.dumps(found.plain()))) == found


def _counts(row: dict[str, Any]) -> bool:
    gone = row["state"] in (TicketState.WITHDRAWN, TicketState.MERGED)
    missed = row["reply_due"] <= LATE and (not gone or (row["closed_at"] or row["reply_due"]) > row["reply_due"])
    return row["replied_at"] is not None or missed


async def test_what_too_few_said_is_not_kept(database: Database) -> None:
    async with database.transaction() as session:
        await play(session, count=40)
        found = await report_figures.gather(session, SPAN, None, TERMS, 19, LATE)
    total, parts = found.total("satisfied"), [f for f in found.all_of("satisfied") if f.names is not None]
    assert total is not None
    assert total.share is not None
    hidden = [f for f in parts if f.hidden]
    assert hidden, "one of three stations has few"
    assert all("share" not in f.plain() for f in hidden)
    rest = total.share.rate.of - sum(f.share.rate.of for f in parts if f.share is not None)
    assert rest == 0 or rest >= 19


@given(st.lists(st.integers(0, 30), max_size=7), st.integers(1, 15))
def test_no_small_part_is_told_or_can_be_had_by_subtraction(counts: list[int], cell: int) -> None:
    told, of_all = told_of([Share(Rate(0, count)) for count in counts], cell)
    assert of_all == (sum(counts) >= cell)
    shown = [count for count, each in zip(counts, told, strict=True) if each]
    assert all(count >= cell for count in shown)
    assert not of_all or not 0 < sum(counts) - sum(shown) < cell


@given(st.sets(st.integers(1, 60)))
def test_numbers_are_folded_and_unfolded(found: set[int]) -> None:
    assert unfolded(ranges(found)) == sorted(found)


async def test_a_report_from_its_making_to_the_meeting_that_heard_it(database: Database) -> None:
    findings = Findings(LATE, 10, (), (), {})
    async with database.transaction() as session:
        await furnish(session)
        wang = await staff(session)
        report = await work_reports.make(session, WORK, TERMS, LATE, wang)
        assert (report.state, report.edition, report.until) == (State.DRAFT, 1, LATE)
        with pytest.raises(Refusal, match="there_already"):
            await work_reports.make(session, WORK, TERMS, LATE)
        for early in (
            work_reports.finish(session, report.id, LATE, wang),
            work_reports.renew(session, report.id, TERMS, LATE, wang),
            report_files.want_files(session, report.id, OFFICE, None, "en"),
        ):
            with pytest.raises(Refusal, match="counting"):
                await early
        await work_reports.counted(session, report.id, findings, LATE)
        await work_reports.write(session, report.id, "next", "More hot water", LATE, wang)
        await work_reports.write(session, report.id, "opening", "x", LATE, wang)
        await work_reports.write(session, report.id, "opening", None, LATE, wang)
        with pytest.raises(Refusal, match="words_too_long"):
            await work_reports.write(session, report.id, "next", "x" * 1501, LATE, wang)
        # Counted anew, up to then; one that cannot be counted keeps what it has.
        await work_reports.renew(session, report.id, TERMS, LATE + DAY, wang)
        await work_reports.counted(session, report.id, None, LATE + DAY)
        assert (report.counting, report.until, report.findings) == (False, LATE + DAY, findings)
        for soon in (
            work_reports.hear(session, report.id, date(2026, 11, 30), "Good", TERMS, LATE, wang),
            report_files.send_to_readers(session, report.id, "en", LATE, wang),
            work_reports.correct(session, report.id, TERMS, LATE, wang),
        ):
            with pytest.raises(Refusal, match="is_draft"):
                await soon
        await work_reports.finish(session, report.id, LATE, wang)
        for late in (
            work_reports.write(session, report.id, "next", "Less", LATE, wang),
            work_reports.renew(session, report.id, TERMS, LATE, wang),
            work_reports.finish(session, report.id, LATE, wang),
        ):
            with pytest.raises(Refusal, match="is_final"):
                await late
        await work_reports.counted(session, report.id, replace(findings, cell=3), LATE)
        assert report.findings == findings, "frozen"
        assert report.words == {"next": "More hot water"}
        with pytest.raises(Refusal, match="no_readers"):
            await report_files.send_to_readers(session, report.id, "en", LATE, wang)
        await people.grant(session, Role.READER, wang.telegram_id, given_by=1, now=LATE)
        assert await report_files.send_to_readers(session, report.id, "en", LATE, wang) == 1
        with pytest.raises(Refusal, match="drawing"):
            await report_files.want_files(session, report.id, wang.telegram_id, None, "en")
        await report_files.forget(session, wang)
        await session.flush()
        assert await session.scalar(select(ReportFile)) is None
        # The meeting.
        for day, why in ((date(2026, 12, 1), "day_to_come"), (date(2026, 9, 6), "day_before")):
            with pytest.raises(Refusal, match=why):
                await work_reports.hear(session, report.id, day, "Good", TERMS, LATE, wang)
        with pytest.raises(Refusal, match="decision_too_long"):
            await work_reports.hear(session, report.id, date(2026, 11, 30), "", TERMS, LATE, wang)
        assert await work_reports.heard(session, AUTUMN.name) is None
        await work_reports.hear(session, report.id, date(2026, 11, 30), "Good", TERMS, LATE, wang)
        assert await work_reports.heard(session, AUTUMN.name) == report
        with pytest.raises(Refusal, match="is_heard"):
            await work_reports.hear(session, report.id, date(2026, 11, 30), "Bad", TERMS, LATE, wang)
        # A correction is another edition, up to the end of its semester; the old one stays heard.
        second = await work_reports.correct(session, report.id, TERMS, LATE + 90 * DAY, wang)
        assert (second.edition, second.replaces_id, second.words) == (2, report.id, report.words)
        assert TERMS.day_of(second.until - timedelta(seconds=1)) == AUTUMN.ends
        assert await work_reports.heard(session, AUTUMN.name) == report
        with pytest.raises(Refusal, match="corrected_already"):
            await work_reports.correct(session, report.id, TERMS, LATE, wang)


async def test_drafts_come_three_weeks_before_the_end_and_the_office_is_reminded_weekly(database: Database) -> None:
    async with database.transaction() as session:
        await furnish(session)
        wang = await staff(session)

        async def there() -> list[tuple[str, str]]:
            rows = await session.execute(select(WorkReport.kind, WorkReport.period).order_by(WorkReport.id))
            return [(str(kind), period) for kind, period in rows]

        async def said() -> list[str]:
            rows = await session.scalars(select(Outgoing.payload).where(Outgoing.letter == "work_report"))
            return [payload["what"] for payload in rows if payload]

        async def on(day: date) -> datetime:
            at = TERMS.at(day, LATE.astimezone(TERMS.timezone).time())
            for _ in range(2):
                await work_reports.make_due(session, TERMS, at)
                await work_reports.remind(session, TERMS, at)
            return at

        await on(date(2026, 12, 26))
        assert await there() == []
        at = await on(date(2026, 12, 27))
        assert await there() == [("work", AUTUMN.name)]
        await work_reports.counted(session, 1, Findings(at, 10, (), (), {}), at)
        assert await said() == ["made"]
        await on(date(2027, 1, 3))
        await on(date(2027, 2, 1))
        assert await said() == ["made", "remind", "remind"]
        report = await work_reports.finish(session, 1, at, wang)
        await on(date(2027, 2, 8))
        assert len(await said()) == 4, "nobody has heard it yet"
        await work_reports.hear(session, report.id, date(2026, 12, 27), "Good", TERMS, at, wang)
        await on(date(2027, 2, 15))
        assert len(await said()) == 4
        # The year's, before the end of its last semester; it is done when it is final.
        await on(date(2027, 6, 12))
        assert len(await there()) == 1
        at = await on(date(2027, 6, 13))
        assert await there() == [("work", AUTUMN.name), ("work", SPRING.name), ("assessment", "2026-2027")]
        for number in (2, 3):
            await work_reports.counted(session, number, Findings(at, 10, (), (), {}), at)
        assert await work_reports.assessed(session, "2026-2027") is None
        await work_reports.finish(session, 3, at, wang)
        assert await work_reports.assessed(session, "2026-2027") is not None
        before = len(await said())
        await on(date(2027, 6, 21))
        assert len(await said()) == before + 1, "only the semester's report still waits"
    assert work_reports.draft_due(YEAR, CALENDAR) == date(2027, 7, 10), "without semesters the year ends with July"


async def test_the_year_is_compared_with_the_year_before_and_judges_both_semesters(database: Database) -> None:
    summer = TERMS.at(date(2027, 7, 10), LATE.astimezone(TERMS.timezone).time())
    async with database.transaction() as session:
        await play(session)
        report = await work_reports.make(session, YEAR, TERMS, summer)
        before = work_reports.span_before(report, TERMS)
        assert before is not None
        assert (TERMS.day_of(before.since), before.until) == (date(2025, 8, 1), report.since)
        found = await report_figures.gather(session, report.span, before, TERMS, 10, summer)
    floors = {(each.key, each.semester): each.state for each in found.floors}
    assert floors["study", AUTUMN.name] == "green"
    assert floors["study", SPRING.name] == "overdue"
    assert floors["reform", None] == "overdue"
    assert all(figure.before is None for figure in found.figures), "there was nothing to compare with"


async def test_what_has_changed_since_the_span_before_is_told_as_a_change(database: Database) -> None:
    middle = LATE - 45 * DAY
    span, before = (statistics.Period("semester", *ends) for ends in ((middle, LATE), (LATE - 90 * DAY, middle)))
    async with database.transaction() as session:
        await play(session)
        for since, until, said_so in ((before.since, middle, False), (middle, LATE, True)):
            its = select(Ticket.id).where(Ticket.filed_at >= since, Ticket.filed_at < until)
            said = update(Requester).where(Requester.ticket_id.in_(its), Requester.solved.is_not(None))
            await session.execute(said.values(solved=said_so))
        found = await report_figures.gather(session, span, before, TERMS, 10, LATE)
        few = await report_figures.gather(session, span, before, TERMS, 80, LATE)
    solved, satisfied = found.total("solved"), found.total("satisfied")
    assert solved is not None
    assert solved.before is not None
    assert solved.share is not None
    assert (solved.share.rate.share, solved.before.rate.share) == (1.0, 0.0)
    assert satisfied is not None
    assert satisfied.before is None, "chance made both"
    hidden = few.total("solved")
    assert hidden is not None
    assert (hidden.share is None, hidden.before) == (solved.share.rate.of < 80, None)
