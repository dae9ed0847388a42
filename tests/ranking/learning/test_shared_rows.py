"""Wide blocks in little memory: the same values to the bit, and rows that are taken without a copy."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from safetensors.numpy import save

from ranking.learning.rankers import learner
from ranking.learning.shared_rows import Growing, SharedRows, compact, wrapped
from ranking.learning.table import FeatureTable, concatenate
from tests.ranking.learning.made import make_wide_world, make_world

DRAWN = np.random.default_rng(0)
HALVES = DRAWN.normal(size=(12, 5)).astype(np.float16).astype(np.float32)
FLOATS = DRAWN.normal(size=(12, 5)).astype(np.float32)
MISSING = np.where(np.arange(12)[:, None] % 3 == 0, np.nan, HALVES).astype(np.float32)
PHOTOS = np.repeat(FLOATS[:3], 4, axis=0)
LARGE = np.full((12, 5), 1e6, np.float32)  # beyond what a half float holds

CASES = {
    "halves": (HALVES, 12, np.float16),
    "floats": (FLOATS, 12, np.float32),
    "missing ones": (MISSING, 9, np.float16),
    "a product's photos": (PHOTOS, 3, np.float32),
    "beyond halves": (LARGE, 1, np.float32),
    "none": (HALVES[:0], 0, np.float16),
}


@pytest.mark.parametrize("case", CASES)
def test_compact_has_the_same_values_in_less_memory(case: str) -> None:
    values, rows, kind = CASES[case]
    made = compact(values)
    assert (made.rows.shape, made.rows.dtype) == ((rows, 5), np.dtype(kind))
    assert made.shape == values.shape
    np.testing.assert_array_equal(np.asarray(made), values)
    assert np.asarray(made).dtype == np.float32


WANTED = {
    "a slice": slice(2, 9, 3),
    "places": np.array([7, 0, 7]),
    "which": np.arange(12) % 2 == 0,
    "none": np.zeros(0, np.intp),
}


@pytest.mark.parametrize("wanted", WANTED.values(), ids=WANTED)
@pytest.mark.parametrize("make", [wrapped, compact])
def test_it_reads_like_the_array(make: Callable[[np.ndarray], SharedRows], wanted: slice | np.ndarray) -> None:
    made = make(PHOTOS)
    np.testing.assert_array_equal(made[wanted], PHOTOS[wanted])
    np.testing.assert_array_equal(np.asarray(made.take(wanted)), PHOTOS[wanted])
    assert len(made.take(wanted)) == len(PHOTOS[wanted])
    np.testing.assert_array_equal(made.column(2), PHOTOS[:, 2])


def test_taking_copies_no_row() -> None:
    made = wrapped(HALVES).take(np.array([3, 1])).take(np.array([1]))
    assert np.shares_memory(made.rows, HALVES)
    assert made.used().rows.tolist() == [HALVES[1].tolist()]


def test_equal_values_are_equal_rows_whatever_they_came_from() -> None:
    """Their file is known by its hash: one that was cut out of a larger table is the one that was built."""
    cut = compact(np.concatenate([LARGE[:1], PHOTOS[::-1]])).take(np.arange(12, 0, -1))
    for one, other in zip(vars(compact(cut)).values(), vars(compact(PHOTOS)).values(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ((HALVES, MISSING), np.float16),
        ((HALVES, PHOTOS, HALVES), np.float32),
        ((PHOTOS, HALVES), np.float32),
    ],
    ids=["halves", "floats after halves", "halves after floats"],
)
def test_grown_they_follow_each_other(parts: tuple[np.ndarray, ...], kind: type) -> None:
    growing = Growing(5)
    for part in parts:
        growing.add(compact(part).take(np.arange(1, 12)))
    made = growing.whole()
    np.testing.assert_array_equal(np.asarray(made), np.concatenate([part[1:] for part in parts]))
    assert made.rows.dtype == np.dtype(kind)


def test_an_array_without_a_copy_is_refused() -> None:
    with pytest.raises(ValueError, match="only by copying"):
        np.array(compact(HALVES), copy=False)


def rounded(table: FeatureTable) -> FeatureTable:
    """With embeddings as an encoder's half floats."""
    for name, part in table.parts.items():
        if name.startswith("emb"):
            part[:] = part[:].astype(np.float16)
    return table


FORMS: dict[str, Callable[[FeatureTable], FeatureTable]] = {
    "light": FeatureTable.light,
    "compact": FeatureTable.compact,
    "stored": lambda table: FeatureTable.unpacked(table.packed()),
    "put together": lambda table: concatenate([part.compact() for part in table.chunks(40)]),
    "some stored, some new": lambda table: concatenate(
        [part.compact() if place else part for place, part in enumerate(table.chunks(40))]
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_ranker_learns_and_says_the_same_of_every_form(form: str) -> None:
    table, labels = make_world(30, 8)
    rounded(table)
    made = FORMS[form](table)
    np.testing.assert_array_equal(made.values, table.values)
    assert made.columns == table.columns
    usual, same = (learner("heads").fit(one, labels, 1) for one in (table, made))
    np.testing.assert_array_equal(same.predict(made), usual.predict(table))
    np.testing.assert_array_equal(same.out_of_fold, usual.out_of_fold)
    assert same.told == usual.told


def test_equal_tables_have_equal_files() -> None:
    table = rounded(make_world(6, 4)[0])
    whole = FeatureTable.unpacked(table.packed())
    half = concatenate([whole.take(whole.products < 3), whole.take(whole.products >= 3)])
    assert half.packed() == table.packed() == whole.packed()


def test_a_file_holds_photos_once_and_half_floats() -> None:
    table = make_wide_world()[0]
    assert len(rounded(table).packed()) < 0.33 * table.values.nbytes


def test_a_file_of_before_is_still_read() -> None:
    """Blocks as whole arrays, without places."""
    table = rounded(make_world(3, 2)[0])
    arrays = {f"part.{name}": np.ascontiguousarray(part) for name, part in table.parts.items()}
    told = {"definition": json.dumps(table.definition.plain(), sort_keys=True)}
    again = FeatureTable.unpacked(
        save({**arrays, "products": table.products, "candidates": table.candidates}, metadata=told)
    )
    np.testing.assert_array_equal(again.values, table.values)
    assert again.definition == table.definition
