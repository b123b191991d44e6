"""Reports to the Party committee: made in time by themselves, counted, drawn as files for whoever wants them, and not
forgotten.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot import work_report_evidence as evidence
from bot import work_report_screens as screens
from bot.calls import text_call
from bot.toolbox import Toolbox
from models import outbox
from models.database import Database
from models.outbox import Lane, Repeat
from models.union import report_figures, report_files, work_reports
from models.union.report_files import ReportFile
from models.union.reporting import Findings
from models.union.work_reports import WorkReport

log = structlog.get_logger()


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """What is due at `now`; drafts and reminders in working hours."""
    calendar = toolbox.house.calendar
    if calendar.is_open(now):
        async with database.transaction() as session:
            await work_reports.make_due(session, calendar, now)
            await work_reports.remind(session, calendar, now)
    async with database.reading() as session:
        uncounted = await work_reports.uncounted(session)
    for report in uncounted:
        findings = await _found(database, toolbox, report, now)
        async with database.transaction() as session:
            await work_reports.counted(session, report.id, findings, now)
    async with database.reading() as session:
        wanted = await report_files.wanted_files(session)
    for each in wanted:
        await _draw(database, toolbox, each, now)


async def _found(database: Database, toolbox: Toolbox, report: WorkReport, now: datetime) -> Findings | None:
    """A report's figures; None when they cannot be had, and the office is told."""
    calendar, cell = toolbox.house.calendar, toolbox.settings.surveys.minimum_cell
    before = work_reports.span_before(report, calendar)

    async def gather(session: AsyncSession) -> Findings:
        return await report_figures.gather(session, report.span, before, calendar, cell, now)

    try:
        return await database.aside(gather)
    except Exception as error:
        log.error("a report was not counted", report=report.id, why=type(error).__name__, exc_info=True)
        return None


async def _draw(database: Database, toolbox: Toolbox, wanted: ReportFile, now: datetime) -> None:
    async with database.reading() as session:
        report = await session.get_one(WorkReport, wanted.report_id)
    files: evidence.Files = []
    try:
        files = await evidence.drawn(report, wanted.language, toolbox.settings)
    except Exception as error:
        log.error("a report was not drawn", report=report.id, why=type(error).__name__, exc_info=True)
    t = toolbox.t(wanted.language)
    async with database.transaction() as session:
        row = await session.get(ReportFile, wanted.id, with_for_update=True)
        if row is None:
            return
        about = {"title": screens.title(report.kind, report.period, t)}
        if not files:
            failed = text_call(t("work_report.files_failed", **about), {})
            await _post(session, row, failed.method, failed.params, now)
        state = t.plain(f"work_report.state.{report.state}")
        for number, (name, content) in enumerate(files):
            caption = t("work_report.caption", state=state, edition=report.edition, **about) if number == 0 else ""
            document = {"$file": base64.b64encode(content).decode(), "name": name}
            said = {"caption": caption, "parse_mode": "HTML"} if caption else {}
            await _post(session, row, "sendDocument", {"document": document, **said}, now)
        await session.delete(row)


async def _post(session: AsyncSession, row: ReportFile, method: str, params: dict[str, Any], now: datetime) -> None:
    where = {"message_thread_id": row.thread_id} if row.thread_id is not None else {}
    await outbox.post(
        session,
        now=now,
        lane=Lane.NOTICE,
        repeat=Repeat.NUMBERED,
        chat_id=row.chat_id,
        thread_id=row.thread_id,
        method=method,
        payload={**params, **where},
    )
