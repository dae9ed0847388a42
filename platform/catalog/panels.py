"""The panels that later rooms put on a product's page, below its photos.

A room names its own once, when Django is ready (`AppConfig.ready`):

    panels.show("generation:product-runs", "Runs")

The named URL takes the product's id. It answers with an HTML fragment that htmx puts in place after the page has
loaded, so that a slow panel holds up nothing; a person whom its view does not admit does not get the panel.
"""

from typing import Any, NamedTuple

from django.urls import resolve, reverse

from vitrine.access import rule_of


class Panel(NamedTuple):
    """A panel on one product's page: its heading and the address of its fragment."""

    title: str
    url: str


_shown: dict[str, str] = {}


def show(url_name: str, title: str) -> None:
    """Show the fragment at that URL name on each product's page, in the order of registration."""
    _shown[url_name] = title


def remove(url_name: str) -> None:
    """Show it no longer."""
    _shown.pop(url_name, None)


def panels_for(product_id: int, user: Any) -> list[Panel]:
    """The panels of a product that this user may see."""
    found = []
    for url_name, title in _shown.items():
        url = reverse(url_name, args=[product_id])
        rule = rule_of(resolve(url).func)
        if rule and rule.admits(user):
            found.append(Panel(title, url))
    return found
