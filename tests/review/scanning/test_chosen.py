"""Blocks give the images that the filters' rows are, product by product, whatever the choice."""

from collections.abc import Iterable
from dataclasses import fields
from itertools import chain

import numpy as np
import pytest

from review import sums
from review.counting import blocks, rebuilding
from review.counting.blocks import Columns
from review.filters import NARROWING, Filters
from review.models import Item, JudgedImage
from review.scanning import chosen
from review.sums import Source
from tests.review.packed import packed_world, scanned_choices

SEVERAL = 2  # products in a block, and as many blocks in a piece


def tasks_of(pieces: Iterable[Columns]) -> list[int]:
    return sorted(task for piece in pieces for task in piece["task"].tolist())


def test_pieces_are_the_rows_that_filters_choose(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setattr(blocks, "ITEMS", SEVERAL)
    monkeypatch.setattr(chosen, "AT_ONCE", SEVERAL)
    for name, one in scanned_choices(packed_world()).items():
        pieces = list(chosen.pieces(one, {"item", "task"}))
        assert tasks_of(pieces) == sorted(one.rows().values_list("pk", flat=True)), name
        items = [np.unique(piece["item"]).tolist() for piece in pieces]
        assert list(chain(*items)) == sorted(set(chain(*items))), name
        assert all(items), name
    assert len(list(chosen.pieces(Filters(), {"task"}))) > 1


def test_each_filter_narrows_what_blocks_give(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    choices, everything = scanned_choices(packed_world()), JudgedImage.objects.count()
    assert {one.name for one in fields(Filters)} == {*chain(*NARROWING), "least", "questions"}
    for names in NARROWING:
        if names == ("product",):  # few, and never read from blocks
            continue
        alone = {one.only(names) for one in choices.values()} - {Filters()}
        assert alone, names
        numbers = {len(tasks_of(chosen.pieces(one, {"task"}))) for one in alone}
        assert any(0 < number < everything for number in numbers), names
    monkeypatch.setattr(sums, "FEW", 0)
    of_product = Filters(product=Item.objects.exclude(product=None).order_by("pk")[0].product)
    assert [sums.source_of(one) for one in (of_product, choices["since"])] == [Source.ROWS, Source.BLOCKS]


def test_columns_are_what_the_images_have(db: None) -> None:
    packed_world()
    (piece,) = chosen.pieces(Filters(), blocks.COLUMNS)
    images = JudgedImage.objects.order_by("item", "pk")
    assert np.array_equal(np.column_stack([piece[name] for name in blocks.COLUMNS]), blocks.rows_of(images))
    assert rebuilding.differences() == []
