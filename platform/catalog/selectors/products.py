"""Read products: the filtered list, one page at a time, and what stands around it."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Prefetch, QuerySet, Sum
from django.http import QueryDict
from django.shortcuts import get_object_or_404

from catalog import search
from catalog.models import Photo, Product, ProductType
from vitrine.paging import Page, cursor_from, keyset_page, page_from

PAGE_SIZE = 48
UNTYPED = "none"
# Products without a type have no kept count: this many are counted, more are "more than".
MOST_COUNTED = 10_000
MOST_SOURCES = 100


@dataclass(frozen=True)
class ProductFilter:
    """Which products, and in which order. `type` is a ProductType's id, or UNTYPED for those without one."""

    text: str = ""
    type: int | str | None = None
    source: str = ""
    without_photos: bool = False
    oldest_first: bool = False

    @classmethod
    def of(cls, query: QueryDict) -> "ProductFilter":
        """The filter that an address names; a value that makes no sense is no filter."""
        chosen = query.get("type", "")
        return cls(
            text=query.get("q", "").replace("\0", " ").strip()[: search.MOST_CHARACTERS],
            type=UNTYPED if chosen == UNTYPED else cursor_from(chosen),
            source=query.get("source", "").replace("\0", "")[:40],
            without_photos=query.get("photos") == "none",
            oldest_first=query.get("order") == "oldest",
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.type or self.source or self.without_photos)

    @property
    def words(self) -> tuple[str, ...]:
        return search.words_of(self.text)

    @property
    def type_id(self) -> int | None:
        return self.type if isinstance(self.type, int) else None


@dataclass(frozen=True)
class Total:
    """How many products there are; `exact` is False where it is only "more than"."""

    number: int
    exact: bool


def product_page(
    wanted: ProductFilter, *, after: int | None = None, before: int | None = None, size: int = PAGE_SIZE
) -> Page[Product]:
    """One page of the list, each product with its type and cover; at most three queries whatever the table's size."""
    if wanted.text and not wanted.words:
        return Page([], None, None)  # nothing that could stand in a title: "???"
    bounds: dict[str, Any] = {"after": after, "before": before, "size": size, "ascending": wanted.oldest_first}
    if not (wanted.text or wanted.source or wanted.without_photos):
        return keyset_page(_of_type(wanted), **bounds)
    query = search.IndexQuery(wanted.words, _type_id(wanted), wanted.source, wanted.without_photos)
    return page_from(lambda part: _in_order(search.matching_ids(query, part)), **bounds)


def product_types() -> list[ProductType]:
    """Every type with its kept count of products, by name."""
    return list(ProductType.objects.order_by("name"))


def sources() -> list[str]:
    """The names of the sources there are, at most 100, by hopping along the index from one to the next."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE hop(source) AS (
                SELECT (SELECT source FROM catalog_product ORDER BY source LIMIT 1)
                UNION ALL
                SELECT (SELECT source FROM catalog_product WHERE source > hop.source ORDER BY source LIMIT 1)
                FROM hop WHERE hop.source IS NOT NULL
            )
            SELECT source FROM hop WHERE source IS NOT NULL LIMIT %s
            """,
            [MOST_SOURCES],
        )
        return [row[0] for row in cursor.fetchall()]


def untyped_total() -> Total:
    """How many products have no type, counted along the index up to a limit: no count is kept of them."""
    number = Product.objects.filter(type=None).order_by()[: MOST_COUNTED + 1].count()
    return Total(min(number, MOST_COUNTED), exact=number <= MOST_COUNTED)


def total(untyped: Total) -> Total:
    """How many products there are: the kept counts of the types, and those without a type."""
    typed = ProductType.objects.aggregate(sum=Sum("product_count"))["sum"] or 0
    return Total(typed + untyped.number, untyped.exact)


def list_facts(wanted: ProductFilter) -> dict[str, Any]:
    """What the list's page says besides its rows: the types, the chosen one, how many have none, how many match.

    `total` is None where no kept count tells it (words, source, photos); two queries.
    """
    types, untyped = product_types(), untyped_total()
    chosen = next((type_ for type_ in types if type_.pk == wanted.type_id), None)
    found: Total | None = Total(sum(type_.product_count for type_ in types) + untyped.number, untyped.exact)
    if wanted.type:
        found = untyped if wanted.type == UNTYPED else Total(chosen.product_count if chosen else 0, exact=True)
    if wanted.text or wanted.source or wanted.without_photos:
        found = None
    return {"types": types, "chosen_type": chosen, "untyped": untyped, "total": found}


def product_or_404(pk: int) -> Product:
    """One product with its type and its photos in order; three queries."""
    products = Product.objects.select_related("type").prefetch_related(
        Prefetch("photos", Photo.objects.order_by("position", "id"))
    )
    return get_object_or_404(products, pk=pk)


def facts_of(product: Product) -> list[tuple[str, list[str]]]:
    """A product's attributes as names with their values in words, in the order in which they came."""
    return [(name, _in_words(value)) for name, value in product.attributes.items()]


def _in_words(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for part in value for text in _in_words(part)]
    if isinstance(value, dict):
        return [f"{name}: {', '.join(_in_words(part))}" for name, part in value.items()]
    return [str(value)]


def _of_type(wanted: ProductFilter) -> QuerySet[Product]:
    products = Product.objects.select_related("type", "cover").defer("attributes")
    return products.filter(type=wanted.type_id) if wanted.type else products


def _type_id(wanted: ProductFilter) -> int | None:
    return 0 if wanted.type == UNTYPED else wanted.type_id


def _in_order(ids: list[int]) -> list[Product]:
    found = Product.objects.select_related("type", "cover").defer("attributes").in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]
