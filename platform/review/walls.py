"""Walls of pictures: which images they show, in what order, a page at a time, and what stands beside one of them.

A wall is of judged images, each once for each campaign; or, of a product, of its images that nobody has judged yet. It
is read along keys, so that page 300 costs what page 1 costs. Orders that no index gives are offered up to MOST_SORTED
images: beyond that, the newest come first, and the page says so.
"""

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import GreaterThan
from django.urls import reverse

from catalog.selectors.products import Total
from generation.models import Candidate
from generation.selectors.pictures import METRICS
from ranking.models import Score
from ranking.services import registry
from raters.models import Question, QuestionSet
from raters.questions import rule_book
from review import product_figures
from review.counting.facts import LANE, MOST_BITS
from review.filters import Filters
from review.models import MOST_QUESTIONS, Item, JudgedImage, Mark, Verdicts

SIZE = 60
MOST_SORTED = 10_000  # images; also as far as a wall's images are counted
OPEN = "open"
VERDICTS = {
    "passed": Verdicts.PASSED.value,
    "failed": Verdicts.FAILED.value,
    "undecided": Verdicts.UNDECIDED.value,
}
# What a wall may ask of one question, and how a page says it.
HOWS = {
    "fails": "where {} fails",
    "passes": "where {} passes",
    "alone": "that {} alone kept from passing",
    "maybe": "where somebody said maybe to {}",
    "no": "where somebody said no to {}",
    "unclear": "where somebody said unclear to {}",
}
DATE, VOTES, RANKER = "date", "votes", "ranker"
SORTS = {DATE: "Date", VOTES: "Votes", RANKER: "Ranker", "score": "Sum", **METRICS}


@dataclass(frozen=True)
class Wall:
    """What a wall shows. `worst` turns its order around; `item` is what the images are of, where it is no product."""

    filters: Filters = field(default_factory=Filters)
    item: int | None = None
    verdict: str = ""
    question: str = ""  # its key
    how: str = ""
    sort: str = DATE
    worst: bool = False
    marked: bool = False

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Its own names and texts as a form sends them, without those of its filters and without what is at rest."""
        at_rest = Wall()
        names = ("item", "verdict", "question", "how", "sort", "worst", "marked")
        told = {name: getattr(self, name) for name in names if getattr(self, name) != getattr(at_rest, name)}
        return [(name, "1" if value is True else str(value)) for name, value in told.items()]

    @property
    def query(self) -> str:
        """As the query of an address."""
        return "&".join(part for part in (self.filters.query, urlencode(self.pairs)) if part)

    @property
    def address(self) -> str:
        """The page that it stands on."""
        page, query = reverse("review:images"), self.query
        if self.filters.product:
            page = reverse("review:product", args=[self.filters.product])
            query = replace(self, filters=self.filters.but(product=None)).query
        elif self.item:
            page, query = reverse("review:item", args=[self.item]), replace(self, item=None).query
        return f"{page}?{query}" if query else page

    @property
    def is_wide(self) -> bool:
        """Whether it is of more than one product."""
        return self.item is None and self.filters.product is None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the product decides which images are on it."""
        return bool(self.filters.but(product=None).narrowed or self.verdict or self.question or self.marked)

    def but(self, **changes: Any) -> "Wall":
        return replace(self, **changes)


@dataclass(frozen=True)
class WallPage:
    """Rows of a wall (JudgedImage, or Candidate where it is of those not judged), and the cursor of the next page."""

    rows: list[Any]
    next_cursor: int | None


@dataclass(frozen=True)
class Beside:
    """The rows before and after one, in the order of its wall."""

    before: Any = None
    after: Any = None


def rows(wall: Wall) -> QuerySet[Any]:
    """The images of a wall, in no order."""
    return _not_judged(wall) if wall.verdict == OPEN else _judged(wall)


def counted(wall: Wall) -> Total:
    """How many images it has, exact up to MOST_SORTED."""
    number = rows(wall).order_by()[: MOST_SORTED + 1].count()
    return Total(min(number, MOST_SORTED), exact=number <= MOST_SORTED)


def sorts_of(wall: Wall) -> dict[str, str]:
    """The orders that there are for it, by name: no votes where nobody voted, no ranker where there is none."""
    without = {VOTES} if wall.verdict == OPEN else set()
    without |= {RANKER} if ranker_of(wall) is None else set()
    return {name: label for name, label in SORTS.items() if name not in without}


def settled(wall: Wall, total: Total) -> Wall:
    """The wall in an order that it can have: by date where there are too many images, or no such figure."""
    sortable = wall.sort in sorts_of(wall) and (total.exact or wall.sort == DATE)
    return wall if sortable else wall.but(sort=DATE, worst=False)


def held(wall: Wall) -> Wall:
    """The wall without what it could not keep: images that nobody has judged are chosen by product and marks alone."""
    if wall.verdict != OPEN:
        return wall
    return wall.but(filters=Filters(product=wall.filters.product), question="", how="")


def page(wall: Wall, *, after: int | None = None, size: int | None = None) -> WallPage:
    """A page of a settled wall. `after` is the last row of the page before it, wherever that stands now."""
    size = SIZE if size is None else size
    found = _ordered(wall, forward=True)
    if after is not None:
        found = found.filter(_beyond(wall, after, forward=True))
    read = list(_with_what_is_shown(wall, found)[: size + 1])
    return WallPage(read[:size], read[size - 1].pk if len(read) > size else None)


def beside(wall: Wall, pk: int) -> Beside:
    """What stands beside a row of a settled wall; nothing beside one that is not on it."""
    if not rows(wall).filter(pk=pk).exists():
        return Beside()
    before, after = (
        _with_what_is_shown(wall, _ordered(wall, forward=forward).filter(_beyond(wall, pk, forward=forward)))[:1]
        for forward in (False, True)
    )
    return Beside(next(iter(before), None), next(iter(after), None))


def ranker_of(wall: Wall) -> int | None:
    """Whose probabilities a wall can be sorted by: the ranker of its filter, else the champion."""
    if wall.filters.ranker.isdigit():
        return int(wall.filters.ranker)
    champion = registry.champion()
    return champion.pk if champion else None


def places_of(key: str, question_set: int | None = None) -> dict[int, int]:
    """By question set, the place of the question with that key; of one set only if named."""
    sets = Question.objects.filter(key=key).values("question_set")
    found = QuestionSet.objects.filter(pk__in=sets)
    if question_set is not None:
        found = found.filter(pk=question_set)
    return {
        one.pk: place for one in found for place, rule in enumerate(rule_book(one).rules[:MOST_BITS]) if rule.key == key
    }


def _judged(wall: Wall) -> QuerySet[JudgedImage]:
    chosen = _of_item(wall)
    if wall.verdict:
        chosen = chosen.filter(verdict=VERDICTS[wall.verdict])
    if wall.question:
        chosen = chosen.filter(_answered(wall))
    if wall.marked:
        marks = Mark.objects.all()
        chosen = chosen.filter(
            Q(candidate__in=marks.exclude(candidate=None).values("candidate"))
            | Q(pk__in=marks.exclude(task=None).values("task"))
        )
    return chosen


def _of_item(wall: Wall) -> QuerySet[JudgedImage]:
    """Items are looked up first, so that the database goes along the index over them and their images."""
    if wall.is_wide:
        return wall.filters.rows()
    items = [wall.item] if wall.item is not None else product_figures.items_of(wall.filters.product or 0)
    chosen = product_figures.best_of(wall.filters.but(product=None), Item.objects.filter(pk__in=items))
    return chosen.filter(item__in=items)


def _answered(wall: Wall) -> Q:
    """Images by what was answered to one question, in every set that asks it."""
    where = Q(pk__in=[])
    for question_set, place in places_of(wall.question, wall.filters.questions).items():
        where |= Q(question_set=question_set) & _as(wall.how, place)
    return where


def _as(how: str, place: int) -> Q:
    if how == "alone":
        return Q(alone=place)
    if how in ("maybe", "no", "unclear"):
        if place >= MOST_QUESTIONS:  # kinds of answers are kept of so many
            return Q(pk__in=[])
        return Q(GreaterThan(F(how).bitand(((1 << LANE) - 1) << (LANE * place)), 0))
    return Q(GreaterThan(F("passes" if how == "passes" else "fails").bitand(1 << place), 0))


def _not_judged(wall: Wall) -> QuerySet[Candidate]:
    """Of one product, or marked ones, as nothing else bounds them: filters of judged images do not choose here."""
    seen = Exists(JudgedImage.objects.filter(candidate=OuterRef("pk")))
    chosen = Candidate.objects.filter(~seen, dropped="")
    if wall.filters.product is not None:
        chosen = chosen.filter(run__product=wall.filters.product)
    if wall.marked or wall.filters.product is None:
        chosen = chosen.filter(pk__in=Mark.objects.exclude(candidate=None).values("candidate"))
    return chosen


def _value(wall: Wall) -> Any:
    """What the wall is sorted by, of its rows; None: by their keys."""
    if wall.sort == DATE:
        return None
    to_candidate = "" if wall.verdict == OPEN else "task__candidate__"
    if wall.sort == VOTES:
        return F("task__verdict__share")
    if wall.sort == RANKER:
        candidate = OuterRef("pk" if wall.verdict == OPEN else "candidate")
        said = Score.objects.filter(ranker=ranker_of(wall), candidate=candidate)
        return Subquery(said.values("probability")[:1])
    return F(f"{to_candidate}{wall.sort}")


def _ordered(wall: Wall, *, forward: bool) -> QuerySet[Any]:
    """Best first, or worst first; what has no value comes last; then the newest. Backward: all that turned around."""
    value = _value(wall)
    if value is None:
        return rows(wall).order_by("pk" if forward == wall.worst else "-pk")
    found: QuerySet[Any] = rows(wall).annotate(value=value)
    if forward:
        order = F("value").asc(nulls_last=True) if wall.worst else F("value").desc(nulls_last=True)
    else:
        order = F("value").desc(nulls_first=True) if wall.worst else F("value").asc(nulls_first=True)
    return found.order_by(order, "-pk" if forward else "pk")


def _beyond(wall: Wall, pk: int, *, forward: bool) -> Q:
    """What comes after a row, or before it."""
    value = _value(wall)
    if value is None:
        return Q(pk__gt=pk) if forward == wall.worst else Q(pk__lt=pk)
    base: QuerySet[Any] = Candidate.objects.all() if wall.verdict == OPEN else JudgedImage.objects.all()
    own = base.filter(pk=pk).annotate(value=value).values_list("value", flat=True).first()
    side = Q(pk__lt=pk) if forward else Q(pk__gt=pk)
    if own is None:
        within = Q(value__isnull=True) & side
        return within if forward else within | Q(value__isnull=False)
    further = Q(value__gt=own) if forward == wall.worst else Q(value__lt=own)
    found = Q(value=own) & side | further
    return found | Q(value__isnull=True) if forward else found


def _with_what_is_shown(wall: Wall, found: QuerySet[Any]) -> QuerySet[Any]:
    if wall.verdict == OPEN:
        return found.select_related("run__method", "run__product")
    shown: QuerySet[Any] = found.select_related("task__candidate", "task__verdict")
    return shown.defer("task__verdict__questions")
