"""Whatever stands in a file that the union brings in: it is read, or all that is wrong is said; never a traceback.
Reading one changes nothing, which is what keeps a refused file from changing anything.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import articles, config, enrolment, questionnaires, textfiles
from bot.config import ConfigError, Secrets
from bot.imports import Unusable, posts, tables
from models.errors import Refusal
from tests import campus
from tests.campus import EXAMPLE, TOKEN

SHIPPED = Path(articles.__file__).parent
SAMPLES = {
    "canned.csv": "station,key,zh-hans,zh-hant,en\neast,main,水管,水管,The main is closed\n",
    "canned.toml": '[[answers]]\nkey = "main"\nen = "The main is closed"\n',
    "duty.csv": "weekday,from,to,person\nmonday,08:30,10:00,Wang\n",
    "students.csv": "学号,姓名,学院,层次,类别,楼栋,楼层\n2026000001,张三,物理学院,本科,本科生,东一栋,3\n",
    "posts.csv": "post,department,name,starts,ends,decided,person\nstaff,media,Wang,2026-09-01,2027-06-30,2026-08-30,",
}

SLOW = ("config.toml", "students.csv")
"""Reading one takes a configuration."""


@cache
def sample(name: str) -> bytes:
    """A file of this kind that is right, or nearly so: what is done to it gets further than noise does."""
    if name == "config.toml":
        return EXAMPLE.read_bytes()
    if name == "survey.toml":
        return next(iter(sorted((SHIPPED / "surveys").glob("*.toml")))).read_bytes()
    if name == "article.en.md":
        return next(iter(sorted((SHIPPED / "faq").glob("*.md")))).read_bytes()
    return SAMPLES.get(name, "# A title\n\nWords").encode()


def _config(path: Path) -> object:
    return config.load(path, Secrets(TOKEN, "A" * 43).environment())


def _roster(path: Path) -> object:
    found = enrolment.read(path, campus.settings("http://127.0.0.1:1", "sqlite:///unused.db"))
    if found.problems:
        raise Unusable(found.problems)
    return found.lines


READERS: dict[str, Callable[[Path], object]] = {
    "canned.csv": lambda path: tables.canned(path, ["east", "west"]),
    "canned.toml": lambda path: tables.canned(path, ["east", "west"]),
    "duty.csv": tables.duty,
    "students.csv": _roster,
    "posts.csv": lambda path: posts.read(path, {"media": {"en": "Media"}}),
    "config.toml": _config,
    "survey.toml": questionnaires.read_one,
    "article.en.md": articles.read_one,
    "draft.md": lambda path: textfiles.words_of(path.name, path.stat().st_size, textfiles.Fetched(path.read_bytes())),
}
PIECES = st.one_of(
    st.binary(max_size=12),
    st.text(max_size=12).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from([b"\0", b"\n", b'"', b",", b";", b"[[", b"= ", b"{", b"}", b"\xff\xfe", b"\xef\xbb\xbf", b"---\n"]),
    st.sampled_from([b"9" * 30, b"-1", b"1e999", b"2026-02-30", b"25:00", b"[]", b"true", b'""', b"=1+1", b"nan"]),
)


@st.composite
def bent(draw: st.DrawFn, whole: bytes) -> bytes:
    """The same with up to four pieces of it replaced, taken out or said twice; or something else altogether."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(whole)))
        until = min(len(whole), at + draw(st.sampled_from([0, 0, 1, 2, 5, 40, 400])))
        piece = draw(st.one_of(PIECES, st.just(whole[at:until] * 2)))
        whole = whole[:at] + piece + whole[until:]
    return whole


def _looked_at(name: str, examples: int, folder: Path, **how: Any) -> None:
    path = folder / name

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        **how,
    )
    @given(bent(sample(name)))
    def look(data: bytes) -> None:
        path.write_bytes(data)
        try:
            READERS[name](path)
        except (Unusable, ConfigError, Refusal) as refused:
            assert str(refused)

    look()


@pytest.mark.parametrize("name", READERS)
def test_a_file_is_read_or_refused_in_words(name: str, tmp_path: Path) -> None:
    _looked_at(name, 6 if name in SLOW else 25, tmp_path, derandomize=True)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", READERS)
def test_many_files_are_read_or_refused_in_words(name: str, tmp_path: Path) -> None:
    _looked_at(name, 400 if name in SLOW else 4_000, tmp_path)


@pytest.mark.parametrize("name", READERS)
def test_the_samples_are_right(name: str, tmp_path: Path) -> None:
    """Otherwise everything would be refused for the same reason, and nothing further ever reached."""
    (tmp_path / name).write_bytes(sample(name))
    found = READERS[name](tmp_path / name)
    assert found
    if isinstance(found, tuple):
        assert found[0] is not None
