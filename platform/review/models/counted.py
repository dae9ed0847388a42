"""What figures are counted from, kept in step with verdicts by `review.counting` alone.

`JudgedImage` is a flat copy of each final verdict, one row an image of a campaign: any filter is one scan of it.
`Tally` is what the usual filters add up to, so that the overview of a million images reads a few rows; `Block` holds
the images once more, packed, for filters that nothing is kept for. All can be built anew from the raters' tables at any
time: `manage.py review rebuild`.
"""

from django.db import models
from django.db.models import Q

from raters.models import Task

ALL = 0  # in a Tally: of every campaign, method, type or question
UNTYPED = -1  # a product without a type
MOST_QUESTIONS = 15  # of a set, and
MOST_VOTES = 15  # answers to a question of one image, whose kinds are kept: four bits each in one number
PACKED = 1  # how blocks are written: with another number here, none is read until a rebuild has made all of them anew


class Verdicts(models.IntegerChoices):
    """What a final verdict says. A tie, and too few ratings that count, are undecided: neither pass nor fail."""

    FAILED = 0
    PASSED = 1
    UNDECIDED = -1


class Voters(models.TextChoices):
    """Whose ratings a verdict is made of."""

    PEOPLE = "person", "People here"
    IMPORTED = "import", "Imported raters"
    SIMULATED = "simulation", "A simulated crowd"
    MIXED = "mixed", "Raters of several kinds"


class Item(models.Model):
    """What images are images of, over all campaigns: the cluster that intervals respect.

    `key` is "product:17", or a digest of a name where the images belong to no product of the catalogue.
    """

    key = models.CharField(max_length=80, unique=True)
    product = models.PositiveBigIntegerField(null=True, blank=True, db_index=True)  # catalog.Product, which may be gone
    name = models.CharField(max_length=500)

    def __str__(self) -> str:
        return self.name


class Name(models.Model):
    """A method's or a prompt's text, once; `digest` is its SHA-256, as texts can be longer than an index takes."""

    class Kind(models.TextChoices):
        METHOD = "method"
        PROMPT = "prompt"

    kind = models.CharField(max_length=6, choices=Kind)
    digest = models.CharField(max_length=64)
    text = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "digest"], name="name_once"),
            models.CheckConstraint(condition=Q(kind__in=["method", "prompt"]), name="name_kind_is_known"),
        ]

    def __str__(self) -> str:
        return self.text


class JudgedImage(models.Model):
    """One final verdict. Foreign ids are plain numbers: a row is a copy, and is looked up by `review.counting` alone.

    `passes` and `fails` have a bit for each question of the campaign's set, in its order; `alone` is the place of the
    one question that failed while all others passed. The four kinds of answers have four bits for each question, and
    are None together where a question has more than MOST_VOTES answers, or the set more than MOST_QUESTIONS.
    `place_by_sum` is the image's place among its product's by the plain sum, as far as a filter asks for places; the
    product's images as they were when one of them was last counted.
    """

    task = models.OneToOneField(Task, models.CASCADE, primary_key=True, related_name="+")
    campaign = models.PositiveBigIntegerField()
    question_set = models.PositiveBigIntegerField()
    questions = models.PositiveSmallIntegerField()  # of the set
    item = models.PositiveBigIntegerField()
    candidate = models.PositiveBigIntegerField(null=True, blank=True)
    type = models.BigIntegerField()  # catalog.ProductType when it was counted, or UNTYPED
    method = models.PositiveBigIntegerField()
    prompt = models.PositiveBigIntegerField()
    voters = models.CharField(max_length=10, choices=Voters)
    day = models.DateField()  # UTC, of the newest rating
    verdict = models.SmallIntegerField(choices=Verdicts)
    ratings = models.PositiveSmallIntegerField()
    active_ms = models.PositiveBigIntegerField()
    passes = models.BigIntegerField()
    fails = models.BigIntegerField()
    alone = models.SmallIntegerField(null=True, blank=True)
    yes = models.BigIntegerField(null=True, blank=True)
    maybe = models.BigIntegerField(null=True, blank=True)
    no = models.BigIntegerField(null=True, blank=True)  # and every other answer that does not pass
    unclear = models.BigIntegerField(null=True, blank=True)
    place_by_sum = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(verdict__in=Verdicts.values), name="judged_verdict_is_known"),
        ]
        indexes = [
            models.Index(fields=["campaign", "task"], name="judged_by_campaign"),
            models.Index(fields=["item", "task"], name="judged_by_item"),
            models.Index(fields=["type", "task"], name="judged_by_type"),
            models.Index(fields=["method", "task"], name="judged_by_method"),
            models.Index(fields=["alone", "task"], condition=Q(alone__isnull=False), name="judged_by_alone"),
            models.Index(fields=["prompt"], name="judged_by_prompt"),
            models.Index(fields=["day"], name="judged_by_day"),
            models.Index(fields=["candidate"], name="judged_by_candidate"),
        ]

    def __str__(self) -> str:
        return f"Verdict on task #{self.task_id}, counted"


class Block(models.Model):
    """The judged images of `counting.blocks.ITEMS` items in a row, packed as columns of numbers.

    `number` is the items' ids divided by that. What is in `data`, and how, is known to `counting.blocks` alone.
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    data = models.BinaryField()

    def __str__(self) -> str:
        return f"Block {self.number} of judged images"


class Tally(models.Model):
    """Sums over products of what each has, for one campaign, method, type and question, or ALL of them.

    For products with n decided images of which k pass: `products` their number, `images` the sum of n, `passed` of k,
    and the squares and products that the variance of a ratio needs. `with_1` … `with_5` count products with at least
    so many passing images. Of one question, k is how many images pass it.
    """

    campaign = models.PositiveBigIntegerField()
    method = models.PositiveBigIntegerField()
    type = models.BigIntegerField()
    question_set = models.PositiveBigIntegerField()
    question = models.SmallIntegerField()  # its place in the set; -1: the whole image

    products = models.BigIntegerField(default=0)
    images = models.BigIntegerField(default=0)
    passed = models.BigIntegerField(default=0)
    images_squared = models.BigIntegerField(default=0)
    passed_squared = models.BigIntegerField(default=0)
    images_passed = models.BigIntegerField(default=0)
    with_1 = models.BigIntegerField(default=0)
    with_2 = models.BigIntegerField(default=0)
    with_3 = models.BigIntegerField(default=0)
    with_4 = models.BigIntegerField(default=0)
    with_5 = models.BigIntegerField(default=0)
    undecided = models.BigIntegerField(default=0)  # images
    ratings = models.BigIntegerField(default=0)
    active_ms = models.BigIntegerField(default=0)
    alone = models.BigIntegerField(default=0)  # images that fail by this question only
    yes = models.BigIntegerField(default=0)
    maybe = models.BigIntegerField(default=0)
    no = models.BigIntegerField(default=0)
    unclear = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "tallies"
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "method", "type", "question_set", "question"], name="tally_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Tally of campaign {self.campaign}, method {self.method}, type {self.type}, question {self.question}"
