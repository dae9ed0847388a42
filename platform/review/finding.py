"""Products and prompts by a few letters, for fields that are found by typing; and what a chosen one is called."""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from catalog.models import Product
from catalog.selectors.products import ProductFilter, product_page
from review import figures
from review.filters import NARROWING, Filters
from review.models import Item, Name

MOST_FOUND = 8
DIGEST = 12  # letters of a prompt's digest in an address


class Found(NamedTuple):
    """One to choose: what the address holds, what it is called, and a word on it."""

    value: str
    label: str
    hint: str = ""


class Chip(NamedTuple):
    """A filter that is set, in words, and the query of the same choice without it."""

    what: str
    which: str
    without: str


def products(text: str) -> list[Found]:
    """Products with these words, or the newest ones; those without a judged image say so."""
    page = product_page(ProductFilter(text=text), size=MOST_FOUND)
    rows = list(page.items)
    judged = set(Item.objects.filter(product__in=[one.pk for one in rows]).values_list("product", flat=True))
    return [Found(str(one.pk), one.title, "" if one.pk in judged else "no judged image") for one in rows]


def prompts(text: str) -> list[Found]:
    """Prompts of judged images with these letters in them."""
    rows = Name.objects.filter(kind=Name.Kind.PROMPT, text__icontains=text).exclude(text="").order_by("text")
    found = rows.values_list("digest", "text")[:MOST_FOUND]
    return [Found(digest[:DIGEST], label) for digest, label in found]


FINDERS: dict[str, Callable[[str], list[Found]]] = {"product": products, "prompt": prompts}


def label_of(what: str, value: str) -> str:
    """What a chosen product or prompt is called; its number where it is not there; empty for none."""
    if not value:
        return ""
    if what == "product":
        title = Product.objects.filter(pk=value).values_list("title", flat=True).first() if value.isdecimal() else None
        return title or f"#{value}"
    text = Name.objects.filter(kind=Name.Kind.PROMPT, digest__startswith=value).values_list("text", flat=True).first()
    return text or value


def chips(filters: Filters, others: Sequence[tuple[str, str]] = (), *, compared: bool = False) -> list[Chip]:
    """Each filter that narrows the choice, with the query that takes it away and keeps the page's `others`.

    `compared`: the choice is for a comparison.
    """
    return [
        Chip(what, which, urlencode([*filters.without(names).pairs, *others]))
        for names in NARROWING
        for what, which in figures.words_of(filters.only(names), compared=compared)
    ]
