"""A show: some products, taken through the whole loop by durable jobs. What is under way, and what a step has made.

The jobs' table is all that remembers it: a show is a job of the kind `demo.show`, each of its steps another one.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.models import User
from catalog.models import Product
from generation.checkpoints.loading import missing
from generation.model_sets import model_set
from jobs import services
from jobs.models import FINISHED_STATES, Job, State, Step
from vitrine.access import Role
from vitrine.demo import filling

SHOW, STEP = "demo.show", "demo.step"
JUDGED = ("figures", "compare")  # steps that are about verdicts
OF_A_CROWD = ("crowd", "figures", "train", "gate", "compare")  # a crowd's verdicts, and what follows from them
LEARN = "learn"  # the step of the methods that train
FIRST = 6  # products that are shown before all others
PAIRED = 12  # products that the ablation runs on, too, for a crowd: as many as it takes to tell both apart
MOST = 40  # products of one show: a laptop is done with them in minutes
SWAPS = ("background-swap", "background-swap-flat")
LEARNED = ("dreambooth-lora", "paper-2503.08729")
# Where a set comes without weights for new views: the paper's method but for that.
_WITHOUT_VIEWS = ("dreambooth-lora", "ablation-no-novel-views")
# The set that comes along, and both methods cut to what a laptop's cores do in minutes (`filling.RECIPES`).
SMALL_SET = "mini"
SMALL = ("dreambooth-lora-mini", "paper-2503.08729-mini")
USUAL_SET = "classical-mini"
# Sets whose own segmenter and encoders do not know photos of this size: swaps take the usual one.
FOR_THE_WORLD = ("", "mini")


@dataclass(frozen=True)
class Show:
    """`products` in the order in which they are run; `images` each product gets by each method.

    With `crowd` made-up raters answer; without it people do. The methods `learns` train a model for each product.
    """

    name: str
    title: str
    products: tuple[int, ...]
    model_set: str = USUAL_SET
    images: int = 6
    crowd: bool = True
    learned: str = ""  # the model set for methods that train, where there is one
    learns: tuple[str, ...] = LEARNED

    @property
    def along(self) -> tuple[str, ...]:
        """The methods that train whose images a crowd judges with the others': those that a laptop is quick with."""
        quick = self.learned == SMALL_SET and set(self.learns) <= set(SMALL)
        return self.learns if self.crowd and quick else ()

    @property
    def judged(self) -> tuple[str, ...]:
        """All methods whose images are judged."""
        return (*SWAPS, *self.along)

    @property
    def first(self) -> tuple[int, ...]:
        return self.products[:FIRST]

    @property
    def rest(self) -> tuple[int, ...]:
        return self.products[FIRST:]

    def of_method(self, name: str, products: Sequence[int]) -> tuple[int, ...]:
        """Those of these products that a method of the show runs on: all, but for the ablation where a crowd judges."""
        some = name == SWAPS[1] and self.crowd
        return tuple(pk for pk in products if not some or pk in self.products[:PAIRED])

    def key(self, step: str = "") -> str:
        """Of the show's own job, or of a step's; of the step " " it is what all of its steps' keys begin with."""
        return f"demo {self.name} {step.strip()}" if step else f"demo {self.name}"


def begin(show: Show) -> Job:
    """Have a show begin. One of that name that has begun goes on as it is, and gains the steps that it now has more."""
    subject = f"Demonstration: {show.title}"[:200]
    job = services.submit(SHOW, {"show": _plain(show)}, key=show.key(), subject=subject, asked_by=operator())
    before = _from_plain(job.params["show"])
    after = _with_more(before, crowd=show.crowd, learned=show.learned, learns=show.learns)
    if after != before:
        with transaction.atomic():
            if after.crowd != before.crowd:
                begin_anew(before, JUDGED)
            if after.along != before.along:
                begin_anew(before, OF_A_CROWD)
            if before.learned and (after.learned, after.learns) != (before.learned, before.learns):
                begin_anew(before, (LEARN,))
            Job.objects.filter(pk=job.pk).update(params={"show": _plain(after)})
        if after.learned and not before.learned and _photos_kept(after):
            filling.add_captions(after.products)
    filling.claim_captions(after.products)
    return job


def _photos_kept(show: Show) -> bool:
    """Whether the step that keeps photos, with what is noted of them, is over: it does not look again."""
    return Job.objects.filter(key=show.key("photos"), state=State.SUCCEEDED).exists()


def _with_more(show: Show, *, crowd: bool, learned: str, learns: tuple[str, ...]) -> Show:
    """The show with what is asked for now; what it has already stays, and a larger set takes the small one's place.

    The same set brings the methods that it has now, which may be others than when the show began.
    """
    larger = show.learned == SMALL_SET and learned != ""
    learning = {"learned": learned, "learns": learns} if larger or show.learned in ("", learned) else {}
    return replace(show, crowd=show.crowd or crowd, **learning)  # type: ignore[arg-type]


def begin_anew(show: Show, steps: Sequence[str]) -> None:
    """Have steps done again, about other verdicts than before; what they made stays.

    Of several who find this out at once, one takes a job's key away; whatever has that key since is left alone.
    """
    with transaction.atomic():
        found = Job.objects.filter(key__in=[show.key(step) for step in steps]).order_by("pk")
        before = list(found.values_list("pk", "key"))
        claimed = [pk for pk, key in before if Job.objects.filter(pk=pk, key=key).update(key=None) == 1]
        services.cancel_many(
            Job.objects.filter(pk__in=claimed).exclude(state__in=FINISHED_STATES).values_list("pk", flat=True)
        )


def shows() -> list[Show]:
    """Those that have begun, in their order."""
    return [show for show, _ in _begun()]


def show_named(name: str) -> Show:
    """Raises KeyError where none of that name has begun."""
    return {show.name: show for show in shows()}[name]


def samples(*, wanted: str = "", images: int = 6, most: int = MOST) -> Show:
    """The show of the sample catalogue, of which the set that comes along learns the first products: it knows them.

    Another set takes its place, or nothing does: see `_trains`.
    """
    order = [sample.row.external_id for sample in filling.in_order()]
    ids = dict(Product.objects.filter(source=filling.SOURCE).values_list("external_id", "pk"))
    products = tuple(ids[one] for one in order if one in ids)[:most]
    learning = _trains(wanted or settings.MODEL_SET or SMALL_SET)
    return Show("samples", "The sample catalogue", products, *_sets(wanted, images), crowd=True, **learning)


def photos(
    products: Sequence[int], *, wanted: str = "", images: int = 6, crowd: bool = False, most: int = MOST
) -> list[Show]:
    """The shows of a folder's products: those that have begun, with what is asked for now, and one of what is new.

    What is new is what came after the newest of them had begun: of a larger folder, the first `most` are shown.
    """
    sets, learning = _sets(wanted, images), _trains(wanted or settings.MODEL_SET)
    rows = {show: at for show, at in _begun() if show.name.startswith("photos-")}
    found = [show for show in rows if set(show.products) & set(products)]
    changed = [_with_more(show, crowd=crowd, **learning) for show in found]
    new = Product.objects.filter(photo_count__gt=0).order_by("pk")
    if found:
        new = new.filter(created_at__gt=max(rows[show] for show in found))
    waiting = set(products) - {product for show in rows for product in show.products}
    ids = new.values_list("pk", flat=True).iterator()
    chosen = tuple(islice((pk for pk in ids if pk in waiting), most))
    if not chosen:
        return changed
    number = 1 + len(rows)
    title = "Your own photos" if number == 1 else f"Your own photos, part {number}"
    return [*changed, Show(f"photos-{number}", title, chosen, *sets, crowd=crowd, **learning)]


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


def _begun() -> list[tuple[Show, datetime]]:
    """Those that have begun, and when."""
    rows = Job.objects.filter(kind=SHOW).order_by("pk").values_list("params", "created_at")
    return [(_from_plain(params["show"]), at) for params, at in rows]


def _sets(wanted: str, images: int) -> tuple[str, int]:
    """The model set that swaps take, and the number of images. Raises BadModelSet for a set that is not there."""
    chosen = wanted or settings.MODEL_SET
    return (USUAL_SET if chosen in FOR_THE_WORLD else model_set(chosen).name), images


def _trains(chosen: str) -> dict[str, Any]:
    """`learned` and `learns` of a show: the set for methods that train, "" where it has none, and those methods."""
    entries = model_set(chosen).entries if chosen else {}
    if "base" not in entries:
        return {"learned": "", "learns": LEARNED}
    video = entries.get("video")
    # What can be fetched is asked for: its absence is told, with the command. What no fetch can bring is done without.
    without = video is None or (not video.repo and bool(missing(video)))
    if chosen == SMALL_SET:
        return {"learned": chosen, "learns": SMALL[:1] if without else SMALL}
    return {"learned": chosen, "learns": _WITHOUT_VIEWS if without else LEARNED}


def _plain(show: Show) -> dict[str, Any]:
    return asdict(show) | {"products": list(show.products), "learns": list(show.learns)}


def _from_plain(plain: dict[str, Any]) -> Show:
    learns = tuple(plain.get("learns", LEARNED))
    return Show(**{**plain, "products": tuple(plain["products"]), "learns": learns})
