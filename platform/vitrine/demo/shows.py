"""A show: some products, taken through the whole loop by durable jobs. What is under way, and what a step has made.

The jobs' table is all that remembers it: a show is a job of the kind `demo.show`, each of its steps another one.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q

from accounts.models import User
from catalog.models import Product
from generation.model_sets import model_set
from jobs import services
from jobs.models import Job, State, Step
from vitrine.access import Role
from vitrine.demo import filling

SHOW, STEP = "demo.show", "demo.step"
FIRST = 6  # products that are shown before all others
MOST = 40  # products of one show: a laptop is done with them in minutes
SWAPS = ("background-swap", "background-swap-flat")
LEARNED = ("dreambooth-lora", "paper-2503.08729")
USUAL_SET = "classical-mini"
# Sets whose own segmenter and encoders do not know photos of this size: swaps take the usual one.
_FOR_THE_WORLD = ("", "mini")


@dataclass(frozen=True)
class Show:
    """`products` in the order in which they are run; `images` each product gets by each method.

    With `crowd` made-up raters answer; without it people do. `learned` methods train a model for each product.
    """

    name: str
    title: str
    products: tuple[int, ...]
    model_set: str = USUAL_SET
    images: int = 6
    crowd: bool = True
    learned: str = ""  # the model set for methods that train, where there is one

    @property
    def first(self) -> tuple[int, ...]:
        return self.products[:FIRST]

    @property
    def rest(self) -> tuple[int, ...]:
        return self.products[FIRST:]

    def key(self, step: str = "") -> str:
        """Of the show's own job, or of a step's; of the step " " it is what all of its steps' keys begin with."""
        return f"demo {self.name} {step.strip()}" if step else f"demo {self.name}"


def begin(show: Show) -> Job:
    """Have a show begin; one of that name that has begun already is left as it is."""
    subject = f"Demonstration: {show.title}"[:200]
    return services.submit(SHOW, {"show": _plain(show)}, key=show.key(), subject=subject, asked_by=operator())


def shows() -> list[Show]:
    """Those that have begun, in their order."""
    rows = Job.objects.filter(kind=SHOW).order_by("pk").values_list("params", flat=True)
    return [_from_plain(params["show"]) for params in rows]


def show_named(name: str) -> Show:
    """Raises KeyError where none of that name has begun."""
    return {show.name: show for show in shows()}[name]


def samples(*, wanted: str = "", images: int = 6, most: int = MOST) -> Show:
    """The show of the sample catalogue."""
    order = [sample.row.external_id for sample in filling.in_order()]
    ids = dict(Product.objects.filter(source=filling.SOURCE).values_list("external_id", "pk"))
    products = tuple(ids[one] for one in order if one in ids)[:most]
    return Show(
        "samples", "The sample catalogue", products, *_sets(wanted, images), crowd=True, learned=_trains(wanted)
    )


def photos(source: str, *, wanted: str = "", images: int = 6, crowd: bool = False, most: int = MOST) -> Show | None:
    """The show of those products of an import's source that are in none yet; None where all are."""
    begun = shows()
    shown = {product for show in begun for product in show.products}
    rows = Product.objects.filter(source=source, photo_count__gt=0).exclude(pk__in=shown)
    products = tuple(rows.order_by("pk").values_list("pk", flat=True)[:most])
    if not products:
        return None
    number = 1 + sum(show.name.startswith("photos-") for show in begun)
    title = "Your own photos" if number == 1 else f"Your own photos, part {number}"
    sets = _sets(wanted, images)
    return Show(f"photos-{number}", title, products, *sets, crowd=crowd, learned=_trains(wanted))


def take_up(show: Show) -> int:
    """Have those steps tried again that failed or were cancelled; returns how many."""
    ours = Job.objects.filter(Q(key=show.key()) | Q(key__startswith=show.key(" ")))
    stopped = ours.filter(state__in=(State.FAILED, State.CANCELLED))
    return services.retry_many(stopped.values_list("pk", flat=True)).done


def made(show: Show, step: str, what: str) -> int | None:
    """The number of the row that a step has made, from the moment it was made on; None before."""
    row = Step.objects.filter(job__key=show.key(step), name=what).values_list("result", flat=True).first()
    return int(row) if row is not None else None


def operator() -> User | None:
    """In whose name the demonstration asks for things."""
    return User.objects.filter(username=Role.OPERATOR.value).first()


def _sets(wanted: str, images: int) -> tuple[str, int]:
    """The model set that swaps take, and the number of images. Raises BadModelSet for a set that is not there."""
    chosen = wanted or settings.MODEL_SET
    return (USUAL_SET if chosen in _FOR_THE_WORLD else model_set(chosen).name), images


def _trains(wanted: str) -> str:
    chosen = wanted or settings.MODEL_SET
    return chosen if chosen and "base" in model_set(chosen).entries else ""


def _plain(show: Show) -> dict[str, Any]:
    return asdict(show) | {"products": list(show.products)}


def _from_plain(plain: dict[str, Any]) -> Show:
    products: Sequence[int] = plain["products"]
    return Show(**{**plain, "products": tuple(products)})
