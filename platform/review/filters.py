"""What figures are about: one frozen value, read from an address and written back to it, and the rows it chooses."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet

from catalog.models import Product
from review import picks
from review.counting.facts import digest_of
from review.models import ALL, UNTYPED, Item, JudgedImage, Name

MOST_PASSING = 5  # of "at least so many passing images"
NO_TYPE = "none"
# Fields that narrow a choice, each with those that mean nothing without it.
NARROWING = (
    ("campaign",), ("method",), ("type",), ("product",), ("prompt",), ("since",), ("until",), ("voters",),
    ("ranker", "top"), ("source",),
)  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """Every field None or "" is "all". `type` is a ProductType's id or UNTYPED, `prompt` the start of its digest.

    `least` is how many passing images make a product pass; `questions` the question set that a table is of; `source` is
    where the products came from: the catalogue's name for what was imported together.
    """

    campaign: int | None = None
    type: int | None = None
    method: str = ""
    product: int | None = None
    prompt: str = ""
    since: date | None = None
    until: date | None = None
    voters: str = ""
    ranker: str = ""
    top: int | None = None
    least: int = 1
    questions: int | None = None
    source: str = ""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Names and texts as a form sends them, without what is at rest; hidden fields keep a choice over a POST."""
        at_rest = Filters()
        told = {name: value for name, value in asdict(self).items() if value != getattr(at_rest, name)}
        if told.get("type") == UNTYPED:
            told["type"] = NO_TYPE
        return [(name, value.isoformat() if isinstance(value, date) else str(value)) for name, value in told.items()]

    @property
    def query(self) -> str:
        """As the query of an address: the same choice always gives the same text."""
        return urlencode(self.pairs)

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.about.pairs)

    @property
    def about(self) -> "Filters":
        """What decides which images are chosen, without how figures of them are told."""
        return replace(self, least=1, questions=None)

    @property
    def is_kept(self) -> bool:
        """Whether the sums over exactly these images are kept: by campaign, type and method, and nothing else."""
        kept = {"campaign", "type", "method", "least", "questions"}
        at_rest = Filters()
        return all(
            getattr(self, one.name) == getattr(at_rest, one.name) for one in fields(self) if one.name not in kept
        )

    @property
    def is_of_items(self) -> bool:
        """Whether only images of one product or item are chosen, which are few on any site."""
        return self.product is not None

    def but(self, **changes: Any) -> "Filters":
        """The same choice with something else in places."""
        return replace(self, **changes)

    def only(self, names: Iterable[str]) -> "Filters":
        """What these fields choose by themselves."""
        return Filters(**{name: getattr(self, name) for name in names})

    def without(self, names: Iterable[str]) -> "Filters":
        """The same choice with these fields at rest."""
        at_rest = Filters()
        return self.but(**{name: getattr(at_rest, name) for name in names})

    def rows(self) -> QuerySet[JudgedImage]:
        """The images chosen."""
        rows = JudgedImage.objects.all()
        if self.campaign is not None:
            rows = rows.filter(campaign=self.campaign)
        if self.type is not None:
            rows = rows.filter(type=self.type)
        if self.method:
            rows = rows.filter(method=method_id(self.method))
        if self.product is not None:
            rows = rows.filter(item__in=Item.objects.filter(product=self.product).values("pk"))
        if self.source:
            products = Product.objects.filter(source=self.source).values("pk")
            rows = rows.filter(item__in=Item.objects.filter(product__in=products).values("pk"))
        if self.prompt:
            named = Name.objects.filter(kind=Name.Kind.PROMPT, digest__startswith=self.prompt)
            rows = rows.filter(prompt__in=named.values("pk"))
        return rows.filter(self._when_and_by_whom())

    def _when_and_by_whom(self) -> Q:
        where = Q()
        if self.since is not None:
            where &= Q(day__gte=self.since)
        if self.until is not None:
            where &= Q(day__lte=self.until)
        if self.voters:
            where &= Q(voters=self.voters)
        if self.ranker and self.top is not None:
            first = self.first()
            where &= Q(place_by_sum__lte=self.top) if first is None else Q(candidate__in=first)
        return where

    def first(self) -> QuerySet[Any, Any] | None:
        """The candidates that are a ranker's best, by id; None: the places by the sum that images keep say it."""
        return None if self.ranker == picks.SUM else picks.first_of(self.ranker, self.top or 0)


@dataclass(frozen=True)
class Apart(Filters):
    """Filters whose ranker's best are those of each product and method, as a comparison needs them."""

    def first(self) -> QuerySet[Any, Any]:
        return picks.first_of_methods(self.ranker, self.top or 0, self.method, self._products())

    def _products(self) -> QuerySet[Any, Any] | None:
        """Products that may be among the chosen, by id; None where any may be. All images of each decide its best."""
        about = Filters(campaign=self.campaign, type=self.type, product=self.product, source=self.source)
        if not about.narrowed:
            return None
        return Item.objects.filter(pk__in=about.rows().values("item")).exclude(product=None).values("product")


def apart(filters: Filters) -> Apart:
    """The same choice for a comparison."""
    return Apart(**{one.name: getattr(filters, one.name) for one in fields(Filters)})


def method_id(text: str) -> int:
    """The number of a method by its name; -1, which none has, for one that made no judged image."""
    found = Name.objects.filter(kind=Name.Kind.METHOD, digest=digest_of(text)).values_list("pk", flat=True).first()
    return -1 if found is None else found


def tally_key(filters: Filters) -> dict[str, int]:
    """Which kept sums a choice with `is_kept` is about."""
    return {
        "campaign": ALL if filters.campaign is None else filters.campaign,
        "method": method_id(filters.method) if filters.method else ALL,
        "type": ALL if filters.type is None else filters.type,
    }
