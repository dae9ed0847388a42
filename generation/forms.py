"""The room's forms: they shape input; what is allowed is decided by the services they call."""

from typing import Any

from django import forms
from django.conf import settings

from generation.captioning import LONGEST
from generation.method_form import NAME
from generation.models import Method
from generation.records import PLACEHOLDER
from generation.sampling import LARGEST_SEED
from generation.services.runs import Wish

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
        min_value=1, max_value=10_000, required=False, help_text="Left empty, as many as the method says."
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
            text: str = file.read().decode()
        except UnicodeDecodeError:
            raise forms.ValidationError(f"{file.name} is no text in UTF-8.") from None
        return text


def _method_label(method: Method) -> str:
    return f"{method.title} ({method})"
