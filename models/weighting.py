"""What the answers would come to if each group had answered in its part of the roster. Pure.

Some groups answer more eagerly than others. Weighted, each told group of a cut counts as much as its share of those who
were to be asked, and whoever is in none of them counts with the rest: what the told groups leave over. That can be
worked out from what is told, and is nobody or no small cell (`models/suppression.py`): nothing hidden is used. It sets
right what the groups differ in, and nothing else. It is never shown without the unweighted figure, nor without of how
many answers it is as good.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.figures import wilson
from models.means import mean
from models.questionnaires import EVERYBODY, Kind, Question, Questionnaire
from models.results import Results, satisfied
from models.tallies import Count, Cut

ORDER = (Cut.BUILDING, Cut.STATION, Cut.COLLEGE, Cut.AUDIENCE, Cut.LEVEL)
"""It is weighted by the first of these by which it can be: not by the one that changes most."""
NO_SHARE = 1e-9
"""A rest of the roster that is smaller is a rounded nought."""


@dataclass(frozen=True)
class Weighted:
    """A question as it would be if those who answered were mixed as the roster is."""

    by: Cut
    mean: float
    share: float | None
    """CSAT, 0–1; None of a scale."""
    effective: float
    """Of how many answers without weights it would be as certain (Kish): (Σw)² ÷ Σw²; never more than there are."""

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the share, 0–1: Wilson's, of so many answers as it is as good as."""
        return wilson(self.share, self.effective) if self.share is not None else None


def all_weighted(results: Results, questionnaire: Questionnaire) -> dict[str, Weighted]:
    """By question, those that can be."""
    found: dict[str, Weighted] = {}
    for question in questionnaire.questions:
        each = next((one for cut in ORDER if (one := weighted(results, cut, question)) is not None), None)
        if each is not None:
            found[question.key] = each
    return found


def weighted(results: Results, cut: Cut, question: Question) -> Weighted | None:
    """None where it cannot be had: no roster, a part of it without answers, no group told; nor of a question that was
    not asked of everybody, because the roster does not say who would have been.
    """
    everybody = results.everybody.questions.get(question.key)
    if everybody is None or question.kind not in (Kind.AGREEMENT, Kind.SCALE):
        return None
    strata = (
        _strata(results, cut, question.key, everybody) if question.only == EVERYBODY and not question.skip else None
    )
    if strata is None:
        return None
    means = [(share, mean(question, count)) for share, count in strata]
    return Weighted(
        by=cut,
        mean=sum(share * each.value for share, each in means if each is not None),
        share=sum(share * satisfied(count).share for share, count in strata)
        if question.kind is Kind.AGREEMENT
        else None,
        effective=1 / sum(share * share / count.of for share, count in strata),
    )


def _strata(results: Results, cut: Cut, key: str, everybody: Count) -> list[tuple[float, Count]] | None:
    """The told groups and the rest, each with its share; the shares are 1 together."""
    roster = results.shares.get(cut, {})
    told = {value: tally.questions[key] for value, tally in results.cuts.get(cut, {}).items() if key in tally.questions}
    if not told or not told.keys() <= roster.keys():
        return None
    rest = Count()
    rest.add(everybody)
    for count in told.values():
        rest.add(count, -1)
    strata = [(roster[value], count) for value, count in told.items()]
    share = 1 - sum(share for share, _ in strata)
    if not rest.of and share < NO_SHARE:
        return strata
    if rest.of < results.cell or share < NO_SHARE:
        return None
    return [*strata, (share, rest)]
