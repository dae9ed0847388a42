"""The form that adds a webhook; whether its address may be told anything is decided by the service."""

from typing import Any

from django import forms

from raters.models import Campaign
from raters.models.campaigns import CampaignState
from raters.models.webhooks import ASKED_FOR

CHOSEN_FROM = 200  # of the newest campaigns


class WebhookForm(forms.Form):
    """Whom to tell, and of what."""

    url = forms.CharField(
        max_length=500,
        label="Address",
        widget=forms.URLInput(attrs={"placeholder": "https://example.com/hooks/vitrine"}),
        help_text="It gets a POST with JSON, signed with a secret that is shown once.",
    )
    events = forms.MultipleChoiceField(
        choices=[(event.value, event.label) for event in ASKED_FOR],
        initial=[event.value for event in ASKED_FOR],
        widget=forms.CheckboxSelectMultiple,
        label="Of what",
    )
    campaign = forms.ModelChoiceField(
        Campaign.objects.none(),
        required=False,
        empty_label="All campaigns, later ones too",
        label="Of which campaign",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        newest = Campaign.objects.exclude(state=CampaignState.CLOSED).order_by("-pk")[:CHOSEN_FROM]
        rows = Campaign.objects.filter(pk__in=[row.pk for row in newest])
        self.fields["campaign"].queryset = rows  # type: ignore[attr-defined]
