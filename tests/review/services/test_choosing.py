"""Which images a list hands on: all of a wall, a share drawn by chance, those of some products; never too many."""

import pytest

from review.cards import ImageKey
from review.exceptions import CannotChoose
from review.filters import Filters
from review.models import Item
from review.services import choosing
from review.walls import OPEN, Wall
from tests.factories.catalog import make_product
from tests.factories.rating import YES
from tests.review.facts import put
from tests.review.pictured import judge, make_uploads, make_world


def test_a_wall_gives_each_image_once(db: None) -> None:
    world = make_world()
    judge(world.candidates[:2], [[YES], [YES]], name="Again")  # judged twice, and two rows of the wall
    wall = Wall(Filters(product=world.product.pk))
    assert {key.pk for key in choosing.keys_on(wall)} == {one.pk for one in world.candidates[:4]}
    assert len(choosing.keys_on(wall)) == 4
    assert {key.pk for key in choosing.keys_on(wall.but(verdict=OPEN))} == {one.pk for one in world.candidates[4:]}


def test_an_image_of_several_campaigns_is_one_image(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world()
    for name in ("Again", "Once more"):
        judge(world.candidates[:4], [[YES]] * 4, name=name)
    images = {ImageKey("candidate", one.pk) for one in world.candidates[:4]}
    drawn = [choosing.keys_on(Wall(), 50) for _ in range(5)]
    assert all(len(some) == len(set(some)) == 2 and set(some) <= images for some in drawn)
    monkeypatch.setattr(choosing, "MOST_SENT", 4)
    assert set(choosing.keys_on(Wall())) == images
    assert set(choosing.keys_of_items(Filters(), list(Item.objects.values_list("pk", flat=True)))) == images


def test_a_share_is_drawn_by_chance_and_never_nothing(db: None) -> None:
    put([(make_product(f"Mug {n}"), "a", "beach", [True] * 10) for n in range(10)])
    all_of_them = set(choosing.keys_on(Wall()))
    assert len(all_of_them) == 100
    drawn = [choosing.keys_on(Wall(), 20) for _ in range(4)]
    assert all(len(some) == len(set(some)) == 20 and set(some) <= all_of_them for some in drawn)
    assert len({tuple(some) for some in drawn}) > 1
    assert len(choosing.keys_on(Wall(Filters(product=None, method="a")), 1)) == 1
    assert len(choosing.keys_on(Wall(verdict="passed"), 100)) == 100


def test_what_is_too_much_or_nothing_is_refused(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    put([(make_product("Mug"), "a", "beach", [True] * 5)])
    monkeypatch.setattr(choosing, "MOST_SENT", 3)
    with pytest.raises(CannotChoose, match="3 images are marked or sent at once"):
        choosing.keys_on(Wall())
    with pytest.raises(CannotChoose, match="or a share of them"):
        choosing.keys_of_items(Filters(), list(Item.objects.values_list("pk", flat=True)))
    assert len(choosing.keys_on(Wall(), 50)) == 3
    with pytest.raises(CannotChoose, match="Choose some images first"):
        choosing.keys_on(Wall(verdict="failed"))
    with pytest.raises(CannotChoose, match="Choose some images first"):
        choosing.keys_on(Wall(verdict="failed"), 50)
    monkeypatch.setattr(choosing, "MOST_DRAWN_FROM", 4)
    with pytest.raises(CannotChoose, match="A share is drawn from 4 images at most"):
        choosing.keys_on(Wall(), 20)


def test_products_hand_on_the_images_that_the_filters_choose(db: None) -> None:
    world, uploads = make_world(), make_uploads(2)
    other = make_product("Lamp")
    put([(other, "b", "beach", [True])], name="Lamps")
    mine = [Item.objects.get(product=world.product.pk).pk, Item.objects.get(product=None).pk]
    keys = choosing.keys_of_items(Filters(), mine)
    judged = [ImageKey("candidate", one.pk) for one in world.candidates[:4]]
    assert set(keys) == {*judged, *(ImageKey("task", one.pk) for one in uploads)}
    assert set(choosing.keys_of_items(Filters(method="theirs"), mine)) == {ImageKey("task", one.pk) for one in uploads}
    assert choosing.keys_of_items(Filters(), []) == []
