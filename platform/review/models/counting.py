"""How counting stands: what waits for it, who does it, and what moved while all was counted anew."""

from django.db import models

CHECK = "check "  # what the name of a check begins with: it builds nothing


class Waiting(models.Model):
    """A task whose verdict changed and is still to be counted: written with the verdict, in its transaction."""

    task = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"Task #{self.task}"


class Counter(models.Model):
    """One row, locked by who counts, so that two never add the same; and when that was last done.

    `building` names who adds up all sums anew, to keep or to check them, `alive_at` is its last sign, and `reached` the
    item up to which it has read. While `partial`, sums are not those of the images, and nobody reads them. `packed` is
    the format in which all images are in blocks; 0 while they are not.
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

    @property
    def built(self) -> int:
        """The item up to which a rebuild under way has made blocks anew; 0: none is under way, or a check is."""
        return 0 if self.building.startswith(CHECK) else self.reached


class Move(models.Model):
    """By how much sums moved of products that a rebuild had read already: [[*tallies.KEY, *tallies.SUMS], …]."""

    sums = models.JSONField()

    def __str__(self) -> str:
        return f"Move #{self.pk}"
