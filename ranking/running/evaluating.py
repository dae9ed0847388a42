"""How good a ranker is on products that it has not learned from, beside the others; and what the gate says of it.

With enough frozen products the figures are of them alone. With fewer, all labelled products count, each scored by a
ranker that saw nothing of it: the frozen ones as it is, the others out of fold.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from ranking.evaluation import comparing, gate
from ranking.evaluation.comparing import Comparison, Row
from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.figures import figures, tops
from ranking.evaluation.judged import Judged
from ranking.evaluation.reliability import Ceiling, rater_ceiling
from ranking.evaluation.splits import LEAST_FROZEN
from ranking.exceptions import BadWish, Damaged, NotEnoughLabels
from ranking.learning.exceptions import CannotLearn, WrongTable
from ranking.learning.folds import sample_products
from ranking.learning.rankers import learner
from ranking.models import Ranker
from ranking.running import defining, features
from ranking.running import labels as labelling
from ranking.running.material import Contender, Material, Values, gather, share_now, types_of
from ranking.running.refusing import refusals
from ranking.services import policy, registry
from ranking.services.training import Wish
from raters.models import Rating

Progress = Callable[[int, int, str], None]
SUM = "sum"
BASELINES = (SUM, "zsum", "linear")
MOST_VOTES = 7
MOST_OF_CEILING = 20_000  # images
AT_ONCE = 1_000  # images whose ratings are read in one statement
BASIS = {"frozen": "of the frozen split, from which no ranker learned",
         "out of fold": "each scored by a ranker that saw nothing of its product"}  # fmt: skip
TITLES = {SUM: "Plain sum", "zsum": "Sum of six, standardised", "linear": "Linear"}
METRIC = "best metric"
CEILING = "One rater against the others"


@dataclass(frozen=True)
class Told:
    """A ranker's figures and its gate, as they are kept."""

    figures: dict[str, Any]
    gate: dict[str, Any]


def baselines(found: Material, seed: int, progress: Progress = lambda *_: None) -> dict[str, Contender]:
    """The sums and the linear ranker, trained on the same; one that cannot be is left out, but for the sum.

    Raises NotEnoughLabels.
    """
    table, labels = found.training
    trained = {}
    for done, name in enumerate(BASELINES):
        progress(done, len(BASELINES), f"{TITLES[name].lower()}, to compare with")
        try:
            trained[name] = Contender(found.guard.over(learner(name)).fit(table, labels, seed), labels)
        except CannotLearn as reason:
            if name == SUM:
                raise NotEnoughLabels(str(reason)) from reason
    return trained


def hold(name: str, own: Contender, others: Mapping[str, Contender], champion: Ranker | None, found: Material) -> Told:
    """The table of figures, and the gate against the champion: the plain sum, where there is none."""
    scores = {each: one.unseen(found.table, found.labels) for each, one in {**others, name: own}.items()}
    against, blocked = SUM, ""
    if champion is not None:
        try:
            scores[str(champion)] = _champion(champion, found)
            against = str(champion)
        except (Damaged, WrongTable) as error:
            blocked = f"the champion {champion} cannot score these images. {error} Roll it back, then evaluate again."
            champion = None
    rows = _judgeable(list(scores.values()), found)
    if not rows.any():
        return Told({"no_gate": "no labelled image is new to all rankers that are compared."}, {})
    labels = found.labels.take(rows)
    case = _Case(name, against, champion, {each: values[rows] for each, values in scores.items()}, Judged.of(labels))
    if blocked:
        return Told({**_figures(case, found, rows), "no_gate": blocked}, {})
    return Told(_figures(case, found, rows), _gate(case, found))


def evaluate_again(ranker: Ranker, progress: Progress = lambda *_: None) -> dict[str, Any]:
    """Hold a ranker against today's champion on today's labels, and keep what comes out.

    Raises NotEnoughLabels, Damaged, BadWish.
    """
    wish = Wish.from_plain(ranker.config)
    collected = labelling.collect(labelling.LabelWish(wish.campaigns, wish.rule, wish.source))
    champion = registry.champion()
    same = champion is not None and champion.pk == ranker.pk
    with refusals():
        share = share_now(len(np.unique(collected.labels.products)))
        found = gather(defining.definition_of(ranker), collected.labels, share, progress)
        found = replace(found, campaigns=tuple(source["campaign"] for source in collected.sources))
        others = baselines(found, ranker.seed, progress)
        told = hold(ranker.name, Contender.stored(ranker), others, None if same else champion, found)
    if not told.gate:
        raise BadWish(f"{ranker} cannot be evaluated: {told.figures.get('no_gate', 'nothing is new to it.')}")
    curve = {key: ranker.figures[key] for key in ("curve", "curve_words") if key in ranker.figures}
    ranker.figures, ranker.gate = {**told.figures, **curve}, told.gate
    ranker.save(update_fields=["figures", "gate"])
    return {"promote": told.gate["promote"], "images": told.figures["images"]}


def ceiling_of(candidates: NDArray[np.int64], products: NDArray[np.int64], campaigns: Sequence[int]) -> Ceiling | None:
    """One rater against the others on these images, in these campaigns; None where no image has two that count.

    The ratings of these images alone are read, some at a time. Of more than MOST_OF_CEILING images it is as many, of
    whole products drawn with a fixed seed.
    """
    rows = sample_products(products, MOST_OF_CEILING, 0)
    rows = rows[np.argsort(candidates[rows], kind="stable")]
    candidates, products = candidates[rows], products[rows]
    votes = np.full((len(candidates), MOST_VOTES), np.nan)
    filled = np.zeros(len(candidates), np.intp)
    counted = Rating.objects.filter(withdrawn_at=None, excluded=False, gold=False, campaign__in=campaigns)
    for start in range(0, len(candidates), AT_ONCE):
        some = candidates[start : start + AT_ONCE].tolist()
        place = {pk: start + row for row, pk in enumerate(some)}
        told = counted.filter(task__candidate__in=some).values_list("task__candidate", "accepted")
        for candidate, accepted in told.order_by("pk").iterator():
            row = place[candidate]
            if filled[row] < MOST_VOTES:
                votes[row, filled[row]] = accepted
                filled[row] += 1
    most = int(filled.max(initial=0))
    return rater_ceiling(votes[:, :most], products) if most > 1 else None


@dataclass(frozen=True)
class _Case:
    """All scores of the same judged images; `against` is whom the gate holds `name` against."""

    name: str
    against: str
    champion: Ranker | None
    scores: dict[str, Values]
    judged: Judged


def _champion(champion: Ranker, found: Material) -> Values:
    """By the champion, on its own features, which may be others than today's. Raises Damaged or WrongTable."""
    definition = defining.definition_of(champion)
    table = found.table
    if definition.hash != table.definition.hash:
        table = features.table_of(definition, np.unique(found.labels.products).tolist())
    return Contender.stored(champion).unseen(table, found.labels)


def _judgeable(scores: list[Values], found: Material) -> NDArray[np.bool_]:
    """(labels,): which have a score by all; only frozen ones where these are enough products."""
    rows = np.isfinite(np.stack(scores)).all(axis=0)
    frozen = rows & ~found.guard.rows(found.labels.products)
    enough = len(np.unique(found.labels.products[frozen])) >= LEAST_FROZEN
    return np.asarray(frozen if enough else rows)


def _basis(case: _Case, found: Material) -> str:
    return "frozen" if not found.guard.rows(case.judged.products).any() else "out of fold"


def _figures(case: _Case, found: Material, rows: NDArray[np.bool_]) -> dict[str, Any]:
    """As the page and the API show it; `short` is what the list of rankers tells."""
    top = policy.current().top
    labels = found.labels.take(rows)
    metric, values = comparing.best_single(found.table, case.judged, found.table.rows_of(labels.candidates))
    ceiling = ceiling_of(labels.candidates, labels.products, found.campaigns)
    told = comparing.compare({**case.scores, METRIC: values}, case.judged, n=top, ceiling=ceiling, baseline=SUM)
    own = told.row(case.name)
    sentence = "" if case.name == SUM else comparing.said_of(own, SUM)
    basis = _basis(case, found)
    return {
        "made_at": timezone.now().isoformat(),
        "images": told.candidates,
        "products": told.products,
        "passing": told.passing,
        "basis": basis,
        "basis_words": BASIS[basis],
        "columns": [*_columns(top), *_other_lifts(top)],
        "shown": [column["name"] for column in _columns(top)],
        "rows": _rows(case, told, metric),
        "sentence": sentence,
        "better": own.gain.above_zero if case.name != SUM else None,
        "reliability": [
            {"predicted": point.predicted, "observed": point.observed.value, "low": point.observed.low,
             "high": point.observed.high, "count": point.count}
            for point in own.reliability
        ],
        "short": {"auc_within": own.figures["auc_within"].value, "lift": own.lift_over_sum.value},
    }  # fmt: skip


def _columns(top: int) -> list[dict[str, Any]]:
    """What each column of the table is, the lifts behind the pass rate that they are of."""
    found = [
        {"name": one.name, "words": one.words, "better": one.better,
         "percent": one.name.startswith(("top_", "with_pass"))}
        for one in figures(top).values()
    ]  # fmt: skip
    at = next(place for place, one in enumerate(found) if one["name"] == f"top_{top}") + 1
    lifts = [_lift("lift_sum", top, "the sum"), _lift("lift_random", top, "chance")]
    return found[:at] + lifts + found[at:]


def _other_lifts(top: int) -> list[dict[str, Any]]:
    """Columns of other numbers of picks than ship; the API tells them, and the page has no room for them."""
    against = (("sum", "the sum"), ("random", "chance"))
    others = [k for k in tops(top) if k != top]
    return [_lift(f"lift_{name}_{k}", k, words) for k in others for name, words in against]


def _lift(name: str, picks: int, against: str) -> dict[str, Any]:
    return {"name": name, "words": f"picked {picks} against {against}", "better": "higher", "percent": True}


def _rows(case: _Case, told: Comparison, metric: str) -> list[dict[str, Any]]:
    own = [_row(told.row(case.name), f"{case.name} (this one)", "own")]
    if case.champion is not None:
        own.append(_row(told.row(case.against), f"{case.against} (champion)", "champion"))
    titles = {**TITLES, METRIC: f"Best single metric: {metric}"}
    for one in told.rows:
        if one.name == METRIC:
            one.figures.pop("ece", None)  # a cosine is no probability, though it may lie between 0 and 1
    rest = [_row(row, titles.get(row.name, row.name), "baseline") for row in told.rows
            if row.name not in (case.name, case.against if case.champion else "")]  # fmt: skip
    ceiling = []
    if told.ceiling is not None:
        known = {name: getattr(told.ceiling, name) for name in ("pearson", "auc", "auc_within")}
        shown = {name: {"value": value, "low": None, "high": None, "said": ""} for name, value in known.items()}
        drawn = f" ({told.ceiling.images:,} images drawn by chance)" if told.candidates > MOST_OF_CEILING else ""
        ceiling = [{"title": f"{CEILING}{drawn}", "kind": "ceiling", "figures": shown}]
    return own + rest + ceiling


def _row(row: Row, title: str, kind: str) -> dict[str, Any]:
    told = {**row.figures, **row.lifts, "lift_sum": row.lift_over_sum, "lift_random": row.lift_over_random}
    return {"title": title, "kind": kind, "figures": {name: asdict(one) for name, one in told.items()}}


def _gate(case: _Case, found: Material) -> dict[str, Any]:
    """The decision, and whom it was made against; empty where nothing can be compared."""
    own, names = types_of(np.unique(case.judged.products).tolist())
    rule = gate.Rule(n=policy.current().top)  # what ships is what is held against the champion
    types = np.array([own.get(product, 0) for product in case.judged.products.tolist()], np.int64)
    try:
        made = gate.decide(
            case.scores[case.against], case.scores[case.name], case.judged, types=types, names=names, rule=rule
        )
    except CannotEvaluate:
        return {}
    basis = _basis(case, found)
    return {
        **made.plain(),
        "reasons": made.reasons,
        "picks": rule.n,
        "basis": basis,
        "basis_words": BASIS[basis],
        "against": case.champion.pk if case.champion else None,
        "against_name": case.against if case.champion else registry.THE_SUM,
        "made_at": timezone.now().isoformat(),
    }
