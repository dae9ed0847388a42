"""Principal components of embeddings: of differences where there are photos, of training rows alone."""

import numpy as np
import pytest

from ranking.learning.projecting import Projection, Source, fit, sources
from ranking.learning.table import Block, Definition, FeatureTable
from tests.ranking.learning.made import make_world

DIFFERENCE = Source("emb.clip.candidate", "emb.clip.photos")


def definition(*names: str) -> Definition:
    return Definition(tuple(Block.of_width(name, 4) for name in names))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["emb.clip.candidate", "emb.clip.photos"], ["emb.clip.candidate - photos"]),
        (["emb.clip.candidate"], ["emb.clip.candidate"]),
        (["emb.clip.photos", "emb.dino.photos"], []),
        (
            ["emb.dino.crop", "emb.dino.photo_crop", "emb.clip.prompt"],
            ["emb.dino.crop - photo_crop", "emb.clip.prompt"],
        ),
        (["emb.clip.candidate", "emb.dino.photos"], ["emb.clip.candidate"]),
        (["metrics"], []),
    ],
    ids=[
        "a pair",
        "no photos",
        "photos alone only name the product",
        "crops and prompt",
        "other space",
        "no embedding",
    ],
)
def test_what_is_projected(names: list[str], expected: list[str]) -> None:
    assert [source.name for source in sources(definition(*names))] == expected


def fitted(table: FeatureTable, most: int = 5) -> Projection:
    projection = fit(DIFFERENCE, table, most)
    assert projection is not None
    return projection


def test_components_have_unit_variance_and_no_correlation() -> None:
    table, _ = make_world(40, 10)
    made = fitted(table)(table)
    np.testing.assert_allclose(np.cov(made.T, bias=True), np.eye(5), atol=1e-4)


def test_the_largest_come_first_with_a_sign_of_their_own() -> None:
    """The world's first column holds the quality and varies most."""
    table, _ = make_world(40, 10)
    first = fitted(table).components[:, 0]
    assert np.abs(first).argmax() == 0
    assert first[0] > 0


def test_what_is_missing_stays_missing_and_teaches_nothing() -> None:
    table, _ = make_world(20, 5)
    whole = fitted(table.take(np.arange(10, len(table))))
    table.parts["emb.clip.candidate"][:5] = 0
    table.parts["emb.clip.photos"][5:10, 3] = np.nan
    lacking = fitted(table)
    np.testing.assert_array_equal(lacking.components, whole.components)
    made = lacking(table)
    assert np.isnan(made[:10]).all()
    assert np.isfinite(made[10:]).all()


def test_a_few_rows_allow_few_components() -> None:
    table, _ = make_world(2, 2)
    assert fitted(table, 16).components.shape == (12, 3)
    assert fit(DIFFERENCE, table.take(np.arange(2)), 16) is None


def test_embeddings_that_are_all_the_same_say_nothing() -> None:
    table, _ = make_world(5, 4)
    table.parts["emb.clip.candidate"][:] = table.parts["emb.clip.photos"] + 1
    assert fit(DIFFERENCE, table, 4) is None or np.isfinite(fitted(table)(table)).all()


def test_prompts_get_few_components() -> None:
    values = np.random.default_rng(0).normal(size=(50, 20))
    table = FeatureTable.build({"emb.clip.prompt": (20, values)}, np.arange(50), np.arange(50))
    projection = fit(Source("emb.clip.prompt", None), table, 16)
    assert projection is not None
    assert projection.components.shape == (20, 4)
