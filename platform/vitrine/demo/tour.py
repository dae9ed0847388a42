"""The tour: for each role the next thing to try, on the start page and on the pages that it names.

A stop is behind a person once they say so; whoever hides the tour has it hidden for good, on every machine. It shows
only where the demonstration does, and never on the rating page: there the image needs the room.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from vitrine.access import Role, roles_of
from vitrine.demo.outcomes import asked_of_people, campaign_of, existing, judged, training_of
from vitrine.demo.shows import Show, made, shows

Where = Callable[[Show], str]


@dataclass(frozen=True)
class Stop:
    """One thing to try; `where` is its page in a show, "" as long as there is nothing on it."""

    name: str
    role: Role
    title: str
    says: str
    where: Where


@dataclass(frozen=True)
class Now:
    """The stop that a person is at: its place among theirs, and whether this is the page that it is about.

    Stops that have no page yet, or never will in this show, are not counted.
    """

    stop: Stop
    number: int
    total: int
    url: str
    here: bool


def _page(name: str) -> Where:
    return lambda _show: reverse(name)


def _product(show: Show) -> str:
    there = existing(show.products) if made(show, "rate", "campaign") else ()
    return reverse("catalog:product", args=there[:1]) if there else ""


def _asking(show: Show) -> str:
    asked = [] if show.crowd else asked_of_people(show)
    return asked[0].url if asked else ""


def _campaign(show: Show) -> str:
    campaign = campaign_of(show, "rate")
    return reverse("raters:campaign", args=[campaign.pk]) if campaign else ""


def _rating(show: Show) -> str:
    campaign = campaign_of(show, "rate")
    return reverse("raters:rate", args=[campaign.pk]) if campaign else ""


def _own(show: Show) -> str:
    campaign = campaign_of(show, "rate")
    return reverse("raters:rate-own", args=[campaign.pk]) if campaign else ""


def _overview(show: Show) -> str:
    return reverse("review:overview") if judged(show) else ""


def _agreement(show: Show) -> str:
    campaign = judged(show) if show.crowd else None
    return reverse("raters:quality", args=[campaign.pk]) if campaign else ""


def _comparison(show: Show) -> str:
    pk = made(show, "compare", "comparison")
    return reverse("review:comparison", args=[pk]) if pk else ""


def _ranker(show: Show) -> str:
    row = training_of(show)
    return reverse("ranking:ranker", args=[row.ranker.pk]) if row and row.ranker else ""


STOPS = (
    Stop("rate", Role.RATER, "Rate some images",
         "Compare each with the product's photos; the keys y, m, n and u answer.", _rating),
    Stop("own", Role.RATER, "Look at what you said",
         "Your answers can be changed or withdrawn as long as the campaign is open.", _own),
    Stop("pass-rates", Role.ANALYST, "See how many images pass",
         "Each figure has its interval, and leads to the pictures behind it.", _overview),
    Stop("compare", Role.ANALYST, "Compare the methods",
         "Product by product, with and without shadow and light, or drawn. It says how sure it is.", _comparison),
    Stop("agreement", Role.ANALYST, "See who agrees with whom",
         "Six made-up raters, one of them careless: the figures show which.", _agreement),
    Stop("ranker", Role.ANALYST, "Ask whether the ranker may decide",
         "It was trained on these verdicts, and tested on products that it never saw.", _ranker),
    Stop("mark", Role.OPERATOR, "Mark a product that waits for you",
         "Its photos have a ground that no cut-out is sure on: a click or a box says where it is.", _asking),
    Stop("product", Role.OPERATOR, "Look at what became of a product",
         "Its photos, its runs, its images and the ones that are picked.", _product),
    Stop("runs", Role.OPERATOR, "Follow a run through its stages",
         "What each stage made, what it cost, and why it stopped where it did.", _page("generation:runs")),
    Stop("campaign", Role.OPERATOR, "See a campaign from the inside",
         "Who may rate, how far it is, and the files that come of it.", _campaign),
    Stop("jobs", Role.OPERATOR, "See what the machine is doing",
         "Every piece of work can be cancelled and tried again, and survives a crash.", _page("jobs:list")),
    Stop("import", Role.OPERATOR, "Bring in your own products",
         "A folder of photos for each product is enough: upload it here, or stop and run make demo PHOTOS=folder.",
         _page("catalog:imports")),
)  # fmt: skip


def tour(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `tour` is where the person is in it, on the start page and on the pages that it names."""
    user = getattr(request, "user", None)
    if not settings.DEMO or user is None or not user.is_authenticated or request.headers.get("HX-Request"):
        return {}
    now = now_of(user, request.path)
    if now is None:
        return {}
    shown = now.here and now.stop.name != "rate"
    return {"tour": now} if shown or request.path in (reverse("home"), reverse("demo:progress")) else {}


def now_of(user: User, path: str = "") -> Now | None:
    """The person's stop; None where the tour is over, hidden, or has nothing to show yet."""
    begun = shows()
    if user.tour.get("hidden") or not begun:
        return None
    seen = user.tour.get("seen", [])
    own = [stop for stop in STOPS if stop.role in roles_of(user)]
    places = {stop: "" if stop.name in seen else stop.where(begun[0]) for stop in own}
    counted = [stop for stop in own if stop.name in seen or places[stop]]
    for number, stop in enumerate(counted, start=1):
        if url := places[stop]:
            return Now(stop, number, len(counted), url, here=path == url)
    return None


def pass_by(user: User, name: str) -> None:
    """The person has done with a stop, also one that they never went to."""
    seen = user.tour.get("seen", [])
    if name not in seen and name in {stop.name for stop in STOPS}:
        user.tour = {**user.tour, "seen": [*seen, name]}
        user.save(update_fields=["tour"])


def hide(user: User, hidden: bool) -> None:
    """Hide the tour for good, or begin it anew."""
    user.tour = {"hidden": True, "seen": user.tour.get("seen", [])} if hidden else {}
    user.save(update_fields=["tour"])
