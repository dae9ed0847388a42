"""What the site's addresses are about: each makes its rows, and returns what stands in the address."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from axes.models import AccessAttempt
from django.apps import apps
from django.contrib.contenttypes.models import ContentType

from accounts.models import Identity, User
from catalog.models import ImportRefusal, ImportRun
from generation.live import CUT
from generation.models import Adapter, Batch, PhotoCaption, PhotoMask, RunStage
from jobs.models import Job
from ranking.models import DriftNotice, RatingPlan, Trial
from raters.models import Ruling
from raters.services import campaigns, changes, exclusions
from raters.services.questions import default_question_set
from tests.factories.accounts import make_user
from tests.factories.catalog import make_photo, make_product, make_prompt, make_type
from tests.factories.generation import make_candidate, make_method, make_result, make_run
from tests.factories.ranking import make_ranker, make_ranker_file
from tests.factories.rating import NO, make_campaign, make_gold, make_rater, rate
from vitrine.access import Role


def product() -> list[Any]:
    return [make_product().pk]


def photo() -> list[Any]:
    return [make_photo().pk]


def prompt() -> list[Any]:
    return [make_prompt().pk]


def import_run() -> list[Any]:
    return [ImportRun.objects.create(layout="folder", source="test", origin="photos").pk]


def product_type() -> list[Any]:
    return [make_type().pk]


def refusal() -> list[Any]:
    return [ImportRefusal.objects.create(run_id=import_run()[0], file="chairs.csv", line=2, reason="No title.").pk]


def job() -> list[Any]:
    return [Job.objects.create(kind="test.nothing").pk]


def person() -> list[Any]:
    return [make_user(Role.RATER).pk]


def attempt() -> list[Any]:
    return [AccessAttempt.objects.create(username="somebody", user_agent="", failures_since_start=1).pk]


def identity() -> list[Any]:
    return [Identity.objects.create(user=make_user(Role.RATER), issuer="https://id.example", subject=uuid4().hex).pk]


def a_persons_page() -> list[Any]:
    return [ContentType.objects.get_for_model(User).pk, *person()]


def method() -> list[Any]:
    return [make_method().pk]


def run() -> list[Any]:
    return [make_run().pk]


def batch() -> list[Any]:
    return [Batch.objects.create(method=make_method(), model_set="tiny").pk]


def result() -> list[Any]:
    return [make_result("segment").pk]


def run_stage() -> list[Any]:
    found = make_run()
    RunStage.objects.create(run=found, order=0, stage="segment", method=found.method, result=make_result("segment"))
    return [found.pk, 0, "segment"]


def campaign() -> list[Any]:
    return [make_campaign(1).pk]


def campaign_image() -> list[Any]:
    made = make_campaign(1)
    return [made.pk, made.tasks.get().pk]


def of_rating(table: str) -> Callable[[], list[Any]]:
    """Makes a row of one of rating's tables, by what leaves rows in all of them."""

    def row() -> list[Any]:
        made, rater = make_campaign(1, open=False), make_rater()
        make_gold(made)
        rating = rate(rater, campaigns.open_campaign(made))
        changes.change(rater, rating.assignment.uuid, NO)
        exclusions.exclude(rater, made, since=rating.made_at, reason="A test.")
        Ruling.objects.create(task=rating.task, outcome="passed")
        return [apps.get_model("raters", table)._base_manager.order_by("pk").values_list("pk", flat=True)[0]]

    return row


def question_set() -> list[Any]:
    return [default_question_set().pk]


def candidate() -> list[Any]:
    made = make_candidate(key=make_photo().key)
    RunStage.objects.create(run=made.run, order=0, stage="generate", method=made.run.method, result=made.result)
    return [made.pk]


def cut() -> list[Any]:
    shown = make_photo()
    asked = Job.objects.create(kind=CUT, params={"photo": shown.pk}, state="failed", finished_at=shown.created_at)
    return [shown.pk, asked.pk]


def adapter() -> list[Any]:
    made, key = make_result("finetune"), make_photo().key  # any file that is there
    return [Adapter.objects.create(result=made, token="sks", rank=1, steps=1, key=key, sha256="0" * 64, bytes=1).pk]


def mask() -> list[Any]:
    return [PhotoMask.objects.create(photo=make_photo(), key="k", sha256="0" * 64, width=1, height=1).pk]


def caption() -> list[Any]:
    return [PhotoCaption.objects.create(photo=make_photo(), template="a photo of {product}").pk]


def rating_plan() -> list[Any]:
    return [RatingPlan.objects.create(budget=10, shares={"top": 0.5, "uncertain": 0.25, "random": 0.25}, seed=1).pk]


def ranker_file() -> list[Any]:
    file = make_ranker_file(make_ranker())
    return [file.ranker_id, file.name]


def trial() -> list[Any]:
    return [Trial.objects.create(ranker=make_ranker(), share=0.2, seed=1, running=False).pk]


def drift_notice() -> list[Any]:
    return [DriftNotice.objects.create(ranker=make_ranker(), kind="scores", sentence="They have moved.").pk]
