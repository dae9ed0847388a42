"""What has moved since the training opens a notice; what is back closes it."""

from typing import Any

import numpy as np
import pytest
from django.db.models import F

from generation.models import Candidate
from ranking.models import DriftNotice, FeatureChunk, Ranker, Score
from ranking.running import drifting
from ranking.running.material import Contender
from raters.models import Campaign, Verdict
from raters.models.campaigns import Origin
from raters.models.ratings import Outcome
from tests.factories.ranking import make_world, rate
from tests.ranking.conftest import Trained
from tests.ranking.running.test_scoring import crown


def kinds() -> set[str]:
    return set(DriftNotice.objects.filter(closed_at=None).values_list("kind", flat=True))


def test_without_a_champion_there_is_nothing_to_watch(db: None) -> None:
    assert drifting.look() == 0


def test_without_new_images_nothing_is_said(trained: Trained) -> None:
    crown(trained.ranker)
    assert drifting.look() == 0


def test_images_of_the_same_world_open_no_alarm_and_others_do(trained: Trained) -> None:
    crown(trained.ranker)
    new = make_world(12, 6, rated=False, seed=2)
    drifting.look()
    alarmed = {notice.about for notice in DriftNotice.objects.filter(closed_at=None) if notice.kind == "features"}
    assert "metrics.clip_t" not in alarmed
    Candidate.objects.filter(pk__in=[one.pk for one in new.candidates]).update(clip_t=F("clip_t") + 0.5)
    FeatureChunk.objects.all().delete()
    assert drifting.look() > 0
    assert "metrics.clip_t" in set(DriftNotice.objects.filter(closed_at=None).values_list("about", flat=True))
    Candidate.objects.filter(pk__in=[one.pk for one in new.candidates]).update(clip_t=F("clip_t") - 0.5)
    FeatureChunk.objects.all().delete()
    drifting.look()
    assert "metrics.clip_t" not in set(DriftNotice.objects.filter(closed_at=None).values_list("about", flat=True))


def about() -> set[str]:
    return set(DriftNotice.objects.filter(closed_at=None).values_list("about", flat=True))


def test_few_new_images_among_many_old_ones_are_seen(trained: Trained) -> None:
    """The products that they are of have mostly images from before."""
    crown(trained.ranker)
    old = [Candidate(**{**fields(one), "seed": 2_000 + 100 * number + place})
           for number in range(4) for place, one in enumerate(trained.world.candidates)]  # fmt: skip
    made = Candidate.objects.bulk_create(old)
    Candidate.objects.filter(pk__in=[one.pk for one in made]).update(created_at=trained.ranker.made_at)
    Candidate.objects.bulk_create(
        Candidate(**{**fields(one), "seed": 9_000 + number, "clip_t": (one.clip_t or 0) + 0.5})
        for number, one in enumerate(trained.world.candidates)
    )
    drifting.look()
    assert "metrics.clip_t" in about()


def fields(candidate: Candidate) -> dict[str, Any]:
    return {field.attname: getattr(candidate, field.attname) for field in Candidate._meta.concrete_fields
            if field.attname != "id"}  # fmt: skip


def test_scores_are_held_against_those_of_unseen_products(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ranker is surer of what it learned from: against that, every new image would seem to have moved."""
    crown(trained.ranker)
    make_world(9, 6, rated=False, seed=4)
    seen: list[Any] = []
    real = drifting.reference
    monkeypatch.setattr(drifting, "reference", lambda name, values: (seen.append(values), real(name, values))[1])
    drifting.look()
    contender = Contender.stored(trained.ranker)
    own = set(contender.learned.products.tolist())
    frozen = [one.pk for one in trained.world.candidates if one.run.product_id not in own]
    chances = dict(Score.objects.filter(candidate__in=frozen).values_list("candidate", "probability"))
    expected = [*chances.values(), *contender.fitted.out_of_fold]  # type: ignore[attr-defined]
    np.testing.assert_allclose(np.sort(seen[0]), np.sort(expected))


def test_picks_that_do_not_pass_as_promised_open_a_notice(trained: Trained) -> None:
    new = make_world(14, 6, rated=False, seed=3)
    crown(trained.ranker)
    Score.objects.filter(picked=True).update(probability=0.9)
    rate(trained.world.candidates, trained.world.pictures)
    Verdict.objects.update(outcome=Outcome.FAILED)
    drifting.look()
    assert "pass_rate" not in kinds(), "of products that it learned from, or too few"
    campaign = rate(new.candidates, new.pictures, origin=Origin.SIMULATION)
    Verdict.objects.update(outcome=Outcome.FAILED)
    drifting.look()
    assert "pass_rate" not in kinds(), "nobody but a made-up crowd says so"
    Campaign.objects.filter(pk=campaign.pk).update(origin=Origin.PERSON)
    assert drifting.look() >= 1
    assert "pass_rate" in kinds()
    notice = DriftNotice.objects.get(kind="pass_rate")
    assert "0% passed; 90% were predicted" in notice.sentence


def test_a_champion_of_an_older_definition_is_still_watched(trained: Trained) -> None:
    Ranker.objects.filter(pk=trained.ranker.pk).update(features=trained.ranker.features[:])
    crown(trained.ranker)
    make_world(9, 6, rated=False, seed=4)
    drifting.look()
    assert DriftNotice.objects.filter(kind="broken").count() == 0
