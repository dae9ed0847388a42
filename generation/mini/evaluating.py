"""Figures of the set's perceivers on held-out renders, by the very adapters that a run uses; and which gates they pass.

Each figure is a mean over pictures or products that no training has seen (seeds from 900,000).
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from generation import imaging
from generation.checkpoints import captioner, clip, dino, segmenter
from generation.checkpoints.roles import Embeddings
from generation.checkpoints.set_files import read_set
from generation.checkpoints.sets import Entry, Places
from generation.mini import wording
from generation.mini.attributes import UNSAID, WORDS, labels_of
from generation.mini.classifier import agreement, read_judge
from generation.mini.renders import Renders
from generation.prompting import deepest
from generation.records import MaskPrompt
from generation.world.captions import PLACES, caption
from generation.world.scenes import FAMILIES

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
_PLACES = "|".join(PLACES.values())


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
    """Shares in which the picture's own caption is the likeliest: of 16 held-out ones, of 16 with one word wrong in the
    others; and in which the bare noun of its family is the likeliest of all."""
    model = clip.load(entry_of("clip", folder), CPU)
    rows = _embedded(model.images, pictures(data))
    families = [wording.worded(_only(wording.FAMILY, place)) for place in range(len(FAMILIES))]
    nouns = (rows @ model.texts(families).T).argmax(1)
    labels = labels_of(data.scenes)
    return {
        f"right_of_{CHOICES}": _right_of_others(model, rows, data, seed),
        f"right_of_{CHOICES}_one_word_wrong": _right_of_falsified(model, rows, data, seed),
        "noun": float((nouns == labels[:, wording.FAMILY].numpy()).mean()),
    }


def _right_of_others(model: clip.OpenClip, rows: Embeddings, data: Renders, seed: int) -> float:
    """Among captions of other held-out pictures, drawn by the seed; those that say the same are left out."""
    texts = [caption(scene) for scene in data.scenes]
    own = _embedded(model.texts, texts)
    generator, right = torch.Generator().manual_seed(seed), []
    for place, row in enumerate(rows):
        order = torch.randperm(len(texts), generator=generator).tolist()
        others = [other for other in order if texts[other] != texts[place]][: CHOICES - 1]
        right.append(bool(row @ own[place] > (own[others] @ row).max()))
    return float(np.mean(right))


def _right_of_falsified(model: clip.OpenClip, rows: Embeddings, data: Renders, seed: int) -> float:
    """Among captions that say one thing of this very picture wrong."""
    generator, right = torch.Generator().manual_seed(seed), []
    for row, labels in zip(rows, labels_of(data.scenes), strict=True):
        wrong = wording.falsified(labels.repeat(CHOICES - 1, 1), generator)
        told = model.texts([wording.worded(claim) for claim in (labels.tolist(), *wrong.tolist())])
        right.append(bool((told @ row).argmax() == 0))
    return float(np.mean(right))


def _only(attribute: int, place: int) -> list[int]:
    """The claim of one word."""
    return [place if number == attribute else UNSAID for number in range(len(WORDS))]


def dino_figures(folder: Path, data: Renders) -> Figures:
    """Of 100 products, the share whose other view is nearest, and among the five nearest: whole pictures, and cut out
    as the segmented metrics have them."""
    model = dino.load(entry_of("dino", folder), CPU)
    asked, shown = two_views(data, PRODUCTS)
    whole = pictures(data)
    cut = [
        imaging.cut_out(image, mask) if mask.any() else image
        for image, mask in zip(whole, data.masks.numpy() > 127, strict=True)
    ]
    found: Figures = {"products": float(len(asked))}
    for name, some in (("", whole), ("_cut_out", cut)):
        queries, others = (_embedded(model.images, [some[place] for place in places]) for places in (asked, shown))
        nearest = np.argsort(-(queries @ others.T), axis=1, kind="stable") == np.arange(len(asked))[:, None]
        found[f"top1_of_{PRODUCTS}{name}"] = float(nearest[:, 0].mean())
        found[f"top5_of_{PRODUCTS}{name}"] = float(nearest[:, :5].any(1).mean())
    return found


def captioner_figures(folder: Path, data: Renders) -> Figures:
    """Shares of captions that are right to the last word, and that say each part of it right."""
    model = captioner.load(entry_of("captioner", folder), CPU)
    told = [text for some in _split(pictures(data)) for text in model.describe(some, "")]
    labels = labels_of(data.scenes).tolist()
    figures = {"all_words": _share(text == wording.worded(claim) for text, claim in zip(told, labels, strict=True))}
    said = [_parsed(text) for text in told]
    for number, name in enumerate(WORDS):
        asked = [
            (mine[name], claim[number]) for mine, claim in zip(said, labels, strict=True) if claim[number] != UNSAID
        ]
        figures[name] = _share(mine == WORDS[name][place] for mine, place in asked)
    return figures


def _parsed(text: str) -> dict[str, str]:
    """The words of a caption by attribute: "a photo of a red and white striped mug in a kitchen, soft daylight"."""
    head, _, light = text.partition(", ")
    found = re.search(rf"^a photo of an? (.+?) ({_PLACES})$", head)
    look, place = (found[1].split(), found[2]) if found else ([""], "")
    patterned = len(look) == 5  # red and white striped mug
    return {
        "family": look[-1],
        "colour": look[0],
        "second": look[2] if patterned else "",
        "pattern": look[3] if patterned else "plain",
        "context": re.sub(r"^(?:in|on) an? ", "", place),
        "light": light,
    }


EVALUATIONS: dict[str, tuple[str, Callable[[Path, Renders], Figures]]] = {
    "judge": ("judge", judge_figures),
    "sam": ("sam", sam_figures),
    "clip": ("clip", clip_figures),
    "captioner": ("clip", captioner_figures),
    "dino": ("dino", dino_figures),
}


def of_part(part: str) -> tuple[str, ...]:
    """The evaluations of a part's weights: CLIP's are the captioner's, too."""
    return tuple(name for name, (folder, _) in EVALUATIONS.items() if folder == part)


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


def _embedded(embed: Callable[[Sequence[Any]], Embeddings], things: Sequence[Any]) -> Embeddings:
    return np.concatenate([embed(some) for some in _split(things)])


def _split(things: Sequence[Any]) -> list[Sequence[Any]]:
    return [things[start : start + AT_ONCE] for start in range(0, len(things), AT_ONCE)]


def _share(right: Iterable[bool]) -> float:
    return float(np.mean(list(right)))
