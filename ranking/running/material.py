"""What rankers are trained on and held against: features and labels of whole products, divided into seen and frozen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generation.models import Run
from ranking.evaluation.splits import Guard, Split, frozen_share, stable_key
from ranking.exceptions import NotEnoughLabels
from ranking.learning.base import Ranker as Fitted
from ranking.learning.labels import Labels
from ranking.learning.table import Definition, FeatureTable
from ranking.models import Ranker
from ranking.running import features, files
from ranking.running import labels as labelling

Progress = Callable[[int, int, str], None]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Material:
    """A table of whole labelled products, their labels, and which of them nothing may learn from.

    `campaigns` are those that the labels are of: their ratings say how far people agree.
    """

    table: FeatureTable
    labels: Labels
    guard: Guard
    share: float
    campaigns: tuple[int, ...] = ()

    @property
    def training(self) -> tuple[FeatureTable, Labels]:
        return self.guard.training(self.table, self.labels)


def gather(definition: Definition, labels: Labels, share: float, progress: Progress = lambda *_: None) -> Material:
    """The features of all labelled products, divided. Raises NotEnoughLabels where nothing is left to learn from."""
    products = np.unique(labels.products).tolist()
    table = features.table_of(definition, products, progress)
    labels = labels.take(np.isin(labels.candidates, table.candidates))  # without images that were removed since
    found = Material(table, labels, Guard(frozen_of(products, share)), share)
    if not len(found.training[1]):
        raise NotEnoughLabels(
            f"All {len(products)} labelled products are in the frozen split: have images of more products rated."
        )
    return found


def frozen_of(products: Sequence[int], share: float) -> frozenset[int]:
    """Which of these products are frozen under that share, by the stable key that survives an import elsewhere."""
    rows = Run.objects.filter(product__in=list(products)).order_by()
    told = rows.values_list("product", "product__source", "product__external_id").distinct()
    return Split(share).frozen({pk: stable_key(source, external_id) for pk, source, external_id in told})


def share_now(products: int) -> float:
    """The frozen share: it only ever falls, so that no product that was learned from is ever tested on."""
    least = Ranker.objects.order_by("frozen_share").values_list("frozen_share", flat=True).first()
    return frozen_share(products) if least is None else frozen_share(products, least)


def types_of(products: Sequence[int]) -> tuple[dict[int, int], dict[int, str]]:
    """{product: type id, 0 without one}, and {type id: name}."""
    rows = Run.objects.filter(product__in=list(products)).order_by()
    told = rows.values_list("product", "product__type", "product__type__name").distinct()
    found = {product: (pk or 0, name or "without a type") for product, pk, name in told}
    return {product: pk for product, (pk, _) in found.items()}, dict(found.values())


@dataclass(frozen=True)
class Contender:
    """A fitted ranker, and the labels that it learned from."""

    fitted: Fitted
    learned: Labels

    @classmethod
    def stored(cls, ranker: Ranker) -> "Contender":
        """A ranker as it lies in the registry. Raises Damaged."""
        own = labelling.rebuild(ranker.label_set)
        frozen = frozen_of(np.unique(own.products).tolist(), ranker.frozen_share)
        return cls(files.fitted(ranker), own.take(~np.isin(own.products, list(frozen))))

    def unseen(self, table: FeatureTable, labels: Labels) -> Values:
        """(labels,): probabilities by a ranker that saw nothing of the product; NaN where there is none.

        Products that it learned from have the out-of-fold probabilities that were stored with it; images of theirs
        that were rated later have none. Raises WrongTable.
        """
        chances = np.asarray(self.fitted.predict(table))[table.rows_of(labels.candidates)]
        kept = dict(zip(self.fitted.labelled.tolist(), self.fitted.out_of_fold.tolist(), strict=True))  # type: ignore[attr-defined]
        held = np.array([kept.get(one, np.nan) for one in labels.candidates.tolist()], np.float64)
        return np.where(np.isin(labels.products, self.learned.products), held, chances)
