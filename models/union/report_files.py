"""For whom a report is being drawn: chats in which somebody asked for it, and the report readers it is sent to. The
clock draws it outside of any transaction, the courier brings it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit, cases
from models.base import Base, Key
from models.errors import Refusal
from models.people import Person, Role
from models.union import work_reports
from models.union.work_reports import State


class ReportFile(Base):
    """A report that is to be drawn as files for one chat; the row goes when they are on their way."""

    __tablename__ = "report_files"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("work_reports.id"))
    chat_id: Mapped[int] = mapped_column(BigInteger)
    thread_id: Mapped[int | None] = mapped_column(BigInteger)
    language: Mapped[str]


async def want_files(
    session: AsyncSession, number: int, chat_id: int, thread_id: int | None, language: str
) -> ReportFile:
    """It is to be drawn for a chat. Raises Refusal while it has no figures, and when that chat waits for it already."""
    report = await work_reports.get(session, number)
    if report.figures is None:
        raise Refusal("work_report.counting")
    same = select(ReportFile.id).where(
        ReportFile.report_id == number, ReportFile.chat_id == chat_id, ReportFile.language == language
    )
    if await session.scalar(same) is not None:
        raise Refusal("work_report.drawing")
    wanted = ReportFile(report_id=number, chat_id=chat_id, thread_id=thread_id, language=language)
    session.add(wanted)
    await session.flush()
    return wanted


async def send_to_readers(session: AsyncSession, number: int, language: str, now: datetime, staff: Person) -> int:
    """A final report goes to the report readers, each in private. Returns to how many. Raises Refusal for a draft, and
    when the bot knows no reader.
    """
    report = await work_reports.get(session, number)
    if report.state is State.DRAFT:
        raise Refusal("work_report.is_draft")
    readers = await cases.holding(session, Role.READER)
    if not readers:
        raise Refusal("work_report.no_readers")
    for reader in readers:
        await want_files(session, number, reader.telegram_id, None, language)
    report.sent_at = now
    await audit.record(session, "work_report_send", now, staff=staff, report=report.id, readers=len(readers))
    return len(readers)


async def wanted_files(session: AsyncSession) -> list[ReportFile]:
    """What is to be drawn, the oldest first."""
    return list(await session.scalars(select(ReportFile).order_by(ReportFile.id)))


async def forget(session: AsyncSession, person: Person) -> None:
    """No file is on its way to somebody who wants to be forgotten."""
    for wanted in await session.scalars(select(ReportFile).where(ReportFile.chat_id == person.telegram_id)):
        await session.delete(wanted)
