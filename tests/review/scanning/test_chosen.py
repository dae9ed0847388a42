"""Blocks give the images that the filters' rows are, product by product, whatever the choice."""

from itertools import chain

import numpy as np
import pytest

from review.counting import blocks, rebuilding
from review.filters import Filters
from review.models import Item, JudgedImage
from review.scanning import chosen
from tests.review.packed import packed_world, scanned_choices

SEVERAL = 2  # products in a block, and as many blocks in a piece


def test_pieces_are_the_rows_that_filters_choose(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setattr(blocks, "ITEMS", SEVERAL)
    monkeypatch.setattr(chosen, "AT_ONCE", SEVERAL)
    choices = scanned_choices(packed_world())
    choices["product"] = Filters(product=Item.objects.exclude(product=None).order_by("pk")[0].product)
    for name, one in choices.items():
        pieces = list(chosen.pieces(one, {"item", "task"}))
        tasks = [task for piece in pieces for task in piece["task"].tolist()]
        assert sorted(tasks) == sorted(one.rows().values_list("pk", flat=True)), name
        items = [np.unique(piece["item"]).tolist() for piece in pieces]
        assert list(chain(*items)) == sorted(set(chain(*items))), name
        assert all(items), name
    assert len(list(chosen.pieces(Filters(), {"task"}))) > 1


def test_columns_are_what_the_images_have(db: None) -> None:
    packed_world()
    (piece,) = chosen.pieces(Filters(), blocks.COLUMNS)
    images = JudgedImage.objects.order_by("item", "pk")
    assert np.array_equal(np.column_stack([piece[name] for name in blocks.COLUMNS]), blocks.rows_of(images))
    assert rebuilding.differences() == []
