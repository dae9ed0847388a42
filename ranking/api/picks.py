"""Which images of a product are shown; what rankers say of one image, and why."""

# ruff: noqa: ARG002 - DRF calls with the request and the view, needed or not

from typing import Any

from django.http import Http404
from rest_framework import permissions
from rest_framework.request import Request
from rest_framework.response import Response

from generation.models import Candidate, Run
from ranking.api.shared import LOOK, RankingView
from ranking.selectors import picks as selectors
from ranking.services import explaining
from vitrine.access import allow


@allow(*LOOK)
class PicksApi(RankingView):
    """GET: the images of a product to be shown; `outcome` says where none is good enough."""

    def get(self, request: Request, pk: int) -> Response:
        found = selectors.picks_of(pk)
        if not found.images and not Run.objects.filter(product=pk).exists():
            raise Http404(f"There is no product {pk} with runs.")
        names = ("outcome", "by", "images", "best", "threshold", "in_trial", "old")
        picked = [
            {
                "candidate": one.candidate.pk,
                "place": one.place,
                "probability": one.probability,
                "key": one.candidate.key,
            }
            for one in found.picked
        ]
        return Response({name: getattr(found, name) for name in names} | {"picked": picked})


@allow(*LOOK)
class ScoresApi(RankingView):
    """GET: what each ranker in use says of an image, the champion first, with `why` where it was asked.

    `why` lists what each feature adds to the log-odds of passing; with the one named base they make the probability.
    """

    def get(self, request: Request, pk: int) -> Response:
        said = _said_of(pk)
        why = selectors.explanations_of(pk)
        return Response({"candidate": pk, "scores": [_score(one) | {"why": why.get(one.ranker.pk)} for one in said]})


@allow(*LOOK)
class ExplainApi(RankingView):
    """POST: have a worker find out why the first of the rankers in use says so; asked again it is asked once."""

    permission_classes = [permissions.IsAuthenticated]  # analysts may ask, as on the image's page

    def post(self, request: Request, pk: int) -> Response:
        said = _said_of(pk)
        if not said:
            raise Http404(f"No learned ranker has scored the candidate {pk}.")
        job = explaining.ask(said[0].score, by=request.user)
        return Response({"ranker": said[0].ranker.pk, "job": job.pk}, status=202)


def _said_of(pk: int) -> list[selectors.Said]:
    if not Candidate.objects.filter(pk=pk).exists():
        raise Http404(f"There is no candidate {pk}.")
    return selectors.said_of(pk)


def _score(one: selectors.Said) -> dict[str, Any]:
    return {
        "ranker": one.ranker.pk, "name": str(one.ranker), "state": one.ranker.state,
        "probability": one.score.probability, "place": one.score.place, "of": one.total,
        "picked": one.score.picked, "note": one.score.note,
    }  # fmt: skip
