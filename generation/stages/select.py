"""Stage select: the best candidates by CLIP-T + CLIP-I + DINO-I (paper 2.5). A learned ranker takes its place later.

A background swap without CLIP and DINO has no metrics: its images are ordered by cut-out and contrast.
"""

from dataclasses import dataclass

from generation.checkpoints.roles import Models
from generation.context import StageContext
from generation.exceptions import NotPossible
from generation.files import Files
from generation.recipe import SelectConfig
from generation.records import Choice, GenerateResult, MeasureResult, SelectResult


@dataclass(frozen=True)
class Inputs:
    measure: MeasureResult | None = None
    generate: GenerateResult | None = None  # given where nothing is measured


def run(inputs: Inputs, config: SelectConfig, _models: Models, context: StageContext, _files: Files) -> SelectResult:
    """All candidates in order, best first; the first `top` whose sum is high enough are picked."""
    context.check()
    if inputs.measure is not None:
        return SelectResult(ordered(inputs.measure, config))
    if inputs.generate is None:
        raise NotPossible("There is nothing to select from: neither metrics nor images.")
    return SelectResult(by_quality(inputs.generate, config))


def by_quality(made: GenerateResult, config: SelectConfig) -> tuple[Choice, ...]:
    """Unmeasured images in the order of their own quality: there is no score, and so no least one."""
    best_first = sorted(made.candidates, key=lambda image: -(image.quality or 0.0))
    return tuple(
        Choice(image.picture, None, place, picked=place <= config.top)
        for place, image in enumerate(best_first, start=1)
    )


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
