"""The simulated world is like the paper's, is the same again from its seed, and hides what only it knows."""

import numpy as np
import pytest

from ranking.evaluation import figures
from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.figures import value_of
from ranking.evaluation.judged import Judged
from ranking.evaluation.simulation import EMBEDDING, METRICS, QUESTIONS, Pictures, Settings, World, verdicts


@pytest.fixture(scope="module")
def drawn() -> list[Pictures]:
    return [World(seed).draw(250, 20, 1, panels=4) for seed in range(3)]


def mean_over(worlds: list[Pictures], build: figures.Build) -> float:
    values = []
    for pictures in worlds:
        judged = Judged.of(pictures.labels())
        values.append(value_of(build(pictures.summed(), judged), judged))
    return float(np.mean(values))


class TestLikeThePaper:
    def test_pass_rate(self, drawn: list[Pictures]) -> None:
        assert np.mean([pictures.labels().passed.mean() for pictures in drawn]) == pytest.approx(0.175, abs=0.02)

    def test_pearson_of_the_sum(self, drawn: list[Pictures]) -> None:
        assert mean_over(drawn, figures.pearson) == pytest.approx(0.40, abs=0.03)

    def test_order_of_the_sum_within_products(self, drawn: list[Pictures]) -> None:
        assert mean_over(drawn, figures.auc_within) == pytest.approx(0.71, abs=0.02)

    def test_half_by_the_sum_pass_more_often(self, drawn: list[Pictures]) -> None:
        """The paper: 30.9 % more of the picked ones pass."""
        lifts = []
        for pictures in drawn:
            judged = Judged.of(pictures.labels())
            best = figures.picks(pictures.summed(), judged.place, 10)
            lifts.append((best * pictures.chance).sum() / best.sum() / pictures.chance.mean() - 1)
        assert np.mean(lifts) == pytest.approx(0.33, abs=0.06)

    def test_products_differ(self, drawn: list[Pictures]) -> None:
        """Intra-class correlation of verdicts, from the variance of product means."""
        found = []
        for pictures in drawn:
            passed = pictures.labels().passed.reshape(250, 20)
            between, within = 20 * passed.mean(axis=1).var(ddof=1), passed.var(axis=1, ddof=1).mean()
            found.append((between - within) / (between + 19 * within))
        assert np.mean(found) == pytest.approx(0.28, abs=0.04)

    def test_a_fresh_panel_agrees_as_far_as_raters_do(self, drawn: list[Pictures]) -> None:
        for pictures in drawn:
            assert np.corrcoef(pictures.chance, pictures.labels().passed)[0, 1] == pytest.approx(0.78, abs=0.05)


def test_the_same_seed_is_the_same_world() -> None:
    first, again = (World(4).draw(3, 5, 1, panels=2) for _ in range(2))
    other = World(4).draw(3, 5, 2, panels=2)
    for name in ("metrics", "embeddings", "photos", "answers", "raters", "chance"):
        assert np.array_equal(getattr(first, name), getattr(again, name)), name
    assert not np.array_equal(first.metrics, other.metrics)


def test_what_may_be_seen() -> None:
    table = World(0).draw(4, 6, 1).table()
    assert table.definition.block("metrics").columns == METRICS
    assert len(table.definition.block("emb.clip.candidate").columns) == EMBEDDING
    assert len(table.definition.block("emb.clip.photos").columns) == EMBEDDING
    assert table.parts["types"].sum(axis=1).tolist() == [1.0] * 24
    assert len(table) == 24


def test_photos_are_the_products_own() -> None:
    pictures = World(0).draw(4, 6, 1)
    by_product = pictures.photos.reshape(4, 6, EMBEDDING)
    assert (by_product == by_product[:, :1]).all()


def test_labels_of_some_rows_carry_their_weights() -> None:
    pictures = World(0).draw(4, 6, 1)
    rows = np.array([3, 17])
    labels = pictures.labels(rows, weight=np.array([2.0, 5.0]))
    assert labels.candidates.tolist() == [3, 17]
    assert labels.products.tolist() == [0, 2]
    assert labels.weight.tolist() == [2.0, 5.0]
    assert np.array_equal(labels.questions, pictures.answers[rows].mean(axis=1))


def test_ids_go_on_after_others() -> None:
    later = World(0).draw(4, 6, 2, first_id=100)
    assert later.products.min() == 100
    assert later.candidates.min() == 600


def test_verdicts_take_each_question_by_majority_first() -> None:
    """Each rater says no to another question: every question passes by two of three, though no rater passed it."""
    answers = np.ones((1, 3, QUESTIONS), bool)
    answers[0, [0, 1, 2], [0, 1, 2]] = False
    assert verdicts(answers).tolist() == [True]
    answers[0, 1, 0] = False
    assert verdicts(answers).tolist() == [False]


def test_spammers_agree_less() -> None:
    honest, spammed = (World(1, Settings(spammers=share)).draw(60, 20, 1) for share in (0.0, 0.5))

    def agreement(pictures: Pictures) -> float:
        return float((pictures.votes[:, 0] == pictures.votes[:, 1]).mean())

    assert agreement(honest) > agreement(spammed)


def test_two_raters_are_no_panel() -> None:
    with pytest.raises(CannotEvaluate, match="2 rater"):
        World(0, Settings(raters=2))
