"""Make candidates by putting cut-outs before backgrounds: the way `background-swap` of the stage generate.

The same seed gives the same picture: which cut-out, where, and how large are drawn by it. Nothing is ever mirrored, as
logos and writing would be.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PIL import Image

from generation import backdrops, composing, placing
from generation.context import StageContext
from generation.exceptions import NotPossible
from generation.files import Encoding, Files
from generation.imaging import Mask
from generation.matting import CutOut
from generation.provenance import COMPOSED, DRAWN, Origin, xmp
from generation.recipe import SwapConfig
from generation.records import (
    PLACEHOLDER,
    Backdrop,
    GeneratedImage,
    MatteResult,
    PhotoCutOut,
    TargetPrompt,
    from_plain,
    to_plain,
)
from generation.stages.matte import opened

_NEARLY_BEST = 0.75  # of the best cut-out's quality: others that may be used as well
_MOST_CUT_OUTS = 4


@dataclass(frozen=True)
class Swap:
    """What a swap is made from. `origin` has what all its pictures say of their making."""

    noun: str
    matte: MatteResult
    backdrops: tuple[Backdrop, ...]
    config: SwapConfig
    origin: Origin
    side: int = 0  # 0: up to 1024, as the cut-out has pixels for
    encoding: Encoding = "png"


def run(swap: Swap, targets: Sequence[TargetPrompt], context: StageContext, files: Files) -> list[GeneratedImage]:
    """One picture for each target, in their order. Raises NotPossible without a cut-out, or background."""
    if not swap.matte.found:
        raise NotPossible("No photo of the product has a cut-out; mark the product in one of them.")
    making = Making(swap, files)
    images = []
    for done, target in enumerate(targets):
        context.check()
        context.progress(done, len(targets), "images")
        name = f"swap seed {target.seed} before {target.backdrop}"
        images.append(from_plain(GeneratedImage, context.step(name, partial(making.kept, target))))
    context.progress(len(targets), len(targets), "images")
    return images


class Making:
    """One run of it: cut-outs and scenes are opened once."""

    def __init__(self, swap: Swap, files: Files) -> None:
        self.swap, self.files = swap, files
        self.kind = placing.kind_of(swap.noun)
        self._by_name = {backdrop.name: backdrop for backdrop in swap.backdrops}
        self._cuts: dict[str, CutOut] = {}
        self._scenes: dict[str, Image.Image] = {}

    def kept(self, target: TargetPrompt) -> dict[str, Any]:
        """Make a target's picture and put it into the store; its record, as JSON."""
        backdrop = self._backdrop(target.backdrop)
        image, quality, where = self.made(target, backdrop)
        prompt = target.template.replace(PLACEHOLDER, self.swap.noun or "product")
        picture = self.files.put_picture(
            image, xmp=xmp(self._origin(target, prompt, backdrop)), encoding=self.swap.encoding
        )
        mask = self.files.put_mask(where)
        return to_plain(
            GeneratedImage(target.template, prompt, target.seed, picture, quality=round(quality, 4), mask=mask)
        )

    def made(self, target: TargetPrompt, backdrop: Backdrop) -> tuple[Image.Image, float, Mask]:
        """The picture of a target, how good cut-out and contrast are, 0 to 1, and where the product is in it."""
        chance = random.Random(f"{target.seed} {target.backdrop}")  # noqa: S311 - pictures, no secrets
        found = self.choose(chance)
        cut, scene = self._cut(found), self._scene(backdrop)
        frame = placing.Frame(self.swap.side, self.swap.config.padding)
        place = placing.place(composing.size_of(cut), self.kind, backdrop, frame, chance)
        laid = composing.lay(cut, place)
        image = composing.compose(laid, scene, backdrop, self.swap.config)
        return image, found.quality * (0.5 + 0.5 * composing.contrast(laid, scene)), laid.alpha > 127

    def choose(self, chance: random.Random) -> PhotoCutOut:
        """One of the best cut-outs; the very best more often."""
        best = self.swap.matte.found
        good = [one for one in best if one.quality >= _NEARLY_BEST * best[0].quality][:_MOST_CUT_OUTS]
        return good[min(int(chance.random() ** 1.6 * len(good)), len(good) - 1)]

    def _backdrop(self, name: str) -> Backdrop:
        if name not in self._by_name:
            raise NotPossible(f"There is no background {name!r} among those that the run was planned with; retry it.")
        return self._by_name[name]

    def _cut(self, found: PhotoCutOut) -> CutOut:
        key = found.picture.sha256
        if key not in self._cuts:
            self._cuts[key] = opened(found, self.files)
        return self._cuts[key]

    def _scene(self, backdrop: Backdrop) -> Image.Image:
        if backdrop.name not in self._scenes:
            own = backdrop.picture
            self._scenes = {backdrop.name: self.files.image(own) if own else backdrops.opened(backdrop)}
        return self._scenes[backdrop.name]

    def _origin(self, target: TargetPrompt, prompt: str, backdrop: Backdrop) -> Origin:
        told = self.swap.origin
        source = COMPOSED if backdrop.picture else DRAWN
        return Origin(
            prompt, target.seed, told.stage, True, method=told.method, run=told.run, source_type=source,
            background=backdrop.name,
        )  # fmt: skip
