"""The figures of surveys agree with scipy and statsmodels, on random answers."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from bot import surveyed
from models.figures import Rate, difference, students_t, wilson
from models.means import change, mean
from models.questionnaires import Group, Kind, Option, Question, Questionnaire, Skip
from models.results import Results, satisfied
from models.tallies import Count, Cut, Tally, one
from models.weighting import all_weighted, weighted

AGREEMENT, SCALE = Question("q", Kind.AGREEMENT, {}), Question("s", Kind.SCALE, {})


def some(chance: random.Random, of: int, question: Question) -> list[int]:
    lowest, highest = (1, 5) if question is AGREEMENT else (0, 10)
    middle, wide = chance.uniform(lowest, highest), chance.uniform(0.5, 3)
    return [min(highest, max(lowest, round(chance.gauss(middle, wide)))) for _ in range(of)]


def counted(answers: list[int]) -> Count:
    return Count(len(answers), Counter(map(str, answers)))


@pytest.mark.filterwarnings("ignore:Precision loss:RuntimeWarning")
def test_rates_means_and_their_differences_are_those_of_scipy_and_statsmodels() -> None:
    from scipy import stats
    from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
    from statsmodels.stats.weightstats import DescrStatsW

    chance = random.Random(1)
    for _ in range(100):
        question = chance.choice([AGREEMENT, SCALE])
        now, before = (some(chance, chance.choice([2, 10, 40, 3000]), question) for _ in range(2))
        figure, earlier = mean(question, counted(now)), mean(question, counted(before))
        assert figure is not None
        assert earlier is not None
        theirs = DescrStatsW(now)
        assert (figure.value, figure.error) == pytest.approx((theirs.mean, theirs.std_mean))
        assert figure.interval() == pytest.approx(theirs.zconfint_mean())
        found = change(figure, earlier)
        if found is not None:
            welch = stats.ttest_ind(now, before, equal_var=False)
            assert (found.low, found.high) == pytest.approx(
                tuple(welch.confidence_interval()), abs=1e-5 * (found.high - found.low)
            )
            assert found.is_one == (welch.pvalue < 0.05)
        rate, rate_before = (Rate(sum(answer > 3 for answer in each), len(each)) for each in (now, before))
        assert rate.interval() == pytest.approx(proportion_confint(rate.hits, rate.of, method="wilson"), abs=1e-12)
        theirs = confint_proportions_2indep(rate.hits, rate.of, rate_before.hits, rate_before.of, method="newcomb")
        assert difference(rate, rate_before) == pytest.approx(theirs, abs=1e-9)
    for freedom in (1, 1.5, 9, 20.3, 1e4, 1e6):
        assert students_t(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-6)
    same = mean(SCALE, counted([7] * 10))
    assert same is not None
    assert change(same, same) is None
    assert mean(Question("w", Kind.WORDS, {}), Count(3)) is None
    assert mean(SCALE, Count()) is None


def test_a_ranking_has_mean_places_and_how_many_put_each_first() -> None:
    ranking = Question("r", Kind.RANKING, {}, tuple(Option(key, {}) for key in "abc"))
    orders = [["a", "b", "c"]] * 6 + [["c", "a", "b"]] * 4
    count = Count()
    for order in orders:
        count.add(one(Questionnaire({}, (ranking,)), {"r": order}).questions["r"])
    for option in "abc":
        assert surveyed.mean_place(ranking, count, option) == sum(each.index(option) + 1 for each in orders) / 10
        assert surveyed.places(ranking, count, option)[0] == sum(each[0] == option for each in orders)


def test_weighted_figures_are_those_of_statsmodels_and_use_nothing_that_is_hidden() -> None:
    import numpy as np
    from statsmodels.stats.weightstats import DescrStatsW

    chance = random.Random(2)
    for _ in range(50):
        question = chance.choice([AGREEMENT, SCALE])
        groups = {name: some(chance, chance.randint(10, 60), question) for name in "abcd"}
        rest = some(chance, chance.choice([0, 10, 25]), question)
        parts = [chance.uniform(0.1, 1) for _ in range(5 if rest else 4)]
        shares = [part / sum(parts) for part in parts]
        everybody = [answer for answers in [*groups.values(), rest] for answer in answers]
        results = Results(
            cell=10,
            invited=400,
            completed=len(everybody),
            partial=0,
            everybody=Tally(len(everybody), {question.key: counted(everybody)}),
            cuts={Cut.LEVEL: {name: Tally(len(a), {question.key: counted(a)}) for name, a in groups.items()}},
            # Two small groups of the roster make up the rest.
            shares={Cut.LEVEL: {**dict(zip("abcd", shares, strict=False)), **{s: sum(shares[4:]) / 2 for s in "ef"}}},
        )
        strata = [*groups.values(), rest] if rest else [*groups.values()]
        weights = np.array([w / len(a) for w, a in zip(shares, strata, strict=True) for _ in a])
        found = weighted(Results.of(results.plain()), Cut.LEVEL, question)
        assert found is not None
        assert all_weighted(results, Questionnaire({}, (question,))) == {question.key: found}
        assert found.mean == pytest.approx(DescrStatsW(everybody, weights).mean)
        assert found.effective == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
        assert found.effective <= len(everybody) + 1e-9
        if question is AGREEMENT:
            top = DescrStatsW([answer > 3 for answer in everybody], weights)
            assert found.share == pytest.approx(top.mean)
            assert found.interval == pytest.approx(wilson(top.mean, found.effective))
        else:
            assert (found.share, found.interval) == (None, None)


def test_what_cannot_be_weighted_honestly_is_not() -> None:
    def group(*of: int) -> Tally:
        return Tally(sum(of), {"q": Count(sum(of), Counter({str(i): n for i, n in enumerate(of, 1)}))})

    told = {Cut.LEVEL: {"bachelor": group(0, 0, 10, 20, 10), "master": group(5, 5, 0, 0, 10)}}
    shares = {Cut.LEVEL: {"bachelor": 0.5, "master": 0.5}}
    results = Results(10, 90, 60, 0, group(5, 5, 10, 20, 20), told, shares)
    found = weighted(results, Cut.LEVEL, AGREEMENT)
    assert found is not None
    assert found.share == 0.625
    assert satisfied(results.everybody.questions["q"]) == Rate(40, 60)
    for other in (
        replace(results, shares={}),
        replace(results, shares={Cut.LEVEL: {"bachelor": 1.0}}),
        # Somebody on the roster of whom nobody has answered; somebody has answered who is not on it.
        replace(results, shares={Cut.LEVEL: {"bachelor": 0.5, "master": 0.4, "phd": 0.1}}),
        replace(results, everybody=group(5, 5, 10, 20, 40)),
        replace(results, everybody=Tally(60)),
        replace(results, cuts={}),
    ):
        assert weighted(other, Cut.LEVEL, AGREEMENT) is None
    assert weighted(results, Cut.COLLEGE, AGREEMENT) is None
    assert weighted(results, Cut.LEVEL, replace(AGREEMENT, only=Group(levels=("master",)))) is None
    assert weighted(results, Cut.LEVEL, replace(AGREEMENT, skip=Skip("x", ("a",)))) is None
    assert weighted(results, Cut.LEVEL, replace(AGREEMENT, kind=Kind.WORDS)) is None
