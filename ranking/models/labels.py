"""What a training learned from, exactly."""

from django.conf import settings
from django.db import models


class LabelSet(models.Model):
    """The labels of one training: which images, what was said of each, by which rules. Never changed.

    The labels lie in the file `key`; `digest` is the hash of their content, so that the same labels are one set.
    `sources` is [{"campaign", "name", "vote", "verdicts"}]; `left_out` counts by reason what did not become a label.
    """

    class Source(models.TextChoices):
        MAJORITY = "majority", "Vote shares"
        DAWID_SKENE = "dawid_skene", "Dawid-Skene"

    digest = models.CharField(max_length=64, unique=True)
    source = models.CharField(max_length=11, choices=Source, default=Source.MAJORITY)
    key = models.CharField(max_length=120)
    images = models.PositiveIntegerField()
    products = models.PositiveIntegerField()
    passed = models.PositiveIntegerField()
    weighted = models.PositiveIntegerField(default=0)  # with an inclusion probability of their own
    sources = models.JSONField(default=list)
    left_out = models.JSONField(default=dict)
    newest_verdict = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Labels {self.digest[:12]}"

    @property
    def pass_rate(self) -> float:
        return self.passed / self.images if self.images else 0.0
