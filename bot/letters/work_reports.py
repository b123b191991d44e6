"""The office hears how it is with a report: it has been counted, or could not be; it still waits for people."""

from __future__ import annotations

from bot import work_report_screens as screens
from bot.calls import Letter, text_call
from bot.letters.drawing import Drawing
from models.stations import Desk
from models.union.work_reports import WorkReport


async def told(drawing: Drawing) -> Letter:
    """Only to the office, wherever it sits now; as the report is by then."""
    station, t = await drawing.reader()
    report = await drawing.session.get(WorkReport, drawing.payload["report"])
    if station is None or station.desk is not Desk.OFFICE or report is None:
        return Letter()
    what = drawing.payload["what"]
    key = f"work_report.told_{what}" if what != "remind" else f"work_report.remind_{report.state}"
    text = t(key, title=screens.title(report.kind, report.period, t))
    return Letter([text_call(text, {"chat_id": drawing.chat_id, "reply_markup": screens.opens(report, t)})])
