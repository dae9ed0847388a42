"""Saved views: a page of review under a name, one's own or for all; removed ones can be brought back."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.urls import Resolver404, resolve
from django.utils import timezone

from review.exceptions import CannotSave
from review.models import FirstView, SavedView

MOST_SAVED = 200  # of one person
MOST_LISTED = 100
KEPT_FOR = timedelta(days=30)  # a removed one
_PAGES = frozenset({
    "overview", "images", "products", "product", "item", "compare", "comparison", "metrics", "planner", "reports",
    "report", "tables", "views",
})  # fmt: skip
_LONGEST = {"name": 80, "path": 300, "query": 2_000}  # characters, as the table holds them


def visible(user: Any) -> QuerySet[SavedView]:
    """What a person can open: their own, then what others share."""
    return SavedView.objects.filter(Q(owner=user) | Q(shared=True), removed_at=None).select_related("owner")


def removed(user: Any) -> QuerySet[SavedView]:
    """A person's own that can still be brought back, the newest first."""
    since = timezone.now() - KEPT_FOR
    return SavedView.objects.filter(owner=user, removed_at__gte=since).order_by("-removed_at")


def save(owner: Any, name: str, address: str, *, shared: bool = False) -> SavedView:
    """Keep a page's address under a name; a name that the owner has used leads to the new address from now on.

    Raises CannotSave for no name, for an address that is no page of review, and for too many.
    """
    path, query = _place(address)
    place = {"path": path, "query": query, "shared": shared}
    mine = SavedView.objects.filter(owner=owner, removed_at=None)
    name = _name(name)
    if mine.count() >= MOST_SAVED and not mine.filter(name=name).exists():
        raise CannotSave(f"You have {MOST_SAVED} saved views, and that is the most: remove one first.")
    return SavedView.objects.update_or_create(owner=owner, name=name, removed_at=None, defaults=place)[0]


def change(view: SavedView, name: str, *, shared: bool) -> None:
    """Another name, for oneself or for all. Raises CannotSave for none, and for one that the owner has used."""
    view.name, view.shared = _name(name), shared
    _keep(view, "name", "shared")
    if not shared:
        FirstView.objects.filter(view=view).exclude(user=view.owner).delete()


def remove(view: SavedView) -> None:
    """Take it out of all lists; nobody begins with it any more."""
    with transaction.atomic():
        FirstView.objects.filter(view=view).delete()
        SavedView.objects.filter(pk=view.pk).update(removed_at=timezone.now())


def bring_back(view: SavedView) -> None:
    """Undo `remove`. Raises CannotSave where another one has taken the name since."""
    view.removed_at = None
    _keep(view, "removed_at")


def begin_with(user: Any, view: SavedView | None) -> None:
    """The view that review opens with for this person; None: the plain overview."""
    if view is None:
        FirstView.objects.filter(user=user).delete()
    else:
        FirstView.objects.update_or_create(user=user, defaults={"view": view})


def first_of(user: Any) -> SavedView | None:
    """The view that review opens with for this person, if they chose one that is still there for them."""
    found = FirstView.objects.filter(user=user, view__in=visible(user)).select_related("view").first()
    return found.view if found else None


def _keep(view: SavedView, *fields: str) -> None:
    try:
        with transaction.atomic():
            view.save(update_fields=fields)
    except IntegrityError:
        raise CannotSave(f"You have another view {view.name!r}; rename one of the two first.") from None


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise CannotSave("A saved view needs a name.")
    if "\x00" in name:
        raise CannotSave("A name holds text only.")
    if len(name) > _LONGEST["name"]:
        raise CannotSave(f"A name has at most {_LONGEST['name']} characters; this one has {len(name)}.")
    return name


def _place(address: str) -> tuple[str, str]:
    """Path and query of a page that is looked at; nothing else can be saved, so that no link leads elsewhere."""
    parts = urlsplit(address)
    try:
        found = resolve(parts.path)
    except Resolver404:
        raise CannotSave(f"{parts.path[:80]!r} is no page of review.") from None
    if parts.scheme or parts.netloc or found.namespace != "review" or found.url_name not in _PAGES:
        raise CannotSave(f"{address[:80]!r} is no page of review.")
    if "\x00" in address:
        raise CannotSave("An address holds text only.")
    if len(parts.path) > _LONGEST["path"] or len(parts.query) > _LONGEST["query"]:
        raise CannotSave(f"That address is too long to be saved: its query has {len(parts.query):,} characters.")
    return parts.path, parts.query
