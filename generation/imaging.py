"""What several stages do with pictures and masks: boxes, clean-up, cut-outs, overlap, blending, fitting into a canvas.

Pictures are RGB `PIL.Image`; a mask is a (height, width) array of bool at its picture's size; boxes are (left, top,
right, bottom) in pixels, right and bottom exclusive. numpy, scipy and Pillow only.
"""

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from generation.records import Box

Mask = NDArray[np.bool_]
Alpha = NDArray[np.float32]  # (height, width), 0 to 1
Size = tuple[int, int]  # (width, height)
# The mean colour of ImageNet, about CLIP's too: both networks see it as zeros. On white, white products vanish.
GROUND = (124, 116, 104)


def box_of(mask: Mask) -> Box | None:
    """The smallest box around all that is in the mask; None for an empty one."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def box_mask(box: Box, size: Size) -> Mask:
    """The mask, for a picture of (width, height), of all inside a box."""
    mask = np.zeros((size[1], size[0]), bool)
    left, top, right, bottom = box
    mask[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = True
    return mask


def share_of(mask: Mask) -> float:
    """The mask's share of the picture's area, 0 to 1."""
    return float(mask.mean()) if mask.size else 0.0


def iou(one: Mask, other: Mask) -> float:
    """Intersection over union, 0 to 1; two empty masks are equal, so 1. Raises ValueError for unlike sizes."""
    if one.shape != other.shape:
        raise ValueError(f"Masks of {one.shape[::-1]} and {other.shape[::-1]} pixels cannot be compared; resize one.")
    union = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / union if union else 1.0


def large_components(mask: Mask, least: float = 0.1) -> Mask:
    """Parts that have at least `least` of the largest one's area: a pair of shoes stays a pair, specks go."""
    labels, count = ndimage.label(mask, structure=np.ones((3, 3), bool))
    if count <= 1:
        return mask.copy()
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray((sizes >= least * sizes.max())[labels] & mask)


def fill_holes(mask: Mask, largest: float = 1.0) -> Mask:
    """Holes filled that have at most `largest` times the mask's area; a mug's handle has a hole that should stay."""
    holes = ndimage.binary_fill_holes(mask) & ~mask
    labels, count = ndimage.label(holes)
    if not count:
        return mask.copy()
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    small = (sizes > 0) & (sizes <= largest * np.count_nonzero(mask))
    return np.asarray(mask | small[labels])


def resize_mask(mask: Mask, size: Size) -> Mask:
    """The mask at another (width, height): a pixel is in when half of what it covers is.

    Of what is too thin for any such pixel, a necklace in a large photo, the best covered pixels are in: only an empty
    mask becomes an empty one.
    """
    if mask.shape == (size[1], size[0]):
        return mask.copy()
    scaled = Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.BOX)
    inside = np.asarray(scaled) > 127
    if inside.any() or not mask.any():
        return inside
    covered = np.asarray(Image.fromarray(mask.astype(np.float32)).resize(size, Image.Resampling.BOX))
    return np.asarray(covered >= covered.max() / 2)


def cut_out(
    image: Image.Image, mask: Mask, *, margin: float = 0.05, ground: tuple[int, int, int] = GROUND
) -> Image.Image:
    """The product alone, for segmented metrics: all else is neutral ground, cropped to a square around the mask's box.

    The square, larger than the box by `margin` of its longer side all around, keeps the product's proportions and
    makes a perceiver's centre crop lose nothing; size and place in the picture no longer count, only the look. The
    ground is the colour that CLIP and DINO see as zeros. Raises ValueError for an empty mask.
    """
    box = box_of(mask)
    if box is None:
        raise ValueError("An empty mask has nothing to cut out.")
    left, top, right, bottom = box
    pixels = np.asarray(image.convert("RGB"))
    inside = np.where(mask[top:bottom, left:right, None], pixels[top:bottom, left:right], np.array(ground, np.uint8))
    longest = max(right - left, bottom - top)
    side = longest + 2 * round(margin * longest)
    square = Image.new("RGB", (side, side), ground)
    square.paste(Image.fromarray(inside), ((side - right + left) // 2, (side - bottom + top) // 2))
    return square


def soft_edge(mask: Mask, pixels: float) -> Alpha:
    """How much of the masked picture shows: 1 in the mask, falling smoothly to 0 `pixels` outside of it.

    The fall is outside, so that what is in the mask stays exact to the last bit.
    """
    if pixels <= 0 or not mask.any():
        return mask.astype(np.float32)
    distance = ndimage.distance_transform_edt(~mask)
    linear = np.clip(1 - distance / (pixels + 1), 0, 1)  # + 1: the nearest pixel outside is 1 away and must still show
    return np.asarray(linear * linear * (3 - 2 * linear), np.float32)


def composite(front: Image.Image, back: Image.Image, alpha: Alpha) -> Image.Image:
    """`front` over `back`: exactly front where alpha is 1 and exactly back where it is 0.

    Raises ValueError when the three differ in size.
    """
    if not front.size == back.size == alpha.shape[::-1]:
        raise ValueError(
            f"Sizes differ: front {front.size}, back {back.size}, alpha {alpha.shape[::-1]}; resize first."
        )
    over, under = np.asarray(front.convert("RGB")), np.asarray(back.convert("RGB"))
    blended = under + alpha[..., None] * (over.astype(np.float32) - under)
    return Image.fromarray(np.rint(blended).astype(np.uint8))


@dataclass(frozen=True)
class Letterbox:
    """How a picture lies in a canvas: `size` its own, `canvas` the canvas', `inner` where it lies, scaled."""

    size: Size
    canvas: Size
    inner: Box

    @property
    def _inner_size(self) -> Size:
        return self.inner[2] - self.inner[0], self.inner[3] - self.inner[1]

    def image(self, image: Image.Image, ground: tuple[int, int, int] = GROUND) -> Image.Image:
        """The picture in the canvas; what is beside it is `ground`."""
        laid = Image.new("RGB", self.canvas, ground)
        laid.paste(image.convert("RGB").resize(self._inner_size, Image.Resampling.LANCZOS), self.inner[:2])
        return laid

    def mask(self, mask: Mask) -> Mask:
        """The picture's mask in the canvas; what is beside it is out."""
        laid = np.zeros((self.canvas[1], self.canvas[0]), bool)
        left, top, right, bottom = self.inner
        laid[top:bottom, left:right] = resize_mask(mask, self._inner_size)
        return laid


def canvas_for(size: Size, side: int, multiple: int = 8, widest: float = 2.0) -> Size:
    """A canvas of about side x side pixels in the picture's proportions, its sides divisible by `multiple`.

    Proportions beyond `widest` : 1 are cut to that: no backbone draws a banner of 30 x 500 well.
    """
    aspect = min(max(size[0] / size[1], 1 / widest), widest)
    width, height = side * sqrt(aspect), side / sqrt(aspect)
    return max(round(width / multiple), 1) * multiple, max(round(height / multiple), 1) * multiple


def letterbox(size: Size, canvas: Size) -> Letterbox:
    """A picture of `size` as large as it fits into the canvas, in the middle, its proportions kept."""
    scale = min(canvas[0] / size[0], canvas[1] / size[1])
    width = min(max(round(size[0] * scale), 1), canvas[0])
    height = min(max(round(size[1] * scale), 1), canvas[1])
    left, top = (canvas[0] - width) // 2, (canvas[1] - height) // 2
    return Letterbox(size, canvas, (left, top, left + width, top + height))


def shrunk(image: Image.Image, longest: int) -> Image.Image:
    """The picture with its longer side at most `longest` pixels; smaller ones as they are."""
    scale = longest / max(image.size)
    if scale >= 1:
        return image
    size = max(ceil(image.width * scale), 1), max(ceil(image.height * scale), 1)
    return image.resize(size, Image.Resampling.LANCZOS)
