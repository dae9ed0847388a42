"""The steps of a show, in their order: when each may begin, what its job does, how far it is, where to look at it.

A step's job is short or takes steps of its own, and done twice it does nothing. What it asks other rooms for goes on
after it; `progress` looks at the rows themselves, so that a killed demonstration goes on where it was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.urls import reverse

from generation.models import Method, Run
from generation.models.runs import RunState
from jobs.context import JobContext
from vitrine.demo import making
from vitrine.demo import outcomes as seen
from vitrine.demo.making import Made
from vitrine.demo.outcomes import Progress, campaign_of, judged, training_of
from vitrine.demo.own_runs import method_of
from vitrine.demo.shows import SWAPS, Show, made


@dataclass(frozen=True)
class Step:
    """`about` says what it is for; `links` are pages, as soon as there is something on them."""

    name: str
    title: str
    about: str
    ready: Callable[[Show], bool]
    work: Callable[[Show, JobContext], Made]
    progress: Callable[[Show], Progress]
    links: Callable[[Show], Sequence[tuple[str, str]]]


def steps_of(show: Show) -> tuple[Step, ...]:
    """The steps that this show has."""
    learned = (_LEARN,) if show.learned and not show.along else ()
    rest = (replace(_REST, about=_about_rest(show)),) if show.rest else ()
    if show.crowd:
        along = (_LEARN,) if show.along else ()
        return (_PHOTOS, _FIRST, _RATE, *along, *rest, _CROWD, _FIGURES, _TRAIN, _GATE, _COMPARE, *learned)
    return (_PHOTOS, _FIRST, _RATE, *rest, *((_MORE,) if rest else ()), _FIGURES, _COMPARE, *learned)


def _about_rest(show: Show) -> str:
    paired = len(show.of_method(SWAPS[1], show.rest))
    too = "by both methods" if paired == len(show.rest) else f"{paired} of them by the ablation too"
    return f"The other products, {too}."


def step_named(show: Show, name: str) -> Step:
    """Raises KeyError for a step that the show does not have."""
    return {step.name: step for step in steps_of(show)}[name]


def _batch_links(show: Show) -> list[tuple[str, str]]:
    newest = Method.objects.filter(name=SWAPS[0]).order_by("-version").first()
    made_by = reverse("generation:runs") + (f"?method={newest.pk}" if newest else "")
    there = seen.existing(show.products)
    first = reverse("catalog:product", args=there[:1]) if there else reverse("catalog:products")
    asking = Run.objects.filter(product__in=show.products, state=RunState.NEEDS_PERSON).exists()
    asks = [("Those that ask you", reverse("generation:runs") + f"?state={RunState.NEEDS_PERSON}")] if asking else []
    return [("Images of a product", first), ("All runs", made_by), *asks]


def _link(label: str, name: str, *args: Any, query: str = "") -> tuple[str, str]:
    return label, reverse(name, args=args) + query


def _rate_links(show: Show) -> list[tuple[str, str]]:
    campaign = campaign_of(show, "rate")
    if campaign is None:
        return []
    there = [_link("Rate", "raters:rate-list"), _link("The campaign", "raters:campaign", campaign.pk)]
    held = seen.withheld_in(campaign)
    return [*there, _link("Reports of images", "raters:campaign-reports", campaign.pk)] if held else there


def _crowd_links(show: Show) -> list[tuple[str, str]]:
    campaign = campaign_of(show, "crowd")
    return [_link("The simulated campaign", "raters:campaign", campaign.pk)] if campaign else []


def _figure_links(show: Show) -> list[tuple[str, str]]:
    campaign = judged(show)
    if campaign is None:
        return []
    return [
        _link("Pass rates", "review:overview", query=f"?campaign={campaign.pk}"),
        _link("Agreement of raters", "raters:quality", campaign.pk),
    ]


def _train_links(show: Show) -> list[tuple[str, str]]:
    row = training_of(show)
    if row is None:
        return []
    return [_link("The training", "ranking:training", row.pk)]


def _gate_links(show: Show) -> list[tuple[str, str]]:
    row = training_of(show)
    if row is None or row.ranker is None:
        return []
    there = seen.existing(show.products)
    first = _link("Picks of a product", "catalog:product", there[0]) if there else None
    return [_link("The ranker and its gate", "ranking:ranker", row.ranker.pk), *([first] if first else [])]


def _compare_links(show: Show) -> list[tuple[str, str]]:
    pk = made(show, "compare", "comparison")
    return [_link("The comparison", "review:comparison", pk)] if pk else []


def _always(_show: Show) -> bool:
    return True


def _learn_links(show: Show) -> list[tuple[str, str]]:
    there = set(Method.objects.filter(name__in=show.learns).values_list("name", flat=True))
    return [
        _link(f"Runs of {name}", "generation:runs", query=f"?method={method_of(show, name).pk}")
        for name in show.learns
        if name in there
    ]


def _first(show: Show) -> tuple[int, ...]:
    return show.first


def _rest(show: Show) -> tuple[int, ...]:
    return show.rest


def _over(step: Step) -> Callable[[Show], bool]:
    return lambda show: step.progress(show).over


def _there_is_something(show: Show) -> bool:
    return (_FIRST.progress(show).over and bool(seen.images(show, show.first))) or _all_made(show)


def _more_to_rate(show: Show) -> bool:
    return _all_made(show) and campaign_of(show, "rate") is not None


def _all_made(show: Show) -> bool:
    making_them = [_FIRST, *([_REST] if show.rest else [])]
    over = all(step.progress(show).over for step in making_them) and bool(seen.images(show))
    return over and (not show.along or _LEARN.progress(show).over or seen.learning_stopped(show))


def crowd_is_behind(show: Show) -> bool:
    """Whether a crowd has ended, and there is more to judge since: all that will come is there."""
    return show.crowd and seen.crowd_missed_some(show) and _all_made(show)


_PHOTOS = Step(
    "photos", "Photos", "A few photos of each product are all that a seller has.",
    _always, making.keep_photos, seen.photos_there, lambda _: [_link("Products", "catalog:products")],
)  # fmt: skip
_FIRST = Step(
    "first", "First images", "The first products are cut out and put into new scenes, by a method and by its ablation.",
    _over(_PHOTOS), partial(making.run_swaps, _first), partial(seen.runs_over, _first, SWAPS), _batch_links,
)  # fmt: skip
_RATE = Step(
    "rate", "Yours to rate", "A campaign of these images is open: as rater, answer eight questions an image.",
    _there_is_something, making.open_yours, seen.yours, _rate_links,
)  # fmt: skip
_REST = Step(
    "rest", "All images", "The other products.", _over(_FIRST),
    partial(making.run_swaps, _rest), partial(seen.runs_over, _rest, SWAPS), _batch_links,
)  # fmt: skip
_MORE = Step(
    "more", "More to rate", "The other products' images join your campaign.", _more_to_rate, making.add_more,
    lambda _: Progress(1, 1), _rate_links,
)  # fmt: skip
_CROWD = Step(
    "crowd", "Simulated crowd", "Made-up raters judge every image by what is known of its making, and by chance.",
    _all_made, making.ask_crowd, seen.crowd_over, _crowd_links,
)  # fmt: skip
_FIGURES = Step(
    "figures", "Verdicts and figures", "Who agrees with whom, and how many images and products pass.",
    lambda show: judged(show) is not None, making.ask_figures, seen.figures_there, _figure_links,
)  # fmt: skip
_TRAIN = Step(
    "train", "A ranker learns", "It learns from the verdicts which images pass, on products that it is not tested on.",
    lambda show: judged(show) is not None, making.train, seen.trained, _train_links,
)  # fmt: skip
_GATE = Step(
    "gate", "The gate", "It decides only if it surely beats the plain sum of three metrics; picks follow from it.",
    _over(_TRAIN), making.pass_gate, seen.gated, _gate_links,
)  # fmt: skip
_COMPARE = Step(
    "compare", "Comparison", "The methods, paired by product, with intervals that say how sure it is.",
    seen.counted, making.compare, seen.compared, _compare_links,
)  # fmt: skip


def _time_to_learn(show: Show) -> bool:
    """A small set begins with the first images there; a large one once all that needs nobody is done.

    People may take days, and training needs none of their verdicts.
    """
    if show.along:
        return _FIRST.progress(show).over
    return _COMPARE.progress(show).over if show.crowd else _all_made(show)


_LEARN = Step(
    "learn", "Methods that train", "DreamBooth with LoRA, and the paper's method, learn the first products.",
    _time_to_learn, making.learn, lambda show: seen.runs_over(_first, show.learns, show),
    _learn_links,
)  # fmt: skip
