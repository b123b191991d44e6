"""What people see when they type "/": their own language, and the commands of the place they are in."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from bot import commands
from bot.commands import GROUP, PRIVATE
from bot.helping import HEADINGS, overview
from bot.texts import BABEL, Catalogue, read
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
    text, _ = parse_html(overview(t, "East Campus Station"))
    assert len(text) < 3000
    assert text.count("\n/") == sum(len(names) for names in HEADINGS.values())
