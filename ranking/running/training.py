"""One training, step by step: labels, features, fit, figures, learning curve; each step is done once, whatever happens.

The same labels, features and seed give the same files, byte for byte.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, Protocol

import numpy as np
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from ranking.evaluation.bootstrap import Interval
from ranking.evaluation.curves import learning_curve
from ranking.learning.base import Ranker as Fitted
from ranking.learning.folds import sample_products
from ranking.learning.rankers import learner
from ranking.learning.table import Definition
from ranking.models import LabelSet, Ranker, RankerFile, Training
from ranking.running import defining, evaluating, files
from ranking.running import labels as labelling
from ranking.running.material import Contender, Material, gather, share_now
from ranking.running.refusing import refusals
from ranking.services import registry
from ranking.services.judges import campaigns_of
from ranking.services.training import Wish

CURVE_SIZES = (50, 100, 300, 1_000, 3_000)
CURVE_LEARNERS = ("sum",)  # beside the ranker's own
CURVE_WORDS = "ROC-AUC within products"
# Labels: a curve of more would cost as much as the training, and is drawn on so many of them by lot.
MOST_OF_CURVE, SOME_OF_CURVE = 5_000, 2_000


class Steps(Protocol):
    """What a training needs of its job."""

    def progress(self, done: int, total: int | None = None, message: str = "") -> None: ...

    def step(self, name: str, work: Callable[[], Any], save: Callable[[Any], None] | None = None) -> Any: ...


class NoJob:
    """Steps for the command line: nothing is remembered, and progress is told to a function."""

    def __init__(self, say: Callable[[int, int | None, str], None] = lambda *_: None) -> None:
        self._say = say

    def progress(self, done: int, total: int | None = None, message: str = "") -> None:
        self._say(done, total, message)

    def step(self, name: str, work: Callable[[], Any], save: Callable[[Any], None] | None = None) -> Any:  # noqa: ARG002 - a job remembers it
        result = work()
        if save is not None:
            with transaction.atomic():
                save(result)
        return result


def run(training: Training, steps: Steps) -> dict[str, Any]:
    """Train what a training wishes for and register it as a candidate. Raises NotEnoughLabels, BadWish, Damaged."""
    return _Run(training, steps).run()


class _Run:
    """One training at work."""

    def __init__(self, training: Training, steps: Steps) -> None:
        self.training, self.steps = training, steps
        self.wish = Wish.from_plain(training.wish)

    def run(self) -> dict[str, Any]:
        label_set = LabelSet.objects.get(pk=self._step("labels", self._labels)["label_set"])
        made = self._step("features", lambda: self._features(label_set))
        found = self._material(label_set, made)
        trained = self._step("fit", lambda: self._fit(found))
        told = self._step("figures", lambda: self._figures(found, trained))
        curve = self._step("learning curve", lambda: self._curve(found))
        self._step("registered", lambda: {"said": ""}, lambda _: self._keep(label_set, made, trained, told, curve))
        ranker = Ranker.objects.get(training=self.training)
        return {"ranker": ranker.pk, "promote": ranker.gate.get("promote")}

    def _step(self, name: str, work: Callable[[], dict[str, Any]], save: Callable[[Any], object] | None = None) -> Any:
        """A step whose result has `said`, a sentence for whoever watches."""
        began = time.monotonic()
        self.steps.progress(0, None, name)

        def keep(result: dict[str, Any]) -> None:
            if save is not None:
                save(result)
            if result["said"]:
                self._tell(name, result["said"], time.monotonic() - began)

        with refusals():
            return self.steps.step(f"training {name}", work, keep)

    def _tell(self, step: str, said: str, seconds: float) -> None:
        row = Training.objects.select_for_update(of=("self",)).get(pk=self.training.pk)
        row.told = [*row.told, {"step": step, "said": said, "seconds": round(seconds, 2)}]
        row.save(update_fields=["told"])

    def _progress(self, done: int, total: int, message: str) -> None:
        self.steps.progress(done, total, message)

    def _labels(self) -> dict[str, Any]:
        wish = labelling.LabelWish(self.wish.campaigns, self.wish.rule, self.wish.source)
        row = labelling.keep(labelling.collect(wish), wish, self.training.asked_by)
        said = f"{row.images} labels of {row.products} products, {row.pass_rate:.1%} passed."
        return {"label_set": row.pk, "said": said}

    def _features(self, label_set: LabelSet) -> dict[str, Any]:
        labels = labelling.rebuild(label_set)
        definition = defining.definition_now(np.unique(labels.products).tolist())
        share = share_now(label_set.products)
        found = gather(definition, labels, share, self._progress)
        frozen, seen = len(found.guard.products), len(np.unique(found.training[1].products))
        said = f"{len(definition.columns)} features; {frozen} products are frozen, {seen} are learned from."
        return {"features": definition.plain(), "share": share, "said": said}

    def _material(self, label_set: LabelSet, made: dict[str, Any]) -> Material:
        labels = labelling.rebuild(label_set)
        found = gather(Definition.from_plain(made["features"]), labels, made["share"], self._progress)
        return replace(found, campaigns=tuple(campaigns_of(label_set)))

    def _fit(self, found: Material) -> dict[str, Any]:
        table, labels = found.training
        fitted = found.guard.over(learner(self.wish.learner)).fit(table, labels, self.wish.seed, self._progress)
        stored = _store(fitted)
        figures = fitted.told["figures"]
        order = figures.get("within_auc_of_chosen")
        said = f"{fitted.name} on {len(labels)} labels"
        said += "." if order is None else f": out of fold, ROC-AUC within products {order:.3f}."
        notes = " ".join(fitted.told.get("notes", []))
        told = {"name": fitted.name, "versions": fitted.told["versions"], "files": stored}
        return {**told, "said": f"{said} {notes}".strip()}

    def _figures(self, found: Material, trained: dict[str, Any]) -> dict[str, Any]:
        own = Contender(files.from_stored(trained["files"]), found.training[1])
        others = evaluating.baselines(found, self.wish.seed, self._progress)
        told = evaluating.hold(self.wish.learner, own, others, registry.champion(), found)
        said = told.figures.get("sentence") or told.figures.get("no_gate", "")
        return {"figures": told.figures, "gate": told.gate, "said": said or "No figure can be told yet."}

    def _curve(self, found: Material) -> dict[str, Any]:
        """On what is learned from alone, or on whole products of it drawn with the seed; nothing for too few labels."""
        table, labels = found.training
        if len(labels) > MOST_OF_CURVE:
            labels = labels.take(sample_products(labels.products, SOME_OF_CURVE, self.wish.seed))
            table = table.take(np.isin(table.products, labels.products))
        points: list[dict[str, Any]] = []
        for name in dict.fromkeys((self.wish.learner, *CURVE_LEARNERS)):
            made = learning_curve(
                learner(name), table, labels, CURVE_SIZES, seed=self.wish.seed, progress=self._progress
            )
            points += [_point(name, point.labels, point.auc_within) for point in made if point.auc_within.value]
        said = f"A learning curve of {len({point['labels'] for point in points})} sizes." if points else ""
        return {"curve": points, "said": said}

    def _keep(
        self,
        label_set: LabelSet,
        made: dict[str, Any],
        trained: dict[str, Any],
        told: dict[str, Any],
        curve: dict[str, Any],
    ) -> Ranker:
        """Inside the step's transaction: the registry's row with its files, and the training's end."""
        # Two trainings of one learner that end together would take the same number: the sets of labels are a queue.
        LabelSet.objects.select_for_update(of=("self",), no_key=True).get(pk=LabelSet.objects.order_by("pk")[0].pk)
        newest = Ranker.objects.filter(name=self.wish.learner).aggregate(newest=Max("version"))["newest"] or 0
        ranker = Ranker.objects.create(
            name=self.wish.learner,
            version=newest + 1,
            learner=trained["name"],
            config=asdict(self.wish),
            seed=self.wish.seed,
            versions=trained["versions"] | defining.versions(),
            definition=Definition.from_plain(made["features"]).hash,
            features=made["features"],
            frozen_share=made["share"],
            label_set=label_set,
            digest=files.digest_of({one["name"]: one["sha256"] for one in trained["files"]}),
            figures={**told["figures"], "curve": curve["curve"], "curve_words": CURVE_WORDS},
            gate=told["gate"],
            note=self.wish.note,
            made_by=self.training.asked_by,
        )
        RankerFile.objects.bulk_create(RankerFile(ranker=ranker, **one) for one in trained["files"])
        Training.objects.filter(pk=self.training.pk).update(ranker=ranker, ended_at=timezone.now(), problem="")
        return ranker


def _store(fitted: Fitted) -> list[dict[str, Any]]:
    stored = []
    with files.saved(fitted) as folder:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                data = path.read_bytes()
                key, sha256 = files.put(data, path.suffix.lstrip(".") or "bin")
                name = path.relative_to(folder).as_posix()
                stored.append({"name": name, "key": key, "sha256": sha256, "bytes": len(data)})
    return stored


def _point(name: str, labels: int, figure: Interval) -> dict[str, Any]:
    return {"name": name, "labels": labels, "value": figure.value, "low": figure.low, "high": figure.high}
