"""Prompts, seeds and nouns are drawn without repeats, again and again the same, and apart from each other."""

from dataclasses import replace

import pytest

from generation.recipe import GenerateConfig, NewContextsConfig, NovelViewsConfig
from generation.sampling import LARGEST_SEED, Draw, contexts, contexts_wanted, other_nouns, targets

BANK = [f"{{product}} in place {number}" for number in range(42)]
DRAW = Draw("shop/4711", 3)


def test_the_same_draw_gives_the_same_targets_in_whatever_order_the_bank_comes() -> None:
    config = GenerateConfig(candidates=20, prompts=10)
    assert targets(BANK, config, DRAW) == targets(reversed(BANK), config, DRAW)


@pytest.mark.parametrize("other", [replace(DRAW, seed=4), replace(DRAW, product="shop/4712")], ids=["seed", "product"])
def test_another_draw_gives_other_prompts(other: Draw) -> None:
    config = GenerateConfig(candidates=10, prompts=10)
    first, second = targets(BANK, config, DRAW), targets(BANK, config, other)
    assert {target.template for target in first} != {target.template for target in second}


def test_the_next_tier_takes_the_same_prompts_with_other_seeds() -> None:
    config = GenerateConfig(candidates=10, prompts=10)
    first, second = targets(BANK, config, DRAW), targets(BANK, config, replace(DRAW, tier=1))
    assert [target.template for target in first] == [target.template for target in second]
    assert not {target.seed for target in first} & {target.seed for target in second}


def test_prompts_come_again_with_other_seeds_only_when_all_had_their_turn() -> None:
    made = targets(BANK, GenerateConfig(candidates=20, prompts=8), DRAW)
    assert len({target.template for target in made[:8]}) == 8
    assert [target.template for target in made[8:16]] == [target.template for target in made[:8]]
    assert len(set(made)) == 20
    assert all(0 <= target.seed <= LARGEST_SEED for target in made)


def test_more_candidates_keep_those_that_were_there() -> None:
    few, many = (targets(BANK, GenerateConfig(candidates=count), DRAW) for count in (6, 30))
    assert many[:6] == few


def test_one_more_prompt_in_the_bank_changes_one_choice_at_most() -> None:
    config = GenerateConfig(candidates=10, prompts=10)
    before = {target.template for target in targets(BANK, config, DRAW)}
    after = {target.template for target in targets([*BANK, "{product} on the moon"], config, DRAW)}
    assert len(before - after) <= 1


def test_an_empty_bank_gives_nothing() -> None:
    assert targets([], GenerateConfig(), DRAW) == ()
    assert contexts([], 10, DRAW) == ()


@pytest.mark.parametrize(
    ("bank", "wanted", "prompts", "got", "shared"),
    [
        (42, 20, 10, 20, 0),
        (42, 100, 10, 21, 0),
        (10, 100, 5, 5, 0),
        (10, 100, 8, 5, 3),
        (1, 4, 1, 1, 1),
    ],
    ids=["plenty", "contexts take half at most", "a small bank", "a bank too small for both", "one prompt"],
)
def test_contexts_and_targets_share_prompts_only_where_the_bank_is_too_small(
    bank: int, wanted: int, prompts: int, got: int, shared: int
) -> None:
    texts = BANK[:bank]
    training = contexts(texts, wanted, DRAW)
    aims = {target.template for target in targets(texts, GenerateConfig(candidates=40, prompts=prompts), DRAW)}
    assert len(training) == len(set(training)) == got
    assert len(set(training) & aims) == shared


def test_contexts_do_not_depend_on_the_number_of_targets() -> None:
    """Their signature has no place for it; with more wanted, the first ones stay."""
    assert contexts(BANK, 12, DRAW)[:5] == contexts(BANK, 5, DRAW)


@pytest.mark.parametrize(
    ("views", "wanted"), [(None, 12), (NovelViewsConfig(views=8), 3 * (4 + 8))], ids=["photos only", "with views"]
)
def test_each_context_image_would_have_its_own_prompt(views: NovelViewsConfig | None, wanted: int) -> None:
    assert contexts_wanted(NewContextsConfig(per_photo=4, per_view=1), views, 3) == wanted


def test_other_nouns_are_never_the_own_one() -> None:
    nouns = [f"thing {number}" for number in range(30)]
    drawn = other_nouns(nouns, "thing 3", DRAW)
    assert len(drawn) == 12
    assert "thing 3" not in other_nouns(nouns[:5], "thing 3", DRAW)
    assert drawn == other_nouns(reversed(nouns), "thing 3", DRAW)
    assert other_nouns(["mug"], "mug", DRAW) == ()
