"""Votes into outcomes, as pure functions: the paper's "all questions pass, by majority" in both orders.

A vote is one rating's answers, {question key: answer}; only ratings that count are given (neither withdrawn nor
excluded; a skipped image has no rating). Results for all cases, with y passing votes of n:

- a question passes when 2y > n, fails when 2y < n, is tied when 2y = n;
- with fewer votes than most of the wanted ones (n < wanted // 2 + 1) it is "too few", whatever they say;
- by question: failed when any question failed; else too few, tied, or passed when all passed;
- by rater: a rater accepts when all answers pass and rejects when any does not; who answered only some questions, all
  passing, abstains. The same three rules are applied to accepting and rejecting raters.

Where both are decided, by question is never worse than by rater: each accepting rater says yes to every question.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PASSED, FAILED, TIED, TOO_FEW = "passed", "failed", "tied", "too_few"

Vote = Mapping[str, str]
Rules = Mapping[str, frozenset[str]]  # by question key: the answers that pass


@dataclass(frozen=True)
class QuestionResult:
    """`share` is that of passing answers; None without any answer."""

    counts: dict[str, int]
    share: float | None
    outcome: str


@dataclass(frozen=True)
class Result:
    """What votes amount to. `share` is that of accepting raters; None where no rater accepts or rejects."""

    ratings: int
    questions: dict[str, QuestionResult]
    share: float | None
    by_question: str
    by_rater: str


def quorum(wanted: int) -> int:
    """The fewest votes that say anything: most of the wanted ones."""
    return wanted // 2 + 1


def tally(votes: Sequence[Vote], rules: Rules, wanted: int) -> Result:
    """The outcome of votes by both rules; `wanted` is how many votes were asked for."""
    needed = quorum(wanted)
    questions = {key: _question(votes, key, passing, needed) for key, passing in rules.items()}
    stands = [stand for vote in votes if (stand := accepts(vote, rules)) is not None]
    accepting = sum(stands)
    return Result(
        ratings=len(votes),
        questions=questions,
        share=accepting / len(stands) if stands else None,
        by_question=_all_of([question.outcome for question in questions.values()]),
        by_rater=_most(accepting, len(stands), needed),
    )


def accepts(vote: Vote, rules: Rules) -> bool | None:
    """Whether a rater accepts the image; None for one who left questions out and failed none."""
    if any(vote[key] not in passing for key, passing in rules.items() if key in vote):
        return False
    return True if all(key in vote for key in rules) else None


def is_decided(votes: Sequence[Vote], rules: Rules, wanted: int) -> bool:
    """Whether no further complete votes, up to the wanted number, can change the outcome by either rule.

    Then `tally` of these votes has the overall outcomes that `tally` of all would have: a question that 2y > wanted
    passes already and passes at the end, one with 2(y + missing) < wanted fails already and at the end.
    """
    missing = max(0, wanted - len(votes))
    if not missing:
        return True
    if any(key not in vote for vote in votes for key in rules):
        return False
    yes = [sum(vote[key] in passing for vote in votes) for key, passing in rules.items()]
    passes_all = all(2 * count > wanted for count in yes)
    fails_one = any(2 * (count + missing) < wanted for count in yes)
    accepting = sum(accepts(vote, rules) is True for vote in votes)
    rater_rule = 2 * accepting > wanted or 2 * (accepting + missing) < wanted
    return (passes_all or fails_one) and rater_rule


def _question(votes: Sequence[Vote], key: str, passing: frozenset[str], needed: int) -> QuestionResult:
    counts = Counter(vote[key] for vote in votes if key in vote)
    total = counts.total()
    yes = sum(count for answer, count in counts.items() if answer in passing)
    return QuestionResult(dict(sorted(counts.items())), yes / total if total else None, _most(yes, total, needed))


def _most(yes: int, total: int, needed: int) -> str:
    if total < needed:
        return TOO_FEW
    if 2 * yes == total:
        return TIED
    return PASSED if 2 * yes > total else FAILED


def _all_of(outcomes: Sequence[str]) -> str:
    for worst in (FAILED, TOO_FEW, TIED):
        if worst in outcomes:
            return worst
    return PASSED if outcomes else TOO_FEW
