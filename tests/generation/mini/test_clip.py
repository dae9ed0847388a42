"""The set's CLIP: a token a word, right answers known by claims, files that open_clip and the captioner load."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from generation.checkpoints import captioner, clip
from generation.mini.clip import CONTEXT, HIDDEN, ClipTask, build_clip, tokenizer, words, write_clip
from generation.mini.clip import _spread_loss as spread_loss
from generation.mini.evaluating import entry_of
from generation.mini.renders import Renders
from generation.mini.training import Plan, averaged_weights, train
from generation.world.captions import caption
from generation.world.sampling import sample_scene
from tests.factories.painted import painted

CPU = torch.device("cpu")
PLAN = Plan(steps=3, batch=4, rate=1e-3, warmup=1, average=0.5)


@pytest.fixture(scope="module")
def data() -> Renders:
    return painted(4)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clip")
    torch.manual_seed(4)
    write_clip(build_clip(), folder)
    return folder


@pytest.mark.parametrize("detail", ["plain", "full"])
def test_every_word_of_the_world_has_its_token(detail: Any) -> None:
    made = tokenizer()
    texts = [caption(sample_scene(seed, detail=detail)) for seed in range(300)]
    tokens = made(texts)["input_ids"]
    assert not any(made.unk_token_id in row for row in tokens)
    assert max(len(row) for row in tokens) <= CONTEXT
    assert all(row[0] == made.bos_token_id and row[-1] == made.eos_token_id == max(row) for row in tokens)


def test_other_words_are_unknown_and_capitals_are_not() -> None:
    made = tokenizer()
    assert made.unk_token_id in made("a photo of a teapot")["input_ids"]
    assert made("A PHOTO of a Mug,")["input_ids"] == made("a photo of a mug ,")["input_ids"]
    assert len(set(words())) == len(words())


def test_all_right_answers_share_the_target() -> None:
    true = torch.tensor([[True, True, False], [False, False, False]])
    logits = torch.tensor([[8.0, 8.0, -8.0], [5.0, 0.0, 0.0]])
    # The best that can be done with two right answers is one bit; rows without a right answer do not count.
    assert spread_loss(logits, true) == pytest.approx(float(torch.tensor(2.0).log()), abs=1e-3)
    assert spread_loss(logits.flip(1), true) > 4


def test_a_stopped_training_ends_as_a_whole_one(tmp_path: Path, data: Renders) -> None:
    train(ClipTask(data), PLAN, tmp_path / "whole")
    train(ClipTask(data), replace(PLAN, steps=1), tmp_path / "stopped")
    train(ClipTask(data), PLAN, tmp_path / "stopped")
    whole, resumed = (averaged_weights(tmp_path / name)[0] for name in ("whole", "stopped"))
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_cut_outs_are_shown_without_claims_of_place_or_light(data: Renders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generation.mini.clip.ALONE", 1.0)
    task, said = ClipTask(data), []
    monkeypatch.setattr(task, "_tokens", lambda texts: said.extend(texts) or ClipTask._tokens(task, texts))
    task.loss(0, PLAN, torch.Generator().manual_seed(1))
    assert len(said) == 12
    assert not any(" in a" in text or " on a" in text or "light" in text for text in said)
    assert HIDDEN < 0


def test_the_set_loads_what_is_written(written: Path) -> None:
    assert (written / "open_clip_model.safetensors").stat().st_size < 8_000_000
    loaded = clip.load(entry_of("clip", written), CPU)
    rows = loaded.images([Image.new("RGB", (90, 70), colour) for colour in ("red", "blue")])
    texts = loaded.texts(["a photo of a red mug", "a photo of a blue mug", "a photo of a red mug,"])
    assert rows.shape[1] == texts.shape[1] == 128
    assert np.allclose((texts**2).sum(1), 1, atol=1e-4)
    assert not np.allclose(texts[0], texts[1])


def test_the_captioner_says_sentences_of_the_world(written: Path) -> None:
    loaded = captioner.load(entry_of("captioner", written), CPU)
    told = loaded.describe([Image.new("RGB", (64, 64), "teal")], "Describe it.")
    made = tokenizer()
    assert told[0].startswith("a photo of a")
    assert ", " in told[0]
    assert made.unk_token_id not in made(told[0])["input_ids"]
