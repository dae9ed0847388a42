"""Stage select: the best candidates by the champion of learned rankers, else by CLIP-T + CLIP-I + DINO-I (paper 2.5).

A background swap without CLIP and DINO has no metrics: its images are ordered by cut-out and contrast.
"""

from dataclasses import dataclass

from generation.checkpoints.roles import Models
from generation.context import StageContext
from generation.exceptions import NotPossible
from generation.files import Files
from generation.recipe import SelectConfig
from generation.records import Choice, GenerateResult, MeasureResult, Order, SelectResult


@dataclass(frozen=True)
class Inputs:
    measure: MeasureResult | None = None
    generate: GenerateResult | None = None  # given where nothing is measured
    order: Order | None = None  # of a learned ranker; None: the plain sum decides


def run(inputs: Inputs, config: SelectConfig, _models: Models, context: StageContext, _files: Files) -> SelectResult:
    """All candidates in order, best first; the first `top` that are good enough are picked."""
    context.check()
    if inputs.measure is not None and inputs.order is not None:
        return SelectResult(by_chance(inputs.measure, inputs.order, config), inputs.order.ranker)
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


def by_chance(measured: MeasureResult, order: Order, config: SelectConfig) -> tuple[Choice, ...]:
    """In a learned order: the first `top` that it calls fit are picked. What it does not know comes last, by sum."""
    known = order.chances
    best_first = sorted(measured.metrics, key=lambda one: (-known.get(one.picture.sha256, -1.0), -one.total))
    choices, left = [], config.top
    for place, metrics in enumerate(best_first, start=1):
        sha256 = metrics.picture.sha256
        picked = left > 0 and sha256 in known and sha256 not in order.unfit
        left -= picked
        choices.append(Choice(metrics.picture, metrics.total, place, picked, known.get(sha256)))
    return tuple(choices)


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
