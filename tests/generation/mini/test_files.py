"""States of trainings on disk: whole or not at all, and only those that say what they are."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from generation.exceptions import NotPossible
from generation.mini.files import load_state, save_state


def test_a_state_comes_back_with_what_is_said_of_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.safetensors"
    tensors = {"a": torch.randn(3, 4).T, "b": torch.tensor(5.0), "c": torch.randn(2, 3, 4, 4)}
    tensors["c"] = tensors["c"].contiguous(memory_format=torch.channels_last)
    save_state(path, tensors, {"step": 3, "names": ["x"]})
    back, said = load_state(path)
    assert said == {"step": 3, "names": ["x"]}
    assert all(torch.equal(value, back[key]) for key, value in tensors.items())
    save_state(path, {}, {"step": 4})
    assert load_state(path) == ({}, {"step": 4})
    assert [file.name for file in path.parent.iterdir()] == ["state.safetensors"]


def test_what_cannot_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    save_state(path, {"a": torch.ones(2)}, {"step": 1})
    with pytest.raises(TypeError):
        save_state(path, {"a": torch.zeros(2)}, {"step": object()})
    shared = torch.zeros(4)
    with pytest.raises(RuntimeError, match="share memory"):
        save_state(path, {"a": shared, "b": shared[:]}, {"step": 2})
    back, said = load_state(path)
    assert (back["a"].tolist(), said) == ([1.0, 1.0], {"step": 1})
    assert [file.name for file in tmp_path.iterdir()] == ["state.safetensors"]


def test_other_files_are_refused(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2)}, tmp_path / "foreign.safetensors")
    with pytest.raises(NotPossible, match="not written by a trainer"):
        load_state(tmp_path / "foreign.safetensors")
    with pytest.raises(NotPossible, match="train that part first"):
        load_state(tmp_path / "none.safetensors")
