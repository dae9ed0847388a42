"""What people told us of photos, which wins over what models found; and the type that a model took a product for."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.models import PLACEHOLDER, Photo, Product, ProductType
from generation.files import thumbnail_key


class _Told(models.Model):
    """One thing that a person said of a photo. The newest row that is not undone holds; older ones are its history."""

    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class PhotoMask(_Told):
    """Where the product is in a photo, as a person marked it; `prompt` has the box and the points that were clicked.

    One that was drawn elsewhere has no prompt: `box` is the smallest around it.
    """

    photo = models.ForeignKey(Photo, models.CASCADE, related_name="masks")
    key = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    prompt = models.JSONField(default=dict, blank=True)  # generation.records.MaskPrompt
    box = models.JSONField(null=True, blank=True)  # [left, top, right, bottom]

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["photo", "-id"], condition=Q(undone_at__isnull=True), name="photo_mask_current"),
            models.Index(fields=["key"], name="photo_mask_by_key"),
        ]

    def __str__(self) -> str:
        return f"Mask of photo #{self.photo_id}"

    @property
    def thumbnail_key(self) -> str:
        """Where its small version lies."""
        return thumbnail_key(self.sha256)


class PhotoCaption(_Told):
    """A photo in a person's words, or in those that came with it, with the placeholder where the product is named."""

    photo = models.ForeignKey(Photo, models.CASCADE, related_name="captions")
    template = models.TextField()
    came_along = models.BooleanField(default=False)  # with the photo, from the catalogue; else a person wrote it

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(template__contains=PLACEHOLDER), name="photo_caption_has_the_placeholder"
            )
        ]
        indexes = [
            models.Index(fields=["photo", "-id"], condition=Q(undone_at__isnull=True), name="photo_caption_current")
        ]

    def __str__(self) -> str:
        return self.template


class ProductTypeGuess(models.Model):
    """What a model took a product without a type for, by its photos; a person's type in the catalogue always wins."""

    product = models.OneToOneField(Product, models.CASCADE, related_name="type_guess")
    type = models.ForeignKey(ProductType, models.CASCADE, related_name="+")
    confidence = models.FloatField()  # 0 to 1, over all known types
    others = models.JSONField(default=list, blank=True)  # the next best: [name, confidence]
    checkpoint = models.CharField(max_length=200, blank=True)  # identity of the model that said so
    photos = models.CharField(max_length=64, blank=True)  # hash of the photos that it saw
    created_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confidence__gte=0, confidence__lte=1), name="type_guess_confidence_is_a_share"
            )
        ]

    def __str__(self) -> str:
        return f"{self.type} ({self.confidence:.0%})"
