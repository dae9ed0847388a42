"""What a family does in training, against diffusers' own schedulers and pipelines."""

from types import SimpleNamespace

import pytest
import torch
from diffusers import DDPMScheduler

from generation.exceptions import NotPossible
from generation.training.denoisers import denoiser_of, fingerprint
from generation.training.unet import UnetDenoiser
from tests.factories.checkpoints.makers import load, warm
from tests.factories.training import KINDS


def unet_predicting(kind: str, **changes: object) -> tuple[UnetDenoiser, DDPMScheduler]:
    scheduler = DDPMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", prediction_type=kind, **changes
    )  # type: ignore[no-untyped-call]
    parts = SimpleNamespace(**warm("sd").pipeline.components)
    parts.scheduler, parts.vae_scale_factor = scheduler, 8
    return UnetDenoiser(parts), scheduler


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_noise_and_target_are_those_of_the_scheduler(kind: str) -> None:
    denoiser, scheduler = unet_predicting(kind)
    clean, noise = torch.randn(2, 3, 4, 8, 8)
    times = torch.tensor([0, 500, 999])
    noisy, target = denoiser.noised(clean, noise, times)
    assert torch.allclose(noisy, scheduler.add_noise(clean, noise, times), atol=1e-5)
    wanted = noise if kind == "epsilon" else scheduler.get_velocity(clean, noise, times)
    assert torch.allclose(target, wanted, atol=1e-5)


@pytest.mark.parametrize(("kind", "offset"), [("epsilon", 0), ("v_prediction", 1)], ids=["epsilon", "v prediction"])
def test_min_snr_weights(kind: str, offset: int) -> None:
    denoiser, scheduler = unet_predicting(kind)
    times = torch.tensor([5, 400, 950])
    kept = scheduler.alphas_cumprod[times]
    snr = kept / (1 - kept)
    wanted = torch.minimum(snr, torch.tensor(5.0)) / (snr + offset)
    assert torch.allclose(denoiser.weights(times, 5.0), wanted, rtol=1e-4)
    assert denoiser.weights(times, None).tolist() == [1, 1, 1]


def test_min_snr_is_a_number_where_nothing_of_the_signal_is_left() -> None:
    denoiser, _ = unet_predicting("v_prediction", rescale_betas_zero_snr=True)
    assert denoiser.weights(torch.tensor([999]), 5.0).isfinite().all()


def test_what_no_unet_here_predicts_is_refused() -> None:
    with pytest.raises(NotPossible, match="'sample'"):
        unet_predicting("sample")


def test_flows_go_from_picture_to_noise_in_a_straight_line() -> None:
    denoiser = denoiser_of(warm("klein"))
    clean, noise = torch.randn(2, 2, 16, 4, 4)
    noisy, target = denoiser.noised(clean, noise, torch.tensor([0.25, 1.0]))
    assert torch.allclose(noisy[0], 0.75 * clean[0] + 0.25 * noise[0])
    assert torch.allclose(noisy[1], noise[1])
    assert torch.allclose(target, noise - clean)
    times = denoiser.times(500, torch.Generator().manual_seed(0))
    assert 0 < float(times.min()) < 0.05
    assert 0.95 < float(times.max()) <= 1


def test_klein_has_no_min_snr_and_no_text_encoder_to_train() -> None:
    denoiser = denoiser_of(warm("klein"))
    with pytest.raises(NotPossible, match="snr_gamma"):
        denoiser.weights(torch.tensor([0.5]), 5.0)
    with pytest.raises(NotPossible, match="text_encoder = false"):
        denoiser.targets(text_encoder=True)


def test_klein_adapts_each_blocks_own_output_layer() -> None:
    names = denoiser_of(warm("klein")).targets(text_encoder=False)
    assert "transformer.transformer_blocks.0.attn.to_out.0" in names
    assert "transformer.single_transformer_blocks.0.attn.to_out" in names
    assert not any(name.endswith("attn.to_out") and ".transformer_blocks" in name for name in names)


@pytest.mark.parametrize("kind", KINDS)
def test_latents_decode_to_the_picture_as_the_pipeline_would(kind: str) -> None:
    backbone = warm(kind)
    denoiser, vae = denoiser_of(backbone), backbone.pipeline.vae
    pixels = torch.rand(2, 3, 64, 64) * 2 - 1
    moments = denoiser.moments(pixels)
    assert len(moments) == 2
    if kind == "klein":
        wanted = backbone.pipeline._encode_vae_image(pixels, torch.Generator())
    else:
        wanted = vae.encode(pixels).latent_dist.mean * vae.config.scaling_factor
    assert torch.allclose(torch.stack([one.mean for one in moments]), wanted, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_predicts_what_its_rows_predict_alone(kind: str) -> None:
    denoiser = denoiser_of(warm(kind))
    clean = torch.stack([one.mean for one in denoiser.moments(torch.rand(2, 3, 64, 64) * 2 - 1)])
    words, times = denoiser.words(["a red mug", "a lamp"]), denoiser.times(2, torch.Generator().manual_seed(1))
    frames = torch.tensor([[64.0, 64, 0, 0, 64, 64], [90.0, 64, 8, 0, 64, 64]])
    with torch.no_grad():
        both = denoiser.predict(clean, times, words, frames)
        for row in range(2):
            some = slice(row, row + 1)
            part = {name: value[some] for name, value in words.items()}
            alone = denoiser.predict(clean[some], times[some], part, frames[some])
            assert torch.allclose(alone, both[some], atol=1e-4)
    assert both.shape == clean.shape


def test_the_frame_tells_sdxl_the_size() -> None:
    denoiser = denoiser_of(warm("sdxl"))
    clean, words = torch.randn(1, 4, 8, 8), denoiser.words(["a mug"])
    frames = [torch.tensor([[float(side), side, 0, 0, 64, 64]]) for side in (64, 512)]
    with torch.no_grad():
        small, large = (denoiser.predict(clean, torch.tensor([500]), words, frame) for frame in frames)
    assert not torch.allclose(small, large)


def test_an_encoder_that_fails_while_it_computes_wider_is_narrow_again(monkeypatch: pytest.MonkeyPatch) -> None:
    denoiser = denoiser_of(load("sd", dtype="float16"))
    vae = denoiser.encoder
    monkeypatch.setitem(vae.config, "force_upcast", True)
    seen = []

    def encode(pixels: torch.Tensor) -> None:
        seen.append(pixels.dtype)
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(vae, "encode", encode)
    with pytest.raises(torch.OutOfMemoryError):
        denoiser.moments(torch.zeros(1, 3, 64, 64))
    assert seen == [torch.float32]
    assert {value.dtype for value in vae.parameters()} == {torch.float16}


def test_another_family_cannot_be_trained() -> None:
    with pytest.raises(NotPossible, match="family wan"):
        denoiser_of(SimpleNamespace(family="wan", pipeline=None))  # type: ignore[arg-type]


def test_a_fingerprint_tells_models_apart_by_what_they_are() -> None:
    one, same, other = warm("sd").pipeline, load("sd").pipeline, warm("sdxl").pipeline
    assert fingerprint(one.vae) == fingerprint(same.vae)
    assert fingerprint(one.vae) != fingerprint(other.vae)
    assert fingerprint(one.text_encoder) != fingerprint(one.unet)
    changed = load("sd").pipeline.vae
    with torch.no_grad():
        next(changed.parameters()).add_(1e-3)
    assert fingerprint(changed) != fingerprint(one.vae)
