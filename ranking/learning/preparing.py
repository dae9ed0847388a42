"""From a table to the numbers that models see: sums of metrics, standardised columns, projected embeddings.

Everything here is fitted on the rows of a training table, with or without labels, and knows no label.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranking.learning import projecting
from ranking.learning.deriving import derive
from ranking.learning.exceptions import WrongTable
from ranking.learning.labels import Values
from ranking.learning.projecting import Projection, Source
from ranking.learning.table import EMBEDDING, METRICS, RELATIVE, Definition, FeatureTable

SUM, ZSUM = "sum of metrics", "z-sum of metrics"
SUMMED = ("clip_t", "clip_i", "dino_i")  # the paper's; a table without any of them has all its metrics summed
SUMS = 2  # columns before all others
LEFT_TO_RELATIVE = (METRICS, "judges")  # their differences and means say all that they do


@dataclass(frozen=True)
class Preparation:
    """Fitted numbers: the metrics' means and scales, the columns', and the projections of embeddings."""

    definition: Definition  # of the raw table
    columns: tuple[str, ...]  # of the matrix, but for the projected ones
    centers: Values  # (columns)
    scales: Values  # (columns)
    metric_centers: Values  # (metrics)
    metric_scales: Values  # (metrics)
    projections: tuple[Projection, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the matrix's columns: the two sums first."""
        projected = [
            f"{projection.source.name} {place + 1}"
            for projection in self.projections
            for place in range(projection.components.shape[1])
        ]
        return (SUM, ZSUM, *self.columns, *projected)

    @property
    def summed(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(metrics) the weights of each metric in its own units in the two sums."""
        metrics = self.definition.block(METRICS).columns
        known = [metric in SUMMED for metric in metrics]
        plain = np.array(known if any(known) else [True] * len(metrics), np.float64)
        return plain, 1.0 / self.metric_scales

    def matrix(self, table: FeatureTable) -> Values:
        """(n, d): NaN where missing, but for the sums: there a missing metric counts as an average one.

        Raises WrongTable for a table of another definition.
        """
        whole = derive(table)
        raw = Definition(tuple(block for block in whole.definition.blocks if block.name != RELATIVE))
        if raw != self.definition:
            raise WrongTable(_difference(self.definition, raw))
        metrics = whole.part(METRICS).astype(np.float64) - self.metric_centers
        metrics[np.isnan(metrics)] = 0.0
        plain, scaled = self.summed
        sums = np.column_stack([metrics @ plain, metrics @ scaled])
        columns = (plain_columns(whole) - self.centers) / self.scales
        return np.concatenate([sums, columns, *(projection(whole) for projection in self.projections)], axis=1)

    def as_measured(self, row: Values) -> Values:
        """(d): a row of the matrix with its columns in their own units; sums and projections have none."""
        made, columns = row.copy(), slice(SUMS, SUMS + len(self.columns))
        made[columns] = made[columns] * self.scales + self.centers
        return made

    def plain(self) -> dict[str, Any]:
        """The part of it that is JSON."""
        sources = [[projection.source.block, projection.source.less] for projection in self.projections]
        return {"definition": self.definition.plain(), "columns": list(self.columns), "projections": sources}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The part of it that is numbers."""
        made: dict[str, NDArray[Any]] = {
            "centers": self.centers, "scales": self.scales,
            "metric_centers": self.metric_centers, "metric_scales": self.metric_scales,
        }  # fmt: skip
        for place, projection in enumerate(self.projections):
            made[f"projection.{place}.mean"] = projection.mean
            made[f"projection.{place}.components"] = projection.components
        return made

    @classmethod
    def restored(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> "Preparation":
        projections = tuple(
            Projection(Source(*source), arrays[f"projection.{place}.mean"], arrays[f"projection.{place}.components"])
            for place, source in enumerate(plain["projections"])
        )
        return cls(
            Definition.from_plain(plain["definition"]), tuple(plain["columns"]), arrays["centers"], arrays["scales"],
            arrays["metric_centers"], arrays["metric_scales"], projections,
        )  # fmt: skip


def prepare(table: FeatureTable, components: int) -> Preparation:
    """Fits it on a raw or derived training table; `components` bounds each embedding's projection.

    Raises WrongTable where no metric has a value: there is nothing to anchor a ranker on.
    """
    whole = derive(table)
    if not whole.definition.has(METRICS) or not np.isfinite(whole.part(METRICS)).any():
        raise WrongTable("No candidate of the table has a metric; measure the images first.")
    metric_centers, metric_scales = _moments(whole.part(METRICS).astype(np.float64))
    columns = plain_columns(whole)
    centers, scales = _moments(columns)
    raw = Definition(tuple(block for block in whole.definition.blocks if block.name != RELATIVE))
    made = [projecting.fit(source, whole, components) for source in projecting.sources(raw)] if components else []
    return Preparation(
        raw, column_names(whole.definition), centers, scales, metric_centers, metric_scales,
        tuple(projection for projection in made if projection is not None),
    )  # fmt: skip


def plain_columns(whole: FeatureTable) -> Values:
    """(n, columns) of a derived table: all blocks but the embeddings, and what their relative columns say."""
    parts = [whole.part(name) for name in _plain_blocks(whole.definition)]
    return np.concatenate(parts, axis=1).astype(np.float64)


def column_names(definition: Definition) -> tuple[str, ...]:
    """Of plain_columns, in order."""
    named = (definition.block(name) for name in _plain_blocks(definition))
    return tuple(f"{block.name}.{column}" for block in named for column in block.columns)


def _plain_blocks(definition: Definition) -> Sequence[str]:
    names = [block.name for block in definition.blocks]
    return [name for name in names if not name.startswith(EMBEDDING) and name not in LEFT_TO_RELATIVE]


def _moments(values: Values) -> tuple[Values, Values]:
    """Mean and standard deviation of each column's values there are; 0 and 1 of a column without or without any."""
    there = np.isfinite(values)
    counts = np.maximum(there.sum(axis=0), 1)
    centers = np.where(there, values, 0.0).sum(axis=0) / counts
    scales = np.sqrt(np.where(there, (values - centers) ** 2, 0.0).sum(axis=0) / counts)
    return centers, np.where(scales > 1e-9, scales, 1.0)


def _difference(wanted: Definition, given: Definition) -> str:
    missing = sorted(set(wanted.columns) - set(given.columns))
    extra = sorted(set(given.columns) - set(wanted.columns))
    if missing:
        return f"The table lacks {len(missing)} columns that the ranker was trained on, {missing[0]} among them."
    if extra:
        return f"The table has {len(extra)} columns that the ranker was not trained on, {extra[0]} among them."
    return "The table's blocks have another order or version than those that the ranker was trained on; train anew."
