"""Stage matte: an exact edge and the product's own colours for each mask, so that no halo of the old ground is left.

A cut-out that will not do, as it is cut off by the photo's frame or falls into pieces, says so in one plain sentence
and asks a person; the other photos go on. The rest are put in order: sure ones first, and of several photos those that
look most like the others, for a hand that holds the product is in one photo and not in all.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from generation import imaging, matting
from generation.checkpoints.roles import Models
from generation.context import StageContext
from generation.exceptions import ProductNotFound
from generation.files import HALF, Files
from generation.imaging import Mask
from generation.matting import CutOut
from generation.recipe import MatteConfig
from generation.records import (
    MatteResult,
    PhotoCutOut,
    PhotoMask,
    Picture,
    ProductFacts,
    SegmentResult,
    from_plain,
    to_plain,
)

_LARGE_PART = 0.03  # of the cut-out: smaller parts are a buckle or a lace
_LARGEST_SHARE = 0.9  # of the photo, by a mask that nobody drew: that is the ground with the product in it
_SOFTEST = 0.8  # share of the edge that may be neither product nor ground
_BINS = 6  # a channel, of the colours by which cut-outs are compared


@dataclass(frozen=True)
class Inputs:
    product: ProductFacts
    segment: SegmentResult


def run(inputs: Inputs, config: MatteConfig, _models: Models, context: StageContext, files: Files) -> MatteResult:
    """One PhotoCutOut for each photo, in their order. Raises ProductNotFound when none will do: a person must help."""
    made = []
    for done, mask in enumerate(inputs.segment.masks):
        context.check()
        context.progress(done, len(inputs.segment.masks), "photos")
        name = f"photo {mask.picture.sha256[:16]} mask {mask.mask.sha256[:16] if mask.mask else 'none'}"
        work = partial(_work, mask, inputs.product.noun, config, files)
        made.append(from_plain(PhotoCutOut, context.step(name, work)))
    context.progress(len(made), len(made), "photos")
    if not any(cutout.alpha for cutout in made):
        raise ProductNotFound(_nothing(inputs.product, made))
    return MatteResult(_weighed(made, files))


def opened(cutout: PhotoCutOut, files: Files) -> CutOut:
    """A cut-out back from the store. Raises ValueError for one that has a problem."""
    if cutout.alpha is None or cutout.colours is None or cutout.box is None:
        raise ValueError(f"There is no cut-out of this photo: {cutout.problem}")
    return CutOut(np.asarray(files.image(cutout.colours)), files.grey(cutout.alpha), cutout.box, cutout.scale)


def problem_of(mask: Mask, noun: str, config: MatteConfig, *, drawn: bool = False) -> str:
    """What is wrong with a mask as a cut-out, one plain sentence; nothing when it will do. `drawn`: by a person."""
    box = imaging.box_of(mask)
    if box is None:
        return f"The cut-out is empty; mark the {noun} with a box or a few clicks."
    if imaging.share_of(mask) > _LARGEST_SHARE and not drawn:
        return f"The cut-out covers nearly all of the photo, so the ground is probably in it; mark the {noun} itself."
    if sides := _cut_off(mask, config.most_cut_off):
        return f"The {noun} runs out of the photo at the {' and the '.join(sides)}; use a photo that shows all of it."
    parts = _parts(mask)
    if parts > config.most_parts and not drawn:
        return f"The cut-out falls into {parts} pieces; mark the {noun} with a box, and what is not part of it."
    return ""


def _work(mask: PhotoMask, noun: str, config: MatteConfig, files: Files) -> dict[str, Any]:
    return to_plain(_cut(mask, noun or "product", config, files))


def _cut(mask: PhotoMask, noun: str, config: MatteConfig, files: Files) -> PhotoCutOut:
    if mask.mask is None:
        return _refused(mask, mask.problem)
    inside, drawn = files.mask(mask.mask), mask.made_by == "person"
    if problem := problem_of(inside, noun, config, drawn=drawn):
        return _refused(mask, problem)
    before = None if drawn else _cut_before(mask.picture, inside, files)
    if before is not None:
        cut = matting.from_transparency(before)
    else:
        cut = matting.cut_out(files.image(mask.picture), inside, band=config.band)
    if not cut.solid.any():
        return _refused(mask, f"Nothing of the {noun} is surely in the cut-out; mark it with a box or a few clicks.")
    soft = matting.softness(cut)
    if soft > _SOFTEST and not drawn and before is None:
        return _refused(
            mask, f"The edge of the {noun} cannot be told from the ground; mark it, or use a plainer photo."
        )
    alpha, colours = files.put_picture(Image.fromarray(cut.alpha)), files.put_picture(Image.fromarray(cut.pixels))
    return PhotoCutOut(mask.picture, alpha, colours, cut.box, cut.scale, mask.score)


def _cut_before(picture: Picture, mask: Mask, files: Files) -> Image.Image | None:
    """The photo as RGBA where the mask is its own transparency's; None where it was found in what is seen."""
    seen = files.transparent(picture)
    return seen if seen is not None and np.array_equal(np.asarray(seen.getchannel("A")) > HALF, mask) else None


def _refused(mask: PhotoMask, problem: str) -> PhotoCutOut:
    return PhotoCutOut(mask.picture, None, None, None, 1.0, 0.0, problem)


def _cut_off(mask: Mask, most: float) -> list[str]:
    """The sides of the photo along which more of the cut-out lies than `most` of its box's side."""
    left, top, right, bottom = imaging.box_of(mask) or (0, 0, 1, 1)
    edges = {
        "top": mask[0].sum() / (right - left), "bottom": mask[-1].sum() / (right - left),
        "left side": mask[:, 0].sum() / (bottom - top), "right side": mask[:, -1].sum() / (bottom - top),
    }  # fmt: skip
    return [side for side, share in edges.items() if share > most]


def _parts(mask: Mask) -> int:
    labels, count = ndimage.label(mask)
    sizes = np.bincount(labels.ravel())[1:]
    return int((sizes >= _LARGE_PART * sizes.sum()).sum()) if count else 0


def _weighed(made: list[PhotoCutOut], files: Files) -> tuple[PhotoCutOut, ...]:
    """The quality of each: its score, its size in pixels, and how much its colours are those of the others."""
    looks = {place: _colours(opened(cutout, files)) for place, cutout in enumerate(made) if cutout.alpha}
    sizes = {place: max(made[place].alpha.width, made[place].alpha.height) for place in looks}  # type: ignore[union-attr]
    weighed = list(made)
    for place, look in looks.items():
        others = [float(np.minimum(look, other).sum()) for other_place, other in looks.items() if other_place != place]
        alike = 0.5 + 0.5 * float(np.median(others)) if others else 1.0
        large = min(sizes[place] / 500, 1.0)
        quality = (0.4 + 0.6 * made[place].quality) * alike * (0.6 + 0.4 * large)
        weighed[place] = replace(made[place], quality=round(float(quality), 4))
    return tuple(weighed)


def _colours(cut: CutOut) -> NDArray[np.float64]:
    """Shares of coarse CIELAB colours; they sum to 1."""
    small = cv2.resize(cut.pixels, (96, 96), interpolation=cv2.INTER_AREA)
    solid = cv2.resize(cut.alpha, (96, 96), interpolation=cv2.INTER_NEAREST) > 200
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)[solid if solid.any() else slice(None)].reshape(-1, 3)
    counts, _ = np.histogramdd(lab, bins=(_BINS, 2 * _BINS, 2 * _BINS), range=((0, 256),) * 3)
    return np.asarray(counts.ravel() / max(counts.sum(), 1))


def _nothing(product: ProductFacts, made: list[PhotoCutOut]) -> str:
    if not made:
        return f"{product.title or 'The product'} has no photo; add at least one."
    reasons = [cutout.problem for cutout in made if cutout.problem]
    noun = product.noun or "product"
    return f"No photo has a cut-out of the {noun} that will do. {reasons[0] if reasons else ''}".strip()
