"""What a wall shows of each image: picture, verdict in a word, votes, what failed, and who marked or noted it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse

from generation.models import Candidate
from generation.selectors.pictures import METRICS
from raters.models import QuestionSet, Rating, Task, Verdict
from raters.questions import Rule, rule_book
from review.models import Item, JudgedImage, Mark, Name, Note, Verdicts
from review.walls import SORTS, Wall, WallPage

WORDS = {Verdicts.PASSED: "passed", Verdicts.FAILED: "failed", Verdicts.UNDECIDED: "undecided"}
TONES = {"passed": "good", "failed": "bad", "undecided": "warn"}
NOT_JUDGED = "not judged"
IMAGE_KINDS = ("candidate", "task")


@dataclass(frozen=True)
class ImageKey:
    """Which image: a candidate, in whatever campaigns it is, or the task of one that came from elsewhere."""

    kind: str
    pk: int

    @property
    def column(self) -> dict[str, int]:
        """As the columns of a mark or a note hold it."""
        return {f"{self.kind}_id": self.pk}

    def __str__(self) -> str:
        return f"{self.kind}:{self.pk}"


@dataclass(frozen=True)
class Card:
    """One image of a wall. `at` is its row there; `shown` the figure that the wall is sorted by: (what, value)."""

    at: int
    key: ImageKey
    href: str
    picture: str
    alt: str
    verdict: str
    failing: tuple[str, ...]
    alone: bool
    accepted: int | None
    ratings: int
    shown: tuple[str, float | None] | None
    method: str
    product: str
    marked: bool
    notes: int

    @property
    def tone(self) -> str:
        return TONES.get(self.verdict, "")


@dataclass(frozen=True)
class _Known:
    """What is looked up once for all images of a page."""

    methods: Mapping[int, str]
    items: Mapping[int, str]
    rules: Mapping[int, Sequence[Rule]]
    marked: frozenset[ImageKey]
    notes: Mapping[ImageKey, int]
    rated: Mapping[int, tuple[int, int]]  # by task: how many ratings count now, and how many of them accept


def cards(wall: Wall, page: WallPage) -> list[Card]:
    """The images of a page; six queries more, however many there are."""
    keys = [key_of(row) for row in page.rows]
    known = _known(wall, page.rows, keys)
    return [_card(wall, row, known) for row in page.rows]


def key_of(row: JudgedImage | Candidate | Task) -> ImageKey:
    """Which image a row of a wall, or a task, is of."""
    if isinstance(row, Candidate):
        return ImageKey("candidate", row.pk)
    task = row if isinstance(row, Task) else row.task
    return key_from(task.candidate_id, task.pk)


def key_from(candidate: int | None, task: int) -> ImageKey:
    """Which image a task is of."""
    return ImageKey("task", task) if candidate is None else ImageKey("candidate", candidate)


def href_of(wall: Wall, row: Any) -> str:
    """Where a row of a wall is opened; the address holds the wall, and the row's place on it."""
    key = key_of(row)
    page = reverse("review:candidate" if key.kind == "candidate" else "review:upload", args=[key.pk])
    return f"{page}?{'&'.join(part for part in (wall.query, f'at={row.pk}') if part)}"


def marks_on(keys: Iterable[ImageKey]) -> frozenset[ImageKey]:
    """Those of these images that are marked; one query for each kind there is."""
    found = set()
    for kind, pks in by_kind(keys).items():
        rows = Mark.objects.filter(**{f"{kind}__in": pks}).values_list(kind, flat=True)
        found |= {ImageKey(kind, pk) for pk in rows}
    return frozenset(found)


def notes_on(keys: Iterable[ImageKey]) -> dict[ImageKey, int]:
    """How many notes each of these images has, where any."""
    found = {}
    for kind, pks in by_kind(keys).items():
        rows = Note.objects.filter(**{f"{kind}__in": pks}, removed_at=None).order_by()
        for pk, number in rows.values_list(kind).annotate(number=Count("pk")):
            found[ImageKey(kind, pk)] = number
    return found


def by_kind(keys: Iterable[ImageKey]) -> dict[str, list[int]]:
    """Their ids, apart by what they are of."""
    wanted: dict[str, list[int]] = {}
    for key in keys:
        wanted.setdefault(key.kind, []).append(key.pk)
    return wanted


def picture_of(row: JudgedImage | Candidate | Task, *, small: bool = True) -> str:
    """The address of an image's picture; empty where it was imported without its file."""
    if isinstance(row, JudgedImage):
        row = row.task
    candidate = row if isinstance(row, Candidate) else row.candidate
    if candidate is not None:
        return reverse("catalog:media", args=[candidate.thumbnail_key if small else candidate.key])
    if not isinstance(row, Task) or not row.picture_key:
        return ""
    if small:
        return reverse("review:thumbnail", args=[row.pk])
    return reverse("raters:dispute-picture", args=[row.campaign_id, row.pk])


def failing(row: JudgedImage, rules: Sequence[Rule]) -> tuple[str, ...]:
    """The topics of the questions that an image failed."""
    return tuple(rule.topic for place, rule in enumerate(rules) if row.fails >> place & 1)


def rules_of(question_sets: Iterable[int]) -> dict[int, Sequence[Rule]]:
    """The questions of each set, in their order."""
    return {pk: rule_book(one).rules for pk, one in QuestionSet.objects.in_bulk(set(question_sets)).items()}


def _known(wall: Wall, rows: list[Any], keys: list[ImageKey]) -> _Known:
    judged = [row for row in rows if isinstance(row, JudgedImage)]
    methods = Name.objects.filter(pk__in={row.method for row in judged})
    items = Item.objects.filter(pk__in={row.item for row in judged}) if wall.is_wide else Item.objects.none()
    return _Known(
        methods=dict(methods.values_list("pk", "text")),
        items=dict(items.values_list("pk", "name")),
        rules=rules_of(row.question_set for row in judged),
        marked=marks_on(keys),
        notes=notes_on(keys),
        rated=_rated([row.pk for row in judged]),
    )


def _rated(tasks: Sequence[int]) -> dict[int, tuple[int, int]]:
    """How many ratings of each of these tasks' images count, and how many of them accept it, both as of now.

    A verdict's share leaves out who answered some questions only: it does not tell how many of all ratings accept.
    """
    counted = Rating.objects.filter(task__in=tasks, withdrawn_at=None, excluded=False).order_by().values("task")
    found = counted.annotate(number=Count("pk"), accepting=Count("pk", filter=Q(accepted=True)))
    return {task: (number, accepting) for task, number, accepting in found.values_list("task", "number", "accepting")}


def _card(wall: Wall, row: Any, known: _Known) -> Card:
    judged = row if isinstance(row, JudgedImage) else None
    candidate = judged.task.candidate if judged else row
    key = key_of(row)
    verdict = WORDS[Verdicts(judged.verdict)] if judged else NOT_JUDGED
    method = known.methods.get(judged.method, "") if judged else str(row.run.method)
    product = (known.items.get(judged.item, "") if judged else row.run.product.title) if wall.is_wide else ""
    failed = failing(judged, known.rules.get(judged.question_set, ())) if judged else ()
    told = f", failed: {', '.join(failed)}" if failed else ""
    return Card(
        at=row.pk,
        key=key,
        href=href_of(wall, row),
        picture=picture_of(row),
        alt=f"{product or 'Image'} by {method or 'a method not named'}, {verdict}{told}",
        verdict=verdict,
        failing=failed,
        alone=bool(judged and judged.alone is not None),
        accepted=_accepted(judged, known),
        ratings=known.rated.get(judged.pk, (0, 0))[0] if judged else 0,
        shown=_shown(wall, row, candidate),
        method=method,
        product=product,
        marked=key in known.marked,
        notes=known.notes.get(key, 0),
    )


def _accepted(judged: JudgedImage | None, known: _Known) -> int | None:
    """How many raters would accept the image as a whole; None where nobody answered all that takes."""
    verdict: Verdict | None = getattr(judged.task, "verdict", None) if judged else None
    if judged is None or verdict is None or verdict.share is None:
        return None
    return known.rated.get(judged.pk, (0, 0))[1]


def _shown(wall: Wall, row: Any, candidate: Candidate | None) -> tuple[str, float | None] | None:
    if wall.sort in METRICS or wall.sort == "score":
        return SORTS[wall.sort], getattr(candidate, wall.sort, None)
    if wall.sort == "ranker":
        return "Probability", getattr(row, "value", None)
    return None
