"""Draws by name: the same for ever, and independent of each other."""

import pytest

from generation.world.draws import Draws


@pytest.mark.parametrize(
    ("stream", "name", "expected"),
    [("thing 0", "family", 0.1337053859737145), ("scene 5", "light", 0.6866479753182644), ("", "", 0.9996105273049685)],
    ids=["thing", "scene", "empty"],
)
def test_a_draw_is_the_same_on_every_machine(stream: str, name: str, expected: float) -> None:
    assert Draws(stream).unit(name) == expected


def test_draws_are_even_over_streams() -> None:
    units = [Draws(f"stream {number}").unit("x") for number in range(2000)]
    assert 0.47 < sum(units) / len(units) < 0.53
    assert 0 <= min(units) < 0.01
    assert 0.99 < max(units) < 1


def test_a_name_of_one_thing_is_its_own() -> None:
    draws = Draws("place 1")
    assert draws.of("bush 2").unit("tall") == draws.unit("bush 2 tall")
    assert draws.of("a").of("b").unit("c") == draws.unit("a b c")


def test_picks_follow_weights() -> None:
    picks = [Draws(f"stream {number}").pick("x", "abc", (1, 0, 3)) for number in range(1000)]
    assert picks.count("b") == 0
    assert 0.2 < picks.count("a") / 1000 < 0.3


def test_picks_without_weights_reach_every_item() -> None:
    assert {Draws(f"stream {number}").pick("x", range(5)) for number in range(200)} == set(range(5))


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_chance_comes_true_in_its_share_of_streams(share: float) -> None:
    hits = sum(Draws(f"stream {number}").chance("x", share) for number in range(2000))
    assert abs(hits / 2000 - share) < 0.03


def test_a_side_is_left_or_right() -> None:
    assert {Draws(f"stream {number}").side("x") for number in range(50)} == {-1, 1}


def test_between_stays_between() -> None:
    found = [Draws(f"stream {number}").between("x", -2.0, 3.0) for number in range(500)]
    assert min(found) >= -2.0
    assert max(found) < 3.0
