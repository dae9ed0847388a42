"""The catalogue's forms: they shape input; what is allowed is decided by the services they call."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from catalog.models import ContextPrompt, Product, ProductType
from catalog.prompt_bank import LONGEST, SHORTEST
from catalog.services.editing import change_product, create_product

PROMPT_FILE_MAX_BYTES = 20_000_000
_TYPE_INPUT = forms.TextInput(attrs={"list": "type-names", "autocomplete": "off"})


def type_options(types: Iterable[ProductType], chosen: int | None) -> SafeString:
    """The options of a list of types with their counts, those without products left out.

    Here and not in the template, whose engine takes 60 microseconds an option: there may be a thousand.
    """
    return mark_safe(  # noqa: S308 - numbers, and names that are escaped
        "".join(
            f'<option value="{kind.pk}"{" selected" if kind.pk == chosen else ""}>{escape(kind.name)}'
            f" ({kind.product_count})</option>"
            for kind in types
            if kind.product_count or kind.pk == chosen
        )
    )


class ProductForm(forms.Form):
    """Title and type of a product; `save` makes a new one or changes the one given. Raises ProductRefused."""

    title = forms.CharField(max_length=500)
    type = forms.CharField(
        max_length=80,
        required=False,
        widget=_TYPE_INPUT,
        help_text="An everyday noun, such as “mug”. A new one is made.",
    )

    def __init__(self, *args: Any, product: Product | None = None, **kwargs: Any) -> None:
        self.product = product
        if product:
            kwargs.setdefault("initial", {"title": product.title, "type": product.type.name if product.type else ""})
        super().__init__(*args, **kwargs)

    def save(self) -> Product:
        data = self.cleaned_data
        if self.product:
            return change_product(self.product, title=data["title"], type_name=data["type"])
        return create_product(title=data["title"], type_name=data["type"], external_id=data.get("external_id", ""))


class NewProductForm(ProductForm):
    """A product made by hand."""

    external_id = forms.CharField(
        max_length=200,
        required=False,
        label="External id",
        help_text="Your own number for it. Left empty, it gets one.",
    )


class PromptForm(forms.Form):
    """The wording of one prompt."""

    text = forms.CharField(
        label="Prompt",
        max_length=2_000,  # the rule (12 to 400 once spaces are collapsed) is prompt_bank's, with its own sentence
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"One scene in {SHORTEST} to {LONGEST} characters, with {{product}} exactly once.",
    )


class NewPromptForm(PromptForm):
    """A prompt written by hand, for a type."""

    type = forms.CharField(max_length=80, widget=_TYPE_INPUT)
    status = forms.ChoiceField(
        choices=[(ContextPrompt.Status.APPROVED, "Approved"), (ContextPrompt.Status.DRAFT, "Draft, to decide later")],
        label="Add as",
    )
    field_order = ["type", "text", "status"]


class PromptFileForm(forms.Form):
    """A JSONL file of prompts, and how the lines count that name no status."""

    file = forms.FileField(
        label="JSONL file", help_text='A line for each prompt: {"type": "mug", "text": "A {product} on a windowsill."}'
    )
    status = forms.ChoiceField(
        choices=[(ContextPrompt.Status.DRAFT, "Drafts, to be decided"), (ContextPrompt.Status.APPROVED, "Approved")],
        label="Lines without a status are",
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > PROMPT_FILE_MAX_BYTES:
            raise forms.ValidationError(
                f"{file.name} has {file.size:,} bytes; at most {PROMPT_FILE_MAX_BYTES:,} are read."
            )
        return file
