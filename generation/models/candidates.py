"""The images that runs are for."""

from django.db import models

from generation.files import thumbnail_key
from generation.models.results import Adapter, StageResult
from generation.models.runs import Run


class Candidate(models.Model):
    """One generated image of a run, with its prompt and seed, its metrics once measured, and its place once selected.

    Metrics are the six of the paper's Table 2; higher is better; None where not measured, or no product was found.
    `row` is the place of its embeddings in the file `embeddings`.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="candidates")
    tier = models.PositiveSmallIntegerField(default=0)  # of the run's methods, which made it
    result = models.ForeignKey(StageResult, models.PROTECT, related_name="candidates")  # of the stage generate
    adapter = models.ForeignKey(Adapter, models.SET_NULL, null=True, blank=True, related_name="candidates")
    prompt = models.CharField(max_length=400)  # the template of the bank
    words = models.TextField()  # as given to the model
    seed = models.PositiveBigIntegerField()
    key = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    dropped = models.CharField(max_length=300, blank=True)  # what the safety filter said against it

    clip_i = models.FloatField(null=True, blank=True)
    clip_t = models.FloatField(null=True, blank=True)
    dino_i = models.FloatField(null=True, blank=True)
    seg_clip_i = models.FloatField(null=True, blank=True)
    seg_clip_t = models.FloatField(null=True, blank=True)
    seg_dino_i = models.FloatField(null=True, blank=True)
    mask_key = models.CharField(max_length=120, blank=True)
    mask_sha256 = models.CharField(max_length=64, blank=True)
    embeddings = models.CharField(max_length=120, blank=True)
    row = models.PositiveIntegerField(null=True, blank=True)

    score = models.FloatField(null=True, blank=True)
    place = models.PositiveIntegerField(null=True, blank=True)  # in its tier, from 1, best first
    picked = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["run", "prompt", "seed"], name="candidate_unique")]
        indexes = [
            models.Index(fields=["run", "tier", "place"], name="candidate_by_place"),
            models.Index(fields=["sha256"], name="candidate_by_sha256"),
        ]

    def __str__(self) -> str:
        return f"Candidate #{self.pk}"

    @property
    def thumbnail_key(self) -> str:
        """Where its small version lies."""
        return thumbnail_key(self.sha256)
