"""Judged images as counting keeps them, put there at once: for tests of what is read, not of how it is counted.

Kept sums (`Tally`) know nothing of them; figures with a filter that is not kept, such as `SCANNED`, are of them.
"""

from datetime import date

from raters.models import Campaign, Task
from raters.services import campaigns, tasks
from review.counting.facts import digest_of
from review.filters import Filters
from review.models import UNTYPED, Item, JudgedImage, Name, Verdicts
from tests.factories.rating import KEYS, add_new, new_task
from tests.review.made import Wanted

SCANNED = Filters(voters="person")
ALL = (1 << len(KEYS)) - 1
SIZE = KEYS.index("size")


def put(wanted: Wanted, *, name: str = "Autumn", ratings: int = 1, day: date = date(2026, 3, 1)) -> Campaign:
    """A campaign whose images have these verdicts; those that fail do so by their size only."""
    made = campaigns.make_campaign(name, raters_per_image=ratings)
    rows = []
    for product, method, prompt, verdicts in wanted:
        subject = tasks.subject_for(made, tasks.NewSubject(product.title, product=product))
        added: list[Task] = add_new(made, [new_task(subject, method=method, prompt=prompt) for _ in verdicts])
        item, _ = Item.objects.get_or_create(
            key=f"product:{product.pk}", defaults={"product": product.pk, "name": product.title}
        )
        named = {"item": item.pk, "method": _name("method", method), "prompt": _name("prompt", prompt)}
        kind = UNTYPED if product.type_id is None else product.type_id
        for task, passes in zip(added, verdicts, strict=True):
            fails = 0 if passes else 1 << SIZE
            rows.append(
                JudgedImage(
                    task=task, campaign=made.pk, question_set=made.question_set_id, questions=len(KEYS), type=kind,
                    voters="person", day=day, verdict=Verdicts.PASSED if passes else Verdicts.FAILED, ratings=ratings,
                    active_ms=9_500 * ratings, passes=ALL ^ fails, fails=fails, alone=None if passes else SIZE, **named,
                )
            )  # fmt: skip
    JudgedImage.objects.bulk_create(rows)
    return made


def _name(kind: str, text: str) -> int:
    return Name.objects.get_or_create(kind=kind, digest=digest_of(text), defaults={"text": text})[0].pk
