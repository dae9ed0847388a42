"""Others' ratings as campaigns: sent, looked through by a worker, and taken."""

# ruff: noqa: ARG002 - DRF calls with the request and the view, needed or not

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from raters.api.shared import RatersView, bounds, paged, question_set_of
from raters.exchange.importing import Wish
from raters.models import RatingsImport
from raters.services import imports
from vitrine.access import Role, allow
from vitrine.api_fields import Body
from vitrine.paging import keyset_page


@allow(Role.OPERATOR)
class RatingsImportApi(RatersView):
    """GET: what became of a file of others' ratings: `campaign` is the new one, or `problems` says why not.

    DELETE: forget a file that nobody is working on; a campaign that it became stays.
    """

    def get(self, request: Request, pk: int) -> Response:
        return Response(_import(get_object_or_404(RatingsImport, pk=pk)))

    def delete(self, request: Request, pk: int) -> Response:
        imports.drop(get_object_or_404(RatingsImport, pk=pk))
        return Response(status=204)


@allow(Role.OPERATOR)
class RatingsImportActApi(RatersView):
    """POST: take a file that was only to be looked through (`check`)."""

    def post(self, request: Request, pk: int, act: str) -> Response:
        if act != "take":
            raise Http404("A file of ratings can be told to take.")
        row = get_object_or_404(RatingsImport, pk=pk)
        imports.take(row, by=request.user)
        row.refresh_from_db()
        return Response(_import(row), status=202)


@allow(Role.OPERATOR)
class RatingsImportsApi(RatersView):
    """GET: a page of imports, newest first. POST: have a file of others' ratings (form field `file`) made a campaign.

    It is a new, closed one: all of the file, or nothing. A worker does it: the answer is 202 with the import, whose
    `url` tells what became of it. With `check` it is looked through and waits a week for its `take`.
    """

    parser_classes = [MultiPartParser]

    class Input(Body):
        file = serializers.FileField(help_text="ends in .csv, .jsonl, .parquet or .json (Label Studio)")
        name = serializers.CharField(max_length=120)
        question_set = serializers.IntegerField(required=False, help_text="id; else they follow from the answers")
        scale = serializers.ListField(child=serializers.CharField(max_length=60), required=False, max_length=9)
        passing = serializers.ListField(child=serializers.CharField(max_length=60), required=False, max_length=9)
        check = serializers.BooleanField(required=False, default=False, help_text="look it through, and take nothing")

    def get(self, request: Request) -> Response:
        page = keyset_page(RatingsImport.objects.all(), **bounds(request))
        return Response(paged(page, [_import(row) for row in page.items]))

    def post(self, request: Request) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        file = values["file"]
        if file.size > imports.LARGEST_FILE:
            raise serializers.ValidationError({"file": imports.too_large(file.size)})
        chosen = question_set_of(values["question_set"]) if values.get("question_set") else None
        wish = Wish(values["name"], chosen, values.get("scale", ()), values.get("passing", ()), by=request.user)
        row = imports.keep(file.file, file.name, wish, at_once=not values["check"])
        row.refresh_from_db()
        return Response(_import(row), status=202)


def _import(row: RatingsImport) -> dict[str, Any]:
    counts = ("rows", "bad", "ratings", "tasks")
    names = ("id", "state", "file_name", "name", *counts, "questions", "problems", "finished_at")
    why = row.problem or (row.problems[0] if row.problems else "")
    detail = f"Nothing was taken: {why}" if row.state == RatingsImport.State.REFUSED else ""
    told = {name: getattr(row, name) for name in names}
    return told | {"campaign": row.campaign_id, "detail": detail, "url": reverse("raters:api-import", args=[row.pk])}
