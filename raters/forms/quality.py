"""Forms around raters' quality; what is allowed is decided by the services they call."""

from typing import Any

from django import forms
from django.utils import timezone

from raters.services.adjudication import LONGEST_REASON
from raters.services.exclusions import LONGEST_REASON as LONGEST_EXCLUSION_REASON


class ExclusionForm(forms.Form):
    """From when on a rater's ratings are left out, and why."""

    since = forms.DateTimeField(
        label="From",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Ratings made at or after this time (UTC) count no more.",
    )
    reason = forms.CharField(
        max_length=LONGEST_EXCLUSION_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept in the log, beside your name.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["since"].initial = timezone.now().replace(hour=0, minute=0)


class RulingForm(forms.Form):
    """An adjudicator's answers, one radio group for each question, and a reason."""

    reason = forms.CharField(
        required=False,
        label="Why (for whoever reads this later)",
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, questions: list[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.keys = [question["key"] for question in questions]
        for question in questions:
            choices = [(choice["value"], choice["label"]) for choice in question["choices"]]
            self.fields[f"answer-{question['key']}"] = forms.ChoiceField(
                label=question["wording"], choices=choices, widget=forms.RadioSelect
            )

    def answers(self) -> dict[str, str]:
        """By question key, once the form is valid."""
        return {key: self.cleaned_data[f"answer-{key}"] for key in self.keys}

    def rows(self) -> list[Any]:
        """The bound fields of the answers, in the order of the questions."""
        return [self[f"answer-{key}"] for key in self.keys]
