"""Candidates from cut-outs and backgrounds: seeds, words, provenance."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generation import swapping
from generation.backdrops import bank
from generation.context import LocalContext
from generation.exceptions import NotPossible
from generation.files import Files
from generation.provenance import Origin
from generation.recipe import GenerateConfig, MatteConfig, SwapConfig
from generation.records import Backdrop, GeneratedImage, MatteResult, Photo, ProductFacts, SegmentResult, TargetPrompt
from generation.sampling import Draw, swap_targets
from generation.stages import generate, matte
from generation.swapping import Swap
from tests.factories.cutouts import backdrop, chance, disc, scene
from tests.factories.pipeline import files_in
from tests.generation.stages.test_matte import masked


def cut_outs(files: Files, count: int = 1) -> MatteResult:
    masks = tuple(masked(files, *disc(ground=(220 + 3 * number, 230, 235))) for number in range(count))
    product = ProductFacts("Ball", "ball", tuple(Photo(mask.picture) for mask in masks))
    return matte.run(matte.Inputs(product, SegmentResult(masks)), MatteConfig(), None, LocalContext(), files)  # type: ignore[arg-type]


def own(files: Files, name: str = "shop", colour: tuple[int, int, int] = (90, 110, 130)) -> Backdrop:
    return backdrop(name, picture=files.put_picture(scene(colour=colour)))


def made(
    files: Files, where: tuple[Backdrop, ...], *targets: TargetPrompt, result: MatteResult
) -> list[GeneratedImage]:
    swap = Swap(
        "ball", result, where, SwapConfig(), Origin("", 0, "generate", model_set="classical", run="7"), side=512
    )
    return swapping.run(swap, targets, LocalContext(), files)


def test_the_same_seed_is_the_same_picture_and_another_is_another(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    result, where = cut_outs(files, 2), (own(files),)
    targets = [TargetPrompt("a {product} in a shop", seed, "shop") for seed in (1, 1, 2)]
    pictures = [made(files, where, target, result=result)[0].picture.sha256 for target in targets]
    assert pictures[0] == pictures[1] != pictures[2]


def test_the_words_are_the_backgrounds_with_the_noun_in_them(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    [image] = made(files, (own(files),), TargetPrompt("a {product} in a shop", 5, "shop"), result=cut_outs(files))
    assert (image.template, image.prompt, image.dropped) == ("a {product} in a shop", "a ball in a shop", "")
    assert image.quality is not None
    assert 0 < image.quality <= 1


def test_the_product_is_never_mirrored_and_its_pixels_are_exact(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    result = cut_outs(files)
    cut = matte.opened(result.found[0], files)
    rows, columns = np.nonzero(cut.solid)
    inner = cut.pixels[rows.min() + 30 : rows.min() + 60, columns.min() + 30 : columns.min() + 60]
    for seed in range(4):
        [image] = made(files, (own(files),), TargetPrompt("a {product}", seed, "shop"), result=result)
        picture = np.asarray(files.image(image.picture))
        starts = np.argwhere((picture[: -len(inner), : -len(inner)] == inner[0, 0]).all(axis=-1))
        same = [np.array_equal(picture[y : y + 30, x : x + 30], inner) for y, x in starts]
        assert any(same), "the patch is somewhere, to the last bit"


def test_it_says_where_the_product_is(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    one, other = own(files, "one", (10, 10, 10)), own(files, "other", (10, 10, 10))
    for seed in range(2):
        targets = [TargetPrompt("a {product}", seed, name) for name in ("one", "other")]
        for image in made(files, (one, other), *targets, result=cut_outs(files)):
            assert image.mask is not None
            seen, where = np.asarray(files.image(image.picture)).max(axis=-1), files.mask(image.mask)
            assert 0.02 < where.mean() < 0.9
            assert (seen[where].mean() > 60, seen[~where].max() < 140) == (True, True), "the dark ground is around it"


@pytest.mark.parametrize("shipped", [True, False], ids=["drawn scene", "own photo"])
def test_the_file_says_that_it_is_composed_and_not_made_by_a_model(tmp_path: Path, shipped: bool) -> None:
    files = files_in(tmp_path)
    where = next(one for one in bank() if one.name == "paper-grey") if shipped else own(files)
    target = TargetPrompt(where.words, 5, where.name)
    [image] = made(files, (where,), target, result=cut_outs(files))
    told = files.data(image.picture.key).decode("latin-1")
    kind = "compositeSynthetic" if shipped else "compositeCapture"
    assert f"digitalsourcetype/{kind}<" in told
    assert "AISystemUsed" not in told
    assert f"<vitrine:Background>{where.name}<" in told


def test_without_a_cut_out_or_with_an_unknown_background_it_is_refused(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    with pytest.raises(NotPossible, match="No photo of the product has a cut-out"):
        made(files, (), result=MatteResult(()))
    with pytest.raises(NotPossible, match="no background 'moon'"):
        made(files, (own(files),), TargetPrompt("a {product}", 1, "moon"), result=cut_outs(files))


QUALITIES = {
    "one alone": ((0.4,), {0}),
    "two that are about as good": ((0.8, 0.7), {0, 1}),
    "one good and one bad": ((0.8, 0.3), {0}),
    "more than are needed": ((0.9, 0.89, 0.88, 0.87, 0.86), {0, 1, 2, 3}),
}


@pytest.mark.parametrize(("qualities", "used"), QUALITIES.values(), ids=QUALITIES)
def test_only_cut_outs_that_are_nearly_the_best_are_used(
    tmp_path: Path, qualities: tuple[float, ...], used: set[int]
) -> None:
    files = files_in(tmp_path)
    [good] = cut_outs(files).found
    kept = tuple(replace(good, quality=quality) for quality in qualities)
    making = swapping.Making(Swap("ball", MatteResult(kept), (), SwapConfig(), Origin("", 0, "generate")), files)
    chosen = [making.choose(chance(seed)).quality for seed in range(200)]
    assert {qualities.index(quality) for quality in chosen} == used
    assert chosen.count(qualities[0]) == max(chosen.count(quality) for quality in qualities), "the best most often"


def test_targets_take_each_background_once_before_any_comes_again() -> None:
    where = [backdrop(name, words=f"a {{product}} at {name}") for name in "abc"]
    found = swap_targets(where, GenerateConfig(candidates=7, prompts=3), Draw("shop/1", 0))
    assert [len({target.backdrop for target in found[start : start + 3]}) for start in (0, 3)] == [3, 3]
    assert len({target.seed for target in found}) == 7
    assert {target.template for target in found[:3]} == {f"a {{product}} at {name}" for name in "abc"}
    assert swap_targets([], GenerateConfig(), Draw("shop/1", 0)) == ()


def test_the_stage_takes_that_way_and_keeps_which_own_pictures_it_used(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    where, result = own(files), cut_outs(files)
    config = GenerateConfig(way="background-swap", candidates=2, size=512, swap=SwapConfig(), format="webp")
    inputs = generate.Inputs(
        ProductFacts("Ball", "ball", ()), swap_targets([where], config, Draw("x", 0)), matte=result, backdrops=(where,)
    )
    done = generate.run(inputs, config, None, LocalContext(), files)  # type: ignore[arg-type]
    assert len(done.candidates) == 2
    assert done.settings["own_backgrounds"] == {"shop": where.picture.key if where.picture else ""}
    assert all(image.picture.key.endswith(".webp") for image in done.images)
    with pytest.raises(NotPossible, match="run the stage matte before"):
        generate.run(generate.Inputs(inputs.product, inputs.targets), config, None, LocalContext(), files)  # type: ignore[arg-type]


def test_a_white_product_comes_after_where_it_can_be_seen(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    image, mask = disc(ground=(120, 120, 120))
    pixels = np.where(mask[..., None], 252, np.asarray(image)).astype(np.uint8)
    photo = masked(files, Image.fromarray(pixels), mask)
    product = ProductFacts("Plate", "plate", (Photo(photo.picture),))
    result = matte.run(matte.Inputs(product, SegmentResult((photo,))), MatteConfig(), None, LocalContext(), files)  # type: ignore[arg-type]
    where = (own(files, "white", (252, 252, 252)), own(files, "dark", (40, 44, 60)))
    found = made(files, where, *(TargetPrompt("a {product}", 3, name) for name in ("white", "dark")), result=result)
    assert (found[1].quality or 0) > (found[0].quality or 0) + 0.2
