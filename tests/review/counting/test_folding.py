"""What is kept equals what the verdicts say, whatever happened to the ratings meanwhile."""

import io
import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from raters.exchange.importing import Wish, import_ratings
from raters.models import Campaign, Exclusion, Rater, Rating, Task, Verdict
from raters.services import changes, exclusions, tasks
from review.counting import folding, rebuilding, tallies, waiting
from review.counting.tallies import WHOLE
from review.models import ALL, UNTYPED, Item, JudgedImage, Name, Tally, Verdicts, Voters, Waiting
from tests.factories.catalog import make_product
from tests.factories.rating import KEYS, NO, YES, add_new, make_campaign, make_question_set, make_rater, new_task, rate

ANSWERS = ("yes", "yes", "yes", "yes", "maybe", "no", "unclear")


def rated_campaign(images: int = 4, **settings: object) -> tuple[Campaign, list[Rater]]:
    made = make_campaign(images, **settings)
    people = [make_rater() for _ in range(made.raters_per_image)]
    return made, people


def rate_all(made: Campaign, people: list[Rater], answers: object = None) -> list[Rating]:
    return [rate(person, made, answers) for person in people for _ in range(made.task_count)]


def whole(**where: int) -> Tally:
    return Tally.objects.get(**{"campaign": ALL, "method": ALL, "type": ALL, "question": WHOLE} | where)


def test_a_verdict_waits_until_it_is_counted(db: None) -> None:
    made, people = rated_campaign(1)
    rate_all(made, people)
    assert waiting.how_many() == 3
    assert not JudgedImage.objects.exists()
    assert folding.count_all_waiting() == 3
    assert waiting.how_many() == 0
    judged = JudgedImage.objects.get()
    assert judged.verdict == Verdicts.PASSED
    assert judged.passes.bit_count() == len(KEYS)
    assert (judged.fails, judged.alone, judged.ratings, judged.type) == (0, None, 3, UNTYPED)


def test_an_image_in_work_is_not_counted(db: None) -> None:
    made, people = rated_campaign(1)
    rate(people[0], made)
    folding.count_all_waiting()
    assert not JudgedImage.objects.exists()
    assert not Tally.objects.exists()


def test_a_note_falls_with_its_transaction(db: None) -> None:
    made, people = rated_campaign(1)
    with transaction.atomic():
        rate(people[0], made)
        assert waiting.how_many() == 1
        transaction.set_rollback(True)
    assert waiting.how_many() == 0


def test_the_one_question_that_decided_is_known(db: None) -> None:
    made, people = rated_campaign(1)
    rate_all(made, people, NO)
    folding.count_all_waiting()
    size = KEYS.index("size")
    assert JudgedImage.objects.get().alone == size
    kept = Tally.objects.get(campaign=made.pk, method=ALL, type=ALL, question=size)
    assert (kept.images, kept.passed, kept.alone, kept.no, kept.yes) == (1, 0, 1, 3, 0)


def test_two_failing_questions_leave_no_one_alone(db: None) -> None:
    made, people = rated_campaign(1)
    rate_all(made, people, NO | {"logo": "maybe"})
    folding.count_all_waiting()
    assert JudgedImage.objects.get().alone is None


def test_sums_hold_products_together(db: None) -> None:
    made, people = rated_campaign(6, products=2, raters_per_image=1)
    for number, task in enumerate(Task.objects.filter(campaign=made).order_by("position")):
        rate(people[0], made, YES if task.subject.name == "Product 0" and number else NO)
    folding.count_all_waiting()
    found = whole()
    products: dict[int, list[int]] = {}
    for fact in JudgedImage.objects.all():
        products.setdefault(fact.item, []).append(fact.verdict)
    assert found.products == len(products) == 2
    assert found.images == 6
    assert found.passed == sum(map(sum, products.values()))
    assert found.passed_squared == sum(sum(one) ** 2 for one in products.values())
    assert found.images_squared == sum(len(one) ** 2 for one in products.values())
    assert found.with_1 == sum(sum(one) >= 1 for one in products.values())
    assert found.with_2 == sum(sum(one) >= 2 for one in products.values())


def test_one_product_in_two_campaigns_is_one_product(db: None) -> None:
    product = make_product("Stoneware mug", type="mug")
    for _ in range(2):
        made, people = rated_campaign(0, open=False, raters_per_image=1)
        subject = tasks.subject_for(made, tasks.NewSubject("Stoneware mug", product=product))
        add_new(made, [new_task(subject, method="a"), new_task(subject, method="b")])
        Campaign.objects.filter(pk=made.pk).update(state="open")
        made.refresh_from_db()
        rate_all(made, people)
    folding.count_all_waiting()
    assert Item.objects.get().product == product.pk
    assert (whole().products, whole().images) == (1, 4)
    by_method = whole(method=Name.objects.get(kind="method", text="a").pk)
    assert (by_method.products, by_method.images) == (1, 2)
    assert whole(type=product.type_id).images == 4


def taken_back(made: Campaign, people: list[Rater]) -> None:
    rating = Rating.objects.filter(campaign=made)[0]
    changes.withdraw(rating.rater, rating.assignment.uuid)


def changed(made: Campaign, people: list[Rater]) -> None:
    for rating in Rating.objects.filter(campaign=made):
        changes.change(rating.rater, rating.assignment.uuid, NO)


def excluded(made: Campaign, people: list[Rater]) -> None:
    exclusions.exclude(people[0], made, since=timezone.now() - timedelta(days=1), reason="Too fast.")


def lifted(made: Campaign, people: list[Rater]) -> None:
    excluded(made, people)
    folding.count_all_waiting()
    exclusions.lift(Exclusion.objects.get(), reason="It was somebody else.", by=None)


@pytest.mark.parametrize("happens", [taken_back, changed, excluded, lifted])
def test_figures_follow_what_happens_to_ratings(happens: Callable[..., None], db: None) -> None:
    made, people = rated_campaign(2)
    rate_all(made, people)
    folding.count_all_waiting()
    happens(made, people)
    folding.count_all_waiting()
    assert rebuilding.differences() == []
    final = Verdict.objects.filter(final=True, ratings__gt=0)
    assert JudgedImage.objects.count() == final.count()
    assert whole().passed == final.filter(outcome="passed").count()


def test_an_image_taken_back_leaves_the_sums(db: None) -> None:
    made, people = rated_campaign(1, raters_per_image=1)
    rate_all(made, people)
    folding.count_all_waiting()
    assert whole().images == 1
    taken_back(made, people)
    folding.count_all_waiting()
    assert not JudgedImage.objects.exists()
    assert not Tally.objects.exclude(images=0).exists()
    assert rebuilding.differences() == []


def test_a_tie_is_undecided(db: None) -> None:
    made, people = rated_campaign(1, raters_per_image=2)
    rate(people[0], made)
    rate(people[1], made, NO)
    folding.count_all_waiting()
    assert JudgedImage.objects.get().verdict == Verdicts.UNDECIDED
    assert (whole().images, whole().undecided, whole().products) == (0, 1, 0)


def test_random_work_kept_bit_by_bit_equals_all_counted_at_once(db: None) -> None:
    chance = random.Random(7)  # noqa: S311 - no secret
    campaigns = [rated_campaign(6, products=3, methods=("a", "b")) for _ in range(2)]
    for made, people in campaigns:
        for person in people:
            for _ in range(made.task_count):
                rating = rate(person, made, {key: chance.choice(ANSWERS) for key in KEYS})
                if chance.random() < 0.2:
                    changes.change(person, rating.assignment.uuid, YES)
                if chance.random() < 0.5:
                    folding.count_waiting()
    folding.count_all_waiting()
    kept = set(Tally.objects.values_list(*tallies.KEY, *tallies.SUMS))
    facts = set(map(folding.facts.plain, JudgedImage.objects.all()))
    JudgedImage.objects.all().delete()
    Tally.objects.all().delete()
    assert rebuilding.rebuild() > 0
    assert {row for row in Tally.objects.values_list(*tallies.KEY, *tallies.SUMS) if any(row[5:])} == {
        row for row in kept if any(row[5:])
    }
    assert set(map(folding.facts.plain, JudgedImage.objects.all())) == facts
    assert rebuilding.differences() == []


def test_imported_ratings_are_counted_as_such(db: None) -> None:
    lines = ["task,rater,question,answer,subject,method"]
    lines += [f"i{n},r{r},fine,{'yes' if n else 'no'},mug,old" for n in range(2) for r in range(3)]
    report = import_ratings(io.BytesIO("\n".join(lines).encode()), "ratings.csv", Wish("Others"))
    assert report.ratings == 6
    folding.count_all_waiting()
    assert set(JudgedImage.objects.values_list("voters", flat=True)) == {Voters.IMPORTED}
    assert (whole().images, whole().passed, whole().products) == (2, 1, 1)


def test_answers_beyond_four_bits_are_left_out_and_the_rest_is_there(db: None) -> None:
    many = make_question_set(*(f"q{number}" for number in range(20)))
    made, people = rated_campaign(1, raters_per_image=1, question_set=many)
    rate_all(made, people, {f"q{number}": "yes" if number else "maybe" for number in range(20)})
    folding.count_all_waiting()
    judged = JudgedImage.objects.get()
    assert (judged.yes, judged.maybe, judged.alone, judged.passes.bit_count()) == (None, None, 0, 19)
    last = Tally.objects.get(campaign=made.pk, method=ALL, type=ALL, question=19)
    assert (last.images, last.passed, last.yes) == (1, 1, 0)


def test_check_finds_what_is_wrong_and_rebuild_mends_it(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    made, people = rated_campaign(2)
    rate_all(made, people)
    folding.count_all_waiting()
    Tally.objects.filter(campaign=made.pk, question=WHOLE).update(passed=17)
    JudgedImage.objects.filter(pk=JudgedImage.objects.order_by("pk")[0].pk).delete()
    with pytest.raises(CommandError, match="differ from the verdicts"):
        call_command("review", "check")
    call_command("review", "rebuild")
    call_command("review", "check")
    assert "Every figure kept is what the verdicts say." in capsys.readouterr().out


def test_a_kept_image_without_a_verdict_is_found(db: None) -> None:
    made, people = rated_campaign(1)
    rate_all(made, people)
    folding.count_all_waiting()
    Verdict.objects.all().delete()
    assert [one.computed for one in rebuilding.differences() if one.row.startswith("image")] == ["nothing"]
    rebuilding.rebuild()
    assert rebuilding.differences() == []


def test_counting_goes_in_bounded_steps(db: None) -> None:
    made, people = rated_campaign(2)
    rate_all(made, people)
    assert folding.count_waiting(4) == 4
    assert Waiting.objects.count() == 2


def test_items_are_made_in_one_order_whoever_comes(db: None) -> None:
    keys = [f"product:{number}" for number in (7, 3, 9, 1)]
    made = folding.facts._items({key: Item(key=key, name=key) for key in keys})
    assert sorted(made, key=lambda key: made[key]) == sorted(keys)
