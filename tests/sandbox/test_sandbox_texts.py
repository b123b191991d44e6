"""Texts and their entities: what is kept, what is refused and in which words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from sandbox.client import Person
from sandbox.refusals import Refusal
from sandbox.text import formatted, utf16
from tests.sandbox.botapi import Api


def entities(text: str, mode: str) -> tuple[str, list[tuple[str, str]]]:
    """The plain text and, for every entity, its kind and the words it covers."""
    plain, found = formatted(text, mode, None)
    units = plain.encode("utf-16-le")
    return plain, [
        (e["type"], units[e["offset"] * 2 : (e["offset"] + e["length"]) * 2].decode("utf-16-le")) for e in found
    ]


@pytest.mark.parametrize(
    ("source", "plain", "found"),
    [
        ("<b>bold</b> plain", "bold plain", [("bold", "bold")]),
        ("<strong>a</strong><em>b</em>", "ab", [("bold", "a"), ("italic", "b")]),
        ("<b>a<i>b</i></b>", "ab", [("bold", "ab"), ("italic", "b")]),
        ("😀<u>水</u>", "😀水", [("underline", "水")]),
        ("&lt;b&gt; &amp; &quot;x&quot; &#20320;&#x597d; &unknown;", '<b> & "x" 你好 &unknown;', []),
        ('<a href="https://pku.edu.cn/a?b=1&amp;c">here</a>', "here", [("text_link", "here")]),
        ("<code>x.y</code>", "x.y", [("code", "x.y")]),
        ('<pre><code class="language-python">a</code></pre>', "a", [("pre", "a")]),
        ('<span class="tg-spoiler">s</span>', "s", [("spoiler", "s")]),
        ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", "q")]),
        ("<b>  spaced </b>", "spaced", [("bold", "spaced")]),
        ("<b></b>x", "x", []),
        ("<b>a</b><b>b</b>", "ab", [("bold", "ab")]),
        ("1 &lt; 2 > 1", "1 < 2 > 1", []),
        (
            "/start@union_bot <b>x</b>",
            "/start@union_bot x",
            [("bot_command", "/start@union_bot"), ("bold", "x")],
        ),
        ("<B>x</B>", "x", [("bold", "x")]),
    ],
)
def test_html_becomes_entities(source: str, plain: str, found: list[tuple[str, str]]) -> None:
    assert entities(source, "HTML") == (plain, found)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("<x>", 'Unsupported start tag "x" at byte offset 0'),
        ("水<br>", 'Unsupported start tag "br" at byte offset 3'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("a <", "Unclosed start tag at byte offset 2"),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<a =1>x</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<tg-emoji>x</tg-emoji>", "Invalid custom emoji identifier specified"),
    ],
)
def test_wrong_html_is_refused_with_the_place(source: str, complaint: str) -> None:
    with pytest.raises(Refusal) as caught:
        formatted(source, "HTML", None)
    assert caught.value.description == f"Bad Request: can't parse entities: {complaint}"


@pytest.mark.parametrize(
    ("source", "plain", "found"),
    [
        (
            "*bold* _it_ __un__ ~st~ ||sp||",
            "bold it un st sp",
            ["bold", "italic", "underline", "strikethrough", "spoiler"],
        ),
        (r"1\.5 \- ok\!", "1.5 - ok!", []),
        ("`code.x` ```py\nprint()```", "code.x print()", ["code", "pre"]),
        ("[link](https://a.cn/b\\)c)", "link", ["text_link"]),
        ("*bold _both_*", "bold both", ["bold", "italic"]),
        (">quote\n>more\nrest", "quote\nmore\nrest", ["blockquote"]),
        (">quote||", "quote", ["expandable_blockquote"]),
        ("![👍](tg://emoji?id=5368324170671202286)", "👍", ["custom_emoji"]),
    ],
)
def test_markdown_v2_becomes_entities(source: str, plain: str, found: list[str]) -> None:
    text, kinds = entities(source, "MarkdownV2")
    assert (text, [kind for kind, _ in kinds]) == (plain, found)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("a.", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("*a", "Can't find end of Bold entity at byte offset 0"),
        ("水 _a", "Can't find end of Italic entity at byte offset 4"),
        ("[a](b", "Can't find end of a URL at byte offset 3"),
        ("a > b", "Character '>' is reserved and must be escaped with the preceding '\\'"),
        ("`a", "Can't find end of Code entity at byte offset 0"),
    ],
)
def test_wrong_markdown_v2_is_refused_with_the_place(source: str, complaint: str) -> None:
    with pytest.raises(Refusal) as caught:
        formatted(source, "markdownv2", None)
    assert caught.value.description == f"Bad Request: can't parse entities: {complaint}"


def test_the_old_markdown_still_works_and_complains() -> None:
    assert entities("*a* _b_ `c` [d](http://e.cn)", "Markdown") == (
        "a b c d",
        [("bold", "a"), ("italic", "b"), ("code", "c"), ("text_link", "d")],
    )
    with pytest.raises(Refusal) as caught:
        formatted("snake_case", "Markdown", None)
    assert caught.value.description.endswith("Can't find end of the entity starting at byte offset 5")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/new then /help", [("bot_command", "/new"), ("bot_command", "/help")]),
        ("write to @union_bot", [("mention", "@union_bot")]),
        ("a/b 1/2", []),
        ("see https://union.edu.cn/a.", [("url", "https://union.edu.cn/a")]),
        ("mail me@pku.edu.cn", [("email", "me@pku.edu.cn")]),
        ("#漏水 now", [("hashtag", "#漏水")]),
        ("水 /new", [("bot_command", "/new")]),
    ],
)
def test_commands_links_and_mentions_are_found(text: str, found: list[tuple[str, str]]) -> None:
    assert entities(text, "none")[1] == found


@given(st.text())
def test_escaped_html_comes_back_as_it_was(text: str) -> None:
    quoted = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    plain, _ = formatted(f"x{quoted}x", "HTML", None)
    assert plain == f"x{text}x".replace("\r", "")


@given(
    st.text(alphabet=st.sampled_from("ab 水😀<>/&;=\"'#*_~`|[]()!>\n\\.biau"), max_size=60),
    st.sampled_from(["HTML", "MarkdownV2", "Markdown"]),
)
def test_any_markup_is_either_refused_or_has_entities_inside_the_text(text: str, mode: str) -> None:
    try:
        plain, found = formatted(text, mode, None)
    except Refusal as refusal:
        event(refusal.description.split(" ")[6])
        return
    length = utf16(plain)
    for entity in found:
        assert entity["offset"] >= 0
        assert entity["length"] > 0
        assert entity["offset"] + entity["length"] <= length


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_escaped_markdown_v2_comes_back_as_it_was(text: str) -> None:
    escaped = "".join("\\" + char if 0 < ord(char) <= 126 else char for char in text)
    plain, _ = formatted(f"x{escaped}x", "MarkdownV2", None)
    assert plain == f"x{text}x".replace("\r", "")


async def test_lengths_are_measured_after_parsing(api: Api, alice: Person) -> None:
    await api("sendMessage", chat_id=alice.id, text="<b>" + "水" * 4096 + "</b>", parse_mode="HTML")
    too_long = await api.refused("sendMessage", chat_id=alice.id, text="水" * 4097)
    assert too_long.description == "Bad Request: message is too long"
    picture = {"photo": ("a.jpg", b"picture")}
    await api.upload("sendPhoto", picture, chat_id=alice.id, caption="x" * 1024)
    sent = (await alice.transcript())[-1]
    file = sent["photo"][-1]["file_id"]
    refused = await api.refused("sendPhoto", chat_id=alice.id, photo=file, caption="x" * 1025)
    assert refused.description == "Bad Request: message caption is too long"


async def test_empty_texts_are_refused_in_two_ways(api: Api, alice: Person) -> None:
    assert (await api.refused("sendMessage", chat_id=alice.id, text="")).description == (
        "Bad Request: message text is empty"
    )
    assert (await api.refused("sendMessage", chat_id=alice.id, text=" \n ")).description == (
        "Bad Request: text must be non-empty"
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([{"type": "bold", "offset": 0, "length": 9}], "ends after the end of the text"),
        ([{"type": "bold", "offset": 0}], "can't parse entities: Can't find field \"length\""),
        ([{"type": "shiny", "offset": 0, "length": 1}], "unsupported type specified"),
    ],
)
async def test_entities_given_by_hand_are_checked(
    api: Api, alice: Person, given: list[dict[str, Any]], words: str
) -> None:
    refused = await api.refused("sendMessage", chat_id=alice.id, text="hello", entities=given)
    assert words in refused.description


async def test_an_unknown_parse_mode_is_refused(api: Api, alice: Person) -> None:
    refused = await api.refused("sendMessage", chat_id=alice.id, text="x", parse_mode="BBCode")
    assert refused.description == "Bad Request: unsupported parse_mode"
