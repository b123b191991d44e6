"""What people see when they type "/": their own language, and the commands of the place they are in."""

from __future__ import annotations

import pytest

from bot import commands
from bot.commands import GROUP, PRIVATE
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
