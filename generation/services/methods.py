"""Make methods: those that come with Vitrine, and a person's own. One that a run has used is never changed again."""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction

from generation.exceptions import BadRecipe, NotPossible, Overtaken
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


def make_version(
    method: Method, recipe: Recipe, words: Mapping[str, str], *, by: AbstractBaseUser | None = None, seen: str = ""
) -> Method:
    """The next version of a method, with its title and description as `words`.

    `seen` is the `edition` that its maker began from; empty for whoever saw none.

    Raises NotPossible as `make_method` does, for the parameters of the newest version, and where the method got another
    version meanwhile.
    """
    _check_seen(method, seen)
    newest = newest_of(method.name)
    made = make_method(method.name, recipe, **words, by=by)
    if newest is not None and made.pk == newest.pk:
        raise NotPossible(f"{newest} has these very parameters: change one of them for a new version.")
    return made


@transaction.atomic
def change_method(method: Method, recipe: Recipe, *, title: str, description: str = "", seen: str = "") -> Method:
    """Change a method of a person that no run has used. `seen` is the `edition` that the change began from, if any.

    Raises NotPossible for any other method, which takes a new version, and for one that was changed meanwhile.
    """
    words = _words(title, description)
    check_tiers(method.name, recipe)
    free = Method.objects.select_for_update().filter(pk=method.pk, frozen=False, origin=Method.Origin.PERSON)
    current = free.first()
    if current is None:
        raise NotPossible(f"The method {method} is used by runs or came with Vitrine; save it as a new version.")
    _check_seen(current, seen)
    free.update(recipe=as_plain(recipe), **words)
    method.refresh_from_db()
    return method


def edition(method: Method) -> str:
    """What a method is now, in a few letters: another after each change of it, and after each version of its name."""
    newest = newest_of(method.name) or method
    told = json.dumps([method.recipe, method.title, method.description], sort_keys=True)
    return f"{newest.version}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"


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
        found = found.filter(version=int(version) if re.fullmatch("[0-9]{1,9}", version) else 0)
    method = found.first()
    if method is None:
        names = Method.objects.filter(retired=False).order_by("name").values_list("name", flat=True).distinct()
        there = f"there are: {', '.join(names)}" if names else "there is none yet. `manage.py methods load` brings some"
        raise NotPossible(f"There is no method {text!r}; {there}.")
    return method


def newest_of(name: str) -> Method | None:
    """The highest version of that name."""
    return Method.objects.filter(name=name).order_by("-version").first()


def _check_seen(method: Method, seen: str) -> None:
    """Raise Overtaken where a method, as it is now, is not what somebody saw who is about to save over it."""
    now = edition(method)
    if not seen or seen == now:
        return
    newest = now.partition("-")[0]
    if seen.partition("-")[0] != newest:
        raise Overtaken(
            f"Somebody made version {newest} of {method.name} since you opened this page: look at it in another window."
            " Saved once more, yours is kept beside it.",
            now,
        )
    raise Overtaken(
        f"Somebody changed {method} since you opened this page: look at it in another window. Saved once more, yours"
        " takes its place.",
        now,
    )


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
