"""What is known better than the raters say, and what operators decided about raters and images."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from raters.models.campaigns import Campaign, Rater
from raters.models.ratings import Outcome
from raters.models.tasks import Task


class GoldItem(models.Model):
    """The expected answers to a task of state gold. A question that is not in `expected` is not marked.

    `expected` is {question key: [answers that are right]}.
    """

    class Use(models.TextChoices):
        HIDDEN = "hidden", "Among the others"
        QUALIFICATION = "qualification", "Before the others"

    task = models.OneToOneField(Task, models.CASCADE, related_name="gold")
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="gold_items")
    use = models.CharField(max_length=13, choices=Use, default=Use.HIDDEN)
    expected = models.JSONField()
    explanation = models.TextField(blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["campaign", "use", "id"], name="gold_by_use")]

    def __str__(self) -> str:
        return f"Gold item #{self.pk}"


class Ruling(models.Model):
    """What an adjudicator says of a disputed task, kept beside the votes. The newest of a task stands."""

    task = models.ForeignKey(Task, models.PROTECT, related_name="rulings")
    outcome = models.CharField(max_length=7, choices=[(Outcome.PASSED, "Passed"), (Outcome.FAILED, "Failed")])
    answers = models.JSONField(default=dict)  # {question key: answer}, where the adjudicator gave them
    reason = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Ruling on task #{self.task_id}: {self.outcome}"


class Exclusion(models.Model):
    """A rater's ratings in a campaign do not count from a time on, until this is lifted."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="exclusions")
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="exclusions")
    since = models.DateTimeField()  # ratings made at or after
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    lift_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="exclusion_has_a_reason"),
            models.UniqueConstraint(
                fields=["campaign", "rater"], condition=Q(lifted_at=None), name="exclusion_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"Exclusion of rater {self.rater_id} since {self.since:%Y-%m-%d}"
