"""What the address of a wall may say, and a sentence for what it may not."""

from typing import Any

from django import forms
from django.http import QueryDict

from review.cards import IMAGE_KINDS, ImageKey
from review.forms import FilterForm
from review.walls import DATE, HOWS, OPEN, SORTS, VERDICTS, Wall, held
from vitrine.paging import LARGEST_ID

MOST_SENT = 2_000  # images in one go, chosen or all that a wall has


class WallForm(forms.Form):
    """Read with GET, beside a FilterForm."""

    item = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    verdict = forms.ChoiceField(required=False, choices=[("", "Judged"), *((one, one) for one in (*VERDICTS, OPEN))])
    question = forms.RegexField(r"\A[\w.-]{1,60}\Z", required=False, error_messages={"invalid": "No such question."})
    how = forms.ChoiceField(required=False, choices=[("", ""), *HOWS.items()])
    sort = forms.ChoiceField(required=False, choices=list(SORTS.items()))
    worst = forms.BooleanField(required=False)
    marked = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("how") and not cleaned.get("question") and "question" not in self.errors:
            self.add_error("question", "Which question? Name one, or leave out how it was answered.")
        if cleaned.get("question") and not cleaned.get("how"):
            cleaned["how"] = "fails"
        cleaned["sort"] = cleaned.get("sort") or DATE
        return cleaned


class ChooseForm(forms.Form):
    """Images of a list: the chosen ones, or all that it has, of which `share` percent are drawn."""

    which = forms.ChoiceField(choices=[("chosen", "The chosen ones"), ("all", "All on this wall")])
    share = forms.IntegerField(required=False, min_value=1, max_value=100)

    def clean_share(self) -> int:
        """All, unless a field for it is sent: one that was emptied names no share."""
        if self.cleaned_data["share"] is None and "share" in self.data:
            raise forms.ValidationError("Say which share of all, 1 to 100 percent.")
        return self.cleaned_data["share"] or 100


class MarkForm(ChooseForm):
    """To be marked for a second look, or not any more."""

    marked = forms.TypedChoiceField(choices=[("1", "Mark"), ("0", "Take marks off")], coerce=lambda text: text == "1")


class SendForm(ChooseForm):
    """For a new campaign."""

    name = forms.CharField(max_length=120, label="Name of the campaign")
    raters = forms.IntegerField(min_value=1, max_value=50, initial=3, label="Raters per image")


def read_wall(data: QueryDict, *, product: int | None = None, item: int | None = None) -> tuple[Wall, str]:
    """The wall that an address asks for, and what is wrong with it; all images where something is."""
    filters, own = FilterForm(data), WallForm(data)
    chosen = filters.filters()
    wall = Wall(chosen, **own.cleaned_data) if own.is_valid() else Wall(chosen)
    if product is not None:
        wall = wall.but(filters=chosen.but(product=product), item=None)
    elif item is not None:
        wall = wall.but(filters=chosen.but(product=None), item=item)
    problem = next((f"{name}: {said[0]}" for name, said in own.errors.items()), "")
    return held(wall), filters.first_error() if filters.errors else problem


def read_items(texts: list[str]) -> list[int]:
    """Items by their ids, such as "17", each once; what is none is left out."""
    return [int(one) for one in dict.fromkeys(texts) if one.isascii() and one.isdigit() and len(one) < 19]


def read_keys(texts: list[str]) -> list[ImageKey]:
    """Images by their keys, such as "candidate:17", each once; what is none is left out."""
    found = []
    for text in dict.fromkeys(texts):
        kind, _, number = text.partition(":")
        if kind in IMAGE_KINDS and number.isascii() and number.isdigit() and len(number) < 19:
            found.append(ImageKey(kind, int(number)))
    return found
