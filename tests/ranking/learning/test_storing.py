"""Rankers as files: the same to the bit, in no pickle, and nothing broken is loaded."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from ranking.learning.exceptions import BadRankerFile
from ranking.learning.loading import load
from ranking.learning.rankers import NAMES, learner
from tests.ranking.learning.made import make_wide_world, make_world


@pytest.mark.parametrize("name", NAMES)
def test_read_back_it_is_the_same_to_the_bit(name: str, tmp_path: Path) -> None:
    ranker = learner(name).fit(*make_world(), seed=1)
    ranker.save(tmp_path)
    again = load(tmp_path)
    fresh, _ = make_world(9, 7, seed=8, first=300)
    np.testing.assert_array_equal(again.predict(fresh), ranker.predict(fresh))
    assert again.explain(fresh, 11) == ranker.explain(fresh, 11)
    assert (again.name, again.told) == (ranker.name, ranker.told)
    np.testing.assert_array_equal(again.out_of_fold, ranker.out_of_fold)


TRAIN = """
import sys
from pathlib import Path
from ranking.learning.rankers import learner
from tests.ranking.learning.made import few_rounds, make_wide_world
few_rounds(setattr)
learner("blend").fit(*make_wide_world(), seed=3).save(Path(sys.argv[1]))
"""


def test_training_again_in_another_process_with_other_threads_gives_the_same_bytes(tmp_path: Path) -> None:
    with threadpool_limits(1):
        learner("blend").fit(*make_wide_world(), seed=3).save(tmp_path / "one")
    threads = {"OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4", "PYTHONHASHSEED": "7"}
    alone = [sys.executable, "-c", TRAIN, str(tmp_path / "two")]
    subprocess.run(alone, env={**os.environ, **threads}, check=True, timeout=200)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert sum(name.startswith("trees-") for name in names) == 9
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    learner("lightgbm").fit(*make_world(20, 6), seed=1).save(tmp_path)
    return tmp_path


def test_files_are_text_and_safetensors(stored: Path) -> None:
    assert sorted(path.name for path in stored.iterdir()) == ["numbers.safetensors", "ranker.json", "trees-0.0.txt"]
    assert json.loads((stored / "ranker.json").read_text())["told"]["learner"] == "lightgbm"
    assert (stored / "trees-0.0.txt").read_text().startswith("tree\n")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("ranker.json", None, "ranker.json is missing"),
        ("ranker.json", "{", "is not JSON"),
        ("ranker.json", "[]", "a form that this version does not read"),
        ("ranker.json", '{"form": 99}', "a form that this version does not read"),
        ("trees-0.0.txt", None, "lacks trees-0.0.txt"),
        ("trees-0.0.txt", "tree\n", "was changed"),
        ("numbers.safetensors", "broken", "was changed"),
    ],
)
def test_what_is_broken_is_not_loaded(stored: Path, name: str, content: str | None, said: str) -> None:
    if content is None:
        (stored / name).unlink()
    else:
        (stored / name).write_text(content)
    with pytest.raises(BadRankerFile, match=said):
        load(stored)


def test_a_record_that_lacks_a_number_is_told(stored: Path) -> None:
    record = json.loads((stored / "ranker.json").read_text())
    record["parts"][0]["scorers"] = [{"linear": "linear.9"}]
    (stored / "ranker.json").write_text(json.dumps(record))
    with pytest.raises(BadRankerFile, match=r"lacks 'linear\.9'"):
        load(stored)
