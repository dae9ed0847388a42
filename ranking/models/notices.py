"""What has drifted since the champion was trained."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from ranking.models.rankers import Ranker


class DriftNotice(models.Model):
    """A figure that has left its band; it stays open until somebody closes it, or the figure comes back."""

    class Kind(models.TextChoices):
        FEATURES = "features", "Features"
        SCORES = "scores", "Scores"
        PASS_RATE = "pass_rate", "Pass rate of picks"
        BROKEN = "broken", "It cannot score"

    ranker = models.ForeignKey(Ranker, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=9, choices=Kind)
    about = models.CharField(max_length=120, blank=True)  # such as the feature
    sentence = models.CharField(max_length=500)
    figures = models.JSONField(default=dict)
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["ranker", "kind", "about"], condition=Q(closed_at=None), name="notice_open_once"
            )
        ]

    def __str__(self) -> str:
        return self.sentence
