"""Methods side by side on products that the set has never seen: what fine-tuning keeps of a product in a new place.

Each product has four photos, rendered in as many places, with the world's own masks and captions, so that nothing
but the methods differs. Candidates are asked for in places that no photo and no training image of the product shows,
and read by the judge (against the truth) and by the set's encoders. What is done is kept product by product: a
comparison that was stopped goes on where it was.
"""

import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from generation.checkpoints.roles import Drawing, Models, Sampling
from generation.context import LocalContext
from generation.exceptions import NotPossible
from generation.files import Files, FolderStore
from generation.mini.attributes import UNSAID, WORDS, labels_of
from generation.mini.classifier import Judge
from generation.mini.estimating import BASE, BASELINE, METHODS, PAPER, TOLD
from generation.mini.showing import grid
from generation.pipeline import stages_of
from generation.recipe import Recipe, recipe_from
from generation.records import PLACEHOLDER, Photo, ProductFacts, TargetPrompt
from generation.world.captions import PLACES, caption, noun_phrase
from generation.world.render import Renders, render
from generation.world.sampling import SEEDS_PER_THING, sample_scene, sample_thing
from generation.world.scenes import CONTEXTS, FAMILIES, HELD_OUT, LIGHTS, Scene, Thing, shown

FILES = Path(__file__).parent.parent / "methods"


CONFIG_OF = {"class_images": "finetune"}  # stages that another's config tells


@dataclass(frozen=True)
class Trial:
    """What is compared, and how much. `steps_share` shortens every training alike, and all methods learn at `rate`."""

    products: int = 20
    photos: int = 4
    targets: int = 8  # candidates of a product, in the held-out places by turns
    first_seed: int = HELD_OUT + 20_000
    side: int = 64
    steps_share: float = 0.2
    rate: float = 1e-3  # for all: small nets take higher rates than those that the methods were written for
    class_images: int = 32
    drawing_steps: int = 20
    guidance: float = 3.0
    novel_views: bool = True


@dataclass(frozen=True)
class Subject:
    """One product: its photos' scenes, the places of its training images, and the scenes that are asked for."""

    seed: int
    thing: Thing
    photos: tuple[Scene, ...]
    places: tuple[str, ...]
    asked: tuple[Scene, ...]


def subject_of(seed: int, trial: Trial) -> Subject:
    """The product of a seed. Half of the contexts, drawn by the seed, are its own; the other half are held out."""
    thing = sample_thing(seed)
    order = torch.randperm(len(CONTEXTS), generator=torch.Generator().manual_seed(seed)).tolist()
    contexts = [CONTEXTS[place] for place in order]
    own, held = contexts[: len(contexts) // 2], contexts[len(contexts) // 2 :]
    first = seed * SEEDS_PER_THING

    def scene(number: int, context: str) -> Scene:
        return replace(sample_scene(first + number, thing, context, "plain"), occluder="")

    photos = tuple(scene(number, own[number % len(own)]) for number in range(trial.photos))
    asked = tuple(scene(100 + number, held[number % len(held)]) for number in range(trial.targets))
    return Subject(seed, thing, photos, tuple(own), asked)


def recipe_of(method: str, trial: Trial) -> Recipe:
    """The method as its file says it, with the trial's sizes: the same steps and guidance of drawing for all."""
    values = tomllib.loads((FILES / f"{method}.toml").read_text("utf-8"))
    values = {name: value for name, value in values.items() if name not in ("title", "description")}
    tuned = values["finetune"]
    tuned |= {
        "steps": max(1, round(tuned["steps"] * trial.steps_share)),
        "learning_rate": trial.rate,
        "class_images": trial.class_images if tuned.get("class_images") else 0,
        "validate_every": 0,
        "sweep": False,
    }
    drawn = {"steps": trial.drawing_steps, "guidance": trial.guidance}
    values["generate"] = values.get("generate", {}) | drawn
    for stage in ("new_contexts", "negatives"):
        if values.get(stage):
            values[stage] |= drawn
    if not trial.novel_views:
        values["novel_views"] = False
    elif values.get("novel_views"):
        # Mini's turntable draws each frame by itself: frames between the views would be drawn for nothing. Eight views
        # of nine frames are 40° apart and end at 320°; eight of the method's 33 would be 44° apart, and end at 349°.
        values["novel_views"] |= {"frames": values["novel_views"]["views"] + 1, "steps": trial.drawing_steps}
    return recipe_from(values)


@dataclass(frozen=True)
class Comparison:
    """A trial under way: who draws, who judges, and where all is kept."""

    trial: Trial
    models: Models
    judge: Judge
    folder: Path
    methods: Sequence[str] = METHODS
    shared: dict[str, Any] = field(default_factory=dict)  # class images by noun: all products of a type have the same

    @property
    def files(self) -> Files:
        """What the stages make."""
        return Files(FolderStore(self.folder / "files"))

    def go_on(self) -> Iterator[str]:
        """Do what is not done yet, one product and method after the other; says which one is done.

        Rows go into `rows.jsonl`, the candidates into a strip each. Raises NotPossible for a folder of another trial.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        _agree(self.trial, self.folder / "trial.json")
        subjects = [subject_of(self.trial.first_seed + number, self.trial) for number in range(self.trial.products)]
        photos = {subject.seed: render(subject.photos, self.trial.side) for subject in subjects}
        known = {seed: _images(renders.images) for seed, renders in photos.items()}
        done = {(row["product"], row["method"]) for row in read_rows(self.folder)}
        for subject in subjects:
            for method in self.methods:
                if (subject.seed, method) in done:
                    continue
                images = self.drawn(subject, method, photos[subject.seed])
                self._keep(subject, method, images, self.measured(subject, method, images, known))
                yield f"{method}, product {subject.seed}"

    def drawn(self, subject: Subject, method: str, photos: Renders) -> list[Image.Image]:
        """The method's candidates for the scenes that are asked for."""
        trial = self.trial
        if method not in (BASE, TOLD):
            results = self._run(recipe_of(method, trial), _facts(subject, self.files, photos))
            return [self.files.image(image.picture) for image in results["generate"].images]
        name = noun_phrase(shown(subject.photos[0]), plain=True) if method == TOLD else subject.thing.family
        drawings = [Drawing(caption(scene, name), scene.seed) for scene in subject.asked]
        with self.models.served() as served:
            return served.draw(drawings, Sampling(trial.drawing_steps, trial.guidance))

    def measured(
        self, subject: Subject, method: str, images: Sequence[Image.Image], known: dict[int, list[Image.Image]]
    ) -> list[dict[str, Any]]:
        """A row for each image: what the judge reads against the truth, and what the encoders say of product and words.

        `known` are the photos of all products, by seed: the nearest one's should be this product's.
        """
        right = _read(self.judge, images, subject.asked)
        with self.models.dino() as dino:
            rows = dino.images(images)
            near = {seed: rows @ dino.images(photos).T for seed, photos in known.items()}
        with self.models.clip() as clip:
            words = clip.texts([caption(scene) for scene in subject.asked])
            aligned = (clip.images(images) * words).sum(1)
        nearest = np.stack([likeness.max(1) for likeness in near.values()]).argmax(0)
        found = np.array(list(near))[nearest] == subject.seed
        return [
            {
                "product": subject.seed,
                "method": method,
                "asked": scene.context,
                **{name: float(values[place]) for name, values in right.items()},
                "dino_i": float(near[subject.seed][place].mean()),
                "found_of_all": float(found[place]),
                "clip_t": float(aligned[place]),
            }
            for place, scene in enumerate(subject.asked)
        ]

    def _run(self, recipe: Recipe, known: dict[str, Any]) -> dict[str, Any]:
        """The stages of a recipe up to its candidates; results by stage."""
        results: dict[str, Any] = {}
        for stage in stages_of(recipe):
            if stage.name in ("measure", "select"):
                continue
            if stage.name == "class_images" and known["noun"] in self.shared:
                results[stage.name] = self.shared[known["noun"]]
                continue
            code, there = stage.code(), known | results
            given = {each.name: there[each.name] for each in fields(code.Inputs) if each.name in there}
            config = getattr(recipe, CONFIG_OF.get(stage.name, stage.name))
            results[stage.name] = code.run(code.Inputs(**given), config, self.models, LocalContext(), self.files)
        if "class_images" in results:
            self.shared[known["noun"]] = results["class_images"]
        return results

    def strip_of(self, product: int, method: str) -> Path:
        """Where the candidates of a product by a method lie, side by side."""
        return self.folder / f"{product} {method}.png"

    def _keep(
        self, subject: Subject, method: str, images: Sequence[Image.Image], rows: Sequence[dict[str, Any]]
    ) -> None:
        strip = np.concatenate([np.asarray(image) for image in images], axis=1)
        Image.fromarray(strip).save(self.strip_of(subject.seed, method))
        with (self.folder / "rows.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)


def sheet(comparison: Comparison, *, products: int = 10, photos: int = 2, images: int = 3) -> Image.Image:
    """Products in rows: photos of each, then what every method drew of it, in their order; those that all have done."""
    done = {(row["product"], row["method"]) for row in read_rows(comparison.folder)}
    rows: list[list[Image.Image]] = []
    for number in range(comparison.trial.products):
        subject = subject_of(comparison.trial.first_seed + number, comparison.trial)
        if len(rows) == products or not all((subject.seed, method) in done for method in comparison.methods):
            continue
        row = _images(render(subject.photos[:photos], comparison.trial.side).images)
        for method in comparison.methods:
            with Image.open(comparison.strip_of(subject.seed, method)) as strip:
                side = strip.height
                drawn = [strip.crop((place * side, 0, place * side + side, side)) for place in range(images)]
            row += [Image.new("RGB", (side, side), "white"), *drawn]
        rows.append(row)
    return grid(rows)


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of a comparison so far."""
    file = folder / "rows.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def _read(judge: Judge, images: Sequence[Image.Image], scenes: Sequence[Scene]) -> dict[str, NDArray[np.bool_]]:
    """By attribute, and for the look as a whole, in which images the judge reads what the scene says."""
    labels = labels_of(scenes)
    chances = judge.read(torch.from_numpy(np.stack([np.asarray(image.convert("RGB")) for image in images])))
    right = {
        name: ((chances[name].argmax(-1) == labels[:, place]) | (labels[:, place] == UNSAID)).numpy()
        for place, name in enumerate(WORDS)
    }
    return {**right, "look": right["family"] & right["colour"] & right["pattern"] & right["second"]}


def _facts(subject: Subject, files: Files, photos: Renders) -> dict[str, Any]:
    """What the stages are told of a product: photos with masks and captions as a careful seller would give them."""
    shown_in = [
        Photo(files.put_picture(image), files.put_mask(mask > 127), caption(scene, PLACEHOLDER))
        for image, mask, scene in zip(_images(photos.images), photos.masks, subject.photos, strict=True)
    ]
    noun = subject.thing.family
    return {
        "product": ProductFacts(f"A {noun} of the world", noun, tuple(shown_in)),
        "noun": noun,
        "seed": subject.seed,
        # Only the product's own places: what is asked for later is in no training image.
        "prompts": tuple(
            f"a photo of a {PLACEHOLDER} {PLACES[place]}, {light}" for place in subject.places for light in LIGHTS
        ),
        "targets": tuple(TargetPrompt(caption(scene, PLACEHOLDER), scene.seed) for scene in subject.asked),
        "other_nouns": tuple(family for family in FAMILIES if family != noun),
        "model_set": "mini",
    }


def _agree(trial: Trial, file: Path) -> None:
    recipes = "".join(repr(recipe_of(method, trial)) for method in (BASELINE, PAPER))
    said = asdict(trial) | {"recipes": sha256(recipes.encode()).hexdigest()}
    if file.exists() and json.loads(file.read_text("utf-8")) != said:
        raise NotPossible(
            f"{file.parent} holds a comparison of other sizes or recipes; name another folder, or ask for the same."
        )
    file.write_text(json.dumps(said, indent=1) + "\n", "utf-8")


def _images(images: NDArray[np.uint8]) -> list[Image.Image]:
    return [Image.fromarray(image) for image in images]
