"""Figures of the set's perceivers on held-out renders, by the very adapters that a run uses; and which gates they pass.

Each figure is a mean over pictures or products that no training has seen (seeds from 900,000).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from generation import imaging
from generation.checkpoints import captioner, clip, dino, segmenter
from generation.checkpoints.set_files import read_set
from generation.checkpoints.sets import Entry, Places
from generation.mini import wording
from generation.mini.attributes import UNSAID, WORDS, labels_of, words_of
from generation.mini.classifier import agreement, read_judge
from generation.mini.renders import Renders
from generation.prompting import deepest
from generation.records import MaskPrompt
from generation.world.captions import caption

CPU = torch.device("cpu")
AT_ONCE = 64
CHOICES = 16  # captions that CLIP chooses from
PRODUCTS = 100  # that the encoder by look chooses from
# The bounds: figure, and the least that it may be.
GATES: dict[str, float] = {
    "sam.iou_box": 0.90,
    "clip.right_of_16": 0.90,
    "dino.top1_of_100": 0.90,
}
Figures = dict[str, float]


def entry_of(role: str, folder: Path) -> Entry:
    """What the set `mini` says of a role, its weights in another folder."""
    entries = read_set("mini", Places(Path())).entries
    return replace(next(entry for name, entry in entries.items() if name == role), path=folder)


def pictures(data: Renders) -> list[Image.Image]:
    """The renders as stages get photos."""
    return [Image.fromarray(image) for image in data.images.numpy()]


def judge_figures(folder: Path, data: Renders) -> Figures:
    """By attribute the share that the judge reads right."""
    return agreement(read_judge(folder), data.images, data.scenes)


def sam_figures(folder: Path, data: Renders) -> Figures:
    """Mean IoU with the visible part: from its box, from one point (the best of three, and the one it thinks best);
    from a box, the share of pictures above 0.9, and how far its own prediction of the IoU is off."""
    model = segmenter.load(entry_of("segmenter", folder), CPU)
    images, truths = pictures(data), list(data.masks.numpy() > 127)
    rows: list[tuple[float, ...]] = []
    for image, truth in zip(images, truths, strict=True):
        box = imaging.box_of(truth)
        if box is None:
            continue
        embedding = model.embed(image)
        boxed = model.cut(embedding, MaskPrompt(box))[0]
        pointed = [
            imaging.iou(guess.mask, truth)
            for guess in model.cut(embedding, MaskPrompt(None, ((*deepest(truth, 1)[0], 1),)))
        ]
        found = imaging.iou(boxed.mask, truth)
        rows.append((found, max(pointed), pointed[0], float(found >= 0.9), abs(boxed.score - found)))
    names = ("iou_box", "iou_point_best_of_3", "iou_point", "share_above_0.9", "error_of_predicted_iou")
    return dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True))


def clip_figures(folder: Path, data: Renders, seed: int = 0) -> Figures:
    """Shares in which the picture's caption is the likeliest: of 16 held-out ones, and of those with one word wrong."""
    model = clip.load(entry_of("clip", folder), CPU)
    rows = _embedded(model.images, pictures(data))
    texts = [caption(scene) for scene in data.scenes]
    own = _embedded(model.texts, texts)
    generator = torch.Generator().manual_seed(seed)
    right, hard = [], []
    for place in range(len(rows)):
        order = torch.randperm(len(texts), generator=generator).tolist()
        others = [other for other in order if texts[other] != texts[place]][: CHOICES - 1]
        right.append(float(rows[place] @ own[place] > (own[others] @ rows[place]).max()))
        claims = labels_of([data.scenes[place]]).repeat(CHOICES - 1, 1)
        wrong = [wording.worded(claim) for claim in wording.falsified(claims, generator).tolist()]
        hard.append(
            float(
                rows[place] @ model.texts([wording.worded(claims[0].tolist())])[0]
                > (model.texts(wrong) @ rows[place]).max()
            )
        )
    told = clip_words(rows, model)
    agreed = labels_of(data.scenes)
    read = {
        f"reads_{name}": float((told[name] == agreed[:, place].numpy())[agreed[:, place].numpy() != UNSAID].mean())
        for place, name in enumerate(WORDS)
        if name in told
    }
    return {
        f"right_of_{CHOICES}": float(np.mean(right)),
        f"right_of_{CHOICES}_one_word_wrong": float(np.mean(hard)),
        **read,
    }


def clip_words(rows: NDArray[np.float32], model: clip.OpenClip) -> dict[str, NDArray[np.int64]]:
    """(n,) places in `WORDS` of the likeliest family and context, each asked for alone."""
    found = {}
    for number, name in ((wording.FAMILY, "family"),):
        claims = [
            [place if column == number else UNSAID for column in range(len(WORDS))] for place in range(len(WORDS[name]))
        ]
        found[name] = (rows @ model.texts([wording.worded(claim) for claim in claims]).T).argmax(1)
    return found


def dino_figures(folder: Path, data: Renders) -> Figures:
    """Of 100 products, the share whose other view is nearest: whole pictures, and cut out as segmented metrics do."""
    model = dino.load(entry_of("dino", folder), CPU)
    asked, shown = two_views(data, PRODUCTS)
    images = pictures(data)
    cuts = [
        imaging.cut_out(image, mask) if mask.any() else image
        for image, mask in zip(images, data.masks.numpy() > 127, strict=True)
    ]
    found: Figures = {}
    for name, some in (("top1_of_100", images), ("top1_of_100_cut_out", cuts)):
        likeness = (
            _embedded(model.images, [some[place] for place in asked])
            @ _embedded(model.images, [some[place] for place in shown]).T
        )
        found[name] = float((likeness.argmax(1) == np.arange(len(asked))).mean())
        found[name.replace("top1", "top5")] = float(
            (np.argsort(-likeness, 1)[:, :5] == np.arange(len(asked))[:, None]).any(1).mean()
        )
    found["products"] = float(len(asked))
    return found


def captioner_figures(folder: Path, data: Renders) -> Figures:
    """Shares of captions whose every word is right, and of those that name the right family, look, place, light."""
    model = captioner.load(entry_of("captioner", folder), CPU)
    told = [
        text
        for start in range(0, len(data), AT_ONCE)
        for text in model.describe(pictures(data)[start : start + AT_ONCE], "")
    ]
    texts = [wording.worded(claim) for claim in labels_of(data.scenes).tolist()]
    figures = {"all": float(np.mean([mine == true for mine, true in zip(told, texts, strict=True)]))}
    for name in ("family", "colour", "context", "light"):
        words = [words_of(scene)[name] for scene in data.scenes]
        figures[name] = float(
            np.mean(
                [
                    f" {word}" in text if name != "colour" else f"a {word} " in text or f"an {word} " in text
                    for word, text in zip(words, told, strict=True)
                ]
            )
        )
    return figures


EVALUATIONS: dict[str, tuple[str, Callable[[Path, Renders], Figures]]] = {
    "judge": ("judge", judge_figures),
    "sam": ("sam", sam_figures),
    "clip": ("clip", clip_figures),
    "captioner": ("clip", captioner_figures),
    "dino": ("dino", dino_figures),
}


def evaluate(weights: Path, data: Renders, parts: Sequence[str] = tuple(EVALUATIONS)) -> dict[str, Figures]:
    """The figures of each part whose weights are there, by part; kept beside the weights."""
    found = {}
    for name in parts:
        folder, figures = EVALUATIONS[name]
        if (weights / folder).is_dir():
            found[name] = {key: round(value, 4) for key, value in figures(weights / folder, data).items()}
            keep(weights, name, {"figures": found[name], "pictures": len(data)})
    return found


def keep(weights: Path, part: str, said: Mapping[str, Any]) -> None:
    """What is said of a part goes into `figures.json` beside the weights, with what others said of it before."""
    file = weights / "figures.json"
    known: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    known[part] = {**known.get(part, {}), **said}
    weights.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", "utf-8")


def table(found: Mapping[str, Figures]) -> str:
    """A line for each figure, in Markdown; gates say whether they hold."""
    lines = ["| part | figure | value | gate |", "| --- | --- | --- | --- |"]
    for part, figures in found.items():
        for name, value in figures.items():
            bound = GATES.get(f"{part}.{name}")
            gate = "" if bound is None else f"{'holds' if value >= bound else 'missed'}: ≥ {bound:.2f}"
            lines.append(f"| {part} | {name.replace('_', ' ')} | {value:.3f} | {gate} |")
    return "\n".join(lines)


def two_views(data: Renders, products: int) -> tuple[list[int], list[int]]:
    """Places of the first and of the second picture of each of so many products."""
    views: dict[Any, list[int]] = {}
    for place, scene in enumerate(data.scenes):
        views.setdefault(scene.thing, []).append(place)
    pairs = [places[:2] for places in views.values() if len(places) > 1][:products]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _embedded(embed: Callable[[Sequence[Any]], NDArray[np.float32]], things: Sequence[Any]) -> NDArray[np.float32]:
    return np.concatenate([embed(things[start : start + AT_ONCE]) for start in range(0, len(things), AT_ONCE)])
