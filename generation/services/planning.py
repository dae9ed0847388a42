"""Plan runs: what each is made from, whether it can be made at all, and the stages and jobs that make it.

Planning again is always allowed until a run has candidates: what has changed since, such as a person's mask, then gives
other fingerprints, and only what depends on it is made anew.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from generation import fingerprints, sampling
from generation.checkpoints.roles import Role
from generation.checkpoints.sets import ModelSet
from generation.exceptions import GenerationError, NotPossible
from generation.fingerprints import Material
from generation.fitting import within
from generation.model_sets import model_set
from generation.models import Method, Run, RunStage
from generation.models.runs import RunState
from generation.recipe import Recipe, SwapConfig
from generation.selectors.facts import Bank, Known, bank, known_products
from generation.services import backgrounds, candidates, graph, guessing, methods, states
from jobs import services

AT_ONCE = 50  # runs in one transaction
# A run that is done or called off is not planned again; one with candidates never changes.
_NOT_PLANNED = (RunState.SUCCEEDED, RunState.CANCELLED)


@dataclass(frozen=True)
class Lack:
    """What keeps a product from being run, as a sentence; `guess` when a model can find out what is missing."""

    problem: str = ""
    guess: bool = False


def lack_of(known: Known, prompts: Bank, models: ModelSet, recipe: Recipe | None = None) -> Lack | None:
    """What a product lacks for that model set and recipe, or for most recipes; None when it can be planned.

    With a set that has scenes of its own it needs no prompts, with one of few words a type among these.
    """
    if not known.photos:
        return Lack(f"The product {known.title!r} has no photos; add one.")
    if recipe is not None and recipe.generate.swap is not None:
        return None  # backgrounds bring their own words, and an unknown thing is placed by its proportions
    if known.type_id is None:
        if known.guessed:
            return Lack(f"Nobody has said what {known.title!r} is, and its photos do not tell: give it a type.")
        return Lack(guess=True)
    return _untold(known, prompts, models)


def _untold(known: Known, prompts: Bank, models: ModelSet) -> Lack | None:
    """What is lacking to say such a product to that set."""
    if not models.knows(known.noun):
        return Lack(
            f"The model set {models.name} does not know the type {known.noun}; it knows {', '.join(models.nouns)}."
            " Choose another set, or correct the product's type."
        )
    if not models.scenes and not prompts.of(known.type_id):
        return Lack(f"The prompt bank has no approved prompt for the type {known.noun}; approve some.")
    return None


def plan_runs(run_ids: Collection[int]) -> list[int]:
    """Plan these runs, or plan them anew, and queue what is to be made; returns those that are complete already.

    A product that lacks something leaves its run waiting for a person, or for a model that says what it is. A run whose
    models or method will not do any more has failed, and says why.
    """
    complete: list[int] = []
    ordered = sorted(run_ids)
    for start in range(0, len(ordered), AT_ONCE):
        some = ordered[start : start + AT_ONCE]
        try:
            complete += _plan_and_settle(some)
        except GenerationError:
            for run_id in some:
                complete += _plan_alone(run_id)
    return complete


def plan_tier(run: Run, method: Method) -> set[int]:
    """Inside a transaction that holds the run: begin its next tier with that method.

    Returns the runs to be settled after it: this one, whose stages may all be there already, and those of others whose
    stages are tried again with it.
    """
    methods.freeze(method)
    run.tier += 1
    run.save(update_fields=["tier"])
    known = known_products([run.product])[run.product_id]
    prompts = bank([known.type_id])
    if (lack := lack_of(known, prompts, model_set(run.model_set), method.parts)) is not None:
        raise NotPossible(lack.problem or "The product has lost its type meanwhile; give it one.")
    revived = graph.lay_out([Planner(prompts).layout(run, method, known)], asked_by=run.asked_by)
    _catch_up([run])
    if run.state != RunState.PAUSED:
        states.move(run, RunState.RUNNING)
    return {run.pk, *_runs_using(revived)}


def tier_named(name: str, run: Run) -> Method:
    """The newest method of that name. Raises NotPossible when there is none or the run went through it already."""
    method = Method.objects.filter(name=name).order_by("-version").first()
    if method is None:
        raise NotPossible(f"The method {run.method} names {name!r} as its next tier, and there is no such method.")
    if RunStage.objects.filter(run=run, method__name=name).exists():
        raise NotPossible(f"The method {run.method} comes back to {name!r} as its next tier; it would never end.")
    return method


def recipe_for(run: Run, method: Method) -> Recipe:
    """The method's recipe as the run's models allow it, with the number of candidates that was asked for."""
    recipe = within(method.parts, model_set(run.model_set))
    if run.candidates_asked is None:
        return recipe
    return replace(recipe, generate=replace(recipe.generate, candidates=run.candidates_asked))


class Planner:
    """Turns runs into stages with fingerprints; nothing is written. Model sets are read once for each."""

    def __init__(self, prompts: Bank) -> None:
        self._bank = prompts
        self._sets: dict[str, ModelSet] = {}
        self._identities: dict[tuple[str, bool, tuple[Role, ...]], dict[str, str]] = {}

    def layout(self, run: Run, method: Method, known: Known) -> graph.Layout:
        """The run's stages by that method, in its present tier."""
        recipe = recipe_for(run, method)
        checkpoints = self._checkpoints(run, fingerprints.roles_of(recipe))
        stages = fingerprints.plan(recipe, checkpoints, self._material(run, recipe, known))
        return graph.Layout(run, method, run.tier, known.title, stages)

    def _checkpoints(self, run: Run, roles: tuple[Role, ...]) -> dict[str, str]:
        asked = run.model_set, run.commercial, roles
        if asked not in self._identities:
            chosen = self.set_of(run)
            # Once more: a licence may have been corrected, or a next tier made anew, since the run was asked for.
            chosen.check_licences(run.commercial, roles)
            self._identities[asked] = chosen.identities(roles)
        return self._identities[asked]

    def set_of(self, run: Run) -> ModelSet:
        """The model set of a run."""
        if run.model_set not in self._sets:
            self._sets[run.model_set] = model_set(run.model_set)
        return self._sets[run.model_set]

    def _material(self, run: Run, recipe: Recipe, known: Known) -> Material:
        if recipe.generate.swap is not None:
            return self._swapped(run, recipe, recipe.generate.swap, known)
        models = self.set_of(run)
        draw, texts = sampling.Draw(known.name, run.seed, run.tier), models.scenes or self._bank.of(known.type_id)
        noun = models.noun_for(known.noun)
        contexts: tuple[str, ...] = ()
        if recipe.new_contexts is not None:
            most = sampling.contexts_wanted(recipe.new_contexts, recipe.novel_views, len(known.photos))
            contexts = sampling.contexts(texts, most, draw)
        return Material(
            replace(known.facts, noun=noun),
            run.seed,
            prompts=contexts,
            targets=sampling.targets(texts, recipe.generate, draw),
            other_nouns=sampling.other_nouns(models.known_nouns(self._bank.nouns), noun, draw),
        )

    def _swapped(self, run: Run, recipe: Recipe, config: SwapConfig, known: Known) -> Material:
        """What a background swap is made from: the backgrounds drawn for the product, with their words as prompts."""
        every = backgrounds.for_product(known.noun, config)
        targets = sampling.swap_targets(every, recipe.generate, sampling.Draw(known.name, run.seed, run.tier))
        wanted = {target.backdrop for target in targets}
        drawn = tuple(backgrounds.stored(one) for one in every if one.name in wanted)
        return Material(known.facts, run.seed, targets=targets, backdrops=drawn)


def _plan_and_settle(run_ids: list[int]) -> list[int]:
    with transaction.atomic():
        affected = _plan(states.locked_runs(run_ids))
    return states.settle({*run_ids, *affected})


def _plan_alone(run_id: int) -> list[int]:
    try:
        return _plan_and_settle([run_id])
    except GenerationError as error:
        with transaction.atomic():
            states.move_all(states.locked_runs([run_id]), RunState.FAILED, str(error))
        return []


def _plan(runs: Sequence[Run]) -> set[int]:
    """Inside a transaction that holds them; returns other runs whose results are tried again."""
    with_images = candidates.runs_with([run.pk for run in runs])
    wanted = [run for run in runs if run.state not in _NOT_PLANNED and run.tier == 0 and run.pk not in with_images]
    known = known_products(run.product for run in wanted)
    prompts = bank({each.type_id for each in known.values()})
    planner, layouts = Planner(prompts), defaultdict[int | None, list[graph.Layout]](list)
    for run in wanted:
        facts = known[run.product_id]
        lack = lack_of(facts, prompts, planner.set_of(run), run.method.parts)
        if lack is None:
            layouts[run.asked_by_id].append(planner.layout(run, run.method, facts))
        elif lack.guess:
            guessing.ask(run, facts)
        else:
            states.move(run, RunState.NEEDS_PERSON, lack.problem)
    revived: set[int] = set()
    for some in layouts.values():
        revived |= graph.lay_out(some, asked_by=some[0].run.asked_by)
    _catch_up([layout.run for some in layouts.values() for layout in some])
    return _runs_using(revived)


def _runs_using(result_ids: Collection[int]) -> set[int]:
    return set(RunStage.objects.filter(result__in=result_ids).values_list("run_id", flat=True))


def _catch_up(runs: Sequence[Run]) -> None:
    """What other runs have made already becomes these runs' too; the jobs of paused ones wait, and only these."""
    candidates.take_over([run.pk for run in runs])
    paused = [run.pk for run in runs if run.state == RunState.PAUSED]
    services.release(graph.held_jobs([run.pk for run in runs if run.state != RunState.PAUSED]))
    if paused:
        services.hold(graph.own_jobs(paused))
