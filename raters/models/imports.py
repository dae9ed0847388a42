"""Files of others' ratings on their way to being campaigns."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from raters.models.campaigns import Campaign
from raters.models.questions import QuestionSet


class RatingsImport(models.Model):
    """One file: what was asked of it, what a worker found in it, and the campaign that it became.

    `questions` is [{"key", "answers", "passing", "given": {answer: how often}}], `problems` a sentence for each bad
    row, the first hundred. The file goes once it is not needed any more.
    """

    class State(models.TextChoices):
        CHECKING = "checking", "Being looked through"
        CHECKED = "checked", "Ready to be taken"  # waits for a person's yes
        REFUSED = "refused"
        TAKING = "taking", "Being taken"
        DONE = "done", "Taken"

    file_name = models.CharField(max_length=200)
    upload_key = models.CharField(max_length=200)
    name = models.CharField(max_length=120)  # of the campaign
    question_set = models.ForeignKey(QuestionSet, models.PROTECT, null=True, blank=True, related_name="+")
    scale = models.JSONField(default=list, blank=True)
    passing = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.CHECKING)
    problem = models.CharField(max_length=500, blank=True)  # why nothing was taken
    problems = models.JSONField(default=list, blank=True)
    questions = models.JSONField(default=list, blank=True)
    rows = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)
    ratings = models.PositiveIntegerField(default=0)
    tasks = models.PositiveIntegerField(default=0)
    campaign = models.ForeignKey(Campaign, models.SET_NULL, null=True, blank=True, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["checking", "checked", "refused", "taking", "done"]),
                name="ratings_import_state_is_known",
            )
        ]
        indexes = [models.Index(fields=["state", "created_at"], name="ratings_import_by_state")]

    def __str__(self) -> str:
        return f"{self.file_name} as “{self.name}”"

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.CHECKING, self.State.TAKING)
