"""What all public pages share: one frame with its style and headers, three languages, and the links between them. They
need no script, load nothing from elsewhere, and know nobody who reads them.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from sqlalchemy.exc import DBAPIError

from bot.people import language_of
from bot.texts import Texts
from bot.toolbox import Toolbox

log = structlog.get_logger()

TEMPLATES = Path(__file__).parent / "templates"
TAGS = {"zh-hans": ("zh-Hans", "简体中文"), "zh-hant": ("zh-Hant", "繁體中文"), "en": ("en", "English")}
"""Each language's tag in HTML and its own name."""
UNION, FIGURES, SURVEYS, BOARD = "/union", "/figures", "/surveys", "/board"
"""The pages that lead to all others."""


class Site:
    """The frame: made once, used for every page."""

    def __init__(self, toolbox: Toolbox) -> None:
        self.toolbox = toolbox
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["whole"] = whole
        style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
        self._style = Markup(style)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self._headers = {
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Vary": "Accept-Language",
        }

    def t(self, request: web.Request) -> Texts:
        """The language asked for, or the one that the browser likes best of those there are."""
        asked = request.query.get("lang", "")
        languages = self.toolbox.house.languages
        if asked in languages:
            return self.toolbox.t(asked)
        liked = [code for code in _liked(request.headers.get("Accept-Language", "")) if code[:2] in ("zh", "en")]
        return self.toolbox.t(language_of(liked[0] if liked else None, languages))

    def link(self, request: web.Request, path: str, **query: int) -> str:
        """The address of a page, in the same language where that was asked for."""
        asked = request.query.get("lang", "")
        params = [f"{name}={value}" for name, value in query.items()]
        params += [f"lang={asked}"] if asked in self.toolbox.house.languages else []
        return "?".join([path, "&".join(params)]) if params else path

    def answer(
        self, request: web.Request, template: str, t: Texts, *, status: int = 200, keep: str = "", **values: Any
    ) -> web.Response:
        """A page. `keep` is what of the query belongs to its address in the other languages, too, as `version=2&`."""
        tags = {each: TAGS[each] for each in self.toolbox.house.languages}
        others = [
            {"tag": tag, "name": name, "href": f"{request.path}?{keep}lang={each}", "here": each == t.language}
            for each, (tag, name) in tags.items()
        ]
        pages = [
            {"href": self.link(request, path), "name": t.plain(f"page.{name}"), "here": request.path == path}
            for path, name in ((UNION, "union"), (BOARD, "board"), (FIGURES, "figures"), (SURVEYS, "surveys"))
        ]
        body = self._environment.get_template(template).render(
            tag=TAGS[t.language][0],
            style=self._style,
            union=t.pick(self.toolbox.settings.union.name),
            languages=others,
            language=t.plain("page.languages"),
            pages=pages,
            page_list=t.plain("page.pages"),
            **values,
        )
        headers = {**self._headers, "Content-Language": TAGS[t.language][0]}
        headers["Cache-Control"] = "public, max-age=300" if status == 200 else "no-store"
        answer = web.Response(text=body, status=status, content_type="text/html", charset="utf-8", headers=headers)
        answer.enable_compression()
        return answer

    def sorry(self, request: web.Request, t: Texts, status: int, title: str, why: str) -> web.Response:
        """A page that is not there."""
        return self.answer(request, "missing.html", t, status=status, title=title, why=why)

    def unwell(self, request: web.Request, t: Texts, title: str, error: DBAPIError) -> web.Response:
        """A page that cannot be had now."""
        log.error("a page could not be shown", why=type(error).__name__)
        return self.sorry(request, t, 503, title, t.plain("page.trouble"))


def whole(text: str) -> Markup:
    """The text, its intervals not broken at the end of a line."""
    return Markup(re.sub(r"\[[^\[\]]*\]", r'<span class="whole">\g<0></span>', str(escape(text))))


def _liked(header: str) -> list[str]:
    """The codes of an Accept-Language header, the best liked first; what cannot be read is left out."""
    found = re.findall(r"([A-Za-z-]{2,20})(?:\s*;\s*q=([01](?:\.\d{0,3})?))?\s*(?:,|$)", header[:200])
    return [code.lower() for code, _ in sorted(found, key=lambda each: -float(each[1] or 1))]
