"""Pictures and masks: what the mask says is what is drawn, and the same scene is the same pixels."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from generation.world.render import picture, render
from generation.world.sampling import sample_scene, sample_thing
from generation.world.scenes import COLOURS, CONTEXTS, FAMILIES, LIGHTS, Scene, View
from generation.world.stage import set_up
from tests.generation.world.things import scene

SIDE = 32


def both(asked: Scene, side: int = SIDE) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The picture, the same place without the product, and the mask."""
    with torch.inference_mode():
        drawn, mask = picture(set_up(asked), side, 2)
        empty, none = picture(set_up(asked, with_product=False), side, 2)
    assert none.max() == 0
    return drawn.astype(int), empty.astype(int), mask


@pytest.mark.parametrize(
    ("family", "context"),
    list(zip(FAMILIES, ("studio", "kitchen", "garden", "beach", "office", "street"), strict=True)),
)
def test_the_mask_is_where_the_product_is_drawn(family: str, context: str) -> None:
    asked = replace(sample_scene(6, sample_thing(6, family), context, "plain"), occluder="")
    drawn, empty, mask = both(asked)
    changed = np.abs(drawn - empty).max(2)
    # A product may happen to have its background's colour, but hardly all over.
    assert (changed[mask == 255] > 8).mean() > 0.8
    # Outside it, only its shadow is seen: darker or as it was, but for what it gives back to the floor.
    outside = (drawn - empty)[mask == 0]
    assert outside.max() <= 6
    assert 0.02 < (mask > 0).mean() < 0.8


@pytest.mark.parametrize("detail", ["plain", "full"])
def test_the_mask_has_the_products_colour(detail: str) -> None:
    changes: dict[str, Any] = {"thing_second_colour": "red", "detail": detail}
    drawn, _, mask = both(scene(**changes))
    red, green, blue = drawn[mask == 255].mean(0)
    assert red > 1.8 * max(green, blue)


@pytest.mark.parametrize("occluder", ["plant", "ball", "box"])
def test_what_stands_before_the_product_is_cut_out_of_its_mask(occluder: str) -> None:
    low = scene(view=View(0.0, 0.15, 4.0), seed=5)
    _, _, free = both(low)
    drawn, _, hidden = both(replace(low, occluder=occluder))
    lost = free.astype(int) - hidden
    assert lost.min() >= 0
    assert lost.sum() > 0.02 * free.sum()
    covered = drawn[(free == 255) & (hidden == 0)]
    product = drawn[hidden == 255].mean(0)
    assert np.abs(covered.mean(0) - product).max() > 10


def test_a_product_outside_the_picture_has_an_empty_mask() -> None:
    drawn, empty, mask = both(scene(view=View(0.0, 0.2, 2.0, aside=3.0)))
    assert mask.max() == 0
    assert np.abs(drawn - empty).max() <= 60


@pytest.mark.parametrize("detail", ["plain", "full"])
def test_the_same_scene_is_the_same_pixels(detail: str) -> None:
    asked = sample_scene(9, detail="plain" if detail == "plain" else "full")
    first, again = render([asked], 24), render([sample_scene(3), asked], 24)
    assert (first.images[0] == again.images[1]).all()
    assert (first.masks[0] == again.masks[1]).all()


@pytest.mark.parametrize(
    "change",
    [
        {"light": "warm evening light"},
        {"view": View(0.4, 0.3, 4.0)},
        {"context": "garden"},
        {"seed": 2},
        {"thing_colour": "blue"},
        {"thing_pattern": "striped"},
        {"thing_material": "glossy"},
        {"thing_genes": (0.1,) * 12},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_part_of_a_scene_is_seen(change: dict[str, Any]) -> None:
    base, changed = render([scene(), scene(**change)], 24).images.astype(int)
    assert np.abs(base - changed).max() > 8


@pytest.mark.parametrize(
    "change",
    [{"thing_mark": "star"}, {"thing_pattern": "marbled"}, {"thing_material": "metal"}],
    ids=["mark", "veins", "metal"],
)
def test_what_a_plain_picture_leaves_out_is_seen_in_full(change: dict[str, Any]) -> None:
    looks = {"thing_material": "glossy"} | change if "thing_material" in change else change
    plain = render([scene(thing_material="glossy" if "thing_material" in change else "matte"), scene(**looks)], 24)
    assert (plain.images[0] == plain.images[1]).all()
    full = render([scene(detail="full"), scene(detail="full", **change)], 24).images.astype(int)
    assert np.abs(full[0] - full[1]).max() > 20


def test_places_differ_at_a_glance() -> None:
    scenes = [scene(context=context, view=View(0.0, 0.25, 4.0), seed=3) for context in CONTEXTS]
    means = [image[[0, 4, 8], :].reshape(-1, 3).astype(float) for image in render(scenes, 12).images]
    gaps = [np.abs(a - b).mean() for index, a in enumerate(means) for b in means[index + 1 :]]
    assert min(gaps) > 8


def test_lights_keep_a_colours_word() -> None:
    """The product's mean hue stays nearest to its own word's under every light."""
    names = ("red", "green", "blue", "yellow", "purple")
    for light in LIGHTS:
        things = [scene(light=light, thing_colour=name, thing_second_colour=name) for name in names]
        renders = render(things, 16)
        for name, image, mask in zip(names, renders.images, renders.masks, strict=True):
            seen = image[mask == 255].mean(0) / image[mask == 255].mean()
            gaps = {word: np.abs(seen - np.array(COLOURS[word]) / np.mean(COLOURS[word])).sum() for word in names}
            assert min(gaps, key=lambda word: gaps[word]) == name, (light, name)


def test_small_products_stand_on_a_table_before_a_soft_background() -> None:
    asked = scene(context="kitchen", detail="full", view=View(0.0, 0.2, 4.2, above=0.1))
    sharp = replace(asked, thing=replace(asked.thing, family="bag"))
    soft_image, sharp_image = render([asked, sharp], 48).images.astype(int)
    steps = [np.abs(np.diff(image[:10].mean(2), axis=1)).max() for image in (soft_image, sharp_image)]
    assert steps[0] < steps[1]


def test_a_quick_picture_looks_the_same() -> None:
    asked = scene(context="street", detail="full", seed=4)
    slow, quick = render([asked], 64, 2), render([asked], 64, 2, quick=True)
    gap = np.abs(slow.images.astype(int) - quick.images.astype(int))
    assert gap.mean() < 1.5
    assert np.abs(slow.masks.astype(int) - quick.masks).mean() < 0.5


def test_a_picture_in_bands_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = render([scene()], 20)
    monkeypatch.setattr("generation.world.render.RAYS_AT_ONCE", 200)
    banded = render([scene()], 20)
    assert np.abs(whole.images.astype(int) - banded.images).max() <= 1


@pytest.mark.parametrize(("side", "samples"), [(0, 2), (8, 0)])
def test_a_picture_without_rays_is_refused(side: int, samples: int) -> None:
    with pytest.raises(ValueError, match="has no rays"):
        render([scene()], side, samples)


def test_no_scenes_are_no_pictures() -> None:
    renders = render([], 8)
    assert renders.images.shape == (0, 8, 8, 3)
    assert renders.masks.shape == (0, 8, 8)
