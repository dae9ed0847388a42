"""A set's choice of the attention kernel holds for its own model, whole, and for no other."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.models.attention_dispatch import _AttentionBackendRegistry
from torch.nn.attention import SDPBackend, _cur_sdpa_kernel_backends

from generation.checkpoints.attention import KERNELS
from generation.checkpoints.roles import Drawing, Sampling
from generation.checkpoints.set_files import ATTENTION
from generation.training.denoisers import denoiser_of
from generation.training.loop import Trainer
from tests.factories.checkpoints.makers import load, warm
from tests.factories.training import SIDE, make_config, make_files, make_task, trained

DRAWINGS, SAMPLING = [Drawing("a red mug", 1), Drawing("a lamp", 2)], Sampling(steps=2, guidance=3.0)
MATH = [SDPBackend.MATH]


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch, model: Any) -> Iterator[list[list[SDPBackend]]]:
    """The kernels that torch may choose from, at each attention inside the model."""
    seen: list[list[SDPBackend]] = []
    inside = [False]
    plain = torch.nn.functional.scaled_dot_product_attention

    def attention(*told: Any, **named: Any) -> Any:
        if inside[0]:
            seen.append(_cur_sdpa_kernel_backends())
        return plain(*told, **named)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", attention)
    hooks = [
        model.register_forward_pre_hook(lambda *_: inside.__setitem__(0, True)),
        model.register_forward_hook(lambda *_: inside.__setitem__(0, False)),
    ]
    yield seen
    for hook in hooks:
        hook.remove()


@pytest.mark.parametrize("kind", ["sd", "sdxl", "klein"])
def test_one_kernel_computes_it_all_and_draws_the_same(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, before = warm(kind), _AttentionBackendRegistry.get_active_backend()
    chosen = load(kind, attention="_native_math")
    wanted = usual.pixels(DRAWINGS, SAMPLING)
    with watched(monkeypatch, chosen.denoiser) as seen:
        assert np.abs(chosen.pixels(DRAWINGS, SAMPLING) - wanted).max() < 1e-4
    assert seen
    assert all(kernels == MATH for kernels in seen)
    with watched(monkeypatch, usual.denoiser) as seen:
        assert np.array_equal(usual.pixels(DRAWINGS, SAMPLING), wanted), "another model draws as it did"
    assert all(len(kernels) > 1 for kernels in seen)
    assert _AttentionBackendRegistry.get_active_backend() == before


def test_less_memory_keeps_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = load("sd", attention="_native_math")
    chosen.save_memory(1)
    chosen.save_memory(0)  # new attention processors
    with watched(monkeypatch, chosen.denoiser) as seen:
        chosen.pixels(DRAWINGS[:1], SAMPLING)
    assert seen
    assert all(kernels == MATH for kernels in seen)


def test_an_adapter_learns_the_same_also_where_layers_are_computed_again() -> None:
    files, config = make_files(), make_config(steps=3, gradient_checkpointing=True)
    rows = [
        trained(Trainer(denoiser_of(backbone), files, SIDE), config, make_task(files, 1))[0].row
        for backbone in (warm("sd"), load("sd", attention="_native_math"))
    ]
    torch.testing.assert_close(rows[0], rows[1], rtol=0, atol=1e-4)


def test_every_kernel_of_a_set_is_known() -> None:
    assert set(ATTENTION.values()) - {"sdpa"} == set(KERNELS)
