"""Votes into outcomes: every defined case, and what must hold for all votes there can be."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raters.voting import FAILED, PASSED, TIED, TOO_FEW, accepts, is_decided, quorum, tally

YES = frozenset({"yes"})
RULES = {"a": YES, "b": YES}
GOOD, BAD_A, BAD_B = {"a": "yes", "b": "yes"}, {"a": "no", "b": "yes"}, {"a": "yes", "b": "maybe"}
RANK = {FAILED: 0, TIED: 1, PASSED: 2}


@pytest.mark.parametrize(
    ("votes", "wanted", "by_question", "by_rater"),
    [
        pytest.param([GOOD] * 3, 3, PASSED, PASSED, id="all accept"),
        pytest.param([GOOD, GOOD, BAD_A], 3, PASSED, PASSED, id="most accept"),
        pytest.param([GOOD, BAD_A, BAD_A], 3, FAILED, FAILED, id="one question fails by most"),
        pytest.param([GOOD, BAD_A, BAD_B], 3, PASSED, FAILED, id="two reject for different reasons"),
        pytest.param([], 3, TOO_FEW, TOO_FEW, id="no votes"),
        pytest.param([GOOD], 3, TOO_FEW, TOO_FEW, id="one of three: too few, whatever it says"),
        pytest.param([GOOD, GOOD], 3, PASSED, PASSED, id="one missing, two agree"),
        pytest.param([GOOD, BAD_A], 3, TIED, TIED, id="one missing, two differ: tied"),
        pytest.param([BAD_A, BAD_B], 3, TIED, FAILED, id="one missing, each rejects for another reason"),
        pytest.param([GOOD, BAD_A], 2, TIED, TIED, id="even number, tied"),
        pytest.param([GOOD, GOOD, BAD_A, BAD_B], 4, PASSED, TIED, id="four, accepting and rejecting tied"),
        pytest.param([GOOD], 1, PASSED, PASSED, id="one rater wanted"),
        pytest.param([GOOD] * 3 + [BAD_A] * 2, 3, PASSED, PASSED, id="imported: more than wanted, all count"),
        pytest.param([{"a": "yes"}, GOOD, GOOD], 3, PASSED, PASSED, id="imported: one left b out and abstains"),
        pytest.param([{"a": "yes"}, {"a": "yes"}, GOOD], 3, TOO_FEW, TOO_FEW, id="imported: too few answered b"),
        pytest.param([{"a": "no"}, {"a": "no"}, GOOD], 3, FAILED, FAILED, id="imported: failing is sure without b"),
    ],
)
def test_outcomes(votes: list[dict[str, str]], wanted: int, by_question: str, by_rater: str) -> None:
    result = tally(votes, RULES, wanted)
    assert (result.by_question, result.by_rater) == (by_question, by_rater)
    assert result.ratings == len(votes)


def test_soft_labels() -> None:
    result = tally([GOOD, BAD_A, {"a": "unclear", "b": "yes"}], RULES, 3)
    assert result.share == pytest.approx(1 / 3)
    assert result.questions["a"].share == pytest.approx(1 / 3)
    assert result.questions["a"].counts == {"no": 1, "unclear": 1, "yes": 1}
    assert (result.questions["a"].outcome, result.questions["b"].outcome) == (FAILED, PASSED)
    assert tally([], RULES, 3).share is None


def test_another_passing_answer() -> None:
    rules = {"score": frozenset({"4", "5"})}
    assert tally([{"score": "4"}, {"score": "5"}, {"score": "1"}], rules, 3).by_question == PASSED


@pytest.mark.parametrize(
    ("vote", "found"), [(GOOD, True), (BAD_B, False), ({"a": "yes"}, None), ({"a": "no"}, False), ({}, None)]
)
def test_accepts(vote: dict[str, str], found: bool | None) -> None:
    assert accepts(vote, RULES) is found


@pytest.mark.parametrize(("wanted", "fewest"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_quorum(wanted: int, fewest: int) -> None:
    assert quorum(wanted) == fewest


@pytest.mark.parametrize(
    ("votes", "wanted", "decided"),
    [
        pytest.param([GOOD, GOOD], 3, True, id="two accept"),
        pytest.param([BAD_A, BAD_A], 3, True, id="two reject for the same reason"),
        pytest.param([BAD_A, BAD_B], 3, False, id="two reject for different reasons: by question it may still pass"),
        pytest.param([GOOD, BAD_A], 3, False, id="two differ"),
        pytest.param([GOOD], 3, False, id="one of three"),
        pytest.param([GOOD, GOOD], 4, False, id="half of an even number: it may still be tied"),
        pytest.param([GOOD] * 3, 4, True, id="more than half of an even number"),
        pytest.param([{"a": "yes"}, GOOD], 3, False, id="an incomplete vote decides nothing early"),
        pytest.param([BAD_A, GOOD, BAD_B], 3, True, id="all are in"),
    ],
)
def test_decided(votes: list[dict[str, str]], wanted: int, decided: bool) -> None:
    assert is_decided(votes, RULES, wanted) is decided


def votes_of(draw: Any, count: int, keys: list[str]) -> list[dict[str, str]]:
    answer = st.sampled_from(["yes", "yes", "yes", "maybe", "no", "unclear"])
    return [{key: draw(answer) for key in keys} for _ in range(count)]


@settings(max_examples=200, deadline=None)
@given(data=st.data(), asked=st.integers(1, 6), questions=st.integers(1, 8))
def test_stopping_early_never_changes_the_outcome_of_a_tie_that_is_broken(
    data: Any, asked: int, questions: int
) -> None:
    """One vote more than was asked for; what is too few stays as it was with the asked number."""
    keys = [f"q{number}" for number in range(questions)]
    rules = dict.fromkeys(keys, YES)
    votes = votes_of(data.draw, asked + 1, keys)
    whole = tally(votes, rules, asked)
    for count in range(asked + 2):
        if is_decided(votes[:count], rules, asked + 1):
            early = tally(votes[:count], rules, asked)
            assert (early.by_question, early.by_rater) == (whole.by_question, whole.by_rater), count


@settings(max_examples=400, deadline=None)
@given(data=st.data(), wanted=st.integers(1, 7), questions=st.integers(1, 8))
def test_stopping_early_never_changes_an_outcome(data: Any, wanted: int, questions: int) -> None:
    keys = [f"q{number}" for number in range(questions)]
    rules = dict.fromkeys(keys, YES)
    votes = votes_of(data.draw, wanted, keys)
    whole = tally(votes, rules, wanted)
    for count in range(wanted + 1):
        if is_decided(votes[:count], rules, wanted):
            early = tally(votes[:count], rules, wanted)
            assert (early.by_question, early.by_rater) == (whole.by_question, whole.by_rater), count


@settings(max_examples=400, deadline=None)
@given(data=st.data(), count=st.integers(0, 7), wanted=st.integers(1, 7), questions=st.integers(1, 8))
def test_by_question_is_never_worse_than_by_rater(data: Any, count: int, wanted: int, questions: int) -> None:
    keys = [f"q{number}" for number in range(questions)]
    result = tally(votes_of(data.draw, count, keys), dict.fromkeys(keys, YES), wanted)
    if TOO_FEW in (result.by_question, result.by_rater):
        assert result.by_question == result.by_rater == TOO_FEW
    else:
        assert RANK[result.by_question] >= RANK[result.by_rater]


@settings(max_examples=200, deadline=None)
@given(data=st.data(), count=st.integers(0, 7))
def test_the_order_of_votes_does_not_matter(data: Any, count: int) -> None:
    votes = votes_of(data.draw, count, ["a", "b"])
    assert tally(votes, RULES, 3) == tally(data.draw(st.permutations(votes)), RULES, 3)
