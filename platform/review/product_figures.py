"""One product's figures beside its type's, and the list of products with how many of their images pass."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from catalog.models import Product, ProductType
from raters.models import QuestionSet
from raters.questions import Rule, rule_book
from review import picks, sums
from review.filters import Filters
from review.models import UNTYPED, Item, JudgedImage, Verdicts
from review.statistics import own, rates
from review.statistics.rates import Rate, Sums
from review.totals import OneQuestion
from vitrine.paging import Page, keyset_page

PER_PAGE = 48
PASSING = {"yes": True, "no": False}


@dataclass(frozen=True)
class Failing:
    """One question: the share of the product's images that fail it, of how many, and its type's share beside it."""

    key: str
    topic: str
    share: float | None
    failed: int
    of: int
    alone: int
    of_type: float | None


@dataclass(frozen=True)
class ProductFigures:
    """A product's own pass rate, its type's (without it where it has no type), and its questions, worst first."""

    rate: Rate
    undecided: int
    ratings: int
    type_name: str
    of_type: Rate | None
    per_product: Rate | None
    question_set: int | None
    sets: tuple[tuple[int, str], ...]
    questions: tuple[Failing, ...]


@dataclass(frozen=True)
class Line:
    """A product in the list: its cover where it has one, and how many of its images among those chosen pass."""

    item: Item
    product: Product | None
    images: int
    passed: int
    undecided: int


@dataclass(frozen=True)
class _OfItems(Filters):
    """Filters of the images of some items only, be they products of the catalogue or not."""

    items: tuple[int, ...] = ()

    @property
    def is_kept(self) -> bool:
        return False

    @property
    def is_of_items(self) -> bool:
        return True

    def rows(self) -> QuerySet[JudgedImage]:
        return best_of(self, Item.objects.filter(pk__in=self.items)).filter(item__in=self.items)


@dataclass(frozen=True)
class _OfType(Filters):
    """Filters of the images of one type only, which look for a ranker's best among its products alone."""

    def rows(self) -> QuerySet[JudgedImage]:
        images = JudgedImage.objects.filter(type=UNTYPED if self.type is None else self.type)
        return best_of(self, Item.objects.filter(pk__in=images.values("item")))


def best_of(filters: Filters, items: QuerySet[Item]) -> QuerySet[JudgedImage]:
    """The images that filters choose, all of which are of these items.

    A ranker's best of every product would be looked for, were the items not told; by the sum, places are kept.
    """
    chosen = Filters(**{one.name: getattr(filters, one.name) for one in fields(Filters)})
    if chosen.ranker in ("", picks.SUM) or chosen.top is None:
        return chosen.rows()
    products = items.exclude(product=None).values("product")
    best = picks.first_of(chosen.ranker, chosen.top, products)
    return chosen.but(ranker="", top=None).rows().filter(candidate__in=best)


def figures_of(filters: Filters, items: Sequence[int], kind: ProductType | None) -> ProductFigures:
    """Of the items' images that the filters choose; beside them, the same filters for all products of the type."""
    chosen = filters.but(product=None, type=None)
    mine = _OfItems(**asdict(chosen), items=tuple(items))
    whole = sums.whole(mine)
    beside = _OfType(**asdict(chosen.but(type=kind.pk))) if kind else None
    of_type = sums.whole(beside) if beside else None
    sets = _sets(mine)
    question_set = filters.questions if filters.questions in sets else next(iter(sets), None)
    return ProductFigures(
        rate=own.of_one_product(whole.sums),
        undecided=whole.undecided,
        ratings=whole.ratings,
        type_name=kind.name if kind else "",
        of_type=rates.per_image(of_type.sums) if of_type else None,
        per_product=rates.per_product(of_type.with_least[filters.least - 1], of_type.sums.products)
        if of_type
        else None,
        question_set=question_set,
        sets=tuple(sets.items()),
        questions=_questions(mine, beside, question_set) if question_set else (),
    )


def items_of(product: int) -> list[int]:
    """What figures know a product of the catalogue as: one, or none while nothing of it was judged."""
    return list(Item.objects.filter(product=product).values_list("pk", flat=True))


def product_page(
    filters: Filters, *, passing: str = "", after: int | None = None, before: int | None = None
) -> tuple[Page[Item], list[Line]]:
    """A page of products with images among those chosen, newest first; those that pass, or do not, only if asked."""
    page = keyset_page(_items(filters, passing), after=after, before=before, size=PER_PAGE)
    counts = _counts(filters, [item.pk for item in page.items])
    products = Product.objects.select_related("cover", "type").in_bulk(
        [item.product for item in page.items if item.product]
    )
    lines = [Line(item, products.get(item.product or 0), *counts.get(item.pk, (0, 0, 0))) for item in page.items]
    return page, lines


def _items(filters: Filters, passing: str) -> QuerySet[Item]:
    chosen = filters.rows().filter(item=OuterRef("pk"))
    found = Item.objects.filter(Exists(chosen.exclude(verdict=Verdicts.UNDECIDED) if passing else chosen))
    if passing not in PASSING:
        return found
    passed = chosen.filter(verdict=Verdicts.PASSED)
    if filters.least == 1:
        return found.filter(Exists(passed) if PASSING[passing] else ~Exists(passed))
    number = Subquery(passed.order_by().values("item").annotate(n=Count("pk")).values("n"))
    enough = Q(passing__gte=filters.least)
    few = Q(passing__lt=filters.least) | Q(passing__isnull=True)
    return found.annotate(passing=number).filter(enough if PASSING[passing] else few)


def _sets(mine: Filters) -> dict[int, str]:
    """The question sets that these images were asked, most images first."""
    rows = mine.rows().order_by().values_list("question_set").annotate(n=Count("pk"))
    counts = sorted(rows, key=lambda row: (-row[1], row[0]))
    names = {pk: str(one) for pk, one in QuestionSet.objects.in_bulk([pk for pk, _ in counts]).items()}
    return {pk: names[pk] for pk, _ in counts if pk in names}


def _questions(mine: Filters, beside: Filters | None, question_set: int) -> tuple[Failing, ...]:
    rules = rule_book(QuestionSet.objects.get(pk=question_set)).rules
    types: list[Sums] | list[None] = [None] * len(rules)
    if beside is not None:
        types = sums.of_questions(beside, question_set, len(rules))
    lines = [
        _failing(rule, one, of_type)
        for rule, one, of_type in zip(rules, sums.questions(mine, question_set, len(rules)), types, strict=False)
    ]
    return tuple(sorted(lines, key=lambda line: (-(line.share or 0.0), -line.alone, line.topic)))


def _failing(rule: Rule, one: OneQuestion, of_type: Sums | None) -> Failing:
    return Failing(
        key=rule.key,
        topic=rule.topic,
        share=_failed(one.sums),
        failed=one.sums.images - one.sums.passed,
        of=one.sums.images,
        alone=one.alone,
        of_type=_failed(of_type) if of_type else None,
    )


def _failed(one: Sums) -> float | None:
    return (one.images - one.passed) / one.images if one.images else None


def _counts(filters: Filters, items: Sequence[int]) -> dict[int, tuple[int, int, int]]:
    rows = filters.rows().filter(item__in=items).order_by().values("item")
    told = rows.annotate(
        n=Count("pk", filter=~Q(verdict=Verdicts.UNDECIDED)),
        k=Count("pk", filter=Q(verdict=Verdicts.PASSED)),
        u=Count("pk", filter=Q(verdict=Verdicts.UNDECIDED)),
    )
    return {row["item"]: (row["n"], row["k"], row["u"]) for row in told}
