"""What was asked for: a run is one product through one method; a batch is runs that were asked for together.

States of runs are moved by `generation.services.states` alone, which keeps the counts of their batch in the same
transaction.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.models import Product
from generation import pipeline
from generation.models.methods import Method


class RunState(models.TextChoices):
    """Where a run is."""

    PLANNED = "planned"  # nothing of it has begun
    RUNNING = "running"
    PAUSED = "paused"
    NEEDS_PERSON = "needs_person", "Needs a person"  # `problem` says what for
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED_STATES = (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)


class Batch(models.Model):
    """Runs that were asked for together. The counts say how many of its `total` runs are in which state."""

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        CANCELLED = "cancelled"

    method = models.ForeignKey(Method, models.PROTECT, related_name="batches")
    model_set = models.CharField(max_length=80)
    title = models.CharField(max_length=200, blank=True)  # what was chosen, for people: "Type mug"
    seed = models.PositiveIntegerField(default=0)
    commercial = models.BooleanField(default=False)
    state = models.CharField(max_length=9, choices=State, default=State.ACTIVE)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    total = models.PositiveIntegerField(default=0)
    planned = models.PositiveIntegerField(default=0)
    running = models.PositiveIntegerField(default=0)
    paused = models.PositiveIntegerField(default=0)
    needs_person = models.PositiveIntegerField(default=0)
    succeeded = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Batch #{self.pk}"

    @property
    def ended(self) -> int:
        """Runs that go no further by themselves."""
        return self.needs_person + self.succeeded + self.failed + self.cancelled

    @property
    def is_over(self) -> bool:
        return self.ended >= self.total


class Run(models.Model):
    """One product through one method. Its stages are RunStage rows, its images Candidate rows.

    A run with candidates never changes: another seed makes another run.
    """

    State = RunState

    product = models.ForeignKey(Product, models.CASCADE, related_name="runs")
    method = models.ForeignKey(Method, models.PROTECT, related_name="runs")
    seed = models.PositiveIntegerField(default=0)
    model_set = models.CharField(max_length=80)
    commercial = models.BooleanField(default=False)
    candidates_asked = models.PositiveIntegerField(null=True, blank=True)  # None: as many as the method says
    state = models.CharField(max_length=12, choices=RunState, default=RunState.PLANNED)
    # The method that runs now: 0 is the run's own, 1 the one that it names as its next tier, and so on.
    tier = models.PositiveSmallIntegerField(default=0)
    batch = models.ForeignKey(Batch, models.SET_NULL, null=True, blank=True, related_name="runs")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    problem = models.CharField(max_length=1000, blank=True)  # why it failed, or what a person has to do
    candidate_count = models.PositiveIntegerField(default=0)  # without those that the safety filter held back
    picked_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["product", "method", "seed"], name="run_unique"),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_state_is_known"),
            models.CheckConstraint(
                condition=Q(state__in=ENDED_STATES, finished_at__isnull=False)
                | (~Q(state__in=ENDED_STATES) & Q(finished_at__isnull=True)),
                name="run_ended_has_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="run_by_state"),
            models.Index(fields=["batch", "state", "id"], name="run_by_batch"),
            models.Index(fields=["product", "-id"], name="run_by_product"),
            models.Index(fields=["method", "-id"], name="run_by_method"),
        ]

    def __str__(self) -> str:
        return f"Run #{self.pk}"


class RunStage(models.Model):
    """A stage of a run, and the result that it uses: its own, or one that another run has made or will make."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="stages")
    tier = models.PositiveSmallIntegerField(default=0)
    order = models.PositiveSmallIntegerField()  # of the stage in its tier
    stage = models.CharField(max_length=20, choices=[(stage.name, stage.title) for stage in pipeline.STAGES])
    method = models.ForeignKey(Method, models.PROTECT, related_name="+")  # of this tier
    result = models.ForeignKey("generation.StageResult", models.PROTECT, related_name="uses")
    reused = models.BooleanField(default=False)  # the result was there, or being made, before this run asked for it

    class Meta:
        ordering = ["tier", "order"]
        constraints = [models.UniqueConstraint(fields=["run", "tier", "stage"], name="run_stage_once")]
        indexes = [models.Index(fields=["result", "run"], name="run_stage_by_result")]

    def __str__(self) -> str:
        return f"{self.get_stage_display()} of run #{self.run_id}"
