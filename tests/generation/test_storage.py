"""The pipeline's files in the site's storage, and checkpoints that outlive a process."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import default_storage
from PIL import Image

from catalog.media import media_file
from generation.exceptions import GenerationError
from generation.files import thumbnail_key
from generation.records import Picture
from generation.storage import CHECKPOINTS, Checkpoints, site_files
from tests.factories.generation import some_hash


def test_a_picture_comes_back_to_the_last_bit() -> None:
    image = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    picture = site_files().put_picture(image)
    assert np.array_equal(np.asarray(site_files().image(picture)), np.asarray(image))


def test_the_same_picture_twice_is_one_file() -> None:
    image = Image.new("RGB", (8, 8), "teal")
    first = site_files().put_picture(image)
    folder = str(Path(first.key).parent)
    # Other tests of this process may have put theirs beside it.
    there = set(default_storage.listdir(folder)[1])
    assert site_files().put_picture(image) == first
    assert set(default_storage.listdir(folder)[1]) == there


def test_pictures_are_served_and_data_is_not() -> None:
    picture = site_files().put_picture(Image.new("RGB", (8, 8), "olive"))
    adapter, _ = site_files().put_data(b"weights", "safetensors")
    assert media_file(picture.key) is not None
    assert media_file(thumbnail_key(picture.sha256)) is not None
    assert media_file(adapter) is None


def test_a_picture_that_is_gone_says_so() -> None:
    sha256 = some_hash()
    with pytest.raises(GenerationError, match="is gone from the store"):
        site_files().image(Picture(f"generated/{sha256[:2]}/{sha256}.png", sha256, 8, 8))


def test_a_checkpoint_is_replaced_and_outlives_the_object() -> None:
    fingerprint = some_hash()
    for state in (b"step 100", b"step 200"):
        Checkpoints(fingerprint).keep("trainer", state)
    Checkpoints(fingerprint).keep("sweep", b"two tokens left")
    assert Checkpoints(fingerprint).read("trainer") == b"step 200"
    assert Checkpoints(fingerprint).read("sweep") == b"two tokens left"
    assert Checkpoints(some_hash()).read("trainer") is None


@pytest.mark.parametrize("before", [None, b"step 100"])
def test_a_checkpoint_that_may_not_be_shown_leaves_the_one_before(before: bytes | None) -> None:
    kept = Checkpoints(some_hash())

    def lost(_write: Callable[[], None]) -> None:
        raise TimeoutError

    if before is not None:
        kept.keep("trainer", before)
    with pytest.raises(TimeoutError):
        kept.keep("trainer", b"step 200", lost)
    assert kept.read("trainer") == before


def test_of_a_checkpoint_only_the_newest_state_takes_room() -> None:
    fingerprint = some_hash()
    for state in (b"step 100", b"step 200", b"step 200", b"step 300"):
        Checkpoints(fingerprint).keep("trainer", state)
    names = default_storage.listdir(f"{CHECKPOINTS}/{fingerprint[:2]}/{fingerprint}")[1]
    assert len(names) == 2, "the state, and which one it is"


def test_checkpoints_go_when_the_stage_is_done() -> None:
    one, other = some_hash(), some_hash()
    for fingerprint in (one, other):
        Checkpoints(fingerprint).keep("trainer", b"state")
    Checkpoints(one).forget()
    assert Checkpoints(one).read("trainer") is None
    assert Checkpoints(other).read("trainer") == b"state"
    assert default_storage.listdir(f"{CHECKPOINTS}/{one[:2]}/{one}")[1] == []


def test_forgetting_what_was_never_kept_is_no_error() -> None:
    Checkpoints(some_hash()).forget()
