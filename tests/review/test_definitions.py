"""Every number on a page has its definition one hover or focus away: on each page, those of the figures it shows."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from review import against_people, plans
from review.definitions import DEFINITIONS
from review.filters import Filters
from review.models import Study
from review.services import comparisons, studies
from review.study_forms import metrics_query
from tests.factories.catalog import make_product
from tests.factories.rating import YES
from tests.factories.runs import make_whole_run
from tests.review.facts import put
from tests.review.made import mixed_world
from tests.review.measured import measured
from tests.review.pictured import SIZE_FAILS, judge, make_world

ClientFor = Callable[[User | None], Client]
PLAN = "base=10&expected=25&images=6&raters=3&power=80&level=5"
TERM = re.compile(r'<button type="button" class="term-name" aria-describedby="([^"]+)">')
WORDS = re.compile(r'class="term-words" role="tooltip" id="([^"]+)"')
TEMPLATES = Path(settings.BASE_DIR) / "templates" / "review"


@pytest.fixture
def client(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


def overview() -> str:
    mixed_world()
    return "/review/"


def product(query: str = "") -> str:
    return f"/review/products/{make_world().product.pk}/{query}"


def image() -> str:
    candidate = make_whole_run(candidates=2, pictures=2, side=32).candidates.order_by("pk")[0]
    judge([candidate], [[YES, YES, SIZE_FAILS]])
    return f"/review/candidates/{candidate.pk}/"


def comparison() -> str:
    products = [make_product(f"Mug {n}", type="mug") for n in range(6)]
    put([(one, name, "x", [name == "b", n > 4]) for n, one in enumerate(products) for name in "ab"])
    row = comparisons.ask(Filters(), ["a", "b"])
    comparisons.run(row.pk)
    return f"/review/compare/{row.pk}/"


def metrics() -> str:
    measured()
    studies.run(studies.ask(Study.Kind.METRICS, metrics_query(Filters(), 3)).pk)
    return "/review/metrics/?first=3"


def planner() -> str:
    studies.run(studies.ask(Study.Kind.PLAN, PLAN).pk)
    return f"/review/planner/?{PLAN}"


def products() -> str:
    make_world()
    return "/review/products/"


RATES, VOTES = {"per_image", "per_product", "judged", "products"}, {"votes"}
PAGES = {
    "overview": (overview, RATES | {"undecided", "ratings", "ratings_per_verdict", "hours", "design_effect", "alone",
                                    "question_rate", "maybe", "no", "unclear", "agreement"}),
    "products": (products, {"own_passing"}),
    "product": (product, VOTES | {"own_rate", "type_rate", "judged", "undecided", "ratings", "fails"}),
    "product by a metric": (lambda: product("?sort=clip_i"), VOTES | {"metrics"}),
    "product by the sum": (lambda: product("?sort=score"), VOTES | {"sum"}),
    "image": (image, {"metrics", "place", "sum", "accepts", "vote_outcome"}),
    "comparison": (comparison, {"compared_rate", "difference", "ratio", "tests", "both", "icc", "p_corrected", "better",
                                "changed_sides"}),
    "metrics": (metrics, {"pearson", "spearman", "auc", "auc_within", "first", "measured"}),
    "planner": (planner, {"plan_products", "power", "plan_images", "plan_ratings", "plan_hours", "icc", "shared"}),
    "tables": (lambda: "/review/tables/", RATES | {"interval", "metrics", "mean_images"}),
}  # fmt: skip


@pytest.mark.parametrize("name", list(PAGES))
def test_figures_are_defined_where_they_stand(name: str, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(against_people, "RESAMPLES", 30)
    monkeypatch.setattr(against_people, "RESAMPLES_OF_TYPES", 20)
    monkeypatch.setattr(plans, "POINTS", 2)
    monkeypatch.setattr(plans.planning, "STUDIES", 100)
    make, keys = PAGES[name]
    page = client.get(make()).content.decode()
    for key in keys:
        assert re.search(rf'id="term-[\w-]+-{key}"', page), key
    described, told = TERM.findall(page), WORDS.findall(page)
    assert described == told  # each name has its words beside it,
    assert len(told) == len(set(told))  # under an id of its own


def test_each_definition_is_on_a_page() -> None:
    places = [*TEMPLATES.glob("*.html"), *(Path(settings.BASE_DIR) / "platform" / "review").rglob("*.py")]
    written = "\n".join(one.read_text() for one in places if one.name != "definitions.py")
    assert [key for key in DEFINITIONS if f'"{key}"' not in written] == []


def test_definitions_say_something_of_their_own() -> None:
    words = [one.words for one in DEFINITIONS.values()]
    assert len(words) == len(set(words))
    assert all(one.title and one.words.endswith(".") for one in DEFINITIONS.values())
