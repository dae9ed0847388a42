"""The feature table out of what stages have stored: one code path, in chunks, nothing computed twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from generation.models import Candidate, StageResult
from ranking.exceptions import NotEnoughLabels
from ranking.learning.table import METRICS, STATISTICS, Definition, FeatureTable
from ranking.models import FeatureChunk, ScoredProduct
from ranking.running import defining, features
from ranking.services import policy
from tests.factories.catalog import image_bytes
from tests.factories.ranking import RatedWorld, make_ranker, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> RatedWorld:
    """Three products in one chunk, whatever their ids are."""
    monkeypatch.setattr(features, "PRODUCTS", 1 << 40)
    return make_world(3, 4, rated=False)


def ids(world: RatedWorld) -> list[int]:
    return [product.pk for product in world.products]


def same(first: FeatureTable, second: FeatureTable) -> None:
    assert first.definition.hash == second.definition.hash
    np.testing.assert_array_equal(first.candidates, second.candidates)
    for name, part in first.parts.items():
        np.testing.assert_array_equal(part, second.parts[name], err_msg=name)


def test_a_table_holds_metrics_statistics_and_embeddings(world: RatedWorld) -> None:
    definition = defining.definition_now()
    table = features.table_of(definition, ids(world))
    assert table.candidates.tolist() == [candidate.pk for candidate in world.candidates]
    np.testing.assert_allclose(table.parts[METRICS], world.pictures.metrics, atol=1e-6)
    clip = next(block.name for block in definition.blocks if block.name.startswith("emb.clip"))
    np.testing.assert_allclose(table.parts[clip], world.pictures.embeddings, atol=2e-2)
    names = [block.name.partition("-")[0] + "." + block.name.rpartition(".")[2] for block in definition.blocks[2:]]
    assert names == [
        "emb.clip.candidate", "emb.clip.crop", "emb.clip.photos", "emb.clip.photo_crop", "emb.clip.prompt",
        "emb.dino.candidate", "emb.dino.crop", "emb.dino.photos", "emb.dino.photo_crop",
    ]  # fmt: skip


def test_stored_and_freshly_built_are_equal_to_the_bit(world: RatedWorld) -> None:
    definition = defining.definition_now()
    fresh = features.table_of(definition, ids(world))
    assert FeatureChunk.objects.count() == 1
    same(features.table_of(definition, ids(world)), fresh)
    FeatureChunk.objects.all().delete()
    same(features.table_of(definition, ids(world)), fresh)


def test_nothing_is_read_again_while_the_images_are_the_same(
    world: RatedWorld, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Callable[[int], Any]
) -> None:
    definition = defining.definition_now()
    features.table_of(definition, ids(world))
    opened: list[Any] = []
    monkeypatch.setattr(defining, "opened", opened.append)
    monkeypatch.setattr(features, "_FIELDS", ("no such field",))
    with django_assert_num_queries(2):  # the chunk, and of which images it is
        features.table_of(definition, ids(world))
    assert opened == []


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_a_damaged_chunk_is_made_anew(world: RatedWorld, damage: str) -> None:
    definition = defining.definition_now()
    fresh = features.table_of(definition, ids(world))
    key = FeatureChunk.objects.get().key
    default_storage.delete(key)
    if damage == "cut":
        default_storage.save(key, ContentFile(b"cut"))
    same(features.table_of(definition, ids(world)), fresh)


def test_only_new_images_are_computed(world: RatedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    definition = defining.definition_now()
    before = features.table_of(definition, ids(world))
    twin = Candidate.objects.get(pk=world.candidates[0].pk)
    twin.pk, twin.seed = None, 77
    twin.save()
    computed: list[int] = []
    real = features._statistics
    monkeypatch.setattr(features, "_statistics", lambda row, lost: (computed.append(row["pk"]), real(row, lost))[1])
    after = features.table_of(definition, ids(world))
    assert computed == [twin.pk]
    assert len(after) == len(before) + 1
    same(after.take(after.candidates != twin.pk), before)


def test_chunks_hold_whole_products_and_come_one_by_one(world: RatedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "PRODUCTS", 1)
    made = list(features.tables(defining.definition_now(), ids(world)))
    assert [len(table) for table in made] == [4, 4, 4]
    assert [set(table.products.tolist()) for table in made] == [{pk} for pk in ids(world)]


def test_a_changed_definition_has_chunks_of_its_own(world: RatedWorld) -> None:
    whole = defining.definition_now()
    part = Definition(whole.blocks[:1])
    assert whole.hash != part.hash
    features.table_of(whole, ids(world))
    only = features.table_of(part, ids(world))
    assert only.columns == tuple(f"metrics.{name}" for name in features.SIX)
    assert FeatureChunk.objects.count() == 2


def test_the_statistics_are_of_the_picture(world: RatedWorld) -> None:
    candidate = world.candidates[0]
    default_storage.save(candidate.key, ContentFile(image_bytes((32, 24), encoding="PNG", colour=(255, 255, 255))))
    table = features.table_of(defining.definition_now(), ids(world))
    light = table.column(f"{STATISTICS}.light")
    assert light[0] == 1
    assert np.isnan(light[1:]).all()  # their pictures are gone
    assert np.isnan(table.column(f"{STATISTICS}.area")[0])  # no mask


def test_embeddings_of_other_checkpoints_are_missing_here(world: RatedWorld) -> None:
    definition = defining.definition_now()
    other = world.products[0]
    StageResult.objects.filter(product=other).update(checkpoints={"clip": "another", "dino": "tiny-dino"})
    table = features.table_of(definition, ids(world))
    own = table.products == other.pk
    clip, dino = (
        next(name for name in table.parts if name.startswith(f"emb.{model}") and name.endswith("candidate"))
        for model in ("clip", "dino")
    )
    assert np.isnan(table.parts[clip][own]).all()
    assert np.isfinite(table.parts[clip][~own]).all()
    assert np.isfinite(table.parts[dino]).all()
    assert np.isfinite(table.parts[METRICS]).all()


def test_a_file_of_embeddings_that_is_gone_leaves_the_metrics(world: RatedWorld) -> None:
    definition = defining.definition_now()
    default_storage.delete(world.candidates[0].embeddings)
    table = features.table_of(definition, ids(world))
    clip = next(name for name in table.parts if name.startswith("emb.clip"))
    own = table.products == world.products[0].pk
    assert np.isnan(table.parts[clip][own]).all()
    assert np.isfinite(table.parts[METRICS][own]).all()


def test_what_a_missing_file_holds_is_read_once_it_is_back(world: RatedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    definition = defining.definition_now()
    whole = features.table_of(definition, ids(world))
    FeatureChunk.objects.all().delete()
    key, own = world.candidates[0].embeddings, world.products[0].pk
    with default_storage.open(key) as opened:
        data = opened.read()
    default_storage.delete(key)
    features.table_of(definition, ids(world))
    lacking = [one.pk for one in world.candidates if one.run.product_id == own]
    assert FeatureChunk.objects.get().missing[key] == lacking
    ranker = make_ranker("champion", definition=definition.hash)
    known = {"ranker": ranker, "policy": policy.settled(), "images": 4, "ids": 10, "picked": 0, "best": 0.1}
    for product in world.products:
        ScoredProduct.objects.create(product=product, **known)
    default_storage.save(key, ContentFile(data))
    clip = next(name for name in whole.parts if name.startswith("emb.clip"))
    assert np.isnan(np.asarray(features.table_of(definition, ids(world)).parts[clip])[:4]).all(), "not so soon"
    monkeypatch.setattr(features, "LOOK_AGAIN", timedelta(0))
    assert features.look_for_missing(definition) == 1, "the pictures are not there"
    same(features.table_of(definition, ids(world)), whole)
    assert key not in FeatureChunk.objects.get().missing
    assert set(ScoredProduct.objects.values_list("ids", flat=True)) == {0}, "they are scored anew"


def test_a_file_that_stays_away_makes_nothing_anew(world: RatedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "LOOK_AGAIN", timedelta(0))
    definition = defining.definition_now()
    features.table_of(definition, ids(world))
    built: list[Any] = []
    monkeypatch.setattr(features, "build", built.append)
    features.table_of(definition, ids(world))
    assert built == []


def test_what_is_missing_of_an_image_that_went_is_forgotten(world: RatedWorld) -> None:
    definition = defining.definition_now()
    features.table_of(definition, ids(world))
    assert len(FeatureChunk.objects.get().missing) == 12, "no picture is there"
    Candidate.objects.filter(pk=world.candidates[0].pk).delete()
    features.table_of(definition, ids(world))
    assert len(FeatureChunk.objects.get().missing) == 11


def test_an_unmeasured_or_held_back_image_is_in_no_table(world: RatedWorld) -> None:
    Candidate.objects.filter(pk=world.candidates[0].pk).update(clip_i=None)
    Candidate.objects.filter(pk=world.candidates[1].pk).update(dropped="no")
    table = features.table_of(defining.definition_now(), ids(world))
    assert len(table) == 10


def test_a_metric_that_was_not_found_is_missing(world: RatedWorld) -> None:
    Candidate.objects.filter(pk=world.candidates[0].pk).update(seg_clip_i=None)
    table = features.table_of(defining.definition_now(), ids(world))
    assert np.isnan(table.column("metrics.seg_clip_i")[0])


def test_products_without_images_are_told(world: RatedWorld) -> None:
    with pytest.raises(NotEnoughLabels, match="None of these products has a measured candidate"):
        features.table_of(defining.definition_now(), [10_000_000])
