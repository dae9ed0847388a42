"""Methods for pages and API: the list, one with its other versions, and how two differ."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.shortcuts import get_object_or_404

from generation.checkpoints.sets import ROLES
from generation.fingerprints import Material, plan
from generation.models import Method
from generation.pipeline import BY_NAME, stages_of
from generation.recipe import Recipe, differences
from generation.recipe_fields import OPTIONS, Section, sections
from generation.records import ProductFacts

MOST = 500  # methods are written by people
PAPER = "paper-2503.08729"
_CAN_BE_OFF = {section.path for section in sections() if section.optional} | {f"finetune.{name}" for name in OPTIONS}


def methods(*, with_retired: bool = True) -> list[Method]:
    """Every method in the order in which they are offered, the newest version first, with `run_count`; one query."""
    rows = Method.objects.select_related("made_by").annotate(run_count=Count("runs"))
    found = (rows if with_retired else rows.filter(retired=False)).order_by("name", "-version")[:MOST]
    return sorted(found, key=_place)


def offered() -> list[Method]:
    """The newest version of each method that may be used for new runs; ablations come last."""
    newest: dict[str, Method] = {}
    for method in Method.objects.filter(retired=False).order_by("name", "-version")[:MOST]:
        newest.setdefault(method.name, method)
    return sorted(newest.values(), key=_place)


def _place(method: Method) -> tuple[bool, bool, str]:
    """The paper's own is what most people come for, ablations what the fewest do."""
    return method.name != PAPER, method.name.startswith("ablation"), method.name


def method_or_404(pk: int) -> Method:
    return get_object_or_404(Method.objects.select_related("made_by").annotate(run_count=Count("runs")), pk=pk)


def versions_of(method: Method) -> list[Method]:
    return list(Method.objects.filter(name=method.name).order_by("-version")[:MOST])


def neighbour_of(method: Method) -> Method | None:
    """What a method is first compared with: its version before, else the paper's method."""
    before = Method.objects.filter(name=method.name, version__lt=method.version).order_by("-version").first()
    if before or method.name == PAPER:
        return before
    return Method.objects.filter(name=PAPER).order_by("-version").first()


@dataclass(frozen=True)
class Difference:
    """A parameter in which two methods differ; None stands where one of them has not got it at all."""

    path: str
    label: str
    own: Any
    other: Any


def compare(method: Method, other: Method) -> list[Difference]:
    """Where two methods differ, in the order of the stages. Raises BadRecipe for one that cannot be read."""
    labels, one, two = _labels(), method.parts, other.parts
    found = {path: (own, theirs) for path, own, theirs in differences(one, two) if path not in _CAN_BE_OFF}
    switched = {path: (_value(one, path) is not None, _value(two, path) is not None) for path in _CAN_BE_OFF}
    off = [path for path, both in switched.items() if both[0] != both[1]]
    # All parameters are missing of what is off; that it is off says it.
    shown = {path: both for path, both in found.items() if not any(path.startswith(f"{name}.") for name in off)}
    shown |= {path: switched[path] for path in off if not any(path.startswith(f"{name}.") for name in off)}
    return [Difference(path, label, *shown[path]) for path, label in labels.items() if path in shown]


@dataclass(frozen=True)
class Reuse:
    """What a product that ran through the other method still needs for this one: stages by title."""

    shared: list[str]
    made_anew: list[str]


def reuse(method: Method, other: Method) -> Reuse:
    """Which stages' results two methods share for the same product, seed and models. Raises BadRecipe."""
    own, theirs = _fingerprints(method.parts), _fingerprints(other.parts)
    shared = [BY_NAME[name].title for name, print_ in own.items() if theirs.get(name) == print_]
    return Reuse(shared, [BY_NAME[name].title for name in own if BY_NAME[name].title not in shared])


def _fingerprints(recipe: Recipe) -> dict[str, str]:
    """By stage: equal where the results of any one product would be."""
    anything = Material(ProductFacts("", "", ()), 0)
    return {one.stage.name: one.fingerprint for one in plan(recipe, dict.fromkeys(ROLES, ""), anything)}


@dataclass(frozen=True)
class StagePart:
    """A stage as a method's page tells it; `values` are name, value and meaning of each parameter."""

    name: str
    title: str
    help: str
    on: bool
    values: list[tuple[str, Any, str]]


def stage_parts(method: Method) -> list[StagePart]:
    """The stages of a method with every parameter of what is on. Raises BadRecipe."""
    recipe = method.parts
    on = {stage.name for stage in stages_of(recipe)}
    return [
        StagePart(one.path, one.title, one.help, one.path in on, _told(recipe, one) if one.path in on else [])
        for one in sections()
    ]


def _told(recipe: Recipe, section: Section, before: str = "") -> list[tuple[str, Any, str]]:
    found = []
    for one in section.parameters:
        label = f"{before}, {one.label.lower()}" if before else one.label
        found.append((label, _value(recipe, one.path), one.help))
    for part in section.parts:
        is_on = _value(recipe, part.path) is not None
        found.append((part.title, is_on, part.help))
        found += _told(recipe, part, part.title) if is_on else []
    return found


def _value(recipe: Any, path: str) -> Any:
    value = recipe
    for name in path.split("."):
        value = getattr(value, name, None)
    return value


def _labels() -> dict[str, str]:
    """By path what each parameter and each part that can be off is called, in the order of the stages."""
    labels: dict[str, str] = {}
    for section in sections():
        labels[section.path] = section.title
        labels |= {one.path: f"{section.title}: {one.label}" for one in section.parameters}
        for part in section.parts:
            labels[part.path] = f"{section.title}: {part.title}"
            labels |= {one.path: f"{labels[part.path]}, {one.label.lower()}" for one in part.parameters}
    return labels | {"next_tier": "Next tier"}
