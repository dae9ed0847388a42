"""The tables of durable work. The database is the truth about a job; Celery only carries its id.

Transitions (queued → running → succeeded | failed | cancelled, and back to queued) are made by `jobs.services`,
`jobs.claiming` and `jobs.endings` alone, each as a filtered update that counts the rows it found.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse


class Queue(models.TextChoices):
    """Which workers may take a job."""

    CPU = "cpu", "CPU"
    GPU = "gpu", "GPU"
    LIVE = "live", "Live"  # a person waits for it at a page: never behind work that takes long


class State(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINISHED_STATES = (State.SUCCEEDED, State.FAILED, State.CANCELLED)
_READY = Q(state="queued", waiting_on=0, paused=False)


class Job(models.Model):
    """One piece of work of a registered kind.

    `waiting_on` counts the jobs before it that have not succeeded yet; it is ready when that is 0, it is not paused and
    `run_after` has passed. `fence` grows with each claim: a worker writes only while the fence is the one it got, so
    that one which was given up for dead and comes back changes nothing.
    """

    kind = models.CharField(max_length=80)
    params = models.JSONField(default=dict, blank=True)
    key = models.CharField(max_length=200, unique=True, null=True, blank=True)  # submitting it again returns this job
    subject = models.CharField(max_length=200, blank=True)  # what it is about, for people: "Import of chairs.csv"
    queue = models.CharField(max_length=8, choices=Queue, default=Queue.CPU)
    priority = models.SmallIntegerField(default=0)  # higher runs first
    affinity = models.CharField(max_length=100, blank=True, default="")  # what a worker must hold warm to do it
    # Whose turn it takes: the id of who asked, 0 for nobody. A copy that is never empty, so that an index can seek it.
    asker = models.PositiveBigIntegerField(default=0)
    paused = models.BooleanField(default=False)  # queued, and not to be started until it is released
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    waiting_on = models.PositiveIntegerField(default=0)
    run_after = models.DateTimeField(null=True, blank=True)
    dispatched_at = models.DateTimeField(null=True, blank=True)  # when a message for it was last sent

    fence = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=200, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    cancel_requested = models.BooleanField(default=False)
    strikes = models.PositiveSmallIntegerField(default=0)  # attempts in a row that ended badly without a step done
    halvings = models.PositiveSmallIntegerField(default=0)  # how often running out of memory has halved the batch

    progress_done = models.PositiveBigIntegerField(default=0)
    progress_total = models.PositiveBigIntegerField(null=True, blank=True)
    message = models.CharField(max_length=300, blank=True)
    result = models.JSONField(null=True, blank=True)
    error = models.CharField(max_length=1000, blank=True)

    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="job_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state=State.RUNNING) | Q(lease_until__isnull=False), name="job_running_has_a_lease"
            ),
            models.CheckConstraint(
                condition=Q(state__in=FINISHED_STATES, finished_at__isnull=False)
                | (~Q(state__in=FINISHED_STATES) & Q(finished_at__isnull=True)),
                name="job_finished_has_a_time",
            ),
        ]
        indexes = [
            # A claim seeks in these two and never reads the backlog: see jobs.claiming.
            models.Index(fields=["queue", "-priority", "asker", "id"], condition=_READY, name="job_ready"),
            models.Index(fields=["queue", "-priority", "affinity", "asker", "id"], condition=_READY, name="job_warm"),
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="job_leases"),
            models.Index(fields=["state", "-id"], name="job_by_state"),
            models.Index(fields=["kind", "-id"], name="job_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("jobs:detail", args=[self.pk])

    @property
    def word(self) -> str:
        """The state as people are told it: "paused" for a queued job that is held back, "waiting" for others first."""
        if self.state != State.QUEUED:
            return str(self.state)
        return "paused" if self.paused else "waiting" if self.waiting_on else "queued"


class Turn(models.Model):
    """When somebody's job of a queue was last begun: among equals, who was served longest ago comes next."""

    queue = models.CharField(max_length=8, choices=Queue)
    asker = models.PositiveBigIntegerField()
    served_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["queue", "asker"], name="turn_once")]


class Dependency(models.Model):
    """`job` starts only when `needs` has succeeded."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="needs_links")
    needs = models.ForeignKey(Job, models.CASCADE, related_name="needed_by_links")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "needs"], name="dependency_once"),
            models.CheckConstraint(condition=~Q(job=models.F("needs")), name="dependency_not_on_itself"),
        ]


class Attempt(models.Model):
    """One time that a worker took a job: who, when, how it ended, and what it said."""

    class Outcome(models.TextChoices):
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"
        LOST = "lost"  # the lease ran out: the worker died or hung
        OUT_OF_MEMORY = "out_of_memory"
        RETRIED = "retried"  # a named retryable error
        GIVEN_BACK = "given_back"  # the worker was asked to stop

    job = models.ForeignKey(Job, models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()  # the job's fence at that claim
    worker = models.CharField(max_length=200)
    outcome = models.CharField(max_length=13, choices=Outcome, default=Outcome.RUNNING)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)  # by the wall; of a dead worker's, until its last sign of life
    exception = models.CharField(max_length=200, blank=True)  # the class's dotted path
    traceback = models.TextField(blank=True)
    log_tail = models.TextField(blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="attempt_once")]


class Step(models.Model):
    """A step of a job that is done for good: after a crash its result is found here, and it is not done again."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="steps")
    name = models.CharField(max_length=200)
    result = models.JSONField(null=True, blank=True)
    fence = models.PositiveIntegerField()
    finished_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["job", "name"], name="step_once")]
