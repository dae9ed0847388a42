"""What figures are counted from, kept in step with verdicts by `review.counting` alone.

`JudgedImage` is a flat copy of each final verdict, one row an image of a campaign: any filter is one scan of it.
`Tally` is what the usual filters add up to, so that the overview of a million images reads a few rows; `Block` holds
the images once more, packed, for filters that nothing is kept for. All can be built anew from the raters' tables at any
time: `manage.py review rebuild`.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from generation.models import Candidate
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
    IMPORTED = "import", "Imported"
    SIMULATED = "simulation", "Simulated"
    MIXED = "mixed", "Several of these"


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


class Asked(models.Model):
    """What somebody asked for and a worker makes: `query` is what of, as an address says it; `problem` why it is not.

    `ROOM` is where its jobs are found.
    """

    ROOM: ClassVar[str]

    query = models.CharField(max_length=1000, blank=True)
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
    products that changed sides; `moved` has the items of all of them, and is read for their file only.
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


class Waiting(models.Model):
    """A task whose verdict changed and is still to be counted: written with the verdict, in its transaction."""

    task = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"Task #{self.task}"


class Counter(models.Model):
    """One row, locked by who counts, so that two never add the same; and when that was last done.

    `building` names who adds up all sums anew, `alive_at` is its last sign, and `reached` the item up to which it has
    read. While `partial`, sums are not those of the images, and nobody reads them. `packed` is the format in which all
    images are in blocks; 0 while they are not.
    """

    counted_at = models.DateTimeField(null=True, blank=True)
    rebuilt_at = models.DateTimeField(null=True, blank=True)
    building = models.CharField(max_length=32, blank=True)
    alive_at = models.DateTimeField(null=True, blank=True)
    reached = models.PositiveBigIntegerField(default=0)
    partial = models.BooleanField(default=False)
    packed = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return "The counter"


class Move(models.Model):
    """By how much sums moved of products that a rebuild had read already: [[*tallies.KEY, *tallies.SUMS], …]."""

    sums = models.JSONField()

    def __str__(self) -> str:
        return f"Move #{self.pk}"


class Mark(models.Model):
    """An image that somebody wants looked at once more. It is the image's, not a person's: one mark, seen by all.

    A generated image is marked as a candidate, in whatever campaigns it is; one that came from elsewhere as its task.
    """

    candidate = models.OneToOneField(Candidate, models.CASCADE, null=True, blank=True, related_name="+")
    task = models.OneToOneField(Task, models.CASCADE, null=True, blank=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(candidate__isnull=True, task__isnull=False) | Q(candidate__isnull=False, task__isnull=True),
                name="mark_is_of_one_image",
            ),
        ]

    def __str__(self) -> str:
        return f"Mark on {f'candidate #{self.candidate_id}' if self.candidate_id else f'task #{self.task_id}'}"


class Note(models.Model):
    """What somebody wrote of a product or an image, as plain text. Removed ones stay, so that removing can be undone.

    It is about one of: an item, a candidate, or the task of an image that came from elsewhere.
    """

    item = models.ForeignKey(Item, models.CASCADE, null=True, blank=True, related_name="notes")
    candidate = models.ForeignKey(Candidate, models.CASCADE, null=True, blank=True, related_name="+")
    task = models.ForeignKey(Task, models.CASCADE, null=True, blank=True, related_name="+")
    text = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="note_says_something"),
            models.CheckConstraint(
                condition=Q(item__isnull=False, candidate__isnull=True, task__isnull=True)
                | Q(item__isnull=True, candidate__isnull=False, task__isnull=True)
                | Q(item__isnull=True, candidate__isnull=True, task__isnull=False),
                name="note_is_about_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class SavedView(models.Model):
    """A page of review under a name: its path and its query. Removed ones stay a while, so that it can be undone."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    path = models.CharField(max_length=300)
    query = models.CharField(max_length=2000, blank=True)
    shared = models.BooleanField(default=False)
    saved_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"], condition=Q(removed_at=None), name="saved_view_name_once_an_owner"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="saved_view_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """What opens the page as it was saved."""
        return f"{self.path}?{self.query}" if self.query else self.path


class FirstView(models.Model):
    """The saved view that review opens with, for one user; their own or a shared one."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    view = models.ForeignKey(SavedView, models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"User #{self.user_id} begins with {self.view}"


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
