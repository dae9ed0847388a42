"""What later rooms put on the catalogue's pages: panels on a product's, and links above the list of products.

A room names its own once, when Django is ready (`AppConfig.ready`):

    panels.show("generation:product-runs", "Runs")

The named URL takes the product's id. It answers with an HTML fragment that htmx puts in place after the page has
loaded, so that a slow panel holds up nothing; a person whom its view does not admit does not get the panel.

    panels.offer("generation:batch-new", "Generate for these")

The link leads to that page with the list's own filter in its address (`catalog.selectors.products.ProductFilter`).

    panels.warn(selectors.runs.what_goes)

What it says of a product's id, a sentence or "", stands on the page that asks before the product is deleted.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.http import QueryDict
from django.urls import resolve, reverse

from vitrine.access import rule_of


class Panel(NamedTuple):
    """A panel on one product's page: its heading and the address of its fragment."""

    title: str
    url: str


class Offer(NamedTuple):
    """A link above the list of products: what it says, and where it leads."""

    title: str
    url: str


_shown: dict[str, str] = {}
_offered: dict[str, str] = {}
_warnings: list[Callable[[int], str]] = []


def show(url_name: str, title: str) -> None:
    """Show the fragment at that URL name on each product's page, in the order of registration."""
    _shown[url_name] = title


def remove(url_name: str) -> None:
    """Show it no longer."""
    _shown.pop(url_name, None)


def offer(url_name: str, title: str) -> None:
    """Offer the page at that URL name for the products that a filter finds, in the order of registration."""
    _offered[url_name] = title


def withdraw(url_name: str) -> None:
    """Offer it no longer."""
    _offered.pop(url_name, None)


def warn(words: Callable[[int], str]) -> None:
    """Ask this what goes with a product, before it is deleted."""
    if words not in _warnings:
        _warnings.append(words)


def warnings_for(product_id: int) -> list[str]:
    """What else goes with a product, a sentence for each room that has something."""
    return [said for words in _warnings if (said := words(product_id))]


def offers_for(query: QueryDict, user: Any) -> list[Offer]:
    """The offers that this user may take, for the products of the list at that address."""
    filtered = query.copy()
    for cursor in ("after", "before"):
        filtered.pop(cursor, None)
    found = []
    for url_name, title in _offered.items():
        url = reverse(url_name)
        rule = rule_of(resolve(url).func)
        if rule and rule.admits(user):
            found.append(Offer(title, f"{url}?{filtered.urlencode()}" if filtered else url))
    return found


def panels_for(product_id: int, user: Any) -> list[Panel]:
    """The panels of a product that this user may see."""
    found = []
    for url_name, title in _shown.items():
        url = reverse(url_name, args=[product_id])
        rule = rule_of(resolve(url).func)
        if rule and rule.admits(user):
            found.append(Panel(title, url))
    return found
