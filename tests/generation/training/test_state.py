"""A training's state as bytes: back to the bit, refused when it is of something else."""

import pytest
import torch

from generation.training.packing import metadata_of, pack
from generation.training.state import Progress, load_state, save_state

PROGRESS = Progress(7, ((3, 0.25), (6, 0.125)), (0.5, 1), {"looks": [1, 2]})
TENSORS = {"row": torch.arange(5.0), "optimizer.step": torch.tensor(7.0)}


def test_it_comes_back_as_it_was() -> None:
    found = load_state("this", save_state("this", PROGRESS, TENSORS))
    assert found is not None
    assert found[0] == PROGRESS
    assert {name: value.tolist() for name, value in found[1].items()} == {
        name: value.tolist() for name, value in TENSORS.items()
    }


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"nothing of the kind",
        save_state("another", PROGRESS, TENSORS),
        save_state("this", PROGRESS, TENSORS)[:-3],
        pack(TENSORS, {}),
    ],
    ids=["none", "emptied", "no such file", "of another training", "cut short", "without its words"],
)
def test_what_cannot_be_gone_on_from_is_none(data: bytes | None) -> None:
    assert load_state("this", data) is None


def test_equal_tensors_and_words_are_equal_bytes() -> None:
    words = {letter: letter * 3 for letter in "qwertyuiop"}
    first = pack(TENSORS, words)
    assert all(pack(TENSORS, dict(reversed(words.items()))) == first for _ in range(5))
    assert metadata_of(first) == {"format": "pt", **words}
