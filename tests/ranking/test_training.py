"""A training from verdicts to a registered candidate, step by step."""

import pytest

from ranking.models import Ranker
from ranking.running import training as running
from ranking.services import training
from ranking.services.training import Wish
from tests.factories.ranking import make_world

pytestmark = pytest.mark.django_db


def test_a_training_makes_a_candidate() -> None:
    make_world(16, 6, ratings=True)
    asked = training.ask(Wish("heads"))
    made = running.run(asked, running.NoJob())
    ranker = Ranker.objects.get(pk=made["ranker"])
    assert ranker.state == "candidate"
