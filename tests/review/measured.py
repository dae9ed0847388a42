"""Judged candidates with metrics and scores, so that it is known what these say of the verdicts."""

from datetime import UTC, datetime, timedelta

from generation.models import Candidate
from ranking.models import Ranker, Score
from raters.models import Rating
from review.counting import rebuilding
from tests.factories.catalog import make_product
from tests.factories.generation import make_candidate, make_run
from tests.review.made import judged

WEDNESDAY = datetime(2026, 3, 4, 12, tzinfo=UTC)  # far from midnight and from the week's end, whenever tests run


def measured(products: int = 12, images: int = 4, method: str = "a", *, weeks: int = 1, kind: str = "mug") -> None:
    """Candidates whose plain sum says exactly who passes, and whose CLIP-T says nothing."""
    wanted = []
    for number in range(products):
        product = make_product(f"{kind} {number} by {method}", type=kind)
        wanted.append((product, method, "beach", [place < 1 + number % 3 for place in range(images)]))
    made = judged(wanted, name=f"Autumn, {method}")
    tasks = iter(made.tasks.order_by("position"))
    for number, (product, _, _, verdicts) in enumerate(wanted):
        run = make_run(product)
        for place, passes in enumerate(verdicts):
            candidate = make_candidate(run, place=place + 1)
            values = {"score": (1.0 if passes else 0.5) + place / 100, "clip_t": 0.2, "clip_i": 0.5 + place / 10}
            Candidate.objects.filter(pk=candidate.pk).update(**values)
            task = next(tasks)
            made.tasks.filter(pk=task.pk).update(candidate=candidate)
            earlier = timedelta(weeks=number % weeks)
            Rating.objects.filter(task=task).update(made_at=WEDNESDAY - earlier)
    rebuilding.rebuild()


def scored(ranker: Ranker) -> None:
    """Probabilities that are right: .9 of what passes, .1 of what fails; what is likely to pass is picked."""
    for candidate in Candidate.objects.select_related("run").order_by("pk"):
        chance = 0.9 if (candidate.score or 0) >= 1 else 0.1
        Score.objects.create(ranker=ranker, candidate=candidate, product_id=candidate.run.product_id,
                             probability=chance, place=candidate.place or 1, picked=chance > 0.5)  # fmt: skip
