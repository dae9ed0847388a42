"""The room's forms: they shape input; what is allowed is decided by the services they call."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings

from generation.captioning import LONGEST
from generation.method_form import NAME
from generation.models import Method
from generation.records import PLACEHOLDER
from generation.sampling import LARGEST_SEED
from generation.services.runs import MOST_CANDIDATES, Wish

METHOD_FILE_MAX_BYTES = 200_000


class CaptionForm(forms.Form):
    """How a photo is described, for training."""

    template = forms.CharField(
        label="Caption",
        max_length=LONGEST * 2,  # the rules are generation.captioning's, with its own sentences
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=f"One sentence with {PLACEHOLDER} exactly once, where the product is named.",
    )


class StartForm(forms.Form):
    """What to run products through: the method, the models, and the seed."""

    method = forms.ChoiceField(widget=forms.RadioSelect, help_text="The newest version of each method that is offered.")
    model_set = forms.ChoiceField(label="Model set", help_text="Which checkpoints do the work.")
    seed = forms.IntegerField(
        min_value=0, max_value=LARGEST_SEED, initial=0, help_text="Another seed makes another run of the same method."
    )
    candidates = forms.IntegerField(
        min_value=1, max_value=MOST_CANDIDATES, required=False, help_text="Left empty, as many as the method says."
    )
    commercial = forms.BooleanField(
        required=False,
        label="The images are for a business",
        help_text="Then checkpoints whose licence forbids that are refused before any work.",
    )

    def __init__(self, *args: Any, methods: list[Method], model_sets: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.methods = {str(method.pk): method for method in methods}
        # Django's own choices take pairs; the label has the name that files and people use, too.
        self.fields["method"].choices = [(pk, _method_label(method)) for pk, method in self.methods.items()]  # type: ignore[attr-defined]
        self.fields["method"].initial = next(iter(self.methods), None)
        self.fields["model_set"].choices = [(name, name) for name in model_sets]  # type: ignore[attr-defined]
        self.fields["model_set"].initial = settings.MODEL_SET

    def shown_set(self) -> str:
        """The model set that stands chosen in the form, valid or not; the first of all where none does."""
        names = [name for name, _ in self.fields["model_set"].choices]  # type: ignore[attr-defined]
        shown = self["model_set"].value()
        return shown if shown in names else next(iter(names), "")

    def wish(self) -> Wish:
        """What is asked for, once the form is valid."""
        data = self.cleaned_data
        method = self.methods[data["method"]]
        return Wish(method, data["model_set"], data["seed"], data["commercial"], data["candidates"])


class MethodFileForm(forms.Form):
    """A recipe as a TOML file, and what to call it."""

    file = forms.FileField(label="TOML file")
    name = forms.RegexField(
        NAME, help_text="Lower-case letters, digits, dots and hyphens. A name that is there already gets a new version."
    )
    title = forms.CharField(max_length=200, help_text="What people read.")

    def clean_file(self) -> str:
        """The file's text."""
        file = self.cleaned_data["file"]
        if file.size > METHOD_FILE_MAX_BYTES:
            raise forms.ValidationError(f"{file.name} has {file.size:,} bytes; a recipe has a few thousand.")
        try:
            text: str = file.read().decode("utf-8-sig")  # Windows' Notepad begins a file with a mark
        except UnicodeDecodeError:
            raise forms.ValidationError(f"{file.name} is no text in UTF-8.") from None
        return text


class BackgroundForm(forms.Form):
    """What is known of uploaded backgrounds; one answer for all that are chosen together."""

    LIGHTS: ClassVar = {"left": -50.0, "front": 0.0, "right": 50.0}  # BackdropLight's azimuth

    view = forms.ChoiceField(
        label="The product",
        choices=[("front", "stands on a floor or table"), ("above", "lies, seen from above"), ("wall", "hangs")],
        help_text="Products that are not shown so do not get this background.",
    )
    floor = forms.IntegerField(
        label="It stands at (% from the top)",
        min_value=50,
        max_value=92,
        initial=82,
        help_text="Of the picture's middle square. For what stands only: a row that is floor or table for sure.",
    )
    light = forms.ChoiceField(
        label="Light comes from",
        choices=[("left", "the left"), ("front", "the front"), ("right", "the right")],
        help_text="Shadows fall to the other side.",
    )
    words = forms.CharField(
        required=False,
        max_length=200,
        help_text=f"What a picture shows, with the product as {PLACEHOLDER}: a {PLACEHOLDER} on our shop's counter.",
    )

    def clean_words(self) -> str:
        """The words, which name the product once."""
        words: str = self.cleaned_data["words"].strip()
        if words and words.count(PLACEHOLDER) != 1:
            raise forms.ValidationError(f"Name the product once, as {PLACEHOLDER}.")
        return words

    def facts(self) -> dict[str, Any]:
        """A background's facts, as in the JSON beside its picture, once the form is valid."""
        data = self.cleaned_data
        row = data["floor"] / 100
        told = {"view": data["view"], "light": {"azimuth": self.LIGHTS[data["light"]]}}
        if data["view"] == "front":
            told["floor"] = [round(row - 0.04, 2), round(row + 0.04, 2)]
        return told | ({"words": data["words"]} if data["words"] else {})


def _method_label(method: Method) -> str:
    return f"{method.title} ({method})"
