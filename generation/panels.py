"""What later rooms put on the page of one image.

A room names its own once, when Django is ready (`AppConfig.ready`):

    panels.show("ranking:candidate-score", "What rankers say")

The named URL takes the candidate's id. It answers with an HTML fragment that htmx puts in place after the page has
loaded; a person whom its view does not admit does not get the panel.
"""

from typing import Any, NamedTuple

from django.urls import resolve, reverse

from vitrine.access import rule_of


class Panel(NamedTuple):
    """A panel on one candidate's page: its heading and the address of its fragment."""

    title: str
    url: str


_shown: dict[str, str] = {}


def show(url_name: str, title: str) -> None:
    """Show the fragment at that URL name on each candidate's page, in the order of registration."""
    _shown[url_name] = title


def remove(url_name: str) -> None:
    """Show it no longer."""
    _shown.pop(url_name, None)


def panels_for(candidate_id: int, user: Any) -> list[Panel]:
    """The panels of a candidate that this user may see."""
    found = []
    for url_name, title in _shown.items():
        url = reverse(url_name, args=[candidate_id])
        rule = rule_of(resolve(url).func)
        if rule and rule.admits(user):
            found.append(Panel(title, url))
    return found
