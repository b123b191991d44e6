"""Every text exists in every language, with the same parameters, well formed, and is used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from babel.messages.pofile import read_po
from opencc import OpenCC

from bot import scripts
from bot.texts import BABEL, LOCALES, Catalogue, Forms, Template, UnknownText, cut, read, unbroken
from sandbox.text.html import parse_html

HOUSE = Path(__file__).parent.parent.parent
LANGUAGES = tuple(BABEL)
TEXTS = {language: read(language) for language in LANGUAGES}
KEYS = sorted(TEXTS["en"])
PLAIN = re.compile(r"^[a-z_]+(\.[a-z0-9_]+)+$")
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 10, 13, 4, 0, tzinfo=UTC)


def names(forms: Forms) -> frozenset[str]:
    return frozenset().union(*(form.names for form in forms))


def sources() -> Iterator[tuple[Path, ast.AST]]:
    for room in ("bot", "handlers", "models", "scheduler"):
        for path in sorted((HOUSE / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                yield path, node


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_text_and_no_other(language: str) -> None:
    assert sorted(TEXTS[language]) == KEYS


def test_a_text_takes_the_same_parameters_in_every_language() -> None:
    """A form for one may say "a" instead of the number; what any form takes, the languages share."""
    wanted = {key: {language: names(TEXTS[language][key]) for language in LANGUAGES} for key in KEYS}
    assert not {key: takes for key, takes in wanted.items() if len(set(takes.values())) > 1}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_has_as_many_forms_as_its_language(language: str) -> None:
    rules = len(Locale.parse(BABEL[language]).plural_form.tags) + 1
    for path in sorted((LOCALES / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file):
                if isinstance(message.id, tuple):
                    assert len(message.string or ()) == rules, (path.name, message.id[0])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_is_html_that_telegram_takes(language: str) -> None:
    """Telegram refuses a whole message for one wrong tag. Texts for buttons have none."""
    for key, forms in TEXTS[language].items():
        for form in forms:
            filled = form.fill(dict.fromkeys(form.names, "7"), str)
            assert filled.strip(), key
            parse_html(filled)


def test_chinese_is_written_in_its_own_script() -> None:
    """A simplified text holds no traditional characters, and the other way round."""
    simplified, traditional = OpenCC("t2s").convert, OpenCC("s2t").convert
    # The same word, or one that each script writes both ways.
    shared = set("群核布才了家")
    for key, forms in TEXTS["zh-hans"].items():
        for form in forms:
            text = "".join(piece for piece, _ in form.pieces)
            odd = {a for a, b in zip(text, simplified(text), strict=False) if a != b} - shared
            assert not odd, (key, odd)
    for key, forms in TEXTS["zh-hant"].items():
        for form in forms:
            text = "".join(piece for piece, _ in form.pieces)
            odd = {a for a, b in zip(text, traditional(text), strict=False) if a != b} - shared
            assert not odd, (key, odd)


def keys_named() -> set[str]:
    """Every string in the code that could be a key, and for those put together their beginning and a star."""
    found = set()
    for _, node in sources():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and PLAIN.match(node.value):
            found.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.Constant) else "*" for p in node.values]
            pattern = "".join(str(p) for p in parts)
            if re.fullmatch(r"[a-z_*]+(\.[a-z0-9_*]+)+", pattern):
                found.add(pattern)
    return found


def test_no_text_is_there_for_nobody() -> None:
    """Named outright, for one of several ("_n"), or put together of a subject and a word that the code knows."""
    named = keys_named()
    words = {
        word
        for _, node in sources()
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for word in re.findall(r"[a-z0-9_]+", node.value)
    }
    patterns = [
        re.compile(re.escape(n).replace(r"\*", r"([a-z0-9_]+)") + "$")
        for n in named
        if "*" in n and re.match(r"[a-z_]+\.", n)
    ]

    def put_together(key: str) -> bool:
        found = [match.groups() for pattern in patterns if (match := pattern.match(key))]
        return any(all(part in words or part.isdigit() for part in parts) for parts in found)

    assert not [key for key in KEYS if not {key, key.removesuffix("_n")} & named and not put_together(key)]


def calls_with_texts() -> Iterator[tuple[str, str, set[str], bool]]:
    """(where, key, parameters, whether all of them are seen) of each call that names a text outright."""
    notices = {"to_requester", "to_requesters", "to_station"}
    apart = {"ticket", "dedupe", "keyboard", "lane"}
    for path, node in sources():
        if not isinstance(node, ast.Call):
            continue
        func = node.func
        name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
        keys = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        given = {k.arg for k in node.keywords if k.arg}
        whole = all(k.arg for k in node.keywords)
        where = f"{path.relative_to(HOUSE)}:{node.lineno}"
        if name in ("t", "plain", "Refusal") and keys and PLAIN.match(keys[0]):
            yield where, keys[0], given, whole
        elif name == "n" and keys and PLAIN.match(keys[0]):
            yield where, keys[0], given | {"count"}, whole
        elif name in notices and keys and PLAIN.match(keys[0]):
            yield (
                where,
                keys[0],
                (given - apart) | ({"number"} if "ticket" in given or name != "to_station" else set()),
                whole,
            )


def test_a_call_names_a_text_and_gives_what_it_takes() -> None:
    calls = list(calls_with_texts())
    assert len(calls) > len(KEYS) / 2, "most texts are named outright"
    assert not [f"{where}: there is no text {key}" for where, key, _, _ in calls if key not in TEXTS["en"]]
    takes = [(where, key, names(TEXTS["en"][key]) - given) for where, key, given, whole in calls if whole]
    assert not [f"{where}: {key} takes {sorted(missing)} too" for where, key, missing in takes if missing]


def test_parameters_cannot_bring_markup_along() -> None:
    t = Catalogue.load(SHANGHAI)["en"]
    assert "&lt;b&gt;" in t("receipt.filed", number=1, station="<b>", due="x")


def test_an_unknown_key_says_so() -> None:
    with pytest.raises(UnknownText, match=r"nobody\.wrote_this"):
        Catalogue.load(SHANGHAI)["en"]("nobody.wrote_this")


def test_a_placeholder_is_nothing_but_a_name() -> None:
    with pytest.raises(ValueError, match="plain"):
        Template.parse("{person.key}")


@pytest.mark.parametrize(
    ("language", "hours", "shown"),
    [
        pytest.param("en", 2, "today 14:00", id="English, today"),
        pytest.param("zh-hans", 2, "今天 14:00", id="simplified, today"),
        pytest.param("zh-hant", 2, "今天 14:00", id="traditional, today"),
        pytest.param("en", 24, "tomorrow 12:00", id="English, tomorrow"),
        pytest.param("zh-hans", 24, "明天 12:00", id="simplified, tomorrow"),
        pytest.param("en", 24 * 4, "Sat 17 Oct 12:00", id="English, this week"),
        pytest.param("zh-hans", 24 * 4, "10月17日（周六）12:00", id="simplified, this week"),
        pytest.param("zh-hant", 24 * 4, "10月17日（週六）12:00", id="traditional, this week"),
        pytest.param("en", 24 * 100, "Thu 21 Jan 2027 12:00", id="English, another year"),
    ],
)
def test_a_moment_is_said_as_people_say_it(language: str, hours: int, shown: str) -> None:
    t = Catalogue.load(SHANGHAI)[language]
    assert t.moment(NOON + timedelta(hours=hours), NOON) == shown


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [(0, "1 min"), (59, "59 min"), (60, "1 h"), (130, "2 h 10 min"), (48 * 60, "2 days"), (24 * 60, "24 h")],
)
def test_a_span_is_rounded_to_what_matters(minutes: int, shown: str) -> None:
    assert Catalogue.load(SHANGHAI)["en"].span(timedelta(minutes=minutes)) == shown


def test_a_name_is_shown_in_the_nearest_language_there_is() -> None:
    t = Catalogue.load(SHANGHAI)
    assert t["zh-hant"].pick({"zh-hans": "东区", "en": "East"}) == "东区"
    assert t["en"].pick({"zh-hans": "东区"}) == "东区"
    assert t["en"].pick({}) == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("The tap drips", "The tap drips", id="fits"),
        pytest.param("The balcony door does not close", "The balcony door does not…", id="letters"),
        pytest.param(
            "卫生间的水龙头一直漏水，晚上睡不着", "卫生间的水龙头一直漏水…", id="characters are twice as wide"
        ),
    ],
)
def test_a_subject_is_cut_by_the_width_it_takes(text: str, shown: str) -> None:
    assert cut(text, 26) == shown


def test_no_line_ends_inside_a_rate_or_its_interval() -> None:
    said = unbroken("68.3 % (164 of 240) [62.2–73.9 %], 12 Oct 2026 – 19 Oct 2026")
    broken = re.split(r"[ –](?!\u2060)", said)
    assert broken == [
        "68.3\u00a0%",
        "(164",
        "of",
        "240)",
        "[62.2\u2060–\u206073.9\u00a0%],",
        "12",
        "Oct",
        "2026",
        "",
        "",
        "19",
        "Oct",
        "2026",
    ]


def test_a_span_of_days_says_no_weekdays() -> None:
    catalogue = Catalogue.load(SHANGHAI)
    day = NOON.date()
    assert [catalogue[language].short_day(day, day) for language in LANGUAGES] == ["10月13日", "10月13日", "13 Oct"]
    assert catalogue["en"].short_day(day, day.replace(year=2027)) == "13 Oct 2026"


def test_a_reader_gets_their_own_script_and_what_is_in_it_already_stays_as_it_is() -> None:
    for language, written, shown in (
        ("zh-hant", "热水够热吗？", "熱水夠熱嗎？"),
        ("zh-hant", "台灣的熱水", "台灣的熱水"),
        ("zh-hans", "熱水夠熱嗎？", "热水够热吗？"),
        ("zh-hans", "文件好用吗？", "文件好用吗？"),
        ("en", "热水", "热水"),
        ("zh-hant", "Tea?", "Tea?"),
    ):
        assert scripts.as_read(language, written) == shown


def test_the_other_script_follows_what_is_written_until_somebody_writes_it() -> None:
    order = ("zh-hans", "zh-hant", "en")
    first = scripts.written({"en": "Friday"}, "zh-hans", "周五开会", order)
    assert first == {"en": "Friday", "zh-hans": "周五开会", "zh-hant": "週五開會"}
    corrected = scripts.written(first, "zh-hans", "周六开会", order)
    assert corrected["zh-hant"] == "週六開會", "it does not go on saying what was wrong"
    by_hand = scripts.written(corrected, "zh-hant", "禮拜六開會", order)
    assert by_hand["zh-hans"] == "周六开会"
    assert scripts.written(by_hand, "zh-hans", "周日开会", order)["zh-hant"] == "禮拜六開會"
