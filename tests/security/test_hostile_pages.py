"""Whatever harms a screen harms no page and no answer to another system either: the public pages are walked through as
a browser finds them, link by link, and Open311 is asked in both of its formats. Which pages there are says the code:
every template has to be among what was drawn.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.untrusted import for_xml
from bot.web.site import BOARD, FIGURES, SURVEYS, TEMPLATES, UNION, Site
from models import asking, people
from models.database import Database
from models.remarks import Look, Remark
from models.stations import Station
from models.surveys import Stage, Survey
from models.union import moderation, posts
from models.union.comments import Comment
from models.union.publications import TITLE_LENGTH, Heading
from tests.bot.test_open311 import calling
from tests.bot.test_pages import browsing
from tests.house import HOUSE, draft, student
from tests.models.test_disclosure import published
from tests.models.test_posts import DEPARTMENTS, UNTIL
from tests.security.attacked import ADMIN
from tests.security.test_forged_presses import on_sqlite
from tests.security.test_hostile_names import MARK, NAMES, called, seen_of, turned
from tests.surveying.results import ASKED, CLOSES, closed, three

VOID = frozenset({"meta", "br", "link", "img", "hr", "input"})
LINES = frozenset(
    {"p", "h1", "h2", "h3", "li", "td", "th", "title", "summary", "caption", "article", "section", "div", "nav"}
    | {"pre", "dt", "dd", "span"}
)
"""Each begins a line of its own: what turns one around turns no other."""
ATTRIBUTES = re.compile(r"class|href|lang|hreflang|scope|role|colspan|charset|name|content|aria-[a-z]+")
"""What an element of ours may bear; none that runs or loads anything."""
PARTS = frozenset({"frame.html", "parts.html"})
"""Templates that are parts of the others."""


class Page(HTMLParser):
    """What a browser makes of a page: its lines, its links, and what is amiss with it."""

    def __init__(self, text: str, own: re.Pattern[str] = ATTRIBUTES, leads: str = "/") -> None:
        super().__init__()
        self._own, self._leads = own, leads
        self.amiss: list[str] = []
        self.links: list[str] = []
        self.lines: list[str] = [""]
        self._open: list[str] = []
        self._said = ""
        self.feed(text)
        self.close()
        if self._open:
            self.amiss.append(f"never ended: {self._open}")
        for line in self.lines:
            self.amiss += turned("line", line)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append(tag)
        if tag in LINES or tag == "br":
            self.lines.append("")
        self._said = ""
        self._attributes(tag, attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._attributes(tag, attrs)

    def _attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if "svg" not in self._open and not self._own.fullmatch(name):
                self.amiss.append(f"<{tag}> bears {name}")
            if name == "href":
                self.links.append(value or "")
                if "svg" not in self._open and not (value or "").startswith(self._leads):
                    self.amiss.append(f"leads away: {value}")
            if name == "aria-label":
                for line in (value or "").split("\n"):
                    self.amiss += turned("label", line)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.amiss.append(f"</{tag}> ends {self._open[-1:]}")
        else:
            self._open.pop()
        if tag in ("a", "h1", "h2", "h3", "summary") and not seen_of(self._said):
            self.amiss.append(f"<{tag}> shows nothing: {self._said!r}")
        if tag in ("b", "i", "code", "a") and self._said == MARK:
            self.amiss.append(f"markup of somebody's became <{tag}>")
        if tag in LINES:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self._said += data
            self.lines[-1] += data.replace("\n", " ")

    def handle_comment(self, data: str) -> None:
        self.amiss.append(f"a comment: {data[:80]!r}")

    def unknown_decl(self, data: str) -> None:
        self.amiss.append(f"a declaration: {data[:80]!r}")


async def everything_called(session: AsyncSession, name: str) -> None:
    """What the pages show of people and of the union, all of it called so."""
    alice, now = await student(session), CLOSES - timedelta(days=3)
    title = name[:TITLE_LENGTH]
    for _ in range(2):
        await published(session, Heading.STAFF, name, now, title=title)
    await published(session, Heading.REFORM, f"{name}\n{name}", now, title=title)
    wang = await people.by_telegram_id(session, ADMIN)
    assert wang is not None
    for comment in await session.scalars(select(Comment)):
        comment.text = name
        await moderation.answer(session, comment.id, wang, name, False, HOUSE, now)
    assert alice is not None
    await posts.follow_config(session, DEPARTMENTS)
    for post in await posts.every(session):
        wanted = posts.Wanted(name[:60], now.date(), UNTIL, now.date())
        await posts.add(session, post, wanted, posts.Chosen.ELECTED, now, staff=wang)
    for each in await session.scalars(select(Survey)):
        each.stage = Stage.CLOSED
    said = three(name, name, name)
    asked = tuple(
        replace(each, text=said, options=tuple(replace(option, text=said) for option in each.options))
        for each in ASKED.questions
    )
    survey = await closed(session, asked=replace(ASKED, title=said, about=said, questions=asked))
    survey.what_changes = {**said}
    for question in asked:
        session.add(
            Remark(
                id=f"{survey.id}{question.key}", survey_id=survey.id, question=question.key, text=name, look=Look.TOLD
            )
        )


async def walked(database_url: str, name: str, monkeypatch: pytest.MonkeyPatch, languages: str) -> list[str]:
    """Everything that is amiss on any page; each is reached by its links."""
    drawn: set[str] = set()
    answer = Site.answer

    def noted(self: Site, request: Any, template: str, *given: Any, **values: Any) -> Any:
        drawn.add(template)
        return answer(self, request, template, *given, **values)

    monkeypatch.setattr(Site, "answer", noted)
    wrong: list[str] = []
    async with called(database_url, CLOSES, name) as program:
        async with program.app.database.transaction() as session:
            await everything_called(session, name)
        async with browsing(program.app.database) as gets:
            tops = (UNION, BOARD, FIGURES, SURVEYS)
            waiting = [f"{path}?lang={language}" for path in tops for language in languages.split()]
            # Nobody leads there, and somebody asks for it.
            typed = quote(re.sub(r"[{}/]", "", name[:200]))
            waiting += [f"{UNION}/{typed}", f"{SURVEYS}/{typed}", f"{UNION}/staff?version={typed}&lang={typed}"]
            seen = set(waiting)
            while waiting:
                path = waiting.pop()
                status, text, _ = await gets(path)
                page = Page(text)
                wrong += [f"{path}: {status}: {each}" for each in page.amiss]
                if status >= 500:
                    wrong.append(f"{path}: {status}")
                if status == 200 and not path.startswith(FIGURES) and MARK in name and MARK not in text:
                    wrong.append(f"{path} shows nothing of it: nothing was tested there")
                for link in page.links:
                    if any(link.endswith(f"lang={each}") for each in languages.split()) and link not in seen:
                        seen.add(link)
                        waiting.append(link)
    assert drawn == {each.name for each in TEMPLATES.glob("*.html")} - PARTS, "each kind of page was looked at"
    assert len(seen) > 10 * len(languages.split())
    return wrong


@on_sqlite
async def test_no_name_harms_a_page(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await walked(database_url, NAMES["all at once"], monkeypatch, "en") == []


@on_sqlite
@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
async def test_no_name_harms_a_page_in_any_language(
    database_url: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = await walked(database_url, NAMES[name], monkeypatch, "zh-hans zh-hant en")
    assert wrong == []


# ---------------------------------------------------------------- what other systems are told

NO_XML = f"{MARK}\x0b\x1b\ufffe]]>{MARK}"
"""What no XML can hold, and what ends a part of one."""
ALONE = re.compile("[\u200e\u200f\u202a-\u202e\u2066\u2067\u061c]")
"""What would turn around all of the line in which another system shows it."""


@on_sqlite
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(NAMES["all at once"] + NO_XML, id="all at once"),
        *(pytest.param(name, id=called, marks=pytest.mark.long) for called, name in NAMES.items()),
    ],
)
async def test_no_words_harm_what_other_systems_read(database: Database, now: datetime, name: str) -> None:
    """Both formats can be read and tell the same; what was written stays one value."""
    async with calling(database, now, include_words=True) as caller:
        async with database.transaction() as session:
            alice = await student(session, name=name)
            mine = await asking.file(session, draft(name or "-"), alice, HOUSE, now)
            for place in await session.scalars(select(Station)):
                place.names = {"en": name}
        words = name[:900]
        for form, told in (("json", _json), ("xml", _xml)):
            status, body = await caller.posts(f"/requests.{form}", description=words, address_string=f"x {name}")
            (receipt,) = told(body)
            assert (status, set(receipt) >= {"service_request_id", "token"}) == (201, True), body
        _, found = await caller.gets("/requests.json")
        _, text = await caller.gets("/requests.xml")
    assert len(found) == 3
    assert _xml(text) == [{k: v and for_xml(v).replace("\r\n", "\n") for k, v in each.items()} for each in found]
    for each in found:
        for value in map(str, each.values()):
            assert not ALONE.search(value), value
            assert list(turned("value", value)) == []
    (said,) = [each for each in found if each["service_request_id"] == str(mine.id)]
    assert (MARK in (said["description"] or "")) is (MARK in name)


def _json(body: Any) -> list[dict[str, Any]]:
    assert isinstance(body, list)
    return body


def _xml(body: str) -> list[dict[str, Any]]:
    """As the JSON has it; a record's fields are flat, or somebody's words have become an element."""
    root = ElementTree.fromstring(body)
    assert all(len(field) == 0 for record in root for field in record)
    return [{field.tag: field.text for field in record} for record in root]
