"""What people see when they type "/": their own language, and the commands of the place they are in."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from bot import commands
from bot.commands import GROUP, PRIVATE
from bot.helping import HEADINGS, overview
from bot.texts import BABEL, Catalogue, read
from models import people, permissions, stations
from models.people import Role
from models.permissions import Who
from sandbox.text.html import parse_html
from tests.campus import running


@pytest.mark.parametrize(
    ("languages", "chinese", "french"),
    [
        pytest.param(["zh-hans", "zh-hant", "en"], "zh-hans", "zh-hans", id="as in the example"),
        pytest.param(["en", "zh-hant"], "zh-hant", "en", id="English first, Chinese traditional"),
    ],
)
async def test_everybody_sees_the_commands_of_the_place_in_their_language(
    database_url: str, languages: list[str], chinese: str, french: str
) -> None:
    async with running(database_url, union={"languages": languages}) as campus:
        await commands.publish(campus.app.bot, campus.app.toolbox)
        for code, language in (("en", "en"), ("zh-hans", chinese), ("zh-hant", chinese), ("fr", french)):
            t = campus.t(language)
            person = await campus.stage.person("Somebody", code)
            alone = await campus.stage.look("commands", person=person.id)
            among = await campus.stage.look("commands", person=person.id, chat=campus.east.id)
            for seen, names in ((alone, PRIVATE), (among, GROUP)):
                assert seen == [{"command": n, "description": t.plain(f"command.{n}")} for n in names], code


def test_every_command_of_a_group_stands_under_a_heading_and_few_in_the_menu() -> None:
    listed = [name for names in HEADINGS.values() for name in names]
    assert len(listed) == len(set(listed))
    described = {key.removeprefix("command.") for key in read("en") if key.startswith("command.")}
    assert described == {*PRIVATE, *listed, "help"}
    assert set(GROUP) <= {*listed, "help"}
    assert len(GROUP) <= 12, "a phone shows about seven of them at once"


@pytest.mark.parametrize("language", BABEL)
def test_the_overview_of_a_group_fits_one_message(language: str) -> None:
    t = Catalogue.load(ZoneInfo("Asia/Shanghai"))[language]
    # An admin in the office may type most; a lead in a station's group some of what is left.
    text, _ = parse_html(overview(t, "Office", {Who.HERE, Who.OFFICE, Who.ADMIN, Who.PRESIDIUM, Who.LEAD}))
    assert len(text) < 3000
    assert {line.split()[0][1:] for line in text.split("\n") if line.startswith("/")} == {
        name for names in HEADINGS.values() for name in names
    }


@pytest.mark.parametrize(
    ("who", "yes", "no"),
    [
        pytest.param(
            {Who.HERE}, "a note merge open duty", "mute mode reassign poll publish roles setup block", id="staff"
        ),
        pytest.param(
            {Who.HERE, Who.LEAD}, "a mute mode reassign poll quiz study", "publish board survey setup", id="lead"
        ),
        pytest.param(
            {Who.HERE, Who.OFFICE}, "a open board publish posts", "poll study audit export block", id="office"
        ),
        pytest.param(
            {Who.ABOVE},
            "stats board publish workreport roles disclosure",
            "a note open overdue find mute",
            id="teachers",
        ),
        pytest.param(
            {Who.ABOVE, Who.ADMIN}, "publish setup", "mute mode reassign poll volunteers audit", id="admin there"
        ),
    ],
)
def test_what_somebody_can_type_here_is_listed_and_nothing_else(who: set[Who], yes: str, no: str) -> None:
    text = overview(Catalogue.load(ZoneInfo("Asia/Shanghai"))["en"], "Here", who)
    listed = {line.split()[0][1:] for line in text.split("\n") if line.startswith("/")}
    assert set(yes.split()) <= listed
    assert listed.isdisjoint(no.split())
    assert ("sealed report" in text) is (Who.ABOVE in who)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_command_that_is_listed_for_teachers_is_refused_there(database_url: str) -> None:
    """/help in their group named /overdue, which is refused there, and said nothing of sealed reports."""
    async with running(database_url) as campus:
        t = campus.t("en")
        sun = await campus.stage.person("Sun", "en")
        room = await campus.stage.group("Teachers", [sun], [])
        async with campus.app.database.transaction() as session:
            (place,) = [each for each in await stations.open_desks(session) if each.desk is stations.Desk.SUPERVISORS]
            place.chat_id, place.language = room.id, "en"
            await people.grant(session, Role.SUPERVISOR, sun.id, given_by=1, now=campus.clock())
        await sun.says("/help", chat=room)
        text = (await sun.reads("sealed report", chat=room)).text
        listed = [line.split()[0] for line in text.split("\n") if line.startswith("/")]
        assert "/publish" in listed
        for command in listed:
            await sun.says(command, chat=room)
        await sun.says("/overdue", chat=room)
        await sun.reads(t.plain("list.not_here"), chat=room)
        keys = {key for reasons in permissions.REASONS.values() for key in reasons.values()} | {"permission.not_here"}
        refusals = {t.plain(key, number=1) for key in keys - {"list.not_here"}}
        answers = [m.text for m in await room.transcript() if m.raw["from"].get("is_bot")]
        assert len(answers) >= len(listed) + 2, "each is answered"
        assert refusals.isdisjoint(answers)
