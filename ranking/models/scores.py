"""What rankers say of images, and which of a product's images they pick.

Scores belong to a ranker: a new champion's are all there before it becomes one, so that making it champion, one row,
switches all of them at once.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from generation.models import Candidate
from ranking.models.rankers import Ranker


class Policy(models.Model):
    """How picks follow from scores, and when a new training is due. The newest row holds; none is ever changed."""

    threshold = models.FloatField(default=0.1)  # least probability of passing of a pick
    top = models.PositiveSmallIntegerField(default=4)  # picks of a product at most
    distance = models.FloatField(default=0.02)  # least cosine distance between two picks; 0: near-duplicates may be
    retrain_after = models.PositiveIntegerField(default=500)  # new labels; 0: never by itself
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(threshold__gte=0, threshold__lte=1), name="policy_threshold_is_a_share"),
            models.CheckConstraint(condition=Q(top__gt=0), name="policy_picks_some"),
            models.CheckConstraint(condition=Q(distance__gte=0, distance__lte=2), name="policy_distance_is_cosine"),
        ]

    def __str__(self) -> str:
        return f"Policy #{self.pk}"


class Score(models.Model):
    """What a ranker says of one image: the probability that it passes, its place among its product's, whether picked.

    `note` says why an image above the threshold is no pick: it looks like one that is better.
    """

    ranker = models.ForeignKey(Ranker, models.CASCADE, related_name="scores")
    candidate = models.ForeignKey(Candidate, models.CASCADE, related_name="ranker_scores")
    product = models.ForeignKey("catalog.Product", models.CASCADE, related_name="+", db_index=False)
    probability = models.FloatField()
    place = models.PositiveIntegerField()  # from 1, best first
    picked = models.BooleanField(default=False)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["ranker", "candidate"], name="score_once"),
            models.CheckConstraint(condition=Q(probability__gte=0, probability__lte=1), name="score_is_a_probability"),
        ]
        indexes = [
            models.Index(fields=["ranker", "product", "place"], name="score_by_place"),
            models.Index(fields=["product"], name="score_by_product"),
        ]

    def __str__(self) -> str:
        return f"{self.probability:.3f} of candidate #{self.candidate_id}"


class ScoredProduct(models.Model):
    """What a ranker last made of a product, and of which images: others, or another policy, make it stale.

    `ids` is the sum of the candidates' ids: with their number it tells apart sets of images by one sum in the database.
    """

    ranker = models.ForeignKey(Ranker, models.CASCADE, related_name="products")
    product = models.ForeignKey("catalog.Product", models.CASCADE, related_name="+")
    policy = models.ForeignKey(Policy, models.PROTECT, related_name="+")
    images = models.PositiveIntegerField()
    ids = models.BigIntegerField(default=0)  # 0: to be scored anew
    picked = models.PositiveIntegerField()  # 0: no image was good enough
    best = models.FloatField()  # highest probability
    at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["ranker", "product"], name="scored_product_once")]
        indexes = [models.Index(fields=["ranker", "picked", "id"], name="scored_product_by_picks")]

    def __str__(self) -> str:
        return f"{self.picked} picks of product {self.product_id}"


class Explanation(models.Model):
    """Why a ranker gives an image its probability: [{"feature", "value", "contribution"}], largest first.

    The contributions add up to the logit of the probability. Made when somebody asks; gone when the scores change.
    """

    ranker = models.ForeignKey(Ranker, models.CASCADE, related_name="+")
    candidate = models.ForeignKey(Candidate, models.CASCADE, related_name="+")
    contributions = models.JSONField(default=list)
    problem = models.CharField(max_length=500, blank=True)
    made_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ranker", "candidate"], name="explanation_once")]

    def __str__(self) -> str:
        return f"Explanation of candidate #{self.candidate_id}"


class Trial(models.Model):
    """For a while, a share of the products gets another ranker's picks. Which ones follows from `seed` and product.

    `against` decided for the others when it began; none is the plain sum. A change of champion ends a trial.
    """

    ranker = models.ForeignKey(Ranker, models.PROTECT, related_name="trials")
    against = models.ForeignKey(Ranker, models.PROTECT, null=True, blank=True, related_name="+")
    share = models.FloatField()
    seed = models.PositiveIntegerField()
    begun_at = models.DateTimeField(auto_now_add=True)
    begun_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    running = models.BooleanField(default=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(share__gt=0, share__lte=0.5), name="trial_share_up_to_half"),
            models.UniqueConstraint(fields=["running"], condition=Q(running=True), name="trial_one_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"Trial of {self.ranker_id}"
