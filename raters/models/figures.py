"""What is computed about the ratings of a campaign, and kept with its time, so that no page has to compute it."""

from django.db import models

from raters.models.campaigns import Campaign, Rater
from raters.models.ratings import Outcome
from raters.models.tasks import Task


class CampaignFigures(models.Model):
    """Agreement in a campaign when it was last computed, and where a computation now is.

    `agreement` is a list of `raters.statistics.agreement.Agreement` as plain values; `consensus` compares the methods.
    """

    campaign = models.OneToOneField(Campaign, models.CASCADE, related_name="figures")
    asked_at = models.DateTimeField(null=True, blank=True)  # of a computation that has not ended
    computed_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    ratings = models.PositiveIntegerField(default=0)  # that counted then, without those of gold items
    agreement = models.JSONField(default=list)
    consensus = models.JSONField(default=dict)
    usual = models.JSONField(default=dict)  # medians over the raters
    problem = models.TextField(blank=True)  # why the last computation ended without a result

    def __str__(self) -> str:
        return f"Figures of campaign {self.campaign_id}"


class RaterFigures(models.Model):
    """What is known of one rater in one campaign: `statistics.people.RaterFigures` as plain values, and flags."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="rater_figures")
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="figures")
    computed_at = models.DateTimeField()
    ratings = models.PositiveIntegerField()
    figures = models.JSONField()
    flags = models.JSONField(default=list)  # [{"code", "reason"}]

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["campaign", "rater"], name="rater_figures_once")]

    def __str__(self) -> str:
        return f"Figures of rater {self.rater_id} in campaign {self.campaign_id}"


class AlternativeVerdict(models.Model):
    """What a method that weighs raters says of a task, beside the majority and never in place of it.

    `questions` is {key: {"answer", "passes", "probability"}}. `probability` is that of the least certain question of an
    image that passes, and of the surest failed one of an image that does not.
    """

    class Method(models.TextChoices):
        DAWID_SKENE = "dawid_skene", "Dawid-Skene"
        MACE = "mace", "MACE"

    task = models.ForeignKey(Task, models.PROTECT, related_name="alternatives")
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="alternatives")
    method = models.CharField(max_length=11, choices=Method)
    outcome = models.CharField(max_length=7, choices=[(Outcome.PASSED, "Passed"), (Outcome.FAILED, "Failed")])
    probability = models.FloatField()
    questions = models.JSONField()
    computed_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["task", "method"], name="alternative_once")]
        indexes = [models.Index(fields=["campaign", "method", "outcome", "id"], name="alternative_by_outcome")]

    def __str__(self) -> str:
        return f"{self.get_method_display()} on task #{self.task_id}"
