"""What raters answered, every change of it, and what their answers amount to."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from raters.exceptions import AppendOnly
from raters.models.campaigns import Campaign, Origin, Rater
from raters.models.tasks import Assignment, Task


class Rating(models.Model):
    """The answers of one rater to one task, as they stand now. It counts unless it is withdrawn or excluded.

    `accepted` is whether every answer passes. `request_id` comes from the client: sent twice, it is one rating.
    """

    assignment = models.OneToOneField(Assignment, models.PROTECT, related_name="rating")
    task = models.ForeignKey(Task, models.PROTECT, related_name="ratings")
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="ratings")
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="ratings")
    request_id = models.UUIDField()
    answers = models.JSONField()  # {question key: answer}
    times = models.JSONField(default=dict)  # {question key: milliseconds of attention}
    active_ms = models.PositiveIntegerField(default=0)  # on the image, without hidden and idle time
    accepted = models.BooleanField()
    gold = models.BooleanField(default=False)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.PERSON)
    guidelines_version = models.PositiveIntegerField(default=1)
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    excluded = models.BooleanField(default=False)  # under an Exclusion that has not been lifted

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["rater", "request_id"], name="rating_once_per_request")]
        indexes = [
            models.Index(fields=["campaign", "id"], name="rating_by_campaign"),
            models.Index(fields=["rater", "campaign", "-id"], name="rating_by_rater"),
        ]

    def __str__(self) -> str:
        return f"Rating #{self.pk}"

    @property
    def counts(self) -> bool:
        return self.withdrawn_at is None and not self.excluded


class _OnlyAdded(models.QuerySet["RatingChange"]):
    """Rows that are never changed or removed."""

    def update(self, **_: Any) -> int:
        raise AppendOnly

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnly


class RatingChange(models.Model):
    """One change of a rating: what it was, what it became, by whom, why. Only ever added to."""

    class Kind(models.TextChoices):
        CHANGED = "changed"
        WITHDRAWN = "withdrawn"
        EXCLUDED = "excluded"
        LIFTED = "lifted", "Exclusion lifted"

    rating = models.ForeignKey(Rating, models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=9, choices=Kind)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    objects = models.Manager.from_queryset(_OnlyAdded)()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *_: Any, **__: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnly

    @classmethod
    def forget_words(cls, rater: int, kinds: Iterable[str]) -> None:
        """Take a rater's own reasons out, where the person is to be forgotten; that there was a change stays."""
        cls._base_manager.filter(rating__rater=rater, kind__in=kinds).exclude(reason="").update(reason="", by=None)


class Outcome(models.TextChoices):
    """What the counted ratings say. `passed` and `failed` are final once the task is complete."""

    PASSED = "passed"
    FAILED = "failed"
    TIED = "tied"  # as many for as against
    TOO_FEW = "too_few", "Too few ratings"  # not even most of the wanted raters have answered


class Verdict(models.Model):
    """What the raters together say of a task: by question, and overall by both vote rules (`raters.voting`).

    `questions` is {key: {"counts": {answer: n}, "share": passing share, "outcome"}}; `share` the share of raters who
    accept the image: both are the soft labels. `outcome` is that of the campaign's vote rule.
    """

    task = models.OneToOneField(Task, models.PROTECT, related_name="verdict")
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="verdicts")
    ratings = models.PositiveSmallIntegerField(default=0)  # that count
    questions = models.JSONField(default=dict)
    share = models.FloatField(null=True, blank=True)
    by_question = models.CharField(max_length=7, choices=Outcome)
    by_rater = models.CharField(max_length=7, choices=Outcome)
    outcome = models.CharField(max_length=7, choices=Outcome)
    final = models.BooleanField(default=False)  # all wanted ratings are in, or the rest could not change it
    early = models.BooleanField(default=False)  # decided before all wanted ratings were in
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="verdict_outcome_is_known")]
        indexes = [models.Index(fields=["campaign", "final", "outcome", "id"], name="verdict_by_outcome")]

    def __str__(self) -> str:
        return f"Verdict on task #{self.task_id}"
