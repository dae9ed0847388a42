"""Who may see each address of the site. A new address fails test_access.py until it stands here.

An entry says who may call it, how its arguments are made, and what a GET answers to those people (200, unless the
address takes only a POST: 405, or leads on: 302). Pages of the admin's tables are made by `admin_pages`.
"""

from collections.abc import Callable
from dataclasses import dataclass
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
from ranking.models import DriftNotice, RatingPlan, Training, Trial
from raters.models import Ruling
from raters.services import campaigns, changes, exclusions
from raters.services.questions import default_question_set
from review.models import Comparison, Report, Study
from tests.factories.accounts import make_user
from tests.factories.catalog import make_photo, make_product, make_prompt, make_type
from tests.factories.generation import make_candidate, make_method, make_result, make_run
from tests.factories.ranking import make_ranker
from tests.factories.rating import NO, make_campaign, make_gold, make_rater, rate
from vitrine.access import Role

# "nobody" is signed in and has no role.
PEOPLE = ("visitor", "nobody", "rater", "analyst", "operator")
ALL = frozenset(PEOPLE)
SIGNED_IN = ALL - {"visitor"}
LOOK = frozenset({"analyst", "operator"})
OPERATORS = frozenset({"operator"})
RATERS = frozenset({"rater"})
NOBODY: frozenset[str] = frozenset()
POST_ONLY = (405,)


@dataclass(frozen=True)
class Address:
    """Who may see it, and what a GET of theirs answers; `arguments` makes what the address is about."""

    people: frozenset[str]
    arguments: Callable[[], list[Any]] = list
    statuses: tuple[int, ...] = (200,)
    path: str = ""  # where the name alone cannot be reversed


def admin_pages(
    model: str, row: Callable[[], list[Any]], *, add: bool = False, change: bool = True, delete: bool = False
) -> dict[str, "Address"]:
    """The five pages of one table in the admin; what a table does not offer is refused to operators too."""
    return {
        f"admin:{model}_changelist": Address(OPERATORS),
        f"admin:{model}_add": Address(OPERATORS if add else NOBODY),
        f"admin:{model}_change": Address(OPERATORS if change else NOBODY, row),
        f"admin:{model}_history": Address(OPERATORS, row),
        f"admin:{model}_delete": Address(OPERATORS if delete else NOBODY, row),
    }


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


def trial() -> list[Any]:
    return [Trial.objects.create(ranker=make_ranker(), share=0.2, seed=1, running=False).pk]


def drift_notice() -> list[Any]:
    return [DriftNotice.objects.create(ranker=make_ranker(), kind="scores", sentence="They have moved.").pk]


ADDRESSES: dict[str, Address] = {
    "home": Address(SIGNED_IN),
    # Without a demonstration there is nothing to see there: tests/vitrine/demo looks at it with one.
    "demo:progress": Address(SIGNED_IN, statuses=(404,)),
    "demo:tour": Address(SIGNED_IN, statuses=POST_ONLY),
    "healthz": Address(ALL),
    "readyz": Address(ALL),
    "metrics": Address(OPERATORS),
    "accounts:login": Address(ALL, statuses=(200, 302)),
    "accounts:logout": Address(ALL, statuses=POST_ONLY),
    "accounts:oidc": Address(ALL, statuses=(404,)),
    "accounts:oidc-end": Address(ALL, statuses=(404,)),
    "accounts:account": Address(SIGNED_IN),
    "accounts:password": Address(SIGNED_IN),
    "catalog:media": Address(SIGNED_IN, lambda: [make_photo().key]),
    "catalog:products": Address(LOOK),
    "catalog:product": Address(LOOK, product),
    "catalog:product-new": Address(OPERATORS),
    "catalog:product-edit": Address(OPERATORS, product),
    "catalog:product-delete": Address(OPERATORS, product),
    "catalog:photos": Address(LOOK, product),
    "catalog:photo-add": Address(OPERATORS, product, POST_ONLY),
    "catalog:photo-order": Address(OPERATORS, product, POST_ONLY),
    "catalog:photo-move": Address(OPERATORS, photo, POST_ONLY),
    "catalog:photo-remove": Address(OPERATORS, photo, POST_ONLY),
    "catalog:prompts": Address(LOOK),
    "catalog:prompt-list": Address(LOOK),
    "catalog:prompt-new": Address(OPERATORS),
    "catalog:prompt-import": Address(OPERATORS),
    "catalog:prompt-export": Address(LOOK),
    "catalog:prompts-decide": Address(OPERATORS, statuses=POST_ONLY),
    "catalog:prompt": Address(LOOK, prompt),
    "catalog:prompt-edit": Address(OPERATORS, prompt),
    "catalog:prompt-decide": Address(OPERATORS, prompt, POST_ONLY),
    "catalog:imports": Address(LOOK),
    "catalog:import-new": Address(OPERATORS),
    "catalog:import": Address(LOOK, import_run),
    "catalog:import-refusals": Address(LOOK, import_run),
    "catalog:api-products": Address(LOOK),
    "catalog:api-product": Address(LOOK, product),
    "catalog:api-photos": Address(OPERATORS, product, POST_ONLY),
    "catalog:api-photo": Address(OPERATORS, photo, POST_ONLY),
    "catalog:api-product-types": Address(LOOK),
    "catalog:api-prompts": Address(LOOK),
    "catalog:api-prompt-decision": Address(OPERATORS, prompt, POST_ONLY),
    "jobs:list": Address(LOOK),
    "jobs:detail": Address(LOOK, job),
    "jobs:panel-by-key": Address(LOOK, lambda: ["imports/7"]),
    "jobs:cancel": Address(OPERATORS, job, POST_ONLY),
    "jobs:retry": Address(OPERATORS, job, POST_ONLY),
    "jobs:release": Address(OPERATORS, job, POST_ONLY),
    "jobs:api-list": Address(LOOK),
    "jobs:api-detail": Address(LOOK, job),
    "jobs:api-cancel": Address(OPERATORS, job, POST_ONLY),
    "jobs:api-retry": Address(OPERATORS, job, POST_ONLY),
    "generation:generate": Address(OPERATORS, product),
    "generation:product-runs": Address(LOOK, product),
    "generation:product-photos": Address(LOOK, product),
    "generation:cutout": Address(OPERATORS, photo),
    "generation:cutout-prepare": Address(OPERATORS, photo, POST_ONLY),
    "generation:cutout-cut": Address(OPERATORS, photo, POST_ONLY),
    "generation:cutout-answer": Address(OPERATORS, cut),
    "generation:cutout-save": Address(OPERATORS, photo, POST_ONLY),
    "generation:cutout-automatic": Address(OPERATORS, photo, POST_ONLY),
    "generation:caption-save": Address(OPERATORS, photo, POST_ONLY),
    "generation:runs": Address(LOOK),
    "generation:run": Address(LOOK, run),
    "generation:run-live": Address(LOOK, run),
    "generation:run-stage": Address(LOOK, run_stage, (302,)),
    "generation:run-candidates": Address(LOOK, lambda: [*run(), 0]),
    "generation:run-change": Address(OPERATORS, lambda: [*run(), "pause"], POST_ONLY),
    "generation:stage-pictures": Address(LOOK, result),
    "generation:candidate": Address(LOOK, candidate),
    "generation:candidate-download": Address(LOOK, candidate),
    "generation:adapter-download": Address(LOOK, adapter),
    "generation:batches": Address(LOOK),
    "generation:batch-new": Address(OPERATORS),
    "generation:batch": Address(LOOK, batch),
    "generation:batch-live": Address(LOOK, batch),
    "generation:batch-change": Address(OPERATORS, lambda: [*batch(), "pause"], POST_ONLY),
    "generation:methods": Address(LOOK),
    "generation:method": Address(LOOK, method),
    "generation:method-new": Address(OPERATORS),
    "generation:method-upload": Address(OPERATORS),
    "generation:method-edit": Address(OPERATORS, method),
    "generation:method-retire": Address(OPERATORS, method, POST_ONLY),
    "generation:method-toml": Address(LOOK, method),
    "generation:backgrounds": Address(LOOK),
    "generation:background-add": Address(OPERATORS, statuses=POST_ONLY),
    "generation:background-picture": Address(LOOK, lambda: ["arch"]),
    "generation:background-remove": Address(OPERATORS, lambda: ["gone"], POST_ONLY),
    "generation:background-restore": Address(OPERATORS, lambda: ["gone"], POST_ONLY),
    "generation:api-runs": Address(LOOK),
    "generation:api-run": Address(LOOK, run),
    "generation:api-candidates": Address(LOOK, run),
    "generation:api-pictures": Address(LOOK, lambda: run_stage()[:1]),
    "generation:api-adapter": Address(LOOK, run, (409,)),
    "generation:api-candidate": Address(LOOK, candidate),
    "generation:api-run-act": Address(OPERATORS, lambda: [*run(), "pause"], POST_ONLY),
    "generation:api-batches": Address(LOOK),
    "generation:api-batch": Address(LOOK, batch),
    "generation:api-batch-act": Address(OPERATORS, lambda: [*batch(), "pause"], POST_ONLY),
    "generation:api-methods": Address(LOOK),
    "generation:api-method": Address(LOOK, method),
    "ranking:rankers": Address(LOOK),
    "ranking:ranker": Address(LOOK, lambda: [make_ranker().pk]),
    "ranking:ranker-promote": Address(OPERATORS, lambda: [make_ranker().pk], POST_ONLY),
    "ranking:ranker-do": Address(OPERATORS, lambda: [make_ranker().pk, "shadow"], POST_ONLY),
    "ranking:rollback": Address(OPERATORS, statuses=POST_ONLY),
    "ranking:policy-edit": Address(OPERATORS),
    "ranking:train": Address(OPERATORS),
    "ranking:training": Address(LOOK, lambda: [Training.objects.create(wish={"learner": "sum"}).pk]),
    "ranking:training-live": Address(LOOK, lambda: [Training.objects.create(wish={"learner": "sum"}).pk]),
    "ranking:job-training": Address(LOOK, lambda: [1]),
    "ranking:rate-next": Address(OPERATORS),
    "ranking:plan": Address(LOOK, rating_plan),
    "ranking:plan-campaign": Address(OPERATORS, rating_plan, POST_ONLY),
    "ranking:trial": Address(LOOK, trial),
    "ranking:trial-end": Address(OPERATORS, lambda: [1], POST_ONLY),
    "ranking:notice-close": Address(OPERATORS, drift_notice, POST_ONLY),
    "ranking:product-picks": Address(LOOK, lambda: [make_product().pk]),
    "ranking:candidate-score": Address(LOOK, lambda: [make_candidate().pk]),
    "ranking:candidate-explain": Address(LOOK, lambda: [make_candidate().pk], POST_ONLY),
    "ranking:api-rankers": Address(LOOK),
    "ranking:api-champion": Address(LOOK),
    "ranking:api-rollback": Address(OPERATORS, statuses=POST_ONLY),
    "ranking:api-policy": Address(LOOK),
    "ranking:api-ranker": Address(LOOK, lambda: [make_ranker().pk]),
    "ranking:api-promote": Address(OPERATORS, lambda: [make_ranker().pk], POST_ONLY),
    "ranking:api-evaluate": Address(OPERATORS, lambda: [make_ranker().pk], POST_ONLY),
    "ranking:api-shadow": Address(OPERATORS, lambda: [make_ranker().pk], POST_ONLY),
    "ranking:api-trainings": Address(LOOK),
    "ranking:api-training": Address(LOOK, lambda: [Training.objects.create(wish={"learner": "sum"}).pk]),
    "ranking:api-plans": Address(LOOK),
    "ranking:api-plan": Address(LOOK, rating_plan),
    "ranking:api-plan-campaign": Address(OPERATORS, rating_plan, POST_ONLY),
    "ranking:api-picks": Address(LOOK, lambda: [make_run().product_id]),
    "ranking:api-scores": Address(LOOK, lambda: [make_candidate().pk]),
    "raters:next": Address(RATERS, campaign, POST_ONLY),
    "raters:submit": Address(RATERS, campaign, POST_ONLY),
    "raters:draft": Address(RATERS, campaign, POST_ONLY),
    "raters:skip": Address(RATERS, campaign, POST_ONLY),
    "raters:report": Address(RATERS, campaign, POST_ONLY),
    "raters:leave": Address(RATERS, campaign, POST_ONLY),
    "raters:change": Address(RATERS, campaign, POST_ONLY),
    "raters:withdraw": Address(RATERS, campaign, POST_ONLY),
    "raters:mine": Address(RATERS, campaign),
    "raters:picture": Address(RATERS, lambda: [uuid4()], (404,)),
    "raters:photo": Address(RATERS, lambda: [uuid4(), 0], (404,)),
    "raters:rate-list": Address(RATERS),
    "raters:rate": Address(RATERS, campaign),
    "raters:rate-own": Address(RATERS, campaign),
    "raters:campaigns": Address(LOOK),
    "raters:campaign": Address(LOOK, campaign),
    "raters:campaign-live": Address(LOOK, campaign),
    "raters:campaign-new": Address(OPERATORS),
    "raters:campaign-edit": Address(OPERATORS, campaign),
    "raters:campaign-images": Address(OPERATORS, campaign),
    "raters:campaign-images-clear": Address(OPERATORS, campaign, POST_ONLY),
    "raters:campaign-images-upload": Address(OPERATORS, campaign, POST_ONLY),
    "raters:campaign-guidelines": Address(OPERATORS, campaign),
    "raters:campaign-picture-add": Address(OPERATORS, campaign, POST_ONLY),
    "raters:campaign-picture-remove": Address(OPERATORS, lambda: [*campaign(), 1], POST_ONLY),
    "raters:campaign-raters": Address(OPERATORS, campaign),
    "raters:campaign-rater-block": Address(OPERATORS, lambda: [*campaign(), 1], POST_ONLY),
    "raters:campaign-rater-unblock": Address(OPERATORS, lambda: [*campaign(), 1], POST_ONLY),
    "raters:gold-items": Address(OPERATORS, campaign),
    "raters:gold-new": Address(OPERATORS, campaign_image),
    "raters:campaign-move": Address(OPERATORS, lambda: [*campaign(), "pause"], POST_ONLY),
    "raters:quality": Address(LOOK, campaign),
    "raters:quality-compute": Address(LOOK, campaign, POST_ONLY),
    "raters:quality-rater": Address(LOOK, lambda: [*campaign(), 1], (404,)),
    "raters:quality-exclude": Address(OPERATORS, lambda: [*campaign(), 1], POST_ONLY),
    "raters:quality-lift": Address(OPERATORS, lambda: [*campaign(), 1], POST_ONLY),
    "raters:ratings-file": Address(LOOK, lambda: [*campaign(), "csv"]),
    "raters:own-ratings-file": Address(RATERS, lambda: ["csv"]),
    "raters:disputes": Address(LOOK, campaign),
    "raters:dispute": Address(LOOK, lambda: [*campaign(), 0], (404,)),
    "raters:dispute-picture": Address(LOOK, lambda: [*campaign(), 0], (404,)),
    "raters:dispute-photo": Address(LOOK, lambda: [*campaign(), 0, 0], (404,)),
    "raters:ruling": Address(LOOK, lambda: [*campaign(), 1], (404,)),
    "raters:api-campaigns": Address(LOOK),
    "raters:imports": Address(OPERATORS),
    "raters:import": Address(OPERATORS, lambda: [0], (404,)),
    "raters:import-act": Address(OPERATORS, lambda: [0, "take"], POST_ONLY),
    "raters:webhooks": Address(OPERATORS),
    "raters:webhook": Address(OPERATORS, lambda: [0], (404,)),
    "raters:webhook-act": Address(OPERATORS, lambda: [0, "test"], POST_ONLY),
    "raters:api-imports": Address(OPERATORS, statuses=POST_ONLY),
    "raters:api-import": Address(OPERATORS, lambda: [0], (404,)),
    "raters:api-campaign": Address(LOOK, campaign),
    "raters:api-images": Address(LOOK, campaign),
    "raters:api-images-upload": Address(OPERATORS, campaign, POST_ONLY),
    "raters:api-invite": Address(OPERATORS, campaign, POST_ONLY),
    "raters:api-question-sets": Address(LOOK),
    "raters:api-verdicts": Address(LOOK, campaign),
    "raters:api-ratings": Address(LOOK, lambda: [*campaign(), "csv"]),
    "raters:api-quality": Address(LOOK, campaign),
    "raters:api-raters": Address(LOOK, campaign),
    "raters:api-block": Address(OPERATORS, campaign, POST_ONLY),
    "raters:api-unblock": Address(OPERATORS, campaign, POST_ONLY),
    "raters:api-exclusions": Address(LOOK, campaign),
    "raters:api-lift": Address(OPERATORS, lambda: [*campaign(), 1], POST_ONLY),
    "raters:api-disputes": Address(LOOK, campaign),
    "raters:api-ruling": Address(LOOK, lambda: [*campaign(), 1], POST_ONLY),
    "raters:api-campaign-act": Address(OPERATORS, lambda: [*campaign(), "open"], POST_ONLY),
    "raters:api-webhooks": Address(OPERATORS),
    "raters:api-webhook": Address(OPERATORS, lambda: [1], (404,)),
    "raters:api-ping": Address(OPERATORS, lambda: [1], POST_ONLY),
    "raters:api-deliveries": Address(OPERATORS, lambda: [1]),
    "raters:api-own-ratings": Address(RATERS, lambda: ["csv"]),
    **{
        f"raters:api-{name}": Address(RATERS, campaign, POST_ONLY)
        for name in ("next", "submit", "skip", "report", "leave", "change", "withdraw")
    },
    "raters:api-mine": Address(RATERS, campaign),
    "raters:api-picture": Address(RATERS, lambda: [uuid4()], (404,)),
    "raters:api-photo": Address(RATERS, lambda: [uuid4(), 0], (404,)),
    "review:overview": Address(LOOK),
    "review:table": Address(LOOK, lambda: ["images"]),
    "review:table-parquet": Address(LOOK, lambda: ["products"]),
    "review:find": Address(LOOK, lambda: ["product"]),
    "review:start": Address(LOOK, statuses=(302,)),
    "review:views": Address(LOOK),
    "review:view-save": Address(LOOK, statuses=POST_ONLY),
    "review:view-change": Address(LOOK, lambda: [1], POST_ONLY),
    "review:view-begin": Address(LOOK, lambda: [1], POST_ONLY),
    "review:view-remove": Address(LOOK, lambda: [1], POST_ONLY),
    "review:view-back": Address(LOOK, lambda: [1], POST_ONLY),
    "review:reports": Address(LOOK),
    "review:report-new": Address(LOOK, statuses=POST_ONLY),
    "review:report": Address(LOOK, lambda: [Report.objects.create(title="Pass rates").pk]),
    "review:report-delete": Address(LOOK, lambda: [1], POST_ONLY),
    "review:report-file": Address(LOOK, lambda: [Report.objects.create(title="Pass rates").pk, "html"], (404,)),
    "review:compare": Address(LOOK),
    "review:comparison": Address(LOOK, lambda: [Comparison.objects.create(methods=["a", "b"]).pk]),
    "review:comparison-file": Address(LOOK, lambda: [Comparison.objects.create(methods=["a", "b"]).pk, "moved", "csv"]),
    "review:tables": Address(LOOK),
    "review:table-file": Address(LOOK, lambda: ["table-1", "tex"]),
    "review:metrics": Address(LOOK),
    "review:planner": Address(LOOK),
    "review:study": Address(LOOK, lambda: [Study.objects.create(kind="plan").pk]),
    "review:weeks": Address(LOOK),
    "review:products": Address(LOOK),
    "review:product": Address(LOOK, product),
    "review:product-panel": Address(LOOK, product),
    "review:item": Address(LOOK, lambda: [0], (404,)),
    "review:images": Address(LOOK),
    "review:wall": Address(LOOK),
    "review:send": Address(OPERATORS, statuses=POST_ONLY),
    "review:candidate": Address(LOOK, candidate),
    "review:upload": Address(LOOK, lambda: [0], (404,)),
    "review:thumbnail": Address(LOOK, lambda: [0], (404,)),
    "review:mark": Address(LOOK, statuses=POST_ONLY),
    "review:note-write": Address(LOOK, statuses=POST_ONLY),
    "review:note-change": Address(LOOK, lambda: [1, "change"], POST_ONLY),
    "review:api-overview": Address(LOOK),
    "review:api-table": Address(LOOK, lambda: ["questions"]),
    "review:api-table-file": Address(LOOK, lambda: ["types", "csv"]),
    "review:api-comparisons": Address(LOOK),
    "review:api-comparison": Address(LOOK, lambda: [Comparison.objects.create(methods=["a", "b"]).pk]),
    "review:api-comparison-file": Address(
        LOOK, lambda: [Comparison.objects.create(methods=["a", "b"]).pk, "differences", "csv"]
    ),
    "api-schema": Address(SIGNED_IN),
    "api-docs": Address(SIGNED_IN),
    "accounts:tokens": Address(SIGNED_IN),
    "accounts:token-revoke": Address(SIGNED_IN, lambda: [1], POST_ONLY),
    "generation:job-training": Address(LOOK, lambda: [1]),
    "raters:question-sets": Address(LOOK),
    "raters:question-set": Address(LOOK, question_set),
    "raters:question-set-new": Address(OPERATORS),
    "raters:question-set-edit": Address(OPERATORS, question_set),
    "admin:index": Address(OPERATORS),
    "admin:search": Address(OPERATORS),
    "admin:login": Address(ALL, statuses=(302,)),
    "admin:logout": Address(SIGNED_IN, statuses=(302,)),
    "admin:password_change": Address(SIGNED_IN, statuses=(302,)),
    "admin:password_change_done": Address(SIGNED_IN, statuses=(302,)),
    "admin:jsi18n": Address(OPERATORS),
    "admin:view_on_site": Address(OPERATORS, a_persons_page, (404,)),
    "admin:app_list": Address(OPERATORS, lambda: ["accounts"]),
    "admin:autocomplete": Address(NOBODY),  # no table offers it yet
    "admin:<path:object_id>/": Address(OPERATORS, person, (302,), path="/admin/accounts/user/{}/"),
    "admin:(?P<url>.*)$": Address(OPERATORS, statuses=(404,), path="/admin/no-such-page/"),
    "admin:auth_user_password_change": Address(OPERATORS, person),
    **admin_pages("accounts_user", person, add=True),
    **admin_pages("accounts_identity", identity, delete=True),
    **admin_pages("axes_accessattempt", attempt),
    **admin_pages("catalog_producttype", product_type, add=True),
    **admin_pages("catalog_product", product),
    **admin_pages("catalog_photo", photo),
    **admin_pages("catalog_contextprompt", prompt),
    **admin_pages("catalog_importrun", import_run),
    **admin_pages("catalog_importrefusal", refusal),
    **admin_pages("jobs_job", job),
    **admin_pages("generation_method", method),
    **admin_pages("generation_batch", batch),
    **admin_pages("generation_run", run),
    **admin_pages("generation_stageresult", result),
    **admin_pages("generation_candidate", candidate),
    **admin_pages("generation_adapter", adapter),
    **admin_pages("generation_photomask", mask),
    **admin_pages("generation_photocaption", caption),
}
for _table in (
    "assignment", "campaign", "campaignevent", "campaignrater", "exclusion", "golditem", "questionset", "rater",
    "rating", "ratingchange", "ruling", "task", "verdict",
):  # fmt: skip
    ADDRESSES |= admin_pages(f"raters_{_table}", of_rating(_table))
