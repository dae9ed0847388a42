"""New views: what the UNet is told, that each side is learnt from another of its scene, and the film of a turn."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from generation.checkpoints import video
from generation.checkpoints.roles import Filming
from generation.checkpoints.sets import Entry
from generation.checkpoints.turntable import TurntablePipeline, turn_tokens
from generation.exceptions import NotPossible
from generation.mini import autoencoder, diffusion, exporting, makers, novel_view
from generation.mini.dino import SIZES, build_dino, write_dino
from generation.mini.makers import Limits, Room
from generation.mini.training import Plan, train
from generation.world.dataset import Plan as RenderPlan
from generation.world.dataset import write
from tests.factories.mini import AUTOENCODER, DIFFUSION, tiny_renders, tiny_room

PLAN = Plan(steps=6, batch=8, warmup=2, log_every=3)


def orbits(scenes: int = 3, group: int = 4) -> novel_view.Orbits:
    generator = torch.Generator().manual_seed(1)
    azimuths = torch.arange(group) * (2 * math.pi / group) + torch.rand(scenes, 1, generator=generator)
    return novel_view.Orbits(
        torch.randn(scenes * group, 4, 4, 4, generator=generator).half(), azimuths.flatten(), group
    )


def test_a_turn_is_told_by_its_waves() -> None:
    turns = torch.tensor([0.0, math.pi / 2, 2 * math.pi, -0.4])
    told = turn_tokens(turns, 6)
    assert told.shape == (4, 1, 6)
    assert torch.allclose(told[1, 0], torch.tensor([1.0, 0.0, 0.0, -1.0, 1.0, 0.0]), atol=1e-6)
    assert torch.allclose(told[0], told[2], atol=1e-5), "a full turn is none"
    assert not torch.allclose(turn_tokens(-turns, 6)[3], told[3])


def test_the_other_side_is_another_of_the_same_scene() -> None:
    places = torch.arange(12).repeat(20)
    others = novel_view.other_sides(places, 4, torch.Generator().manual_seed(0))
    assert (others // 4 == places // 4).all()
    assert (others != places).all()
    assert {int(other) for other, place in zip(others, places, strict=True) if place == 5} == {4, 6, 7}


@pytest.mark.parametrize("kill", [2, 5])
def test_it_resumes_bit_for_bit(tmp_path: Path, kill: int) -> None:
    whole, part, rest = (novel_view.NovelViewTask(orbits(), DIFFUSION) for _ in range(3))
    train(whole, PLAN, tmp_path / "whole")
    counted = iter(range(100))
    train(part, PLAN, tmp_path / "parts", stop=lambda: next(counted) >= kill)
    train(rest, PLAN, tmp_path / "parts")
    for key, value in whole.unet.state_dict().items():
        assert torch.equal(value, rest.unet.state_dict()[key]), key


def test_it_begins_where_text_to_image_ended() -> None:
    base = diffusion.build_unet(DIFFUSION)
    task = novel_view.NovelViewTask(orbits(), DIFFUSION, base.state_dict())
    noisy, source = torch.randn(2, 4, 4, 4), torch.randn(2, 4, 4, 4)
    told, times = torch.randn(2, 1, DIFFUSION.text_width), torch.tensor([10, 900])
    base.set_attn_processor(diffusion.plain_attention())
    with torch.no_grad():
        before = base(noisy, times, told, return_dict=False)[0]
        after = task.unet(torch.cat([noisy, source], 1), times, told, return_dict=False)[0]
    assert torch.allclose(before, after, atol=1e-5)


def test_picture_and_turn_both_matter_after_some_steps(tmp_path: Path) -> None:
    task = novel_view.NovelViewTask(orbits(), DIFFUSION)
    train(task, PLAN, tmp_path)
    noisy, sources = torch.randn(1, 4, 4, 4).expand(3, 4, 4, 4), torch.randn(3, 4, 4, 4)
    sources[1] = sources[0]
    told = turn_tokens(torch.tensor([0.5, 2.0, 0.5]), DIFFUSION.text_width)
    with torch.no_grad():
        said = task.unet(torch.cat([noisy, sources], 1), torch.tensor([500] * 3), told, return_dict=False)[0]
    assert not torch.allclose(said[0], said[1])
    assert not torch.allclose(said[0], said[2])


@pytest.fixture
def pipeline() -> TurntablePipeline:
    torch.manual_seed(0)
    unet = diffusion.build_unet(DIFFUSION, channels_in=8)
    made = TurntablePipeline(autoencoder.build(AUTOENCODER), unet, diffusion.scheduler())
    made.set_progress_bar_config(disable=True)
    return made


def photo(width: int = 16, height: int = 16) -> Image.Image:
    return Image.linear_gradient("L").resize((width, height)).convert("RGB")


def test_a_film_begins_with_the_picture_and_is_one_turn(pipeline: TurntablePipeline) -> None:
    def film(seed: int) -> torch.Tensor:
        made = pipeline(
            photo(),
            width=16,
            height=16,
            num_frames=4,
            num_inference_steps=2,
            generator=torch.Generator().manual_seed(seed),
        )
        return torch.from_numpy(made.frames)

    frames = film(3)
    assert frames.shape == (1, 4, 16, 16, 3)
    shown = torch.tensor(list(photo().convert("L").tobytes())).reshape(16, 16) / 255
    assert torch.allclose(frames[0, 0, :, :, 0], shown, atol=1 / 255)
    assert torch.equal(frames, film(3))
    assert not torch.equal(frames, film(4))
    with pytest.raises(ValueError, match="output_type is 'pil'"):
        pipeline(photo(), width=16, height=16, num_frames=2, output_type="pil")


def test_a_film_can_be_ended(pipeline: TurntablePipeline) -> None:
    def end(_pipeline: object, step: int, _time: object, _values: object) -> None:
        if step == 1:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        pipeline(photo(), width=16, height=16, num_frames=2, callback_on_step_end=end)


@pytest.mark.parametrize(
    ("size", "frames", "expected"),
    [((16, 16), 5, 5), ((40, 20), 1, 2)],
    ids=["square", "wide, of one frame"],
)
def test_the_family_films_from_a_folder(
    pipeline: TurntablePipeline, tmp_path: Path, size: tuple[int, int], frames: int, expected: int
) -> None:
    pipeline.to(torch.float16).save_pretrained(tmp_path)
    entry = Entry("video", "turntable", "", "", "none", True, tmp_path, side=16)
    filmer = video.load(entry, "cpu")
    made = filmer.film(Filming(photo(*size), "a mug", frames, steps=2, guidance=3.0, seed=1))
    assert len(made) == expected
    assert made[0].width >= made[0].height
    again = filmer.film(Filming(photo(*size), "another", frames, steps=2, guidance=1.0, seed=1))
    assert [one.tobytes() for one in again] == [one.tobytes() for one in made], "it reads no words"


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Orbits of two scenes, four sides each, by name."""
    folder = tmp_path_factory.mktemp("orbits")
    write(RenderPlan(things=2, views=0, orbit=4, side=16, samples=1), folder)
    return lambda _name: folder


def test_a_room_trains_on_its_orbits_from_text_to_image(tmp_path: Path, turned: Callable[[str], Path]) -> None:
    few = Plan(steps=2, batch=4, warmup=1)
    room: Room = replace(tiny_room(tmp_path, tiny_renders(tmp_path / "renders")), orbits=(turned("train"),))
    with pytest.raises(NotPossible, match=r"hold no orbits.*--orbit 6"):
        makers.orbits_of(replace(room, orbits=room.renders), room.renders)
    makers.train_autoencoder(room, Limits(), few)
    found = makers.orbits_of(room, room.orbits)
    assert (found.group, tuple(found.latents.shape)) == (4, (8, 4, 4, 4))
    steps = found.azimuths.reshape(2, 4).diff(dim=1) % (2 * math.pi)
    assert torch.allclose(steps, torch.full_like(steps, math.pi / 2), atol=1e-3)
    makers.train_diffusion(room, Limits(), few)
    assert makers.train_novel_view(room, Limits(), few).samples == 8
    folder = exporting.export_views(room)
    loaded = TurntablePipeline.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    assert loaded.unet.config.in_channels == 8


def test_drawn_views_are_measured_beside_rendered_ones_and_the_given_pictures(
    tmp_path: Path, turned: Callable[[str], Path]
) -> None:
    few = Plan(steps=1, batch=4, warmup=1)
    room: Room = replace(
        tiny_room(tmp_path, tiny_renders(tmp_path / "renders")),
        orbits=(turned("train"),),
        held_out_orbits=turned("held"),
    )
    makers.train_autoencoder(room, Limits(), few)
    makers.train_novel_view(room, Limits(), few)
    torch.manual_seed(1)
    write_dino(build_dino({**SIZES, "hidden_size": 16, "num_hidden_layers": 1}), room.weights / "dino")
    said = exporting.evaluate_views(room)
    assert (said["samples"], said["scenes"]) == (4, 2)
    assert {key.rsplit("_", 1)[1] for key in said if "_at_" in key} == {"90", "180", "270"}
    assert all(said[key] in (0.0, 0.5, 1.0) for key in said if key.startswith("top1"))
    assert all(said[f"psnr_of_given_at_{degrees}"] > 5 for degrees in (90, 180, 270))
    assert Image.open(room.sheets / "novel-view-90.png").size == (2 * 16 * 2, 3 * 16 * 2)
