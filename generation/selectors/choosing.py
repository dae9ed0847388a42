"""Which products a batch is for: those that the product list's own filter finds."""

from catalog.models import ProductType
from catalog.selectors.products import UNTYPED, ProductFilter, product_page
from generation.exceptions import NotPossible

MOST = 10_000
AT_ONCE = 1_000


def chosen_ids(wanted: ProductFilter, most: int = MOST) -> list[int]:
    """The ids of the products that a filter finds, by the pages of the list itself.

    Raises NotPossible where it finds more: which of them would be left out nobody could see.
    """
    found: list[int] = []
    after: int | None = None
    while len(found) <= most:
        page = product_page(wanted, after=after, size=AT_ONCE)
        found += [product.pk for product in page.items]
        if page.next_cursor is None and len(found) <= most:
            return found
        after = page.next_cursor
    raise NotPossible(
        f"The filter finds more than {most:,} products, and a batch takes no more: narrow it, such as by type or words."
    )


def words_of(wanted: ProductFilter) -> str:
    """The filter for people: "of the type mug that match “blue”"."""
    words = []
    if wanted.type == UNTYPED:
        words.append("without a type")
    elif wanted.type_id is not None:
        name = ProductType.objects.filter(pk=wanted.type_id).values_list("name", flat=True).first()
        words.append(f"of the type {name or 'that is gone'}")
    if wanted.text:
        words.append(f"that match “{wanted.text}”")
    if wanted.source:
        words.append(f"from {wanted.source}")
    if wanted.without_photos:
        words.append("without photos")
    return " ".join(words)


def title_of(wanted: ProductFilter) -> str:
    """The filter as a title: "Products of the type mug"."""
    return f"Products {words_of(wanted)}".strip()
