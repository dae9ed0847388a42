"""What has moved since the training opens a notice; what is back closes it."""

from django.db.models import F

from generation.models import Candidate
from ranking.models import DriftNotice, FeatureChunk, Ranker, Score
from ranking.running import drifting
from raters.models import Verdict
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


def test_picks_that_do_not_pass_as_promised_open_a_notice(trained: Trained) -> None:
    crown(trained.ranker)
    Score.objects.filter(picked=True).update(probability=0.9)
    Verdict.objects.update(outcome=Outcome.FAILED)
    rate(trained.world.candidates, trained.world.pictures)
    Verdict.objects.filter(campaign__isnull=False).update(outcome=Outcome.FAILED)
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
