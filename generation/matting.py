"""From a mask to a cut-out without halos: how much of each pixel at the edge is the product, and in what colour.

Alpha by closed-form matting (Levin, Lischinski and Weiss, PAMI 2008) in a narrow band around the mask's outline alone;
the product's own colours there by multi-level estimation (Germer et al., ICPR 2020); both by pymatting. Inside the band
alpha is 1 and the colours are the photo's, to the last bit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage, sparse
from scipy.sparse.linalg import spsolve
from threadpoolctl import threadpool_limits

from generation import imaging
from generation.imaging import Mask
from generation.records import Box

# As it is loaded, numba gives OpenMP all cores, and so torch, which shares it: from its first cut-out on, each of a
# worker's processes would take them all. On the way out every library has as many threads as before.
with threadpool_limits({}):
    from pymatting import cf_laplacian, cg, estimate_foreground_ml, jacobi

Pixels = NDArray[np.uint8]  # (height, width, 3)
LONGEST = 1400  # pixels of the product's longer side: no picture shows more, and memory stays small
_MARGIN = 12  # pixels of ground kept around the product
_CLEAR, _OPAQUE = 0.03, 0.97  # alpha below and above is 0 and 1
_TOLERANCE, _ROUNDS = 1e-4, 2000
_SEEN = 128  # alpha from which a transparent picture's colour is told well


@dataclass(frozen=True)
class CutOut:
    """A product cut out: `pixels` are its own colours, mixed with no ground, `alpha` 0 to 255; `box` lies in the photo.

    `scale` is how much the photo was reduced by first: 1 for all but very large ones.
    """

    pixels: Pixels
    alpha: NDArray[np.uint8]  # (height, width)
    box: Box
    scale: float = 1.0

    @property
    def solid(self) -> Mask:
        """Where it is the photo itself."""
        return np.asarray(self.alpha == 255)


def cut_out(image: Image.Image, mask: Mask, *, band: float = 0.008) -> CutOut:
    """The product of that mask; the edge is looked for within `band` of its longer side, to both sides of the outline.

    Raises ValueError for an empty mask.
    """
    image, mask, scale = _reduced(image, mask)
    box = _box_with_margin(mask)
    left, top, right, bottom = box
    seen = np.asarray(image.convert("RGB"))[top:bottom, left:right]
    inside = mask[top:bottom, left:right]
    reach = max(round(band * max(inside.shape)), 2)
    known = _trimap(inside, reach)
    colours = seen.astype(np.float64) / 255
    alpha = _closed_form(colours, known)
    alpha = _clean(np.where(alpha < _CLEAR, 0, np.where(alpha > _OPAQUE, 1, alpha)), inside)
    estimated = estimate_foreground_ml(colours, alpha)
    own = np.rint(np.clip(estimated, 0, 1) * 255).astype(np.uint8)
    pixels = np.where((alpha == 1)[..., None], seen, own)
    return CutOut(pixels, np.rint(alpha * 255).astype(np.uint8), box, scale)


def from_transparency(image: Image.Image) -> CutOut:
    """The cut-out of a picture that was saved with one: its own alpha and colours. Raises ValueError for none.

    What is hidden takes the colour of the nearest pixel that is seen: files have black or white there, and made smaller
    it would be mixed into the edge.
    """
    own = image.convert("RGBA")
    own, mask, scale = _reduced(own, np.asarray(own.getchannel("A")) > 0)
    left, top, right, bottom = box = _box_with_margin(mask)
    values = np.asarray(own)[top:bottom, left:right]
    alpha = np.ascontiguousarray(values[..., 3])
    nearest = ndimage.distance_transform_edt(alpha < _SEEN, return_distances=False, return_indices=True)
    pixels = np.where((alpha > 0)[..., None], values[..., :3], values[..., :3][tuple(nearest)])
    return CutOut(np.ascontiguousarray(pixels), alpha, box, scale)


def softness(cut: CutOut) -> float:
    """The share of the edge that is neither product nor ground, 0 to 1: fur has much, a mug's edge little."""
    alpha = cut.alpha
    edge = (alpha > 0) & (alpha < 255)
    outline = alpha > 127
    length = int(np.count_nonzero(outline & ~ndimage.binary_erosion(outline)))
    between = int(np.count_nonzero(edge & (alpha > 40) & (alpha < 215)))
    return between / max(6 * length, 1)


def _reduced(image: Image.Image, mask: Mask) -> tuple[Image.Image, Mask, float]:
    box = imaging.box_of(mask)
    if box is None:
        raise ValueError("An empty mask has nothing to cut out.")
    scale = min(LONGEST / max(box[2] - box[0], box[3] - box[1]), 1.0)
    if scale == 1.0:
        return image, mask, scale
    size = max(round(image.width * scale), 1), max(round(image.height * scale), 1)
    return image.resize(size, Image.Resampling.LANCZOS), imaging.resize_mask(mask, size), scale


def _box_with_margin(mask: Mask) -> Box:
    left, top, right, bottom = imaging.box_of(mask) or (0, 0, 0, 0)
    height, width = mask.shape
    return (
        max(left - _MARGIN, 0), max(top - _MARGIN, 0), min(right + _MARGIN, width), min(bottom + _MARGIN, height)
    )  # fmt: skip


def _trimap(mask: Mask, reach: int) -> NDArray[np.float64]:
    """1 for the product, 0 for the ground, NaN within reach of the outline. What is thin stays known in its middle."""
    inside, outside = ndimage.distance_transform_edt(mask), ndimage.distance_transform_edt(~mask)
    known = np.full(mask.shape, np.nan)
    thickness = ndimage.maximum_filter(inside, 2 * reach + 1)
    known[(inside > reach) | (mask & (inside >= np.maximum(0.7 * thickness, 1.5)) & (thickness <= reach))] = 1.0
    known[outside > reach] = 0.0
    return known


def _closed_form(colours: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Alpha of the unknown pixels as the smoothest function of local colours; only their own equations are solved."""
    unknown = np.isnan(known).ravel()
    if not unknown.any():
        return known
    laplacian = cf_laplacian(np.ascontiguousarray(colours), epsilon=1e-6, radius=1, is_known=~unknown).tocsr()
    rows = laplacian[unknown]
    told = known.ravel()
    system, right = rows[:, unknown].tocsc(), -(rows[:, ~unknown] @ told[~unknown])
    # A little weight on a half keeps what touches nothing known from being undetermined.
    system.setdiag(system.diagonal() + 1e-7)
    alpha = told.copy()
    alpha[unknown] = np.clip(_solution(system, right + 0.5e-7), 0, 1)
    return np.asarray(alpha.reshape(known.shape))


def _solution(system: sparse.csc_matrix, right: NDArray[np.float64]) -> NDArray[np.float64]:
    """By conjugate gradients, which are fast; directly where they do not come to an end."""
    start = np.full(len(right), 0.5)
    try:
        return np.asarray(cg(system, right, x0=start, M=jacobi(system), rtol=_TOLERANCE, atol=0, maxiter=_ROUNDS))
    except ValueError:  # what pymatting raises after its last round
        return np.asarray(spsolve(system, right))


def _clean(alpha: NDArray[np.float64], mask: Mask) -> NDArray[np.float64]:
    """Without what hangs together with nothing of the product."""
    labels, count = ndimage.label(alpha > 0)
    if count <= 1:
        return alpha
    solid = np.unique(labels[mask & (alpha > 0.9)])
    return np.where(np.isin(labels, solid[solid > 0]), alpha, 0.0)
