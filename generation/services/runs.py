"""Start runs: one product, or thousands at once. What cannot be made is refused in one sentence before any work."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from catalog.models import Product
from generation import fingerprints
from generation.checkpoints import loading
from generation.exceptions import NotPossible
from generation.fitting import misfits, within
from generation.model_sets import model_set
from generation.models import Batch, Candidate, Method, Run
from generation.models.runs import ENDED_STATES, RunState
from generation.recipe import Recipe
from generation.sampling import LARGEST_SEED
from generation.selectors.facts import bank, known_products
from generation.services import backgrounds, control, finishing, graph, methods, planning, states
from jobs import services

PLAN_KIND = "generation.plan"
MOST_TIERS = 5
MOST_CANDIDATES = 100_000


@dataclass(frozen=True)
class Wish:
    """How products are to be run. `candidates` is how many images each gets, None for what the method says."""

    method: Method
    model_set: str = ""
    seed: int = 0
    commercial: bool = False
    candidates: int | None = None


@dataclass(frozen=True)
class Started:
    """A batch that was begun, how many runs it has, and how many products had theirs already."""

    batch: Batch | None
    added: int
    there: int


def check(wish: Wish) -> str:
    """The name of the model set that the wish means.

    Raises LicenceRefused, CheckpointMissing, BadModelSet, BadRecipe or NotPossible, before anything is written.
    """
    if wish.method.retired:
        raise NotPossible(f"The method {wish.method} is retired; choose another, or a newer version of it.")
    if not 0 <= wish.seed <= LARGEST_SEED:
        raise NotPossible(f"The seed {wish.seed} is not between 0 and {LARGEST_SEED}.")
    if wish.candidates is not None and not 1 <= wish.candidates <= MOST_CANDIDATES:
        raise NotPossible(f"{wish.candidates} candidates are not between 1 and {MOST_CANDIDATES:,}.")
    chosen = model_set(wish.model_set)
    recipes = [within(recipe, chosen) for recipe in _recipes(wish.method)]
    for recipe in recipes:
        backgrounds.check(recipe)
    if reasons := [reason for recipe in recipes for reason in misfits(recipe, chosen)]:
        raise NotPossible(reasons[0])
    roles = tuple(dict.fromkeys(role for recipe in recipes for role in fingerprints.roles_of(recipe)))
    chosen.check_licences(wish.commercial, roles)
    for role in roles:
        loading.verify(chosen.entry(role))
    return wish.model_set or chosen.name


def start_run(
    product: Product,
    wish: Wish,
    *,
    asked_by: AbstractBaseUser | None = None,
    tell: Callable[[str], object] = lambda _sentence: None,
) -> Run:
    """The run of that product, method and seed, with what is to be made of it queued; asked again, the same run.

    One that failed, was cancelled or waited for a person goes on. One that is on its way makes no fewer images than
    were asked for before; what becomes of the two wishes is told. Raises what `check` does, and NotPossible for a
    product that cannot be run or a run with candidates that was made in another way; nothing is written then.
    """
    name, by = check(wish), asked_by.pk if asked_by else None
    known = known_products([product])[product.pk]
    lack = planning.lack_of(known, bank([known.type_id]), model_set(name), wish.method.parts)
    if lack is not None and lack.problem:
        raise NotPossible(lack.problem)
    with transaction.atomic():
        run, made = Run.objects.select_for_update().get_or_create(
            product=product,
            method=wish.method,
            seed=wish.seed,
            defaults={
                "model_set": name, "commercial": wish.commercial, "candidates_asked": wish.candidates,
                "asked_by_id": by,
            },
        )  # fmt: skip
        methods.freeze(wish.method)
        if not made:
            _take_up(run, wish, name, tell)
    if run.state in control.TO_RETRY:
        control.retry([run.pk])
    elif run.state != RunState.SUCCEEDED:
        finishing.advance([run.pk])
    run.refresh_from_db()
    return run


def start_batch(
    product_ids: Iterable[int], wish: Wish, *, title: str = "", asked_by: AbstractBaseUser | None = None
) -> Started:
    """Runs for all these products, planned by a job of their own; those that have such a run already are left alone.

    A product that lacks something has its run wait for a person, and the others go on. Raises what `check` does.
    """
    name, wanted, by = check(wish), sorted(set(product_ids)), asked_by.pk if asked_by else None
    if not wanted:
        raise NotPossible("No product was chosen.")
    there = _products_with_run(wish, wanted)
    new = [product_id for product_id in wanted if product_id not in there]
    if not new:
        return Started(None, 0, len(there))
    with transaction.atomic():
        batch = Batch.objects.create(
            method=wish.method, model_set=name, title=title[:200], seed=wish.seed, commercial=wish.commercial,
            asked_by_id=by,
        )  # fmt: skip
        methods.freeze(wish.method)
        runs = [
            Run(
                product_id=product_id, method=wish.method, seed=wish.seed, model_set=name, commercial=wish.commercial,
                candidates_asked=wish.candidates, batch=batch, asked_by_id=by,
            )
            for product_id in new
        ]  # fmt: skip
        Run.objects.bulk_create(runs, batch_size=graph.AT_ONCE, ignore_conflicts=True)
        states.recount(batch)
        services.submit(
            PLAN_KIND, {"batch": batch.pk}, key=f"plan-batch-{batch.pk}", subject=f"Plan of {batch.total} runs",
            asked_by=asked_by,
        )  # fmt: skip
    return Started(batch, batch.total, len(there))


def carry_on(product: Product) -> None:
    """Go on with the product's runs that waited for a person: something about it was told just now."""
    waiting = Run.objects.filter(product=product, state=RunState.NEEDS_PERSON)
    control.retry(list(waiting.values_list("pk", flat=True)))


def next_seed(product: Product, method: Method) -> int:
    """The lowest seed after all those that the product was run with by this method."""
    newest = Run.objects.filter(product=product, method=method).order_by("-seed").values_list("seed", flat=True).first()
    return 0 if newest is None else newest + 1


def _recipes(method: Method) -> list[Recipe]:
    """The recipes of the method and of all its further tiers."""
    recipes: list[Recipe] = []
    for _ in range(MOST_TIERS):
        recipe = method.parts
        recipes.append(recipe)
        following = Method.objects.filter(name=recipe.next_tier).order_by("-version").first()
        if not recipe.next_tier:
            return recipes
        if following is None:
            raise NotPossible(f"The method {method} names {recipe.next_tier!r} as its next tier, and there is none.")
        method = following
    raise NotPossible(f"The method {method} has more than {MOST_TIERS} tiers; they would never end.")


def _take_up(run: Run, wish: Wish, name: str, tell: Callable[[str], object]) -> None:
    """Give a run that was there what is asked for now; one with candidates cannot change."""
    usual = wish.method.parts.generate.candidates
    before, now = run.candidates_asked or usual, wish.candidates or usual
    asked: dict[str, Any] = {"model_set": name, "commercial": wish.commercial}
    # Several may wait for a run that has not ended, and nobody keeps who asked for how many.
    if now > before or (now < before and run.state in ENDED_STATES):
        asked["candidates_asked"] = wish.candidates
    changed = {field: value for field, value in asked.items() if getattr(run, field) != value}
    if changed.keys() - {"commercial"} and Candidate.objects.filter(run=run).exists():
        raise NotPossible(
            f"Run #{run.pk} of this product, method and seed has images made with the model set {run.model_set} and"
            f" {run.candidates_asked or 'the usual number of'} candidates; take another seed, such as"
            f" {next_seed(run.product, run.method)}."
        )
    if "candidates_asked" in changed:
        tell(f"Run #{run.pk} was asked for {before} images before, and makes {now} now.")
    elif now < before:
        tell(f"Run #{run.pk} was on its way already and makes the {before} images asked for before, not {now}.")
    if "model_set" in changed:
        tell(f"Run #{run.pk} was to use the model set {run.model_set}, and uses {name} now.")
    for field, value in changed.items():
        setattr(run, field, value)
    if changed:
        run.save(update_fields=list(changed))


def _products_with_run(wish: Wish, product_ids: list[int]) -> set[int]:
    found: set[int] = set()
    for ids in graph.portions(product_ids):
        runs = Run.objects.filter(method=wish.method, seed=wish.seed, product__in=ids)
        found |= set(runs.values_list("product_id", flat=True))
    return found
