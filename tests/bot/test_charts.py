"""Figures as pictures: in each language, with Chinese that is no boxes."""

from __future__ import annotations

import io
from zoneinfo import ZoneInfo

import matplotlib
import pytest
from matplotlib import image
from matplotlib.ft2font import FT2Font

from bot import charts
from bot.letters.polls import pulse_labels
from bot.texts import Catalogue
from models.figures import Rate
from models.pulses import Pulse, Result

TEXTS = Catalogue.load(ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_a_result_is_a_picture_readable_on_a_phone(language: str, recwarn: pytest.WarningsRecorder) -> None:
    t = TEXTS[language]
    pulse = Pulse(question="你对宿舍服务站满意吗？" if language != "en" else "Are you content with the station?" * 3)
    result = Result(invited=60, counts=(1, 2, 4, 20, 13), scale=True)
    png = charts.pulse(pulse.question, pulse_labels(pulse, t), result, t)
    drawn = image.imread(io.BytesIO(png))
    assert drawn.shape[1] >= 900, "wide enough for a phone's screen"
    assert 0.001 < (drawn[:, :, :3].mean(axis=2) < 0.5).mean() < 0.5, "there is something on it, and it is mostly paper"
    assert not [w for w in recwarn if "missing from" in str(w.message)], "a glyph that the font lacks is a box"
    assert matplotlib.__version__


def test_the_font_has_every_character_of_the_chinese_texts() -> None:
    font = FT2Font(str(charts.font_file()))
    known = set(font.get_charmap())
    for language in ("zh-hans", "zh-hant"):
        for key, forms in TEXTS[language].templates.items():
            text = "".join(piece for form in forms for piece, _ in form.pieces)
            chinese = {c for c in text if "\u2e80" <= c <= "\u9fff" or "\uff00" <= c <= "\uffef"}
            missing = {c for c in chinese if ord(c) not in known}
            assert not missing, (key, missing)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        pytest.param(36, 40, 76.9, 96.0, id="as in the definition"),
        pytest.param(0, 10, 0.0, 27.8, id="none"),
        pytest.param(10, 10, 72.2, 100.0, id="all"),
    ],
)
def test_a_rate_has_the_interval_of_wilson(hits: int, of: int, low: float, high: float) -> None:
    interval = Rate(hits, of).interval()
    assert round(100 * interval[0], 1) == low
    assert round(100 * interval[1], 1) == high


def test_of_nothing_nothing_is_known() -> None:
    assert Rate(0, 0).interval() == (0.0, 1.0)
