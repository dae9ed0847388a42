"""Why an image has its probability: the contributions make it."""

import math

import pytest

from generation.models import Candidate
from ranking.exceptions import BadWish
from ranking.models import Explanation
from ranking.running import explaining, scoring
from tests.ranking.conftest import Trained


def test_contributions_add_up_to_the_probability(trained: Trained) -> None:
    candidate = trained.world.candidates[3]
    scoring.score(trained.ranker, [candidate.run.product_id])
    told = explaining.explain(trained.ranker, candidate.pk)
    logit = sum(one["contribution"] for one in told.contributions)
    score = candidate.ranker_scores.get(ranker=trained.ranker).probability
    assert 1 / (1 + math.exp(-logit)) == pytest.approx(score, abs=1e-4)
    assert told.contributions[-1]["feature"] == "base"


def test_it_is_kept_once_and_goes_with_the_scores(trained: Trained) -> None:
    candidate = trained.world.candidates[3]
    first, again = (explaining.explain(trained.ranker, candidate.pk) for _ in range(2))
    assert first == again
    scoring.score(trained.ranker, [candidate.run.product_id])
    assert not Explanation.objects.exists()


def test_an_image_that_was_not_measured_cannot_be_explained(trained: Trained) -> None:
    candidate = trained.world.candidates[0]
    Candidate.objects.filter(pk=candidate.pk).update(clip_i=None)
    with pytest.raises(BadWish, match="or was not measured: there is nothing to explain"):
        explaining.contributions(trained.ranker, candidate.pk)
    assert "nothing to explain" in explaining.explain(trained.ranker, candidate.pk).problem
