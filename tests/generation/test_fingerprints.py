"""What a change redoes: a table of changes, each with the stages whose fingerprints change, and no others."""

from dataclasses import replace
from typing import Any, get_args

import pytest

from generation.checkpoints.roles import Role
from generation.fingerprints import (
    SHARED,
    TAKES,
    Material,
    config_from,
    config_of,
    fingerprint,
    needed_stages,
    plan,
    roles_of,
)
from generation.pipeline import BY_NAME, STAGES
from generation.recipe import (
    FinetuneConfig,
    GenerateConfig,
    NegativesConfig,
    Recipe,
    SwapConfig,
    recipe_from,
)
from generation.records import Backdrop, Photo, Picture, ProductFacts, TargetPrompt

RECIPE = Recipe(finetune=FinetuneConfig(prior_weight=1.0, class_images=8))
CHECKPOINTS: dict[str, str] = {role: f"{role} one" for role in get_args(Role)}
FRONT = Picture("photos/aa/aa.jpg", "aa", 64, 48)
BACK = Picture("photos/bb/bb.jpg", "bb", 64, 48)
MASK = Picture("generated/cc/cc.png", "cc", 64, 48)
MATERIAL = Material(
    ProductFacts("Red mug", "mug", (Photo(FRONT), Photo(BACK))),
    seed=1,
    prompts=("{product} in snow",),
    targets=(TargetPrompt("{product} on a table", 7),),
    other_nouns=("chair",),
)
ALL: list[str] = [stage.name for stage in STAGES if stage.name != "matte"]  # of what trains; a swap has its own test
PIPELINE = ["novel_views", "new_contexts", "negatives", "filter", "finetune", "generate", "measure", "select"]


def facts(**changes: Any) -> Material:
    return replace(MATERIAL, product=replace(MATERIAL.product, **changes))


def part(name: str, **changes: Any) -> Recipe:
    return replace(RECIPE, **{name: replace(getattr(RECIPE, name), **changes)})


def prints(recipe: Recipe = RECIPE, material: Material = MATERIAL, **checkpoints: str) -> dict[str, str]:
    """By stage the fingerprint."""
    planned = plan(recipe, CHECKPOINTS | checkpoints, material)
    return {each.stage.name: each.fingerprint for each in planned}


FROM_CAPTION = ["caption", "negatives", "filter", "finetune", "generate", "measure", "select"]
CHANGES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing": ({}, []),
    "the rank": ({"recipe": part("finetune", rank=16)}, ["finetune", "generate", "measure", "select"]),
    "how often training is saved": ({"recipe": part("finetune", checkpoint_every=7)}, []),
    "the steps of new contexts": (
        {"recipe": part("new_contexts", steps=9)},
        ["new_contexts", "negatives", "filter", "finetune", "generate", "measure", "select"],
    ),
    "the ratio": (
        {"recipe": part("negatives", positives_per_negative=1)},
        ["negatives", "filter", "finetune", "generate", "measure", "select"],
    ),
    "the filter's threshold": (
        {"recipe": part("filter", least_iou=0.5)},
        ["filter", "finetune", "generate", "measure", "select"],
    ),
    "the number of class images": (
        {"recipe": part("finetune", class_images=9)},
        ["class_images", "finetune", "generate", "measure", "select"],
    ),
    "the format": ({"recipe": part("generate", format="webp")}, ["generate", "measure", "select"]),
    "guidance": ({"recipe": part("generate", guidance=3)}, ["generate", "measure", "select"]),
    "the batch of metrics": ({"recipe": part("measure", batch=3)}, ["measure", "select"]),
    "how many are picked": ({"recipe": part("select", top=9)}, ["select"]),
    "when to escalate": ({"recipe": part("select", escalate_below=3)}, []),
    "the next tier's name": ({"recipe": replace(RECIPE, next_tier="other")}, []),
    "the seed": (
        {"material": replace(MATERIAL, seed=2)},
        PIPELINE,
    ),
    "the title": ({"material": facts(title="Blue mug")}, ["finetune", "generate", "measure", "select"]),
    "the noun": (
        {"material": facts(noun="cup")},
        ALL,
    ),
    "a person's mask": (
        {"material": facts(photos=(Photo(FRONT, mask=MASK), Photo(BACK)))},
        ["segment", *PIPELINE],
    ),
    "a person's caption": (
        {"material": facts(photos=(Photo(FRONT, caption="A {product} in red."), Photo(BACK)))},
        FROM_CAPTION,
    ),
    "a photo more": (
        {"material": facts(photos=(Photo(FRONT),))},
        [name for name in ALL if name not in SHARED],
    ),
    "how many negatives a text has": (
        {"recipe": part("negatives", shared_per_prompt=2)},
        ["negatives", "filter", "finetune", "generate", "measure", "select"],
    ),
    "the steps of negatives": (
        {"recipe": part("negatives", steps=9)},
        ["negatives", "filter", "finetune", "generate", "measure", "select"],
    ),
    "the prompts of contexts": (
        {"material": replace(MATERIAL, prompts=("{product} in sand",))},
        ["new_contexts", "negatives", "filter", "finetune", "generate", "measure", "select"],
    ),
    "the targets": (
        {"material": replace(MATERIAL, targets=(TargetPrompt("{product} on a bed", 7),))},
        ["generate", "measure", "select"],
    ),
    "a target's seed": (
        {"material": replace(MATERIAL, targets=(TargetPrompt("{product} on a table", 8),))},
        ["generate", "measure", "select"],
    ),
    "the other nouns": (
        {"material": replace(MATERIAL, other_nouns=("boot",))},
        ["negatives", "filter", "finetune", "generate", "measure", "select"],
    ),
    "the segmenter": (
        {"segmenter": "another"},
        ["segment", *PIPELINE],
    ),
    "the served checkpoint": ({"served": "another"}, ["generate", "measure", "select"]),
    "the prompt writer": ({"writer": "another"}, []),
    "DINO": (
        {"dino": "another"},
        PIPELINE,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "redone"), CHANGES.values(), ids=CHANGES.keys())
def test_a_change_redoes_what_depends_on_it(change: dict[str, Any], redone: list[str]) -> None:
    before, after = prints(), prints(**change)
    assert [name for name in ALL if before[name] != after[name]] == sorted(redone, key=ALL.index)


@pytest.mark.parametrize(
    ("stage", "parameter", "before"), [("generate", "format", "png"), ("negatives", "shared_per_prompt", 0)]
)
def test_a_parameter_that_came_later_counts_only_where_it_is_not_what_it_was(
    stage: str, parameter: str, before: object
) -> None:
    values = config_of(BY_NAME[stage], part(stage, **{parameter: before}))
    made_from: Any = {"own": {}, "upstream": {}}
    without = {name: value for name, value in values.items() if name != parameter}
    other = values | {parameter: "webp" if before == "png" else 3}
    now, then, changed = (fingerprint(BY_NAME[stage], config, {}, made_from) for config in (values, without, other))
    assert now == then != changed


def test_a_new_version_of_a_stage_redoes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = prints()
    newer = tuple(replace(stage, version=9) if stage.name == "measure" else stage for stage in STAGES)
    monkeypatch.setattr("generation.pipeline.STAGES", newer)
    after = prints()
    assert [name for name in ALL if before[name] != after[name]] == ["measure", "select"]


def test_a_new_version_of_swaps_redoes_no_other_images(monkeypatch: pytest.MonkeyPatch) -> None:
    before = prints(), prints(SWAP)
    newer = [replace(stage, swap_version=9) if stage.name == "generate" else stage for stage in STAGES]
    monkeypatch.setattr("generation.pipeline.STAGES", tuple(newer))
    assert prints() == before[0]
    after = prints(SWAP)
    assert [name for name in after if before[1][name] != after[name]] == ["generate", "measure", "select"]


def test_a_stage_that_is_turned_off_changes_those_after_it() -> None:
    before, after = prints(), prints(replace(RECIPE, novel_views=None))
    assert "novel_views" not in after
    assert [name for name in after if before[name] != after[name]] == [
        "new_contexts", "negatives", "filter", "finetune", "generate", "measure", "select",
    ]  # fmt: skip


def test_what_a_type_shares_is_the_same_for_all_its_products() -> None:
    other = Material(ProductFacts("Other mug", "mug", (Photo(BACK),)), seed=99)
    assert [prints(material=other)[name] for name in SHARED] == [prints()[name] for name in SHARED]
    chair = replace(other, product=replace(other.product, noun="chair"))
    assert not {prints(material=chair)[name] for name in SHARED} & {prints()[name] for name in SHARED}
    assert prints(material=other)["segment"] != prints()["segment"]
    shared = [each.stage.name for each in plan(RECIPE, CHECKPOINTS, MATERIAL) if each.is_shared]
    assert shared == list(SHARED) == ["class_images"]


SWAP = recipe_from({"matte": {}, "generate": {"way": "background-swap", "swap": {}}})
NEEDED: dict[str, tuple[Recipe, list[str]]] = {
    "the paper's": (Recipe(), [name for name in ALL if name != "class_images"]),
    "with class images": (RECIPE, ALL),
    "reference editing, with stages left on that nobody uses": (
        recipe_from({"generate": {"way": "reference-edit"}}),
        ["segment", "generate", "measure", "select"],
    ),
    "background swap": (
        SWAP,
        ["segment", "matte", "generate", "measure", "select"],
    ),
    "background swap that is not measured": (replace(SWAP, measure=None), ["segment", "matte", "generate", "select"]),
    "photos only": (
        recipe_from({"novel_views": False, "new_contexts": False, "negatives": False, "filter": False}),
        ["segment", "caption", "finetune", "generate", "measure", "select"],
    ),
}


@pytest.mark.parametrize(("recipe", "names"), NEEDED.values(), ids=NEEDED.keys())
def test_only_what_the_selection_depends_on_is_made(recipe: Recipe, names: list[str]) -> None:
    assert [stage.name for stage in needed_stages(recipe)] == names


def test_roles_are_those_of_the_needed_stages() -> None:
    edit = Recipe(generate=GenerateConfig(way="reference-edit"), negatives=NegativesConfig())
    assert set(roles_of(edit)) == {"segmenter", "served", "safety", "clip", "dino"}


def test_a_swap_asks_for_no_model_that_draws() -> None:
    assert set(roles_of(SWAP)) == {"segmenter", "clip", "dino"}
    assert set(roles_of(replace(SWAP, measure=None))) == {"segmenter"}


def test_a_changed_background_or_shadow_redoes_a_swaps_images_and_not_its_cut_outs() -> None:
    table = Backdrop("table", "aa", "a {product} on a table")
    material = replace(MATERIAL, backdrops=(table,), targets=(TargetPrompt(table.words, 7, table.name),))
    before = prints(SWAP, material)
    softer = replace(SWAP, generate=replace(SWAP.generate, swap=SwapConfig(shadow=0.5)))
    other = replace(material, backdrops=(replace(table, sha256="bb"),))
    for after in (prints(softer, material), prints(SWAP, other)):
        assert [name for name in before if before[name] != after[name]] == ["generate", "measure", "select"]


@pytest.mark.parametrize("stage", [BY_NAME[name] for name in ALL], ids=lambda stage: stage.name)
def test_configs_come_back_equal(stage: Any) -> None:
    config = config_from(stage, config_of(stage, RECIPE))
    if stage.name == "class_images":
        assert config == FinetuneConfig(class_images=8)
    else:
        assert config == getattr(RECIPE, stage.name)


def test_inputs_hold_what_a_stage_takes_and_no_more() -> None:
    planned = {each.stage.name: each for each in plan(RECIPE, CHECKPOINTS, MATERIAL)}
    assert set(planned["generate"].inputs) == {"product", "seed", "targets"}
    assert planned["class_images"].inputs == {"noun": "mug", "seed": 0}
    assert planned["select"].inputs == {}
    assert planned["segment"].inputs["product"]["title"] == ""
    assert planned["measure"].upstream == {
        "segment": planned["segment"].fingerprint,
        "generate": planned["generate"].fingerprint,
    }


def test_every_stage_says_what_it_takes() -> None:
    assert set(TAKES) == set(BY_NAME)


def test_a_fingerprint_is_the_same_on_every_day() -> None:
    # Were this to change, every result that was ever made would be made anew.
    stage = replace(BY_NAME["segment"], version=1)
    made = fingerprint(stage, {"surest": 0.6, "é": None}, {"segmenter": "sam|one"}, {"own": {"b": [1, 2], "a": ""}})
    assert made == "e722070a31eda0e7ed0d2ea4f63f7585b43f164955dedac76b65ac05a854f27f"
