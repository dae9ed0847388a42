"""What is true of a picture: each fact moves the questions that it is about, and no other."""

from dataclasses import replace

import pytest

from raters.questions import DEFAULT
from vitrine.demo.crowd import likeness
from vitrine.demo.truth import Facts, chances, is_good

GOOD = Facts("mug", "kitchen", quality=0.9, shadow=True, light=True)
PICTURES = [f"{number:064x}" for number in range(2_000)]


def test_every_question_of_the_paper_has_a_chance_and_no_other_is_made_up() -> None:
    assert set(chances(GOOD)) == {question.key for question in DEFAULT}


@pytest.mark.parametrize(
    ("changed", "worse"),
    [
        ({"shadow": False}, {"placement", "business"}),
        ({"light": False}, {"placement", "business"}),
        ({"context": "street"}, {"use", "business"}),
        ({"quality": 0.3}, {"product", "surroundings", "business"}),
        ({"stretch": 1.0}, {"size"}),
        ({"stretch": 0.4}, set()),
        ({"marked": True, "quality": 0.3}, {"product", "surroundings", "business", "logo"}),
    ],
)
def test_a_fact_lowers_what_it_is_about(changed: dict[str, object], worse: set[str]) -> None:
    before, after = chances(GOOD), chances(replace(GOOD, **changed))  # type: ignore[arg-type]
    assert {question for question in before if after[question] < before[question]} == worse
    assert all(after[question] == before[question] for question in set(before) - worse)


@pytest.mark.parametrize("marked", [False, True])
def test_of_a_drawn_picture_likeness_and_a_mark_are_all_that_counts(marked: bool) -> None:
    like, unlike = (chances(Facts("mug", likeness=share, marked=marked)) for share in (1.0, 0.0))
    assert set(like) == set(chances(GOOD))
    assert {question for question in like if unlike[question] < like[question]} == {
        "product",
        "surroundings",
        "business",
    }
    assert (like["logo"] < 0.5) == marked, "no mark is left at 64 px"
    assert all(0 < chance < 1 for chance in (*like.values(), *unlike.values()))
    assert like["business"] < 0.2, "no shop would show 64 px"


@pytest.mark.parametrize(("dino_i", "share"), [(-0.1, 0.0), (0.2, 0.0), (0.5, 0.5), (0.8, 1.0), (1.0, 1.0)])
def test_likeness_is_a_share(dino_i: float, share: float) -> None:
    assert likeness(dino_i) == pytest.approx(share)


@pytest.mark.parametrize("quality", [-1.0, 0.0, 0.35, 0.5, 0.75, 1.0, 3.0])
@pytest.mark.parametrize("noun", ["mug", "lamp", "something new", ""])
def test_chances_are_chances(noun: str, quality: float) -> None:
    for context in ("kitchen", "street", ""):
        for stretch in (0.0, 1.0):
            found = chances(Facts(noun, context, quality, shadow=False, light=True, stretch=stretch, marked=True))
            assert all(0 < chance < 1 for chance in found.values())


def test_a_kind_that_nobody_knows_is_odd_on_a_street_only() -> None:
    unknown = replace(GOOD, noun="theremin")
    assert chances(replace(unknown, context="street"))["use"] < chances(replace(unknown, context="loft"))["use"]


def test_truth_is_the_same_for_everybody_who_asks() -> None:
    answers = [is_good(GOOD, picture, "placement") for picture in PICTURES]
    assert answers == [is_good(GOOD, picture, "placement") for picture in PICTURES]
    assert len(set(answers)) == 2


@pytest.mark.parametrize("question", ["product", "use", "placement", "business", "never asked"])
def test_so_many_pictures_are_good_as_the_chance_says(question: str) -> None:
    flat = replace(GOOD, shadow=False)
    share = sum(is_good(flat, picture, question) for picture in PICTURES) / len(PICTURES)
    assert share == pytest.approx(chances(flat).get(question, 0.9), abs=0.035)  # over three standard errors


def test_questions_are_drawn_apart_from_each_other() -> None:
    flat = replace(GOOD, shadow=False, context="street", quality=0.5)
    pairs = {(is_good(flat, one, "use"), is_good(flat, one, "placement")) for one in PICTURES}
    assert len(pairs) == 4
