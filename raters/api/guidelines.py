"""The pictures of good and bad examples beside a campaign's guidelines; the text is one of the campaign's settings."""

# ruff: noqa: ARG002 - DRF calls with the request and the view, needed or not

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from raters import handing
from raters.api.shared import LOOK, RatersView, campaign_of
from raters.models import GuidelinePicture
from raters.services import guidelines
from vitrine.access import Role, allow
from vitrine.api_fields import Body


class _Said(serializers.BooleanField):
    """Of a form: DRF takes a box that is not there for one that is not ticked, and here it was forgotten."""

    default_empty_html = empty


@allow(*LOOK)
class GuidelinePicturesApi(RatersView):
    """GET: the example pictures of a campaign, as raters see them. POST: add one (form field `picture`)."""

    parser_classes = [MultiPartParser]

    class Input(Body):
        picture = serializers.FileField(help_text="as a photo: JPEG, PNG, WebP, …; kept without its metadata")
        good = _Said(help_text="whether it shows what is good")
        caption = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")

    def get(self, request: Request, pk: int) -> Response:
        return Response({"results": handing.examples_of(campaign_of(pk))})

    def post(self, request: Request, pk: int) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        file = values.pop("picture")
        made = guidelines.add_picture(campaign_of(pk), file, file.name, by=request.user, **values)
        return Response(handing.example(made), status=201)


@allow(Role.OPERATOR)
class GuidelinePictureApi(RatersView):
    """DELETE: take an example picture out."""

    def delete(self, request: Request, pk: int, picture: int) -> Response:
        found = get_object_or_404(GuidelinePicture, pk=picture, campaign=pk)
        guidelines.remove_picture(campaign_of(pk), found.pk, by=request.user)
        return Response(status=204)
