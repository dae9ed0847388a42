"""LoRAs in and out of a warm base: equal to diffusers' own, exact on the way out, of any rank, mixed in a batch."""

import json
import time
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from diffusers import StableDiffusionPipeline

from generation.checkpoints.families.adapters import read_adapter
from generation.checkpoints.roles import Drawing, Sampling
from generation.exceptions import NotPossible
from tests.factories.checkpoints.loras import lora_bytes
from tests.factories.checkpoints.makers import folder_of, load, warm

SAMPLING = Sampling(steps=2, guidance=3.0)
MUG, LAMP = Drawing("a red mug", 1), Drawing("a lamp on a table", 2)
KINDS = ["sd", "sdxl", "klein"]


def drawn(kind: str, *drawings: Drawing) -> Any:
    return warm(kind).pixels(drawings or (MUG,), SAMPLING)


def state(backbone: Any) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in backbone.denoiser.state_dict().items()}


@pytest.mark.parametrize("kind", KINDS)
def test_an_adapter_changes_the_image_and_the_base_is_exact_again_after_it(kind: str) -> None:
    backbone = warm(kind)
    before, weights = drawn(kind), state(backbone)
    with backbone.adapted(lora_bytes(backbone)):
        inside = drawn(kind)
    assert np.abs(inside - before).max() > 0.01
    assert np.array_equal(drawn(kind), before)
    assert weights.keys() == backbone.denoiser.state_dict().keys()
    assert all(torch.equal(value, weights[name]) for name, value in backbone.denoiser.state_dict().items())


@pytest.mark.parametrize(
    ("rank", "config", "text_encoder"),
    [
        (4, None, False),
        (4, {"r": 4, "lora_alpha": 8, "target_modules": ["to_q"]}, False),
        (16, {"r": 16, "lora_alpha": 16, "use_rslora": True, "target_modules": ["to_q"]}, False),
        (4, {"r": 4, "lora_alpha": 4, "alpha_pattern": {"to_q": 12}, "target_modules": ["to_q"]}, False),
        (4, None, True),
    ],
    ids=["plain", "alpha twice the rank", "rank-stabilised", "an alpha for some layers", "with text encoder"],
)
def test_an_adapter_does_what_it_does_in_plain_diffusers(
    rank: int, config: dict[str, Any] | None, text_encoder: bool, tmp_path: Any
) -> None:
    backbone = warm("sd")
    data = lora_bytes(backbone, rank=rank, config=config, text_encoder=text_encoder)
    with backbone.adapted(data):
        ours = drawn("sd", MUG)
    (tmp_path / "lora.safetensors").write_bytes(data)
    pipeline = StableDiffusionPipeline.from_pretrained(folder_of("sd"), safety_checker=None, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.load_lora_weights(tmp_path / "lora.safetensors")
    theirs = pipeline(
        MUG.prompt,
        negative_prompt="",
        num_inference_steps=SAMPLING.steps,
        guidance_scale=SAMPLING.guidance,
        generator=torch.Generator().manual_seed(MUG.seed),
        output_type="np",
    ).images
    assert np.abs(ours - theirs).max() < 2e-5


def test_alphas_in_the_file_win() -> None:
    data = safetensors.torch.save(
        {
            "unet.a.lora_A.weight": torch.ones(2, 3),
            "unet.a.lora_B.weight": torch.ones(5, 2),
            "unet.a.alpha": torch.tensor(6.0),
        },
        {"lora_adapter_metadata": json.dumps({"unet.lora_alpha": 2})},
    )
    assert read_adapter(data)["unet.a"].up.tolist() == (3 * torch.ones(5, 2)).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_products_share_a_batch_each_with_its_own_adapter(kind: str) -> None:
    backbone = warm(kind)
    one, other = lora_bytes(backbone, rank=4, seed=1), lora_bytes(backbone, rank=8, seed=2)
    with backbone.adapted(one):
        first = drawn(kind, MUG)
    with backbone.adapted(other):
        second = drawn(kind, LAMP)
    with backbone.adapted(one, other):
        mixed = drawn(kind, MUG, Drawing(LAMP.prompt, LAMP.seed, adapter=1))
    assert np.abs(mixed - np.concatenate([first, second])).max() < 2e-5
    assert np.abs(first - drawn(kind, MUG)).max() > 0.01


def test_text_encoders_are_adapted_row_by_row_as_well() -> None:
    backbone = warm("sdxl")
    adapters = [lora_bytes(backbone, seed=seed, text_encoder=True) for seed in (3, 5)]
    alone = []
    for adapter in adapters:
        with backbone.adapted(adapter):
            alone.append(drawn("sdxl", MUG))
    with backbone.adapted(*adapters):
        mixed = drawn("sdxl", MUG, Drawing(MUG.prompt, MUG.seed, adapter=1))
    assert np.abs(mixed - np.concatenate(alone)).max() < 2e-5


def test_text_encoder_layers_are_found_by_their_old_names() -> None:
    backbone = warm("sd")
    tensors = safetensors.torch.load(lora_bytes(backbone, text_encoder=True))
    old = {name.replace("text_encoder.encoder", "text_encoder.text_model.encoder"): t for name, t in tensors.items()}
    assert old.keys() != tensors.keys()
    images = []
    for spelling in (tensors, old):
        with backbone.adapted(safetensors.torch.save(spelling)):
            images.append(drawn("sd"))
    assert np.array_equal(*images)


def test_half_precision_bases_take_adapters_of_full_precision() -> None:
    backbone = load("sd", dtype="bfloat16")
    before = backbone.pixels((MUG,), SAMPLING)
    with backbone.adapted(lora_bytes(backbone)):
        assert np.abs(backbone.pixels((MUG,), SAMPLING) - before).max() > 0.01


def pair(rank: int, wide: int, high: int, name: str = "unet.mid_block.attentions.0.proj_in") -> bytes:
    return safetensors.torch.save(
        {f"{name}.lora_A.weight": torch.ones(rank, wide), f"{name}.lora_B.weight": torch.ones(high, rank)}
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no adapter", "no safetensors file"),
        (safetensors.torch.save({"lora_unet_x.lora_down.weight": torch.ones(2, 2)}), "lora_unet_x.lora_down.weight"),
        (safetensors.torch.save({}), "it is empty"),
        (safetensors.torch.save({"unet.a.lora_A.weight": torch.ones(2, 2)}), "layer unet.a is no pair"),
        (pair(2, 3, 4, "unet.nowhere"), "no linear layer unet.nowhere"),
        (pair(2, 3, 4, "prior.to_q"), "no linear layer prior.to_q"),
        (pair(2, 3, 4, "unet.conv_in"), "no linear layer unet.conv_in"),
        (pair(2, 3, 4, "unet.time_embedding.linear_1"), "goes from 3 to 4, the model's from 16 to 64"),
    ],
    ids=["no file", "foreign form", "empty", "half a pair", "unknown layer", "unknown part", "convolution", "shape"],
)
def test_what_does_not_fit_is_refused_in_one_sentence(data: bytes, said: str) -> None:
    with pytest.raises(NotPossible, match=said), warm("sd").adapted(data):
        pytest.fail("it went in")
    assert not any(layer._forward_hooks for layer in warm("sd").denoiser.modules())


def test_an_adapter_number_beyond_those_given_is_refused() -> None:
    backbone = warm("sd")
    with (
        pytest.raises(NotPossible, match="no adapter number 2 here: 1 were given"),
        backbone.adapted(lora_bytes(backbone)),
    ):
        backbone.draw([Drawing("a mug", 1, adapter=2)], SAMPLING)


def test_adapters_do_not_nest() -> None:
    backbone = warm("sd")
    data = lora_bytes(backbone)
    with backbone.adapted(data), pytest.raises(NotPossible, match="in already"), backbone.adapted(data):
        pytest.fail("it went in twice")


def test_a_stop_inside_takes_the_adapter_out() -> None:
    class Stop(Exception):
        pass

    def stop() -> None:
        raise Stop

    backbone = warm("sd")
    before = drawn("sd")
    with pytest.raises(Stop), backbone.adapted(lora_bytes(backbone)):
        backbone.draw([MUG], SAMPLING, check=stop)
    assert np.array_equal(drawn("sd"), before)


def test_under_compile_another_adapter_needs_no_new_graph() -> None:
    from torch._dynamo.utils import counters  # noqa: PLC0415 - costs a second, and only this test needs it

    backbone = load("sd", compile="eager", adapter_rank=8)
    plain = warm("sd")
    adapters = [lora_bytes(plain, rank=rank, seed=rank) for rank in (4, 8)]
    base = backbone.pixels((MUG,), SAMPLING)
    graphs = counters["stats"]["unique_graphs"]
    assert graphs > 0
    for adapter in adapters:
        with backbone.adapted(adapter):
            compiled = backbone.pixels((MUG,), SAMPLING)
        with plain.adapted(adapter):
            assert np.abs(compiled - drawn("sd", MUG)).max() < 2e-5
    assert np.array_equal(backbone.pixels((MUG,), SAMPLING), base)
    assert counters["stats"]["unique_graphs"] == graphs
    mixed = (MUG, Drawing(LAMP.prompt, LAMP.seed, adapter=1))
    with backbone.adapted(*adapters), plain.adapted(*adapters):
        assert np.abs(backbone.pixels(mixed, SAMPLING) - plain.pixels(mixed, SAMPLING)).max() < 2e-5


def test_an_adapter_of_the_base_goes_into_the_distilled_model() -> None:
    base, served = warm("klein"), warm("klein-distilled")
    before = served.pixels((MUG,), SAMPLING)
    with served.adapted(lora_bytes(base)):
        assert np.abs(served.pixels((MUG,), SAMPLING) - before).max() > 0.01
    assert np.array_equal(served.pixels((MUG,), SAMPLING), before)


def test_a_swap_takes_no_time_to_speak_of() -> None:
    backbone = warm("sd")
    data = lora_bytes(backbone, rank=64)
    took = []
    for _ in range(5):
        began = time.process_time()
        with backbone.adapted(data):
            took.append(time.process_time() - began)
    assert min(took) < 0.01
