"""A pipe bursts and everybody writes: what a group sees of it, and what each student gets."""

from __future__ import annotations

import re

import pytest

from sandbox.client import Person
from tests.campus import Campus, running
from tests.stories.test_desk import files_alike

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database; the rules' own SQL is in `tests/models/`."""

PIPE = "The water pipe on the third floor has burst, everything is under water"
OTHER = "The water pipe on the third floor has burst, everything smells of gas"
COUNT = 12


async def everybody(campus: Campus) -> list[Person]:
    students = []
    for number in range(1, COUNT + 1):
        student = await campus.student(f"Student{number}")
        text = OTHER if number == COUNT else PIPE
        if number == 1:
            await campus.files(student, text)
        else:
            await files_alike(campus, student, text)
        students.append(student)
    await campus.quiet()
    return students


async def test_twelve_about_one_pipe_are_five_cards_and_one_answer(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        students = await everybody(campus)
        cards = [m for m in await campus.east.transcript() if re.match(r"\W*#\d+ · Complaint", m.text)]
        assert len(cards) == 5, [m.text for m in cards]
        head = await campus.east.shows("#1 · Complaint")
        assert "+7 more report the same" in head.text
        assert "#6 #7 #8 #9 #10 #11 … and 1 more" in head.text

        # Somebody looks at them: the last one is about gas.
        await campus.wang.taps(t.plain("burst.show"), chat=campus.east, message=head)
        shown = await campus.wang.reads("stand on the card of #1", chat=campus.east)
        assert shown.text.count("• #") == 7
        assert "smells of gas" not in head.text
        await campus.wang.taps(t.plain("burst.out", number=COUNT), chat=campus.east)
        gas = await campus.east.shows(f"#{COUNT} · Complaint")
        assert "smells of gas" in gas.text
        await campus.east.shows("+6 more report the same")
        await campus.wang.presses(shown, f"bo:{COUNT}:0", chat=campus.east)

        # Whoever claims it, claims them all.
        await campus.wang.taps(t.plain("desk.claim"), chat=campus.east, message=head)
        await students[8].reads("has taken on")

        # An answer on its card reaches those that stand on it; not those with a card of their own, and not the gas.
        await campus.wang.says("The main valve is closed", chat=campus.east, reply_to=head)
        for number, student in enumerate(students, 1):
            if number == 1 or 6 <= number < COUNT:
                answer = await student.reads("The main valve is closed")
                assert "#1" in answer.text
        await campus.quiet()
        for number in (2, COUNT):
            said = [m.text for m in await campus.stage.transcript(students[number - 1].id)]
            assert not [text for text in said if "main valve" in text]
        told = [m.text for m in await campus.stage.transcript(students[6].id)]
        assert len([text for text in told if "main valve" in text]) == 1
        assert len([text for text in told if "Your #7 is the same matter as #1" in text]) == 1
        assert told.index(next(x for x in told if "same matter" in x)) < told.index(
            next(x for x in told if "valve" in x)
        )

        # Two more are late: they stand on the card of the one that was answered, and get the next answer.
        late = [await campus.student(name) for name in ("Late", "Later")]
        for student in late:
            await files_alike(campus, student, PIPE)
        card = await campus.east.shows("+2 more report the same")
        # Four with cards, the gas, which reads like them and is on the list, and the two.
        await campus.wang.taps(t.plain("desk.cluster", count=8), chat=campus.east, message=card)
        listed = await campus.wang.reads("one matter", chat=campus.east)
        assert "and 2 more that report the same" in listed.text
        await campus.wang.taps(t.plain("merge.cluster_sure", count=8), chat=campus.east)
        prompt = await campus.wang.reads("everybody who waits will read it", chat=campus.east)
        await campus.wang.says("The pipe was replaced", chat=campus.east, reply_to=prompt)
        for student in (*students[:5], *late):
            await student.reads("The pipe was replaced")
