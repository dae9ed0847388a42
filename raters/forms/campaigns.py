"""Forms about campaigns: settings, guidelines, example pictures, and who may rate."""

from typing import Any

from django import forms

from accounts.models import User
from raters.models import Campaign, QuestionSet
from raters.models.campaigns import CampaignState, Vote
from raters.services.campaigns import LATER
from vitrine.access import Role

PERCENT = 100
LISTED = 200
SHARES = ("gold_share", "qualification_share")


class CampaignForm(forms.Form):
    """A campaign's settings. Shares are asked for in percent; once it was opened, what must stay is shown and fixed."""

    name = forms.CharField(max_length=120, help_text="Raters see it.")
    question_set = forms.ModelChoiceField(QuestionSet.objects.none(), label="Questions", empty_label=None)
    raters_per_image = forms.IntegerField(min_value=1, max_value=50, initial=3, label="Raters per image")
    vote = forms.ChoiceField(
        choices=Vote.choices, label="Vote", help_text="Both are always computed and shown; this one decides."
    )
    lease_minutes = forms.IntegerField(
        min_value=1,
        max_value=1440,
        initial=15,
        label="Minutes that a rater may hold an image",
        help_text="After so long without a sign of life it goes to somebody else. Raters see the time.",
    )
    per_rater_limit = forms.IntegerField(
        min_value=1, required=False, label="Most images per rater", help_text="Left empty, there is no limit."
    )
    early_stop = forms.BooleanField(
        required=False,
        label="Stop early",
        help_text="Ask no further rater where those who have answered already decide the outcome.",
    )
    tie_break = forms.BooleanField(
        required=False,
        label="Break ties",
        help_text="Ask one more rater, once, where the asked ones leave the outcome tied, or too few of them count.",
    )
    show_prompt = forms.BooleanField(
        required=False, label="Show raters the prompt", help_text="They then judge the wish as well as the image."
    )
    by_invitation = forms.BooleanField(
        required=False, label="Only for invited raters", help_text="Otherwise every rater of this site may begin."
    )
    gold_share = forms.FloatField(
        min_value=0,
        max_value=50,
        initial=0,
        label="Gold items (% of the images that a rater is shown)",
        help_text="Images whose right answers are known, mixed in without a trace. 0 is none.",
    )
    gold_feedback = forms.BooleanField(
        required=False, label="Tell the right answers after a gold item", help_text="It teaches, and gives it away."
    )
    qualification_items = forms.IntegerField(
        min_value=0,
        max_value=200,
        initial=0,
        label="Images to qualify with",
        help_text="Gold items that a rater answers before the campaign's own images. 0 is none.",
    )
    qualification_share = forms.FloatField(
        min_value=0, max_value=100, initial=80, label="Right answers needed to qualify (%)"
    )

    def __init__(
        self, data: Any = None, *, campaign: Campaign | None = None, initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=(_settings_of(campaign) if campaign else {}) | (initial or {}))
        sets = self.fields["question_set"]
        sets.queryset = QuestionSet.objects.order_by("name", "-version")  # type: ignore[attr-defined]
        if campaign is not None and campaign.state != CampaignState.DRAFT:
            for name, field in self.fields.items():
                field.disabled = name not in LATER

    def settings(self) -> dict[str, Any]:
        """What the services take."""
        data = dict(self.cleaned_data)
        for name in SHARES:
            data[name] = data[name] / PERCENT
        return data


def _settings_of(campaign: Campaign) -> dict[str, Any]:
    shown = {name: getattr(campaign, name) for name in CampaignForm.base_fields}
    return shown | {name: round(shown[name] * PERCENT, 2) for name in SHARES}


class GuidelinesForm(forms.Form):
    """What raters are told, in Markdown."""

    guidelines = forms.CharField(
        required=False,
        max_length=40_000,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "true"}),
        help_text="Markdown: ## heading, - list, **strong**, | tables |.",
    )


class PictureForm(forms.Form):
    """An example picture."""

    picture = forms.FileField(label="Picture", widget=forms.FileInput(attrs={"accept": "image/*"}))
    good = forms.TypedChoiceField(
        label="It shows",
        choices=[("yes", "a good image"), ("no", "an image that is not good")],
        coerce=lambda value: value == "yes",
    )
    caption = forms.CharField(required=False, max_length=300, help_text="Why it is good, or not.")


class InviteForm(forms.Form):
    """Which raters are let in: of those whose name holds `wanted`, the first LISTED."""

    people = forms.ModelMultipleChoiceField(
        User.objects.none(), label="Raters", widget=forms.CheckboxSelectMultiple, required=True
    )

    def __init__(self, *args: Any, campaign: Campaign, wanted: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        raters = User.objects.filter(is_active=True, groups__name=Role.RATER.value)
        free = raters.exclude(rater__campaigns__campaign=campaign).order_by("username")
        listed = list(free.filter(username__icontains=wanted).values_list("pk", flat=True)[: LISTED + 1])
        self.has_more = len(listed) > LISTED
        sent = self.fields["people"].widget.value_from_datadict(self.data, self.files, self.add_prefix("people")) or []
        ticked = [int(pk) for pk in sent if str(pk).isdecimal()]
        # A person ticked on a page that listed others is as good: names come and go meanwhile.
        self.fields["people"].queryset = free.filter(pk__in=listed[:LISTED] + ticked[:LISTED])  # type: ignore[attr-defined]
