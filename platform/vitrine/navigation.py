"""The links in the page header: each shows to those whom its view admits, by the view's own rule."""

from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import resolve, reverse

from vitrine.access import rule_of


class Link(NamedTuple):
    """One entry: what it says, where it leads, and whether the current page is inside it."""

    label: str
    url: str
    current: bool


# label, URL name, the path (or paths) that count as inside it
_ENTRIES = (
    ("Products", "catalog:products", "/products/"),
    ("Prompts", "catalog:prompts", "/prompts/"),
    ("Imports", "catalog:imports", "/imports/"),
    ("Generation", "generation:runs", ("/runs/", "/batches/", "/methods/", "/backgrounds/", "/candidates/")),
    ("Rate", "raters:rate-list", "/rate/"),
    ("Campaigns", "raters:campaigns", ("/campaigns/", "/questions/")),
    ("Ranking", "ranking:rankers", "/ranking/"),
    ("Review", "review:start", "/review/"),
    ("Jobs", "jobs:list", "/jobs/"),
    ("Admin", "admin:index", "/admin/"),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `links` for the header of a signed-in user."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"links": []}
    links = []
    for label, name, inside in _ENTRIES:
        url = reverse(name)
        rule = rule_of(resolve(url).func)
        if rule and rule.admits(request.user):
            links.append(Link(label, url, request.path.startswith(inside)))
    return {"links": links}
