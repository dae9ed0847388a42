"""The one interface of all rankers. `ranking.learning.rankers.learner(name)` gives a learner by its name.

    learner("default").fit(table, labels, seed=1) -> Ranker
    ranker.predict(table) -> (n,) calibrated probabilities of passing
    ranker.explain(table, row) -> contributions that add up to the logit of that probability
    ranker.save(folder); ranking.learning.loading.load(folder) -> the same ranker, to the bit

Tables are raw: rankers derive what is relative to the product's other candidates themselves, in one way for
training and scoring, so a table must hold whole products. Rows without a label are welcome in training: they teach
scales and projections, never labels. No row of a product that a ranker will be tested on may be in the table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ranking.learning.labels import Labels, Values
from ranking.learning.table import FeatureTable

Progress = Callable[[int, int, str], None]  # done, total, what is being done; may raise to cancel


def silent(done: int, total: int, doing: str) -> None:
    """No one watches."""


@dataclass(frozen=True)
class Contribution:
    """What one feature adds to the logit of one candidate's probability. `value` is NaN where it was missing."""

    feature: str
    value: float
    contribution: float


class Ranker(Protocol):
    """A fitted ranker."""

    @property
    def name(self) -> str:
        """The learner's name; of the default the one that it switched to, as `default: heads`."""
        ...

    @property
    def told(self) -> dict[str, Any]:
        """What the record beside the file says: features, labels' hash, config, seed, versions, notes, figures."""
        ...

    def predict(self, table: FeatureTable) -> Values:
        """(n): calibrated probability that the candidate passes. Raises WrongTable for other columns."""
        ...

    def explain(self, table: FeatureTable, row: int) -> list[Contribution]:
        """Largest first; with the one named `base` they add up to the logit of predict's probability."""
        ...

    def save(self, folder: Path) -> None:
        """Writes text, safetensors and JSON; the same data and seed give the same bytes."""
        ...


class Learner(Protocol):
    """A way to learn. Raises CannotLearn where the labels do not allow it."""

    @property
    def name(self) -> str: ...

    def fit(self, table: FeatureTable, labels: Labels, seed: int, progress: Progress = silent) -> Ranker: ...
