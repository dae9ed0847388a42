"""Products that changed sides between two methods, each with a few of its judged images: for pages and reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from catalog.models import Product
from raters.models import Task
from review.cards import ImageKey, href_of, key_of, picture_of
from review.filters import Filters, apart
from review.models import Item, Name, Verdicts
from review.walls import Wall

PICTURES = 4  # of a product, each method
Result = Mapping[str, Any]  # a comparing.Comparison as plain values


@dataclass(frozen=True)
class MovedImage:
    """An image and its verdict of the day on which the methods were compared."""

    task: Task
    verdict: int

    @property
    def key(self) -> ImageKey:
        """Which image it is."""
        return key_of(self.task)

    @property
    def href(self) -> str:
        """Where it is opened, with its past and every vote."""
        return href_of(Wall(), self.task).partition("?")[0]

    @property
    def picture(self) -> str:
        """The address of its picture; empty where it was imported without its file."""
        return picture_of(self.task)


@dataclass(frozen=True)
class MovedProduct:
    """One product: its row in the catalogue, if it has one, and images of either method, passing ones first."""

    item: Item
    product: Product | None
    sides: tuple[tuple[str, tuple[MovedImage, ...]], ...]


@dataclass(frozen=True)
class MovedSide:
    """Products that pass only with `method`: how many there are, and the first few."""

    key: str  # "gained" or "lost"
    method: str
    count: int
    products: tuple[MovedProduct, ...]


def with_pictures(filters: Filters, results: Sequence[Result]) -> list[dict[str, Any]]:
    """The results, each side of `moved` with `shown`: by item, of first and second method, [task, verdict] of images.

    A few queries, however many results, products and images there are. Kept with a comparison, so that it stays as it
    was.
    """
    wanted = sorted({item for one in results for side in one["moved"].values() for item in side["items"]})
    methods = {name for one in results for name in (one["first"], one["second"])}
    names = dict(Name.objects.filter(kind=Name.Kind.METHOD, text__in=methods).values_list("text", "pk"))
    images = _images(apart(filters), wanted, list(names.values()))

    def shown(items: Sequence[int], one: Result) -> list[list[list[tuple[int, int]]]]:
        two = [names.get(one[which], 0) for which in ("first", "second")]
        return [[images.get((item, method), []) for method in two] for item in items]

    return [
        {**one, "moved": {key: {**side, "shown": shown(side["items"], one)} for key, side in one["moved"].items()}}
        for one in results
    ]


def pictures(results: Sequence[Result]) -> list[tuple[MovedSide, ...]]:
    """For each result, those that its second method gained and those that it lost, with the pictures kept of them.

    Three queries whatever the number of results, products and images.
    """
    sides = [side for one in results for side in one["moved"].values()]
    items = Item.objects.in_bulk({item for side in sides for item in side["items"]})
    products = Product.objects.select_related("cover").in_bulk([one.product for one in items.values() if one.product])
    kept = {task for side in sides for two in side.get("shown", ()) for images in two for task, _ in images}
    tasks = Task.objects.select_related("candidate").in_bulk(kept)

    def told(pk: int, shown: Sequence[Sequence[tuple[int, int]]], names: Sequence[str]) -> MovedProduct:
        both = [
            (name, tuple(MovedImage(tasks[task], verdict) for task, verdict in images if task in tasks))
            for name, images in zip(names, shown, strict=False)
        ]
        return MovedProduct(items[pk], products.get(items[pk].product or 0), tuple(both))

    def side_of(one: Result, key: str, method: str) -> MovedSide:
        side, names = one["moved"][key], (one["first"], one["second"])
        shown = zip(side["items"], side.get("shown", [()] * len(side["items"])), strict=True)
        return MovedSide(
            key, one[method], side["count"], tuple(told(pk, two, names) for pk, two in shown if pk in items)
        )

    return [(side_of(one, "gained", "second"), side_of(one, "lost", "first")) for one in results]


def _images(
    filters: Filters, items: Sequence[int], methods: Sequence[int]
) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Task and verdict of the first few decided images by item and method: PICTURES of each, however many there are."""
    place = Window(RowNumber(), partition_by=[F("item"), F("method")], order_by=[F("verdict").desc(), F("pk").asc()])
    rows = filters.rows().exclude(verdict=Verdicts.UNDECIDED).filter(item__in=items, method__in=methods)
    chosen = rows.annotate(place=place).filter(place__lte=PICTURES).order_by("-verdict", "pk")
    found: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for item, method, task, verdict in chosen.values_list("item", "method", "task_id", "verdict"):
        found.setdefault((item, method), []).append((task, verdict))
    return found
