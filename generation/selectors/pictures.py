"""The pictures of stages and runs, a page at a time: a thousand of them cost what fifty do."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.http import QueryDict

from generation.models import Candidate, StageImage, StageResult, TrainingImage
from vitrine.paging import Page, keyset_page

PAGE_SIZE = 60
JUDGED = "filter"  # its pictures are TrainingImage rows
METRICS = {
    "clip_i": "CLIP-I", "clip_t": "CLIP-T", "dino_i": "DINO-I",
    "seg_clip_i": "Seg CLIP-I", "seg_clip_t": "Seg CLIP-T", "seg_dino_i": "Seg DINO-I",
}  # fmt: skip
SORTS = {"place": "Place", "score": "Sum", **METRICS}
KINDS = tuple(dict.fromkeys((*StageImage.Kind.values, *TrainingImage.Kind.values)))
WHICH = {"kept": True, "dropped": False}


@dataclass(frozen=True)
class PictureFilter:
    """Which of a stage's pictures: of one kind, or only those kept or dropped."""

    kind: str = ""
    kept: bool | None = None

    @classmethod
    def of(cls, query: QueryDict) -> "PictureFilter":
        kind = query.get("kind", "")
        return cls(kind if kind in KINDS else "", WHICH.get(query.get("which", "")))


def picture_page(result: StageResult, wanted: PictureFilter, after: int | None = None) -> Page[Any]:
    """A page of a stage's pictures, in the order in which they were made; one query."""
    rows: QuerySet[Any] = TrainingImage.objects if result.stage == JUDGED else StageImage.objects  # type: ignore[assignment]
    rows = rows.filter(result=result)
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.kept is not None:
        rows = rows.filter(kept=wanted.kept)
    return keyset_page(rows, after=after, size=PAGE_SIZE, ascending=True)


@dataclass(frozen=True)
class KindCount:
    """How many pictures of a kind there are, and how many of them were kept."""

    kind: str
    label: str
    total: int
    kept: int


def kind_counts(result: StageResult) -> list[KindCount]:
    """The counts of a stage's pictures by kind; one query."""
    model: Any = TrainingImage if result.stage == JUDGED else StageImage
    rows = model.objects.filter(result=result).order_by().values_list("kind", "kept").annotate(number=Count("pk"))
    counts: dict[str, list[int]] = {}
    for kind, kept, number in rows:
        total = counts.setdefault(kind, [0, 0])
        total[0] += number
        total[1] += number if kept else 0
    return [KindCount(kind, model.Kind(kind).label, *counts[kind]) for kind in model.Kind.values if kind in counts]


def sort_of(query: QueryDict) -> str:
    """How an address wants candidates sorted: by place as selected, or by a metric, best first."""
    sort = query.get("sort", "")
    return sort if sort in SORTS else "place"


@dataclass(frozen=True)
class CandidatePage:
    """Candidates in order, and the cursor of the next page (None: there is none)."""

    items: list[Candidate]
    next_cursor: int | None


def candidate_page(
    run_id: int, *, tier: int, sort: str = "place", after: int | None = None, size: int = PAGE_SIZE
) -> CandidatePage:
    """A page of the candidates of one tier of a run, best first, those without a value last; at most two queries.

    The cursor is a candidate's id: the page begins behind it, wherever it stands now.
    """
    rows = Candidate.objects.filter(run=run_id, tier=tier)
    order = F(sort).asc(nulls_last=True) if sort == "place" else F(sort).desc(nulls_last=True)
    if after:
        last = rows.filter(pk=after).values_list(sort, flat=True).first()
        rows = rows.filter(_behind(sort, last, after))
    found = list(rows.order_by(order, "pk")[: size + 1])
    return CandidatePage(found[:size], found[size - 1].pk if len(found) > size else None)


def _behind(name: str, value: float | None, pk: int) -> Q:
    same = Q(**{name: value}) if value is not None else Q(**{f"{name}__isnull": True})
    behind = same & Q(pk__gt=pk)
    if value is None:
        return behind
    step = "gt" if name == "place" else "lt"
    return behind | Q(**{f"{name}__{step}": value}) | Q(**{f"{name}__isnull": True})
