"""What operators fill in: a training, a plan of what to rate next, how picks follow from scores."""

from typing import Any

from django import forms

from ranking.models import LabelSet, Policy
from ranking.services.plans import LARGEST_BUDGET, USUAL, PlanWish
from ranking.services.training import LARGEST_SEED, LEARNERS, RULES, Wish
from ranking.services.trials import LARGEST_CAMPAIGN
from raters.models import Campaign
from raters.models.campaigns import CampaignState

PERCENT = 100


class TrainForm(forms.Form):
    """What to train."""

    learner = forms.ChoiceField(choices=[(name, f"{name}: {words}") for name, words in LEARNERS.items()])
    campaigns = forms.ModelMultipleChoiceField(
        Campaign.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: all campaigns whose ratings are people's or imported.",
    )
    rule = forms.ChoiceField(
        choices=list(RULES.items()), label="An image passes", help_text="Which order of votes makes the label."
    )
    source = forms.ChoiceField(
        choices=LabelSet.Source.choices,
        label="Soft labels",
        help_text="Dawid-Skene weighs raters by their skill; it needs the campaigns' figures to be computed.",
    )
    seed = forms.IntegerField(
        min_value=0, max_value=LARGEST_SEED, initial=0, help_text="The same data and seed give the same file."
    )
    note = forms.CharField(max_length=300, required=False, help_text="Why, for whoever reads this later.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rated = Campaign.objects.exclude(state=CampaignState.DRAFT).order_by("-pk")
        self.fields["campaigns"].queryset = rated  # type: ignore[attr-defined]

    def wish(self) -> Wish:
        values = dict(self.cleaned_data)
        return Wish(**{**values, "campaigns": tuple(one.pk for one in values["campaigns"])})


class PlanForm(forms.Form):
    """How many images to rate next, and which."""

    budget = forms.IntegerField(
        min_value=1, max_value=LARGEST_BUDGET, initial=300, label="Images", help_text="That may be rated in all."
    )
    top = forms.FloatField(
        min_value=0, max_value=95, initial=USUAL["top"] * PERCENT, label="Top picks (%)",
        help_text="What would ship: their pass rate is what counts in the end.",
    )  # fmt: skip
    uncertain = forms.FloatField(
        min_value=0, max_value=95, initial=USUAL["uncertain"] * PERCENT, label="Uncertain ones (%)",
        help_text="Where the ranker learns most. The rest is drawn by chance, so that evaluation stays unbiased.",
    )  # fmt: skip

    def wish(self) -> PlanWish:
        values = self.cleaned_data
        return PlanWish(values["budget"], values["top"] / PERCENT, values["uncertain"] / PERCENT)


class CampaignForm(forms.Form):
    """The campaign that a plan becomes."""

    name = forms.CharField(max_length=120, help_text="Raters see it.")
    raters_per_image = forms.IntegerField(min_value=1, max_value=50, initial=3, label="Raters per image")


class TrialCampaignForm(CampaignForm):
    """The campaign in which both sides of a trial are rated."""

    images = forms.IntegerField(
        min_value=2, max_value=LARGEST_CAMPAIGN, initial=400, label="Images",
        help_text="Of both sides together: the picks of products drawn by lot.",
    )  # fmt: skip
    field_order = ("name", "images", "raters_per_image")


class PolicyForm(forms.Form):
    """How picks follow from scores."""

    threshold = forms.FloatField(
        min_value=0, max_value=100, label="Least probability of passing (%)",
        help_text="An image below it is never picked; a product without any above it has none good enough.",
    )  # fmt: skip
    top = forms.IntegerField(min_value=1, max_value=100, label="Most picks of a product")
    distance = forms.FloatField(
        min_value=0, max_value=2, label="Least distance between two picks",
        help_text="Cosine distance of their embeddings; 0 lets near-duplicates through.",
    )  # fmt: skip
    retrain_after = forms.IntegerField(
        min_value=0, label="Train again after so many new labels", help_text="Each night it is looked; 0 is never."
    )

    @classmethod
    def of(cls, policy: Policy, data: Any = None) -> "PolicyForm":
        names = ("top", "distance", "retrain_after")
        usual = {name: getattr(policy, name) for name in names}
        return cls(data, initial={**usual, "threshold": round(policy.threshold * PERCENT, 4)})

    def values(self) -> dict[str, Any]:
        return {**self.cleaned_data, "threshold": self.cleaned_data["threshold"] / PERCENT}
