"""What is for sale and what it looks like: product types, products, their photos, and the prompt bank."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse

PLACEHOLDER = "{product}"
sha256_validator = RegexValidator(r"\A[0-9a-f]{64}\Z", "Enter a SHA-256 as 64 hexadecimal digits.")


class ProductType(models.Model):
    """A kind of thing, by its everyday noun in lower case: "phone case". `product_count` is kept by services."""

    name = models.CharField(max_length=80, unique=True)
    product_count = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """One thing for sale. `source` and `external_id` together are the seller's name for it; imports find it by them."""

    source = models.CharField(max_length=40)
    external_id = models.CharField(max_length=200)
    title = models.CharField(max_length=500)
    type = models.ForeignKey(ProductType, models.PROTECT, null=True, blank=True, related_name="products")
    attributes = models.JSONField(default=dict, blank=True)
    cover = models.ForeignKey("Photo", models.SET_NULL, null=True, blank=True, editable=False, related_name="+")
    photo_count = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="product_unique_external_id"),
            models.CheckConstraint(condition=~Q(external_id=""), name="product_external_id_not_empty"),
            models.CheckConstraint(condition=~Q(title=""), name="product_title_not_empty"),
        ]
        indexes = [models.Index(fields=["type", "-id"], name="product_by_type_newest")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("catalog:product", args=[self.pk])


class PhotoFormat(models.TextChoices):
    """How a normalised photo is stored; PNG only where the photo has real transparency."""

    JPEG = "jpg", "JPEG"
    PNG = "png", "PNG"


class Photo(models.Model):
    """One reference photo, normalised: sRGB, upright, no metadata, longest side capped.

    The file is named by `sha256` of its own bytes, so the same photo under two products is stored once.
    `source_sha256` is that of the bytes that were uploaded: an upload seen before is known without decoding it.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="photos")
    sha256 = models.CharField(max_length=64, validators=[sha256_validator])
    source_sha256 = models.CharField(max_length=64, validators=[sha256_validator])
    format = models.CharField(max_length=4, choices=PhotoFormat)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bytes = models.PositiveIntegerField()
    original_name = models.CharField(max_length=255, blank=True)
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["product", "sha256"], name="photo_unique_in_product"),
            models.CheckConstraint(condition=Q(width__gt=0, height__gt=0), name="photo_has_a_size"),
        ]
        indexes = [
            models.Index(fields=["sha256"], name="photo_by_sha256"),
            models.Index(fields=["source_sha256"], name="photo_by_source_sha256"),
        ]

    def __str__(self) -> str:
        return self.original_name or self.sha256[:12]

    @property
    def key(self) -> str:
        """Where the file lies in storage."""
        return f"photos/{self.sha256[:2]}/{self.sha256}.{self.format}"

    @property
    def thumbnail_key(self) -> str:
        return f"thumbnails/{self.sha256[:2]}/{self.sha256}.webp"

    @property
    def url(self) -> str:
        return reverse("catalog:media", args=[self.key])

    @property
    def thumbnail_url(self) -> str:
        return reverse("catalog:media", args=[self.thumbnail_key])


class ContextPrompt(models.Model):
    """One scene of the prompt bank for a product type; only an approved one is ever used for generation.

    The text holds `{product}` exactly once: `generation` puts "<token> <noun>" or the plain noun in its place.
    """

    class Status(models.TextChoices):
        DRAFT = "draft"
        APPROVED = "approved"
        REJECTED = "rejected"

    type = models.ForeignKey(ProductType, models.CASCADE, related_name="prompts")
    text = models.CharField(max_length=400)
    status = models.CharField(max_length=8, choices=Status, default=Status.DRAFT)
    origin = models.CharField(max_length=40)  # "bank" (shipped), "import", "person", later the name of a prompt writer
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint("type", Lower("text"), name="prompt_unique_in_type"),
            models.CheckConstraint(condition=Q(text__contains=PLACEHOLDER), name="prompt_has_the_placeholder"),
        ]
        indexes = [models.Index(fields=["status", "type", "id"], name="prompt_by_status_and_type")]

    def __str__(self) -> str:
        return self.text


class ImportRun(models.Model):
    """One import: what was asked, how far it is, what it did. Its refused rows are ImportRefusal."""

    class Layout(models.TextChoices):
        AUTO = "auto", "Work it out from the files"
        FOLDER = "folder", "A folder of photos per product"
        MANIFEST = "manifest", "A CSV or JSONL manifest"
        ABO = "abo", "Amazon Berkeley Objects"
        DREAMBOOTH = "dreambooth", "The DreamBooth data set"

    layout = models.CharField(max_length=12, choices=Layout)
    source = models.CharField(max_length=40)
    origin = models.CharField(max_length=500)  # a path on the server, or the name of the uploaded file
    upload_key = models.CharField(max_length=200, blank=True)  # where an uploaded file lies in storage
    options = models.JSONField(default=dict, blank=True)
    dry_run = models.BooleanField(default=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=500, blank=True)  # why nothing could be imported, or no more
    rows_read = models.PositiveBigIntegerField(default=0)
    products_added = models.PositiveBigIntegerField(default=0)
    products_updated = models.PositiveBigIntegerField(default=0)
    products_unchanged = models.PositiveBigIntegerField(default=0)
    photos_added = models.PositiveBigIntegerField(default=0)
    photos_known = models.PositiveBigIntegerField(default=0)
    refused = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_layout_display()} from {self.origin}"

    def get_absolute_url(self) -> str:
        return reverse("catalog:import", args=[self.pk])

    @property
    def job_key(self) -> str:
        """The key under which its job is submitted: asking twice for one import is one job."""
        return f"import-{self.pk}"


class ImportRefusal(models.Model):
    """One row or file that an import did not take, and why. `line` is 0 where the whole file is meant."""

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="refusals")
    file = models.CharField(max_length=500)
    line = models.PositiveBigIntegerField(default=0)
    external_id = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["run", "id"], name="refusal_by_run")]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}" if self.line else f"{self.file}: {self.reason}"
