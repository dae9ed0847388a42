"""Labels out of verdicts: what becomes one, what is left out, and sets that never change."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from generation.models import Candidate
from ranking.exceptions import BadWish, Damaged, NotEnoughLabels
from ranking.models import LabelSet, PlannedImage, RatingPlan
from ranking.running import files, labels
from ranking.running.labels import LabelWish
from raters.models import AlternativeVerdict, Campaign, Ruling, Task, Verdict
from raters.models.campaigns import CampaignState, Origin
from raters.models.ratings import Outcome
from raters.models.tasks import TaskState
from raters.services import campaigns, exclusions, tasks
from tests.factories import rating
from tests.factories.generation import make_candidate
from tests.factories.ranking import KEYS, RatedWorld, make_world, rate

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> RatedWorld:
    return make_world(3, 4)


def task_of(world: RatedWorld, place: int) -> Task:
    return Task.objects.get(candidate=world.candidates[place])


def test_each_judged_image_is_one_label(world: RatedWorld) -> None:
    found = labels.collect(LabelWish())
    made = found.labels
    assert made.candidates.tolist() == [candidate.pk for candidate in world.candidates]
    assert made.products.tolist() == [candidate.run.product_id for candidate in world.candidates]
    drawn = world.pictures.labels()
    np.testing.assert_array_equal(made.passed, drawn.passed)
    np.testing.assert_allclose(made.questions, drawn.questions)
    np.testing.assert_allclose(made.share, drawn.share)
    assert (made.weight == 1).all()
    assert found.left_out == {}
    assert [source["labels"] for source in found.sources] == [12]
    assert found.newest == Verdict.objects.order_by("-updated_at")[0].updated_at


def gold(task: Task) -> None:
    Task.objects.filter(pk=task.pk).update(state=TaskState.GOLD)


def removed(task: Task) -> None:
    Candidate.objects.filter(pk=task.candidate_id).delete()


def held_back(task: Task) -> None:
    Candidate.objects.filter(pk=task.candidate_id).update(dropped="It may not be shown.")


def unmeasured(task: Task) -> None:
    Candidate.objects.filter(pk=task.candidate_id).update(clip_i=None)


def tied(task: Task) -> None:
    Verdict.objects.filter(task=task).update(outcome=Outcome.TIED)


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (gold, "gold items"),
        (removed, "made elsewhere or removed since"),
        (held_back, "held back since"),
        (unmeasured, "not measured"),
        (tied, "undecided"),
    ],
)
def test_what_is_no_label_is_counted_by_its_reason(world: RatedWorld, happens: Any, why: str) -> None:
    happens(task_of(world, 2))
    found = labels.collect(LabelWish())
    assert len(found.labels) == 11
    assert found.left_out == {why: 1}


def test_an_excluded_raters_answers_are_in_no_label(db: None) -> None:
    """From the rating page to the label: two of three passed it, and the third, who did not, is left out."""
    candidate, campaign = make_candidate(clip_i=0.8), rating.make_campaign(0, open=False)
    tasks.add_candidates(campaign, [candidate.pk])
    campaign = campaigns.open_campaign(campaign)
    people = [rating.make_rater() for _ in range(3)]
    for person, answers in zip(people, (rating.YES, rating.YES, rating.NO), strict=True):
        rating.rate(person, campaign, answers)
    before = labels.collect(LabelWish()).labels
    exclusions.exclude(people[2], campaign, since=timezone.now() - timedelta(days=1), reason="Random answers.")
    after = labels.collect(LabelWish()).labels
    assert [(one.share.item(), one.questions.min()) for one in (before, after)] == [
        (pytest.approx(2 / 3), pytest.approx(2 / 3)),
        (1.0, 1.0),
    ]
    assert before.hash != after.hash


def test_a_verdict_that_is_not_final_is_none(world: RatedWorld) -> None:
    Verdict.objects.filter(task=task_of(world, 0)).update(final=False)
    assert len(labels.collect(LabelWish()).labels) == 11


def test_a_ruling_stands_over_the_verdict(world: RatedWorld) -> None:
    task = task_of(world, 1)
    before = labels.collect(LabelWish()).labels.passed[1]
    other = Outcome.FAILED if before else Outcome.PASSED
    Ruling.objects.create(task=task, outcome=Outcome.PASSED if before else Outcome.FAILED, reason="first")
    Ruling.objects.create(task=task, outcome=other, reason="the newest stands")
    assert labels.collect(LabelWish()).labels.passed[1] == 1 - before


def asked(world: RatedWorld, place: int) -> int:
    """Its row among the labels."""
    return int(np.flatnonzero(labels.collect(LabelWish()).labels.candidates == world.candidates[place].pk)[0])


@pytest.mark.parametrize(
    ("outcome", "answers", "share", "questions"),
    [
        (Outcome.PASSED, dict.fromkeys(KEYS, "yes"), 1.0, [1.0] * 8),
        (Outcome.FAILED, {KEYS[0]: "no", KEYS[1]: "yes", KEYS[2]: "unclear"}, 0.0, [0.0, 1.0, 0.0, *[None] * 5]),
        (Outcome.FAILED, {}, 0.0, [None] * 8),
    ],
    ids=["all passed", "some answered", "none answered"],
)
def test_a_ruling_stands_in_the_soft_labels_too(
    world: RatedWorld, outcome: str, answers: dict[str, str], share: float, questions: list[float | None]
) -> None:
    row = asked(world, 1)
    votes = labels.collect(LabelWish()).labels.questions[row]
    Ruling.objects.create(task=task_of(world, 1), outcome=outcome, answers=answers)
    made = labels.collect(LabelWish()).labels
    assert (made.passed[row], made.share[row]) == (share, share)
    expected = [vote if told is None else told for told, vote in zip(questions, votes, strict=True)]
    np.testing.assert_allclose(made.questions[row], expected)


def test_what_was_said_last_decides_whichever_campaign_is_younger(world: RatedWorld) -> None:
    rate(world.candidates[:1], world.pictures)
    older, younger = Verdict.objects.filter(task__candidate=world.candidates[0]).order_by("campaign_id")
    now = timezone.now()
    for first, second in ((older, younger), (younger, older)):
        Verdict.objects.filter(pk=first.pk).update(outcome=Outcome.PASSED, updated_at=now - timedelta(days=1))
        Verdict.objects.filter(pk=second.pk).update(outcome=Outcome.FAILED, updated_at=now)
        found = labels.collect(LabelWish())
        assert found.labels.passed[0] == 0
        counts = {source["campaign"]: source["labels"] for source in found.sources}
        assert counts[second.campaign_id] == (1 if second == younger else 12)
    ruled = Ruling.objects.create(task=younger.task, outcome=Outcome.PASSED)
    Ruling.objects.filter(pk=ruled.pk).update(at=now + timedelta(days=1))
    assert labels.collect(LabelWish()).labels.passed[0] == 1, "a ruling is later than both"


def test_a_ruling_decides_a_tie(world: RatedWorld) -> None:
    tied(task_of(world, 1))
    Ruling.objects.create(task=task_of(world, 1), outcome=Outcome.PASSED)
    found = labels.collect(LabelWish())
    assert len(found.labels) == 12
    assert found.labels.passed[1] == 1


@pytest.mark.parametrize(("rule", "field"), [("question", "by_question"), ("rater", "by_rater")])
def test_the_rule_of_votes_may_be_chosen(world: RatedWorld, rule: str, field: str) -> None:
    Verdict.objects.filter(task=task_of(world, 0)).update(**{field: Outcome.PASSED})
    Verdict.objects.filter(task=task_of(world, 1)).update(**{field: Outcome.FAILED})
    assert labels.collect(LabelWish(rule=rule)).labels.passed[:2].tolist() == [1, 0]


def test_an_image_of_two_campaigns_has_one_label_the_newer_verdict_and_all_shares(world: RatedWorld) -> None:
    other = world.pictures
    other.answers[0] = True
    rate(world.candidates[:1], other)
    first = Verdict.objects.get(task__campaign=world.campaign, task__candidate=world.candidates[0])
    found = labels.collect(LabelWish())
    assert len(found.labels) == 12
    assert found.labels.passed[0] == 1
    assert found.labels.share[0] == pytest.approx(((first.share or 0) + 1) / 2)
    assert sorted(source["labels"] for source in found.sources) == [1, 11]


def test_drafts_and_other_campaigns_stay_out(world: RatedWorld) -> None:
    other = rate(world.candidates[:2], world.pictures)
    assert len(labels.collect(LabelWish((other.pk,))).labels) == 2
    Campaign.objects.filter(pk=other.pk).update(state=CampaignState.DRAFT)
    with pytest.raises(BadWish, match=f"There is no campaign {other.pk} that was opened"):
        labels.collect(LabelWish((other.pk,)))


def test_made_up_ratings_teach_only_where_there_are_no_others(world: RatedWorld) -> None:
    made_up = rate(world.candidates[:2], world.pictures, origin=Origin.SIMULATION)
    assert [campaign.pk for campaign in labels.chosen(LabelWish())] == [world.campaign.pk if world.campaign else 0]
    assert len(labels.collect(LabelWish((made_up.pk,))).labels) == 2
    Campaign.objects.update(origin=Origin.SIMULATION)
    assert len(labels.chosen(LabelWish())) == 2


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (LabelWish(rule="coin"), "'coin' is no rule of votes"),
        (LabelWish(source="gut"), "'gut' is no source of labels"),
        (LabelWish((99,)), "There is no campaign 99"),
    ],
)
def test_a_bad_wish_is_refused(world: RatedWorld, wish: LabelWish, said: str) -> None:
    with pytest.raises(BadWish, match=said):
        labels.collect(wish)


def test_without_any_verdict_the_sentence_says_what_to_do(world: RatedWorld) -> None:
    Verdict.objects.all().delete()
    with pytest.raises(NotEnoughLabels, match=r"no image has a final verdict\. Have images rated"):
        labels.collect(LabelWish())


def weighed(world: RatedWorld, place: int, outcome: str, probability: float) -> None:
    task = task_of(world, place)
    questions = {key: {"answer": "yes", "passes": True, "probability": 0.9} for key in KEYS}
    questions[KEYS[3]] = {"answer": "no", "passes": False, "probability": 0.7}
    AlternativeVerdict.objects.create(
        task=task, campaign_id=task.campaign_id, method="dawid_skene", outcome=outcome, probability=probability,
        questions=questions, computed_at=timezone.now(),
    )  # fmt: skip


def test_dawid_skene_gives_posteriors_and_leaves_out_what_it_has_not_judged(world: RatedWorld) -> None:
    weighed(world, 0, Outcome.FAILED, 0.8)
    weighed(world, 5, Outcome.PASSED, 0.6)
    found = labels.collect(LabelWish(source=LabelSet.Source.DAWID_SKENE))
    made = found.labels
    assert made.posteriors
    assert made.candidates.tolist() == [world.candidates[0].pk, world.candidates[5].pk]
    assert made.passed.tolist() == [0, 1]
    np.testing.assert_allclose(made.share, [0.2, 0.6])
    np.testing.assert_allclose(made.questions[0], [0.9, 0.9, 0.9, 0.3, 0.9, 0.9, 0.9, 0.9])
    assert found.left_out == {"without a Dawid-Skene verdict": 10}


def test_an_image_that_a_plan_drew_weighs_as_many_as_it_stands_for(world: RatedWorld) -> None:
    plan = RatingPlan.objects.create(budget=2, seed=1, campaign=world.campaign)
    PlannedImage.objects.create(plan=plan, candidate=world.candidates[0], why="random", inclusion=0.25)
    elsewhere = RatingPlan.objects.create(budget=2, seed=1)
    PlannedImage.objects.create(plan=elsewhere, candidate=world.candidates[1], why="top", inclusion=0.5)
    weights = labels.collect(LabelWish()).labels.weight
    assert weights[:3].tolist() == [4, 1, 1]


def test_a_set_is_rebuilt_exactly_whatever_is_rated_since(world: RatedWorld) -> None:
    wish = LabelWish()
    collected = labels.collect(wish)
    kept = labels.keep(collected, wish)
    Verdict.objects.update(outcome=Outcome.FAILED, questions={})
    again = labels.rebuild(kept)
    assert again.hash == collected.labels.hash == kept.digest
    for name in ("candidates", "products", "passed", "share", "questions", "weight"):
        np.testing.assert_array_equal(getattr(again, name), getattr(collected.labels, name))
    assert labels.collect(wish).labels.hash != kept.digest


def test_the_same_labels_are_the_same_set(world: RatedWorld) -> None:
    wish = LabelWish()
    first, again = (labels.keep(labels.collect(wish), wish) for _ in range(2))
    assert first == again
    assert (first.images, first.products, first.weighted) == (12, 3, 0)
    assert first.passed == int(world.pictures.labels().passed.sum())


def test_a_changed_or_missing_file_is_noticed(world: RatedWorld) -> None:
    wish = LabelWish()
    kept = labels.keep(labels.collect(wish), wish)
    LabelSet.objects.filter(pk=kept.pk).update(key=files.put(b"something else", "safetensors")[0].replace("/", "/x"))
    kept.refresh_from_db()
    with pytest.raises(Damaged, match="is gone from the store"):
        labels.rebuild(kept)
    key, _ = files.put(b"whole", "bin")
    with default_storage.open(key, "wb") as opened:
        opened.write(b"cut")
    with pytest.raises(Damaged, match="has been changed since it was written"):
        files.get(key)
