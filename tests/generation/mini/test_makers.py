"""The makers' chain in a room: trained, settled, encoded once, exported, loaded by Stable Diffusion's own pipeline."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import DPMSolverMultistepScheduler, StableDiffusionInpaintPipeline, StableDiffusionPipeline
from PIL import Image

from generation.exceptions import NotPossible
from generation.mini import autoencoder, exporting, makers
from generation.mini.makers import Limits, Room
from generation.mini.training import Plan
from tests.factories.mini import tiny_renders, tiny_room

FEW = Plan(steps=3, batch=4, warmup=1, log_every=1)


@pytest.fixture(scope="module")
def renders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_renders(tmp_path_factory.mktemp("renders"))


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, renders: Path) -> Room:
    """All trained for three steps, and exported."""
    made = tiny_room(tmp_path_factory.mktemp("room"), renders)
    makers.train_autoencoder(made, Limits(), FEW)
    visits = {5: exporting.sheets_of(made, 3)}
    progress = makers.train_diffusion(made, Limits(visits=visits), FEW)
    assert (progress.step, progress.samples) == (3, 12)
    exporting.export_base(made)
    return made


def test_renders_of_several_folders_are_one(renders: Path, tmp_path: Path) -> None:
    other = tiny_renders(tmp_path / "more", first_seed=50)
    room = replace(tiny_room(tmp_path, renders), renders=(renders, tmp_path / "none", other))
    found = makers.renders_of(room)
    assert len(found) == len(found.images) == 24
    with pytest.raises(NotPossible, match=r"no renders in .*none"):
        makers.renders_of(replace(room, renders=(tmp_path / "none",)))


def test_a_finished_autoencoder_is_settled_and_then_left_alone(room: Room) -> None:
    path = makers.settle_autoencoder(room) / "diffusion_pytorch_model.safetensors"
    assert path.is_relative_to(room.work)
    before = path.read_bytes()
    makers.train_autoencoder(room, Limits(), replace(FEW, steps=4))
    assert makers.settle_autoencoder(room) == path.parent
    assert path.read_bytes() == before


def test_latents_are_encoded_once_and_new_renders_are_added(room: Room, renders: Path, tmp_path: Path) -> None:
    path = room.work / "latents.safetensors"
    stamp = path.stat().st_mtime_ns
    first = makers.latents_of(room, makers.renders_of(room))
    assert path.stat().st_mtime_ns == stamp
    assert (first.dtype, tuple(first.shape)) == (torch.float16, (12, 4, 4, 4))
    more = replace(room, renders=(tiny_renders(tmp_path, first_seed=50), renders))
    both = makers.latents_of(more, makers.renders_of(more))
    assert torch.equal(both[12:], first)
    net = autoencoder.load(makers.settle_autoencoder(room))
    assert torch.allclose(both[:12].float(), autoencoder.encoded(net, makers.renders_of(more).images[:12]), atol=0.02)


def test_sheets_are_drawn_on_the_way_and_asked_for(room: Room) -> None:
    assert (room.sheets / "text-to-image-00000008.png").exists()
    path = exporting.draw_sheet(room, 9)
    assert path.name == "text-to-image-00000012.png"
    with Image.open(path) as picture:
        assert picture.size == (8 * 16 * 2, 2 * 16 * 2)


@pytest.mark.parametrize("solver", ["own", "dpm++"])
def test_the_export_loads_in_stable_diffusions_pipeline_and_draws(room: Room, solver: str) -> None:
    pipeline = StableDiffusionPipeline.from_pretrained(  # type: ignore[no-untyped-call]
        room.weights / "base", safety_checker=None, local_files_only=True, use_safetensors=True, dtype=torch.float32
    )
    if solver == "dpm++":
        pipeline.scheduler = DPMSolverMultistepScheduler.from_config(pipeline.scheduler.config)
    images = pipeline("a photo of a red mug on a beach", num_inference_steps=3, output_type="np").images
    assert images.shape == (1, 16, 16, 3)
    assert 0 <= images.min() < images.max() <= 1
    said = json.loads((room.weights / "figures.json").read_text())["base"]
    assert said["progress"]["samples"] == 12
    assert said["plan"]["batch"] == 4
    assert said["autoencoder"]["channels"] == [8, 8, 16]
    sizes = [path.stat().st_size for path in (room.weights / "base").rglob("*.safetensors")]
    assert len(sizes) == 3
    assert not [path for path in room.weights.rglob("*") if path.suffix in (".bin", ".pt", ".pkl", ".ckpt")]


def test_the_export_fills_a_mask_by_the_four_channel_path(room: Room) -> None:
    pipeline = StableDiffusionInpaintPipeline.from_pretrained(  # type: ignore[no-untyped-call]
        room.weights / "base", safety_checker=None, local_files_only=True, dtype=torch.float32
    )
    photo, mask = Image.new("RGB", (16, 16), (200, 30, 30)), Image.new("L", (16, 16), 255)
    filled = pipeline(
        "a mug", image=photo, mask_image=mask, height=16, width=16, num_inference_steps=2, output_type="np"
    ).images
    assert filled.shape == (1, 16, 16, 3)


def test_training_goes_on_from_finished_weights_where_checkpoints_are_gone(room: Room, tmp_path: Path) -> None:
    fresh = replace(room, work=tmp_path)
    assert makers.settle_autoencoder(fresh) == room.weights / "base" / "vae"
    progress = makers.train_diffusion(fresh, Limits(), replace(FEW, steps=4))
    assert (progress.step, progress.samples) == (4, 16)
    other = replace(fresh, work=tmp_path / "other", diffusion_sizes=replace(room.diffusion_sizes, heads=1))
    assert makers.train_diffusion(other, Limits(), replace(FEW, steps=1)).step == 1


def test_the_autoencoder_is_evaluated_on_held_out_renders(room: Room) -> None:
    said = exporting.evaluate_autoencoder(room)
    assert said["pictures"] == 12
    assert 5 < said["psnr"] < 60
    assert (room.sheets / "autoencoder.png").exists()
