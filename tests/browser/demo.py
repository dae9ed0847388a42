"""The page of the demonstration with everything on it that is there once the small set has drawn."""

from django.urls import reverse

from catalog.models import Product
from generation.models import Method
from jobs.models import State
from tests.browser.review import drawn
from tests.factories.catalog import make_photo, make_product
from tests.factories.generation import make_candidate, make_method, make_run
from tests.factories.jobs import make_job
from tests.factories.runs import make_whole_run
from vitrine.demo import shows
from vitrine.demo.shows import SMALL, SMALL_SET, SWAPS, USUAL_SET, Show
from vitrine.demo.steps import steps_of

STOPPED = "Traceback\nOSError: There is no space left on the device."


def demonstration() -> str:
    """A show that goes on no more: some of its steps are done and others stopped, and one product asks a person."""
    methods = {name: make_method(name) for name in (*SWAPS, *SMALL)}
    *products, asking = (_photographed(view) for view in range(3))
    for product in products:
        _drawn(product, methods)
    make_run(asking, method=methods[SWAPS[0]], state="needs_person", problem="No product was found in photo 1.")
    for product, name in [(one, SWAPS[1]) for one in (*products, asking)] + [(asking, name) for name in SMALL]:
        make_run(product, method=methods[name], state="failed")
    ids = tuple(one.pk for one in (*products, asking))
    show = Show("samples", "The sample catalogue", ids, images=2, learned=SMALL_SET, learns=SMALL)
    shows.begin(show)
    for step in steps_of(show):
        over = step.progress(show).over
        state, error = (State.SUCCEEDED, "") if over else (State.FAILED, STOPPED)
        make_job(shows.STEP, key=show.key(step.name), state=state, error=error)
    return reverse("demo:progress")


def _photographed(view: int) -> Product:
    product = make_product("Stoneware mug with a long name that wraps on a narrow screen", type="mug")
    make_photo(product, data=drawn(view))
    return Product.objects.get(pk=product.pk)


def _drawn(product: Product, methods: dict[str, Method]) -> None:
    """Two images in new scenes, and one that each method of the small set drew."""
    scenes = make_whole_run(
        product, method=methods[SWAPS[0]], model_set=USUAL_SET, candidates=2, pictures=2, side=64
    ).candidates.all()
    for name, scene in zip(SMALL, scenes, strict=True):
        run = make_run(product, method=methods[name], model_set=SMALL_SET, state="succeeded")
        make_candidate(run, key=scene.key, sha256=scene.sha256, dino_i=0.7)
