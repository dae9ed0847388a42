"""Filters in pages: fields that are found by typing, chips that take a filter away, hidden fields that keep it."""

from typing import Any, NamedTuple

from django import template
from django.http import HttpRequest
from django.template import Context
from django.urls import reverse

from review import finding
from review.filters import Filters
from review.forms import FilterForm
from review.services import saved

MOST_IN_MENU = 30
_PLACES = ("after", "before")
# URL name, label, whether the page takes filters
PAGES = (
    ("overview", "Overview", True),
    ("images", "Images", True),
    ("products", "Products", True),
    ("compare", "Compare", True),
    ("metrics", "Metrics", True),
    ("planner", "Planner", False),
    ("reports", "Reports", True),
    ("tables", "Paper's tables", False),
)
register = template.Library()


class PageLink(NamedTuple):
    """A page of review in the row of links: its key, its label and its address."""

    key: str
    label: str
    address: str


@register.inclusion_tag("review/_picker.html")
def picker(form: FilterForm, name: str, label: str) -> dict[str, Any]:
    """A field of the form that is found by typing: "product" or "prompt"."""
    field = form[name]
    value = str(field.value() or "")
    known = value if not field.errors else ""
    return {"name": name, "label": label, "value": value, "text": finding.label_of(name, known), "errors": field.errors}


@register.inclusion_tag("review/_chips.html", takes_context=True)
def chips(context: Context, filters: Filters, *but: str) -> dict[str, Any]:
    """What narrows the choice beyond `but`, each with a link to the page without it.

    What else the page's address says is kept, but for the place in a list, which would be another's. `compared` in the
    context: what is chosen is for a comparison.
    """
    request: HttpRequest = context["request"]
    others = [
        (name, value)
        for name, values in request.GET.lists()
        for value in values
        if name not in FilterForm.base_fields and name not in _PLACES
    ]
    return {"chips": finding.chips(filters.without(but), others, compared=bool(context.get("compared")))}


@register.inclusion_tag("review/_hidden.html")
def hidden(filters: Filters, *but: str) -> dict[str, Any]:
    """The choice as hidden fields of a form, without those that the form has fields for."""
    return {"pairs": [(name, value) for name, value in filters.pairs if name not in but]}


@register.simple_tag
def pages(filters: Filters | str = "") -> list[PageLink]:
    """The pages of review; those that are about a choice of images are opened with the same one."""
    query = filters.query if isinstance(filters, Filters) else ""
    return [
        PageLink(key, label, reverse(f"review:{key}") + (f"?{query}" if query and chooses else ""))
        for key, label, chooses in PAGES
    ]


@register.inclusion_tag("review/_saved.html", takes_context=True)
def saved_views(context: Context) -> dict[str, Any]:
    """The menu of saved views, and the form that saves the page that it stands on."""
    request: HttpRequest = context["request"]
    here = request.get_full_path()
    views = list(saved.visible(request.user)[:MOST_IN_MENU])
    opened = next((view for view in views if view.address == here), None)
    return {"views": views, "here": here, "open": opened, "user": request.user, "csrf_token": context["csrf_token"]}
