"""Figures of known images, and what is said where there are none."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from catalog.models import Product
from generation.models import Candidate
from raters.models import CampaignFigures, Rating, Ruling
from raters.services import campaigns
from review import figures
from review.counting import folding, rebuilding, waiting
from review.counting.facts import digest_of
from review.filters import Filters
from review.models import UNTYPED, Item, JudgedImage
from tests.factories.catalog import make_product
from tests.factories.generation import make_candidate, make_run
from tests.factories.rating import KEYS, NO, YES, make_campaign, make_question_set, make_rater, rate
from tests.review.made import judged

PASS, FAIL = True, False
ClientFor = Callable[[User | None], Client]


@pytest.fixture
def mugs(db: None) -> list[Product]:
    return [make_product(f"Mug {number}", type="mug") for number in range(3)]


def test_rates_of_images_and_products(mugs: list[Product]) -> None:
    lamp = make_product("Lamp", type="lamp")
    made = judged(
        [
            (mugs[0], "a", "beach", [PASS, PASS, FAIL]),
            (mugs[1], "a", "beach", [FAIL, FAIL]),
            (mugs[1], "b", "desk", [PASS]),
            (lamp, "b", "desk", [FAIL]),
        ]
    )
    found = figures.overview(Filters())
    assert (found.per_image.passed, found.per_image.of, found.per_image.products) == (3, 7, 3)
    assert (found.per_product.passed, found.per_product.of) == (2, 3)
    assert figures.overview(Filters(least=2)).per_product.passed == 1
    assert [(line.name, line.per_image.of, line.per_product.passed) for line in found.methods] == [
        ("a", 5, 1),
        ("b", 2, 1),
    ]
    assert [(line.name, line.per_image.of) for line in found.types] == [("mug", 6), ("lamp", 1)]
    assert found.is_tiny
    assert figures.overview(Filters(campaign=made.pk, method="b")).per_image.of == 2


@pytest.mark.parametrize(
    ("name", "images"),
    [
        ("product", 2),
        ("prompt", 3),
        ("type", 4),
        ("untyped", 1),
        ("since", 5),
        ("since later", 0),
        ("until", 0),
        ("voters", 5),
        ("other voters", 0),
        ("gone method", 0),
        ("gone campaign", 0),
    ],
)
def test_every_filter_chooses(name: str, images: int, mugs: list[Product]) -> None:
    bare = make_product("Bare")
    judged([(mugs[0], "a", "beach", [PASS, FAIL]), (mugs[1], "b", "desk", [PASS, FAIL]), (bare, "b", "beach", [PASS])])
    today = timezone.now().date()
    filters = {
        "product": Filters(product=mugs[0].pk),
        "prompt": Filters(prompt=digest_of("beach")[:12]),
        "type": Filters(type=mugs[0].type_id),
        "untyped": Filters(type=UNTYPED),
        "since": Filters(since=today - timedelta(days=1)),
        "since later": Filters(since=today + timedelta(days=2)),
        "until": Filters(until=today - timedelta(days=2)),
        "voters": Filters(voters="person"),
        "other voters": Filters(voters="simulation"),
        "gone method": Filters(method="gone"),
        "gone campaign": Filters(campaign=10**6),
    }[name]
    found = figures.overview(filters)
    assert found.per_image.of == images == filters.rows().count()
    assert found.is_empty is (images == 0)
    assert figures.words_of(filters)


def test_the_best_of_each_product_by_the_pipelines_order(mugs: list[Product]) -> None:
    run = make_run(mugs[0])
    best, worst = (make_candidate(run, place=place) for place in (1, 2))
    made = judged([(mugs[0], "a", "beach", [PASS, FAIL])])
    for task, candidate in zip(made.tasks.order_by("position"), (best, worst), strict=True):
        made.tasks.filter(pk=task.pk).update(candidate=candidate)
    rebuilding.rebuild()
    assert Candidate.objects.count() == 2
    assert figures.overview(Filters(ranker="sum", top=1)).per_image.of == 1
    assert figures.overview(Filters(ranker="sum", top=2)).per_image.of == 2


@pytest.mark.parametrize(
    ("filters", "compared", "words"),
    [
        (Filters(voters="person"), False, ("ratings by", "people here")),
        (Filters(voters="mixed"), False, ("ratings by", "raters of several kinds")),
        (Filters(ranker="sum", top=3), False, ("only", "the best 3 of each product by the plain sum")),
        (Filters(ranker="sum", top=3), True, ("only", "the best 3 of each product and method by the plain sum")),
        (Filters(ranker="7", top=1), False, ("only", "the best 1 of each product by #7, which is not there")),
    ],
)
def test_choices_are_told_in_words(db: None, filters: Filters, compared: bool, words: tuple[str, str]) -> None:
    assert figures.words_of(filters, compared=compared) == [words]


def test_questions_tell_what_failed_and_what_alone(db: None) -> None:
    made, people = make_campaign(2), [make_rater() for _ in range(3)]
    for number, person in enumerate(people):
        rate(person, made, NO if number else YES)
        rate(person, made, NO if number else YES)
    folding.count_all_waiting()
    table = figures.overview(Filters()).questions
    size = table.rows[KEYS.index("size")]
    assert (size.rate.passed, size.rate.of, size.alone, size.alone_images) == (0, 2, 1.0, 2)
    assert size.answers.no == pytest.approx(4 / 6)
    logo = table.rows[KEYS.index("logo")]
    assert (logo.rate.value, logo.alone, logo.answers.no) == (1.0, 0.0, 0.0)
    assert table.failed == 2


def test_sets_of_questions_are_told_apart(db: None) -> None:
    rater = make_rater()
    small = make_question_set("sharp", "bright")
    other = make_campaign(1, raters_per_image=1, question_set=small)
    usual = make_campaign(2, raters_per_image=1)
    rate(rater, other, {"sharp": "yes", "bright": "no"})
    for _ in range(2):
        rate(rater, usual)
    folding.count_all_waiting()
    table = figures.overview(Filters()).questions
    assert [images for _, _, images in table.sets] == [2, 1]
    assert len(table.rows) == 8
    chosen = figures.overview(Filters(questions=small.pk)).questions
    assert [(row.key, row.rate.value, row.alone) for row in chosen.rows] == [("sharp", 1.0, 0.0), ("bright", 0.0, 1.0)]
    assert chosen.failed == 1


def test_maybe_is_told_as_maybe_where_it_passes(db: None) -> None:
    people = [make_rater() for _ in range(2)]
    lenient = make_question_set("sharp", passing=["yes", "maybe"])
    made = make_campaign(1, raters_per_image=2, question_set=lenient)
    for person, answer in zip(people, ("maybe", "yes"), strict=True):
        rate(person, made, {"sharp": answer})
    folding.count_all_waiting()
    (row,) = figures.overview(Filters()).questions.rows
    assert (row.rate.value, row.answers.maybe, row.answers.no, row.answers.of) == (1.0, 0.5, 0.0, 2)


def test_what_verdicts_cost(db: None) -> None:
    made, rater = make_campaign(2, raters_per_image=1), make_rater()
    for _ in range(2):
        rate(rater, made)
    Rating.objects.update(active_ms=9_000)
    rebuilding.rebuild()
    cost = figures.overview(Filters()).cost
    assert (cost.ratings, cost.per_verdict, cost.seconds, cost.hours) == (2, 1.0, 9.0, pytest.approx(0.005))


def test_imported_ratings_without_a_time_make_no_rating_quicker(client_for: ClientFor, analyst: User) -> None:
    made, rater = make_campaign(1, raters_per_image=1), make_rater()
    rate(rater, made)
    theirs = make_campaign(1, raters_per_image=1)
    rate(rater, theirs)
    Rating.objects.filter(campaign=made).update(active_ms=9_000)
    Rating.objects.filter(campaign=theirs).update(active_ms=0, origin="import")
    type(theirs).objects.filter(pk=theirs.pk).update(origin="import")
    rebuilding.rebuild()
    choices = {"all": Filters(), "ours": Filters(campaign=made.pk), "people": Filters(voters="person"),
               "theirs": Filters(campaign=theirs.pk)}  # fmt: skip
    told = {name: figures.overview(one).cost.seconds for name, one in choices.items()}
    assert told == {"all": None, "ours": 9.0, "people": 9.0, "theirs": None}
    page = client_for(analyst).get("/review/").content.decode()
    assert "s a rating" not in page
    assert "no time is known" not in page


def test_nothing_at_all_is_said_to_be_nothing(db: None) -> None:
    found = figures.overview(Filters())
    assert found.is_empty
    assert (found.per_image.value, found.per_product.value, found.cost.per_verdict) == (None, None, None)
    assert found.questions.rows == found.methods == found.types == found.agreement == ()


def test_a_page_counts_what_has_just_changed_and_says_what_still_waits(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, rater = make_campaign(3, raters_per_image=1), make_rater()
    for _ in range(3):
        rate(rater, made)
    monkeypatch.setattr(figures, "COUNTED_FIRST", 2)
    found = figures.overview(Filters())
    assert (found.per_image.of, found.waiting) == (2, 1)
    assert figures.overview(Filters()).waiting == waiting.how_many() == 0


def test_agreement_is_the_campaigns_as_last_computed(db: None) -> None:
    made = campaigns.make_campaign("Autumn")
    figure = {"statistic": "alpha_ordinal", "level": "ordinal", "value": 0.5, "low": 0.4, "high": 0.6, "why": ""}
    rows = [{"question": key, "images": 9, "answers": 27, "figures": [figure, figure | {"statistic": "percent"}]}
            for key in ("size", "")]  # fmt: skip
    CampaignFigures.objects.create(campaign=made, computed_at=timezone.now(), agreement=rows)
    (line,) = figures.overview(Filters()).agreement
    assert (line.name, line.value, line.key) == ("Autumn", 0.5, figures.WHOLE_RATING)
    assert [line.key for line in figures.overview(Filters(campaign=made.pk)).agreement] == ["size", ""]


def test_a_campaign_that_is_not_there_has_no_agreement(db: None) -> None:
    figure = {"statistic": "alpha_ordinal", "level": "ordinal", "value": 0.5, "low": 0.4, "high": 0.6, "why": ""}
    told = [figure, figure | {"statistic": "percent"}]
    row = {"question": figures.WHOLE_RATING, "images": 9, "answers": 27, "figures": told}
    made = campaigns.make_campaign("Autumn")
    CampaignFigures.objects.create(campaign=made, computed_at=timezone.now(), agreement=[row])
    assert len(figures.overview(Filters()).agreement) == 1
    assert figures.overview(Filters(campaign=10**6)).agreement == ()


def test_a_campaigns_progress_is_told_with_it(db: None) -> None:
    made, rater = make_campaign(2, raters_per_image=1), make_rater()
    rate(rater, made)
    found = figures.overview(Filters(campaign=made.pk)).progress
    assert found is not None
    assert (found.ratings, found.target) == (1, 2)
    assert figures.overview(Filters()).progress is None


def test_a_product_that_is_gone_keeps_its_name(mugs: list[Product]) -> None:
    judged([(mugs[0], "a", "beach", [PASS])])
    mugs[0].delete()
    assert Item.objects.get(key__startswith="product:").name == "Mug 0"
    rebuilding.rebuild()
    assert JudgedImage.objects.count() == 1
    assert rebuilding.differences() == []


def test_rulings_stand_beside_the_figures(mugs: list[Product]) -> None:
    made = judged([(mugs[0], "a", "beach", [PASS, FAIL, FAIL]), (mugs[1], "b", "beach", [PASS])])
    tasks = list(made.tasks.order_by("position"))
    said = [
        (tasks[0], "failed"),
        (tasks[1], "passed"),
        (tasks[1], "failed"),
        (tasks[2], "passed"),
        (tasks[3], "passed"),
    ]
    for task, outcome in said:  # of the second, the newest ruling is what the votes say
        Ruling.objects.create(task=task, outcome=outcome)
    found = figures.overview(Filters())
    assert (found.ruled, found.per_image.passed) == (2, 2)
    assert figures.overview(Filters(method="b")).ruled == 0


def test_weeks_begin_on_monday_and_count_products(mugs: list[Product]) -> None:
    made = judged([(mugs[0], "a", "beach", [PASS, FAIL]), (mugs[1], "a", "beach", [PASS])])
    days = ["2026-01-05T00:00Z", "2026-01-11T23:59Z", "2026-01-12T00:00Z"]
    for task, day in zip(made.tasks.order_by("position"), days, strict=True):
        Rating.objects.filter(task=task).update(made_at=datetime.fromisoformat(day))
    rebuilding.rebuild()
    first, second = figures.weeks(Filters())
    assert (first.begins, first.rate.of, first.rate.passed, first.rate.products) == (date(2026, 1, 5), 2, 1, 1)
    assert (second.begins, second.rate.value) == (date(2026, 1, 12), 1)
    assert figures.weeks(Filters(method="gone")) == ()


def test_the_page_shows_fifty_methods_and_the_file_all(
    client_for: ClientFor, analyst: User, mugs: list[Product]
) -> None:
    judged([(mugs[0], f"method {number}", "beach", [PASS]) for number in range(52)])
    page = client_for(analyst).get("/review/").content.decode()
    assert "The 50 with the most images of 52; the file has all." in page
    assert len(figures.overview(Filters()).methods) == 52
