"""The filters as a form: what an address may say, and a sentence for what it may not."""

from typing import Any

from django import forms

from catalog.models import ProductType
from raters.models import Campaign
from review import picks
from review.filters import MOST_PASSING, NO_TYPE, Filters
from review.models import UNTYPED, Name, Tally, Voters

_DATE = {"type": "date"}
_NEWEST = 200  # campaigns and methods to choose from


class FilterForm(forms.Form):
    """Read with GET; `filters()` is what was chosen. An id that is not there chooses nothing, and is no error."""

    campaign = forms.IntegerField(required=False, min_value=1)
    type = forms.CharField(required=False, max_length=20)
    method = forms.CharField(required=False, max_length=120)
    product = forms.IntegerField(required=False, min_value=1, label="Product number")
    prompt = forms.RegexField(r"\A[0-9a-f]{6,64}\Z", required=False, error_messages={"invalid": "No such prompt."})
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs=_DATE, format="%Y-%m-%d"))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs=_DATE, format="%Y-%m-%d"))
    voters = forms.ChoiceField(required=False, label="Ratings by", choices=[("", "Everybody"), *Voters.choices])
    ranker = forms.CharField(required=False, max_length=20)
    top = forms.IntegerField(required=False, min_value=1, max_value=picks.MOST, label="Only its best")
    least = forms.TypedChoiceField(
        required=False, coerce=int, choices=[(n, str(n)) for n in range(1, MOST_PASSING + 1)]
    )
    questions = forms.IntegerField(required=False, min_value=1)
    source = forms.CharField(required=False, max_length=40)

    def clean_type(self) -> int | None:
        """None for all; a number; UNTYPED for products without a type."""
        text = self.cleaned_data["type"]
        if text == NO_TYPE:
            return UNTYPED
        if text and not (text.isascii() and text.isdigit() and len(text) < 19):
            raise forms.ValidationError(f"{text!r} is no product type; it is a number, or {NO_TYPE}.")
        return int(text) if text else None

    def clean_least(self) -> int:
        return self.cleaned_data["least"] or 1

    def clean_ranker(self) -> str:
        text: str = self.cleaned_data["ranker"]
        if text and text != picks.SUM and not (text.isascii() and text.isdigit() and len(text) < 19):
            raise forms.ValidationError(f"{text!r} is no ranker; it is a number, or {picks.SUM}.")
        return text

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", f"{until} is before {since}: no day lies between.")
        if cleaned.get("top") and not cleaned.get("ranker") and "ranker" not in self.errors:
            self.add_error("ranker", "Whose best? Choose a ranker, or leave the number out.")
        if cleaned.get("ranker") and not cleaned.get("top") and "top" not in self.errors:
            self.add_error("top", "How many of each product? Give a number, or leave the ranker out.")
        return cleaned

    def filters(self) -> Filters:
        """What was chosen; everything, where something in it cannot be."""
        return Filters(**self.cleaned_data) if self.is_valid() else Filters()

    def first_error(self) -> str:
        for name, problems in self.errors.items():
            return f"{name}: {problems[0]}"
        return ""


def choices() -> dict[str, list[tuple[str, str]]]:
    """What the form offers: campaigns, types and methods that have judged images, and rankers."""
    counted = Tally.objects.filter(question=-1)
    campaigns = counted.filter(method=0, type=0).exclude(campaign=0).values("campaign")
    methods = counted.filter(campaign=0, type=0).exclude(method=0).values("method")
    types = set(counted.filter(campaign=0, method=0).exclude(type=0).values_list("type", flat=True))
    named = ProductType.objects.filter(pk__in=types)
    untyped = [(NO_TYPE, "without a type")] if UNTYPED in types else []
    texts = Name.objects.filter(pk__in=methods).order_by("text").values_list("text", flat=True)[:_NEWEST]
    return {
        "campaigns": [(str(one.pk), one.name) for one in Campaign.objects.filter(pk__in=campaigns)[:_NEWEST]],
        "types": [*((str(one.pk), one.name) for one in named), *untyped],
        "methods": [(text, text) for text in texts if text],
        "rankers": picks.choices(),
    }
