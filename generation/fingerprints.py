"""What each stage of a run is made from, and the fingerprint that follows: all known before anything runs.

A fingerprint hashes the stage and its version, its part of the recipe, the identities of its roles' checkpoints, its
own inputs, and the fingerprints of the stages before it. A stage sees of a product only what `TAKES` names, and nothing
else goes into its fingerprint: a new caption leaves the masks alone.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from generation.checkpoints.roles import Role
from generation.pipeline import BY_NAME, Stage, StageName, stages_of
from generation.recipe import CAME_LATER, FinetuneConfig, Recipe
from generation.records import Backdrop, Photo, ProductFacts, TargetPrompt


@dataclass(frozen=True)
class Takes:
    """What a stage takes beside the results of those before it.

    `masks` and `captions` are a person's, `seed` the run's; `noun` is for a stage that knows a type and no product.
    """

    product: bool = True
    title: bool = False
    masks: bool = False
    captions: bool = False
    seed: bool = False
    prompts: bool = False
    targets: bool = False
    backdrops: bool = False
    other_nouns: bool = False
    noun: bool = False


TAKES: dict[StageName, Takes] = {
    "segment": Takes(masks=True),
    "matte": Takes(),
    "caption": Takes(captions=True),
    "novel_views": Takes(seed=True),
    "new_contexts": Takes(seed=True, prompts=True),
    "negatives": Takes(seed=True, other_nouns=True),
    "filter": Takes(),
    "class_images": Takes(product=False, noun=True),
    "finetune": Takes(seed=True, title=True, other_nouns=True),  # no token may read like the product
    "generate": Takes(seed=True, targets=True, backdrops=True),
    "measure": Takes(),
    "select": Takes(product=False),
}
# Results that generate uses in one way of making images.
_ONLY_FOR: dict[str, str] = {"finetune": "adapter", "matte": "background-swap"}
# Parameters that say how a stage runs or what follows it, and change nothing of its result.
WITHOUT_EFFECT: dict[StageName, tuple[str, ...]] = {"finetune": ("checkpoint_every",), "select": ("escalate_below",)}
# Those whose config is a part of another stage's.
_CONFIG_OF: dict[str, str] = {"class_images": "finetune"}


@dataclass(frozen=True)
class Material:
    """All that a run's stages are made from: what is known of the product, and what was drawn for it."""

    product: ProductFacts
    seed: int
    prompts: tuple[str, ...] = ()
    targets: tuple[TargetPrompt, ...] = ()
    backdrops: tuple[Backdrop, ...] = ()  # those that the targets name
    other_nouns: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlannedStage:
    """A stage of a run with its fingerprint; `config`, `inputs` and `upstream` are what a row keeps, as JSON."""

    stage: Stage
    fingerprint: str
    config: dict[str, Any]
    inputs: dict[str, Any]
    checkpoints: dict[str, str]
    upstream: dict[str, str] = field(default_factory=dict)

    @property
    def is_shared(self) -> bool:
        """Whether products share it: it knows a type only."""
        return self.stage.name in SHARED


SHARED = tuple(name for name, takes in TAKES.items() if takes.noun and not takes.product)  # by products of a type


def needed_stages(recipe: Recipe) -> tuple[Stage, ...]:
    """The stages of a recipe that its selection depends on, in order: what nothing uses is not made."""
    there = stages_of(recipe)
    needed: set[str] = {"select"}
    for stage in reversed(there):
        if stage.name in needed:
            needed |= {name for name in stage.after if _is_used(name, stage, recipe)}
    return tuple(stage for stage in there if stage.name in needed)


def roles_of(recipe: Recipe) -> tuple[Role, ...]:
    """The roles that the stages of a recipe ask for."""
    return tuple(dict.fromkeys(role for stage in needed_stages(recipe) for role in stage.roles_in(recipe)))


def plan(recipe: Recipe, checkpoints: Mapping[str, str], material: Material) -> list[PlannedStage]:
    """The stages of a run in order, each with its fingerprint. `checkpoints` has the identity of each role."""
    planned: dict[str, PlannedStage] = {}
    for stage in needed_stages(recipe):
        config = config_of(stage, recipe)
        inputs = inputs_of(stage, material)
        identities: dict[str, str] = {role: checkpoints[role] for role in stage.roles_in(recipe)}
        before = [name for name in stage.after if name in planned and _is_used(name, stage, recipe)]
        upstream: dict[str, str] = {name: planned[name].fingerprint for name in before}
        print_ = fingerprint(stage, config, identities, {"own": inputs, "upstream": upstream})
        planned[stage.name] = PlannedStage(stage, print_, config, inputs, identities, upstream)
    return list(planned.values())


def config_of(stage: Stage, recipe: Recipe) -> dict[str, Any]:
    """A stage's part of the recipe, JSON-ready; of what products share, only what it depends on is not the default."""
    if stage.name == "class_images":
        finetune = recipe.finetune or FinetuneConfig()
        return asdict(FinetuneConfig(class_images=finetune.class_images, size=finetune.size))
    return asdict(getattr(recipe, stage.name))


def config_from(stage: Stage, values: dict[str, Any]) -> Any:
    """The config dataclass of a stage back from what `config_of` gave."""
    name = _CONFIG_OF.get(stage.name, stage.name)
    return TypeAdapter(get_type_hints(Recipe)[name]).validate_python(values)


def inputs_of(stage: Stage, material: Material) -> dict[str, Any]:
    """What the stage takes beside upstream results, JSON-ready, under the names that its `Inputs` has."""
    takes = TAKES[stage.name]
    inputs: dict[str, Any] = {}
    if takes.product:
        inputs["product"] = asdict(_seen(material.product, takes))
    for name in ("seed", "prompts", "other_nouns"):
        if getattr(takes, name):
            value = getattr(material, name)
            inputs[name] = list(value) if isinstance(value, tuple) else value
    if takes.targets:
        inputs["targets"] = [_told(target) for target in material.targets]
    if takes.backdrops and material.backdrops:
        inputs["backdrops"] = [asdict(backdrop) for backdrop in material.backdrops]
    if takes.noun:
        # One seed for all runs: what a type shares knows none of them.
        inputs |= {"noun": material.product.noun, "seed": 0}
    return inputs


def fingerprint(stage: Stage, config: Mapping[str, Any], checkpoints: Mapping[str, str], made_from: Any) -> str:
    """64 hexadecimal digits that change with anything that the stage's result depends on."""
    without, before = WITHOUT_EFFECT.get(stage.name, ()), CAME_LATER.get(stage.name, {})
    counted = {
        name: value
        for name, value in config.items()
        if name not in without and not (name in before and value == before[name])
    }
    whole = [stage.name, stage.version_of(config), counted, dict(checkpoints), made_from]
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _seen(product: ProductFacts, takes: Takes) -> ProductFacts:
    photos = tuple(_seen_photo(photo, takes) for photo in product.photos)
    return ProductFacts(product.title if takes.title else "", product.noun, photos)


def _seen_photo(photo: Photo, takes: Takes) -> Photo:
    seen = photo if takes.masks else replace(photo, mask=None)
    return seen if takes.captions else replace(seen, caption="")


def _is_used(name: StageName, by: Stage, recipe: Recipe) -> bool:
    if by.name == "generate" and name in _ONLY_FOR:
        return BY_NAME[name].is_in(recipe) and recipe.generate.way == _ONLY_FOR[name]
    if by.name == "select":  # the metrics name the images; without any, the images are looked at themselves
        return BY_NAME[name].is_in(recipe) and (name == "measure" or recipe.measure is None)
    return BY_NAME[name].is_in(recipe)


def _told(target: TargetPrompt) -> dict[str, Any]:
    """A target as results kept it before there were backgrounds, unless it has one."""
    return {name: value for name, value in asdict(target).items() if value or name != "backdrop"}
