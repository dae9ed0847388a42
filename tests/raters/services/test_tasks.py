"""The images of a campaign."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from catalog.models import Product
from generation.models import Candidate, Run
from raters import choosing
from raters.choosing import Choice, Strata
from raters.exceptions import BadCampaign
from raters.models import Assignment, Campaign, Rater, Rating, Subject, Task
from raters.services import campaigns, gold, passing, people, rating, tasks, verdicts
from tests.factories.catalog import make_photo, make_product
from tests.factories.generation import make_candidate, make_method, make_run
from tests.factories.rating import NO, YES, lease, make_campaign, make_rater, make_tasks, rate, sent

pytestmark = pytest.mark.django_db


def drawn(methods: int = 2, products: int = 2, each: int = 3) -> list[Candidate]:
    """Candidates of some products by some methods."""
    made = []
    names = [make_method() for _ in range(methods)]
    for number in range(products):
        product = make_product(type="mug" if number % 2 else "chair")
        make_photo(product)
        for method in names:
            run = make_run(product, method=method)
            made += [make_candidate(run, place=place + 1, score=place / 10) for place in range(each)]
    return made


def test_candidates_become_tasks_with_their_products_photos() -> None:
    made = drawn()
    campaign = campaigns.make_campaign("Mugs")
    assert tasks.add_candidates(campaign, [one.pk for one in made]) == 12
    assert (campaign.task_count, campaign.rating_target) == (12, 36)
    task = Task.objects.get(candidate=made[0])
    assert (task.picture_key, task.method, task.wanted) == (made[0].key, str(made[0].run.method), 3)
    assert task.subject is not None
    assert task.subject.product == made[0].run.product
    assert [photo["key"] for photo in task.subject.photos] == [made[0].run.product.photos.get().key]
    assert Subject.objects.count() == 2


def test_a_new_task_is_as_the_model_would_make_it() -> None:
    """They go into the table by its columns' names: each must be there, and hold what a new row of the model holds."""
    columns = {
        field.column: field for field in Task._meta.concrete_fields if not (field.primary_key or field.generated)
    }
    assert set(tasks.COLUMNS) == set(columns)
    campaign = make_campaign(2, open=False, raters_per_image=5)
    made = Task.objects.latest("position")
    new = Task(campaign=campaign, subject=made.subject, picture_key=made.picture_key, width=64, height=48, wanted=5)
    new.position, new.created_at = 1, made.created_at
    assert {name: getattr(made, field.attname) for name, field in columns.items()} == {
        name: getattr(new, field.attname) for name, field in columns.items()
    }
    assert (made.left, made.created_at.tzinfo is not None) == (5, True)


def test_what_is_wrong_with_a_task_is_told_as_ever() -> None:
    campaign = make_campaign(1, open=False)
    subject = Subject.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        tasks.add_tasks(campaign, [tasks.NewTask("k", 1, 1, subject, name="twice") for _ in range(2)])
    assert campaign.tasks.count() == 1
    text = "Tab\t, line\n, back\\slash, \\N and \N{SNOWMAN}"
    tasks.add_tasks(campaign, [tasks.NewTask("k", 1, 1, subject, prompt=text)])
    assert Task.objects.latest("position").prompt == text


def test_what_the_campaign_has_and_what_was_held_back_is_left_out() -> None:
    made = drawn(products=1)
    Candidate.objects.filter(pk=made[0].pk).update(dropped="unsafe")
    campaign = campaigns.make_campaign("Mugs")
    ids = [one.pk for one in made]
    assert tasks.add_candidates(campaign, ids[:3]) == 2
    assert tasks.add_candidates(campaign, ids) == 3
    assert sorted(Task.objects.values_list("position", flat=True)) == list(range(5))
    assert Subject.objects.count() == 1


def test_the_subject_shows_the_photos_of_the_day_it_was_made() -> None:
    made = drawn(products=1, methods=1)
    campaign = campaigns.make_campaign("Mugs")
    tasks.add_candidates(campaign, [made[0].pk])
    make_photo(made[0].run.product)
    tasks.add_candidates(campaign, [made[1].pk])
    assert len(Subject.objects.get().photos) == 1


def test_when_runs_and_products_go_ratings_stay() -> None:
    made = drawn(products=1, methods=1)
    campaign = campaigns.make_campaign("Mugs")
    tasks.add_candidates(campaign, [one.pk for one in made])
    campaigns.open_campaign(campaign)
    rate(make_rater(), campaign)
    Candidate.objects.all().delete()
    Run.objects.all().delete()
    Product.objects.all().delete()
    assert Rating.objects.count() == 1
    assert Task.objects.filter(candidate=None).count() == 3
    assert Subject.objects.get().name.startswith("Product")
    assert verdicts.differences(Campaign.objects.all()) == []


def test_a_campaign_with_ratings_cannot_be_deleted_by_any_way() -> None:
    campaign = make_campaign(1)
    rate(make_rater(), campaign)
    with pytest.raises(ProtectedError), transaction.atomic():
        campaign.delete()
    assert Rating.objects.exists()


def test_the_database_itself_refuses_more_than_asked() -> None:
    task = make_tasks(campaigns.make_campaign("Mugs"), 1)[0]
    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(held=2, done=2)


def test_tasks_leave_a_draft_with_their_counts() -> None:
    campaign = campaigns.make_campaign("Mugs")
    made = make_tasks(campaign, 4)
    gold.make_gold(made[0], YES)
    campaign.refresh_from_db()
    assert (campaign.task_count, campaign.gold_count, campaign.rating_target) == (3, 1, 9)
    assert tasks.remove_tasks(campaign, Task.objects.filter(pk__in=[made[0].pk, made[1].pk])) == 2
    assert (campaign.task_count, campaign.gold_count, campaign.rating_target) == (2, 0, 6)


def test_queries_do_not_grow_with_the_number_of_images(django_assert_max_num_queries: object) -> None:
    made = drawn(products=3)
    campaign = campaigns.make_campaign("Mugs")
    with django_assert_max_num_queries(16):  # type: ignore[operator]
        tasks.add_candidates(campaign, [one.pk for one in made])


@pytest.mark.parametrize(
    ("choice", "count"),
    [
        pytest.param({}, 12, id="all"),
        pytest.param({"sample": 5}, 5, id="a sample"),
        pytest.param({"sample": 99}, 12, id="a sample larger than all"),
        pytest.param({"places": 1}, 4, id="the best of each run"),
        pytest.param({"score_from": 0.1, "score_to": 0.1}, 4, id="a range of scores, ends included"),
        pytest.param({"picked": True}, 0, id="picked ones"),
        pytest.param({"runs": (1,)}, 0, id="a run that is not there"),
        pytest.param({"score_from": 0.1, "sample": 4, "strata": Strata.METHOD}, 4, id="a sample over methods"),
    ],
)
def test_choices(choice: dict[str, object], count: int) -> None:
    made = drawn()
    if "runs" in choice:
        choice = {"runs": (max(one.run_id for one in made) + 1,)}
    assert len(choosing.chosen(Choice(**choice))) == count  # type: ignore[arg-type]


def test_alternatives_and_conditions() -> None:
    made = drawn()
    run = made[0].run
    by_method = choosing.chosen(Choice(methods=(run.method_id,)))
    by_both = choosing.chosen(Choice(methods=(run.method_id,), products=(run.product_id,)))
    by_type = choosing.chosen(Choice(types=(run.product.type_id or 0,)))
    assert (len(by_method), len(by_both), len(by_type)) == (6, 3, 6)


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        (Choice(sample=0), "sample of 0 images is none"),
        (Choice(score_from=2, score_to=1), "No score is at least 2 and at most 1"),
    ],
)
def test_choices_that_are_refused(choice: Choice, sentence: str) -> None:
    for ask in (choosing.chosen, choosing.count):
        with pytest.raises(BadCampaign, match=sentence):
            ask(choice)


@pytest.mark.parametrize("size", [None, 3, 100])
def test_the_count_is_that_of_what_is_chosen(size: int | None) -> None:
    drawn()
    choice = Choice(sample=size, seed=1)
    assert choosing.count(choice) == len(choosing.chosen(choice)) > 0


def test_a_seed_draws_the_same_again() -> None:
    drawn()
    first = choosing.chosen(Choice(sample=4, seed=1))
    assert first == choosing.chosen(Choice(sample=4, seed=1))
    assert any(first != choosing.chosen(Choice(sample=4, seed=seed)) for seed in range(2, 8))


@pytest.mark.parametrize("size", [2, 5, 9, 10])
def test_a_stratified_sample_is_even_and_a_short_stratum_leaves_its_part(size: int) -> None:
    ids, strata = list(range(14)), ["a"] * 10 + ["b"] * 3 + ["c"]
    found = choosing.sample(ids, strata, size, seed=3)
    counts = {name: sum(strata[pk] == name for pk in found) for name in "abc"}
    assert len(found) == size
    assert counts["c"] <= 1
    assert abs(min(counts["b"], 3) - counts["a"]) <= 1 or counts["b"] == 3


def test_withheld_images_are_decided_by_an_operator() -> None:
    campaign = make_campaign(2)
    task = Task.objects.all()[0]
    Task.objects.filter(pk=task.pk).update(state="withheld", reports=2)
    tasks.release(task)
    task.refresh_from_db()
    assert (task.state, task.reports) == ("fresh", 0)
    with pytest.raises(BadCampaign, match="is not withheld"):
        tasks.release(task)
    assert rate(make_rater(), campaign, NO).task_id


def test_an_image_that_nobody_has_had_is_fresh_again_and_may_become_gold() -> None:
    make_campaign(2, open=False)
    task = Task.objects.all()[0]
    tasks.withhold(task)
    tasks.release(task)
    task.refresh_from_db()
    assert (task.state, task.stamp) == ("fresh", 0)
    assert gold.make_gold(task, YES).task == task


@pytest.mark.parametrize(("act", "before"), [(tasks.withhold, "begun"), (tasks.release, "withheld")])
def test_a_closed_campaigns_images_stay_as_they_are(act: Callable[[Task], None], before: str) -> None:
    campaign = make_campaign(2)
    task = lease(make_rater(), campaign)[0].task
    if before == "withheld":
        tasks.withhold(task)
    campaigns.close(campaign)
    with pytest.raises(BadCampaign, match=f"“{campaign.name}” is closed and stays as it is.* Make a new one"):
        act(task)
    task.refresh_from_db()
    assert task.state == before


def withheld(task: Task, *reporters: tuple[Rater, Assignment]) -> None:
    """Have it reported by two who hold it."""
    for rater, held in reporters:
        passing.report(rater, held.uuid, "broken")
    task.refresh_from_db()
    assert task.state == "withheld"


@pytest.mark.parametrize("early", [False, True])
def test_an_image_that_is_done_when_it_is_released_counts_as_done(early: bool) -> None:
    """Progress is the number of complete images: not while one is withheld, and once after it."""
    wanted = 5 if early else 3
    campaign = make_campaign(1, raters_per_image=wanted, early_stop=early)
    task = Task.objects.get()
    raters = [make_rater() for _ in range(wanted)]
    held = [lease(rater, campaign)[0] for rater in raters]
    if early:  # decided by three while two still hold it
        for rater, one in list(zip(raters, held, strict=True))[:3]:
            rating.submit(rater, one.uuid, sent(NO))
        task.refresh_from_db()
        assert (task.state, people.progress_of(campaign)["finished"]) == ("complete", 1)
        withheld(task, (raters[3], held[3]), (raters[4], held[4]))
    else:
        Task.objects.filter(pk=task.pk).update(state="withheld", reports=2)
        for rater, one in zip(raters, held, strict=True):
            rating.submit(rater, one.uuid, sent())
    assert people.progress_of(campaign)["finished"] == 0
    tasks.release(task)
    task.refresh_from_db()
    assert (task.state, people.progress_of(campaign)["finished"]) == ("complete", 1)


def test_counts_of_an_empty_addition() -> None:
    campaign = campaigns.make_campaign("Mugs")
    assert tasks.add_candidates(campaign, []) == 0
    assert campaign.task_count == 0
