"""Image to video: frames enough, proportions kept, the same again for the same seed."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from generation.checkpoints import video
from generation.checkpoints.roles import Filming
from generation.exceptions import BadModelSet
from tests.factories.checkpoints.makers import entry_of, load, warm

KINDS = ["wan", "ltx", "svd"]


def photo(width: int = 64, height: int = 64, seed: int = 0) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height))


def filming(image: Image.Image, **change: Any) -> Filming:
    return Filming(
        **{"image": image, "prompt": "An orbit.", "frames": 5, "steps": 2, "guidance": 2.0, "seed": 1, **change}
    )


def film(kind: str, **change: Any) -> list[Image.Image]:
    frames: list[Image.Image] = warm(kind).film(filming(change.pop("image", photo()), **change))
    return frames


@pytest.mark.parametrize(
    ("kind", "asked", "given"),
    [
        ("wan", 1, 1),
        ("wan", 5, 5),
        ("wan", 6, 9),
        ("ltx", 1, 1),
        ("ltx", 2, 9),
        ("ltx", 9, 9),
        ("svd", 6, 6),
        ("svd", 1, 2),
    ],
)  # fmt: skip
def test_there_are_as_many_frames_as_asked_by_the_familys_rule(kind: str, asked: int, given: int) -> None:
    frames = film(kind, frames=asked)
    assert len(frames) == given == warm(kind).frames_for(asked)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("width", "height"), [(64, 64), (150, 100), (100, 150), (90, 30)], ids=["square", "wide", "high", "a banner"]
)
def test_frames_have_the_photos_proportions(kind: str, width: int, height: int) -> None:
    frames = film(kind, image=photo(width, height), frames=1, steps=1)
    aspect = frames[0].width / frames[0].height
    assert aspect == pytest.approx(width / height, rel=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_films_the_same_and_another_does_not(kind: str) -> None:
    shown = [b"".join(frame.tobytes() for frame in film(kind, seed=seed)) for seed in (1, 1, 2)]
    assert shown[0] == shown[1] != shown[2]


@pytest.mark.parametrize("kind", KINDS)
def test_the_photo_counts(kind: str) -> None:
    assert film(kind)[0].tobytes() != film(kind, image=photo(seed=5))[0].tobytes()


@pytest.mark.parametrize("kind", ["wan", "ltx"])
def test_words_count(kind: str) -> None:
    assert film(kind)[-1].tobytes() != film(kind, prompt="A tilt, from above.")[-1].tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_is_heard_after_every_step(kind: str) -> None:
    class Stop(Exception):
        pass

    def stop() -> None:
        raise Stop

    with pytest.raises(Stop):
        warm(kind).film(filming(photo(), steps=30), check=stop)


@pytest.mark.parametrize("kind", KINDS)
def test_memory_can_be_saved(kind: str) -> None:
    filmer = load(kind)
    before = filmer.film(filming(photo()))[-1]
    assert filmer.save_memory(1)
    saved = filmer.film(filming(photo()))[-1]
    assert filmer.save_memory(0)
    assert saved.size == before.size
    assert filmer.film(filming(photo()))[-1].tobytes() == before.tobytes()


def test_an_unknown_family_is_refused() -> None:
    entry = entry_of("sd", "video")
    with pytest.raises(BadModelSet, match="no video family 'sd'; choose from wan, ltx, svd"):
        video.load(entry, "cpu")
