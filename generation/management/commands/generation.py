"""`manage.py generation calibrate`: what the filter's thresholds do to the images that it has judged."""

import argparse
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from generation import calibration
from generation.exceptions import GenerationError
from generation.recipe import FilterConfig
from generation.records import TrainingImage
from generation.selectors.judged import judged_images
from generation.services import methods

THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.97)


class Command(BaseCommand):
    """`calibrate`: distributions of the scores, what each threshold would keep, and all of a method's together."""

    help = "Show what the filter's thresholds keep of the training images judged so far."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, parser_class=argparse.ArgumentParser)
        calibrating = verbs.add_parser("calibrate", help="scores of stored filter results, and what thresholds keep")
        calibrating.add_argument("--method", help="whose thresholds are tried (the defaults)")
        calibrating.add_argument("--type", default="", help="products of this type only")
        calibrating.add_argument("--model-set", default="", help="of this model set only: scores differ by CLIP")
        calibrating.add_argument("--keep", type=_share, default=0.75, help="share to keep, for suggestions (0.75)")
        calibrating.add_argument("--newest", type=int, default=500, help="results looked at (500)")

    def handle(self, *_: Any, **options: Any) -> None:
        images = list(
            judged_images(type_name=options["type"], model_set=options["model_set"], newest=options["newest"])
        )
        # Only what is compared is kept: masks and pictures of thousands of images are not.
        images = [replace(image, mask=None, text="") for image in images if image.kind != "photo"]
        if not images:
            raise CommandError("No stored filter result has new images yet; run a method that makes some.")
        config = _config_of(options["method"])
        self._spreads(images)
        self._effects(images)
        self._together(images, config, options["method"] or "the defaults")
        self._suggestions(images, options["keep"])

    def _spreads(self, images: list[TrainingImage]) -> None:
        self._head("Scores", "kind", "score", "images", "mean", "5 %", "25 %", "50 %", "75 %", "95 %")
        for row in calibration.spreads(images):
            self._row(row.kind, row.score, row.count, row.mean, *row.quantiles)

    def _effects(self, images: list[TrainingImage]) -> None:
        self._head("What each threshold would keep, alone", "kind", "score", "threshold", "kept", "of", "share")
        for row in calibration.effects(images, THRESHOLDS):
            if 0 < row.kept < row.count:
                self._row(row.kind, row.score, row.threshold, row.kept, row.count, f"{row.share:.0%}")

    def _together(self, images: list[TrainingImage], config: FilterConfig, name: str) -> None:
        self._head(f"All thresholds of {name} together", "kind", "kept", "of", "drops, each alone")
        for row in calibration.together(images, config):
            drops = ", ".join(f"{score} {count}" for score, count in row.dropped_by.items() if count)
            self._row(row.kind, row.kept, row.count, drops or "none")

    def _suggestions(self, images: list[TrainingImage], share: float) -> None:
        self._head(f"Thresholds that would keep {share:.0%}, each alone", "kind", "score", "threshold")
        for row in calibration.spreads(images):
            self._row(row.kind, row.score, calibration.threshold_for(images, row.kind, row.score, share))

    def _head(self, title: str, *columns: str) -> None:
        self.stdout.write(f"\n{title}")
        self._row(*columns)

    def _row(self, *values: Any) -> None:
        texts = [f"{value:.3f}" if isinstance(value, float) else str(value) for value in values]
        self.stdout.write("  ".join(f"{text:<15}" if place < 2 else f"{text:>9}" for place, text in enumerate(texts)))


def _config_of(name: str | None) -> FilterConfig:
    if not name:
        return FilterConfig()
    try:
        config = methods.named(name).parts.filter
    except GenerationError as error:
        raise CommandError(str(error)) from None
    if config is None:
        raise CommandError(f"The method {name} has no filter.")
    return config


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share between 0 and 1")
    return share
