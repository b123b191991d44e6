"""Pulses end at their time: the result is drawn, in each language, outside of any transaction, then sent.

Nothing is shown of fewer answers than the minimum cell: then the text alone says that too few answered.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from bot import charts
from bot.letters.polls import pulse_labels, pulse_question
from bot.toolbox import Toolbox
from models import pulses, stations
from models.database import Database
from models.pulses import Pulse, Result


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Close what is due."""
    async with database.transaction() as session:
        found = []
        for pulse in await pulses.due(session, now):
            await pulses.note_rest(session, pulse, toolbox.house.vault)
            found.append((pulse, await pulses.result(session, pulse)))
    for pulse, result in found:
        pictures = await asyncio.to_thread(_draw, pulse, result, toolbox)
        async with database.transaction() as session:
            # Locked: votes that come in now are counted before it closes, or not at all.
            open_pulse = await session.get(Pulse, pulse.id, with_for_update=True)
            if open_pulse is None or open_pulse.closed or await pulses.result(session, open_pulse) != result:
                # Somebody has voted since it was drawn: the picture would not be what is said below it. Next time.
                continue
            office = await stations.office(session)
            chats = [office.chat_id] if office.chat_id is not None else []
            await pulses.close(session, open_pulse, pictures, chats, toolbox.house, now)


def _draw(pulse: Pulse, result: Result, toolbox: Toolbox) -> dict[str, bytes]:
    if result.answered < toolbox.settings.surveys.minimum_cell:
        return {}
    pictures = {}
    for language in toolbox.house.languages:
        t = toolbox.t(language)
        pictures[language] = charts.pulse(pulse_question(pulse, t), pulse_labels(pulse, t), result, t)
    return pictures
