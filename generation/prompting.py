"""Where the product probably is, before any model is asked: prompts for a segmenter, and which of its answers to take.

Catalogue photos show one thing, near the middle, seldom cut by the frame, and most on plain ground. What differs from
the frame's colours is taken for the product: exactly so on plain ground, as a hint on busy ground (the boundary prior
of salient object detection). numpy, scipy and Pillow only, so that all of it is tested without a segmenter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from scipy.cluster.vq import kmeans2

from generation import imaging
from generation.checkpoints.roles import MaskGuess
from generation.imaging import Mask, Size
from generation.records import Box, MaskPrompt

LOOKED_AT = 256  # pixels of the longer side: enough for a box, and a photo of any size takes the same time
FRAME = 0.04  # of the shorter side: the strip along the border from which the ground is read
TOLERANCE = 9.0  # CIELAB steps (a and b; lightness counts for less) up to which a colour is the ground's
Colours = NDArray[np.float32]  # (height, width, 3) of CIELAB


@dataclass(frozen=True)
class _Ground:
    """What makes a ground plain. Chosen by eye on real listings; shares are of the frame."""

    noise: float  # steps within which three quarters of it lie
    tolerance: float  # steps, at least, up to which a colour is still the ground's
    fitting: float  # share that must be ground
    cut: float  # share that the silhouette may take


EVEN = _Ground(noise=1.5, tolerance=3.0, fitting=0.6, cut=0.45)
UNEVEN = _Ground(noise=TOLERANCE, tolerance=8.0, fitting=0.88, cut=0.12)


@dataclass(frozen=True)
class Guessed:
    """What stands out from the ground: a rough silhouette at the picture's size, and whether the ground is plain.

    `even`: plainer still, as paper or a studio's white; asphalt and a bed sheet are plain alone.
    """

    silhouette: Mask
    plain: bool
    even: bool = False


def stands_out(image: Image.Image) -> Guessed | None:
    """What differs from the colours of the frame; None when nothing does, or nearly everything."""
    small = imaging.shrunk(image.convert("RGB"), LOOKED_AT)
    colours = _lab(small)
    frame = _frame(colours.shape[:2])
    distance = _from_smooth_ground(colours, frame)
    # On an even ground, such as a studio's white, a fainter difference is one, and a product may run into the frame.
    common = float(np.quantile(distance[frame], 0.75))
    kind = EVEN if common < EVEN.noise else UNEVEN
    mask = _cleaned(distance > float(np.clip(2.5 * common, kind.tolerance, TOLERANCE)))
    plain = float((distance[frame] <= TOLERANCE).mean()) >= kind.fitting and _along_frame(mask) <= kind.cut
    if not plain:
        mask = _cleaned(_busy(colours, frame))
    if not 0.003 <= imaging.share_of(mask) <= 0.95:
        return None
    return Guessed(imaging.resize_mask(mask, image.size), plain, plain and kind is EVEN)


def prompts_for(size: Size, guessed: Guessed | None) -> list[MaskPrompt]:
    """What to ask a segmenter about a picture of (width, height), most promising first.

    On plain ground the box of what stands out, alone and with points; else also boxes and points about the middle.
    """
    prompts = []
    if guessed is not None:
        box = grown(imaging.box_of(guessed.silhouette) or (0, 0, *size), 0.02, size)
        inside = deepest(guessed.silhouette, 3)
        prompts += [MaskPrompt(box), MaskPrompt(box, _inside(inside)), MaskPrompt(None, _inside(inside[:1]))]
        if guessed.plain:
            return prompts
    for share in (0.85, 0.65):
        prompts.append(MaskPrompt(_middle(size, share)))
    middle = [(size[0] * x // 100, size[1] * y // 100) for x, y in ((50, 50), (50, 62), (38, 55), (62, 55), (50, 38))]
    return prompts + [MaskPrompt(None, _inside([point])) for point in middle]


def prompt_near(reference: Mask, room: float = 0.25) -> MaskPrompt:
    """How to ask for something that is about where `reference` is, without telling its outline.

    Points deep inside, and a box with room around it: a product that grew must be able to show it.
    """
    size = (reference.shape[1], reference.shape[0])
    box = grown(imaging.box_of(reference) or (0, 0, *size), room, size)
    return MaskPrompt(box, _inside(deepest(reference, 3)))


def best_of(guesses: Sequence[MaskGuess], guessed: Guessed | None, shares: tuple[float, float]) -> MaskGuess | None:
    """The guess that is most likely the whole product; None when none has an area between both shares."""
    return next((guess for guess, _ in ranked(guesses, guessed, shares)), None)


def ranked(
    guesses: Sequence[MaskGuess], guessed: Guessed | None, shares: tuple[float, float]
) -> list[tuple[MaskGuess, float]]:
    """The guesses whose area is between both shares of the picture, with points, most likely the whole product first.

    Points: the segmenter's own score; agreement with the other guesses, since wholes are found from many prompts and
    parts from few; overlap with what stands out; nearness to the middle; less for lying along the frame, as grounds do.
    """
    fitting = [guess for guess in guesses if shares[0] <= imaging.share_of(guess.mask) <= shares[1]]
    small = [imaging.resize_mask(guess.mask, _looked_at(guess.mask)) for guess in fitting]
    hint = None if guessed is None else imaging.resize_mask(guessed.silhouette, _looked_at(guessed.silhouette))
    trust = 0.0 if guessed is None else 1.0 if guessed.plain else 0.25
    found = []
    for index, (guess, mask) in enumerate(zip(fitting, small, strict=True)):
        others = [imaging.iou(mask, other) for place, other in enumerate(small) if place != index]
        agreement = float(np.mean(others)) if others else 0.0
        overlap = trust * imaging.iou(mask, hint) if hint is not None else 0.0
        found.append((guess, guess.score + 0.5 * agreement + overlap + 0.4 * _central(mask) - 0.8 * _along_frame(mask)))
    return sorted(found, key=lambda one: -one[1])


def distinct(
    guesses: Sequence[tuple[MaskGuess, float]], most: int, overlap: float = 0.85
) -> list[tuple[MaskGuess, float]]:
    """The first `most` guesses that are not nearly one that comes before."""
    kept: list[tuple[MaskGuess, float]] = []
    for guess in guesses:
        if len(kept) == most:
            break
        if all(imaging.iou(guess[0].mask, other.mask) < overlap for other, _ in kept):
            kept.append(guess)
    return kept


def deepest(mask: Mask, count: int) -> list[tuple[int, int]]:
    """Up to `count` points (x, y) far from the mask's edge and from each other; none for an empty mask."""
    small = imaging.resize_mask(mask, _looked_at(mask))
    room = ndimage.distance_transform_edt(
        np.pad(small if small.any() else imaging.resize_mask(mask, small.shape[::-1]), 1)
    )
    room = np.asarray(room)[1:-1, 1:-1]
    scale_x, scale_y = mask.shape[1] / small.shape[1], mask.shape[0] / small.shape[0]
    points: list[tuple[int, int]] = []
    rows, columns = np.indices(small.shape)
    while len(points) < count and room.max() > 0:
        row, column = np.unravel_index(int(room.argmax()), room.shape)
        points.append((int((column + 0.5) * scale_x), int((row + 0.5) * scale_y)))
        # The next one not within twice this one's circle.
        room = np.where((rows - row) ** 2 + (columns - column) ** 2 < (2 * room[row, column]) ** 2, 0, room)
    return points


def grown(box: Box, by: float, size: Size) -> Box:
    """The box larger by a share of its sides on all of them, within the picture."""
    left, top, right, bottom = box
    wide, high = round(by * (right - left)), round(by * (bottom - top))
    return max(left - wide, 0), max(top - high, 0), min(right + wide, size[0]), min(bottom + high, size[1])


def _inside(points: Sequence[tuple[int, int]]) -> tuple[tuple[int, int, Literal[0, 1]], ...]:
    return tuple((x, y, 1) for x, y in points)


def _middle(size: Size, share: float) -> Box:
    wide, high = round(size[0] * (1 - share) / 2), round(size[1] * (1 - share) / 2)
    return wide, high, size[0] - wide, size[1] - high


def _lab(image: Image.Image) -> Colours:
    """CIE L*a*b* (D65) of sRGB; lightness is halved, so that soft shadows do not stand out."""
    rgb = np.asarray(image, np.float32) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ.T
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([0.5 * (116 * y - 16), 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


_TO_XYZ = np.array(
    [[0.4339, 0.3762, 0.1899], [0.2126, 0.7152, 0.0722], [0.0177, 0.1095, 0.8728]], np.float32
)  # sRGB to XYZ, over the white point


def _frame(shape: tuple[int, ...]) -> Mask:
    width = max(round(FRAME * min(shape)), 1)
    frame = np.ones(shape, bool)
    frame[width:-width, width:-width] = False
    return frame


def _from_smooth_ground(colours: Colours, frame: Mask) -> NDArray[np.float32]:
    """Distance of each pixel from a ground that changes smoothly over the picture: light falls off towards a corner.

    A quadratic in x and y for each channel, fitted to the frame; pixels of the frame that do not fit, such as a product
    that is cut by it, are left out in two rounds.
    """
    height, width = frame.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1)
    at_frame, seen = terms[frame], colours[frame]
    # Begun with the median, not with a fit: a product along one side would bend the first fit towards itself.
    ground: NDArray[np.floating] = np.broadcast_to(np.median(seen, axis=0), colours.shape)
    for _ in range(2):
        error = np.linalg.norm(seen - ground[frame], axis=-1)
        fits = error <= max(2.5 * float(np.median(error)), 2.0)
        weights, *_ = np.linalg.lstsq(at_frame[fits], seen[fits], rcond=None)
        ground = terms @ weights
    return np.asarray(np.linalg.norm(colours - ground, axis=-1), np.float32)


def _busy(colours: Colours, frame: Mask) -> Mask:
    """What is unlike all of the frame's main colours and near the middle, cut where Otsu would cut it."""
    means, labels = kmeans2(colours[frame].astype(np.float64), 6, seed=0, minit="++")
    counts = np.bincount(labels, minlength=len(means))
    means = means[counts >= 0.05 * counts.sum()]
    distance = np.min([np.linalg.norm(colours - mean, axis=-1) for mean in means], axis=0)
    height, width = frame.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    salience = ndimage.gaussian_filter(distance, 2) * np.exp(-(x * x + y * y))
    return np.asarray(salience > _otsu(salience))


def _otsu(values: NDArray[np.floating]) -> float:
    """The cut that parts values into two groups with the largest variance between them (Otsu 1979)."""
    counts, edges = np.histogram(values, 64)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = sums / below - (sums[-1] - sums) / above
        between = np.nan_to_num(below * above * gap * gap)
    return float(middles[int(between.argmax())])


def _cleaned(mask: Mask) -> Mask:
    """Specks and hairlines away, gaps closed, small parts left out."""
    opened = ndimage.binary_opening(mask, iterations=1)
    closed = ndimage.binary_closing(np.pad(opened, 4), iterations=3)[4:-4, 4:-4]
    return imaging.large_components(imaging.fill_holes(np.asarray(closed), 0.5), 0.15)


def _looked_at(mask: Mask) -> Size:
    scale = min(LOOKED_AT / max(mask.shape), 1)
    return max(round(mask.shape[1] * scale), 1), max(round(mask.shape[0] * scale), 1)


def _central(mask: Mask) -> float:
    """1 for a mask whose centre of gravity is the picture's middle, 0 for one in a corner."""
    rows, columns = np.nonzero(mask)
    if not rows.size:
        return 0.0
    y, x = rows.mean() / mask.shape[0] - 0.5, columns.mean() / mask.shape[1] - 0.5
    return float(1 - np.hypot(x, y) / np.hypot(0.5, 0.5))


def _along_frame(mask: Mask) -> float:
    """The share of the picture's outermost pixels that are in the mask."""
    edge = np.concatenate([mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]])
    return float(edge.mean())
