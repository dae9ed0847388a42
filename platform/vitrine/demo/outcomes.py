"""How far each step of a show is, seen from the rows themselves: nothing has to be told that anything happened."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef
from django.urls import reverse

from catalog.models import Photo, Product
from generation.models import Candidate, RunStage
from generation.models.runs import RunState
from jobs.models import Job, State, Step
from ranking.models import Promotion, Training
from ranking.services.registry import champion
from raters.models import Campaign, CampaignFigures, Task, Verdict
from raters.models.campaigns import CampaignState, Origin
from raters.models.ratings import Outcome
from raters.models.tasks import TaskState
from raters.services import figures
from review.models import Comparison, JudgedImage
from vitrine.demo.own_runs import own_runs
from vitrine.demo.shows import LEARN, STEP, SWAPS, Show, made, shows

HANDED_OUT = (TaskState.FRESH, TaskState.BEGUN, TaskState.FULL)  # of images that somebody rates, or will
OVER = (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED, RunState.NEEDS_PERSON)


@dataclass(frozen=True)
class Progress:
    """How far a step is; `said` is what came of it, in a sentence or less; `asks`: it waits for a person's help."""

    done: int
    total: int
    said: str = ""
    asks: bool = False

    @property
    def over(self) -> bool:
        return self.done >= self.total


_NOT_YET = Progress(0, 1)
_ENDED = {State.FAILED: "failed", State.CANCELLED: "was cancelled"}


def photos_there(show: Show) -> Progress:
    there = Product.objects.filter(pk__in=show.products, photo_count__gt=0).count()
    photos, total = Photo.objects.filter(product__in=show.products).count(), len(existing(show.products))
    return Progress(there, total, f"{photos} photos of {total} products")


def existing(products: Sequence[int]) -> tuple[int, ...]:
    """Those products that nobody has removed, in their order."""
    there = set(Product.objects.filter(pk__in=products).values_list("pk", flat=True))
    return tuple(pk for pk in products if pk in there)


def runs_over(products: Callable[[Show], tuple[int, ...]], names: tuple[str, ...], show: Show) -> Progress:
    asked = existing(products(show))
    rows = own_runs(show, names, asked)
    states = list(rows.values_list("state", "product"))
    images = Candidate.objects.filter(run__in=rows, dropped="").count()
    asking = len({product for state, product in states if state == RunState.NEEDS_PERSON})
    ask = f"{asking} product{'s ask' if asking > 1 else ' asks'} a person"
    # A crowd's show goes on without them, as long as there is anything to judge.
    waits = bool(asking) and not (show.crowd and images)
    over = sum(state in OVER for state, _ in states)
    total = sum(len(show.of_method(name, asked)) for name in names)
    return Progress(over, total, f"{images} images" + (f"; {ask}" if asking else ""), waits)


def learning_stopped(show: Show) -> bool:
    """Whether the step that has methods learn was given up, and nothing that it had asked for goes on."""
    given_up = Job.objects.filter(key=show.key(LEARN), state__in=tuple(_ENDED)).exists()
    rows = own_runs(show, show.learns, show.first)
    return given_up and not rows.exclude(state__in=OVER).exists()


@dataclass(frozen=True)
class Asked:
    """A product whose runs wait for a person: `problem` is what for, `url` where to help."""

    product: Product
    problem: str
    url: str


def asked_of_people(show: Show) -> list[Asked]:
    """The products that wait for a person, in their order: one to mark in its photo, or one that lacks something."""
    rows = own_runs(show, SWAPS, show.products).filter(state=RunState.NEEDS_PERSON)
    rows = rows.annotate(planned=Exists(RunStage.objects.filter(run=OuterRef("pk")))).select_related("product__cover")
    by_product = {run.product_id: run for run in rows.order_by("-pk")}
    return [
        Asked(run.product, run.problem, _where_to_help(run)) for run in (by_product[pk] for pk in sorted(by_product))
    ]


def _where_to_help(run: Any) -> str:
    """A run that was planned has looked at the photos, and not found the product; one that was not lacks something."""
    if run.planned and run.product.cover_id:
        return reverse("generation:cutout", args=[run.product.cover_id])
    return str(run.product.get_absolute_url())


def images(show: Show, products: Sequence[int] | None = None) -> list[int]:
    """The ids of what is judged of the show's products, or of these of them."""
    asked = show.products if products is None else products
    rows = Candidate.objects.filter(run__in=own_runs(show, show.judged, asked))
    return list(rows.filter(dropped="").order_by("pk").values_list("pk", flat=True))


def campaign_of(show: Show, step: str) -> Campaign | None:
    pk = made(show, step, "campaign")
    return Campaign.objects.filter(pk=pk).first() if pk else None


def judged(show: Show) -> Campaign | None:
    """The campaign whose verdicts this show's figures are about, once it has all that it will have by itself.

    A withheld image waits for an operator, and holds up nothing.
    """
    if show.crowd:
        campaign = campaign_of(show, "crowd")
        return campaign if campaign and campaign.state == CampaignState.CLOSED else None
    campaign = campaign_of(show, "rate")
    if campaign is None or not (found := _by_state(campaign))[TaskState.COMPLETE]:
        return None
    if campaign.state == CampaignState.CLOSED:
        return campaign
    waits = campaign.task_count < len(images(show)) or any(found[state] for state in HANDED_OUT)
    return None if waits else campaign


def rated_in(campaign: Campaign) -> int:
    """How many of its images have all the ratings that they want."""
    return _by_state(campaign)[TaskState.COMPLETE]


def withheld_in(campaign: Campaign) -> int:
    """How many of its images are held back until an operator decides."""
    return _by_state(campaign)[TaskState.WITHHELD]


def _by_state(campaign: Campaign) -> Counter[str]:
    rows = Task.objects.filter(campaign=campaign).order_by().values("state").annotate(count=Count("pk"))
    return Counter(dict(rows.values_list("state", "count")))


def more_are_judged(show: Show) -> bool:
    """Whether the figures are about fewer images than people have judged by now: others joined the campaign since."""
    if show.crowd:
        return False
    done = Job.objects.filter(key=show.key("figures"), state=State.SUCCEEDED).values_list("result", flat=True).first()
    campaign = judged(show) if done else None
    return bool(done and campaign and rated_in(campaign) > done.get("images", campaign.task_count))


def crowd_missed_some(show: Show) -> bool:
    """Whether there are more images than the crowd was asked about: of a step that was tried again after its end."""
    done = Job.objects.filter(key=show.key("crowd"), state=State.SUCCEEDED).values_list("result", flat=True).first()
    return bool(done and "images" in done and len(images(show)) > done["images"])


def some_images(show: Show, most: int) -> list[Candidate]:
    """Of background-swap: one of each product in the order of the show, then more of the same."""
    places = {pk: place for place, pk in enumerate(show.products)}
    rows = Candidate.objects.filter(run__in=own_runs(show, SWAPS[:1], show.products), dropped="")
    turns: Counter[int] = Counter()
    order: list[tuple[int, int, Candidate]] = []
    for row in rows.select_related("run__product").order_by("-picked", "pk"):
        turns[row.run.product_id] += 1
        order.append((turns[row.run.product_id], places[row.run.product_id], row))
    return [row for _, _, row in sorted(order, key=lambda one: one[:2])[:most]]


@dataclass(frozen=True)
class Drawn:
    """A product that the small set has learned, and by each method the image that is most like its photos."""

    product: Product
    images: list[Candidate]


def best_drawn(show: Show) -> list[Drawn]:
    """What the small set drew, in the order of the products: the best of each by DINO-I."""
    rows = Candidate.objects.filter(run__in=own_runs(show, show.along, show.first))
    found: dict[tuple[int, str], Candidate] = {}
    likest = F("dino_i").desc(nulls_last=True)
    for row in rows.filter(dropped="").select_related("run__product__cover", "run__method").order_by(likest, "pk"):
        found.setdefault((row.run.product_id, row.run.method.name), row)
    images = [[found[pk, name] for name in show.along if (pk, name) in found] for pk in show.first]
    return [Drawn(some[0].run.product, some) for some in images if some]


def yours(show: Show) -> Progress:
    campaign = campaign_of(show, "rate")
    if campaign is None:
        return Progress(0, 1)
    found = _by_state(campaign)
    rated, withheld = found[TaskState.COMPLETE], found[TaskState.WITHHELD]
    total, open_ = campaign.task_count - withheld, campaign.state == CampaignState.OPEN
    said = f"{rated} of {total} rated" + (f"; {withheld} withheld" if withheld else "")
    return Progress(rated if open_ else total, total, said, asks=open_ and rated < total)


def crowd_over(show: Show) -> Progress:
    campaign = campaign_of(show, "crowd")
    if campaign is None:
        return Progress(0, 1)
    ratings = campaign.ratings.count()
    closed = campaign.state == CampaignState.CLOSED
    passed = Verdict.objects.filter(campaign=campaign, final=True, outcome=Outcome.PASSED).count()
    said = f"{ratings:,} simulated ratings of {campaign.task_count} images"
    return Progress(ratings if not closed else 1, campaign.rating_target + 1 if not closed else 1,
                    f"{said}; {passed} pass" if closed else said)  # fmt: skip


def figures_there(show: Show) -> Progress:
    campaign = judged(show)
    row = CampaignFigures.objects.filter(campaign=campaign).first() if campaign else None
    # Images may have joined the campaign since; they are about to be asked for once more then.
    if row is None or row.asked_at is not None or more_are_judged(show):
        return _NOT_YET
    return Progress(int(bool(row.computed_at or row.problem)), 1, row.problem)


def figures_hold(campaign: Campaign) -> bool:
    """Whether its figures are there, and nothing was rated since."""
    rows = CampaignFigures.objects.filter(campaign=campaign, computed_at__isnull=False)
    return rows.exclude(figures.changed_since()).exists()


def counted(show: Show) -> bool:
    """Whether review has counted every verdict of the campaign."""
    campaign = judged(show)
    final = Verdict.objects.filter(campaign=campaign, final=True).count() if campaign else 0
    return bool(campaign and final and JudgedImage.objects.filter(campaign=campaign.pk).count() >= final)


def training_of(show: Show) -> Training | None:
    pk = made(show, "train", "training")
    return Training.objects.select_related("ranker__label_set").filter(pk=pk).first() if pk else None


def trained(show: Show) -> Progress:
    row = training_of(show)
    if row is None or row.ended_at is None:
        return Progress(0, 1, row.told[-1]["said"] if row and row.told else "")
    return Progress(1, 1, f"{row.ranker} of {row.ranker.label_set.images} labels" if row.ranker else row.problem)


def gated(show: Show) -> Progress:
    row, promotion = training_of(show), made(show, "gate", "promotion")
    asked = Promotion.objects.filter(pk=promotion).first() if promotion else None
    if asked is not None:
        said = {"done": f"{asked.after} decides now", "failed": asked.problem}.get(asked.state, "images are scored")
        return Progress(int(asked.state != Promotion.State.PREPARING), 1, said)
    if row is None or row.ranker is None:
        return Progress(1, 1, "no ranker: the plain sum decides")
    if kept := Step.objects.filter(job__key=show.key("gate"), name="kept").values_list("result", flat=True).first():
        return Progress(1, 1, f"The gate lets it through, and it does not decide: {kept}")
    reasons = " ".join(row.ranker.gate.get("reasons", [])) or "It could not be held against the sum."
    return Progress(1, 1, f"The gate says no, so the plain sum decides. {reasons}")


def compared(show: Show) -> Progress:
    pk = made(show, "compare", "comparison")
    row = Comparison.objects.filter(pk=pk).first() if pk else None
    if row is None or row.computed_at:
        return Progress(int(row is not None), 1, row.problem if row else "")
    job = Job.objects.filter(key=row.job_key, state__in=(State.FAILED, State.CANCELLED)).first()
    return (
        Progress(1, 1, f"The comparison was not made: its job #{job.pk} {_ENDED[State(job.state)]}.")
        if job
        else _NOT_YET
    )


def real_ones_decide() -> str:
    """Why a ranker of a made-up crowd is not to decide here, in a sentence; empty where it may."""
    begun, now = shows(), champion()
    # Also of a training that another has taken the place of since.
    own = Step.objects.filter(job__kind=STEP, name="training").values_list("result", flat=True)
    if now is not None and not Training.objects.filter(pk__in=list(own), ranker=now).exists():
        return f"{now} decides, which learned from others' verdicts."
    ours = [made(show, "rate", "campaign") for show in begun]
    others = Verdict.objects.filter(final=True).exclude(campaign__origin=Origin.SIMULATION)
    if others.exclude(campaign__in=[pk for pk in ours if pk]).exists():
        return "people have judged images here, and made-up ones are not to decide for them."
    return ""
