"""The same labels, features and seed give the same files: with any number of threads."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from ranking.learning.loading import load
from ranking.learning.rankers import learner
from ranking.learning.threads import alone, one_thread
from tests.ranking.learning.made import make_wide_world


def digest(folder: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.iterdir()))).hexdigest()


def threads() -> set[int]:
    """Of numpy's and scipy's linear algebra."""
    return {each["num_threads"] for each in threadpool_info() if "scipy_openblas" in each["prefix"]}


@pytest.mark.parametrize("name", ["linear", "blend"])
def test_the_number_of_threads_changes_no_byte(name: str, tmp_path: Path) -> None:
    table, labels = make_wide_world()
    for count in (1, 3):
        with threadpool_limits(count):
            learner(name).fit(table, labels, seed=3).save(tmp_path / f"{count}")
    assert digest(tmp_path / "1") == digest(tmp_path / "3")


def test_reloaded_it_says_the_same_to_the_bit_with_any_threads(tmp_path: Path) -> None:
    table, labels = make_wide_world()
    ranker = learner("blend").fit(table, labels, seed=3)
    ranker.save(tmp_path / "ranker")
    with threadpool_limits(3):
        again = load(tmp_path / "ranker")
        np.testing.assert_array_equal(again.predict(table), ranker.predict(table))
    again.save(tmp_path / "again")
    assert digest(tmp_path / "again") == digest(tmp_path / "ranker")


def test_a_pools_threads_share_nothing_out_and_others_do_as_before() -> None:
    def openmp() -> set[int]:
        return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "openmp"}

    with threadpool_limits(2, user_api="openmp"):
        with ThreadPoolExecutor(1, initializer=alone) as pool:
            assert pool.submit(openmp).result() == {1}
        assert openmp() == {2}


def test_one_thread_is_given_back() -> None:
    with threadpool_limits(2):
        with one_thread():
            assert threads() == {1}
        assert threads() == {2}
