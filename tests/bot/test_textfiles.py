"""Words that come as a file: in what their writers' machines write, and a clear sentence for everything else."""

from __future__ import annotations

import pytest

from bot.textfiles import MOST_BYTES, Fetched, words_of
from models.errors import Refusal


@pytest.mark.parametrize(
    "data",
    [
        "招聘会\n\n体育馆".encode(),
        "招聘会\r\n\r\n体育馆\r\n".encode("utf-8-sig"),
        "# 招聘会\n\n体育馆\n".encode(),
        "招聘会\r\n\r\n体育馆".encode("utf-16"),
        "招聘会\r\n\r\n体育馆".encode("gb18030"),
    ],
    ids=["utf-8", "windows utf-8", "markdown", "utf-16", "gb18030"],
)
def test_what_editors_write_is_read(data: bytes) -> None:
    assert words_of("Notice.MD", len(data), Fetched(data)) == "招聘会\n\n体育馆"


@pytest.mark.parametrize(
    ("name", "size", "fetched", "said"),
    [
        ("notice.docx", 10, None, "textfile.kind"),
        (None, 10, None, "textfile.kind"),
        ("notice.txt", MOST_BYTES + 1, None, "textfile.too_big"),
        ("notice.txt", 10, None, "textfile.not_fetched"),
        ("notice.txt", 10, Fetched(None), "textfile.not_fetched"),
        ("notice.txt", 10, Fetched(b"\x89PNG\r\n\x1a\n\x00\x00"), "textfile.no_text"),
        ("notice.txt", 10, Fetched(b"\xff\xfea"), "textfile.no_text"),
        ("notice.txt", 10, Fetched(b"title\xff\xff\xff"), "textfile.no_text"),
        ("notice.txt", 0, Fetched(b""), "textfile.no_text"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(
    name: str | None, size: int, fetched: Fetched | None, said: str
) -> None:
    with pytest.raises(Refusal, match=said):
        words_of(name, size, fetched)
