"""Where the stored features of candidates lie."""

from django.db import models


class FeatureChunk(models.Model):
    """The raw features of all measured candidates of some products, as one file in storage.

    A product is in the chunk `product id // running.features.PRODUCTS`, so that the features relative to a product's
    other images need no other chunk. `stamp` says of which candidates it is: one that came later makes it stale.
    `missing` is {a file that was gone: the candidates that lack what it holds}, looked for again at times.
    """

    definition = models.CharField(max_length=64)  # hash of what the columns mean (learning.table.Definition)
    number = models.PositiveBigIntegerField()
    stamp = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    key = models.CharField(max_length=120)
    missing = models.JSONField(default=dict)
    made_at = models.DateTimeField(auto_now=True)  # or last looked through for what is missing

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["definition", "number"], name="feature_chunk_once")]

    def __str__(self) -> str:
        return f"Features of chunk {self.number}"
