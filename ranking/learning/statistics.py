"""Figures of a candidate's picture and of the product's mask in it, for the block `statistics`.

    sharpness, product sharpness   log of the variance of the Laplacian of the luma, whole and inside the mask
    exposure, contrast             mean and standard deviation of the luma, 0 to 1
    dark, light                    share of pixels with nothing left in the shadows, in the lights
    area                           share of the picture that the mask covers
    across, down                   where the mask's middle is, -1 at the left or top edge, 1 at the right or bottom one
    edge contact                   share of the picture's border that the mask covers: a product that is cut off
    product exposure               mean luma inside the mask less that outside
Pictures of different sizes are comparable: each is sampled to about SIDE pixels first.
"""

import numpy as np
from numpy.typing import NDArray

from ranking.learning.exceptions import WrongTable
from ranking.learning.labels import Values
from ranking.learning.shared_rows import Floats

COLUMNS = (
    "sharpness", "product sharpness", "exposure", "contrast", "dark", "light",
    "area", "across", "down", "edge contact", "product exposure",
)  # fmt: skip
VERSION = 1
SIDE = 256
LUMA = np.array([0.2126, 0.7152, 0.0722])  # ITU-R BT.709
DARK, LIGHT = 0.02, 0.98
LEAST_VARIANCE = 1e-8  # of a flat picture's Laplacian


def image_statistics(pixels: NDArray[np.uint8], mask: NDArray[np.bool_] | None) -> Floats:
    """(11) in the order of COLUMNS, from (h, w, 3) and (h, w); NaN where there is no mask or nothing in it.

    Raises WrongTable for other shapes.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise WrongTable(f"Statistics need a picture of shape (h, w, 3), and this one has {pixels.shape}.")
    if mask is not None and mask.shape != pixels.shape[:2]:
        raise WrongTable(f"A mask of shape {mask.shape} does not fit a picture of shape {pixels.shape[:2]}.")
    luma = (pixels @ LUMA) / 255.0
    luma, mask = _smaller(luma, mask)
    bends = _laplacian(luma)
    told = dict.fromkeys(COLUMNS, np.nan)
    told["sharpness"] = _log_variance(bends)
    told["exposure"], told["contrast"] = float(luma.mean()), float(luma.std())
    told["dark"], told["light"] = float((luma <= DARK).mean()), float((luma >= LIGHT).mean())
    if mask is not None and mask.any():
        told.update(_of_mask(luma, bends, mask))
    return np.array([told[name] for name in COLUMNS], np.float32)


def _of_mask(luma: Values, bends: Values, mask: NDArray[np.bool_]) -> dict[str, float]:
    rows, columns = np.nonzero(mask)
    border = np.concatenate([mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]])
    inside = mask[1:-1, 1:-1]
    outside = luma[~mask].mean() if not mask.all() else luma.mean()
    return {
        "product sharpness": _log_variance(bends[inside]) if inside.any() else np.nan,
        "area": float(mask.mean()),
        "across": _place(columns, mask.shape[1]),
        "down": _place(rows, mask.shape[0]),
        "edge contact": float(border.mean()),
        "product exposure": float(luma[mask].mean() - outside),
    }


def _smaller(luma: Values, mask: NDArray[np.bool_] | None) -> tuple[Values, NDArray[np.bool_] | None]:
    """Means of blocks, so that the shorter side has SIDE to 2 SIDE pixels; pictures below that stay as they are."""
    factor = min(luma.shape) // SIDE
    if factor < 2:
        return luma, mask
    high, wide = (side // factor for side in luma.shape)
    blocks = luma[: high * factor, : wide * factor].reshape(high, factor, wide, factor).mean(axis=(1, 3))
    if mask is None:
        return blocks, None
    parts = mask[: high * factor, : wide * factor].reshape(high, factor, wide, factor).mean(axis=(1, 3))
    return blocks, np.asarray(parts >= 0.5)


def _laplacian(luma: Values) -> Values:
    """(h - 2, w - 2): how much each pixel differs from its four neighbours."""
    middle = luma[1:-1, 1:-1]
    return np.asarray(luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * middle)


def _log_variance(bends: Values) -> float:
    return float(np.log(max(float(bends.var()) if bends.size else 0.0, LEAST_VARIANCE)))


def _place(places: NDArray[np.intp], side: int) -> float:
    """-1 to 1: the mean place along a side of that many pixels."""
    return float((places.mean() + 0.5) / side * 2 - 1)
