"""Have a model say what a product is, when nobody has; and keep what it said with its confidence."""

from collections.abc import Sequence

from django.db import transaction

from catalog.models import ContextPrompt, Product, ProductType
from generation.checkpoints.sets import ModelSet
from generation.models import ProductTypeGuess, Run
from generation.models.runs import RunState
from generation.selectors.facts import Known, photos_hash
from generation.services import states
from jobs import services
from jobs.models import State

KIND = "generation.guess-type"
MOST_OTHERS = 4


def ask(run: Run, known: Known) -> None:
    """Inside a transaction that holds the run: queue the look at its photos; its run goes on when that is done."""
    job = services.submit(
        KIND,
        {"product": run.product_id, "model_set": run.model_set},
        key=f"guess-type-{run.product_id}-{photos_hash(known.photos)}-{run.model_set}"[:200],
        subject=f"What is it: {known.title}"[:200],
        affinity=f"guess-type {run.model_set}"[:100],
        asked_by=run.asked_by,
    )
    if job.state in (State.FAILED, State.CANCELLED):
        services.retry(job)
    if run.state in (RunState.NEEDS_PERSON, RunState.FAILED):
        states.move(run, RunState.PLANNED)


def types_to_choose_from(models: ModelSet) -> list[ProductType]:
    """The types that a run with that set could go on with: those it knows, with prompts unless it has scenes."""
    types = ProductType.objects.order_by("name")
    if models.nouns:
        types = types.filter(name__in=models.nouns)
    if not models.scenes:
        approved = ContextPrompt.objects.filter(status=ContextPrompt.Status.APPROVED)
        types = types.filter(pk__in=approved.values("type"))
    return list(types)


@transaction.atomic
def keep(product: Product, scores: Sequence[tuple[ProductType, float]], *, checkpoint: str, photos: str) -> None:
    """Keep a model's guess: the surest type with its confidence, and the next few.

    `photos` is the hash of those that it saw (`photos_hash`): with others, it is asked anew.
    """
    ranked = sorted(scores, key=lambda pair: -pair[1])
    best, confidence = ranked[0]
    others = [[type_.name, round(share, 4)] for type_, share in ranked[1 : 1 + MOST_OTHERS]]
    ProductTypeGuess.objects.update_or_create(
        product=product,
        defaults={
            "type": best,
            "confidence": min(1.0, max(0.0, confidence)),
            "others": others,
            "checkpoint": checkpoint[:200],
            "photos": photos,
        },
    )


def waiting_for(product_id: int) -> list[int]:
    """The runs of a product that have no stages yet."""
    runs = Run.objects.filter(product=product_id, stages=None, state__in=(RunState.PLANNED, RunState.PAUSED))
    return list(runs.values_list("pk", flat=True))
