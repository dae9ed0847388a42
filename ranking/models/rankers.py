"""What was trained, from what, how good it is, and who made it champion.

States of rankers are moved by `services.registry` alone.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from jobs.models import Job
from ranking.models.labels import LabelSet


class RankerState(models.TextChoices):
    """What a ranker does: one decides, shadows score along, candidates wait, the retired can come back."""

    CANDIDATE = "candidate"
    SHADOW = "shadow"
    CHAMPION = "champion"
    RETIRED = "retired"


class Ranker(models.Model):
    """One trained ranker. `learner` is a name of `learning.base.learner`, `digest` the hash over its files.

    `figures` is the evaluation: {"rankers": [...], "ceiling", "learning_curve", …}; `gate` its `Decision` against the
    champion of that time. No row is champion: the pipeline's own order, the plain sum, decides.
    """

    name = models.CharField(max_length=80)
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=9, choices=RankerState, default=RankerState.CANDIDATE)
    learner = models.CharField(max_length=40)
    config = models.JSONField(default=dict)
    seed = models.PositiveIntegerField(default=0)
    versions = models.JSONField(default=dict)  # of the libraries that trained it
    definition = models.CharField(max_length=64)  # hash of what its features are
    features = models.JSONField(default=list)  # the definition itself, as plain values
    frozen_share = models.FloatField(default=0.2)  # of the products, which it never saw
    label_set = models.ForeignKey(LabelSet, models.PROTECT, related_name="rankers")
    digest = models.CharField(max_length=64)
    figures = models.JSONField(default=dict)
    gate = models.JSONField(default=dict)
    note = models.CharField(max_length=300, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="ranker_unique_version"),
            models.UniqueConstraint(fields=["state"], condition=Q(state="champion"), name="ranker_one_champion"),
            models.CheckConstraint(condition=Q(state__in=RankerState.values), name="ranker_state_is_known"),
            models.CheckConstraint(condition=~Q(name=""), name="ranker_has_a_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class RankerFile(models.Model):
    """One file of a ranker: text, JSON or safetensors, in storage under the hash of its bytes."""

    ranker = models.ForeignKey(Ranker, models.CASCADE, related_name="files")
    name = models.CharField(max_length=120)
    key = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["ranker", "name"], name="ranker_file_once")]

    def __str__(self) -> str:
        return self.name


class Training(models.Model):
    """A training that somebody asked for, or the schedule. `wish` is `services.training.Wish` as plain values.

    `told` are its figures as they come: [{"step", "seconds", …}].
    """

    wish = models.JSONField()
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+")
    ranker = models.OneToOneField(Ranker, models.SET_NULL, null=True, blank=True, related_name="training")
    told = models.JSONField(default=list)
    problem = models.CharField(max_length=1000, blank=True)
    scheduled = models.BooleanField(default=False)
    asked_at = models.DateTimeField(auto_now_add=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Training #{self.pk}"


class Promotion(models.Model):
    """One change of champion, asked for and then done at once, or not at all. Only ever added to, but for its state.

    No `before` or no `after` is the plain sum. `gate` is what the gate said, `reason` why it was overridden or why one
    went back.
    """

    class Kind(models.TextChoices):
        PROMOTION = "promotion"
        OVERRIDE = "override", "Promotion over the gate"
        ROLLBACK = "rollback"

    class State(models.TextChoices):
        PREPARING = "preparing"  # images are being scored
        DONE = "done"
        FAILED = "failed"

    kind = models.CharField(max_length=9, choices=Kind)
    state = models.CharField(max_length=9, choices=State, default=State.PREPARING)
    before = models.ForeignKey(Ranker, models.PROTECT, null=True, blank=True, related_name="+")
    after = models.ForeignKey(Ranker, models.PROTECT, null=True, blank=True, related_name="promotions")
    gate = models.JSONField(default=dict)
    reason = models.CharField(max_length=1000, blank=True)
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+")
    problem = models.CharField(max_length=1000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="preparing"), name="promotion_one_at_a_time"),
            models.CheckConstraint(condition=~Q(kind="override", reason=""), name="promotion_override_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"
