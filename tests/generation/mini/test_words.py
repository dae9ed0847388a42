"""The set's words: one token each, all else in pieces and back, captions varied as training wants them."""

from pathlib import Path

import pytest
import torch
from transformers import CLIPTokenizer

from generation.mini import words
from generation.training.tokens import candidates, rare_tokens, refusal
from generation.world.captions import caption
from generation.world.sampling import sample_scene

TOKENIZER = words.tokenizer_of(words.world_words())
SCENES = [sample_scene(seed, detail="full" if seed % 2 else "plain") for seed in range(300)]


def test_each_word_of_the_world_and_each_rare_token_is_one_token() -> None:
    long = {word: TOKENIZER(word, add_special_tokens=False).input_ids for word in words.world_words()}
    assert {word: ids for word, ids in long.items() if len(ids) != 1} == {}
    assert set(rare_tokens()) <= set(long)
    tokens, _ = candidates(8, 3, lambda token: refusal(token, noun="mug"))
    assert len(tokens) == 8


def test_every_caption_fits_and_comes_back() -> None:
    for scene in SCENES:
        asked = caption(scene)
        ids = TOKENIZER(asked).input_ids
        assert len(ids) <= words.LENGTH
        assert TOKENIZER.decode(ids, skip_special_tokens=True).replace(" ,", ",") == asked
        assert len(ids) - 2 <= len(asked.replace(",", " ,").split())


@pytest.mark.parametrize("text", ["zebra", "marble top 7", "größe", "猫", "it's new!"])
def test_other_words_are_spelled_in_pieces(text: str) -> None:
    ids = TOKENIZER(text, add_special_tokens=False).input_ids
    assert TOKENIZER.unk_token_id not in ids
    assert TOKENIZER.decode(ids).replace(" ", "") == text.replace(" ", "")


def test_numbers_are_filled_up_and_cut() -> None:
    numbers = words.numbers_of(TOKENIZER, ["", "a mug", "mug " * 60])
    assert numbers.shape == (3, words.LENGTH)
    assert set(numbers[0, 1:].tolist()) == {TOKENIZER.eos_token_id}
    assert (numbers[:, 0] == TOKENIZER.bos_token_id).all()
    assert int(numbers[2, -1]) == TOKENIZER.eos_token_id


@pytest.mark.parametrize("from_pieces", [False, True], ids=["tokenizer.json", "vocab and merges"])
def test_a_saved_tokenizer_reads_the_same(tmp_path: Path, from_pieces: bool) -> None:
    words.save_tokenizer(TOKENIZER, tmp_path)
    if from_pieces:
        (tmp_path / "tokenizer.json").unlink()
    loaded = CLIPTokenizer.from_pretrained(tmp_path, local_files_only=True)
    for scene in SCENES[:40]:
        assert loaded(caption(scene)).input_ids == TOKENIZER(caption(scene)).input_ids
    assert loaded.model_max_length == words.LENGTH


def test_merges_join_the_commonest_pair_first() -> None:
    assert words.merges_for(["abc", "ab", "zab"])[0] == ("a", "b</w>")
    assert words.merges_for(["a"]) == []


def test_prompts_are_varied_alike_for_one_seed() -> None:
    made = words.prompts_of(SCENES, torch.Generator().manual_seed(2))
    assert made == words.prompts_of(SCENES, torch.Generator().manual_seed(2))
    whole = [caption(scene) for scene in SCENES]
    shares = {
        "empty": sum(prompt == "" for prompt in made),
        "whole": sum(prompt == asked for prompt, asked in zip(made, whole, strict=True)),
        "rare": sum(any(f" {token} " in prompt for token in rare_tokens()) for prompt in made),
        "no light": sum("," not in prompt and prompt != "" for prompt in made),
    }
    expected = {"empty": 0.10, "whole": 0.70, "rare": 0.05, "no light": 0.10}
    assert {name: count / 300 for name, count in shares.items()} == pytest.approx(expected, abs=0.05)


def test_the_text_encoder_fits_the_tokenizer() -> None:
    encoder = words.text_encoder_of(TOKENIZER, width=32, layers=1)
    numbers = words.numbers_of(TOKENIZER, ["a photo of a mug", "httr"])
    assert encoder(numbers).last_hidden_state.shape == (2, words.LENGTH, 32)
    assert encoder.config.eos_token_id == TOKENIZER.eos_token_id
