"""What stages made. A result is known by its fingerprint, and shared by every run that would make the same."""

from django.db import models
from django.db.models import Q

from catalog.models import Product
from generation import pipeline
from generation.files import thumbnail_key
from jobs.models import Job


class StageState(models.TextChoices):
    """Where a stage's result is."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StageResult(models.Model):
    """One stage's work on one product, or for class images on one type; and what it cost.

    `config` is the stage's part of a recipe, `inputs` what its `Inputs` are filled from (upstream results by
    fingerprint), `checkpoints` the identity of each role's checkpoint, `result` the stage's record as JSON.
    """

    State = StageState

    fingerprint = models.CharField(max_length=64, unique=True)
    stage = models.CharField(max_length=20, choices=[(stage.name, stage.title) for stage in pipeline.STAGES])
    # No product: made for all of a type, or the product has been removed since.
    product = models.ForeignKey(Product, models.SET_NULL, null=True, blank=True, related_name="stage_results")
    model_set = models.CharField(max_length=80)
    config = models.JSONField(default=dict)
    inputs = models.JSONField(default=dict)
    checkpoints = models.JSONField(default=dict)
    state = models.CharField(max_length=9, choices=StageState, default=StageState.WAITING)
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+")
    made = models.PositiveSmallIntegerField(default=0)  # times that it had to be made anew, as a file was dropped
    result = models.JSONField(null=True, blank=True)
    told = models.JSONField(default=dict, blank=True)  # while it works: {"loss": [[step, mean since the point before]]}
    error = models.CharField(max_length=1000, blank=True)
    asks_person = models.BooleanField(default=False)  # it failed for want of something that only a person can tell

    # Cost of all attempts together; peak_bytes is the most of any.
    seconds = models.FloatField(default=0)
    gpu_seconds = models.FloatField(default=0)
    peak_bytes = models.PositiveBigIntegerField(default=0)
    images = models.PositiveIntegerField(default=0)
    steps = models.PositiveIntegerField(default=0)

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=StageState.values), name="stage_result_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | Q(result__isnull=False), name="stage_result_done_has_a_result"
            ),
        ]
        indexes = [models.Index(fields=["stage", "state"], name="stage_result_by_stage")]

    def __str__(self) -> str:
        return f"{self.get_stage_display()} {self.fingerprint[:12]}"


class _Image(models.Model):
    """A picture with its mask, where it has one; both lie in storage under their keys."""

    key = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    mask_key = models.CharField(max_length=120, blank=True)
    mask_sha256 = models.CharField(max_length=64, blank=True)
    source_key = models.CharField(max_length=120, blank=True)  # of the photo that it comes from in the end
    text = models.TextField(blank=True)
    scores = models.JSONField(default=dict, blank=True)  # by name; what the stage measured of it
    kept = models.BooleanField(default=True)
    reason = models.CharField(max_length=300, blank=True)  # why it was dropped, or what is wrong with it

    class Meta:
        abstract = True

    @property
    def thumbnail_key(self) -> str:
        """Where its small version lies; photos of the catalogue have theirs elsewhere."""
        return small_key(self.key, self.sha256)

    @property
    def mask_thumbnail_key(self) -> str:
        """Where the small version of its mask lies; empty without a mask."""
        return thumbnail_key(self.mask_sha256) if self.mask_sha256 else ""


def small_key(key: str, sha256: str) -> str:
    """Where the thumbnail of a picture lies, be it a photo of the catalogue or one of the pipeline's."""
    if key.startswith("photos/"):
        return f"thumbnails/{sha256[:2]}/{sha256}.webp"
    return thumbnail_key(sha256)


class StageImage(_Image):
    """One picture that a stage made or looked at, so that pages can turn them over without reading whole results."""

    class Kind(models.TextChoices):
        MASK = "mask", "Mask"  # the picture is the photo
        CAPTION = "caption", "Caption"  # the picture is the photo, the text its caption
        NOVEL_VIEW = "novel-view", "New view"
        NEW_CONTEXT = "new-context", "New context"
        IN_CLASS = "in-class", "In-class negative"
        COUNTERFACTUAL = "counterfactual", "Counterfactual"
        CLASS = "class", "Class image"
        VALIDATION = "validation", "Validation image"  # shown while a stage works

    result = models.ForeignKey(StageResult, models.CASCADE, related_name="pictures")
    kind = models.CharField(max_length=14, choices=Kind)
    made_from_key = models.CharField(max_length=120, blank=True)  # that photo, or a view of it

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["result", "id"], name="stage_image_by_result")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.sha256[:12]}"


class TrainingImage(_Image):
    """One image that the filter judged: kept for training, or dropped and why. Positives' text is a template."""

    class Kind(models.TextChoices):
        PHOTO = "photo", "Photo"
        NOVEL_VIEW = "novel-view", "New view"
        NEW_CONTEXT = "new-context", "New context"
        IN_CLASS = "in-class", "In-class negative"
        COUNTERFACTUAL = "counterfactual", "Counterfactual"

    result = models.ForeignKey(StageResult, models.CASCADE, related_name="training_images")
    kind = models.CharField(max_length=14, choices=Kind)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["result", "kind", "id"], name="training_image_by_result")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.sha256[:12]}"


class SharedNegative(models.Model):
    """An in-class negative that any product of its type may train beside; `result` is the one that drew it."""

    result = models.ForeignKey(StageResult, models.CASCADE, related_name="shared_negatives")
    pool = models.CharField(max_length=64)  # hash of the type and of what draws: see `services.sharing`
    template = models.CharField(max_length=400)
    seed = models.PositiveIntegerField()
    image = models.JSONField()  # the record

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["pool", "template", "seed"], name="shared_negative_once")]

    def __str__(self) -> str:
        return f"Shared negative: {self.template[:60]}"


class Adapter(models.Model):
    """One LoRA. Its file goes when its time is over; the row, with what it was and how it learned, stays."""

    result = models.OneToOneField(StageResult, models.CASCADE, related_name="adapter")
    token = models.CharField(max_length=80)
    rank = models.PositiveIntegerField()
    steps = models.PositiveIntegerField()
    steps_saved = models.PositiveIntegerField(default=0)
    images = models.PositiveIntegerField(default=0)
    key = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField()
    loss = models.JSONField(default=list)  # [step, mean since the point before]
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)  # None: kept for ever
    dropped_at = models.DateTimeField(null=True, blank=True)  # when the file went

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(dropped_at__isnull=True), name="adapter_to_expire"),
            models.Index(fields=["key"], name="adapter_by_key"),
        ]

    def __str__(self) -> str:
        return f"Adapter {self.token} of rank {self.rank}"


class ResultFile(models.Model):
    """A file in storage that a result names: what the nightly sweep must leave alone."""

    result = models.ForeignKey(StageResult, models.CASCADE, related_name="files")
    key = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "result"], name="result_file_once")]

    def __str__(self) -> str:
        return self.key
