"""What is asked of an image: sets of questions, versioned, and frozen once a campaign has used them."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Answer(models.TextChoices):
    """The paper's four answers. A question of our own is worded so that yes is good, and only yes passes."""

    YES = "yes"
    MAYBE = "maybe"
    NO = "no"
    UNCLEAR = "unclear"


def four_answers() -> list[str]:
    return list(Answer.values)


def only_yes() -> list[str]:
    return [Answer.YES.value]


class QuestionSet(models.Model):
    """Questions that are asked together. A frozen one never changes: `services.questions.next_version` copies it."""

    name = models.CharField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=200)
    frozen_at = models.DateTimeField(null=True, blank=True)  # when the first campaign that uses it was opened
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="question_set_unique_version"),
            models.CheckConstraint(condition=~Q(name="") & ~Q(title=""), name="question_set_has_a_name"),
            models.CheckConstraint(condition=Q(version__gt=0), name="question_set_version_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class Question(models.Model):
    """One question: `answers` may be given, in the order of their keys; those in `passing` pass."""

    class Shown(models.TextChoices):
        WHOLE = "whole", "The whole image"
        ZOOM = "zoom", "The product, enlarged"

    question_set = models.ForeignKey(QuestionSet, models.CASCADE, related_name="questions")
    key = models.SlugField(max_length=40)
    order = models.PositiveSmallIntegerField()
    topic = models.CharField(max_length=60)  # for tables and charts: "Product fidelity"
    wording = models.CharField(max_length=300)
    help_text = models.TextField(blank=True)
    shown = models.CharField(max_length=5, choices=Shown, default=Shown.WHOLE)
    answers = models.JSONField(default=four_answers)
    passing = models.JSONField(default=only_yes)

    class Meta:
        ordering = ["order", "id"]
        constraints = [
            models.UniqueConstraint(fields=["question_set", "key"], name="question_unique_key"),
            models.CheckConstraint(condition=~Q(key="") & ~Q(wording=""), name="question_has_key_and_wording"),
        ]

    def __str__(self) -> str:
        return self.topic or self.key
