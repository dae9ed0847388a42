"""The catalogue's tables for operators. Rows that services keep in step with others are shown, not changed, here."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from catalog import search
from catalog.exceptions import PromptRefused
from catalog.models import ContextPrompt, ImportRefusal, ImportRun, Photo, Product, ProductType
from catalog.prompt_bank import clean_type_name
from vitrine.admin import OperatorModelAdmin
from vitrine.paging import Slice

MOST_FOUND = 1_000


class ReadOnlyAdmin(OperatorModelAdmin):
    """Shown only: the pages and commands change these, by services that keep counts, covers and files right."""

    read_only = True
    list_select_related: Any = False


class ProductTypeForm(ModelForm):  # type: ignore[type-arg]
    """The name as everything else writes it: were it kept as typed, the next import would make the type again."""

    def clean_name(self) -> str:
        try:
            return clean_type_name(self.cleaned_data["name"])
        except PromptRefused as refusal:
            raise ValidationError(str(refusal)) from None


@admin.register(ProductType)
class ProductTypeAdmin(OperatorModelAdmin):
    """Types can be added and renamed; one that has products or prompts must not vanish with them."""

    form = ProductTypeForm
    list_display = ("name", "product_count")
    search_fields = ("name",)
    fields = ("name", "product_count")
    readonly_fields = ("product_count",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin):
    list_display = ("title", "type", "source", "external_id", "photo_count", "created_at")
    list_select_related = ("type",)
    search_fields = ("title",)  # the box is there because of this; what it does is get_search_results
    search_help_text = "Words of the title, the external id or the brand"
    ordering = ("-id",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Product], search_term: str
    ) -> tuple[QuerySet[Product], bool]:
        """By the search index: a LIKE would read every row."""
        if not search_term.strip():
            return queryset, False
        words = search.words_of(search_term)
        ids = search.matching_ids(search.IndexQuery(words), Slice(None, True, MOST_FOUND)) if words else []
        return queryset.filter(pk__in=ids), False


@admin.register(Photo)
class PhotoAdmin(ReadOnlyAdmin):
    list_display = ("id", "product", "original_name", "format", "width", "height", "bytes", "created_at")
    list_select_related = ("product",)
    search_fields = ("=sha256", "=source_sha256")
    search_help_text = "The whole SHA-256 of the photo or of the uploaded file"
    ordering = ("-id",)


@admin.register(ContextPrompt)
class ContextPromptAdmin(ReadOnlyAdmin):
    list_display = ("text", "type", "status", "origin", "decided_by", "decided_at")
    list_select_related = ("type", "decided_by")
    list_filter = ("status", "origin")
    search_fields = ("text", "type__name")
    ordering = ("-id",)


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "layout",
        "source",
        "origin",
        "dry_run",
        "products_added",
        "refused",
        "asked_by",
        "created_at",
    )
    list_select_related = ("asked_by",)
    list_filter = ("layout", "dry_run")
    ordering = ("-id",)


@admin.register(ImportRefusal)
class ImportRefusalAdmin(ReadOnlyAdmin):
    list_display = ("run", "file", "line", "external_id", "reason")
    list_select_related = ("run",)
    search_fields = ("=external_id",)
    ordering = ("-id",)
