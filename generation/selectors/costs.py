"""What generation has cost: seconds, GPU-seconds and money per stage, product and method, and per image that counts.

A result that several runs share has cost what it cost once; `saved` says what sharing has spared.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet, Sum

from generation.accepting import judged_of
from generation.models import Candidate, Run, RunStage, StageResult
from generation.pipeline import BY_NAME

_SUMS = ("seconds", "gpu_seconds", "images", "steps")


@dataclass(frozen=True)
class Cost:
    """Of all attempts together, failed ones too; `peak_bytes` is the most that one of them held."""

    seconds: float = 0.0
    gpu_seconds: float = 0.0
    peak_bytes: int = 0
    images: int = 0
    steps: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.seconds + other.seconds,
            self.gpu_seconds + other.gpu_seconds,
            max(self.peak_bytes, other.peak_bytes),
            self.images + other.images,
            self.steps + other.steps,
        )

    @property
    def money(self) -> float:
        """GPU time at VITRINE_GPU_HOUR_PRICE, in VITRINE_CURRENCY; a CPU's time costs nothing here."""
        return self.gpu_seconds / 3600 * float(settings.GPU_HOUR_PRICE)


@dataclass(frozen=True)
class Share:
    """Cost per image of some kind; None where there is none yet."""

    number: int
    seconds: float | None
    gpu_seconds: float | None
    money: float | None


@dataclass(frozen=True)
class Bill:
    """What something has cost in all and by stage, in the order of the stages, and how many candidates came of it."""

    stages: dict[str, Cost] = field(default_factory=dict)
    candidates: int = 0
    picked: int = 0
    saved: Cost = Cost()

    @property
    def total(self) -> Cost:
        return sum(self.stages.values(), Cost())

    @property
    def per_candidate(self) -> Share:
        return self.per(self.candidates)

    @property
    def per_picked(self) -> Share:
        return self.per(self.picked)

    def per(self, number: int) -> Share:
        """The cost of each of so many images, such as those that raters have accepted."""
        if number <= 0:
            return Share(0, None, None, None)
        total = self.total
        return Share(number, total.seconds / number, total.gpu_seconds / number, total.money / number)


def bill_of_run(run: Run) -> Bill:
    """What a run has cost; results that it found made are `saved`, and cost it nothing. Three queries."""
    own = StageResult.objects.filter(uses__run=run, uses__reused=False)
    found = StageResult.objects.filter(uses__run=run, uses__reused=True)
    bill = _bill(own, Candidate.objects.filter(run=run))
    return replace(bill, saved=sum(_by_stage(found).values(), Cost()))


def bill_of_product(product_id: int) -> Bill:
    """What all runs of a product have cost together; what its type shares is not counted. Two queries."""
    results = StageResult.objects.filter(product=product_id, uses__run__product=product_id)
    return _bill(results, Candidate.objects.filter(run__product=product_id))


def bill_of_method(method_id: int) -> Bill:
    """What a method's runs have cost together, further tiers and shared results included, each once. Two queries."""
    results = StageResult.objects.filter(uses__run__method=method_id)
    return _bill(results, Candidate.objects.filter(run__method=method_id))


def bill_of_batch(batch_id: int) -> Bill:
    """What a batch has cost, each shared result once. Two queries."""
    results = StageResult.objects.filter(uses__run__batch=batch_id)
    return _bill(results, Candidate.objects.filter(run__batch=batch_id))


@dataclass(frozen=True)
class Accepted:
    """What an image that people accepted has cost, failures included: the number that counts.

    Of the runs of which they judged `judged` images; what was not judged yet has cost nothing here.
    """

    judged: int
    cost: Share


def per_accepted(method_id: int) -> Accepted | None:
    """By a method's runs that people have judged images of; None where there is none. Four queries."""
    said = judged_of(Candidate.objects.filter(run__method=method_id, dropped=""))
    if not (judged := said.all.count()):
        return None
    runs = Run.objects.filter(pk__in=said.all.order_by().values("run"))
    bill = Bill(_by_stage(StageResult.objects.filter(uses__run__in=runs)))
    return Accepted(judged, bill.per(said.accepted.count()))


def cost_of_stage(row: RunStage) -> Cost:
    """What the result of a run's stage has cost, whoever asked for it first."""
    result = row.result
    return Cost(result.seconds, result.gpu_seconds, result.peak_bytes, result.images, result.steps)


def _bill(results: QuerySet[StageResult], candidates: QuerySet[Candidate]) -> Bill:
    counts = candidates.filter(dropped="").aggregate(all=Count("pk"), picked=Count("pk", filter=Q(picked=True)))
    return Bill(_by_stage(results), counts["all"], counts["picked"])


def _by_stage(results: QuerySet[StageResult]) -> dict[str, Cost]:
    """Each result once, however many runs use it."""
    distinct = StageResult.objects.filter(pk__in=results.order_by().values("pk"))
    sums: dict[str, Any] = {name: Sum(name) for name in _SUMS}
    rows: Any = distinct.order_by().values("stage").annotate(peak_bytes=Max("peak_bytes"), **sums)
    found = {row["stage"]: Cost(**{name: row[name] for name in (*_SUMS, "peak_bytes")}) for row in rows}
    return {name: found[name] for name in BY_NAME if name in found}
