"""What somebody asks for and a worker makes: comparisons, studies and reports."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

LONGEST_QUERY = 1_000  # characters


class Asked(models.Model):
    """What somebody asked for and a worker makes: `query` is what of, as an address says it; `problem` why it is not.

    `ROOM` is where its jobs are found.
    """

    ROOM: ClassVar[str]

    query = models.CharField(max_length=LONGEST_QUERY, blank=True)
    problem = models.CharField(max_length=500, blank=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        abstract = True
        ordering = ["-id"]

    @property
    def job_key(self) -> str:
        """What its job is found by."""
        return f"review/{self.ROOM}/{self.pk}"


class Comparison(Asked):
    """Methods held against the first of them, on the images that `query` chooses; once computed, it never changes.

    `result` is a list of `comparing.Comparison` as plain values, one for each method but the first, with the first few
    products that changed sides and `own_best` (`services.comparisons`); `moved` has the items of all of them, and is
    read for their file only.
    """

    ROOM = "comparisons"

    methods = models.JSONField()
    result = models.JSONField(null=True, blank=True)
    moved = models.JSONField(null=True, blank=True)
    computed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Comparison #{self.pk}"


class Study(Asked):
    """Figures that a worker makes for a page: how metrics do against people, or a plan of a study.

    A page shows the newest of its own query. `result` is plain values.
    """

    class Kind(models.TextChoices):
        METRICS = "metrics"
        PLAN = "plan"

    ROOM = "studies"

    kind = models.CharField(max_length=7, choices=Kind)
    digest = models.CharField(max_length=64)  # SHA-256 of the query, by which it is found
    result = models.JSONField(null=True, blank=True)
    computed_at = models.DateTimeField(null=True, blank=True)

    class Meta(Asked.Meta):
        verbose_name_plural = "studies"
        constraints = [models.CheckConstraint(condition=Q(kind__in=["metrics", "plan"]), name="study_kind_is_known")]
        indexes = [models.Index(fields=["kind", "digest", "id"], name="study_by_query")]

    def __str__(self) -> str:
        return f"Study #{self.pk} of {self.kind}"


class Report(Asked):
    """A page of figures frozen in a file of its own: of a comparison, or of what `query` chooses.

    The files are named by the SHA-256 of what is in them, and never written again: what is rated later changes none.
    """

    ROOM = "reports"

    title = models.CharField(max_length=200)
    comparison = models.ForeignKey(Comparison, models.CASCADE, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)  # bytes, of the HTML
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    pdf_size = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.title
