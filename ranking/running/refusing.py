"""What the rooms that compute refuse, as ranking's own refusal: one sentence for whoever asked."""

from collections.abc import Iterator
from contextlib import contextmanager

from ranking.evaluation.exceptions import CannotEvaluate
from ranking.exceptions import NotEnoughLabels
from ranking.learning.exceptions import CannotLearn, WrongTable


@contextmanager
def refusals() -> Iterator[None]:
    """Within it, labels or features that nothing can be learned or told from raise NotEnoughLabels."""
    try:
        yield
    except (CannotLearn, CannotEvaluate, WrongTable) as reason:
        raise NotEnoughLabels(str(reason)) from reason
