"""What stands on others' pages: a product's picks, and why an image has its probability."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from generation.models import Candidate
from jobs.models import FINISHED_STATES
from ranking.exceptions import Refused
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
    return _candidate_score(request, get_object_or_404(Candidate, pk=pk))


@allow(*LOOK)
@require_POST
def candidate_explain(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a worker find out why; asked again it is asked once."""
    candidate = get_object_or_404(Candidate, pk=pk)
    said = selectors.said_of(pk)
    busy = ""
    if said:
        try:
            explaining.ask(said[0].score, by=request.user)
        except Refused as refusal:
            busy = str(refusal)
    return _candidate_score(request, candidate, busy)


def _candidate_score(request: HttpRequest, candidate: Candidate, busy: str = "") -> HttpResponse:
    said = selectors.said_of(candidate.pk)
    first = said[0] if said else None
    explanation = selectors.explanation_of(first.ranker, candidate.pk) if first else None
    job = explaining.job_of(first.score) if first and not explanation else None
    context = {
        "candidate": candidate,
        "said": said,
        "first": first.ranker if first else None,
        "explanation": explanation,
        "bars": selectors.bars(explanation, SHOWN) if explanation else [],
        "job": job,
        "over": job is not None and job.state in FINISHED_STATES,
        "busy": busy,
    }
    return render(request, "ranking/_candidate_score.html", context)
