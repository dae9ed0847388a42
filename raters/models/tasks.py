"""Images to rate, and who holds them.

A task's counts are moved by `raters.leasing` and `raters.services` alone, which lock the task before its assignments.
"""

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest

from catalog.models import Product
from generation.models import Candidate
from raters.models.campaigns import Campaign, Rater


class Subject(models.Model):
    """What images of a campaign are images of, with the photos to hold them against.

    `photos` is as it was when the tasks were added: [{"key", "width", "height"}], so that every rater of the campaign
    sees the same. `uuid` is all that raters ever learn of it.
    """

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="subjects")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    product = models.ForeignKey(Product, models.SET_NULL, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=500)  # for operators
    noun = models.CharField(max_length=120, blank=True)  # what a prompt calls it
    photos = models.JSONField(default=list)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["campaign", "product"], name="subject_unique_product")]
        indexes = [models.Index(fields=["campaign", "name"], name="subject_by_name")]

    def __str__(self) -> str:
        return self.name


class TaskState(models.TextChoices):
    """Whether more raters are wanted for a task."""

    FRESH = "fresh"  # nobody has had it yet
    BEGUN = "begun"  # somebody has, and more are wanted
    FULL = "full", "In work"  # as many as are wanted have rated or hold it
    COMPLETE = "complete"
    WITHHELD = "withheld"  # reported as broken or unsafe: an operator decides
    GOLD = "gold", "Gold item"  # for any number of raters


class Task(models.Model):
    """One image in one campaign: `wanted` ratings of it, `held` by raters now, `done` so far.

    `stamp` is when (in microseconds) it last became free for somebody; 0 while fresh.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="tasks")
    subject = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="tasks")
    candidate = models.ForeignKey(Candidate, models.SET_NULL, null=True, blank=True, related_name="tasks")
    name = models.CharField(max_length=200, blank=True)  # of an uploaded or imported one, as its maker calls it
    method = models.CharField(max_length=120, blank=True)  # that made the image; never shown to raters
    prompt = models.TextField(blank=True)
    picture_key = models.CharField(max_length=200, blank=True)  # the image as it came; empty: imported without one
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    position = models.PositiveBigIntegerField(default=0)  # in the campaign's order

    state = models.CharField(max_length=8, choices=TaskState, default=TaskState.FRESH)
    wanted = models.PositiveSmallIntegerField(default=3)
    extra = models.PositiveSmallIntegerField(default=0, db_default=0)  # of `wanted`: 1 where a tie asks one more
    held = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    left = models.GeneratedField(
        expression=Greatest(F("wanted") - F("held") - F("done"), 0),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    stamp = models.PositiveBigIntegerField(default=0)
    reports = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "candidate"], name="task_unique_candidate"),
            models.UniqueConstraint(fields=["campaign", "name"], condition=~Q(name=""), name="task_unique_name"),
            # The last word on "never more than asked", whatever the code above it does.
            models.CheckConstraint(
                condition=Q(state=TaskState.GOLD) | Q(wanted__gte=F("held") + F("done")), name="task_not_overbooked"
            ),
            models.CheckConstraint(condition=Q(state__in=TaskState.values), name="task_state_is_known"),
        ]
        indexes = [
            models.Index(fields=["campaign", "state", "position"], name="task_by_position"),
            models.Index(fields=["campaign", "state", "left", "stamp"], name="task_by_stamp"),
            models.Index(fields=["campaign"], condition=Q(extra__gt=0), name="task_asked_once_more"),
        ]

    def __str__(self) -> str:
        return self.name or f"Task #{self.pk}"


class AssignmentState(models.TextChoices):
    """What became of handing a task to a rater. An expired or returned one may be handed to the same rater again."""

    HELD = "held"
    DONE = "done"
    SKIPPED = "skipped"
    REPORTED = "reported"
    EXPIRED = "expired"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


AGAIN = (AssignmentState.EXPIRED, AssignmentState.RETURNED)


class Assignment(models.Model):
    """One rater holding, or having held, one task. Raters know it by `uuid`. `draft` is what was answered so far."""

    task = models.ForeignKey(Task, models.PROTECT, related_name="assignments")
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="assignments")
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="assignments")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(max_length=9, choices=AssignmentState, default=AssignmentState.HELD)
    leased_at = models.DateTimeField()
    lease_until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    number = models.PositiveIntegerField(default=0)  # the rater's how-manieth image in the campaign
    draft = models.JSONField(default=dict)  # {"answers": {key: answer}, "times": {key: ms}}
    active_ms = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=500, blank=True)  # of a skip or report

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["task", "rater"], name="assignment_once"),
            models.CheckConstraint(condition=Q(state__in=AssignmentState.values), name="assignment_state_is_known"),
        ]
        indexes = [
            models.Index(fields=["campaign", "state", "lease_until"], name="assignment_by_lease"),
            models.Index(fields=["rater", "campaign", "state"], name="assignment_by_rater"),
        ]

    def __str__(self) -> str:
        return f"Assignment #{self.pk}"
