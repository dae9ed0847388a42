"""The catalogue's JSON calls. They shape input and output; selectors and services do the work, as for the pages."""

# ruff: noqa: ARG002 - DRF calls with the request and the view, needed or not

from typing import Any, BinaryIO, NoReturn, cast

from django.shortcuts import get_object_or_404
from rest_framework import permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.exceptions import CatalogError
from catalog.models import ContextPrompt, Photo, Product
from catalog.selectors import products as product_selectors
from catalog.selectors import prompts as prompt_selectors
from catalog.services.editing import BY_HAND, change_product, create_product
from catalog.services.photos import add_photo, remove_photo
from catalog.services.prompts import add_prompt, decide
from vitrine.access import Role, allow, roles_of
from vitrine.api_errors import Refused
from vitrine.api_fields import Body
from vitrine.api_paging import cursors_in
from vitrine.paging import Page


class OperatorsWrite(permissions.BasePermission):
    """Analysts may read; what changes something is for operators."""

    message = "This call is for operator."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in permissions.SAFE_METHODS or Role.OPERATOR in roles_of(request.user)


class CatalogView(APIView):
    """What the calls share: who may write, and refusals of the services as errors of the caller."""

    permission_classes = [permissions.IsAuthenticated, OperatorsWrite]

    def handle_exception(self, exc: Exception) -> Response:
        return super().handle_exception(Refused(str(exc)) if isinstance(exc, CatalogError) else exc)


class PhotoOutput(serializers.ModelSerializer[Photo]):
    """A photo; `url` and `thumbnail_url` are addresses on this site."""

    class Meta:
        model = Photo
        fields = ["id", "url", "thumbnail_url", "width", "height", "bytes", "original_name", "position"]


class ProductOutput(serializers.ModelSerializer[Product]):
    """A product without its photos."""

    type = serializers.CharField(source="type.name", default=None)
    cover_url = serializers.CharField(source="cover.thumbnail_url", default=None)
    url = serializers.CharField(source="get_absolute_url")

    class Meta:
        model = Product
        fields = ["id", "source", "external_id", "title", "type", "photo_count", "cover_url", "url", "created_at"]


class PromptOutput(serializers.ModelSerializer[ContextPrompt]):
    """A prompt, with who decided it and when."""

    type = serializers.CharField(source="type.name")
    decided_by = serializers.CharField(source="decided_by.username", default=None)

    class Meta:
        model = ContextPrompt
        fields = ["id", "type", "text", "status", "origin", "decided_by", "decided_at", "created_at"]


@allow(Role.ANALYST, Role.OPERATOR)
class ProductsApi(CatalogView):
    """GET: a page of products, with the filters of the list's address. POST: make one."""

    class Input(Body):
        title = serializers.CharField(max_length=500)
        type = serializers.CharField(max_length=80, required=False, allow_blank=True)
        external_id = serializers.CharField(max_length=200, required=False, allow_blank=True)
        source = serializers.RegexField(r"\A[\w.-]{1,40}\Z", required=False)  # type: ignore[assignment]

    def get(self, request: Request) -> Response:
        wanted = product_selectors.ProductFilter.of(request.query_params)
        return Response(_page(product_selectors.product_page(wanted, **cursors_in(request)), ProductOutput))

    def post(self, request: Request) -> Response:
        values = _valid(self.Input, request)
        product = create_product(
            title=values["title"],
            type_name=values.get("type", ""),
            external_id=values.get("external_id", ""),
            source=values.get("source", BY_HAND),
        )
        return Response(_product(product.pk), status=201)


@allow(Role.ANALYST, Role.OPERATOR)
class ProductApi(CatalogView):
    """GET: one product with its attributes and photos. PATCH: change its title or type ("" takes the type away)."""

    class Input(Body):
        title = serializers.CharField(max_length=500, required=False)
        type = serializers.CharField(max_length=80, required=False, allow_blank=True)

    def get(self, request: Request, pk: int) -> Response:
        return Response(_product(pk))

    def patch(self, request: Request, pk: int) -> Response:
        values = _valid(self.Input, request)
        change_product(product_selectors.product_or_404(pk), title=values.get("title"), type_name=values.get("type"))
        return Response(_product(pk))


@allow(Role.OPERATOR)
class PhotosApi(CatalogView):
    """POST: keep the uploaded `file` as a photo of the product; 201, or 200 when the product has it already."""

    def post(self, request: Request, pk: int) -> Response:
        product = get_object_or_404(Product, pk=pk)
        file = request.FILES.get("file")
        if file is None:
            _refuse("file", "Send one photo as the form field “file”.")
        photo, added = add_photo(product, cast(BinaryIO, file), name=file.name or "photo")
        return Response(PhotoOutput(photo).data, status=201 if added else 200)


@allow(Role.OPERATOR)
class PhotoApi(CatalogView):
    """DELETE: remove a photo from its product."""

    def delete(self, request: Request, pk: int) -> Response:
        remove_photo(get_object_or_404(Photo, pk=pk))
        return Response(status=204)


@allow(Role.ANALYST, Role.OPERATOR)
class ProductTypesApi(CatalogView):
    """GET: every product type with its kept count."""

    def get(self, request: Request) -> Response:
        types = product_selectors.product_types()
        return Response(
            {"items": [{"id": kind.pk, "name": kind.name, "product_count": kind.product_count} for kind in types]}
        )


@allow(Role.ANALYST, Role.OPERATOR)
class PromptsApi(CatalogView):
    """GET: a page of prompts, with the filters of the list's address. POST: add one."""

    class Input(Body):
        type = serializers.CharField(max_length=80)
        text = serializers.CharField(max_length=2_000)
        status = serializers.ChoiceField(ContextPrompt.Status.choices, default=ContextPrompt.Status.DRAFT)

    def get(self, request: Request) -> Response:
        wanted = prompt_selectors.PromptFilter.of(request.query_params)
        return Response(_page(prompt_selectors.prompt_page(wanted, **cursors_in(request)), PromptOutput))

    def post(self, request: Request) -> Response:
        values = _valid(self.Input, request)
        prompt = add_prompt(
            type_name=values["type"],
            text=values["text"],
            origin="person",
            by=request.user,
            status=ContextPrompt.Status(values["status"]),
        )
        return Response(PromptOutput(prompt).data, status=201)


@allow(Role.OPERATOR)
class PromptDecisionApi(CatalogView):
    """POST: approve or reject a prompt, or make it a draft again."""

    class Input(Body):
        status = serializers.ChoiceField(ContextPrompt.Status.choices)

    def post(self, request: Request, pk: int) -> Response:
        values = _valid(self.Input, request)
        prompts = ContextPrompt.objects.select_related("type", "decided_by")
        get_object_or_404(prompts, pk=pk)
        decide([pk], ContextPrompt.Status(values["status"]), request.user)
        return Response(PromptOutput(prompts.get(pk=pk)).data)


def _product(pk: int) -> dict[str, Any]:
    product = product_selectors.product_or_404(pk)
    photos = PhotoOutput(product.photos.all(), many=True).data
    return {**ProductOutput(product).data, "attributes": product.attributes, "photos": photos}


def _valid(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    return cast(dict[str, Any], given.validated_data)


def _page(page: Page[Any], shape: type[serializers.ModelSerializer[Any]]) -> dict[str, Any]:
    return {"items": shape(page.items, many=True).data, "next": page.next_cursor, "previous": page.previous_cursor}


def _refuse(field: str, sentence: str) -> NoReturn:
    raise serializers.ValidationError({field: [sentence]})
