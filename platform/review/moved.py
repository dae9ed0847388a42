"""Products that changed sides between two methods, each with a few of its judged images: for pages and reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from catalog.models import Product
from review.filters import Filters
from review.models import Item, JudgedImage, Name, Verdicts

PICTURES = 4  # of a product, each method
Result = Mapping[str, Any]  # a comparing.Comparison as plain values


@dataclass(frozen=True)
class MovedProduct:
    """One product: its row in the catalogue, if it has one, and judged images of either method, passing ones first."""

    item: Item
    product: Product | None
    sides: tuple[tuple[str, tuple[JudgedImage, ...]], ...]


@dataclass(frozen=True)
class MovedSide:
    """Products that pass only with `method`: how many there are, and the first few."""

    key: str  # "gained" or "lost"
    method: str
    count: int
    products: tuple[MovedProduct, ...]


def pictures(filters: Filters, results: Sequence[Result]) -> list[tuple[MovedSide, ...]]:
    """For each result, those that its second method gained and those that it lost.

    Five queries whatever the number of results, products and images.
    """
    wanted = {item for one in results for side in one["moved"].values() for item in side["items"]}
    items = Item.objects.in_bulk(wanted)
    products = Product.objects.select_related("cover").in_bulk([one.product for one in items.values() if one.product])
    methods = {name for one in results for name in (one["first"], one["second"])}
    names = dict(Name.objects.filter(kind=Name.Kind.METHOD, text__in=methods).values_list("text", "pk"))
    images = _images(filters, list(items), list(names.values()))

    def told(pk: int, one: Result) -> MovedProduct:
        item = items[pk]
        sides = [(name, tuple(images.get((pk, names.get(name, 0)), ()))) for name in (one["first"], one["second"])]
        return MovedProduct(item, products.get(item.product or 0), tuple(sides))

    return [
        tuple(
            MovedSide(key, one[method], one["moved"][key]["count"],
                      tuple(told(pk, one) for pk in one["moved"][key]["items"] if pk in items))
            for key, method in (("gained", "second"), ("lost", "first"))
        )
        for one in results
    ]  # fmt: skip


def _images(filters: Filters, items: Sequence[int], methods: Sequence[int]) -> dict[tuple[int, int], list[JudgedImage]]:
    """The first few decided images by item and method: PICTURES of each, however many there are."""
    place = Window(RowNumber(), partition_by=[F("item"), F("method")], order_by=[F("verdict").desc(), F("pk").asc()])
    rows = filters.rows().exclude(verdict=Verdicts.UNDECIDED).filter(item__in=items, method__in=methods)
    chosen = rows.annotate(place=place).filter(place__lte=PICTURES).select_related("task__candidate")
    found: dict[tuple[int, int], list[JudgedImage]] = {}
    for image in chosen.order_by("-verdict", "pk"):
        found.setdefault((image.item, image.method), []).append(image)
    return found
