"""The files of questions and answers: what may stand in them, and the sentence for what may not."""

from __future__ import annotations

from pathlib import Path

import pytest
from opencc import OpenCC
from typer.testing import CliRunner

from bot.__main__ import app
from bot.articles import LONGEST, SHIPPED, Unfit, parse, plain_of, read, render
from bot.fields import LANGUAGES
from bot.untrusted import units
from models.articles import Article
from models.lifecycle import Kind
from models.people import Audience
from sandbox.text.html import parse_html

HEAD = "---\ntitle: Hot water\n---\n"


def written(folder: Path, name: str, text: str = f"{HEAD}At six.\n") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def told(text: str, categories: list[str] | None = None) -> list[str]:
    return [str(problem) for problem in parse("water", "en", text, categories)[1]]


# ---------------------------------------------------------------- what comes along


def test_what_comes_along_is_whole_in_every_language() -> None:
    articles, problems = read(SHIPPED)
    assert not [str(p) for p in problems if p.serious]
    by_key: dict[str, set[str]] = {}
    for article in articles:
        by_key.setdefault(article.key, set()).add(article.language)
    assert len(by_key) >= 15
    assert all(languages == set(LANGUAGES) for languages in by_key.values())


def test_each_article_fits_into_one_message_and_is_html_that_telegram_takes() -> None:
    for article in read(SHIPPED)[0]:
        text, _ = parse_html(article.html)
        assert text.strip() == article.text
        assert units(article.title) + units(text) <= LONGEST
        assert len(article.ask) >= 7, article.key


def test_the_languages_of_an_article_say_the_same_of_it() -> None:
    heads: dict[str, set[tuple[object, ...]]] = {}
    for article in read(SHIPPED)[0]:
        heads.setdefault(article.key, set()).add((article.audiences, article.categories, article.kinds))
    assert {key for key, found in heads.items() if len(found) > 1} == set()


def test_what_comes_along_is_written_in_its_own_script() -> None:
    simplified, traditional = OpenCC("t2s").convert, OpenCC("s2t").convert
    shared = set("群核布才了家占吃床裡具")
    for article in read(SHIPPED)[0]:
        text = f"{article.title} {article.text}"
        if article.language != "en":
            other = simplified(text) if article.language == "zh-hans" else traditional(text)
            assert not {a for a, b in zip(text, other, strict=False) if a != b} - shared, article.key
        if article.language == "zh-hant":
            assert "里" not in text.replace("公里", ""), f"{article.key}: inside is 裡, which the table cannot tell"


def test_nothing_that_waits_for_the_union_is_shown() -> None:
    for article in read(SHIPPED)[0]:
        assert "{{" not in article.html
        assert "{{" not in article.title


# ---------------------------------------------------------------- one file


def test_a_head_says_what_an_article_is_about() -> None:
    article, problems = parse(
        "water",
        "zh-hans",
        "---\ntitle：热水\nask: 没有热水、洗澡；热水时间\n# a remark\naudiences: graduate, hkmt\ncategories: water\n"
        "kinds: question\n---\n每天六点。\n",
    )
    assert problems == []
    assert article == Article(
        "water",
        "zh-hans",
        "热水",
        "每天六点。",
        "每天六点。",
        ("没有热水", "洗澡", "热水时间"),
        (Audience.GRADUATE, Audience.HONG_KONG_MACAO_TAIWAN),
        ("water",),
        (Kind.QUESTION,),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("At six.", 'line 1: has no head; begin with a line "---"', id="no head"),
        pytest.param("---\ntitle: x\nAt six.", 'line 3: has no head; begin with a line "---"', id="a head left open"),
        pytest.param("", "line 1: has no head", id="an empty file"),
        pytest.param("---\n---\nAt six.", 'line 2: has no title; write for example "title:', id="no title"),
        pytest.param("---\ntitle: x\nwater\n---\nx", "line 3: is no line of a head; write a name", id="no colon"),
        pytest.param(
            "---\ntitle: x\naudience: graduate\n---\nx",
            "line 3: there is no 'audience'; did you mean audiences?",
            id="a slip in a name",
        ),
        pytest.param("---\ntitle: x\ntitle: y\n---\nx", "line 3: title stands there twice", id="twice"),
        pytest.param(
            "---\ntitle: x\naudiences: gradute\n---\nx",
            "line 3: there is no 'gradute' among the audiences; write undergraduate, graduate,",
            id="an unknown audience",
        ),
        pytest.param("---\ntitle: x\nkinds: anger\n---\nx", "line 3: there is no 'anger' among the kinds", id="a kind"),
        pytest.param(f"---\ntitle: {'x' * 81}\n---\nx", "line 2: the title has 81 characters", id="a long title"),
        pytest.param(HEAD, "line 4: says nothing below its head", id="no answer"),
        pytest.param(f"{HEAD}{'x' * 3800}", "has 3811 characters with its title, one message holds 3800", id="long"),
        pytest.param(f"{HEAD}x\n\n| a | b |\n|---|---|\n| 1 | 2 |", "line 6: Telegram shows no tables", id="a table"),
        pytest.param(f"{HEAD}x\n<b>y</b>", "line 5: HTML is not shown; write Markdown", id="a tag"),
        pytest.param(f"{HEAD}x\n\n<div>\ny\n</div>", "line 6: HTML is not shown", id="a block of HTML"),
        pytest.param(f"{HEAD}![map](https://x.edu/a.png)", "line 4: pictures are not shown", id="a picture"),
        pytest.param(f"{HEAD}[form](form.pdf)", "line 4: the link to 'form.pdf' leads nowhere", id="a link to nowhere"),
        pytest.param(f"{HEAD}> a\n> > b", "line 5: a quotation stands alone", id="a quotation inside another"),
    ],
)
def test_what_cannot_be_shown_is_named_with_its_line_and_what_to_write(text: str, said: str) -> None:
    article, problems = parse("water", "en", text)
    assert article is None
    assert any(said in str(problem) for problem in problems), [str(p) for p in problems]
    assert all(str(problem).startswith("water.en.md, line ") for problem in problems)


def test_all_mistakes_are_told_at_once() -> None:
    assert len(told("---\nkinds: anger\naudiences: all\n---\n<b>x</b>")) == 4


def test_a_category_the_union_does_not_have_is_no_reason_to_hide_an_answer() -> None:
    text = "---\ntitle: x\ncategories: watr\n---\ny"
    article, (problem,) = parse("water", "en", text, ["water", "power"])
    assert article is not None
    assert not problem.serious
    assert "config.toml has no category 'watr'; did you mean water?" in str(problem)
    assert told(text) == [], "without a config nobody can say"


def test_a_line_that_waits_for_the_union_is_told_and_not_shown() -> None:
    text = HEAD + "Posted at the door.\n- Hours: {{write the hours}}\n- Late: never"
    article, (problem,) = parse("water", "en", text)
    assert article is not None
    assert article.text == "Posted at the door.\n\n• Late: never"
    assert str(problem) == "water.en.md, line 5: is not shown before somebody fills it in: write the hours"


# ---------------------------------------------------------------- Markdown


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("# Hours\n\nAt *six* and **ten**", "<b>Hours</b>\n\nAt <i>six</i> and <b>ten</b>"),
        ("- one\n- two\n  - more\n  - and more", "• one\n• two\n\u2003• more\n\u2003• and more"),
        ("3. one\n4. two", "3. one\n4. two"),
        ("- one\n\n  still one\n\n- two", "• one\n\u2003still one\n• two"),
        ("English\nlines", "English lines"),
        ("中文\n换行", "中文换行"),
        ("one  \ntwo", "one\ntwo"),
        ("[page](https://x.edu/?a=1&b=2)", '<a href="https://x.edu/?a=1&amp;b=2">page</a>'),
        ("`a<b` & 1 < 2", "<code>a&lt;b</code> &amp; 1 &lt; 2"),
        ("```\na < b\n```", "<pre>a &lt; b</pre>"),
        ("> said\n> so", "<blockquote>said so</blockquote>"),
        ("~~old~~", "<s>old</s>"),
        ("a\n\n---\n\nb", "a\n\n———\n\nb"),
    ],
)
def test_markdown_becomes_what_telegram_shows(markdown: str, html: str) -> None:
    assert render(markdown) == html
    parse_html(html)


@pytest.mark.parametrize("address", ["x:y", "//x.edu", "/form", "form.pdf"])
def test_links_that_lead_nowhere_are_refused(address: str) -> None:
    with pytest.raises(Unfit, match="leads nowhere"):
        render(f"[y]({address})")


def test_links_that_run_something_stay_words() -> None:
    assert render("[y](javascript:alert(1))") == "[y](javascript:alert(1))"


def test_plain_text_is_what_a_reader_sees() -> None:
    assert plain_of("<b>1 &lt; 2</b>") == "1 < 2"


# ---------------------------------------------------------------- a folder


def test_a_bad_file_does_not_keep_the_others_away(tmp_path: Path) -> None:
    written(tmp_path, "water.en.md")
    written(tmp_path, "heating.en.md", "no head")
    written(tmp_path, "Heating.de.md")
    written(tmp_path, "README.md", "how we write")
    written(tmp_path, "notes.txt", "nothing of ours")
    (tmp_path / "gbk.en.md").write_bytes("---\ntitle: 热水\n---\n".encode("gbk"))
    articles, problems = read(tmp_path)
    assert [article.key for article in articles] == ["water"]
    shown = "\n".join(map(str, problems))
    assert "heating.en.md, line 1: has no head" in shown
    assert "Heating.de.md: is no name of an article; write a key" in shown
    assert "gbk.en.md: cannot be read (UnicodeDecodeError); save it as UTF-8" in shown
    assert "water.zh-hans.md: does not exist; write it, until then its readers get water.en.md" in shown
    assert "notes" not in shown
    assert "README" not in shown


def test_only_the_union_s_own_languages_are_missed(tmp_path: Path) -> None:
    written(tmp_path, "water.en.md")
    assert [str(p) for p in read(tmp_path, languages=("en",))[1]] == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    for where, said in ((tmp_path / "none", "does not exist"), (written(tmp_path, "x"), "is a file, not a folder")):
        articles, (problem,) = read(where)
        assert articles == []
        assert said in str(problem)
        assert "make the folder" in str(problem)


def test_the_command_names_what_is_wrong_and_copies_what_comes_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke
    done = run(app, ["faq", "mine", "--copy"])
    assert done.exit_code == 0, done.output
    assert 'now write folder = "mine" under [faq] in config.toml' in done.output
    assert "hot-water.en.md, line 7: is not shown before somebody fills it in" in done.output
    own = written(tmp_path / "mine", "heating.en.md", "---\ntitle: Mine\n---\nOurs <b>\n")
    again = run(app, ["faq", "mine", "--copy"])
    assert own.read_text(encoding="utf-8").startswith("---\ntitle: Mine"), "what is there stays"
    assert again.exit_code == 1
    assert "✗ heating.en.md, line 4: HTML is not shown" in again.output
    assert run(app, ["faq", "nowhere"]).exit_code == 1
