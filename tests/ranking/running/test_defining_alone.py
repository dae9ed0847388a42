"""What the features of a few images are, and definitions that this code does not make; no ranker is needed."""

import json

import pytest
from django.core.files.storage import default_storage

from generation.models import Candidate, StageResult
from ranking.exceptions import NotEnoughLabels, Outdated
from ranking.learning import statistics
from ranking.learning.table import Block, Definition
from ranking.running import defining, features
from tests.factories.ranking import make_ranker, make_world
from tests.ranking.running.test_defining import OTHER, spaces

pytestmark = pytest.mark.django_db


def test_among_equals_the_newest_space_is_the_one() -> None:
    world = make_world(4, 2, rated=False)
    StageResult.objects.filter(product__in=world.products[2:]).update(checkpoints=OTHER)
    assert defining.space("clip", OTHER) in spaces(defining.definition_now())


def test_a_newest_file_that_is_gone_stops_nothing() -> None:
    world = make_world(3, 2, rated=False)
    whole = defining.definition_now()
    default_storage.delete(world.candidates[-1].embeddings)
    assert defining.definition_now() == whole
    for candidate in world.candidates:
        default_storage.delete(candidate.embeddings)
    assert [block.name for block in defining.definition_now().blocks] == ["metrics", "statistics"]


def test_without_a_measured_image_there_are_no_features() -> None:
    make_world(1, 1, rated=False)
    Candidate.objects.update(clip_i=None)
    with pytest.raises(NotEnoughLabels, match="No candidate has been measured yet"):
        defining.definition_now()


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (Block("metrics", defining.SIX, 1), "the metrics are of version 1, and version 2 is made now"),
        (Block("metrics", defining.SIX[:3], 2), "the metrics have 3 columns, which are not today's"),
        (Block("statistics", statistics.COLUMNS, 7), "the statistics are of version 7"),
        (Block.of_width("emb.clip-1a2b3c4d.candidate", 8, 3), r"emb\.clip-1a2b3c4d\.candidate are of version 3"),
        (Block.of_width("emb.clip-1a2b3c4d.mood", 8), r"there are no features emb\.clip-1a2b3c4d\.mood any more"),
        (Block("judges", ("vlm",)), "there are no features judges any more"),
    ],
)
def test_a_definition_that_this_code_does_not_make_fills_no_table(block: Block, said: str) -> None:
    with pytest.raises(Outdated, match=said):
        features.chunk(Definition((block,)), 0)


def test_a_ranker_from_before_they_were_told_is_of_the_first_version() -> None:
    block = Block("metrics", defining.SIX, defining.METRICS_VERSION)
    plain = json.loads(json.dumps(Definition((block,)).plain()))
    assert defining.definition_of(make_ranker(features=plain)).columns[0] == "metrics.clip_i"
