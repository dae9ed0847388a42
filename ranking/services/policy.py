"""How picks follow from scores, and when a new training is due."""

import math
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from ranking.exceptions import BadWish
from ranking.models import Policy
from ranking.services import scoring

FIELDS = ("threshold", "top", "distance", "retrain_after")
MOST_PICKS = 100


def current() -> Policy:
    """The policy that holds; the usual one, which is not stored, where nobody has set any. It writes nothing."""
    return Policy.objects.first() or Policy()


def settled() -> Policy:
    """The same as a row: picks name the policy that they were made by."""
    return Policy.objects.first() or Policy.objects.create()


@transaction.atomic
def change(*, by: Any = None, **values: Any) -> Policy:
    """Have picks follow from these values from now on; the rest stays. Picks are made anew in the background.

    Raises BadWish.
    """
    strange = sorted(set(values) - set(FIELDS))
    if strange:
        raise BadWish(f"{strange[0]!r} is no part of the policy. Its parts: {', '.join(FIELDS)}.")
    before = settled()
    known = {name: getattr(before, name) for name in FIELDS}
    if known | values == known:
        return before
    policy = Policy(**(known | values), made_by=by)
    if not all(math.isfinite(value) for value in (policy.threshold, policy.distance)):
        raise BadWish(f"A threshold of {policy.threshold} and a distance of {policy.distance}: both must be numbers.")
    if not 1 <= policy.top <= MOST_PICKS:
        raise BadWish(f"{policy.top} picks of a product cannot be: say 1 to {MOST_PICKS}.")
    try:
        policy.full_clean(exclude={"made_by"})
    except ValidationError as error:
        raise BadWish("A threshold is 0 to 1, a distance 0 to 2: " + " ".join(error.messages)) from None
    policy.save()
    scoring.ask_for_stale()
    return policy
