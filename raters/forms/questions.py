"""The question-set editor: one row of fields for each question."""

from typing import TYPE_CHECKING, Any, cast

from django import forms

from raters.models import Question, QuestionSet
from raters.models.questions import Answer

NAME = r"^[a-z0-9][a-z0-9.-]{0,79}$"


class QuestionSetForm(forms.Form):
    """What a set is called."""

    name = forms.RegexField(
        NAME, max_length=80, help_text="Lower-case letters, digits, dots and hyphens. A name in use gets a new version."
    )
    title = forms.CharField(max_length=200, help_text="What people read.")


def words(text: str) -> list[str]:
    """ "yes, maybe , no" as a list; empty parts are left out."""
    return [word for part in text.split(",") if (word := part.strip())]


class QuestionForm(forms.Form):
    """One question. Answers are words with commas between them, in the order of their keys."""

    topic = forms.CharField(max_length=60, label="Name", help_text="Short: “Product size”.")
    key = forms.SlugField(max_length=40, label="Key", help_text="In exports: “size”.")
    wording = forms.CharField(max_length=300, label="Question", help_text="Worded so that yes is good.")
    help_text = forms.CharField(
        required=False, max_length=2_000, label="Explanation", widget=forms.Textarea(attrs={"rows": 2})
    )
    shown = forms.ChoiceField(choices=Question.Shown.choices, label="What is shown")
    answers = forms.CharField(
        label="Answers", initial=", ".join(Answer.values), help_text="In the order of the keys 1, 2, 3 …"
    )
    passing = forms.CharField(label="Answers that pass", initial=Answer.YES.value)

    def given(self) -> dict[str, Any]:
        """What `services.questions` takes."""
        data = dict(self.cleaned_data)
        data.pop("ORDER", None)
        data.pop("DELETE", None)
        return data | {"answers": words(data["answers"]), "passing": words(data["passing"])}


if TYPE_CHECKING:
    _FormSet = forms.BaseFormSet[QuestionForm]  # Django's class takes no type at run time
else:
    _FormSet = forms.BaseFormSet


class QuestionFormSet(_FormSet):
    """All questions of a set, in order; rows left empty or marked to go are not taken."""

    def questions(self) -> list[dict[str, Any]]:
        """The questions as given, once all rows are valid."""
        rows = [form for form in self.ordered_forms if form.cleaned_data.get("key")]
        return [form.given() for form in rows]


question_formset = cast(
    type[QuestionFormSet],
    forms.formset_factory(QuestionForm, QuestionFormSet, extra=1, can_delete=True, can_order=True, max_num=40),
)


def initial_of(question_set: QuestionSet) -> list[dict[str, Any]]:
    """The rows of a set, as the formset takes them."""
    return [
        {
            "topic": row.topic,
            "key": row.key,
            "wording": row.wording,
            "help_text": row.help_text,
            "shown": row.shown,
            "answers": ", ".join(row.answers),
            "passing": ", ".join(row.passing),
        }
        for row in question_set.questions.all()
    ]
