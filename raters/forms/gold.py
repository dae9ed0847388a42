"""The form that says what is right about an image."""

from typing import Any

from django import forms

from raters.models import GoldItem, QuestionSet
from raters.selectors.rating_room import asked

PREFIX = "answer-"


class GoldForm(forms.Form):
    """The right answer to each question, or that it is not marked; and why."""

    use = forms.ChoiceField(choices=GoldItem.Use.choices, label="Shown to raters")
    explanation = forms.CharField(
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Raters read it afterwards, where the campaign tells the right answers.",
    )

    def __init__(self, data: Any = None, *, question_set: QuestionSet) -> None:
        super().__init__(data)
        for question in asked(question_set):
            choices = [(choice["value"], choice["label"]) for choice in question["choices"]]
            self.fields[PREFIX + question["key"]] = forms.ChoiceField(
                choices=[("", "not marked"), *choices], required=False, label=question["topic"]
            )

    @property
    def answers(self) -> list[forms.BoundField]:
        """The fields of the questions."""
        return [field for field in self if field.name.startswith(PREFIX)]

    def expected(self) -> dict[str, str]:
        """What `services.gold` takes, once the form is valid."""
        given = self.cleaned_data.items()
        return {name.removeprefix(PREFIX): value for name, value in given if name.startswith(PREFIX) and value}
