"""A show at its smallest, and a worker in the test's own thread."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PIL import Image
from pytest_django import Settings

from catalog.services.prompts import load_bank
from generation.services.methods import load_shipped
from jobs import execution
from jobs.models import Queue
from vitrine.demo import advancing, filling, shows
from vitrine.demo.shows import Show

SIDE = 224  # pixels of a photo


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
        one._replace(photos=tuple(map(partial(_small, tmp_path), one.photos[:2]))) for one in filling.in_order()[:2]
    ]
    monkeypatch.setattr(filling, "samples", lambda: shown)


def _small(folder: Path, photo: Path) -> Path:
    small = folder / photo.name
    with Image.open(photo) as image:
        image.resize((SIDE, SIDE)).save(small, lossless=True)
    return small


@pytest.fixture
def begun(demo: Settings, few: None, transactional_db: None) -> Show:
    """A show of two products with two images each by both methods: begun, and nothing of it done."""
    filling.make_people("a word", renew=False)
    load_bank()
    load_shipped()
    filling.add_samples()
    show = shows.samples(images=2)
    shows.begin(show)
    return show


@pytest.fixture
def go_on(transactional_db: None) -> Callable[..., int]:
    """`go_on()` does what can be done, as workers and the scheduler would, `most` jobs at most; returns how many."""

    def run(most: int = 1_000) -> int:
        done = 0
        while done < most:
            if any(execution.run_next(queue, f"{queue}@test:1") for queue in Queue.values):
                done += 1
            elif not advancing.advance():
                break
        return done

    return run
