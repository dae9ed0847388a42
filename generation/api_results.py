"""What runs have made, for programs: pictures of stages with their verdicts, adapters, and a candidate's past."""

# ruff: noqa: ARG002 - DRF calls with the request and the view, needed or not

from typing import Any

from django.http import Http404
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from generation.api import LOOK, Conflict, GenerationView, one_of, told_of
from generation.exceptions import NotPossible
from generation.models import Adapter
from generation.selectors import adapters, pictures
from generation.selectors import candidates as candidate_selectors
from generation.selectors import runs as run_selectors
from generation.selectors.lineage import Link, lineage
from vitrine.access import allow
from vitrine.api_paging import cursor_in


@allow(*LOOK)
class StagePicturesApi(GenerationView):
    """GET: a page of what a stage of a run made, with scores and why something was dropped.

    Without `stage` it is the filter, or the first where nothing is filtered; `kind` and `which` (kept or dropped)
    narrow it.
    """

    def get(self, request: Request, pk: int) -> Response:
        tiers = run_selectors.tiers_of(run_selectors.run_or_404(pk))
        asked, tier = request.query_params.get("stage", ""), one_of(request, "tier", [str(one.number) for one in tiers])
        one_of(request, "kind", pictures.KINDS)
        one_of(request, "which", pictures.WHICH)
        every = [stage for one in tiers for stage in one.stages if not tier or str(one.number) == tier]
        found = [stage for stage in every if stage.name == (asked or pictures.JUDGED)]
        if not found and (asked or not every):
            there = ", ".join(one.name for one in every) or "none"
            raise Http404(f"Run #{pk} has no stage {asked}; it has {there}.")
        wanted = pictures.PictureFilter.of(request.query_params)
        page = pictures.picture_page((found or every)[-1 if found else 0].result, wanted, cursor_in(request, "after"))
        return Response({"results": [_picture(one) for one in page.items], "next": page.next_cursor})


@allow(*LOOK)
class AdapterApi(GenerationView):
    """GET: the adapter that a run draws with, how it learned, and where its file is; 409 for a run that has none.

    `sweep` has the tokens that were tried, or refused with the reason, and `looks` what early stopping went by.
    """

    def get(self, request: Request, pk: int) -> Response:
        try:
            made = adapters.adapter_of(run_selectors.run_or_404(pk))
        except NotPossible as refusal:
            raise Conflict(str(refusal)) from None
        return Response(_adapter(made) | adapters.sweep_and_looks(made))


@allow(*LOOK)
class CandidateApi(GenerationView):
    """GET: one candidate, and its past: adapter, training images, stages with their checkpoints, photos."""

    def get(self, request: Request, pk: int) -> Response:
        past = lineage(candidate_selectors.candidate_or_404(pk))
        return Response(
            told_of(past.candidate)
            | {
                "run": past.run.pk,
                "method": str(past.method),
                "adapter": _adapter(past.adapter) if past.adapter else None,
                "trained_on": [_picture(one) for one in past.trained_on],
                "stages": [_link(one) for one in past.links],
                "photos": [{"id": photo.pk, "url": _media(photo.key)} for photo in past.photos],
            }
        )


def _picture(one: Any) -> dict[str, Any]:
    """A row of StageImage or TrainingImage."""
    names = ("id", "kind", "sha256", "width", "height", "text", "scores", "kept", "reason")
    keys = {"url": one.key, "thumbnail_url": one.thumbnail_key, "mask_url": one.mask_key, "source_url": one.source_key}
    return {name: getattr(one, name) for name in names} | {name: _media(key) for name, key in keys.items()}


def _adapter(made: Adapter) -> dict[str, Any]:
    names = ("id", "token", "rank", "steps", "steps_saved", "images", "bytes", "sha256", "loss", "created_at",
             "expires_at", "dropped_at")  # fmt: skip
    url = reverse("generation:adapter-download", args=[made.pk]) if made.dropped_at is None else ""
    return {name: getattr(made, name) for name in names} | {"url": url}


def _link(one: Link) -> dict[str, Any]:
    return {
        "stage": one.stage, "fingerprint": one.fingerprint, "checkpoints": one.checkpoints, "made_from": one.made_from
    }  # fmt: skip


def _media(key: str) -> str:
    return reverse("catalog:media", args=[key]) if key else ""
