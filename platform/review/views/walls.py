"""Walls of pictures: the one over all products, and the next images of any."""

from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from generation.selectors.pictures import METRICS
from raters.models import Task
from raters.models.tasks import TaskState
from raters.views.pictures import HEADERS
from review import cards, figures, walls
from review.counting import folding
from review.forms import FilterForm, choices
from review.thumbnails import thumbnail as small_version
from review.views.choosing import choosing_context
from review.views.overview import LOOK
from review.wall_forms import read_wall
from review.walls import HOWS, OPEN, VERDICTS, Wall
from vitrine.access import allow
from vitrine.page_cursors import cursor_of

# By whether the order is one of dates, and whether it is turned around.
_ORDERS = {
    (True, False): "Newest first, by",
    (True, True): "Oldest first, by",
    (False, False): "Best first, by",
    (False, True): "Worst first, by",
}
_TURNS = {
    (True, False): "Oldest first",
    (True, True): "Newest first",
    (False, False): "Worst first",
    (False, True): "Best first",
}
# What defines the figure that a wall is sorted by, where pictures show it.
_TERMS = {"score": "sum", walls.RANKER: "probability"}


class Choice(NamedTuple):
    """A link that changes one thing of a wall."""

    label: str
    address: str
    current: bool


@allow(*LOOK)
@require_safe
def images(request: HttpRequest) -> HttpResponse:
    """The images behind any figure, of all products."""
    folding.count_waiting(figures.COUNTED_FIRST, wait=False)
    wall, problem = read_wall(request.GET)
    context = {
        "form": form_of(request, wall),
        "choices": choices(),
        "filters": wall.filters,
        "problem": problem,
        **wall_context(request, wall),
    }
    return render(request, "review/images.html", context, status=422 if problem else 200)


@allow(*LOOK)
@require_safe
def wall_more(request: HttpRequest) -> HttpResponse:
    """The images of a wall after one of them."""
    wall, _ = read_wall(request.GET)
    return render(request, "review/_wall_cards.html", _page(walls.settled(wall, walls.counted(wall)), request))


@allow(*LOOK)
@require_safe
def thumbnail(_request: HttpRequest, pk: int) -> HttpResponse:
    """The small version of an image that came from elsewhere."""
    source = Task.objects.filter(pk=pk).exclude(state=TaskState.GOLD).values_list("picture_key", flat=True).first()
    if not source:
        raise Http404("There is no such picture.")
    try:
        data = small_version(source)
    except FileNotFoundError:
        raise Http404("There is no such picture.") from None
    return HttpResponse(data, content_type="image/webp", headers=HEADERS)


def form_of(request: HttpRequest, wall: Wall) -> FilterForm:
    """The filters as they were sent; of images that nobody has judged, those that choose among these."""
    return FilterForm(QueryDict(wall.filters.query) if wall.verdict == OPEN else request.GET)


def wall_context(request: HttpRequest, wall: Wall) -> dict[str, Any]:
    """What `_wall.html` shows."""
    total = walls.counted(wall)
    shown = walls.settled(wall, total)
    return {
        **_page(shown, request),
        "most_sorted": walls.MOST_SORTED,
        "unsorted": shown.sort != wall.sort,
        "verdict_choices": _verdicts(shown),
        "sort_choices": _sorts(shown, many=not total.exact),
        "order_words": _ORDERS[shown.sort == walls.DATE, shown.worst],
        "turned": Choice(
            _TURNS[shown.sort == walls.DATE, shown.worst], shown.but(worst=not shown.worst).address, False
        ),
        "question_words": _question_words(shown),
        "shown_term": _TERMS.get(shown.sort, "metrics" if shown.sort in METRICS else ""),
        "without_question": shown.but(question="", how="").address,
        "marked_choice": Choice("Marked for a second look", shown.but(marked=not shown.marked).address, shown.marked),
        **choosing_context(request, shown.query, total=total),
    }


def _page(wall: Wall, request: HttpRequest) -> dict[str, Any]:
    page = walls.page(wall, after=cursor_of(request, "after"))
    query = "&".join(part for part in (wall.query, f"after={page.next_cursor}") if part)
    return {
        "wall": wall,
        "cards": cards.cards(wall, page),
        "more": f"{reverse('review:wall')}?{query}" if page.next_cursor else "",
    }


def _verdicts(wall: Wall) -> list[Choice]:
    offered = {"": "All verdicts", **{name: name.capitalize() for name in VERDICTS}}
    if wall.filters.product is not None or wall.marked:
        offered[OPEN] = "Not judged yet"
    return [
        Choice(label, walls.held(wall.but(verdict=name)).address, name == wall.verdict)
        for name, label in offered.items()
    ]


def _sorts(wall: Wall, *, many: bool) -> list[Choice]:
    offered = {walls.DATE: walls.SORTS[walls.DATE]} if many else walls.sorts_of(wall)
    return [Choice(label, wall.but(sort=name).address, name == wall.sort) for name, label in offered.items()]


def _question_words(wall: Wall) -> str:
    """Which images a question chooses: "Images where Product size fails"."""
    if not wall.question:
        return ""
    rules = cards.rules_of(walls.places_of(wall.question, wall.filters.questions))
    topics = {rule.topic for rules_of_set in rules.values() for rule in rules_of_set if rule.key == wall.question}
    topic = next(iter(sorted(topics)), wall.question)
    return f"Images {HOWS[wall.how].format(f'“{topic}”')}"
