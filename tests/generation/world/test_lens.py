"""The lens: far parts soften, near parts stay, and nothing bleeds from near to far."""

import torch

from generation.world.lens import blurred_behind


def test_a_far_edge_softens_and_a_near_one_stays() -> None:
    colour = torch.zeros(3, 16, 32)
    colour[:, :, 16:] = 1.0
    far_share = torch.ones(16, 32)
    far_share[8:] = 0.0
    found = blurred_behind(colour * (1 - far_share), colour * far_share, far_share, 2.0)
    assert (found[:, 8:] == colour[:, 8:]).all()
    assert 0.3 < found[0, 2, 15].item() < 0.7
    assert found[0, 2, 0].item() < 0.01


def test_what_is_near_does_not_bleed_into_the_blur() -> None:
    near = torch.zeros(3, 16, 16)
    near[0, :, 8:] = 1.0
    share = torch.zeros(16, 16)
    share[:, :8] = 1.0
    found = blurred_behind(near, torch.full((3, 16, 16), 0.25) * share, share, 3.0)
    torch.testing.assert_close(found[:, :, :8], torch.full((3, 16, 8), 0.25), atol=1e-5, rtol=0)


def test_an_even_background_stays_as_it_is() -> None:
    far = torch.full((3, 8, 8), 0.4)
    found = blurred_behind(torch.zeros(3, 8, 8), far, torch.ones(8, 8), 1.5)
    torch.testing.assert_close(found, far, atol=1e-5, rtol=0)
