"""The form that says what is right about an image."""

from typing import Any

from django import forms

from raters.models import GoldItem, QuestionSet
from raters.selectors.rating_room import asked

PREFIX = "answer-"
SEVERAL = "several"  # right answers, as a program may have named them: the choice to leave that as it is


class GoldForm(forms.Form):
    """The right answer to each question, or that it is not marked; and why. Of a gold item, other ones."""

    use = forms.ChoiceField(choices=GoldItem.Use.choices, label="Shown to raters")
    explanation = forms.CharField(
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Raters read it afterwards, where the campaign tells the right answers.",
    )

    def __init__(self, data: Any = None, *, question_set: QuestionSet, item: GoldItem | None = None) -> None:
        super().__init__(data, initial={"use": item.use, "explanation": item.explanation} if item else {})
        self._known: dict[str, list[str]] = item.expected if item else {}
        if item is not None:
            self.fields["use"].disabled = True
        for question in asked(question_set):
            labels = {choice["value"]: choice["label"] for choice in question["choices"]}
            right = self._known.get(question["key"], [])
            several = [(SEVERAL, " or ".join(labels[one] for one in right))] if len(right) > 1 else []
            self.fields[PREFIX + question["key"]] = forms.ChoiceField(
                choices=[("", "not marked"), *labels.items(), *several],
                required=False,
                label=question["topic"],
                initial=SEVERAL if several else "".join(right),
            )

    @property
    def answers(self) -> list[forms.BoundField]:
        """The fields of the questions."""
        return [field for field in self if field.name.startswith(PREFIX)]

    def expected(self) -> dict[str, list[str]]:
        """What `services.gold` takes, once the form is valid."""
        given = {name.removeprefix(PREFIX): value for name, value in self.cleaned_data.items() if PREFIX in name}
        return {key: self._known[key] if value == SEVERAL else [value] for key, value in given.items() if value}
