"""Stage select: the best candidates by CLIP-T + CLIP-I + DINO-I (paper 2.5). A learned ranker takes its place later."""

from dataclasses import dataclass

from generation.checkpoints.roles import Models
from generation.context import StageContext
from generation.files import Files
from generation.recipe import SelectConfig
from generation.records import Choice, MeasureResult, SelectResult


@dataclass(frozen=True)
class Inputs:
    measure: MeasureResult


def run(inputs: Inputs, config: SelectConfig, _models: Models, context: StageContext, _files: Files) -> SelectResult:
    """All candidates in order, best first; the first `top` whose sum is high enough are picked."""
    context.check()
    return SelectResult(ordered(inputs.measure, config))


def ordered(measured: MeasureResult, config: SelectConfig) -> tuple[Choice, ...]:
    """Equal sums keep the order in which the candidates were made, so that the same run picks the same images."""
    best_first = sorted(measured.metrics, key=lambda metrics: -metrics.total)
    return tuple(
        Choice(
            picture=metrics.picture,
            score=metrics.total,
            place=place,
            picked=place <= config.top and metrics.total >= config.least_sum,
        )
        for place, metrics in enumerate(best_first, start=1)
    )
