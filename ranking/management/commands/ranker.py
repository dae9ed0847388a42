"""`manage.py ranker`: train, evaluate, promote, roll back, explain and export rankers, here and now."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ranking.exceptions import Refused
from ranking.models import LabelSet, Ranker, Training
from ranking.services import registry, training
from ranking.services.training import LEARNERS, RULES, Wish

SHOWN = 15  # contributions


class Command(BaseCommand):
    """Work on rankers from the command line; nothing of it needs a worker."""

    help = "Train, evaluate, promote, roll back, explain or export a ranker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        train = actions.add_parser("train", help="train a ranker and register it as a candidate")
        train.add_argument("--learner", choices=list(LEARNERS), default="default")
        train.add_argument("--campaign", type=int, action="append", default=[], help="only this campaign; repeatable")
        train.add_argument("--rule", choices=list(RULES), default="campaign", help="which order of votes makes a label")
        train.add_argument("--source", choices=LabelSet.Source.values, default=LabelSet.Source.MAJORITY.value)
        train.add_argument("--seed", type=int, default=0)
        train.add_argument("--note", default="")
        evaluate = actions.add_parser("evaluate", help="hold a ranker against today's champion and labels")
        promote = actions.add_parser("promote", help="make a ranker champion, if the gate lets it through")
        promote.add_argument("--reason", default="", help="why, where it is to be promoted over the gate")
        explain = actions.add_parser("explain", help="why a ranker gives one image its probability")
        export = actions.add_parser("export", help="write a ranker's files into a folder")
        for one in (evaluate, promote, explain, export):
            one.add_argument("ranker", help="its number, or its name and version: heads-v3")
        explain.add_argument("candidate", type=int)
        export.add_argument("folder", type=Path)
        rollback = actions.add_parser("rollback", help="give back to whoever decided before the champion")
        rollback.add_argument("--reason", default="")
        actions.add_parser("list", help="all rankers, newest first")

    def handle(self, *_: Any, **options: Any) -> None:
        act: Callable[[dict[str, Any]], None] = getattr(self, f"_{options['action']}")
        try:
            act(options)
        except Refused as refusal:
            raise CommandError(str(refusal)) from None

    def _train(self, options: dict[str, Any]) -> None:
        from ranking.running import training as running  # noqa: PLC0415 - reaches numpy

        wish = Wish(
            learner=options["learner"],
            campaigns=tuple(options["campaign"]),
            rule=options["rule"],
            source=options["source"],
            seed=options["seed"],
            note=options["note"],
        )
        asked = training.note_begun(wish)
        try:
            made = running.run(asked, running.NoJob(self._say))
        except (Refused, KeyboardInterrupt) as reason:
            training.note_end(asked.pk, str(reason) or "It was interrupted.")
            raise
        for step in Training.objects.get(pk=asked.pk).told:
            self.stdout.write(f"{step['step']}: {step['said']}")
        self._show(Ranker.objects.get(pk=made["ranker"]))

    def _evaluate(self, options: dict[str, Any]) -> None:
        from ranking.running import evaluating  # noqa: PLC0415 - reaches numpy

        ranker = self._found(options["ranker"])
        evaluating.evaluate_again(ranker, self._say)
        self._show(ranker)

    def _promote(self, options: dict[str, Any]) -> None:
        from ranking.running import promoting  # noqa: PLC0415 - reaches numpy

        begun = registry.begin_promotion(self._found(options["ranker"]), reason=options["reason"])
        try:
            done = promoting.prepare_and_switch(begun, self._say)
        except (Refused, KeyboardInterrupt) as reason:
            registry.give_up(begun.pk, str(reason) or "It was interrupted.")
            raise
        self.stdout.write(f"{done.after} is champion now, in place of {done.before or registry.THE_SUM}.")

    def _rollback(self, options: dict[str, Any]) -> None:
        done = registry.rollback(reason=options["reason"])
        self.stdout.write(f"{done.after or registry.THE_SUM} decides again, in place of {done.before}.")

    def _explain(self, options: dict[str, Any]) -> None:
        from ranking.running import explaining  # noqa: PLC0415 - reaches numpy
        from ranking.selectors.picks import words_of  # noqa: PLC0415

        found = explaining.contributions(self._found(options["ranker"]), options["candidate"])
        logit = sum(one.contribution for one in found)
        *own, base = found
        for one in own[:SHOWN]:
            self.stdout.write(f"{one.contribution:+8.3f}  {words_of(one.feature)}")
        if own[SHOWN:]:
            rest = sum(one.contribution for one in own[SHOWN:])
            self.stdout.write(f"{rest:+8.3f}  {len(own) - SHOWN} others")
        self.stdout.write(f"{base.contribution:+8.3f}  to begin with")
        self.stdout.write(f"{logit:+8.3f}  together, the log-odds of passing")

    def _export(self, options: dict[str, Any]) -> None:
        from ranking.running import files  # noqa: PLC0415 - reaches numpy

        written = files.export(self._found(options["ranker"]), options["folder"])
        self.stdout.write(f"{len(written)} files are in {options['folder']}.")

    def _list(self, _: dict[str, Any]) -> None:
        for ranker in Ranker.objects.select_related("label_set"):
            self._show(ranker)
        if not Ranker.objects.exists():
            self.stdout.write("There is no ranker yet: the plain sum decides.")

    def _show(self, ranker: Ranker) -> None:
        gate = {True: "passed the gate", False: "did not pass the gate"}.get(ranker.gate.get("promote"), "no gate yet")
        self.stdout.write(
            f"#{ranker.pk} {ranker}, {ranker.state}: {ranker.learner}, {ranker.label_set.images} labels, {gate}."
        )
        for line in (ranker.figures.get("sentence", ""), *ranker.gate.get("reasons", [])):
            if line:
                self.stdout.write(f"  {line}")

    def _found(self, text: str) -> Ranker:
        name, _, version = text.rpartition("-v")
        rows = Ranker.objects.filter(pk=int(text)) if text.isdigit() else Ranker.objects.none()
        if name and version.isdigit():
            rows = Ranker.objects.filter(name=name, version=int(version))
        found = rows.first()
        if found is None:
            raise CommandError(f"There is no ranker {text!r}; `manage.py ranker list` shows those there are.")
        return found

    def _say(self, done: int, total: int | None, message: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"{message}{f' {done}/{total}' if total else ''}", ending="\r")
