"""The form that takes a file of others' ratings; what the file must hold is decided by the reader."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from raters.exchange.reading import READERS
from raters.models import QuestionSet
from raters.services.imports import LARGEST_FILE, too_large

ENDINGS = ", ".join(f".{ending}" for ending in READERS)
CHOSEN_FROM = 200  # of the newest question sets
MOST_ANSWERS = 9


class ImportForm(forms.Form):
    """A file, what to call it, and, where the file cannot tell, how its answers are to be read."""

    file = forms.FileField(
        label="File",
        widget=forms.FileInput(attrs={"accept": ENDINGS}),
        help_text="One row per answer as .csv, .jsonl or .parquet, or Label Studio's export as .json.",
    )
    name = forms.CharField(max_length=120, label="Name of the campaign")
    question_set = forms.ModelChoiceField(
        QuestionSet.objects.none(), required=False, label="Questions", empty_label="As the file's answers say"
    )
    scale = forms.CharField(
        required=False,
        max_length=600,
        label="Answers in their order",
        help_text="With commas, such as 1, 2, 3, 4, 5. Yes, maybe, no and numbers need no order.",
    )
    passing = forms.CharField(
        required=False,
        max_length=600,
        label="Answers that pass",
        help_text="With commas. Left empty: yes, or the largest number.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        newest = list(QuestionSet.objects.order_by("-pk").values_list("pk", flat=True)[:CHOSEN_FROM])
        self.fields["question_set"].queryset = QuestionSet.objects.filter(pk__in=newest)  # type: ignore[attr-defined]

    def clean_file(self) -> "UploadedFile[Any]":
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST_FILE:
            raise forms.ValidationError(too_large(file.size or 0))
        return file

    def clean_scale(self) -> list[str]:
        return _names(self.cleaned_data["scale"])

    def clean_passing(self) -> list[str]:
        return _names(self.cleaned_data["passing"])


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if len(names) > MOST_ANSWERS:
        raise forms.ValidationError(f"That is {len(names)} answers; a question has up to {MOST_ANSWERS}.")
    return names
