"""Two people in a station's chat at the same moment: one act, and the other is told so, on every kind of database."""

from __future__ import annotations

import asyncio

from tests.campus import running

TAP = "The tap in the bathroom drips all night"


async def test_of_two_who_claim_at_once_one_wins_and_the_other_is_told_who(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        number = await campus.files(await campus.student("Alice"), TAP)
        card = await campus.east.shows(f"#{number} ·")
        payload = next(b["callback_data"] for b in card.buttons if b["text"] == t.plain("desk.claim"))
        assert await campus.wang.presses(card, payload, chat=campus.east) == ""
        assert await campus.li.presses(card, payload, chat=campus.east) == t.plain(
            "claim.taken", number=number, name="Wang"
        )
        await campus.east.shows("in hand · Wang")


async def test_a_double_tap_on_a_templates_send_answers_once(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        for label in ("date", "visit"):
            text = t.plain(f"template.{label}", number=number)
            await campus.wang.taps(t.plain("desk.answers"), chat=campus.east)
            await campus.wang.taps(t.plain(f"template_label.{label}"), chat=campus.east)
            preview = await campus.wang.reads(text, chat=campus.east)
            pressed = [campus.wang.presses(preview, f"c:send:{number}:{label}", chat=campus.east) for _ in range(2)]
            answers = await asyncio.gather(*pressed)
            assert sorted(filter(None, answers)) == [t.plain("desk.sent_already", number=number)]
            await alice.reads(text)
            await campus.quiet()
            assert len([m for m in await alice.transcript() if text in m.text]) == 1
