"""The importers of published judgements, and the grouped figures that are known of them."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr

from ranking.evaluation import published
from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.published import Published
from ranking.learning.rankers import learner

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
EDITING, TEXTS = DATA / "viescore_subject_editing" / "table.csv", DATA / "tifa_metrics_human" / "table.csv"

needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"The published tables are not there: {DATA.name} is missing."
)


@pytest.fixture(scope="module")
def tables() -> dict[str, Published]:
    return {
        "two": published.viescore(EDITING, judges=False),
        "sixteen": published.viescore(EDITING),
        "tifa": published.tifa(TEXTS),
    }


@needs_data
class TestTables:
    SHAPES = {"two": (462, 2, 22, 3), "sixteen": (462, 16, 22, 3), "tifa": (800, 10, 160, 2)}

    @pytest.mark.parametrize("name", SHAPES)
    def test_shapes(self, tables: dict[str, Published], name: str) -> None:
        data, (rows, features, groups, raters) = tables[name], self.SHAPES[name]
        assert data.features.shape == (rows, features)
        assert len(np.unique(data.labels.products)) == groups
        assert data.votes.shape == (rows, raters)
        assert data.judgement.min() >= 0
        assert data.judgement.max() <= 1

    def test_answers_that_a_judge_refused_are_missing(self, tables: dict[str, Published]) -> None:
        assert int(np.isnan(tables["sixteen"].features).sum()) == 15 + 4 + 24 + 1 + 42

    def test_judgement_is_the_published_mean(self, tables: dict[str, Published]) -> None:
        """human_o of the file: mean over raters of the root of both answers."""
        rows = published._read(EDITING)
        assert tables["two"].judgement == pytest.approx(published._column(rows, "human_o"), abs=1e-9)

    def test_single_metrics_of_tifa_are_the_authors(self, tables: dict[str, Published]) -> None:
        found = tables["tifa"]
        for name, value in (("meteor", 0.33966), ("clipscore_vitb32", 0.33182), ("tifa_mplug-large", 0.59672)):
            metric = found.table.column(f"metrics.{name}")
            assert pearsonr(metric, found.judgement).statistic == pytest.approx(value, abs=1e-4)


KNOWN = [
    ("two", published.summed, 0.383),
    ("two", published.ridge, 0.359),
    ("sixteen", published.summed, 0.342),
    ("tifa", published.summed, 0.649),
    ("tifa", published.ridge, 0.680),
]


@needs_data
@pytest.mark.parametrize(("name", "scored", "known"), KNOWN, ids=lambda part: getattr(part, "__name__", str(part)))
def test_known_figures(tables: dict[str, Published], name: str, scored: published.Scored, known: float) -> None:
    data = tables[name]
    assert pearsonr(scored(data), data.judgement).statistic == pytest.approx(known, abs=0.01)


@needs_data
def test_a_learned_ranker_beside_the_sum(tables: dict[str, Published]) -> None:
    """The z-sum is the sum itself on TIFA, but for whom its scales are taken from: no gain, no loss."""
    data = tables["tifa"]
    base = published.summed(data)
    rows = published.beside_the_sum(data, {"zsum": published.learned(data, learner("zsum"))}, base, resamples=200)
    assert [row.name for row in rows] == ["sum", "zsum"]
    assert rows[0].gain.value == 0
    assert rows[1].pearson.value == pytest.approx(0.65, abs=0.03)
    assert not rows[1].below_the_sum


@needs_data
def test_noise_is_below_the_sum(tables: dict[str, Published]) -> None:
    data = tables["two"]
    noise = np.random.default_rng(0).random(462)
    rows = published.beside_the_sum(data, {"noise": noise}, published.summed(data), resamples=200)
    assert rows[1].below_the_sum


class TestFiles:
    """A table of a few rows, written here: no data folder is needed."""

    HEAD = "prompt_id,human_avg,rater_a,rater_b," + ",".join(published.TIFA_METRICS)

    def write(self, folder: Path, *lines: str) -> Path:
        path = folder / "table.csv"
        path.write_text("\n".join(lines) + "\n")
        return path

    def test_rows_become_labels(self, tmp_path: Path) -> None:
        values = ",".join("0.5" for _ in published.TIFA_METRICS)
        path = self.write(tmp_path, self.HEAD, f"cat,4.5,5,4,{values}", f"dog,1,1,1,{values}", f"cat,3,2,4,{values}")
        data = published.tifa(path)
        assert data.labels.passed.tolist() == [1, 0, 0]
        assert data.labels.products.tolist() == [0, 1, 0]
        assert data.judgement.tolist() == [0.875, 0, 0.5]
        assert data.votes.tolist() == [[1, 1], [0, 0], [0, 1]]

    BAD = {
        "another table": (("id,score", "1,2"), "no column human_avg; it has id, score"),
        "a head alone": ((HEAD,), "has no rows"),
    }

    @pytest.mark.parametrize("case", BAD)
    def test_other_files(self, tmp_path: Path, case: str) -> None:
        lines, sentence = self.BAD[case]
        with pytest.raises(CannotEvaluate, match=sentence):
            published.tifa(self.write(tmp_path, *lines))

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(CannotEvaluate, match="There is no table"):
            published.viescore(tmp_path / "table.csv")
