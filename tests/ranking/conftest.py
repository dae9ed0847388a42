"""A rated world with a trained ranker, made once for a module; what a test changes is undone after it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from ranking.models import Ranker
from ranking.running import training as running
from ranking.services import training
from ranking.services.training import Wish
from tests.factories.ranking import RatedWorld, make_world


@dataclass(frozen=True)
class Trained:
    """A world and a ranker that learned from it."""

    world: RatedWorld
    ranker: Ranker


def train(learner: str = "zsum", **wish: object) -> Ranker:
    """A ranker out of what is rated now."""
    asked = training.note_begun(Wish(learner, **wish))  # type: ignore[arg-type]
    return Ranker.objects.get(pk=running.run(asked, running.NoJob())["ranker"])


@pytest.fixture(scope="module")
def kept_trained(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Trained]:
    with django_db_blocker.unblock(), transaction.atomic():
        world = make_world(12, 6, ratings=True)
        yield Trained(world, train())
        transaction.set_rollback(True)


@pytest.fixture
def trained(kept_trained: Trained, db: None) -> Trained:
    """The module's world and ranker, as they were made."""
    return Trained(kept_trained.world, Ranker.objects.get(pk=kept_trained.ranker.pk))
