"""Methods side by side: held-out places stay held out, all draw alike, a comparison goes on where it was."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from generation.exceptions import NotPossible
from generation.mini.classifier import Judge, Sizes
from generation.mini.comparing import Comparison, Trial, _facts, read_rows, recipe_of, sheet, subject_of
from generation.mini.estimating import BASE, BASELINE, FIGURES, PAPER, TOLD
from generation.mini.renders import Renders
from generation.mini.showing import CELL
from generation.world.captions import PLACES
from generation.world.scenes import CONTEXTS, HELD_OUT
from tests.factories.pipeline import files_in, tiny_models

TINY = Trial(
    products=1, photos=2, targets=2, steps_share=0.002, class_images=1, drawing_steps=2, guidance=1.5, novel_views=False
)


@pytest.mark.parametrize("seed", range(HELD_OUT + 20_000, HELD_OUT + 20_006))
def test_what_is_asked_for_is_in_no_training_image(seed: int, tmp_path: Path) -> None:
    subject = subject_of(seed, Trial())
    own, asked = {scene.context for scene in subject.photos}, {scene.context for scene in subject.asked}
    assert own <= set(subject.places)
    assert len(own) == len(asked) == len(CONTEXTS) // 2
    assert not asked & set(subject.places)
    assert {scene.thing for scene in (*subject.photos, *subject.asked)} == {subject.thing}
    assert len({scene.seed for scene in (*subject.photos, *subject.asked)}) == 12
    assert subject == subject_of(seed, Trial())
    blank = torch.zeros(4, 8, 8, 3, dtype=torch.uint8).numpy()
    facts = _facts(subject, files_in(tmp_path), Renders(blank, blank[..., 0], subject.photos))  # type: ignore[arg-type]
    told = " ".join([*facts["prompts"], *(photo.caption for photo in facts["product"].photos)])
    assert not any(PLACES[place] in told for place in asked)
    assert [target.template.count("{product}") for target in facts["targets"]] == [1] * 8


def test_methods_differ_in_their_data_and_not_in_how_they_draw() -> None:
    trial = Trial(steps_share=0.1, rate=3e-3, class_images=7)
    paper, baseline = recipe_of(PAPER, trial), recipe_of(BASELINE, trial)
    assert paper.finetune
    assert baseline.finetune
    assert (paper.finetune.steps, baseline.finetune.steps) == (180, 100)
    assert paper.finetune.learning_rate == baseline.finetune.learning_rate == 3e-3
    assert (paper.finetune.class_images, baseline.finetune.class_images) == (0, 7)
    assert paper.novel_views
    assert paper.novel_views.frames == paper.novel_views.views + 1
    assert paper.novel_views.steps == trial.drawing_steps
    assert paper.negatives
    assert baseline.novel_views is None
    assert replace(paper.generate, candidates=1, prompts=1) == replace(baseline.generate, candidates=1, prompts=1)
    assert recipe_of(PAPER, replace(trial, novel_views=False)).novel_views is None


def test_a_comparison_goes_on_where_it_was(tmp_path: Path) -> None:
    torch.manual_seed(1)
    models, judge = tiny_models("sd"), Judge(Sizes((4, 6)))
    first = Comparison(TINY, models, judge, tmp_path, (BASE,))
    product = TINY.first_seed
    assert list(first.go_on()) == [f"{BASE}, product {product}"]
    both = replace(first, methods=(BASE, TOLD, BASELINE))
    assert list(both.go_on()) == [f"{TOLD}, product {product}", f"{BASELINE}, product {product}"]
    assert list(both.go_on()) == []
    rows = read_rows(tmp_path)
    assert [row["method"] for row in rows] == [BASE, BASE, TOLD, TOLD, BASELINE, BASELINE]
    assert all(set(FIGURES) <= set(row) for row in rows)
    assert all(-1 <= row["dino_i"] <= 1 and row["look"] in (0.0, 1.0) for row in rows)
    assert all(row["found_of_all"] == 1.0 for row in rows)  # there is one product only
    assert both.strip_of(product, BASELINE).exists()
    assert sheet(both, photos=1, images=1).size == (7 * CELL, CELL)  # a photo, then a gap and a picture a method
    assert sheet(replace(both, methods=(PAPER,)), photos=1, images=1).height == 0  # not done yet
    with pytest.raises(NotPossible, match="comparison of other sizes or recipes"):
        list(Comparison(replace(TINY, targets=3), models, judge, tmp_path).go_on())


def test_the_papers_method_goes_through_too(tmp_path: Path) -> None:
    torch.manual_seed(1)
    comparison = Comparison(TINY, tiny_models("sd"), Judge(Sizes((4, 6))), tmp_path, (PAPER,))
    assert len(list(comparison.go_on())) == 1
    assert len(read_rows(tmp_path)) == TINY.targets


def test_a_comparison_without_rows_is_empty(tmp_path: Path) -> None:
    assert read_rows(tmp_path) == []
