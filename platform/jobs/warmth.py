"""What this worker process holds warm, such as a loaded model, and for how long it has gone on with that."""

import time
from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True)
class Wish:
    """What to look for next: jobs of this affinity, or, once it has been `enough`, any other before them."""

    affinity: str
    enough: bool


NOTHING_WARM = Wish("", enough=False)


class Warmth:
    """The affinity that was run last, and since when (monotonic seconds).

    A job without an affinity needs nothing warm and drives nothing out.
    """

    def __init__(self) -> None:
        self._affinity = ""
        self._since = 0.0

    def wish(self) -> Wish:
        """What the next claim should look for."""
        return Wish(self._affinity, time.monotonic() - self._since >= settings.AFFINITY_SECONDS)

    def took(self, affinity: str, wish: Wish) -> None:
        """Note what the claim with that wish has brought."""
        changed = bool(affinity) and affinity != self._affinity
        # What others waited for has had its turn: from here on the warm ones may come first again.
        gave_way = wish.enough and affinity != wish.affinity
        if changed or gave_way:
            self._affinity, self._since = affinity or self._affinity, time.monotonic()


warmth = Warmth()
