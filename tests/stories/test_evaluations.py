"""The evaluation of staff, once a semester: whoever it is about reads and answers first, then the office decides."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models.evaluations import EvaluationSheet
from models.outbox import Outgoing
from tests.campus import running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_a_semester_s_evaluation_from_the_start_to_what_was_decided(database_url: str) -> None:
    async with running(database_url) as campus:
        t, office, admin, li = campus.t("en"), campus.office, campus.admin, campus.li
        wang, alice = await campus.student("Wang", "en", id=campus.wang.id), await campus.student("Alice")
        number = await campus.files(alice, "The tap in the bathroom drips all night")
        await campus.east.shows(f"#{number} ·")
        await campus.resolves()
        await li.says("/open", chat=campus.east)
        await campus.east.shows("open")
        # Only the presidium, and there.
        await wang.says("/evaluation", chat=campus.east)
        await campus.east.shows("Only the presidium can")
        await wang.says("/evaluation")
        await wang.reads("There is no evaluation sheet of yours.")
        await admin.says("/evaluation", chat=campus.east)
        await campus.east.shows("in the office’s chat or in private")
        await admin.says("/evaluation", chat=office)
        await office.shows("There is no ranking.")
        await admin.taps(t.plain("evaluation.start"), chat=office)
        await office.shows("get a sheet in private now, about tickets filed 7 Sept – 12 Oct")
        await admin.taps(t.plain("evaluation.sure"), chat=office)
        await office.shows("being filled")
        await campus.later(minutes=1)
        # Wang reads it first.
        sheet = await wang.reads("Your staff evaluation · 2026-2027-1")
        assert "First reply in time: 100.0 % (1 of 1; 95 %: 20.7–100.0)" in sheet.text
        assert "Ratings: not told, too few" in sheet.text
        assert "none has closed yet" in sheet.text
        assert f"#{number}" not in sheet.text
        assert "drips" not in sheet.text
        await admin.says("/evaluation", chat=office)
        by_name = await office.shows("By name.")

        async def presses(label: str) -> str:
            return await admin.taps(label, chat=office, message=by_name) or ""

        assert (await presses("⏳ Wang")).startswith("Wang reads it first")
        assert (await presses("⏳ Li ✉️")).startswith("Li reads it first")
        await wang.taps(t.plain("evaluation.write"))
        await wang.reads("What do you want to say to it?")
        await wang.says("I was ill\nin October")
        await wang.reads("It stands below the figures now")
        # A ticket that Wang has begun meanwhile is not dropped in silence.
        await wang.says("The lamp in my room flickers")
        await wang.reads("You wrote:")
        await wang.taps(t.plain("evaluation.write"))
        assert t.plain("draft.left") in (await wang.reads("What do you want to say to it?")).text
        await wang.says("The pump was broken in October")
        await wang.reads("The pump was broken")
        await presses("⏳ Wang")
        shown = await office.shows("The pump was broken in October")
        assert "I was ill" not in shown.text, "the later counts"
        await presses(t.plain("evaluation.back"))
        await office.shows("By name.")
        await campus.later(days=7, minutes=1)
        await office.shows("the seven days are over")
        # Nobody decides about themselves; they read their own alone with the bot.
        await presses("⏳ Zhao ✉️")
        await office.shows("The bot has no private chat with them")
        assert (await presses(t.plain("evaluation.decide"))).startswith("Nobody decides about")
        await campus.student("Zhao", id=admin.id)
        await admin.says("/evaluation")
        await admin.taps(t.plain("evaluation.mine"))
        await admin.reads("The days to answer are over")
        # A decision in words, seen once more, recorded and told.
        await presses(t.plain("evaluation.back"))
        await office.shows("By name.")
        await presses("📖 Wang")
        await office.shows("The pump was broken in October")
        await presses(t.plain("evaluation.decide"))
        await office.shows("What was decided about Wang?")
        await admin.says("Goes on, with a second person on Mondays", chat=office)
        await office.shows("Wang is told this")
        await admin.taps(t.plain("evaluation.record"), chat=office)
        await office.shows("(recorded by Zhao)")
        told = await wang.reads("What the presidium has decided")
        assert "with a second person on Mondays" in told.text
        assert "The pump was broken" in told.text
        late = await wang.taps(t.plain("evaluation.nothing"), message=sheet)
        assert late == t.plain("evaluation.too_late")
        await presses(t.plain("evaluation.back"))
        await admin.taps("✅ Wang", chat=office)
        await campus.quiet()
        async with campus.app.database.reading() as session:
            assert len((await session.scalars(select(EvaluationSheet))).all()) == 3
            letters = await session.scalars(select(Outgoing).where(Outgoing.letter == "evaluation"))
            assert [row.payload for row in letters] == [None, None], "nothing of it is left on the way"
