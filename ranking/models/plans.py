"""What is to be rated next, and with which probability each image came to be in it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from generation.models import Candidate
from ranking.models.rankers import Ranker
from raters.models import Campaign


class RatingPlan(models.Model):
    """Images drawn for rating under a budget, and the campaign that was made of them."""

    campaign = models.OneToOneField(Campaign, models.SET_NULL, null=True, blank=True, related_name="rating_plan")
    ranker = models.ForeignKey(Ranker, models.SET_NULL, null=True, blank=True, related_name="+")  # None: the sum
    budget = models.PositiveIntegerField()  # images
    shares = models.JSONField(default=dict)  # {"top", "uncertain", "random"}: of the budget
    seed = models.PositiveIntegerField()
    gain = models.JSONField(default=dict)  # what it is expected to bring, as it was shown
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Rating plan #{self.pk}"


class PlannedImage(models.Model):
    """One image of a plan: why it is in it, and how probable that was. Evaluation weighs its label by the inverse."""

    class Why(models.TextChoices):
        TOP = "top", "It would be picked"
        UNCERTAIN = "uncertain", "The ranker is unsure"
        RANDOM = "random", "By chance"

    plan = models.ForeignKey(RatingPlan, models.CASCADE, related_name="images")
    candidate = models.ForeignKey(Candidate, models.CASCADE, related_name="rating_plans")
    why = models.CharField(max_length=9, choices=Why)
    inclusion = models.FloatField()  # probability of being in the plan
    probability = models.FloatField(null=True)  # of passing, as the ranker said then

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "candidate"], name="planned_image_once"),
            models.CheckConstraint(condition=Q(inclusion__gt=0, inclusion__lte=1), name="planned_inclusion_is_a_share"),
        ]

    def __str__(self) -> str:
        return f"Candidate #{self.candidate_id}: {self.why}"
