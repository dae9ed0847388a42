"""Captions of photos: templates within the budget, a person's first, nothing described twice."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from generation.captioning import TOKEN, check_template
from generation.context import LocalContext
from generation.files import Files
from generation.recipe import CaptionConfig
from generation.records import PLACEHOLDER, CaptionResult, ProductFacts, from_plain, to_plain
from generation.stages import caption
from tests.factories.checkpoints.perceivers import TinyModels
from tests.factories.pipeline import files_in, make_product, tiny_models

LONG = "A red mug stands on an oak table, " + "beside a lamp and a book, " * 20 + "in soft light."


class Told:
    """A captioner that says what it is told to, and keeps what it was asked."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.asked: list[tuple[int, str]] = []

    def describe(self, images: Sequence[Image.Image], instruction: str) -> list[str]:
        self.asked.append((len(images), instruction))
        return [self.texts.pop(0) for _ in images]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return files_in(tmp_path)


def run(
    product: ProductFacts, files: Files, told: Told, context: LocalContext | None = None, longest: int = 60
) -> CaptionResult:
    with tiny_models().base() as base:
        models = TinyModels(captioner=told, base=base)
        config = CaptionConfig(longest=longest)
        return caption.run(caption.Inputs(product), config, models, context or LocalContext(), files)


def test_runs_on_the_tiny_set_end_to_end(files: Files) -> None:
    product = make_product(files, 2)[0]
    result = caption.run(caption.Inputs(product), CaptionConfig(), tiny_models(), LocalContext(), files)
    assert [each.picture for each in result.captions] == [photo.picture for photo in product.photos]
    assert all(check_template(each.template) == [] for each in result.captions)
    assert from_plain(CaptionResult, to_plain(result)) == result


def test_the_noun_becomes_the_place_of_the_token(files: Files) -> None:
    result = run(make_product(files, 2)[0], files, Told("A red mug on oak.", "mugs and light"))
    assert [each.template for each in result.captions] == ["A red {product} on oak.", "{product} and light"]
    assert {each.made_by for each in result.captions} == {"automatic"}


def test_the_instruction_names_the_product(files: Files) -> None:
    told = Told("x", "y")
    run(make_product(files, 2)[0], files, told)
    assert [number for number, _ in told.asked] == [2]
    assert "photo of a mug" in told.asked[0][1]
    assert "{noun}" not in told.asked[0][1]


@pytest.mark.parametrize("longest", [12, 30, 60])
def test_captions_fit_the_text_encoder(files: Files, longest: int) -> None:
    template = run(make_product(files, 1)[0], files, Told(LONG), longest=longest).captions[0].template
    with tiny_models().base() as base:
        assert base.token_count(template.replace(PLACEHOLDER, f"{TOKEN} mug")) <= longest
    assert template.startswith("A red {product}")


def test_a_persons_caption_wins_and_costs_no_model(files: Files) -> None:
    product = make_product(files, 2)[0]
    own = replace(product.photos[0], caption="My {product} at dusk")
    plain = replace(product.photos[1], caption="my mug at dawn")
    told = Told()
    result = run(replace(product, photos=(own, plain)), files, told)
    assert [(each.template, each.made_by) for each in result.captions] == [
        ("My {product} at dusk", "given"),
        ("my {product} at dawn", "given"),
    ]
    assert told.asked == []


def test_begun_again_it_asks_nothing_twice(files: Files) -> None:
    product, context = make_product(files, 2)[0], LocalContext()
    first = run(product, files, Told("A red mug.", "A blue mug."), context)
    assert run(product, files, Told(), context) == first


def test_the_same_photo_twice_is_described_once(files: Files) -> None:
    product = make_product(files, 1)[0]
    told = Told("A red mug.")
    result = run(replace(product, photos=product.photos * 2), files, told)
    assert [each.template for each in result.captions] == ["A red {product}."] * 2
    assert told.asked[0][0] == 1


def test_less_memory_means_smaller_batches(files: Files) -> None:
    context = LocalContext()
    context.batch_size = lambda largest: max(largest // 8, 1)  # type: ignore[method-assign]
    told = Told("A mug.", "A mug.", "A mug.")
    result = run(make_product(files, 3)[0], files, told, context)
    assert [number for number, _ in told.asked] == [1, 1, 1]
    assert all(each.template.count(PLACEHOLDER) == 1 for each in result.captions)
