"""Which images of a product are shown, who says so, and where none is good enough."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Sum

from generation.models import Candidate
from generation.selectors.pictures import METRICS
from ranking.models import DriftNotice, Explanation, Ranker, Score, ScoredProduct
from ranking.selectors import by_the_sum
from ranking.services import registry, trials

NOT_SCORED = "not scored yet"
BASE = "base"  # the contribution that all begin with
# Of a metric among the product's other images, as `ranking.learning.deriving` makes it.
RELATIVE = {"difference": "less the product's mean", "rank": "rank in the product", "mean": "mean of the product"}


@dataclass(frozen=True)
class Pick:
    """One image with its probability of passing; None where the plain sum decides."""

    candidate: Candidate
    probability: float | None
    place: int
    note: str = ""


@dataclass(frozen=True)
class Picks:
    """What a product has: `outcome` is "picked", "none good enough", "not scored yet" or "no images"."""

    outcome: str
    ranker: Ranker | None
    picked: list[Pick]
    images: int
    best: float | None = None
    threshold: float | None = None
    in_trial: bool = False
    old: bool = False  # images have come or gone since

    @property
    def by(self) -> str:
        return str(self.ranker) if self.ranker else registry.THE_SUM


def deciders(product: int) -> Iterator[tuple[Ranker, bool]]:
    """The rankers whose picks a product gets, in the order in which to ask them, and whether each is by a trial.

    Until a trial's ranker has scored the product, and where it cannot, the champion stands in; after the last one, and
    where there is none, it is the plain sum that decides.
    """
    trial = trials.running()
    if trial is not None and trials.in_trial(trial, product):
        yield trial.ranker, True
    champion = registry.champion()
    if champion is not None:
        yield champion, False


def picks_of(product: int) -> Picks:
    """The images of a product to be shown now; a handful of queries.

    What a ranker said before it broke stays; of images that it cannot score any more, the next of `deciders` says it.
    """
    for ranker, in_trial in deciders(product):
        found = _by_ranker(product, ranker, in_trial)
        if found is not None and not (in_trial and found.outcome == NOT_SCORED):
            return found
    return _by_the_sum(product)


def _by_ranker(product: int, ranker: Ranker, in_trial: bool) -> Picks | None:
    """What this ranker picks; None where it is broken, and has not scored the images that there are now."""
    rows = Candidate.objects.filter(run__product=product, dropped="", clip_i__isnull=False)
    now = rows.aggregate(images=Count("pk"), ids=Sum("pk"))
    if not now["images"]:
        return Picks("no images", ranker, [], 0, in_trial=in_trial)
    scored = ScoredProduct.objects.select_related("policy").filter(ranker=ranker, product=product).first()
    old = scored is None or (now["images"], now["ids"]) != (scored.images, scored.ids)
    if old and DriftNotice.objects.filter(ranker=ranker, kind=DriftNotice.Kind.BROKEN, closed_at=None).exists():
        return None
    if scored is None:
        return Picks(NOT_SCORED, ranker, [], 0, in_trial=in_trial, old=True)
    found = Score.objects.filter(ranker=ranker, product=product, picked=True).select_related("candidate")
    picked = [Pick(one.candidate, one.probability, one.place) for one in found.order_by("place")]
    return Picks(
        "picked" if picked else "none good enough",
        ranker,
        picked,
        scored.images,
        scored.best,
        scored.policy.threshold,
        in_trial,
        old=old,
    )


def _by_the_sum(product: int) -> Picks:
    """The plain sum's own picks, of the newest run that has any, whoever decided when it ran."""
    images = Candidate.objects.filter(run__product=product, dropped="").count()
    if not images:
        return Picks("no images", None, [], 0)
    picks = by_the_sum.newest_picks(product)
    if not picks:
        return Picks("none good enough", None, [], images)
    found = Candidate.objects.in_bulk([pick.candidate for pick in picks])
    picked = [Pick(found[pick.candidate], None, pick.place) for pick in picks if pick.candidate in found]
    return Picks("picked", None, picked, images)


@dataclass(frozen=True)
class Said:
    """What one ranker says of an image."""

    ranker: Ranker
    score: Score
    total: int


def said_of(candidate: int) -> list[Said]:
    """What each ranker in use says of an image, the champion first; three queries."""
    scores = Score.objects.filter(candidate=candidate).select_related("ranker")
    on_trial = _in_trial()
    alive = [one for one in scores if one.ranker.state in ("champion", "shadow") or one.ranker_id in on_trial]
    alive.sort(key=lambda one: (one.ranker.state != "champion", -one.ranker_id))
    totals = _totals(alive)
    return [Said(one.ranker, one, totals.get(one.ranker_id, 0)) for one in alive]


def explanation_of(ranker: Ranker, candidate: int) -> Explanation | None:
    return Explanation.objects.filter(ranker=ranker, candidate=candidate).first()


def explanations_of(candidate: int) -> dict[int, list[dict[str, Any]]]:
    """{ranker: the contributions to what it says of an image} of those that were asked, and found them."""
    rows = Explanation.objects.filter(candidate=candidate, problem="")
    return dict(rows.values_list("ranker", "contributions"))


@dataclass(frozen=True)
class Bar:
    """One contribution: what it adds to the logit, and how long its bar is (0 to 100) beside the others."""

    feature: str
    value: float | None
    added: float
    length: float


def bars(explanation: Explanation, most: int) -> list[Bar]:
    """The largest contributions, those of an embedding's numbers together: none of them can be read by itself."""
    sums: dict[str, float] = {}
    values: dict[str, float | None] = {}
    for one in explanation.contributions:
        name = words_of(one["feature"])
        sums[name] = sums.get(name, 0.0) + one["contribution"]
        values[name] = one["value"] if name not in values else None
    base = sums.pop(BASE, None)
    longest = max((abs(added) for added in sums.values()), default=1.0) or 1.0
    ordered = sorted(sums.items(), key=lambda pair: -abs(pair[1]))
    shown = [Bar(name, values[name], added, round(100 * abs(added) / longest, 1)) for name, added in ordered[:most]]
    rest = sum(added for _, added in ordered[most:])
    if rest:
        shown.append(Bar(f"{len(ordered) - most} others", None, rest, round(100 * min(abs(rest) / longest, 1), 1)))
    return shown if base is None else [*shown, Bar("To begin with", None, base, 0.0)]


def words_of(feature: str) -> str:
    """A feature's name for people: "metrics.clip_i" is CLIP-I, an embedding's number is its embedding."""
    block, _, column = feature.partition(".")
    if block == "emb":
        space, _, what = column.partition(".")
        return f"{space.partition('-')[0].upper()} embedding, {what.split('.')[0].split(' ')[0].replace('_', ' ')}"
    if block == "metrics":
        return METRICS.get(column, column)
    if block == "relative":
        metric, _, kind = column.rpartition(" ")
        return f"{METRICS.get(metric, metric)}, {RELATIVE.get(kind, kind)}"
    words = column.replace("_", " ") or feature
    return words if feature == BASE else words[:1].upper() + words[1:]


def _in_trial() -> set[int]:
    trial = trials.running()
    return {trial.ranker_id} if trial else set()


def _totals(scores: Sequence[Score]) -> dict[int, int]:
    if not scores:
        return {}
    rows = ScoredProduct.objects.filter(
        ranker__in=[one.ranker_id for one in scores], product=scores[0].product_id
    ).values_list("ranker", "images")
    return dict(rows)
