"""Cut things out without any learned model: role segmenter, family `grabcut`, which is in the code and has no files.

GrabCut (Rother, Kolmogorov and Blake, SIGGRAPH 2004) by OpenCV, begun from what stands out from the ground
(`generation.prompting`) where no person said more. The score is no network's: it says how well the outline lies on a
real edge, and whether the answer holds when begun elsewhere. Good on even grounds; on plain ones with folds, grain or
shadows it is sure where several starts, some that know nothing of the ground, end alike; on busy ones it never is, and
a person is asked. Option: `side`, the pixels of the longer side that it works at.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from generation import imaging
from generation.checkpoints.roles import MaskGuess
from generation.checkpoints.sets import Entry
from generation.imaging import Mask
from generation.prompting import Guessed, stands_out
from generation.records import Box, MaskPrompt

SIDE = 256
ROUNDS = 2
RING = 0.012  # of the longer side: how far from the outline its two sides are compared
HELD = 0.85  # IoU of the answer from another start, below which it is taken for chance
ALIKE = 0.95  # the same of the starts on uneven ground, of which the least alike counts
_DIFFERENT = 11.0  # CIELAB steps between the two sides of an outline from which it is surely an edge
_OF_THE_GROUND = 6.0  # steps within which a colour is the ground's own
_SHADOWS_REACH = 0.35  # of the product's height, from below: where its shadow and reflection may lie
_MOST_DOUBTED = 0.55  # on busy ground: below what a recipe asks for, so that a person looks at it
_ALL = 0.85  # share of the photo from which a box is one around all of it
_SAME, _BETTER, _WORSE = 0.985, 0.03, -0.1  # IoU; of outlines with and without a shadow: what tells them apart
_BORDER = 0.06  # share of the frame that may belong to the product before the score falls
Trimap = NDArray[np.uint8]  # cv2's labels: sure and probable ground, sure and probable product


@dataclass(frozen=True)
class _Scene:
    """A picture at working size, and its own."""

    pixels: NDArray[np.uint8]  # (h, w, 3) RGB
    size: tuple[int, int]  # (width, height) of the picture itself

    @property
    def scale(self) -> float:
        return float(self.pixels.shape[1] / self.size[0])


class GrabCut:
    """Keeps nothing between calls, so that several threads may use one."""

    most_on_busy_ground = _MOST_DOUBTED

    def __init__(self, side: int = SIDE) -> None:
        self.side = side

    def embed(self, image: Image.Image) -> bytes:
        """An npz file: the picture at working size, and its own size."""
        small = imaging.shrunk(image.convert("RGB"), self.side)
        kept = io.BytesIO()
        np.savez_compressed(kept, pixels=np.asarray(small), size=np.array(image.size))
        return kept.getvalue()

    def embed_all(self, images: Sequence[Image.Image]) -> list[bytes]:
        """The same of several pictures."""
        return [self.embed(image) for image in images]

    def cut(self, embedding: bytes, prompt: MaskPrompt) -> list[MaskGuess]:
        """One mask of what the box or the points mean. Raises ValueError for a prompt without either."""
        if prompt.box is None and not prompt.points:
            raise ValueError("A prompt needs a box or at least one point.")
        scene = _opened(embedding)
        guessed = stands_out(Image.fromarray(scene.pixels))
        start = _started(scene, prompt, guessed)
        if not np.isin(start, (cv2.GC_PR_FGD, cv2.GC_FGD)).any():
            return []
        if guessed is not None and not guessed.even and _means_all(prompt, scene):
            mask = _agreed(scene, guessed)[0]
        else:
            mask = _solid(scene, _settled(scene, start), start, _plain(guessed))
        if guessed is not None and guessed.even:
            mask, told = _without_shadow(scene, start, mask, prompt)
            score = _score(scene, start, mask) if told else _doubted(scene, mask)
        else:
            score = _doubted(scene, mask)
        return [MaskGuess(imaging.resize_mask(mask, scene.size), score)] if mask.any() else []

    def everything(self, image: Image.Image) -> list[MaskGuess]:
        """What stands out from the ground, which is one thing at most; nothing where nothing does."""
        embedding = self.embed(image)
        scene = _opened(embedding)
        guessed = stands_out(Image.fromarray(scene.pixels))
        if guessed is None:
            return []
        if guessed.even:
            return self.cut(embedding, MaskPrompt(_back(imaging.box_of(guessed.silhouette) or (0, 0, 1, 1), scene)))
        mask, alike = _agreed(scene, guessed)
        sure = _on_edges(scene, mask) * min(alike / ALIKE, 1.0) ** 4
        score = sure if guessed.plain else min(sure, _doubted(scene, mask))
        return [MaskGuess(imaging.resize_mask(mask, scene.size), score)] if mask.any() else []


def load(entry: Entry, _device: Any) -> GrabCut:
    """The entry's GrabCut; there is nothing to read, and it works on the CPU whatever the device."""
    return GrabCut(entry.side or SIDE)


def _opened(embedding: bytes) -> _Scene:
    with np.load(io.BytesIO(embedding), allow_pickle=False) as kept:
        width, height = kept["size"].tolist()
        return _Scene(kept["pixels"], (width, height))


def _plain(guessed: Guessed | None) -> bool:
    return guessed is not None and guessed.plain


def _means_all(prompt: MaskPrompt, scene: _Scene) -> bool:
    """Whether a person asks for a suggestion: a box around nearly all of the photo says nothing of where to look."""
    left, top, right, bottom = prompt.box or (0, 0, 0, 0)
    return not prompt.points and (right - left) * (bottom - top) >= _ALL * scene.size[0] * scene.size[1]


def _started(scene: _Scene, prompt: MaskPrompt, guessed: Guessed | None) -> Trimap:
    """Where to begin: ground outside the box; inside it, on plain ground what stands out from it, and else all."""
    height, width = scene.pixels.shape[:2]
    box = _scaled(prompt.box, scene.scale) if prompt.box else (0, 0, width, height)
    inside = imaging.box_mask(box, (width, height))
    start = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
    if prompt.box:
        start[~inside] = cv2.GC_BGD
    if guessed is not None and guessed.plain:
        _mark_what_stands_out(scene, start, guessed.silhouette & inside)
    elif prompt.box:
        start[inside] = cv2.GC_PR_FGD
    elif guessed is not None:
        start[guessed.silhouette] = cv2.GC_PR_FGD
    _mark_points(scene, start, prompt)
    return start


def _mark_points(scene: _Scene, labels: Trimap, prompt: MaskPrompt) -> None:
    radius = max(round(0.012 * max(labels.shape)), 2)
    for x, y, label in prompt.points:
        at = (round(x * scene.scale), round(y * scene.scale))
        cv2.circle(labels, at, 3 * radius if label else radius, cv2.GC_PR_FGD if label else cv2.GC_BGD, -1)
        cv2.circle(labels, at, radius, cv2.GC_FGD if label else cv2.GC_BGD, -1)


def _agreed(scene: _Scene, guessed: Guessed) -> tuple[Mask, float]:
    """What most of several starts end in, and the IoU of the one that is least like it.

    What stands out from the ground, that worn away, and a box and an ellipse about the middle, which know nothing of
    it: a cloth's fold or a shadow is in the answers of some starts and not of all.
    """
    height, width = scene.pixels.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    worn = ndimage.binary_erosion(guessed.silhouette, iterations=max(width // 40, 2))
    begun = [guessed.silhouette, worn, (abs(x) < 0.8) & (abs(y) < 0.8), x * x + y * y < 0.36]
    frame = (abs(x) > 0.97) | (abs(y) > 0.97)
    ends = []
    for product in begun:
        start = np.where(product, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        start[frame & ~product] = cv2.GC_BGD
        ends.append(_solid(scene, _settled(scene, start, rounds=3), start, guessed.plain))
    votes = np.sum(ends, axis=0)
    most = imaging.large_components(votes > len(ends) / 2, 0.05)
    return most, float(min(imaging.iou(most, end) for end in ends))


def _mark_what_stands_out(scene: _Scene, start: Trimap, silhouette: Mask) -> None:
    """On plain ground what lies deep within the silhouette is the product, but for what has the ground's own colour
    (seen through a handle) or is the ground in shadow (below the product)."""
    lab, around = _lab(scene.pixels), ~ndimage.binary_dilation(silhouette, iterations=4)
    start[silhouette] = cv2.GC_PR_FGD
    if not around.any() or not silhouette.any():
        return
    ground = np.median(lab[around], axis=0)
    away = lab - ground
    same = np.linalg.norm(away, axis=-1) < _OF_THE_GROUND
    deep = ndimage.binary_erosion(silhouette, iterations=max(start.shape[1] // 80, 2))
    start[deep & ~same] = cv2.GC_FGD
    rows = np.flatnonzero(silhouette.any(axis=1))
    low = np.arange(start.shape[0])[:, None] > rows[-1] - _SHADOWS_REACH * (rows[-1] - rows[0])
    calm = cv2.GaussianBlur(np.abs(cv2.Laplacian(lab[..., 0], cv2.CV_32F)), (0, 0), 1.5) < 2.5
    darker = (away[..., 0] < -0.5) & (away[..., 0] > -0.45 * ground[0])
    shaded = silhouette & low & calm & darker & (np.linalg.norm(away[..., 1:], axis=-1) < 5)
    if shaded.sum() < 0.2 * silhouette.sum():
        start[shaded] = cv2.GC_PR_BGD


def _without_shadow(scene: _Scene, start: Trimap, mask: Mask, prompt: MaskPrompt) -> tuple[Mask, bool]:
    """The mask, or what is left of it without a shadow that was cast on even ground; and whether that could be told.

    A shadow is the ground's colour, darker, and calm; so is the shaded side of a white product. Left out, a shadow
    leaves a better outline, and a product's side a worse one. Between the two nobody can tell.
    """
    lab, around = _lab(scene.pixels), ~ndimage.binary_dilation(mask, iterations=4)
    if not around.any():
        return mask, True
    ground = np.median(lab[around], axis=0)
    away = lab - ground
    calm = cv2.GaussianBlur(np.abs(cv2.Laplacian(lab[..., 0], cv2.CV_32F)), (0, 0), 1.5) < 2.5
    darker = (away[..., 0] < -0.5) & (away[..., 0] > -0.55 * ground[0])
    shaded = mask & calm & darker & (np.linalg.norm(away[..., 1:], axis=-1) < _OF_THE_GROUND)
    known = start.copy()
    known[shaded] = cv2.GC_BGD
    _mark_points(scene, known, prompt)
    left = _solid(scene, _settled(scene, known), known, plain=True)
    left = imaging.fill_holes(left) & mask
    if imaging.iou(mask, left) > _SAME or not left.any():
        return mask, True
    better = _on_edges(scene, left) - _on_edges(scene, mask)
    return (left if better > _BETTER else mask), not _WORSE < better <= _BETTER


def _settled(scene: _Scene, start: Trimap, rounds: int = ROUNDS) -> Mask:
    """GrabCut's answer from there; where it has nothing to tell apart, what was said already."""
    known = np.isin(start, (cv2.GC_BGD, cv2.GC_PR_BGD))
    if known.all() or not known.any():
        return ~known
    labels, ground, product = start.copy(), np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)  # its mixtures begin from a k-means of chance
    bgr = np.ascontiguousarray(scene.pixels[..., ::-1])
    no_box = (0, 0, 0, 0)  # begun from a mask, it reads none
    cv2.grabCut(bgr, labels, no_box, ground, product, rounds, cv2.GC_INIT_WITH_MASK)
    return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))


def _solid(scene: _Scene, mask: Mask, start: Trimap, plain: bool) -> Mask:
    """The mask smoothed, without specks, and with holes filled that are no view of the ground: a clock's white face.

    On busy ground no hole can be told from a patch of the product but by whoever marks it as ground.
    """
    smooth = ndimage.binary_opening(mask, iterations=1) | ndimage.binary_erosion(mask, iterations=2)
    whole = imaging.large_components(np.asarray(smooth), 0.05)
    holes = ndimage.binary_fill_holes(whole) & ~whole
    labels, count = ndimage.label(holes)
    for number in range(1, count + 1):
        hole = labels == number
        told = (start[hole] == cv2.GC_BGD).any()
        if not told and not (plain and _shows_ground(scene, hole, whole)):
            whole |= hole
    return whole


def _shows_ground(scene: _Scene, hole: Mask, mask: Mask) -> bool:
    """Whether a hole is as plain as the ground around the product, and of its colour: a handle's, not a dial."""
    inner = ndimage.binary_erosion(hole, iterations=2)
    if inner.sum() < 12:
        return False
    near = ndimage.binary_dilation(mask, iterations=24) & ~ndimage.binary_fill_holes(
        ndimage.binary_dilation(mask, iterations=4)
    )
    if near.sum() < 12:
        return False
    lab = _lab(scene.pixels)
    ground, seen = lab[near], lab[inner]
    spread = np.maximum(ground.std(axis=0), 1.5)
    apart = np.abs(np.median(seen, axis=0) - np.median(ground, axis=0)) / spread
    return bool((apart < 2.5).all() and (seen.std(axis=0) < 2.0 * spread + 1.5).all())


def _score(scene: _Scene, start: Trimap, mask: Mask) -> float:
    """0 to 1: the share of the outline that lies on an edge, less for another answer from another start, and for
    lying along the picture's frame."""
    edges = _on_edges(scene, mask)
    other = _solid(scene, _settled(scene, _shaken(start, mask), rounds=2), start, plain=True)
    held = min(imaging.iou(mask, other) / HELD, 1.0)
    frame = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]]).mean()
    return float(np.clip(edges * held**2 * (1 - max(frame - _BORDER, 0) * 2), 0, 1))


def _doubted(scene: _Scene, mask: Mask) -> float:
    """On busy ground an outline lies on some edge always, and seldom on the product's: never sure."""
    return _MOST_DOUBTED * _on_edges(scene, mask)


def _on_edges(scene: _Scene, mask: Mask) -> float:
    """The share of the outline whose two sides differ in colour."""
    away = max(round(RING * max(mask.shape)), 2)
    lab = _lab(scene.pixels)
    inner, outer = ndimage.binary_erosion(mask, iterations=away), ndimage.binary_dilation(mask, iterations=away)
    rim = mask & ~ndimage.binary_erosion(mask)
    rim[:2], rim[-2:], rim[:, :2], rim[:, -2:] = False, False, False, False
    if not inner.any() or outer.all() or not rim.any():
        return 0.0
    to_inner = ndimage.distance_transform_edt(~inner, return_distances=False, return_indices=True)
    to_outer = ndimage.distance_transform_edt(outer, return_distances=False, return_indices=True)
    rows, columns = np.nonzero(rim)
    inside = lab[to_inner[0][rows, columns], to_inner[1][rows, columns]]
    outside = lab[to_outer[0][rows, columns], to_outer[1][rows, columns]]
    difference = np.linalg.norm(inside - outside, axis=-1)
    return float(np.clip(difference / _DIFFERENT, 0, 1).mean())


def _shaken(start: Trimap, mask: Mask) -> Trimap:
    """Another start: the answer itself, worn away, is all that is said of the product."""
    other = start.copy()
    probable = np.isin(start, (cv2.GC_PR_BGD, cv2.GC_PR_FGD))
    other[probable] = cv2.GC_PR_BGD
    thick = ndimage.distance_transform_edt(mask)
    other[probable & (thick > 0.35 * thick.max())] = cv2.GC_PR_FGD
    return other


def _back(box: Box, scene: _Scene) -> Box:
    return _scaled(box, 1 / scene.scale)


def _scaled(box: Box, scale: float) -> Box:
    left, top, right, bottom = (round(value * scale) for value in box)
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _lab(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))
