"""Pictures as trainers show them: cut-outs are those of the metrics, ground is zero, nothing moves by chance alone."""

import numpy as np
import pytest
import torch
from PIL import Image

from generation import imaging
from generation.mini import augmenting
from tests.factories.painted import painted


@pytest.fixture(scope="module")
def shown() -> tuple[torch.Tensor, torch.Tensor]:
    data = painted(4)
    return augmenting.normalised(data.images), augmenting.shares(data.masks)


def seeded(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_ground_of_cut_outs_is_zero() -> None:
    ground = torch.tensor(imaging.GROUND, dtype=torch.uint8).expand(1, 4, 4, 3)
    assert augmenting.normalised(ground).abs().max() < 0.01


def test_boxes_are_those_of_the_masks() -> None:
    masks = torch.zeros(2, 1, 20, 40)
    masks[0, 0, 5:15, 8:32] = 1.0
    assert augmenting.boxes(masks)[0].tolist() == pytest.approx([0.0, 0.0, 0.6, 0.5])
    assert augmenting.boxes(masks)[1].tolist() == [0.0, 0.0, 1.0, 1.0]  # nothing there: the whole picture


def test_a_frame_of_all_changes_nothing_and_a_negative_width_mirrors(
    shown: tuple[torch.Tensor, torch.Tensor],
) -> None:
    images, _ = shown
    whole = torch.tensor([[0.0, 0.0, 1.0, 1.0]]).expand(len(images), 4)
    assert torch.allclose(augmenting.seen(images, whole), images, atol=1e-4)
    mirrored = whole * torch.tensor([1.0, 1.0, -1.0, 1.0])
    assert torch.allclose(augmenting.seen(images, mirrored), images.flip(-1), atol=1e-4)


@pytest.mark.parametrize(("ground", "beyond"), [(True, 0.0), (False, 2.0)], ids=["ground", "the border's colour"])
def test_beyond_the_border_is(ground: bool, beyond: float) -> None:
    images = torch.full((1, 3, 8, 8), 2.0)
    wide = torch.tensor([[0.0, 0.0, 4.0, 4.0]])
    assert augmenting.seen(images, wide, ground=ground)[0, 0, 0, 0] == beyond


def test_cut_outs_are_those_of_the_segmented_metrics() -> None:
    data = painted(3)
    ours = augmenting.cut_outs(augmenting.normalised(data.images), augmenting.shares(data.masks))
    for place in range(len(data)):
        cut = imaging.cut_out(Image.fromarray(data.images[place].numpy()), data.masks[place].numpy() > 127)
        theirs = np.asarray(cut.resize((64, 64), Image.Resampling.BILINEAR))
        expected = augmenting.normalised(torch.from_numpy(theirs.copy())[None])
        assert (ours[place] - expected[0]).abs().mean() < 0.1


def test_elsewhere_keeps_the_product_and_takes_the_others_ground(shown: tuple[torch.Tensor, torch.Tensor]) -> None:
    images, masks = shown
    order = torch.arange(len(images)).roll(1)
    mixed = augmenting.elsewhere(images, masks, order)
    assert torch.equal(mixed * masks, images * masks)
    assert torch.allclose(mixed * (1 - masks), images[order] * (1 - masks))


def test_spoilt_stays_close_and_is_the_seeds(shown: tuple[torch.Tensor, torch.Tensor]) -> None:
    images, _ = shown
    spoilt = augmenting.spoilt(images, seeded())
    assert torch.equal(spoilt, augmenting.spoilt(images, seeded()))
    assert not torch.equal(spoilt, augmenting.spoilt(images, seeded(4)))
    assert 0 < (spoilt - images).abs().mean() < 0.4


def test_frames_stay_within_what_is_asked() -> None:
    found = augmenting.frames(500, seeded(), zoom=(0.8, 1.25), aside=0.1)
    assert found[:, :2].abs().max() <= 0.1
    assert 0.8 <= found[:, 3].min() <= found[:, 3].max() <= 1.25
    assert torch.equal(found[:, 2].abs(), found[:, 3])
    assert 0.4 < (found[:, 2] < 0).float().mean() < 0.6
