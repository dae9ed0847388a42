"""The filters of the list of jobs."""

from django import forms

from jobs.kinds import kind_names
from jobs.models import Queue, State
from jobs.selectors import Filters


class FilterForm(forms.Form):
    """State, kind, queue, and part of the subject; all may be left empty."""

    state = forms.ChoiceField(required=False, choices=[("", "Any state"), *State.choices])
    kind = forms.ChoiceField(required=False)
    queue = forms.ChoiceField(required=False, choices=[("", "Any queue"), *Queue.choices])
    text = forms.CharField(required=False, max_length=200, label="Subject")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        kind = self.fields["kind"]
        if isinstance(kind, forms.ChoiceField):
            kind.choices = [("", "Any kind"), *((name, name) for name in kind_names())]
        self.fields["text"].widget.attrs["placeholder"] = "chairs.csv"

    def filters(self) -> Filters:
        """What was asked for; a value that is not offered narrows nothing."""
        self.is_valid()
        names = ("state", "kind", "queue", "text")
        return Filters(**{name: self.cleaned_data.get(name, "") for name in names})
