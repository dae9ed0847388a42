"""A show at its smallest, and a worker in the test's own thread."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pytest_django import Settings

from catalog.models import Product
from generation.models import Method
from jobs import execution, services
from jobs.models import Job, Queue, State
from tests.factories.generation import make_candidate, make_run
from vitrine.demo import advancing, filling, shows
from vitrine.demo.shows import SWAPS, Show

SIDE = 224  # pixels of a photo
SLOW = ("raters.figures", "ranking.train")
OverBut = Callable[..., Show]


@pytest.fixture
def demo(settings: Settings, tmp_path: Path) -> Settings:
    """The demonstration is shown, and its data folder is the test's own."""
    settings.DEMO = True
    settings.DATA_DIR = tmp_path
    settings.BACKGROUNDS_DIR = tmp_path / "own"
    return settings


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A catalogue of two products with two photos each, small ones."""
    shown = [
        one._replace(photos=tuple(map(partial(small_photo, tmp_path), one.photos[:2])))
        for one in filling.in_order()[:2]
    ]
    monkeypatch.setattr(filling, "samples", lambda: shown)


def small_photo(folder: Path, photo: Path) -> Path:
    """A copy of a photo that is quick to read, under its own name."""
    small = folder / photo.name
    with Image.open(photo) as image:
        image.resize((SIDE, SIDE)).save(small, lossless=True)
    return small


@pytest.fixture
def begun(demo: Settings, few: None, transactional_db: None) -> Show:
    """A show of two products with two images each by both methods: begun, and nothing of it done."""
    filling.make_people("a word", renew=False)
    filling.add_methods()
    filling.add_samples()
    show = shows.samples(wanted=shows.USUAL_SET, images=2)
    shows.begin(show)
    return show


@pytest.fixture
def begun_as_usual(begun: Show, few_steps: None) -> Show:
    """The same as `make demo` begins it: the set that comes along learns both products, by real weights."""
    filling.add_methods()
    shows.begin(shows.samples())
    return shows.show_named(begun.name)


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both methods that learn with all of their stages, each in a step or two."""
    (tmp_path / "recipes").mkdir()
    for file in filling.RECIPES.glob("*.toml"):
        text = re.sub(r"^(steps|views|candidates|prompts) = \d+$", r"\1 = 2", file.read_text(), flags=re.M)
        text = re.sub(r"^(class_images|per_photo|per_view) = \d+$", r"\1 = 1", text, flags=re.M)
        (tmp_path / "recipes" / file.name).write_text(text)
    monkeypatch.setattr(filling, "RECIPES", tmp_path / "recipes")


@pytest.fixture
def go_on(transactional_db: None) -> Callable[..., int]:
    """`go_on()` does what can be done, as workers and the scheduler would, `most` jobs at most; returns how many.

    Jobs of the kinds in `without` are cancelled in place of being done.
    """

    def run(most: int = 1_000, without: tuple[str, ...] = ()) -> int:
        done = 0
        while done < most:
            services.cancel_many(Job.objects.filter(kind__in=without, state=State.QUEUED).values_list("pk", flat=True))
            if any(execution.run_next(queue, f"{queue}@test:1") for queue in Queue.values):
                done += 1
            elif not advancing.advance():
                break
        return done

    return run


@pytest.fixture
def over_but(begun: Show) -> OverBut:
    """`over_but(name="photos-1", crowd=False)` begins a show that differs so, with images that nobody drew."""

    def begin(**changes: Any) -> Show:
        for product in Product.objects.filter(pk__in=begun.products):
            for name in SWAPS:
                method = Method.objects.get(name=name)
                run = make_run(product, method=method, model_set=begun.model_set, state="succeeded")
                for seed in range(2):
                    make_candidate(run, seed=seed)
        show = replace(begun, **changes)
        if changes:
            Job.objects.all().delete()
            shows.begin(show)
        return show

    return begin


@pytest.fixture
def over(over_but: OverBut, go_on: Callable[..., int]) -> Show:
    """The same to its end, without agreement and a training, which take long."""
    show = over_but()
    go_on(without=SLOW)
    return show
