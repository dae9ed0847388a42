"""Final verdicts as `JudgedImage` rows: flat, and with each question's result in a few bits."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from raters.models import QuestionSet, Rating, Verdict
from raters.models.ratings import Outcome
from raters.questions import Rule, rule_book
from review import picks
from review.models import MOST_QUESTIONS, MOST_VOTES, UNTYPED, Item, JudgedImage, Name, Verdicts, Voters

LANE = 4  # bits of one question's answers of one kind
MOST_BITS = 62  # questions whose result is kept
KINDS = ("yes", "maybe", "no", "unclear")
COMPARED = tuple(one.attname for one in JudgedImage._meta.concrete_fields)
_SAID = tuple(name for name in COMPARED if name != "place_by_sum")  # by verdicts; a place is said by a product's images
_FIELDS = (
    "task", "campaign", "campaign__question_set", "task__candidate", "task__subject__product", "task__subject__name",
    "task__subject__product__type", "task__name", "task__method", "task__prompt", "outcome", "questions",
)  # fmt: skip
_VERDICTS = {Outcome.PASSED.value: Verdicts.PASSED, Outcome.FAILED.value: Verdicts.FAILED}


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass
class _Rated:
    """The ratings of a task that count."""

    ratings: int = 0
    active_ms: int = 0
    newest: datetime = _LONG_AGO
    origins: set[str] = field(default_factory=set)


def facts_of(tasks: Sequence[int]) -> dict[int, JudgedImage]:
    """By task, unsaved: those with a final verdict of ratings that count. Items and names are made where missing."""
    rows = list(Verdict.objects.filter(task__in=tasks, final=True, ratings__gt=0).values(*_FIELDS))
    rated = _ratings_of([row["task"] for row in rows])
    rows = [row for row in rows if row["task"] in rated]
    items = _items({_item_key(row): _item_of(row) for row in rows})
    methods = _names(Name.Kind.METHOD, {row["task__method"] for row in rows})
    prompts = _names(Name.Kind.PROMPT, {row["task__prompt"] for row in rows})
    sets = QuestionSet.objects.in_bulk({row["campaign__question_set"] for row in rows})
    places = picks.places_by_sum({row["task__candidate"] for row in rows} - {None})
    found = {}
    for row in rows:
        found[row["task"]] = _fact(
            row,
            rated[row["task"]],
            rule_book(sets[row["campaign__question_set"]]).rules,
            item=items[_item_key(row)],
            method=methods[row["task__method"]],
            prompt=prompts[row["task__prompt"]],
            place_by_sum=places.get(row["task__candidate"]),
        )
    return found


def plain(fact: JudgedImage) -> tuple[Any, ...]:
    """All values, to compare two by."""
    return tuple(getattr(fact, name) for name in COMPARED)


def only_moved(kept: JudgedImage | None, computed: JudgedImage | None) -> bool:
    """Whether two that differ do so in the place by the sum alone, which no sum depends on."""
    if kept is None or computed is None:
        return False
    return all(getattr(kept, name) == getattr(computed, name) for name in _SAID)


def _fact(row: Mapping[str, Any], rated: _Rated, asked: Sequence[Rule], **named: int | None) -> JudgedImage:
    kind = row["task__subject__product__type"]
    return JudgedImage(
        task_id=row["task"],
        campaign=row["campaign"],
        question_set=row["campaign__question_set"],
        questions=len(asked),
        candidate=row["task__candidate"],
        type=UNTYPED if kind is None else kind,
        voters=rated.origins.pop() if len(rated.origins) == 1 else Voters.MIXED.value,
        day=rated.newest.astimezone(UTC).date(),
        verdict=_VERDICTS.get(row["outcome"], Verdicts.UNDECIDED).value,
        ratings=rated.ratings,
        active_ms=rated.active_ms,
        **named,
        **_results(asked, row["questions"], row["outcome"]),
        **_answers(asked, row["questions"]),
    )


def _results(asked: Sequence[Rule], said: Mapping[str, Any], outcome: str) -> dict[str, int | None]:
    """Which questions passed and failed, as bits, and the one that alone kept the image from passing."""
    passes = fails = 0
    for place, question in enumerate(asked[:MOST_BITS]):
        result = said.get(question.key, {}).get("outcome")
        passes |= (result == Outcome.PASSED) << place
        fails |= (result == Outcome.FAILED) << place
    everything = (1 << len(asked[:MOST_BITS])) - 1
    one = outcome == Outcome.FAILED and fails.bit_count() == 1 and passes | fails == everything
    return {"passes": passes, "fails": fails, "alone": fails.bit_length() - 1 if one else None}


def _answers(asked: Sequence[Rule], said: Mapping[str, Any]) -> dict[str, int | None]:
    """How often each kind of answer was given to each question: LANE bits each, or None where they do not hold it."""
    counts = [said.get(question.key, {}).get("counts", {}) for question in asked]
    if len(asked) > MOST_QUESTIONS or any(sum(given.values()) > MOST_VOTES for given in counts):
        return dict.fromkeys(KINDS)
    packed: dict[str, int | None] = {}
    for kind in KINDS:
        number = 0
        for place, (question, given) in enumerate(zip(asked, counts, strict=True)):
            often = sum(count for answer, count in given.items() if _kind(answer, question.passing) == kind)
            number |= often << (LANE * place)
        packed[kind] = number
    return packed


def _kind(answer: str, passing: frozenset[str]) -> str:
    """Maybe and unclear are told as they were said, where a set lets them pass, too."""
    if answer in ("maybe", "unclear"):
        return answer
    return "yes" if answer in passing else "no"


def _ratings_of(tasks: Iterable[int]) -> dict[int, _Rated]:
    found: dict[int, _Rated] = defaultdict(_Rated)
    rows = Rating.objects.filter(task__in=list(tasks), withdrawn_at=None, excluded=False).order_by()
    for task, origin, active_ms, made_at in rows.values_list("task", "origin", "active_ms", "made_at"):
        one = found[task]
        one.ratings += 1
        one.active_ms += active_ms
        one.newest = max(one.newest, made_at)
        one.origins.add(origin)
    return found


def _item_key(row: Mapping[str, Any]) -> str:
    if row["task__subject__product"] is not None:
        return f"product:{row['task__subject__product']}"
    if row["task__subject__name"] is not None:
        return f"name:{digest_of(row['task__subject__name'])}"
    return f"image:{digest_of(row['task__name'])}" if row["task__name"] else f"task:{row['task']}"


def _item_of(row: Mapping[str, Any]) -> Item:
    name = row["task__subject__name"] or row["task__name"] or f"Image {row['task']}"
    return Item(key=_item_key(row), product=row["task__subject__product"], name=name)


def _items(wanted: Mapping[str, Item]) -> dict[str, int]:
    there = dict(Item.objects.filter(key__in=list(wanted)).values_list("key", "pk"))
    # In one order for whoever counts: two that insert the same ones in turn would wait for each other.
    missing = [item for key, item in sorted(wanted.items()) if key not in there]
    if missing:
        Item.objects.bulk_create(missing, batch_size=500, ignore_conflicts=True)
        there |= dict(Item.objects.filter(key__in=[item.key for item in missing]).values_list("key", "pk"))
    return there


def _names(kind: Name.Kind, texts: set[str]) -> dict[str, int]:
    digests = {digest_of(text): text for text in texts}
    rows = Name.objects.filter(kind=kind, digest__in=list(digests))
    there = dict(rows.values_list("digest", "pk"))
    missing = set(digests) - set(there)
    if missing:
        made = [Name(kind=kind, digest=digest, text=digests[digest]) for digest in sorted(missing)]
        Name.objects.bulk_create(made, batch_size=500, ignore_conflicts=True)
        there = dict(rows.all().values_list("digest", "pk"))
    return {text: there[digest] for digest, text in digests.items()}


def digest_of(text: str) -> str:
    """What a name is found by."""
    return hashlib.sha256(text.encode()).hexdigest()
