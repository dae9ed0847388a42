"""The pages of ranking with something on them: who opens each, and what makes its address."""

from collections.abc import Callable

from django.urls import reverse

from generation.models import Candidate
from ranking.models import Explanation, RatingPlan, Score, ScoredProduct, Training, Trial
from ranking.services import notices, policy, registry, training
from ranking.services.training import Wish
from tests.factories.campaigns import make_shown_campaign
from tests.factories.ranking import make_evaluated, make_world, rate
from tests.factories.runs import make_whole_run
from vitrine.access import Role

STEPS = (
    ("labels", "1,204 labels of 118 products, 17.4% passed."),
    ("features", "2,081 features; 36 products are frozen, 82 are learned from."),
    ("fit", "default: blend on 838 labels: out of fold, ROC-AUC within products 0.776."),
)
WHY = "The last campaign's raters were new, and its frozen products are all of one type: we look at the pictures."


def rankers() -> str:
    champion = make_evaluated("champion", note="First of the season, with a note that runs over the line")
    other = make_evaluated(name="default", learner="default: blend")
    make_evaluated("retired", promote=True)
    notices.open_notice(
        champion, "features", "metrics.clip_i", "metrics.clip_i has moved: PSI 0.19 (by chance up to 0.05).", {}
    )
    registry.ask_for_promotion(other, reason=WHY)
    registry.give_up(other.promotions.get().pk, "Its job #3 was cancelled.")
    training.ask(Wish("heads"))
    return reverse("ranking:rankers")


def a_ranker() -> str:
    ranker = make_evaluated(name="default", learner="default: blend", versions={"lightgbm": "4.7.0", "numpy": "2.4.6"})
    for name in ("ranker.json", "numbers.safetensors", "trees-0.1.txt"):
        ranker.files.create(name=name, key=f"rankers/00/{name}", sha256="5f" * 32, bytes=81_234)
    return reverse("ranking:ranker", args=[ranker.pk])


def a_training() -> str:
    asked = training.ask(Wish("default", note="After the spring campaign"))
    told = [{"step": step, "said": said, "seconds": 1.5} for step, said in STEPS]
    Training.objects.filter(pk=asked.pk).update(told=told)
    return reverse("ranking:training", args=[asked.pk])


def train() -> str:
    make_shown_campaign(2)
    return reverse("ranking:train")


def a_plan() -> str:
    run = make_whole_run(side=48, pictures=2)
    plan = RatingPlan.objects.create(
        budget=4, seed=7, ranker=make_evaluated("champion"),
        gain={"sentence": "Expected: 2 passing images, and a first one for 1 of 1 products."},
    )  # fmt: skip
    for why, candidate in zip(("top", "uncertain", "random", "top"), run.candidates.filter(dropped=""), strict=False):
        plan.images.create(candidate=candidate, why=why, inclusion=0.4, probability=0.37)
    return reverse("ranking:plan", args=[plan.pk])


def rate_next() -> str:
    a_plan()
    return reverse("ranking:rate-next")


def a_trial() -> str:
    """Half of twelve products have what the ranker picks rated, the others what the sum does."""
    world = make_world(12, 3, rated=False)
    trial = Trial.objects.create(ranker=make_evaluated(), share=0.5, seed=1)
    for candidate in world.candidates:
        Score.objects.create(
            ranker=trial.ranker, candidate=candidate, product_id=candidate.run.product_id, probability=0.4, place=1,
            picked=candidate.row == 2,
        )  # fmt: skip
    rate(world.candidates, world.pictures)
    return reverse("ranking:trial", args=[trial.pk])


def _scored() -> Candidate:
    """A candidate of a whole run, scored and explained by a champion."""
    run = make_whole_run(side=48, pictures=2)
    champion = make_evaluated("champion")
    images = list(run.candidates.filter(dropped="").order_by("place"))
    for place, candidate in enumerate(images, start=1):
        Score.objects.create(
            ranker=champion, candidate=candidate, product_id=run.product_id, probability=0.62 / place, place=place,
            picked=place < 4, note="" if place < 5 else f"nearly the same as #{images[0].pk}, which is better",
        )  # fmt: skip
    ScoredProduct.objects.create(
        ranker=champion, product_id=run.product_id, policy=policy.settled(), images=len(images),
        ids=sum(image.pk for image in images), picked=3, best=0.62,
    )  # fmt: skip
    parts = (("metrics.clip_i", 0.71, 0.6), ("emb.dino-1a2b3c4d.candidate", None, -0.4), ("statistics.area", 0.31, 0.2))
    told = [{"feature": name, "value": value, "contribution": added} for name, value, added in parts]
    for candidate in images:
        Explanation.objects.create(
            ranker=champion, candidate=candidate,
            contributions=[*told, {"feature": "base", "value": 1, "contribution": -1.6}],
        )  # fmt: skip
    return images[0]


def a_scored_candidate() -> str:
    return reverse("generation:candidate", args=[_scored().pk])


def a_product_with_picks() -> str:
    return reverse("catalog:product", args=[_scored().run.product_id])


ADDRESSES: dict[str, tuple[Role, Callable[[], str]]] = {
    "rankers": (Role.OPERATOR, rankers),
    "rankers-empty": (Role.ANALYST, lambda: reverse("ranking:rankers")),
    "ranker": (Role.OPERATOR, a_ranker),
    "ranker-analyst": (Role.ANALYST, a_ranker),
    "ranker-train": (Role.OPERATOR, train),
    "ranker-training": (Role.OPERATOR, a_training),
    "rate-next": (Role.OPERATOR, rate_next),
    "rating-plan": (Role.OPERATOR, a_plan),
    "picks-policy": (Role.OPERATOR, lambda: reverse("ranking:policy-edit")),
    "ranker-trial": (Role.OPERATOR, a_trial),
    "candidate-scored": (Role.OPERATOR, a_scored_candidate),
    "product-with-picks": (Role.OPERATOR, a_product_with_picks),
}
