"""Judged images with known numbers, through the raters' own services."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from catalog.models import Product
from jobs.context import JobContext
from jobs.kinds import kind_named
from jobs.models import Attempt, Job, State
from raters.models import Campaign
from raters.services import campaigns, rating, tasks
from review.counting import folding
from tests.factories.catalog import make_product
from tests.factories.rating import KEYS, NO, YES, add_new, lease, make_rater, new_task, rate_tasks, sent

LEASE = timedelta(hours=1)  # longer than any test, on however busy a machine
Wanted = Sequence[tuple[Product, str, str, Sequence[bool]]]  # product, method, prompt, what each image's verdict is


def judged(wanted: Wanted, *, name: str = "Autumn", **settings: object) -> Campaign:
    """A campaign with these images, each rated once so that it passes or fails, and counted."""
    made = campaigns.make_campaign(name, **{"raters_per_image": 1} | settings)
    asked = []
    for product, method, prompt, verdicts in wanted:
        subject = tasks.subject_for(made, tasks.NewSubject(product.title, product=product))
        new = [new_task(subject, method=method, prompt=prompt) for _ in verdicts]
        asked += list(zip(add_new(made, new), verdicts, strict=True))
    campaigns.open_campaign(made)
    rater = make_rater()
    held = {one.task_id: one.uuid for one in lease(rater, made, hold=len(asked))}
    for task, passes in asked:
        rating.submit(rater, held[task.pk], sent(YES if passes else NO))
    folding.count_all_waiting()
    return made


def run_job(job: Job) -> Any:
    """What the job's function returns, called as by a worker that holds the job."""
    now = timezone.now()
    held = {"state": State.RUNNING, "fence": 1, "worker": "cpu@test:1", "started_at": now, "heartbeat_at": now}
    Job.objects.filter(pk=job.pk).update(**held, lease_until=now + LEASE)
    job.refresh_from_db()
    Attempt.objects.create(job=job, number=1, worker="cpu@test:1")
    return kind_named(job.kind).run(JobContext(job), job.params)


def mixed_world(seed: int = 3) -> list[Campaign]:
    """Two campaigns of five products, two types, two methods, two prompts; answers of every kind; some ties."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    products = [make_product(f"Product {n}", type=("mug", "lamp")[n % 2]) for n in range(4)] + [make_product("Bare")]
    made = []
    for number in range(2):
        campaign = campaigns.make_campaign(f"Campaign {number}", raters_per_image=2)
        for product in products[number:]:
            subject = tasks.subject_for(campaign, tasks.NewSubject(product.title, product=product))
            new = [new_task(subject, method="ab"[n % 2], prompt=f"scene {n % 2}") for n in range(2 + number)]
            add_new(campaign, new)
        campaigns.open_campaign(campaign)
        people = [make_rater() for _ in range(2)]
        given = []
        for task in campaign.tasks.order_by("pk"):
            good = chance.random() < 0.5
            for person in people:
                bad = {chance.choice(KEYS): chance.choice(("maybe", "no", "unclear"))}
                given.append((person, task, YES if good else YES | bad))
        rate_tasks(given)
        made.append(campaign)
    folding.count_all_waiting()
    return made
