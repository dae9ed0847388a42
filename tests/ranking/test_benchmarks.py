"""What the plain script of the benchmark makes of a table, however the table holds its embeddings."""

import numpy as np

from benchmarks.ranking_plain import features
from ranking.evaluation.simulation import World
from ranking.learning.table import concatenate


def test_the_plain_script_reads_tables_that_were_put_together() -> None:
    tables = [World(1).draw(3, 4, seed, first_id=seed * 10).table() for seed in (1, 2)]
    plain, embeddings = features(concatenate(tables))
    assert (len(plain), embeddings.shape) == (24, (24, 64))
    expected = np.concatenate([one.part("emb.clip.candidate") - one.part("emb.clip.photos") for one in tables])
    np.testing.assert_array_equal(embeddings, expected.astype(float))
