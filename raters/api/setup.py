"""What a campaign is made of: its images, by choice or by manifest, and the questions to choose from."""

# ruff: noqa: ARG002 - DRF calls with the request and the view, needed or not

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from raters import choosing
from raters.api.shared import LOOK, RatersView, bounds, campaign_of, paged
from raters.choosing import Choice, Strata
from raters.models import Question, QuestionSet
from raters.selectors import monitoring
from raters.services import questions, tasks, uploads
from vitrine.access import Role, allow
from vitrine.api_fields import Body, Number
from vitrine.paging import keyset_page

MOST_IDS = 500  # of one kind in one call
LARGEST_ID = 2**63 - 1  # what a database keeps


def _ids(about: str = "ids") -> serializers.ListField:
    """A field of numbers; each field needs a child of its own."""
    return serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID),
        required=False,
        max_length=MOST_IDS,
        help_text=about,
    )


@allow(*LOOK)
class ImagesApi(RatersView):
    """GET: how many images a campaign has, by method. POST: add generated ones. DELETE: take all out of a draft.

    Numbers of one kind are alternatives, and all kinds that are given must hold. With `dry` nothing is added: the
    answer's `count` says how many fit.
    """

    class Input(Body):
        runs = _ids()
        batches = _ids()
        methods = _ids()
        types = _ids("ids of product types")
        products = _ids()
        picked = serializers.BooleanField(required=False, help_text="only those that were picked")
        places = serializers.IntegerField(min_value=1, required=False, help_text="so many of each run, best first")
        score_from = Number(required=False, help_text="the ranker's")
        score_to = Number(required=False)
        sample = serializers.IntegerField(min_value=1, required=False, help_text="so many by chance; else all")
        strata = serializers.ChoiceField(
            choices=[one.value for one in Strata], required=False, allow_blank=True, help_text="spread the sample over"
        )
        dry = serializers.BooleanField(required=False, default=False, help_text="count, and add nothing")

    def get(self, request: Request, pk: int) -> Response:
        return Response(_images(pk))

    def post(self, request: Request, pk: int) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        dry, campaign = values.pop("dry"), campaign_of(pk)
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        choice = Choice(seed=campaign.seed, **given | {"strata": Strata(values.get("strata", ""))})
        if dry:
            return Response({"count": choosing.count(choice)})
        added = tasks.add_candidates(campaign, choosing.chosen(choice))
        return Response({"added": added, **_images(pk)}, status=201)

    def delete(self, request: Request, pk: int) -> Response:
        campaign = campaign_of(pk)
        return Response({"removed": tasks.remove_tasks(campaign, campaign.tasks.all())})


@allow(Role.OPERATOR)
class ImagesUploadApi(RatersView):
    """POST: add images made elsewhere from a zip archive (form field `archive`) with a list that says what each is of.

    Rows that cannot be used are told by their line. `stopped_at` is the line before which the time was over: send the
    same archive again, what is there already is passed over.
    """

    parser_classes = [MultiPartParser]

    class Input(Body):
        archive = serializers.FileField(help_text="zip, with a CSV or JSON-lines list: image, name, product, photos, …")

    def post(self, request: Request, pk: int) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        file = asked.validated_data["archive"]
        report = uploads.add_archive(campaign_of(pk), file, file.size)
        refused = [{"line": line, "problem": problem} for line, problem in report.refused]
        told = {"added": report.added, "there": report.there, "refused": refused, "stopped_at": report.stopped_at}
        return Response(told, status=201)


class AskedQuestion(Body):
    """One question of a set."""

    key = serializers.SlugField(max_length=40, help_text="names it in files")
    wording = serializers.CharField(max_length=300, help_text="so that yes is good")
    topic = serializers.CharField(max_length=60, required=False, help_text="its name")
    help_text = serializers.CharField(  # type: ignore[assignment]  # a field of that name, too
        max_length=1000, required=False, allow_blank=True, help_text="for the guidelines"
    )
    shown = serializers.ChoiceField(choices=Question.Shown.choices, required=False)
    answers = serializers.ListField(child=serializers.CharField(max_length=60), max_length=9, required=False)
    passing = serializers.ListField(child=serializers.CharField(max_length=60), max_length=9, required=False)


@allow(*LOOK)
class QuestionSetsApi(RatersView):
    """GET: a page of question sets, newest first. POST: make one, or the next version of the one of that name."""

    class Input(Body):
        name = serializers.SlugField(max_length=80)
        title = serializers.CharField(max_length=200)
        questions = AskedQuestion(many=True)

    def get(self, request: Request) -> Response:
        page = keyset_page(QuestionSet.objects.prefetch_related("questions"), **bounds(request))
        return Response(paged(page, [_question_set(row) for row in page.items]))

    def post(self, request: Request) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        made = questions.make_question_set(by=request.user, **asked.validated_data)
        return Response(_question_set(made), status=201)


@allow(*LOOK)
class QuestionSetApi(RatersView):
    """GET: one version of a question set. PUT: another title and other questions, until a campaign has asked it."""

    class Input(Body):
        title = serializers.CharField(max_length=200)
        questions = AskedQuestion(many=True)

    def get(self, request: Request, pk: int) -> Response:
        return Response(_question_set(get_object_or_404(QuestionSet, pk=pk)))

    def put(self, request: Request, pk: int) -> Response:
        found = get_object_or_404(QuestionSet, pk=pk)
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        questions.change_question_set(found, **asked.validated_data)
        found.refresh_from_db()
        return Response(_question_set(found))


def _images(pk: int) -> dict[str, Any]:
    campaign = campaign_of(pk)
    return {
        "images": campaign.task_count,
        "gold": campaign.gold_count,
        "methods": monitoring.images_by_method(campaign),
    }


def _question_set(row: QuestionSet) -> dict[str, Any]:
    names = ("key", "topic", "wording", "help_text", "shown", "answers", "passing")
    asked = [{name: getattr(one, name) for name in names} for one in row.questions.all()]
    told = {name: getattr(row, name) for name in ("id", "name", "version", "title", "frozen_at")}
    return told | {"questions": asked}
