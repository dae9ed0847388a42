"""Negatives: in-class ones without the token, counterfactuals on the same ground; counts from the positives."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from generation.context import LocalContext
from generation.files import Files
from generation.imaging import box_mask, box_of, letterbox, resize_mask, soft_edge
from generation.recipe import NegativesConfig
from generation.records import (
    ContextImage,
    InClassImage,
    Negative,
    NegativesResult,
    NewContextsResult,
    NovelView,
    NovelViewsResult,
    Photo,
    PhotoMask,
    ProductFacts,
    SegmentResult,
)
from generation.stages import negatives
from generation.stages.negatives import EDGE, Inputs, Wanted, counts_for, wanted_for
from tests.factories.pipeline import files_in, make_product, tiny_models

CONFIG = NegativesConfig(steps=1, guidance=2.0, positives_per_negative=0.5, spare=1.0)
OTHERS = ("lamp", "chair", "travel mug")


def inputs_for(files: Files, **change: Any) -> Inputs:
    product, segment, captions = make_product(files)
    given = {"product": product, "segment": segment, "caption": captions, "seed": 3, "other_nouns": OTHERS, **change}
    return Inputs(**given)


@pytest.mark.parametrize(
    ("positives", "change", "masks", "counts"),
    [
        (12, {}, True, (5, 4)),
        (12, {"spare": 1.0}, True, (3, 3)),
        (12, {"spare": 1.0, "positives_per_negative": 1.0}, True, (6, 6)),
        (12, {"spare": 1.0, "counterfactual_share": 0.0}, True, (6, 0)),
        (12, {"spare": 1.0, "counterfactual_share": 1.0}, True, (0, 6)),
        (12, {"spare": 1.0}, False, (6, 0)),
        (1, {"spare": 1.0}, True, (1, 0)),
        (0, {}, True, (0, 0)),
    ],
)
def test_counts_follow_the_ratio(
    positives: int, change: dict[str, float], masks: bool, counts: tuple[int, int]
) -> None:
    assert counts_for(positives, NegativesConfig(**change), masks=masks) == counts


def test_all_positives_count_and_dropped_views_do_not(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    inputs = inputs_for(files)
    photo, mask = inputs.segment.masks[0].picture, inputs.segment.masks[0].mask
    views = tuple(NovelView(photo, n, 1, photo, mask, 0.9, 0.9, 1.0, kept=n < 3) for n in range(5))
    contexts = NewContextsResult((ContextImage(photo, photo, "a {product}", 1, photo, mask),) * 5)
    config = NegativesConfig(spare=1.0)
    assert len(wanted_for(inputs, config)) == 1
    assert len(wanted_for(replace(inputs, novel_views=NovelViewsResult(views), new_contexts=contexts), config)) == 5


@pytest.mark.parametrize("family", ["sd", "sdxl", "flux2-klein"])
def test_both_kinds_are_made(family: str, tmp_path: Path) -> None:
    files = files_in(tmp_path)
    result = negatives.run(inputs_for(files), CONFIG, tiny_models(family), LocalContext(), files)
    assert [image.kind for image in result.images] == ["in-class"] * 2 + ["counterfactual"] * 2
    assert [image.prompt for image in result.images[:2]] == [
        "a red mug on a blue table, photo 0",
        "a red mug on a blue table, photo 1",
    ]
    assert [image.object for image in result.images] == ["", "", "lamp", "chair"]
    assert result.images[2].prompt == "a red lamp on a blue table, photo 0"
    assert len({image.picture.sha256 for image in result.images}) == 4
    assert result.positives_per_negative == 0.5
    for image in result.images:
        assert "{product}" not in image.prompt
        assert "sks" not in image.prompt


def with_contexts(inputs: Inputs, texts: str) -> Inputs:
    """The inputs with a context for each letter, from the photos in turn."""
    photos = [photo.picture for photo in inputs.product.photos]
    images = tuple(
        ContextImage(photos[place % 2], photos[place % 2], f"a {{product}} {text}", 1, photos[0], photos[0])
        for place, text in enumerate(texts)
    )
    return replace(inputs, new_contexts=NewContextsResult(images))


def in_class(inputs: Inputs, config: NegativesConfig) -> list[Wanted]:
    return [one for one in wanted_for(inputs, config) if one.kind == "in-class"]


def made_for(
    inputs: Inputs, config: NegativesConfig, files: Files, context: LocalContext | None = None
) -> list[Negative]:
    """In-class negatives of a run on a tiny base."""
    result = negatives.run(inputs, config, tiny_models(), context or LocalContext(), files)
    return [image for image in result.images if image.kind == "in-class"]


def assert_alike(made: list[Negative], other: list[Negative], files: Files) -> None:
    """The same negatives; a batch of another size rounds otherwise, so that a value may differ by a step or two."""
    blank = other[0].picture
    assert [replace(one, picture=blank) for one in made] == [replace(one, picture=blank) for one in other]
    for one, two in zip(made, other, strict=True):
        pixels = [np.asarray(files.image(each.picture), np.int16) for each in (one, two)]
        assert np.abs(pixels[0] - pixels[1]).max() <= 2


def pool_of(made: list[Negative]) -> tuple[InClassImage, ...]:
    """What of these the type's products share."""
    return tuple(InClassImage(one.template, one.prompt, one.seed, one.picture) for one in made if one.template)


class TestShared:
    """Two photos and as many contexts as letters; one negative for each positive, half of them in-class."""

    CONFIG = NegativesConfig(steps=1, positives_per_negative=1.0, spare=1.0)

    @pytest.mark.parametrize(
        ("contexts", "each", "shared", "own"),
        [
            ("abcdef", 1, "abcd", 0),
            ("fedcba", 1, "fedc", 0),
            ("ab", 1, "ab", 0),
            ("aaaa", 1, "a", 2),
            ("aaaa", 2, "aa", 1),
            ("aabb", 2, "aba", 0),
            ("abcd", 0, "", 3),
            ("", 1, "", 1),
        ],
        ids=[
            "no more than needed", "in the product's order", "all", "one of each text", "a second round",
            "round after round", "none is to be shared", "no context",
        ],
    )  # fmt: skip
    def test_texts_of_contexts_come_first(
        self, contexts: str, each: int, shared: str, own: int, tmp_path: Path
    ) -> None:
        inputs = with_contexts(inputs_for(files_in(tmp_path)), contexts)
        config = replace(self.CONFIG, shared_per_prompt=each)
        wanted = in_class(inputs, config)
        assert [one.prompt for one in wanted if one.shared] == [f"a mug {text}" for text in shared]
        assert len(wanted) == len(shared) + own
        assert len({one.seed for one in wanted}) == len(wanted)
        assert len(wanted_for(inputs, config)) == 2 + len(contexts)

    def test_a_shared_one_names_the_photo_whose_context_has_its_text(self, tmp_path: Path) -> None:
        inputs = with_contexts(inputs_for(files_in(tmp_path)), "ab")
        first, second = (photo.picture for photo in inputs.product.photos)
        assert [one.source for one in in_class(inputs, self.CONFIG)] == [first, second]

    @pytest.mark.parametrize("family", ["sd", "sdxl", "flux2-klein"])
    def test_every_product_and_seed_gets_the_same_image_of_a_text(self, family: str, tmp_path: Path) -> None:
        files = files_in(tmp_path)
        one, other = (
            negatives.run(with_contexts(inputs_for(files, **asked), texts), self.CONFIG, tiny_models(family),
                          LocalContext(), files)
            for asked, texts in (({}, "ab"), ({"seed": 99, "caption": None}, "bc"))
        )  # fmt: skip
        pictures = [{image.template: image.picture for image in each.images if image.template} for each in (one, other)]
        assert pictures[0]["a {product} b"] == pictures[1]["a {product} b"]
        assert len({*pictures[0].values(), *pictures[1].values()}) == 3

    def test_another_type_has_other_images(self, tmp_path: Path) -> None:
        inputs = with_contexts(inputs_for(files_in(tmp_path)), "ab")
        lamp = replace(inputs, product=replace(inputs.product, noun="lamp"))
        seeds = [{one.seed for one in in_class(each, self.CONFIG) if one.shared} for each in (inputs, lamp)]
        assert not seeds[0] & seeds[1]

    @pytest.mark.parametrize("there", ["", "a", "ab", "abxyz"])
    def test_what_the_type_has_is_not_drawn_again_and_changes_no_result(self, there: str, tmp_path: Path) -> None:
        files = files_in(tmp_path)
        inputs = with_contexts(inputs_for(files), "abcd")
        alone = made_for(inputs, self.CONFIG, files)
        others = made_for(with_contexts(inputs_for(files, seed=8), there), replace(self.CONFIG, spare=2), files)
        context = LocalContext()
        beside = made_for(replace(inputs, there=pool_of(others)), self.CONFIG, files, context)
        assert_alike(beside, alone, files)
        drawn = [name for name in context.done if name.startswith("in-class")]
        assert len(drawn) == 3 - len(set("abc") & set(there))

    def test_with_all_of_them_there_the_base_is_not_asked_for(self, tmp_path: Path) -> None:
        files = files_in(tmp_path)
        config = replace(self.CONFIG, counterfactual_share=0)
        inputs = with_contexts(inputs_for(files), "abcd")
        made = made_for(inputs, config, files)
        all_there = replace(inputs, there=pool_of(made))
        own = replace(config, positives_per_negative=2.0)  # three: as many as texts of contexts
        assert negatives.run(all_there, own, NoModels(), LocalContext(), files).images == tuple(made[:3])

    def test_after_a_crash_what_was_taken_stays_taken(self, tmp_path: Path) -> None:
        files, context = files_in(tmp_path), LocalContext()
        inputs = with_contexts(inputs_for(files), "abcd")
        alone = made_for(inputs, self.CONFIG, files)
        first = made_for(replace(inputs, there=pool_of(alone)[:1]), self.CONFIG, files, context)
        assert_alike(first, alone, files)
        lost = [name for name in context.done if name.startswith("in-class")][:1]
        for name in lost:
            del context.done[name]
        # The type has more by now; what was drawn for this run already is not thrown away for it.
        assert_alike(made_for(replace(inputs, there=pool_of(alone)), self.CONFIG, files, context), first, files)

    def test_a_text_longer_than_the_encoder_reads_keeps_its_noun(self, tmp_path: Path) -> None:
        files = files_in(tmp_path)
        inputs = with_contexts(inputs_for(files), "far behind the hills and ")
        long = "far behind the hills and " * 30 + "there stands a {product}, in snow"
        contexts = tuple(replace(one, template=long) for one in inputs.new_contexts.images)
        made = made_for(replace(inputs, new_contexts=NewContextsResult(contexts)), self.CONFIG, files)
        assert made[0].template == long
        assert "mug" in made[0].prompt
        with tiny_models().base() as base:
            assert base.token_count(made[0].prompt) <= base.token_limit


class NoModels:
    """A set from which nothing may be asked."""

    def __getattr__(self, role: str) -> Any:
        raise AssertionError(f"The {role} was asked for.")


@pytest.mark.parametrize("size", [(320, 40), (40, 320), (96, 72)], ids=str)
def test_a_counterfactual_has_no_bars_and_lies_as_its_photo(size: tuple[int, int], tmp_path: Path) -> None:
    files = files_in(tmp_path)
    pixels = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    picture, mask = files.put_picture(Image.fromarray(pixels)), box_mask((0, 0, size[0] // 3, size[1]), size)
    found = PhotoMask(picture, files.put_mask(mask), box_of(mask), 0.33, 1.0, "person")
    product = ProductFacts("Acme shelf", "shelf", (Photo(picture),))
    inputs = Inputs(product, SegmentResult((found,)), seed=3, other_nouns=OTHERS)
    config = replace(CONFIG, counterfactual_share=1.0, positives_per_negative=1.0)
    made = files.image(negatives.run(inputs, config, tiny_models(), LocalContext(), files).images[0].picture)
    assert max(made.size) / min(made.size) == pytest.approx(max(size) / min(size), rel=0.15)
    photo = np.asarray(files.image(picture).resize(made.size, Image.Resampling.LANCZOS))
    ground = soft_edge(resize_mask(mask, made.size), EDGE) == 0
    assert ground.any()
    assert np.array_equal(np.asarray(made)[ground], photo[ground])


def test_a_counterfactuals_ground_stays_to_the_last_bit(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    inputs = inputs_for(files)
    config = replace(CONFIG, counterfactual_share=1.0)
    for image in negatives.run(inputs, config, tiny_models(), LocalContext(), files).images:
        source, made = files.image(image.source), np.asarray(files.image(image.picture))
        laid = letterbox(source.size, (image.picture.width, image.picture.height))
        photo = next(mask for mask in inputs.segment.masks if mask.picture == image.source)
        product = laid.mask(files.mask(photo.mask))
        ground = soft_edge(product, EDGE) == 0
        before = np.asarray(laid.image(source))
        assert np.array_equal(made[ground], before[ground])
        assert np.abs(made[product].astype(int) - before[product]).mean() > 5


def test_things_and_photos_take_turns(tmp_path: Path) -> None:
    inputs = inputs_for(files_in(tmp_path), other_nouns=("lamp", "chair", "sofa"))
    wanted = wanted_for(inputs, replace(CONFIG, counterfactual_share=1.0, positives_per_negative=0.25))
    first, second = (photo.picture for photo in inputs.product.photos)
    shown = [(one.source == second, one.object) for one in wanted]
    assert shown[:4] == [(False, "lamp"), (True, "chair"), (False, "chair"), (True, "sofa")]
    assert len({(one.source.sha256, one.object) for one in wanted[:6]}) == 6
    assert first != second


def test_without_captions_or_masks_plain_words_do(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    inputs = inputs_for(files, caption=None, segment=SegmentResult(()))
    wanted = wanted_for(inputs, CONFIG)
    assert {(one.kind, one.prompt) for one in wanted} == {("in-class", "a photo of a mug")}
    assert len({one.seed for one in wanted}) == len(wanted) == 4


def test_the_same_again_and_nothing_twice(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    context = LocalContext()
    first = negatives.run(inputs_for(files), CONFIG, tiny_models(), context, files)
    assert isinstance(first, NegativesResult)
    assert len([name for name in context.done if name.startswith(("in-class", "counterfactual"))]) == 4
    assert negatives.run(inputs_for(files), CONFIG, tiny_models(), LocalContext(), files) == first


def test_a_persons_long_caption_leaves_what_it_names(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    inputs = inputs_for(files)
    long = "beside a bowl of ripe lemons and a folded linen cloth, " * 8 + "a {product}"
    told = tuple(replace(caption, template=long) for caption in inputs.caption.captions)
    result = negatives.run(
        replace(inputs, caption=replace(inputs.caption, captions=told)), CONFIG, tiny_models(), LocalContext(), files
    )
    assert [image.prompt.split()[-1] for image in result.images] == ["mug", "mug", "lamp", "chair"]
    with tiny_models().base() as base:
        assert all(base.token_count(image.prompt) <= base.token_limit for image in result.images)
