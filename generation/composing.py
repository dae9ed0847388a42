"""Put a cut-out into a scene: the scene is tuned to the product, never the product to the scene.

Where alpha is 1 the picture has the product's own pixels: the photo's, or the photo's reduced by Lanczos. Shadow,
reflection, exposure and white balance change the scene alone; light wraps around the edge where alpha is between.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generation import shadows
from generation.matting import CutOut
from generation.placing import Placement
from generation.recipe import SwapConfig
from generation.records import Backdrop

Pixels = NDArray[np.uint8]  # (side, side, 3)
_LEAST_ALPHA, _MOST_ALPHA = 0.10, 0.94  # of the edge, spread to 0 and 1: what is left of the ground lies at its ends
_WALL_GAP, _TABLE_GAP = 0.035, 0.018  # how far from its surface what hangs and what lies is, as a share of its size


@dataclass(frozen=True)
class Laid:
    """The cut-out in a picture of its own size: `pixels` (side, side, 3) and `alpha` (side, side), both 0 to 255."""

    pixels: Pixels
    alpha: NDArray[np.uint8]


def lay(cut: CutOut, place: Placement) -> Laid:
    """The cut-out where it is to be; nothing of it is changed but its size."""
    left, top, right, bottom = _tight(cut)
    size = (place.width, place.height)
    pixels = _resized(cut.pixels[top:bottom, left:right], size)
    alpha = _resized(cut.alpha[top:bottom, left:right], size)
    whole = np.zeros((place.side, place.side, 3), np.uint8), np.zeros((place.side, place.side), np.uint8)
    rows, columns = min(place.height, place.side - place.top), min(place.width, place.side - place.left)
    area = slice(place.top, place.top + rows), slice(place.left, place.left + columns)
    whole[0][area], whole[1][area] = pixels[:rows, :columns], alpha[:rows, :columns]
    return Laid(*whole)


def size_of(cut: CutOut) -> tuple[int, int]:
    """(width, height) of what is seen of it, in pixels."""
    left, top, right, bottom = _tight(cut)
    return right - left, bottom - top


def compose(laid: Laid, scene: Image.Image, backdrop: Backdrop, config: SwapConfig) -> Image.Image:
    """The picture: scene, reflection, shadow, product, and light around its edge."""
    side = laid.alpha.shape[0]
    ground = _linear(np.asarray(_squared(scene, side)))
    ground = ground * _tuning(laid, config.harmony)
    alpha, own = _edge(laid.alpha), _linear(laid.pixels)
    if backdrop.gloss and config.reflection and backdrop.view == "front":
        seen, weight = shadows.reflection(own, alpha, backdrop.gloss * config.reflection)
        ground = ground + (seen - ground) * weight[..., None]
    if config.shadow:
        shade = _shade(alpha, backdrop) * config.shadow
        ground = ground * (1 - np.clip(shade, 0, 0.96))[..., None]
    if config.wrap:
        # What is behind shines around the edge, where product and scene are mixed anyway.
        around = cv2.GaussianBlur(ground, (0, 0), max(side * 0.012, 1.0))
        own = own + (around - own) * (config.wrap * (1 - alpha))[..., None]
    mixed = ground + (own - ground) * alpha[..., None]
    shown = np.rint(np.clip(mixed, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)
    return Image.fromarray(np.where((laid.alpha == 255)[..., None], laid.pixels, shown))


def contrast(laid: Laid, scene: Image.Image) -> float:
    """How well the product stands out from what lies around it, 0 to 1: white on white is 0."""
    side = laid.alpha.shape[0]
    reach = np.ones((max(side // 24, 3), max(side // 24, 3)), np.uint8)
    inside = laid.alpha == 255
    ring = (cv2.dilate(laid.alpha, reach) > 0) & (laid.alpha == 0)
    rim = inside & ~(cv2.erode(inside.astype(np.uint8), reach) > 0)
    if not ring.any() or not rim.any():
        return 0.0
    lab = [cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
           for pixels in (laid.pixels, np.asarray(_squared(scene, side)))]  # fmt: skip
    apart = np.linalg.norm(np.median(lab[0][rim], axis=0) - np.median(lab[1][ring], axis=0))
    return float(np.clip(apart / 30, 0, 1))


def _shade(alpha: NDArray[np.float32], backdrop: Backdrop) -> NDArray[np.float32]:
    if backdrop.view == "front":
        return shadows.standing(alpha, backdrop.light, floor_from=backdrop.floor[0] - 0.14)
    return shadows.lying(alpha, backdrop.light, raised=_WALL_GAP if backdrop.view == "wall" else _TABLE_GAP)


def _tuning(laid: Laid, harmony: float) -> NDArray[np.float32]:
    """Factors for the scene's channels: towards the exposure of the product, and the cast of its neutral parts."""
    own = _linear(laid.pixels[laid.alpha == 255])
    if not len(own):
        return np.ones(3, np.float32)
    light = own @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    bright = float(np.quantile(light, 0.95))
    exposure = np.interp(bright, [0.05, 0.35, 0.8, 1.0], [0.72, 0.95, 1.0, 1.06])
    spread = own.max(axis=-1) - own.min(axis=-1)
    neutral = own[(spread < 0.2 * own.max(axis=-1)) & (light > 0.15) & (own.max(axis=-1) < 0.98)]
    cast = np.ones(3)
    if len(neutral) > 0.02 * len(own):
        mean = neutral.mean(axis=0)
        cast = np.clip(mean / mean.mean(), 0.93, 1.07)
    return np.asarray(1 + harmony * (exposure * cast - 1), np.float32)


def _edge(alpha: NDArray[np.uint8]) -> NDArray[np.float32]:
    share = alpha.astype(np.float32) / 255
    return np.asarray(np.clip((share - _LEAST_ALPHA) / (_MOST_ALPHA - _LEAST_ALPHA), 0, 1), np.float32)


def _tight(cut: CutOut) -> tuple[int, int, int, int]:
    seen = cut.alpha > 25
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not rows.size:
        raise ValueError("An empty cut-out cannot be placed.")
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _resized(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if (pixels.shape[1], pixels.shape[0]) == size:
        return pixels
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size, Image.Resampling.LANCZOS))


def _squared(scene: Image.Image, side: int) -> Image.Image:
    """The middle square of a scene at that side."""
    square = min(scene.size)
    left, top = (scene.width - square) // 2, (scene.height - square) // 2
    return scene.convert("RGB").resize(
        (side, side), Image.Resampling.LANCZOS, box=(left, top, left + square, top + square)
    )


def _linear(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(_TABLE[pixels], np.float32)


_TABLE = ((np.arange(256) / 255) ** 2.2).astype(np.float32)
