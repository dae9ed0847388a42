"""The form that says what is right about an image."""

from collections.abc import Collection
from typing import Any

from django import forms

from raters.models import GoldItem, QuestionSet
from raters.selectors.rating_room import asked

PREFIX = "answer-"
SEVERAL = "several"  # right answers, as a program may have named them: the choice to leave that as it is
Meanings = dict[str, list[str]]  # the right answers that each value of a field stands for


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
        if item is not None:
            self.fields["use"].disabled = True
        known: dict[str, list[str]] = item.expected if item else {}
        self._meanings = {question["key"]: self._ask(question, known) for question in asked(question_set)}

    def _ask(self, question: dict[str, Any], known: dict[str, list[str]]) -> Meanings:
        """Add a question's field. Right answers that it has no more, as a draft's questions change, are left out."""
        labels = {choice["value"]: choice["label"] for choice in question["choices"]}
        meanings: Meanings = {value: [value] for value in labels}
        right = [one for one in known.get(question["key"], []) if one in labels]
        choices, initial = [("", "not marked"), *labels.items()], "".join(right[:1])
        if len(right) > 1:
            initial = _unlike(labels)
            meanings[initial] = right
            choices.append((initial, " or ".join(labels[one] for one in right)))
        self.fields[PREFIX + question["key"]] = forms.ChoiceField(
            choices=choices, required=False, label=question["topic"], initial=initial
        )
        return meanings

    @property
    def answers(self) -> list[forms.BoundField]:
        """The fields of the questions."""
        return [field for field in self if field.name.startswith(PREFIX)]

    def expected(self) -> dict[str, list[str]]:
        """What `services.gold` takes, once the form is valid."""
        given = {key: self.cleaned_data[PREFIX + key] for key in self._meanings}
        return {key: self._meanings[key][value] for key, value in given.items() if value}


def _unlike(answers: Collection[str]) -> str:
    """A value that no answer has: people word answers as they like."""
    value = SEVERAL
    while value in answers:
        value += "_"
    return value
