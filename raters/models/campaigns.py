"""Campaigns, and who rates in them.

A campaign's state is moved by `services.campaigns` alone, as a filtered update that counts the rows it found.
"""

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q

from raters.models.questions import QuestionSet

_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_code() -> str:
    """A name for a rater that says nothing of the person: "R-7KQ2M9"."""
    return "R-" + "".join(secrets.choice(_CODE_LETTERS) for _ in range(6))


def new_seed() -> int:
    return secrets.randbelow(2**31)


class Origin(models.TextChoices):
    """Where ratings come from."""

    PERSON = "person", "People here"
    IMPORT = "import", "Imported"
    SIMULATION = "simulation", "Simulated"


class Rater(models.Model):
    """Who rates, without the person: votes point here, so that they stay, and stay apart, when the user is deleted."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="rater")
    code = models.CharField(max_length=80, unique=True, default=new_code)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.PERSON)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.code


class CampaignState(models.TextChoices):
    """Where a campaign is: only an open one hands out images."""

    DRAFT = "draft"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class Vote(models.TextChoices):
    """The order in which "all pass" and "most raters" are applied."""

    QUESTION = "question", "By question: most raters say yes to each question"
    RATER = "rater", "By rater: most raters say yes to all questions"


class Campaign(models.Model):
    """A set of images to rate, the questions, and the rules by which they are handed out and judged.

    `task_count`, `gold_count` and `rating_target` are kept by `services.tasks`; progress is the sum of its raters'
    counts (CampaignRater), so that no two raters ever wait for the same row.
    """

    name = models.CharField(max_length=120)
    state = models.CharField(max_length=6, choices=CampaignState, default=CampaignState.DRAFT)
    question_set = models.ForeignKey(QuestionSet, models.PROTECT, related_name="campaigns")
    raters_per_image = models.PositiveSmallIntegerField(default=3)
    vote = models.CharField(max_length=8, choices=Vote, default=Vote.QUESTION)
    guidelines = models.TextField(blank=True)  # Markdown
    guidelines_version = models.PositiveIntegerField(default=1)  # grows when they change once it is open
    lease_minutes = models.PositiveSmallIntegerField(default=15)
    gold_share = models.FloatField(default=0.0)  # of the images that a rater is shown
    gold_feedback = models.BooleanField(default=False)  # whether the expected answers are shown after a gold item
    per_rater_limit = models.PositiveIntegerField(null=True, blank=True)  # ratings; None is no limit
    early_stop = models.BooleanField(default=False)
    tie_break = models.BooleanField(default=False)  # one more rater where the outcome is open
    show_prompt = models.BooleanField(default=False)
    by_invitation = models.BooleanField(default=False)  # only raters with a CampaignRater row that invites them
    qualification_items = models.PositiveSmallIntegerField(default=0)  # gold items to rate before the rest; 0: none
    qualification_share = models.FloatField(default=0.8)  # of their expected answers that must be right
    seed = models.PositiveIntegerField(default=new_seed)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.PERSON)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    task_count = models.PositiveIntegerField(default=0, editable=False)  # without gold items
    gold_count = models.PositiveIntegerField(default=0, editable=False)
    rating_target = models.PositiveIntegerField(default=0, editable=False)  # the sum of its tasks' `wanted`

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="campaign_has_a_name"),
            models.CheckConstraint(condition=Q(raters_per_image__gt=0), name="campaign_needs_a_rater"),
            models.CheckConstraint(condition=Q(gold_share__gte=0, gold_share__lte=0.5), name="campaign_gold_share"),
            models.CheckConstraint(condition=Q(lease_minutes__gt=0), name="campaign_lease_is_some_time"),
            models.CheckConstraint(condition=Q(state__in=CampaignState.values), name="campaign_state_is_known"),
        ]
        indexes = [models.Index(fields=["state", "-id"], name="campaign_by_state")]

    def __str__(self) -> str:
        return self.name


class GuidelinePicture(models.Model):
    """A good or a bad example beside a campaign's guidelines; the file lies in storage, normalised as a photo."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="guideline_pictures")
    key = models.CharField(max_length=200)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    good = models.BooleanField(default=True)
    caption = models.CharField(max_length=300, blank=True)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["order", "id"]

    def __str__(self) -> str:
        return self.caption or self.key


class CampaignRater(models.Model):
    """One rater in one campaign: whether they may rate, how far they are, and where they are in its order.

    `ratings` and `finished` are this rater's share of the campaign's progress: ratings that count, and tasks that one
    of them made complete. `cursors` remembers, per number of missing ratings, up to which stamp the begun tasks are
    known to be this rater's own (see `raters.leasing`).
    """

    class State(models.TextChoices):
        INVITED = "invited"
        QUALIFYING = "qualifying"
        ACTIVE = "active"
        FAILED = "failed", "Did not qualify"
        BLOCKED = "blocked"

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="raters")
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="campaigns")
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    qualified_at = models.DateTimeField(null=True, blank=True)
    joined_at = models.DateTimeField(auto_now_add=True)
    last_at = models.DateTimeField(null=True, blank=True)  # when a rating of theirs came or changed last

    leases = models.PositiveIntegerField(default=0)  # images ever handed out: decides where gold items fall
    taken = models.PositiveIntegerField(default=0)  # tasks, without gold, that can never be handed to this rater again
    ratings = models.PositiveIntegerField(default=0)  # that count, without those of gold items
    gold_ratings = models.PositiveIntegerField(default=0)
    skips = models.PositiveIntegerField(default=0)
    finished = models.IntegerField(default=0)  # may fall below 0: another's rating completed what this one reopened
    today = models.PositiveIntegerField(default=0)  # ratings of the day `today_on`, gold items too
    today_on = models.DateField(null=True, blank=True)
    active_ms = models.PositiveBigIntegerField(default=0)
    place = models.BigIntegerField(default=0)  # in the campaign's order, of the task to begin next
    cursors = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["campaign", "rater"], name="campaign_rater_once")]

    def __str__(self) -> str:
        return f"{self.rater_id} in {self.campaign_id}"


class CampaignEvent(models.Model):
    """What was done to a campaign, by whom and when. Only ever added to."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="events")
    kind = models.CharField(max_length=40)  # "opened", "changed", "rater excluded", …
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M}"
