"""`manage.py generation calibrate` over stored filter results."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from generation.models.results import StageState
from generation.recipe import FilterConfig, Recipe
from generation.records import FilterResult, Kind, Picture, TrainingImage, to_plain
from generation.selectors.judged import judged_images
from tests.factories.catalog import make_product, make_type
from tests.factories.generation import make_method, make_result

pytestmark = pytest.mark.django_db
PICTURE = Picture("generated/one", "one", 8, 8)


def image(kind: Kind, **scores: float) -> TrainingImage:
    return TrainingImage(kind, PICTURE, PICTURE, None, "text", scores, True)


def stored(*clip_i: float, **fields: Any) -> None:
    """A filter result of one photo, one context for each likeness, and a negative."""
    contexts = [image("new-context", clip_i=value, clip_t=0.25, seg_clip_i=0.9, iou=0.9) for value in clip_i]
    record = FilterResult((image("photo"), *contexts, image("in-class", clip_i=0.5)))
    make_result("filter", **{"state": StageState.SUCCEEDED, "result": to_plain(record)} | fields)


def calibrate(*arguments: str) -> str:
    out = io.StringIO()
    call_command("generation", "calibrate", *arguments, stdout=out)
    return out.getvalue()


def words(text: str, *begin: str) -> list[list[str]]:
    """The rows that begin with these words."""
    rows = [line.split() for line in text.splitlines()]
    return [row for row in rows if tuple(row[: len(begin)]) == begin]


def test_shows_spreads_effects_and_all_thresholds_together() -> None:
    stored(0.4, 0.6)
    stored(0.8, 1.0)
    told = calibrate()
    spread, *effects = words(told, "new-context", "clip_i")
    assert spread[2:4] == ["4", "0.700"]
    assert ["new-context", "clip_i", "0.500", "3", "4", "75%"] in effects
    assert ["new-context", "3", "4", "clip_i", "1"] in words(told, "new-context")
    assert ["in-class", "2", "2", "none"] in words(told, "in-class")
    assert "All thresholds of the defaults together" in told


def test_a_methods_own_thresholds_are_tried() -> None:
    stored(0.4, 0.6, 0.8)
    make_method("strict", Recipe(filter=FilterConfig(least_clip_i=0.7)))
    assert ["new-context", "1", "3", "clip_i", "2"] in words(calibrate("--method", "strict"), "new-context")


def test_a_share_to_keep_gives_its_thresholds() -> None:
    stored(0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    told = calibrate("--keep", "0.5").split("Thresholds that would keep 50%")[1]
    assert ["new-context", "clip_i", "0.500"] in words(told, "new-context", "clip_i")


def test_only_what_is_asked_for_is_looked_at() -> None:
    mug = make_product(type=make_type(name="mug"))
    stored(0.4, product=mug)
    stored(0.6, 0.8, model_set="other")
    stored(0.9, state=StageState.FAILED)
    assert len(list(judged_images())) == 7
    assert len(list(judged_images(type_name="mug"))) == 3
    assert len(list(judged_images(model_set="other"))) == 4
    assert len(list(judged_images(newest=1))) == 4
    assert words(calibrate("--type", "mug"), "new-context", "clip_i")[0][2] == "1"


def test_reading_takes_one_query(django_assert_num_queries: Any) -> None:
    for _ in range(3):
        stored(0.4)
    with django_assert_num_queries(1):
        assert len(list(judged_images())) == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((), "No stored filter result"), (("--type", "spoon"), "No stored filter result")],
    ids=["nothing stored", "nothing of that type"],
)
def test_nothing_to_show_is_said(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        calibrate(*arguments)


def test_a_method_that_has_no_filter_or_is_none() -> None:
    stored(0.4)
    make_method("bare", Recipe(filter=None, novel_views=None, new_contexts=None, negatives=None))
    for name, message in (("bare", "has no filter"), ("nobody", "nobody")):
        with pytest.raises(CommandError, match=message):
            calibrate("--method", name)


@pytest.mark.parametrize("share", ["0", "2", "many"])
def test_a_share_that_is_none(share: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        calibrate("--keep", share)
    assert f"'{share}' is not a share between 0 and 1" in capsys.readouterr().err
