"""What the job of each step does. Done twice, it does nothing: it begins what goes on by itself after it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from django.db import transaction

from catalog.models import Product
from generation.exceptions import BadModelSet, CheckpointMissing, NotPossible
from generation.services import runs
from generation.services.runs import Wish
from jobs.context import JobContext
from jobs.models import Step
from ranking.services import registry, training
from raters.choosing import Choice, Strata, chosen
from raters.models import Campaign
from raters.models.campaigns import CampaignState, Origin
from raters.services import campaigns, figures
from raters.services.tasks import add_candidates
from review import tasks as review_tasks
from review.filters import Filters
from review.models import Verdicts
from review.services import comparisons
from vitrine.demo import crowd, filling
from vitrine.demo.outcomes import (
    campaign_of,
    existing,
    figures_hold,
    images,
    judged,
    rated_in,
    real_ones_decide,
    training_of,
)
from vitrine.demo.own_runs import method_of, own_runs
from vitrine.demo.shows import STEP, SWAPS, Show, operator

SOON = 2  # products that are swapped before all others
YOURS = 48  # images that wait for the visitor, of the first products
FEWEST = 2  # products that two methods have in common, for a comparison of them
_GUIDELINES = """Compare the image with the product's photos, then answer the eight questions.

This is the demonstration: **one** rating an image decides, so that what you say counts at once. A study asks three.
"""
Made = dict[str, Any]


def keep_photos(show: Show, context: JobContext) -> Made:
    known = set(
        Product.objects.filter(pk__in=show.products, source=filling.SOURCE).values_list("external_id", flat=True)
    )
    shown = [sample for sample in filling.in_order() if sample.row.external_id in known]
    new = 0
    for number, sample in enumerate(shown, start=1):
        new += context.step(sample.row.external_id, partial(filling.add_photos_of, sample))
        context.progress(number, len(shown), sample.row.title)
        if number == SOON:  # another worker need not wait for the photos of all
            with suppress(BadModelSet, CheckpointMissing, NotPossible):  # the step of the first images tells of it
                _swap(show, show.products[:SOON])
    return {"photos": new}


def run_swaps(products: Callable[[Show], tuple[int, ...]], show: Show, _context: JobContext) -> Made:
    """Runs of these products by the swaps; those that are there are left alone.

    Of a batch all cut-outs come before the images: the first few products are one of their own, to be looked at soon.
    """
    asked = products(show)
    for some in (asked[:SOON], asked[SOON:]):
        _swap(show, some)
    return {}


def _swap(show: Show, products: Sequence[int]) -> None:
    for name in SWAPS:
        wish = Wish(method_of(show, name), model_set=show.model_set, candidates=show.images)
        if there := existing(show.of_method(name, products)):
            runs.start_batch(there, wish, title=f"Demonstration: {show.title}", asked_by=operator())


def learn(show: Show, _context: JobContext) -> Made:
    """Runs of the first products by the methods that train; one that has a run by any version is left alone."""
    for name in show.learns:
        wish = Wish(method_of(show, name), model_set=show.learned, candidates=show.images)
        begun = set(own_runs(show, (name,), show.first).values_list("product", flat=True))
        if there := [pk for pk in existing(show.first) if pk not in begun]:
            runs.start_batch(there, wish, title=f"Demonstration: {name}", asked_by=operator())
    return {}


def open_yours(show: Show, context: JobContext) -> Made:
    """A campaign of the first products' images, by all methods, for whoever is in front of the screen."""
    settings = {"raters_per_image": 1, "guidelines": _GUIDELINES}
    campaign = _campaign(context, f"Yours to rate: {show.title}", Origin.PERSON, settings)
    first = show.first if images(show, show.first) else show.products  # all of the first may ask a person
    own = own_runs(show, SWAPS, first).values_list("pk", flat=True)
    most = YOURS if show.crowd else None
    add_candidates(campaign, chosen(Choice(runs=tuple(own), sample=most, strata=Strata.METHOD)))
    if campaign.state == CampaignState.DRAFT:
        campaigns.open_campaign(campaign, by=operator())
    return {"campaign": campaign.pk}


def add_more(show: Show, _context: JobContext) -> Made:
    campaign = campaign_of(show, "rate")
    return {"images": add_candidates(campaign, images(show)) if campaign else 0}


def add_late(show: Show) -> int:
    """Images that came after all others, as of a product that asked a person: people are asked about them too.

    They join the campaign that people judge, while it is open; returns how many.
    """
    campaign = None if show.crowd else campaign_of(show, "rate")
    if campaign is None or campaign.state != CampaignState.OPEN or campaign.task_count >= len(images(show)):
        return 0
    with transaction.atomic():
        # Every process looks, whenever a job ends: one at a time, so that no image is added twice.
        Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        return add_candidates(campaign, images(show))


def ask_crowd(show: Show, context: JobContext) -> Made:
    """A campaign of everything, which made-up raters answer to its end, and which then is closed."""
    settings = {"raters_per_image": 3, "by_invitation": True}
    campaign = _campaign(context, f"Simulated crowd: {show.title}", Origin.SIMULATION, settings)
    _close_former(show, campaign)
    asked = context.step("asked", partial(images, show))
    if campaign.state == CampaignState.DRAFT:
        add_candidates(campaign, asked)
        campaigns.open_campaign(campaign, by=operator())
    if campaign.state == CampaignState.OPEN:
        crowd.rate(campaign, context.progress)
        campaigns.close(campaign, by=operator())
    return {"campaign": campaign.pk, "ratings": campaign.ratings.count(), "images": len(asked)}


def _close_former(show: Show, campaign: Campaign) -> None:
    """Close what a crowd of the show was asked before, and called off from since there is more to judge."""
    made_by = {"job__kind": STEP, "job__params__show": show.name, "job__params__step": "crowd"}
    ours = Step.objects.filter(name="campaign", **made_by).values_list("result", flat=True)
    for former in Campaign.objects.filter(pk__in=list(ours), state=CampaignState.OPEN).exclude(pk=campaign.pk):
        campaigns.close(former, by=operator())


def _campaign(context: JobContext, name: str, origin: Origin, settings: dict[str, Any]) -> Campaign:
    """The campaign that this step makes; begun again, the one that it made."""

    def make() -> int:
        return campaigns.make_campaign(name[:120], by=operator(), origin=origin, **settings).pk

    return Campaign.objects.get(pk=_once(context, "campaign", make))


def _once(context: JobContext, what: str, make: Callable[[], int]) -> int:
    """Make a row once for this job: it and the note of its number are written together, or neither is."""
    with transaction.atomic():
        return int(context.step(what, make))


def ask_figures(show: Show, _context: JobContext) -> Made:
    campaign = judged(show)
    if campaign is not None and not figures_hold(campaign):
        figures.ask(campaign, by=operator())
    review_tasks.submit_count()
    return {"images": rated_in(campaign) if campaign else 0}


def train(show: Show, context: JobContext) -> Made:
    campaign = judged(show)
    wish = training.Wish(
        campaigns=(campaign.pk,) if campaign else (), note="Learned from a simulated crowd, for the demonstration"
    )
    return {"training": _once(context, "training", lambda: training.ask(wish, by=operator()).pk)}


def pass_gate(show: Show, context: JobContext) -> Made:
    """Promote the ranker where its gate lets it through; a gate's no is an answer, and stands.

    Where people's verdicts or another's ranker are at stake, it is left to whoever decides there.
    """
    row = training_of(show)
    ranker = row.ranker if row else None
    if ranker is None or registry.why_not(ranker, registry.champion()):
        return {"promoted": False}
    if context.step("kept", real_ones_decide):
        return {"promoted": False}
    asked = _once(context, "promotion", lambda: registry.ask_for_promotion(ranker, by=operator()).pk)
    return {"promoted": True, "promotion": asked}


def compare(show: Show, context: JobContext) -> Made:
    campaign = judged(show)
    about = Filters(campaign=campaign.pk if campaign else None)
    names = _comparable(about, [str(method_of(show, name)) for name in show.judged])
    made_now = _once(context, "comparison", lambda: comparisons.ask(about, names, by=operator()).pk)
    return {"comparison": made_now}


def _comparable(about: Filters, names: list[str]) -> list[str]:
    """The swaps, and of the others those that share so many products with the first that a comparison takes them.

    One that shares too few has all of them refused.
    """
    swaps, drawn = names[: len(SWAPS)], names[len(SWAPS) :]
    first = _decided(about, names[0])
    return [*swaps, *(name for name in drawn if len(first & _decided(about, name)) >= FEWEST)]


def _decided(about: Filters, method: str) -> set[int]:
    """The items of which the method has images that pass or fail."""
    rows = about.but(method=method).rows().exclude(verdict=Verdicts.UNDECIDED)
    return set(rows.values_list("item", flat=True))
