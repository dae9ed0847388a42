"""The made-up crowd of a show: it answers by what is known of each picture, and by its own skill.

All that it leaves says so: the campaign and every rating have the origin *simulation*.
"""

from collections.abc import Callable, Iterable
from functools import cache, partial
from math import log

from generation import placing
from generation.models import Candidate, StageResult
from generation.placing import Kind
from generation.recipe import SwapConfig
from generation.records import Backdrop
from generation.services import backgrounds
from raters.models import Campaign, Task
from raters.simulation import simulate
from vitrine.demo.truth import Facts, is_good

RATERS = 6
# Of these six people one is careless, as the tour says: drawn by another seed, it may be nobody.
SEED = 10
CARELESS = 0.05
Told = Callable[[int, int | None, str], None]


def rate(campaign: Campaign, progress: Told) -> int:
    """Have the crowd rate an open campaign to its end; begun again, it goes on. Returns how many ratings came now."""
    total, there, made = campaign.rating_target, campaign.ratings.count(), 0
    crowd = simulate(campaign, raters=RATERS, seed=SEED, careless=CARELESS, truth=partial(_true, facts_of(campaign)))
    for made, _ in enumerate(crowd, 1):
        progress(there + made, total, "simulated ratings")
    return made


def facts_of(campaign: Campaign) -> dict[int, tuple[Facts, str]]:
    """By task: what is known of its picture, and the picture's SHA-256."""
    tasks = dict(Task.objects.filter(campaign=campaign, candidate__isnull=False).values_list("candidate", "pk"))
    rows = Candidate.objects.filter(pk__in=list(tasks)).select_related("run__product__type", "run__method")
    qualities = _qualities({row.result_id for row in rows})
    return {tasks[row.pk]: (_facts(row, qualities.get((row.result_id, row.sha256), 0.5)), row.sha256) for row in rows}


def _true(known: dict[int, tuple[Facts, str]], task: int, question: str) -> bool:
    facts, picture = known[task]
    return is_good(facts, picture, question)


def _facts(row: Candidate, quality: float) -> Facts:
    product = row.run.product
    noun = product.type.name if product.type else ""
    parts = row.run.method.parts.generate
    if parts.way == "adapter":
        return Facts(noun, likeness=likeness(row.dino_i or 0.0), marked="mark" in product.attributes)
    swap = parts.swap or SwapConfig()
    scene = _scenes().get(row.prompt)
    return Facts(
        noun=noun,
        context=scene.context if scene else "",
        quality=quality,
        shadow=swap.shadow > 0,
        light=swap.harmony > 0,
        stretch=stretch(placing.kind_of(noun), scene) if scene else 0.0,
        marked="mark" in product.attributes,
    )


def likeness(dino_i: float) -> float:
    """How like its product's photos a drawn picture is, 0 to 1, by mini's encoder: 0 for another's, 1 for its own."""
    return min(max((dino_i - 0.2) / 0.6, 0.0), 1.0)


def stretch(kind: Kind, scene: Backdrop) -> float:
    """How far from the middle of the sizes that a scene takes a kind of thing is, by the logarithm: 0 to 1."""
    low, high = (log(max(cm, 2.0)) for cm in scene.fits)
    middle, half = (low + high) / 2, max((high - low) / 2, 0.1)
    return min(abs(log(max(kind.cm, 2.0)) - middle) / half, 1.0)


def _qualities(results: Iterable[int]) -> dict[tuple[int, str], float]:
    """By result and picture: how good cut-out and contrast were when it was made."""
    found = {}
    for pk, record in StageResult.objects.filter(pk__in=list(results)).values_list("pk", "result"):
        for image in (record or {}).get("images", ()):
            if image.get("quality") is not None:
                found[pk, image["picture"]["sha256"]] = float(image["quality"])
    return found


@cache
def _scenes() -> dict[str, Backdrop]:
    return {backdrop.words: backdrop for backdrop in backgrounds.every()}
