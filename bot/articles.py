"""The files of the questions and answers, read once at the start and in `unionbot check` and `unionbot faq`.

    articles, problems = read(Path("faq"))        every problem names file and line, and says what to write

A file is called `<key>.<language>.md`, begins with a head between two lines of dashes, and goes on in Markdown:

    ---
    title: When is there hot water?
    ask: hot water; no hot water; cold shower
    categories: water
    audiences: graduate, international
    kinds: question, need
    ---
    Hot water comes **twice a day** …

Only the title has to be there. Telegram shows a small part of HTML, so tables, pictures and HTML are refused. A line
with `{{write the hours}}` waits for the union: it is named here and shown to nobody until it is filled in.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.fields import KEY_NAME, LANGUAGES
from bot.settings import Settings
from bot.untrusted import units
from models.articles import Article, Shelf, shelve
from models.lifecycle import Kind
from models.people import Audience

SHIPPED = Path(__file__).parent / "faq"
"""What a union has that gives no folder of its own."""
LONGEST = 3800
"""Title and body, as Telegram counts them after rendering: of its 4096 the rest is for the question below."""
TITLE_LENGTH = 80
LIST = re.compile(r"[,，、;；|]")
GAP = re.compile(r"\{\{(.*?)\}\}")
HEAD = ("title", "ask", "audiences", "categories", "kinds")
EXAMPLE = "title: When is there hot water?"
SCHEMES = ("http", "https", "mailto", "tg", "tel")


@dataclass(frozen=True)
class Problem:
    """Something wrong with an article; of a `serious` one the article is not shown."""

    where: str
    text: str
    serious: bool = True

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


class Unfit(Exception):
    """This cannot stand in an article; with its line, counted from 1."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


def read(
    folder: Path, *, languages: Sequence[str] = LANGUAGES, categories: Collection[str] | None = None
) -> tuple[list[Article], list[Problem]]:
    """Every article of the folder in the order of its files, and everything that is wrong there.

    `categories` are the keys config.toml knows; None where nobody can say.
    """
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        return [], [
            Problem(str(folder), f'{what}; make the folder, or write folder = "" for the articles that come along')
        ]
    articles: list[Article] = []
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.md")):
        if path.name.lower().startswith("readme"):
            continue
        found, wrong = read_one(path, categories)
        problems += wrong
        if found is not None:
            articles.append(found)
    if not articles and not problems:
        problems.append(Problem(str(folder), "holds no article; write one as heating.en.md", serious=False))
    return articles, [*problems, *_missing(articles, languages)]


def read_one(path: Path, categories: Collection[str] | None = None) -> tuple[Article | None, list[Problem]]:
    """One file: its article, or None when something serious is wrong with it."""
    name = path.name
    key, language, *more = [*name.removesuffix(".md").split("."), ""]
    if more != [""] or language not in LANGUAGES or not KEY_NAME.fullmatch(key):
        return None, [
            Problem(name, "is no name of an article; write a key of small letters and the language, as heating.en.md")
        ]
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return None, [Problem(name, f"cannot be read ({type(error).__name__}); save it as UTF-8")]
    return parse(key, language, text, categories)


def parse(
    key: str, language: str, text: str, categories: Collection[str] | None = None
) -> tuple[Article | None, list[Problem]]:
    """The same from the file's text."""
    name = f"{key}.{language}.md"
    problems: list[Problem] = []

    def wrong(line: int, words: str, serious: bool = True) -> None:
        problems.append(Problem(f"{name}, line {line}", words, serious))

    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
    if not lines or lines[0].strip() != "---" or end is None:
        at = 1 if not lines or lines[0].strip() != "---" else len(lines)
        wrong(at, f'has no head; begin with a line "---", then "{EXAMPLE}", then a line "---"')
        return None, problems
    head: dict[str, str] = {}
    places: dict[str, int] = {}
    for number, line in enumerate(lines[1:end], 2):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        word, colon, value = line.replace("：", ":", 1).partition(":")
        word = word.strip().lower()
        if not colon:
            wrong(number, f'is no line of a head; write a name, a colon and what it is, as "{EXAMPLE}"')
        elif word not in HEAD:
            near = difflib.get_close_matches(word, HEAD, 1)
            wrong(
                number, f"there is no {word!r}; " + (f"did you mean {near[0]}?" if near else f"write {', '.join(HEAD)}")
            )
        elif word in head:
            wrong(number, f"{word} stands there twice; write it once")
        else:
            head[word], places[word] = value.strip(), number
    title = " ".join(head.get("title", "").split())
    if not title:
        wrong(places.get("title", 2), f'has no title; write for example "{EXAMPLE}"')
    elif units(title) > TITLE_LENGTH:
        wrong(places["title"], f"the title has {units(title)} characters; write at most {TITLE_LENGTH}")
    audiences = _each_of(head, places, "audiences", list(Audience), wrong)
    kinds = _each_of(head, places, "kinds", list(Kind), wrong)
    about = _listed(head.get("categories", ""))
    for each in about:
        if categories is not None and each not in categories:
            near = difflib.get_close_matches(each, categories, 1)
            then = f"did you mean {near[0]}?" if near else "it stands under the other questions"
            wrong(places["categories"], f"config.toml has no category {each!r}; {then}", serious=False)
    html, body = "", lines[end + 1 :]
    for at, line in enumerate(body):
        if gap := GAP.search(line):
            wrong(end + 2 + at, f"is not shown before somebody fills it in: {gap[1].strip()}", serious=False)
            body[at] = ""
    try:
        html = render("\n".join(body), end + 1)
    except Unfit as unfit:
        wrong(unfit.line, str(unfit))
    plain = plain_of(html)
    if not plain and not any(p.serious for p in problems):
        wrong(end + 2, "says nothing below its head; write the answer there")
    length = units(title) + 2 + units(plain)
    if length > LONGEST:
        wrong(
            len(lines),
            f"has {length} characters with its title, one message holds {LONGEST}; "
            "shorten it, or make two articles of it",
        )
    if any(problem.serious for problem in problems):
        return None, problems
    asks = tuple(_listed(head.get("ask", "")))
    article = Article(
        key,
        language,
        title,
        html,
        plain,
        asks,
        tuple(Audience(a) for a in audiences),
        tuple(about),
        tuple(Kind(k) for k in kinds),
    )
    return article, problems


def _listed(value: str) -> list[str]:
    return [part.strip() for part in LIST.split(value) if part.strip()]


def _each_of(
    head: dict[str, str], places: dict[str, int], name: str, known: Sequence[str], wrong: Callable[..., None]
) -> list[str]:
    found = []
    for each in _listed(head.get(name, "")):
        if each.lower() in known:
            found.append(each.lower())
        else:
            wrong(places[name], f"there is no {each!r} among the {name}; write {', '.join(known)}")
    return found


def _missing(articles: Iterable[Article], languages: Sequence[str]) -> Iterator[Problem]:
    by_key: dict[str, set[str]] = {}
    for article in articles:
        by_key.setdefault(article.key, set()).add(article.language)
    for key, there in by_key.items():
        for language in languages:
            if language not in there:
                shown = next(each for each in LANGUAGES if each in there)
                yield Problem(
                    f"{key}.{language}.md",
                    f"does not exist; write it, until then its readers get {key}.{shown}.md",
                    serious=False,
                )


# ---------------------------------------------------------------- Markdown to what Telegram shows

_TAGS = re.compile(r"<[^>]+>")
_parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_INLINE = {
    "strong_open": "<b>",
    "strong_close": "</b>",
    "em_open": "<i>",
    "em_close": "</i>",
    "s_open": "<s>",
    "s_close": "</s>",
    "link_close": "</a>",
}
REFUSED = {
    "table_open": "Telegram shows no tables; write a list, one line for each row",
    "html_block": "HTML is not shown; write Markdown, for example **bold** or - a list",
    "html_inline": "HTML is not shown; write Markdown, for example **bold**",
    "image": "pictures are not shown; write what is to be seen, or a link",
}


def plain_of(html: str) -> str:
    """What a reader sees of it, without markup."""
    return unescape(_TAGS.sub("", html)).strip()


def render(markdown: str, above: int = 0) -> str:
    """Markdown as the part of HTML that Telegram takes; headings are bold, list items begin with a bullet.

    Raises Unfit for what cannot be shown, with its line; `above` lines stand before it in the file.
    """
    blocks: list[str] = []
    _Renderer(blocks, above).run(_parser.parse(markdown))
    return "\n\n".join(blocks)


class _Renderer:
    """Walks over the tokens once; `lists` holds the open lists, each with its next number (None for bullets)."""

    def __init__(self, blocks: list[str], above: int) -> None:
        self._blocks = blocks
        self._above = above
        self._lists: list[int | None] = []
        self._items: list[str] = []
        """The lines of the list that is open."""
        self._fresh = False
        """The next paragraph begins an item."""
        self._quote: list[int] = []
        """Where the open quotations begin among the blocks."""

    def run(self, tokens: Sequence[Token]) -> None:
        heading = False
        for token in tokens:
            kind = token.type
            if kind in REFUSED:
                raise Unfit(self._line(token), REFUSED[kind])
            match kind:
                case "heading_open":
                    heading = True
                case "heading_close":
                    heading = False
                case "inline":
                    words = self._inline(token)
                    # Bold inside bold is refused by nobody, but reads as a slip.
                    self._say(f"<b>{words}</b>" if heading and words else words)
                case "fence" | "code_block":
                    self._say(f"<pre>{escape(token.content.rstrip(), quote=False)}</pre>")
                case "hr":
                    self._say("———")
                case "bullet_list_open":
                    self._lists.append(None)
                case "ordered_list_open":
                    self._lists.append(int(token.attrGet("start") or 1))
                case "bullet_list_close" | "ordered_list_close":
                    self._lists.pop()
                    if not self._lists:
                        self._blocks.append("\n".join(self._items))
                        self._items = []
                case "list_item_open":
                    self._fresh = True
                case "blockquote_open":
                    self._open_quote(token)
                case "blockquote_close":
                    begins = self._quote.pop()
                    inner = "\n\n".join(self._blocks[begins:])
                    self._blocks[begins:] = [f"<blockquote>{inner}</blockquote>"]

    def _open_quote(self, token: Token) -> None:
        if self._quote or self._lists:
            raise Unfit(self._line(token), "a quotation stands alone, not inside another or a list; take one > away")
        self._quote.append(len(self._blocks))

    def _say(self, html: str) -> None:
        if not self._lists:
            self._blocks.append(html)
            return
        indent = "\u2003" * (len(self._lists) - 1)
        if not self._fresh:
            self._items.append(f"{indent}\u2003{html}")
            return
        number = self._lists[-1]
        if number is not None:
            self._lists[-1] = number + 1
        mark = "•" if number is None else f"{number}."
        self._items.append(f"{indent}{mark} {html}")
        self._fresh = False

    def _inline(self, token: Token) -> str:
        parts: list[str] = []
        line = self._line(token)
        children = token.children or []
        for i, child in enumerate(children):
            if child.type in REFUSED:
                raise Unfit(line, REFUSED[child.type])
            match child.type:
                case "text":
                    parts.append(escape(child.content, quote=False))
                case "code_inline":
                    parts.append(f"<code>{escape(child.content, quote=False)}</code>")
                case "softbreak":
                    line += 1
                    parts.append(_between(children, i))
                case "hardbreak":
                    line += 1
                    parts.append("\n")
                case "link_open":
                    address = str(child.attrGet("href") or "")
                    if urlsplit(address).scheme not in SCHEMES:
                        raise Unfit(line, f"the link to {address!r} leads nowhere in Telegram; write it with https://")
                    parts.append(f'<a href="{escape(address)}">')
                case _:
                    parts.append(_INLINE.get(child.type, ""))
        return "".join(parts).strip()

    def _line(self, token: Token) -> int:
        return self._above + (token.map[0] if token.map else 0) + 1


def _between(children: Sequence[Token], i: int) -> str:
    """What a broken line becomes: a blank, and nothing where Chinese goes on in the next."""
    before = next((c.content[-1] for c in reversed(children[:i]) if c.content), "")
    after = next((c.content[0] for c in children[i + 1 :] if c.content), "")
    return "" if before > "\u2e7f" or after > "\u2e7f" else " "


def look_at(folder: Path, settings: Settings | None) -> tuple[list[Article], list[Problem]]:
    """As `read`, held against config.toml where there is one."""
    if settings is None:
        return read(folder)
    return read(folder, languages=settings.union.languages, categories=settings.category_keys())


def folder_of(settings: Settings) -> Path:
    """The union's own folder, or the one that comes along."""
    return Path(settings.faq.folder) if settings.faq.folder else SHIPPED


_shelf_that_comes_along: list[Shelf] = []
"""Made once a process: it is the same whoever runs it."""


def shelf(settings: Settings, fold: Callable[[str], str]) -> tuple[Shelf, list[Problem]]:
    """The union's articles ready to be found, and what is wrong with them; of those that come along nobody is told
    what still has to be filled in.
    """
    folder = folder_of(settings)
    if folder != SHIPPED:
        articles, problems = look_at(folder, settings)
        return shelve(articles, fold), problems
    if not _shelf_that_comes_along:
        _shelf_that_comes_along.append(shelve(read(SHIPPED)[0], fold))
    return _shelf_that_comes_along[0], []
