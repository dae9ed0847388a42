"""Every page of the site with something on it, for the tests that look at all of them. New pages join here."""

import io
from collections.abc import Callable
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils import timezone
from PIL import Image

from accounts.models import User
from catalog.models import ContextPrompt, ImportRefusal, ImportRun, Product
from catalog.samples import render_product_photo
from generation.models import Batch, Run
from generation.recipe import recipe_from
from jobs.models import Attempt, Job, State
from raters.exchange.importing import Wish
from raters.figuring import compute
from raters.models import Campaign, Delivery
from raters.services import adjudication, guidelines, passing, rating, tasks, webhooks
from raters.services.gold import make_gold
from raters.services.imports import keep as keep_file
from raters.services.imports import run as run_import
from raters.services.questions import default_question_set
from tests.browser.demo import demonstration
from tests.browser.plots import ADDRESSES as PLOTS
from tests.browser.ranking import ADDRESSES as RANKING
from tests.browser.review import ADDRESSES as REVIEW
from tests.browser.review_shared import ADDRESSES as REVIEW_SHARED
from tests.factories.accounts import make_user
from tests.factories.campaigns import make_shown_campaign, picture_bytes
from tests.factories.catalog import make_photo, make_product, make_prompt, make_type
from tests.factories.generation import make_method, make_run
from tests.factories.rating import NO, YES, make_rater
from tests.factories.rating import rate as rate_one
from tests.factories.runs import make_whole_run
from vitrine.access import Role

THEIRS = "task,rater,question,answer\n" + "".join(
    f"sofa-{sofa},r{rater},{question},{answer}\n"
    for sofa in range(1, 9)
    for rater, answer in ((1, "yes"), (2, "no"), (3, "yes"))
    for question in ("size", "placement")
)


class Case(NamedTuple):
    """One page: who opens it, and what makes its address (and its rows).

    `sees` selects what must be on it; `demo`: it is there where the demonstration is shown.
    """

    who: Role | None
    address: Callable[[], str]
    signed_in: bool = True
    status: int = 200
    sees: str = "body"
    demo: bool = False


def jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG")
    return buffer.getvalue()


def products() -> str:
    for kind in ("mug", "lamp", "chair"):
        product = make_product(f"A {kind} with a long name that wraps on a narrow screen", type=kind)
        make_photo(product, data=jpeg(render_product_photo(kind, 1, 160)))
    make_product("A product without a photo")
    return reverse("catalog:products")


def product() -> str:
    shown = make_product("Stoneware mug", type="mug", attributes={"brand": "Kiln", "colour": ["blue", "sand"]})
    for view in range(2):
        make_photo(shown, data=jpeg(render_product_photo("mug", 3, 160, view=view)))
    return shown.get_absolute_url()


def an_edited_product() -> str:
    return reverse("catalog:product-edit", args=[make_product("Stoneware mug", type="mug").pk])


def prompts() -> str:
    for status in ContextPrompt.Status:
        make_prompt(make_type("mug"), f"{{product}} on a wooden table, {status}, morning light", status=status)
    return reverse("catalog:prompts")


def imports() -> str:
    an_import()
    return reverse("catalog:imports")


def an_import() -> str:
    run = ImportRun.objects.create(layout="manifest", source="shop", origin="chairs.csv", rows_read=40, refused=1)
    ImportRefusal.objects.create(run=run, file="chairs.csv", line=7, external_id="C-7", reason="The title is empty.")
    return run.get_absolute_url()


def jobs() -> str:
    now = timezone.now()
    for state in State:
        finished = now if state in (State.SUCCEEDED, State.FAILED, State.CANCELLED) else None
        lease = now if state == State.RUNNING else None
        Job.objects.create(
            kind="catalog.import", subject=f"Import of {state}.csv", state=state, finished_at=finished,
            lease_until=lease, progress_done=3, progress_total=10, message="Row 3 of 10",
        )  # fmt: skip
    return reverse("jobs:list")


def a_failed_job() -> str:
    job = Job.objects.create(
        kind="catalog.import", subject="Import of chairs.csv", state=State.FAILED, error="The file is not there.",
        finished_at=timezone.now(), progress_done=3, progress_total=10,
    )  # fmt: skip
    Attempt.objects.create(
        job=job, number=1, worker="worker-1", outcome="failed", traceback="Traceback\n" * 12, log_tail="one\ntwo",
        exception="catalog.exceptions.ImportError", finished_at=timezone.now(),
    )  # fmt: skip
    return job.get_absolute_url()


def a_mug() -> Product:
    shown = make_product("Stoneware mug with a long name that wraps", type="mug")
    for view in range(2):
        make_photo(shown, data=jpeg(render_product_photo("mug", 3, 240, view=view)))
    return Product.objects.get(pk=shown.pk)


def a_run(stage: str = "", **fields: Any) -> Callable[[], str]:
    def address() -> str:
        run = make_whole_run(a_mug(), method=make_method("paper-2503.08729"), side=64, pictures=5, **fields)
        return reverse("generation:run", args=[run.pk]) + (f"?stage={stage}" if stage else "")

    return address


def runs() -> str:
    a_run(candidates=5)()
    make_run(a_mug(), state="failed", problem="The loss is no number any more at step 310; the last good one is 300.")
    make_run(a_mug(), state="needs_person", problem="No product was found in photo 2.")
    return reverse("generation:runs")


def a_batch() -> str:
    a_run(upto="finetune")()
    run = Run.objects.get()
    batch = Batch.objects.create(
        method=run.method, model_set="sdxl", title="Products of the type mug", total=1000, succeeded=530, running=3,
        planned=420, failed=32, needs_person=15,
    )  # fmt: skip
    Run.objects.update(batch=batch)
    problem = "Memory ran out with a batch of 1; use a smaller size."
    make_run(a_mug(), method=run.method, batch=batch, state="failed", problem=problem)
    return reverse("generation:batch", args=[batch.pk])


def batches() -> str:
    a_batch()
    return reverse("generation:batches")


def a_candidate() -> str:
    a_run(candidates=6)()
    return reverse("generation:candidate", args=[Run.objects.get().candidates.get(place=2).pk])


def methods() -> str:
    a_run(upto="caption")()
    make_method("rank-16", recipe_from({"finetune": {"rank": 16}}), frozen=True, retired=True)
    return reverse("generation:methods")


def a_method() -> str:
    methods()
    other = make_method("dreambooth-lora", recipe_from({"novel_views": False, "finetune": {"sweep": False}}))
    return reverse("generation:method", args=[other.pk])


def an_edited_method() -> str:
    return reverse("generation:method-edit", args=[make_method("mine", description="For mugs.").pk])


def a_product_with_runs() -> str:
    a_run(candidates=5)()
    return Run.objects.get().product.get_absolute_url()


def generate() -> str:
    make_method("paper-2503.08729", title="As in the paper")
    make_method("dreambooth-lora", title="DreamBooth with LoRA")
    return reverse("generation:generate", args=[a_mug().pk])


def a_new_batch() -> str:
    generate()
    return reverse("generation:batch-new") + f"?type={make_type('mug').pk}"


def a_cutout() -> str:
    a_run(upto="novel_views")()
    return reverse("generation:cutout", args=[Run.objects.get().product.photos.all()[0].pk])


def campaign(state: str = "open") -> Callable[[], str]:
    def address() -> str:
        return reverse("raters:campaign", args=[a_rated_campaign(state).pk])

    return address


def a_rated_campaign(state: str = "open") -> Campaign:
    made = make_shown_campaign(3, state=state)
    guidelines.add_picture(made, io.BytesIO(picture_bytes(1)), "mug.png", good=True, caption="Every part is there")
    guidelines.add_picture(made, io.BytesIO(picture_bytes(2)), "mug.png", good=False, caption="The handle is missing")
    if state == "open":
        rate_one(make_rater(), made)
    return made


def campaigns() -> str:
    a_rated_campaign()
    a_rated_campaign("draft")
    return reverse("raters:campaigns")


def of_campaign(name: str, state: str = "open") -> Callable[[], str]:
    return lambda: reverse(f"raters:{name}", args=[a_rated_campaign(state).pk])


def reported() -> str:
    """Three images: one reported by one rater, one by two, one by nobody and withheld all the same."""
    made = make_shown_campaign(3)
    once, twice, never = made.tasks.order_by("pk")
    for task, reasons in ((once, ["photos"]), (twice, ["unsafe: a real person's face", "broken"])):
        for reason in reasons:
            rater = make_rater()
            for held in rating.lease_next(rater, made, hold=3).assignments:
                if held.task_id == task.pk:
                    passing.report(rater, held.uuid, reason)
            rating.give_back(rater, made)
    tasks.withhold(never)
    return reverse("raters:campaign-reports", args=[made.pk])


def a_judged_campaign(*, figures: bool = True) -> Campaign:
    """One whose raters disagree, with its figures computed, which takes seconds."""
    made = make_shown_campaign(4)
    for answers in (YES, NO, {**YES, "logo": "maybe"}):
        rater = make_rater()
        for _ in range(4):
            rate_one(rater, made, answers, active_ms=20_000)
    if figures:
        compute(made)
    return made


def of_judged(name: str, *, figures: bool = True) -> Callable[[], str]:
    return lambda: reverse(f"raters:{name}", args=[a_judged_campaign(figures=figures).pk])


def quality_of_a_rater() -> str:
    made = a_judged_campaign()
    return reverse("raters:quality-rater", args=[made.pk, made.rater_figures.all()[0].rater_id])


def a_ruling() -> str:
    made = a_judged_campaign(figures=False)
    ruled = adjudication.rule(made.tasks.all()[0], YES, by=make_user(Role.ANALYST), reason="The size is right.")
    return reverse("raters:ruling", args=[made.pk, ruled.pk])


def gold(name: str) -> Callable[[], str]:
    def address() -> str:
        made = make_shown_campaign(4, state="draft")
        first, second = made.tasks.all()[:2]
        make_gold(first, {"size": "no"}, explanation="It is as large as the table.")
        return reverse(f"raters:{name}", args=[made.pk] if name == "gold-items" else [made.pk, second.pk])

    return address


def rating_imports() -> str:
    for text in (THEIRS, THEIRS.replace("r1", "")):
        run_import(keep_file(io.BytesIO(text.encode()), "their-ratings-with-a-long-name.csv", Wish("Sofas of spring")))
    return reverse("raters:imports")


def a_rating_import(problem: str = "") -> Callable[[], str]:
    """A file that waits for a yes, or, with a text that goes from it, one that is refused."""

    def address() -> str:
        file = io.BytesIO(THEIRS.replace(problem, "").encode() if problem else THEIRS.encode())
        return reverse("raters:import", args=[run_import(keep_file(file, "theirs.csv", Wish("Sofas"))).pk])

    return address


def a_webhook(name: str) -> Callable[[], str]:
    def address() -> str:
        for url in ("https://example.com/hooks/vitrine/verdicts?of=all-campaigns", "https://example.org/ended"):
            hook = webhooks.make_webhook(url, ["verdict.final", "campaign.closed"])
        a_judged_campaign(figures=False)
        Delivery.objects.filter(webhook=hook).update(attempts=2, status=500, problem="It answered 500.")
        webhooks.ping(hook)
        return reverse(f"raters:{name}", args=[hook.pk] if name == "webhook" else [])

    return address


def own_rating(name: str) -> Callable[[], str]:
    """A page of somebody who has rated: whoever opens it is the newest rater."""

    def address() -> str:
        made = make_shown_campaign(3)
        rate_one(make_rater(User.objects.order_by("-pk")[0]), made, NO)
        return reverse(f"raters:{name}", args=[made.pk] if name == "rate-own" else [])

    return address


def a_question_set() -> str:
    return reverse("raters:question-set", args=[default_question_set().pk])


def home() -> str:
    for make in (products, prompts, jobs):
        make()
    return reverse("home")


def person(case: Case) -> User | None:
    """The one who opens the page; None for a visitor."""
    if not case.signed_in:
        return None
    return make_user(case.who) if case.who else make_user()


CASES: dict[str, Case] = {
    "login": Case(None, lambda: reverse("accounts:login"), signed_in=False),
    "home-operator": Case(Role.OPERATOR, home),
    "home-operator-empty": Case(Role.OPERATOR, lambda: reverse("home")),
    "home-analyst": Case(Role.ANALYST, home),
    "home-rater": Case(Role.RATER, lambda: reverse("home")),
    "home-nobody": Case(None, lambda: reverse("home")),
    "account": Case(Role.OPERATOR, lambda: reverse("accounts:account")),
    "password": Case(Role.RATER, lambda: reverse("accounts:password")),
    "not-found": Case(Role.OPERATOR, lambda: "/no-such-page/", status=404),
    "not-for-you": Case(Role.RATER, lambda: reverse("catalog:products"), status=403),
    "products": Case(Role.OPERATOR, products),
    "products-empty": Case(Role.OPERATOR, lambda: reverse("catalog:products")),
    "product": Case(Role.OPERATOR, product),
    "product-analyst": Case(Role.ANALYST, product),
    "product-new": Case(Role.OPERATOR, lambda: reverse("catalog:product-new")),
    "product-edit": Case(Role.OPERATOR, an_edited_product),
    "prompts": Case(Role.OPERATOR, prompts),
    "prompts-analyst": Case(Role.ANALYST, prompts),
    "prompts-empty": Case(Role.OPERATOR, lambda: reverse("catalog:prompts")),
    "prompt-new": Case(Role.OPERATOR, lambda: reverse("catalog:prompt-new")),
    "prompt-import": Case(Role.OPERATOR, lambda: reverse("catalog:prompt-import")),
    "imports": Case(Role.OPERATOR, imports),
    "imports-empty": Case(Role.OPERATOR, lambda: reverse("catalog:imports")),
    "import-new": Case(Role.OPERATOR, lambda: reverse("catalog:import-new")),
    "import": Case(Role.OPERATOR, an_import),
    "jobs": Case(Role.OPERATOR, jobs),
    "jobs-empty": Case(Role.ANALYST, lambda: reverse("jobs:list")),
    "job": Case(Role.OPERATOR, a_failed_job),
    "runs": Case(Role.OPERATOR, runs),
    "runs-empty": Case(Role.OPERATOR, lambda: reverse("generation:runs")),
    "run": Case(Role.OPERATOR, a_run(candidates=6)),
    "run-analyst": Case(Role.ANALYST, a_run("filter", candidates=5)),
    "run-running": Case(Role.OPERATOR, a_run(upto="finetune")),
    "run-failed": Case(Role.OPERATOR, a_run(failed="generate")),
    "run-training": Case(Role.OPERATOR, a_run("finetune", candidates=5)),
    "run-views": Case(Role.OPERATOR, a_run("novel_views", candidates=5)),
    "candidate": Case(Role.OPERATOR, a_candidate),
    "batches": Case(Role.OPERATOR, batches),
    "batches-empty": Case(Role.OPERATOR, lambda: reverse("generation:batches")),
    "batch": Case(Role.OPERATOR, a_batch),
    "batch-new": Case(Role.OPERATOR, a_new_batch),
    "generate": Case(Role.OPERATOR, generate),
    "methods": Case(Role.OPERATOR, methods),
    "methods-empty": Case(Role.ANALYST, lambda: reverse("generation:methods")),
    "backgrounds": Case(Role.OPERATOR, lambda: reverse("generation:backgrounds")),
    "method": Case(Role.OPERATOR, a_method),
    "method-edit": Case(Role.OPERATOR, an_edited_method),
    "method-upload": Case(Role.OPERATOR, lambda: reverse("generation:method-upload")),
    "cutout": Case(Role.OPERATOR, a_cutout),
    "rating": Case(Role.RATER, of_campaign("rate")),
    "rate-list": Case(Role.RATER, lambda: campaigns() and reverse("raters:rate-list")),
    "rate-list-empty": Case(Role.RATER, lambda: reverse("raters:rate-list")),
    "rate-list-begun": Case(Role.RATER, own_rating("rate-list")),
    "rate-own": Case(Role.RATER, own_rating("rate-own")),
    "rate-own-empty": Case(Role.RATER, of_campaign("rate-own")),
    "quality": Case(Role.OPERATOR, of_judged("quality")),
    "quality-empty": Case(Role.ANALYST, of_campaign("quality")),
    "quality-rater": Case(Role.OPERATOR, quality_of_a_rater),
    "disputes": Case(Role.ANALYST, of_judged("disputes", figures=False)),
    "disputes-empty": Case(Role.ANALYST, of_campaign("disputes")),
    "ruling": Case(Role.ANALYST, a_ruling),
    "campaign-reports": Case(Role.OPERATOR, reported),
    "campaign-reports-all": Case(Role.OPERATOR, lambda: f"{reported()}?kind=reported"),
    "campaign-reports-empty": Case(Role.OPERATOR, of_campaign("campaign-reports")),
    "gold-items": Case(Role.OPERATOR, gold("gold-items")),
    "gold-new": Case(Role.OPERATOR, gold("gold-new")),
    "rating-imports": Case(Role.OPERATOR, rating_imports),
    "rating-imports-empty": Case(Role.OPERATOR, lambda: reverse("raters:imports")),
    "rating-import": Case(Role.OPERATOR, a_rating_import()),
    "rating-import-refused": Case(Role.OPERATOR, a_rating_import("sofa-1")),
    "webhooks": Case(Role.OPERATOR, a_webhook("webhooks")),
    "webhooks-empty": Case(Role.OPERATOR, lambda: reverse("raters:webhooks")),
    "webhook": Case(Role.OPERATOR, a_webhook("webhook")),
    "tokens": Case(Role.RATER, lambda: reverse("accounts:tokens")),
    "campaigns": Case(Role.OPERATOR, campaigns),
    "campaigns-empty": Case(Role.ANALYST, lambda: reverse("raters:campaigns")),
    "campaign": Case(Role.OPERATOR, campaign()),
    "campaign-draft": Case(Role.OPERATOR, campaign("draft")),
    "campaign-new": Case(Role.OPERATOR, lambda: reverse("raters:campaign-new")),
    "campaign-edit": Case(Role.OPERATOR, of_campaign("campaign-edit")),
    "campaign-images": Case(Role.OPERATOR, of_campaign("campaign-images", "draft")),
    "campaign-guidelines": Case(Role.OPERATOR, of_campaign("campaign-guidelines")),
    "campaign-raters": Case(Role.OPERATOR, of_campaign("campaign-raters")),
    "question-sets": Case(Role.OPERATOR, lambda: reverse("raters:question-sets")),
    "question-set": Case(Role.OPERATOR, a_question_set),
    "question-set-edit": Case(Role.OPERATOR, lambda: a_question_set() + "edit/"),
    "demo": Case(Role.OPERATOR, demonstration, sees=".demo-drawn img", demo=True),
    "product-with-runs": Case(Role.OPERATOR, a_product_with_runs),
    **{name: Case(*case) for name, case in (RANKING | REVIEW | REVIEW_SHARED | PLOTS).items()},
}
