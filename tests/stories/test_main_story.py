"""The main story over real HTTP: a complaint reaches the station, the answer comes back, and it is really fixed."""

from __future__ import annotations

from tests.campus import running


async def test_a_complaint_reaches_the_station_and_the_answer_comes_back(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The tap in the bathroom drips all night")
        t = campus.t("en")

        card = await campus.east.shows(f"#{number}")
        assert "The tap in the bathroom drips" in card.text
        assert "Alice" in card.text

        assert await campus.wang.taps(t.plain("desk.claim"), chat=campus.east) == ""
        await campus.east.shows("in hand · Wang")
        await alice.reads(f"East Campus Station has taken on #{number}")

        await campus.wang.says("The plumber comes at three", chat=campus.east, reply_to=card)
        await alice.reads("The plumber comes at three")
        await campus.east.shows("Answer delivered")

        await campus.resolves()
        await alice.reads("Is it really fixed?")
        await alice.taps(t.plain("fixed.yes"))
        await alice.taps("5")
        await alice.says("Quick and friendly")
        await alice.reads("Thank you")
        await campus.east.shows("★★★★★ Quick and friendly")
