"""Patterns and marks: shares between 0 and 1, patterns that close round a mug, marks that lie inside their square."""

import pytest
import torch

from generation.world.scenes import MARKS, PATTERNS
from generation.world.textures import GRAIN_SHARES, PATTERN_SHARES, flat_place, mark_share, noise, wrapped_place

GRID = torch.meshgrid(torch.linspace(-2, 2, 160), torch.linspace(-2, 2, 160), indexing="ij")
U, V = GRID[0].flatten(), GRID[1].flatten()


@pytest.mark.parametrize("name", [*PATTERN_SHARES, *GRAIN_SHARES])
def test_a_pattern_is_a_share_and_no_single_tone(name: str) -> None:
    share = (PATTERN_SHARES | GRAIN_SHARES)[name](U, V)
    assert share.min() >= 0
    assert share.max() <= 1
    assert share.std() > 0.01


@pytest.mark.parametrize(("name", "share"), [("striped", 0.5), ("banded", 0.45), ("checked", 0.5), ("dotted", 0.27)])
def test_how_much_a_products_pattern_covers(name: str, share: float) -> None:
    assert PATTERN_SHARES[name](U, V).mean().item() == pytest.approx(share, abs=0.06)


def test_every_pattern_of_a_thing_is_there() -> None:
    assert set(PATTERNS) - {"plain"} <= set(PATTERN_SHARES)


@pytest.mark.parametrize("name", ["striped", "checked", "banded"])
@pytest.mark.parametrize("scale", [2.6, 3.3, 4.2])
def test_a_wrapped_pattern_closes_at_the_back(name: str, scale: float) -> None:
    behind = torch.tensor([[1e-6, -1e-6], [0.3, 0.3], [-1.0, -1.0]])
    (left, right), _ = wrapped_place(behind, scale)
    away = torch.linspace(0, 1, 97)
    v = torch.full((97,), 0.3)
    before = PATTERN_SHARES[name](left * scale + away, v)
    after = PATTERN_SHARES[name](right * scale + away, v)
    assert (before != after).float().mean() < 0.05


@pytest.mark.parametrize("mark", MARKS[1:])
def test_a_mark_fills_part_of_its_square_and_nothing_else(mark: str) -> None:
    share = mark_share(mark, U, V)
    outside = (U.abs() > 1.02) | (V.abs() > 1.02)
    assert share[outside].max() == 0
    assert 0.2 < share[~outside].mean() < 0.85


def test_marks_can_be_told_apart() -> None:
    shares = [mark_share(mark, U, V) for mark in MARKS[1:]]
    gaps = [(a - b).abs().sum() / a.sum() for index, a in enumerate(shares) for b in shares[index + 1 :]]
    assert min(gaps) > 0.15


@pytest.mark.parametrize(
    ("normal", "expected"),
    [((0, 1, 0), (1.0, 3.0)), ((1, 0, 0), (3.0, 2.0)), ((0, 0, -1), (1.0, 2.0))],
    ids=["top", "side", "back"],
)
def test_flat_patterns_lie_on_the_side_they_are_on(normal: tuple[int, ...], expected: tuple[float, float]) -> None:
    u, v = flat_place(torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor(normal, dtype=torch.float32)[:, None])
    assert (u.item(), v.item()) == expected


def test_noise_is_smooth_and_spread() -> None:
    values = noise(U * 3, V * 3)
    assert values.min() >= 0
    assert values.max() <= 1
    assert values.std() > 0.15
    assert (noise(U, V) - noise(U + 0.001, V)).abs().max() < 0.01
