"""What pages and the API say of a campaign's agreement and raters: read from what is kept, never computed here."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404

from raters.models import Campaign, CampaignFigures, CampaignRater, Exclusion, Question, RaterFigures
from raters.services.figures import changed_since
from raters.statistics.words import STATISTICS
from vitrine.paging import Page, keyset_page

RATERS_PER_PAGE = 50
DEFAULT_STATISTIC = "alpha_ordinal"
STAND_INS = {"alpha_ordinal": "alpha_nominal", "ac2": "ac1"}
# The plot's box, and the values at its edges.
WIDTH, LEFT, RIGHT = 240.0, 6.0, 234.0
LOWEST, HIGHEST = -0.2, 1.0


@dataclass(frozen=True)
class Plot:
    """A value with its interval, and the marks 0 and 1, as places in a box WIDTH wide."""

    x: float
    low: float | None
    high: float | None
    zero: float
    one: float


@dataclass(frozen=True)
class Line:
    """One question in the table of agreement; `topic` of the last line is the whole rating."""

    key: str
    topic: str
    images: int
    value: float | None
    low: float | None
    high: float | None
    why: str
    plot: Plot | None
    all: list[dict[str, Any]]  # every statistic, with its title


@dataclass(frozen=True)
class RaterLine:
    """One rater's figures with their place in the campaign."""

    row: RaterFigures
    member: CampaignRater | None
    excluded: Exclusion | None


def figures_of(campaign: Campaign) -> CampaignFigures | None:
    return CampaignFigures.objects.filter(campaign=campaign).first()


def agreement_lines(campaign: Campaign, figures: CampaignFigures, statistic: str) -> list[Line]:
    """A line for each question, and last the whole rating, with this statistic drawn."""
    asked = list(Question.objects.filter(question_set=campaign.question_set_id))
    topics = {one.key: one.topic for one in asked}
    scales = {one.key: one.answers for one in asked}
    found = []
    for one in figures.agreement:
        key = one["question"]
        by_name = {figure["statistic"]: figure for figure in one["figures"]}
        chosen = by_name.get(statistic, by_name["percent"])
        if chosen["value"] is None and len(scales.get(key, ())) < 3:
            # Two answers have no order to speak of: the nominal figure stands in.
            chosen = by_name[STAND_INS.get(statistic, statistic)]
        found.append(
            Line(
                key=key,
                topic=(topics.get(key) or key) if key else "Whole image: accepted or not",
                images=one["images"],
                value=chosen["value"],
                low=chosen["low"],
                high=chosen["high"],
                why=chosen["why"],
                plot=_plot(chosen),
                all=[{"title": STATISTICS[name].title, **figure} for name, figure in by_name.items()],
            )
        )
    return found


def rater_page(campaign: Campaign, *, after: int | None = None, before: int | None = None) -> Page[RaterFigures]:
    rows = RaterFigures.objects.filter(campaign=campaign).select_related("rater__user")
    return keyset_page(rows, after=after, before=before, size=RATERS_PER_PAGE, ascending=True)


def rater_lines(campaign: Campaign, page: Page[RaterFigures]) -> list[RaterLine]:
    """The rows of a page with their members and standing exclusions: two queries, whatever the page holds."""
    raters = [row.rater_id for row in page.items]
    members = {row.rater_id: row for row in CampaignRater.objects.filter(campaign=campaign, rater__in=raters)}
    standing = {row.rater_id: row for row in exclusions(campaign).filter(rater__in=raters, lifted_at=None)}
    return [RaterLine(row, members.get(row.rater_id), standing.get(row.rater_id)) for row in page.items]


def rater_line_or_404(campaign: Campaign, rater: int) -> RaterLine:
    row = RaterFigures.objects.filter(campaign=campaign, rater=rater).select_related("rater__user").first()
    if row is None:
        raise Http404(f"There are no figures of rater {rater} in this campaign.")
    return rater_lines(campaign, Page([row], None, None))[0]


def exclusions(campaign: Campaign) -> Any:
    return Exclusion.objects.filter(campaign=campaign).select_related("rater__user", "by", "lifted_by")


def is_old(figures: CampaignFigures) -> bool:
    """Whether what they are computed from has changed since (`services.figures.changed_since`)."""
    return CampaignFigures.objects.filter(changed_since(), pk=figures.pk).exists()


def _plot(figure: dict[str, Any]) -> Plot | None:
    if figure["value"] is None:
        return None
    low, high = (None if figure[name] is None else _place(figure[name]) for name in ("low", "high"))
    return Plot(_place(figure["value"]), low, high, _place(0.0), _place(1.0))


def _place(value: float) -> float:
    inside = min(max(value, LOWEST), HIGHEST)
    return round(LEFT + (inside - LOWEST) / (HIGHEST - LOWEST) * (RIGHT - LEFT), 1)
