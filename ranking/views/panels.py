"""What stands on others' pages: a product's picks, and why an image has its probability."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from generation.models import Candidate
from ranking.selectors import picks as selectors
from ranking.services import explaining
from vitrine.access import Role, allow

LOOK = (Role.ANALYST, Role.OPERATOR)
SHOWN = 16  # contributions


@allow(*LOOK)
@require_safe
def product_picks(request: HttpRequest, pk: int) -> HttpResponse:
    """The images of a product that are shown now, or that none is good enough."""
    return render(request, "ranking/_product_picks.html", {"picks": selectors.picks_of(pk)})


@allow(*LOOK)
@require_safe
def candidate_score(request: HttpRequest, pk: int) -> HttpResponse:
    """What each ranker in use says of an image, and why the first of them does."""
    candidate = get_object_or_404(Candidate, pk=pk)
    said = selectors.said_of(pk)
    first = said[0].ranker if said else None
    explanation = selectors.explanation_of(first, pk) if first else None
    if first is not None and explanation is None:
        explaining.ask(first, pk)
    context = {
        "candidate": candidate,
        "said": said,
        "first": first,
        "explanation": explanation,
        "bars": selectors.bars(explanation, SHOWN) if explanation else [],
    }
    return render(request, "ranking/_candidate_score.html", context)
