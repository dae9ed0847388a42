"""Computes each figure that review shows: pages, files and the API all call this module, and nothing else does sums.

What a figure means is in `definitions`; its interval is in `statistics.rates`; what it is counted from, in `sums`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Sum

from catalog.models import Product, ProductType
from raters.models import Campaign, CampaignFigures, CampaignRater, QuestionSet, Task
from raters.models.campaigns import Origin
from raters.questions import rule_book
from raters.selectors import monitoring, quality
from raters.selectors.monitoring import Progress
from review import picks, sums
from review.counting import folding, waiting
from review.counting.facts import KINDS
from review.filters import Filters
from review.models import UNTYPED, Counter, Name, Voters
from review.statistics import rates
from review.statistics.rates import Rate
from review.totals import OneQuestion, Parts, Whole

COUNTED_FIRST = 100  # changed verdicts that a page counts before it shows figures; more are a worker's
MOST_LINES = 50  # that a page shows of a table by method or type; files have all
FEW_PRODUCTS = 10  # under so many, intervals say little, and the page says that
AGREEMENTS = 8  # campaigns
WHOLE_RATING = ""  # the key under which agreement on whole ratings is kept


@dataclass(frozen=True)
class Answers:
    """Shares of all answers to a question; None where their kinds are not kept."""

    maybe: float | None
    no: float | None
    unclear: float | None
    of: int


@dataclass(frozen=True)
class QuestionFigures:
    """One question. `alone` is the share of failed images that it alone kept from passing, `alone_images` how many."""

    key: str
    topic: str
    rate: Rate
    answers: Answers
    alone: float | None
    alone_images: int


@dataclass(frozen=True)
class QuestionTable:
    """The questions of one set, the sets there are among the images chosen (id, name, images), and failed images."""

    question_set: int | None
    rows: tuple[QuestionFigures, ...]
    sets: tuple[tuple[int, str, int], ...]
    failed: int


@dataclass(frozen=True)
class Line:
    """One method or type in a table; `link` is the filter that leads to it, None for images that name no method."""

    name: str
    link: Filters | None
    per_image: Rate
    per_product: Rate
    undecided: int


@dataclass(frozen=True)
class Week:
    """Images whose newest rating is of the seven days from Monday `begins`."""

    begins: date
    rate: Rate


@dataclass(frozen=True)
class Cost:
    """What the verdicts took. `seconds` is the mean attention of a rating; None where no time is known of some."""

    ratings: int
    hours: float
    per_verdict: float | None
    seconds: float | None


@dataclass(frozen=True)
class AgreementLine:
    """One statistic of a campaign, for a question or, with the key WHOLE_RATING, whole ratings."""

    campaign: int
    name: str
    key: str
    topic: str
    value: float | None
    low: float | None
    high: float | None
    images: int
    why: str


@dataclass(frozen=True)
class Overview:
    """Everything that the overview shows of one choice of images, as of `counted_at`."""

    filters: Filters
    per_image: Rate
    per_product: Rate
    undecided: int
    ruled: int  # images of which an adjudicator's ruling is not what the votes say
    design_effect: float | None
    cost: Cost
    questions: QuestionTable
    methods: tuple[Line, ...]  # all of them; a page shows MOST_LINES
    types: tuple[Line, ...]
    agreement: tuple[AgreementLine, ...]
    progress: Progress | None  # of the campaign chosen
    waiting: int  # changed verdicts that are not counted yet
    counted_at: datetime | None
    partial: bool  # whether everything is being counted anew, so that no sums are kept

    @property
    def is_empty(self) -> bool:
        return not self.per_image.of and not self.undecided

    @property
    def is_tiny(self) -> bool:
        return 0 < self.per_image.products < FEW_PRODUCTS


def overview(filters: Filters) -> Overview:
    """The figures of the images chosen. Counts first what has just changed, if that is little."""
    folding.count_waiting(COUNTED_FIRST, wait=False)
    parts = sums.parts(filters)
    counter = Counter.objects.filter(pk=1).first()
    campaign = Campaign.objects.filter(pk=filters.campaign).first() if filters.campaign else None
    return Overview(
        filters=filters,
        per_image=rates.per_image(parts.whole.sums),
        per_product=_per_product(parts.whole, filters.least),
        undecided=parts.whole.undecided,
        ruled=sums.ruled_otherwise(filters),
        design_effect=rates.design_effect(parts.whole.sums),
        cost=_cost(parts.whole, timed=_are_timed(filters)),
        questions=questions(filters, parts),
        methods=_method_lines(filters, parts.methods),
        types=_type_lines(filters, parts.types),
        agreement=agreement(campaign) if campaign or not filters.campaign else (),
        progress=_progress(campaign) if campaign else None,
        waiting=waiting.how_many(),
        counted_at=counter.counted_at if counter else None,
        partial=bool(counter and counter.partial),
    )


def weeks(filters: Filters) -> tuple[Week, ...]:
    """The pass rate of each week in which an image had its newest rating, oldest first."""
    found = sums.by_week(filters)
    return tuple(Week(begins, rates.per_image(found[begins].sums)) for begins in sorted(found))


def questions(filters: Filters, parts: Parts | None = None) -> QuestionTable:
    """The questions of the set asked for, else of the one with the most images. `parts`: of `sums.parts`."""
    parts = sums.parts(filters) if parts is None else parts
    of_sets = parts.sets
    found = QuestionSet.objects.in_bulk(of_sets)
    sets = tuple(sorted(((pk, str(found[pk]), one.images) for pk, one in of_sets.items() if pk in found), key=_most))
    chosen = filters.questions if filters.questions in found else (sets[0][0] if sets else None)
    if chosen is None:
        return QuestionTable(None, (), (), 0)
    asked = rule_book(found[chosen]).rules
    failed = of_sets[chosen].failed
    rows = tuple(
        _question(rule.key, rule.topic, one, failed)
        for rule, one in zip(asked, sums.questions(filters, chosen, len(asked), parts), strict=True)
    )
    return QuestionTable(chosen, rows, sets, failed)


def by_method(filters: Filters) -> tuple[Line, ...]:
    """A line for each method, most images first."""
    return _method_lines(filters, sums.by(filters, "method"))


def by_type(filters: Filters) -> tuple[Line, ...]:
    """A line for each product type, most images first."""
    return _type_lines(filters, sums.by(filters, "type"))


def agreement(campaign: Campaign | None) -> tuple[AgreementLine, ...]:
    """As last computed: each question of a campaign, or the whole ratings of the campaigns computed last."""
    kept = CampaignFigures.objects.exclude(computed_at=None).select_related("campaign")
    if campaign is not None:
        return tuple(line for row in kept.filter(campaign=campaign) for line in _agreement_of(row))
    newest = kept.order_by("-computed_at")[:AGREEMENTS]
    return tuple(line for row in newest for line in _agreement_of(row) if line.key == WHOLE_RATING)


def words_of(filters: Filters, *, compared: bool = False) -> list[tuple[str, str]]:
    """What is chosen, in words: (what, which). `compared`: for a comparison, whose methods' best are told apart."""
    told = []
    if filters.campaign:
        found = Campaign.objects.filter(pk=filters.campaign).first()
        told.append(("campaign", found.name if found else f"#{filters.campaign}, which is not there"))
    if filters.type is not None:
        kind = ProductType.objects.filter(pk=filters.type).first()
        told.append(
            ("type", "none" if filters.type == UNTYPED else str(kind or f"#{filters.type}, which is not there"))
        )
    if filters.product:
        product = Product.objects.filter(pk=filters.product).first()
        told.append(("product", str(product or f"#{filters.product}, which is not there")))
    if filters.prompt:
        prompt = Name.objects.filter(kind=Name.Kind.PROMPT, digest__startswith=filters.prompt).first()
        told.append(("prompt", prompt.text if prompt else "one that is not there"))
    plain = {"method": filters.method, "from": filters.since, "to": filters.until,
             "ratings by": _voters(filters.voters), "source": filters.source}  # fmt: skip
    told += [(name, str(value)) for name, value in plain.items() if value]
    if filters.ranker:
        of = "each product and method" if compared else "each product"
        told.append(("only", f"the best {filters.top} of {of} by {picks.name_of(filters.ranker)}"))
    return told


def _voters(voters: str) -> str:
    label = Voters(voters).label if voters else ""
    return label[:1].lower() + label[1:]


def _method_lines(filters: Filters, found: Mapping[int, Whole]) -> tuple[Line, ...]:
    names = dict(Name.objects.filter(pk__in=found).values_list("pk", "text"))
    named = {
        key: (name, filters.but(method=name)) if (name := names.get(key)) else ("not named", None) for key in found
    }
    return _lines(found, named, filters)


def _type_lines(filters: Filters, found: Mapping[int, Whole]) -> tuple[Line, ...]:
    names = dict(ProductType.objects.filter(pk__in=found).values_list("pk", "name"))
    names[UNTYPED] = "without a type"
    return _lines(found, {key: (names.get(key, f"type {key}, gone"), filters.but(type=key)) for key in found}, filters)


def _progress(campaign: Campaign) -> Progress:
    """As the campaign's own page says it, from the raters' own counts."""
    members = CampaignRater.objects.filter(campaign=campaign)
    counts = members.aggregate(**{name: Sum(name, default=0) for name in monitoring.SUMMED})
    more = Task.objects.filter(campaign=campaign, extra__gt=0).count() if campaign.tie_break else 0
    return monitoring.progress_from(campaign, counts, more)


def _most(one: tuple[int, str, int]) -> tuple[int, int]:
    return -one[2], one[0]


def _per_product(found: Whole, least: int) -> Rate:
    return rates.per_product(found.with_least[least - 1], found.sums.products)


def _are_timed(filters: Filters) -> bool:
    """Whether a time is known of all ratings: not of imported ones, of which any of these may be one."""
    if filters.voters in (Voters.PEOPLE, Voters.SIMULATED):
        return True
    imported = Campaign.objects.filter(origin=Origin.IMPORT)
    return not (imported.filter(pk=filters.campaign) if filters.campaign else imported).exists()


def _cost(found: Whole, *, timed: bool) -> Cost:
    verdicts = found.sums.images + found.undecided
    hours = found.active_ms / 3_600_000
    return Cost(
        ratings=found.ratings,
        hours=hours,
        per_verdict=found.ratings / verdicts if verdicts else None,
        seconds=found.active_ms / 1000 / found.ratings if timed and found.ratings and found.active_ms else None,
    )


def _question(key: str, topic: str, one: OneQuestion, failed: int) -> QuestionFigures:
    answers = dict(zip(KINDS, one.answers, strict=True))
    total = sum(one.answers)
    shares = {kind: answers[kind] / total if total else None for kind in ("maybe", "no", "unclear")}
    return QuestionFigures(
        key=key,
        topic=topic,
        rate=rates.per_image(one.sums),
        answers=Answers(**shares, of=total),
        alone=one.alone / failed if failed else None,
        alone_images=one.alone,
    )


def _lines(
    found: Mapping[int, Whole], named: Mapping[int, tuple[str, Filters | None]], filters: Filters
) -> tuple[Line, ...]:
    lines = [
        Line(*named[key], rates.per_image(one.sums), _per_product(one, filters.least), one.undecided)
        for key, one in found.items()
    ]
    lines.sort(key=lambda line: (-line.per_image.of, line.name))
    return tuple(lines)


def _agreement_of(row: CampaignFigures) -> list[AgreementLine]:
    lines = quality.agreement_lines(row.campaign, row, quality.DEFAULT_STATISTIC)
    return [
        AgreementLine(row.campaign_id, row.campaign.name, line.key, line.topic, line.value, line.low, line.high,
                      line.images, line.why)
        for line in lines
    ]  # fmt: skip
