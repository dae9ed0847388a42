"""Make methods: those that come with Vitrine, and a person's own. One that a run has used is never changed again."""

import re
import tomllib
from pathlib import Path

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction

from generation.exceptions import BadRecipe, NotPossible
from generation.models import Method
from generation.recipe import Recipe, as_plain, recipe_from

SHIPPED = Path(__file__).resolve().parents[1] / "methods"
NAME = r"[a-z0-9][a-z0-9._-]{0,79}"


def load_shipped(folder: Path = SHIPPED) -> list[Method]:
    """See that every method that comes with Vitrine is there, as its file says; returns those made or changed.

    A changed file changes a method that no run has used, and else makes a new version. A person's stay as they are.
    """
    changed = []
    for path in sorted(folder.glob("*.toml")):
        title, description, recipe = read_file(path)
        method = _update(path.stem, recipe, {"title": title, "description": description})
        if method is not None:
            changed.append(method)
    return changed


def read_file(path: Path) -> tuple[str, str, Recipe]:
    """Title, description and recipe of a method's TOML file. Raises BadRecipe, naming the file."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRecipe([f"{path.name} is no valid TOML: {error}."]) from None
    title, description = values.pop("title", ""), values.pop("description", "")
    if not title:
        raise BadRecipe([f"{path.name} has no title."])
    try:
        return title, " ".join(description.split()), recipe_from(values)
    except BadRecipe as error:
        raise BadRecipe([f"{path.name}: {problem}" for problem in error.problems]) from None


def make_method(
    name: str, recipe: Recipe, *, title: str, description: str = "", by: AbstractBaseUser | None = None
) -> Method:
    """A person's method: the first of its name, or the next version of it. The same recipe again is no new version.

    Raises NotPossible for a name, a title or a next tier that will not do.
    """
    if not re.fullmatch(NAME, name):
        raise NotPossible(f"{name!r} will not do as a name: lower-case letters, digits, dots and dashes, 80 at most.")
    words = _words(title, description)
    check_tiers(name, recipe)
    newest = newest_of(name)
    if newest is not None and newest.recipe == as_plain(recipe):
        return newest
    version = newest.version + 1 if newest else 1
    try:
        with transaction.atomic():
            return Method.objects.create(
                name=name, version=version, recipe=as_plain(recipe), made_by_id=by.pk if by else None, **words
            )
    except IntegrityError:
        raise NotPossible(f"Somebody made version {version} of {name} in this moment; look at it first.") from None


def change_method(method: Method, recipe: Recipe, *, title: str, description: str = "") -> Method:
    """Change a method of a person that no run has used. Raises NotPossible for any other: that takes a new version."""
    words = _words(title, description)
    check_tiers(method.name, recipe)
    free = Method.objects.filter(pk=method.pk, frozen=False, origin=Method.Origin.PERSON)
    if not free.update(recipe=as_plain(recipe), **words):
        raise NotPossible(f"The method {method} is used by runs or came with Vitrine; save it as a new version.")
    method.refresh_from_db()
    return method


def freeze(method: Method) -> None:
    """A run uses it from now on: it is never changed again."""
    Method.objects.filter(pk=method.pk, frozen=False).update(frozen=True)
    method.frozen = True


def retire(method: Method, retired: bool = True) -> None:
    """Offer a method no longer for new runs, or again; runs that use it go on."""
    Method.objects.filter(pk=method.pk).update(retired=retired)
    method.retired = retired


def check_tiers(name: str, recipe: Recipe) -> None:
    """Raise NotPossible for a next tier that there is not, or that leads back: it would never end."""
    seen, tier = {name}, recipe.next_tier
    while tier:
        if tier in seen:
            raise NotPossible(f"The next tier {tier} leads back to where the run comes from; it would never end.")
        seen.add(tier)
        newest = newest_of(tier)
        if newest is None:
            raise NotPossible(f"There is no method {tier!r} to go on to as the next tier; make it first.")
        tier = str(newest.recipe.get("next_tier", ""))


def named(text: str) -> Method:
    """The method that "name" or "name v2" means, the newest without a version. Raises NotPossible."""
    name, _, version = text.strip().partition(" v")
    found = Method.objects.filter(name=name).order_by("-version")
    if version:
        found = found.filter(version=int(version) if version.isdigit() else 0)
    method = found.first()
    if method is None:
        names = Method.objects.filter(retired=False).order_by("name").values_list("name", flat=True).distinct()
        there = f"there are: {', '.join(names)}" if names else "there is none yet. `manage.py methods load` brings some"
        raise NotPossible(f"There is no method {text!r}; {there}.")
    return method


def newest_of(name: str) -> Method | None:
    """The highest version of that name."""
    return Method.objects.filter(name=name).order_by("-version").first()


def _words(title: str, description: str) -> dict[str, str]:
    if not title.strip():
        raise NotPossible("The method needs a title.")
    return {"title": title.strip()[:200], "description": description.strip()}


@transaction.atomic
def _update(name: str, recipe: Recipe, words: dict[str, str]) -> Method | None:
    plain, newest = as_plain(recipe), newest_of(name)
    # As recipes: a parameter that has come with an update has its default in what was kept before.
    if newest is not None and newest.parts == recipe:
        return None
    if newest is not None and not newest.frozen and newest.origin == Method.Origin.REPO:
        Method.objects.filter(pk=newest.pk).update(recipe=plain, **words)
        newest.refresh_from_db()
        return newest
    version = newest.version + 1 if newest else 1
    return Method.objects.create(name=name, version=version, recipe=plain, origin=Method.Origin.REPO, **words)
