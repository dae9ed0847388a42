"""`manage.py methods …`: list methods, compare two, load those that come with Vitrine, and tell what each has cost."""

import argparse
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from generation.exceptions import GenerationError
from generation.models import Method
from generation.recipe import differences
from generation.recipe_text import as_toml
from generation.selectors.costs import Share, bill_of_method, per_accepted
from generation.services import methods


class Command(BaseCommand):
    """`list`, `show`, `diff`, `load` for what is shipped, `add` for a file of one's own, `cost`."""

    help = "List, show, compare, load or add methods, and tell what they have cost."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, parser_class=argparse.ArgumentParser)
        verbs.add_parser("list", help="every version of every method")
        verbs.add_parser("show", help="one method as TOML").add_argument("method", help='a name, or "name v2"')
        comparing = verbs.add_parser("diff", help="where two methods differ")
        comparing.add_argument("one")
        comparing.add_argument("other")
        verbs.add_parser("cost", help="what each method's runs have cost, by candidate and by accepted image")
        verbs.add_parser("load", help="the methods that come with Vitrine; again, after an upgrade, what has changed")
        adding = verbs.add_parser("add", help="a method of a TOML file, or its next version")
        adding.add_argument("file", type=Path)
        adding.add_argument("--name", help="the file's name without it")

    def handle(self, *_: Any, verb: str, **options: Any) -> None:
        try:
            getattr(self, f"_{verb}")(options)
        except GenerationError as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from None

    def _list(self, _options: dict[str, Any]) -> None:
        for method in Method.objects.order_by("name", "version"):
            marks = [word for word, on in (("in use", method.frozen), ("retired", method.retired)) if on]
            self.stdout.write(f"{method!s:32} {', '.join(marks):16} {method.title}")

    def _show(self, options: dict[str, Any]) -> None:
        self.stdout.write(as_toml(methods.named(options["method"]).parts), ending="")

    def _diff(self, options: dict[str, Any]) -> None:
        one, other = methods.named(options["one"]), methods.named(options["other"])
        for path, left, right in differences(one.parts, other.parts):
            self.stdout.write(f"{path}: {left} → {right}")

    def _cost(self, _options: dict[str, Any]) -> None:
        """A row for each method that has cost something; three columns for each kind of image: how many, s, money."""
        kinds = "".join(f"{kind:>10}{'s':>9}{settings.CURRENCY:>9}" for kind in ("images", "picked", "accepted"))
        self.stdout.write(f"{'method':32}{'s':>10}{'GPU s':>10}{settings.CURRENCY:>9}{kinds}")
        for method in Method.objects.order_by("name", "version"):
            bill = bill_of_method(method.pk)
            if bill.stages:
                total, judged = bill.total, per_accepted(method.pk)
                shares = [bill.per_candidate, bill.per_picked, judged.cost if judged else None]
                told = f"{total.seconds:>10.0f}{total.gpu_seconds:>10.0f}{total.money:>9.2f}"
                self.stdout.write(f"{method!s:32}{told}{''.join(map(_share, shares))}")

    def _load(self, _options: dict[str, Any]) -> None:
        changed = methods.load_shipped()
        for method in changed:
            self.stdout.write(f"{method}: {method.title}")
        if not changed:
            self.stdout.write("All methods that come with Vitrine are there.")

    def _add(self, options: dict[str, Any]) -> None:
        title, description, recipe = methods.read_file(options["file"])
        name = options["name"] or options["file"].stem
        self.stdout.write(f"{methods.make_method(name, recipe, title=title, description=description)}")


def _share(share: Share | None) -> str:
    """How many images of a kind, and what each has cost; dashes where nobody knows, or there are none to share by."""
    if share is None:
        return f"{'-':>10}{'-':>9}{'-':>9}"
    if share.seconds is None or share.money is None:
        return f"{0:>10}{'-':>9}{'-':>9}"
    return f"{share.number:>10}{share.seconds:>9.1f}{share.money:>9.4f}"
