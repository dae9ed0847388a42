"""Every page of the site with something on it, for the tests that look at all of them. New pages join here."""

import io
from collections.abc import Callable
from typing import NamedTuple

from django.urls import reverse
from django.utils import timezone
from PIL import Image

from accounts.models import User
from catalog.models import ContextPrompt, ImportRefusal, ImportRun
from catalog.samples import render_product_photo
from jobs.models import Attempt, Job, State
from tests.factories.accounts import make_user
from tests.factories.catalog import make_photo, make_product, make_prompt, make_type
from vitrine.access import Role


class Case(NamedTuple):
    """One page: who opens it, and what makes its address (and its rows)."""

    who: Role | None
    address: Callable[[], str]
    signed_in: bool = True
    status: int = 200


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
}
