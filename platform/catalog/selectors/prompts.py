"""Read the prompt bank: pages of prompts, and counts per type and status."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import Count, Q, QuerySet
from django.http import QueryDict

from catalog.models import ContextPrompt, ProductType
from vitrine.paging import Page, cursor_from, keyset_page

PAGE_SIZE = 40
Status = ContextPrompt.Status


@dataclass(frozen=True)
class PromptFilter:
    """Which prompts: of a type (an id), with a status, holding `text` in any case."""

    type_id: int | None = None
    status: Status | None = None
    text: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "PromptFilter":
        """The filter that an address names; a value that makes no sense is no filter."""
        status = query.get("status", "")
        return cls(
            type_id=cursor_from(query.get("type")),
            status=Status(status) if status in Status.values else None,
            text=query.get("q", "").replace("\0", " ").strip()[:200],
        )


@dataclass(frozen=True)
class TypeCounts:
    """A type with its prompts by status."""

    type: ProductType
    drafts: int
    approved: int
    rejected: int


@dataclass
class StatusCounts:
    """How many prompts there are by status, of one type or of all."""

    by_status: dict[str, int] = field(default_factory=dict)

    @property
    def drafts(self) -> int:
        return self.by_status.get(Status.DRAFT, 0)

    @property
    def approved(self) -> int:
        return self.by_status.get(Status.APPROVED, 0)

    @property
    def rejected(self) -> int:
        return self.by_status.get(Status.REJECTED, 0)

    @property
    def all(self) -> int:
        return sum(self.by_status.values())


def prompts(wanted: PromptFilter) -> QuerySet[ContextPrompt]:
    """The prompts of a filter with their type and who decided them, in no order."""
    chosen = ContextPrompt.objects.select_related("type", "decided_by")
    if wanted.type_id is not None:
        chosen = chosen.filter(type=wanted.type_id)
    if wanted.status is not None:
        chosen = chosen.filter(status=wanted.status)
    for word in wanted.text.split()[:8]:
        chosen = chosen.filter(text__icontains=word)
    return chosen


def prompt_page(wanted: PromptFilter, *, after: int | None = None, before: int | None = None) -> Page[ContextPrompt]:
    """One page of prompts in the order in which they came; one query."""
    return keyset_page(prompts(wanted), after=after, before=before, size=PAGE_SIZE, ascending=True)


def status_counts(type_id: int | None = None) -> StatusCounts:
    """Counts by status, of one type or of all; one query along an index."""
    chosen = (
        ContextPrompt.objects.order_by() if type_id is None else ContextPrompt.objects.order_by().filter(type=type_id)
    )
    return StatusCounts(dict(chosen.values_list("status").annotate(Count("pk"))))


def type_counts() -> list[TypeCounts]:
    """Each type that has prompts or products, with its counts; those with drafts to decide stand first."""
    # `prompts__isnull` would join the prompts a second time and multiply the counts.
    types = ProductType.objects.annotate(
        all_prompts=Count("prompts"),
        **{f"{status}_prompts": Count("prompts", filter=Q(prompts__status=status)) for status in Status.values},
    ).filter(Q(product_count__gt=0) | Q(all_prompts__gt=0))
    rows = [
        TypeCounts(type_, type_.draft_prompts, type_.approved_prompts, type_.rejected_prompts)  # type: ignore[attr-defined]
        for type_ in types
    ]
    return sorted(rows, key=lambda row: (row.drafts == 0, row.type.name))


def exported(wanted: PromptFilter) -> Iterator[ContextPrompt]:
    """Every prompt of a filter by type and age, read in pieces."""
    return prompts(wanted).order_by("type__name", "id").iterator(chunk_size=1000)
