"""What a show is made of: which products, which sets, and that one asked for twice is one."""

import io
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

import vitrine
from catalog.models import Photo, Product
from catalog.samples import render_product_photo
from generation.exceptions import BadModelSet
from generation.models import Method, PhotoCaption
from generation.selectors.photos import photo_state
from jobs.models import Job, State
from tests.factories.catalog import make_photo, make_product
from vitrine.demo import filling, shows
from vitrine.demo.shows import LEARNED, SMALL, SWAPS, Show
from vitrine.demo.steps import step_named, steps_of
from vitrine.management.commands.demo import pace_of

pytestmark = pytest.mark.django_db
SETTINGS = Path(vitrine.__file__).parent / "settings.py"


def own_products(count: int, source: str = "folders") -> None:
    for number in range(count):
        product = make_product(f"Product {number}", source=source)
        make_photo(product)
        Product.objects.filter(pk=product.pk).update(photo_count=1)


def test_the_samples_show_begins_with_what_shows_best() -> None:
    filling.add_samples()
    show = shows.samples()
    first = Product.objects.in_bulk(show.first)
    assert [first[pk].external_id for pk in show.first][:2] == ["mug-star", "vase-terracotta"]
    assert len(show.products) == len(set(show.products)) == 24
    assert (len(show.first), len(show.rest)) == (6, 18)
    assert show.crowd
    swapped = {name: len(show.of_method(name, show.products)) for name in (*SWAPS, *SMALL)}
    assert swapped == dict.fromkeys((*SWAPS, *SMALL), 24) | {SWAPS[1]: shows.PAIRED}
    assert show.of_method(SWAPS[1], show.rest) == show.products[6 : shows.PAIRED]


@pytest.mark.parametrize(
    ("wanted", "setting", "learned"),
    [
        pytest.param("", "", "mini", id="the small set learns them without a word"),
        pytest.param("mini", "", "mini", id="named, it is the same"),
        pytest.param("classical-mini", "", "", id="another set leaves it out"),
        pytest.param("", "classical", "", id="as the installation's does"),
        pytest.param("mini", "classical", "mini", id="what is named wins"),
    ],
)
def test_the_small_set_learns_the_samples_unless_another_is_named(
    wanted: str, setting: str, learned: str, settings: LazySettings
) -> None:
    settings.MODEL_SET = setting
    show = shows.samples(wanted=wanted)
    assert (show.learned, show.along) == (learned, SMALL if learned else ())
    assert show.judged == (*SWAPS, *show.along), "the paper's method too: its own weights have all that it needs"
    assert show.model_set == ("classical-mini" if wanted or not setting else setting)


def own(**wish: Any) -> Show | None:
    """The newest show of all own products; None where there is none."""
    found = shows.photos(list(Product.objects.filter(source="folders").values_list("pk", flat=True)), **wish)
    return found[-1] if found else None


def test_own_photos_are_not_given_to_a_crowd_unless_asked() -> None:
    own_products(2)
    show = own()
    assert show is not None
    assert not show.crowd
    assert [step.name for step in steps_of(show)] == ["photos", "first", "rate", "figures", "compare"]
    asked = own(crowd=True)
    assert asked is not None
    assert "crowd" in [step.name for step in steps_of(asked)]


def test_products_that_come_later_are_another_show() -> None:
    own_products(2)
    first = own()
    assert first is not None
    shows.begin(first)
    assert own() == first
    own_products(1)
    second = own()
    assert second is not None
    assert (second.name, len(second.products)) == ("photos-2", 1)
    assert not set(second.products) & set(first.products)


def test_products_without_photos_and_those_beyond_the_most_are_left_out() -> None:
    own_products(3)
    make_product("No photo", source="folders")
    assert len(own().products) == 3  # type: ignore[union-attr]
    assert len(own(most=2).products) == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("wanted", "swaps", "learned"),
    [("", "classical-mini", ""), ("classical", "classical", ""), ("mini", "classical-mini", "mini"),
     ("sdxl", "sdxl", "sdxl")],
)  # fmt: skip
def test_a_model_set_is_used_for_what_it_can(wanted: str, swaps: str, learned: str) -> None:
    own_products(1)
    show = own(wanted=wanted)
    assert show is not None
    assert (show.model_set, show.learned) == (swaps, learned)
    assert show.along == (), "without a crowd nobody waits for what trains"
    assert ("learn" in [step.name for step in steps_of(show)]) == bool(learned)


@pytest.fixture
def own_set(settings: LazySettings, tmp_path: Path) -> None:
    settings.MODEL_SETS_DIR = tmp_path
    (tmp_path / "ours.toml").write_text('extends = "mini"')


@pytest.mark.parametrize(
    ("chosen", "absent", "learns"),
    [
        pytest.param("mini", (), SMALL, id="the small set"),
        pytest.param("mini", ("views",), SMALL[:1], id="without weights for new views, and no fetch brings them"),
        pytest.param("sdxl", ("views",), LEARNED, id="those of a set that is fetched are asked for"),
        pytest.param("ours", (), LEARNED, id="a set of one's own"),
        pytest.param("ours", ("views",), ("dreambooth-lora", "ablation-no-novel-views"), id="and without the weights"),
    ],
)
def test_methods_that_need_what_is_not_there_are_left_out(
    chosen: str, absent: tuple[str, ...], learns: tuple[str, ...], own_set: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shows, "missing", lambda _entry: absent)
    show = shows.samples(wanted=chosen)
    assert (show.learned, show.learns) == (chosen, learns)


@pytest.mark.parametrize("wanted", ["classical", "classical-mini"])
def test_a_set_that_cannot_train_leaves_training_out(wanted: str) -> None:
    show = shows.samples(wanted=wanted)
    assert (show.model_set, show.learned, show.judged) == (wanted, "", SWAPS)
    assert "learn" not in steps(show)


def test_a_set_that_is_not_there_is_named() -> None:
    own_products(1)
    with pytest.raises(BadModelSet, match="no model set 'sd99'"):
        own(wanted="sd99")


def test_begun_twice_is_one_and_reads_back_as_it_was() -> None:
    own_products(2)
    show = own(images=3)
    assert show is not None
    assert shows.begin(show).pk == shows.begin(show).pk
    assert shows.shows() == [show]
    assert shows.show_named("photos-1") == show
    with pytest.raises(KeyError):
        shows.show_named("photos-7")


def test_taking_up_leaves_alone_what_is_not_this_shows() -> None:
    ours = {"kind": "demo.step", "params": {}, "queue": "cpu", "state": State.CANCELLED}
    for name in ("photos-1", "photos-10"):
        Job.objects.create(key=f"demo {name} first", finished_at=timezone.now(), **ours)  # type: ignore[arg-type]
    show = Show("photos-1", "Own", ())
    assert shows.take_up(show) == 1
    assert Job.objects.get(state=State.CANCELLED).key == "demo photos-10 first"


def test_a_folders_show_has_the_folders_products_and_an_unchanged_one_begins_nothing() -> None:
    own_products(5)
    ids = list(Product.objects.order_by("pk").values_list("pk", flat=True))
    older, folders = ids[:2], ids[2:]
    (show,) = shows.photos(folders, most=2)
    assert show.products == tuple(folders[:2])
    shows.begin(show)
    assert shows.photos(folders, most=2) == [show], "the third was there already"
    assert shows.photos(older)[0].name == "photos-2", "another folder"


def steps(show: Show) -> list[str]:
    return [step.name for step in steps_of(show)]


def test_a_show_that_has_begun_gains_the_steps_that_are_asked_for_later() -> None:
    own_products(1)
    (show,) = shows.photos(list(Product.objects.values_list("pk", flat=True)))
    shows.begin(show)
    assert not {"crowd", "learn"} & set(steps(shows.show_named("photos-1")))
    (more,) = shows.photos(show.products, crowd=True, wanted="mini")
    shows.begin(more)
    (now,) = shows.shows()
    assert {"crowd", "train", "learn"} <= set(steps(now))
    assert (now.products, now.model_set, now.learned) == (show.products, show.model_set, "mini")
    shows.begin(show)
    assert shows.shows() == [now], "what is not asked for again is not taken away"


def test_with_a_crowd_figures_are_made_anew_of_what_it_says() -> None:
    show = Show("photos-1", "Own", (), crowd=False)
    shows.begin(show)
    ended = {"queue": "cpu", "state": State.SUCCEEDED, "finished_at": timezone.now()}
    done = Job.objects.create(kind="demo.step", key=show.key("figures"), **ended)
    waiting = Job.objects.create(kind="demo.step", key=show.key("compare"), queue="cpu")
    photos = Job.objects.create(kind="demo.step", key=show.key("photos"), **ended)
    shows.begin(replace(show, crowd=True))
    found = {job.pk: (job.key, job.state) for job in Job.objects.filter(kind="demo.step")}
    assert found == {done.pk: (None, State.SUCCEEDED), waiting.pk: (None, State.CANCELLED),
                     photos.pk: (show.key("photos"), State.SUCCEEDED)}  # fmt: skip


def test_the_samples_learn_as_soon_as_a_set_that_trains_is_asked_for() -> None:
    filling.add_samples()
    shows.begin(shows.samples(images=2, wanted=shows.USUAL_SET))
    shows.begin(shows.samples(images=6))
    (now,) = shows.shows()
    assert (now.learned, now.images, steps(now)[3]) == ("mini", 2, "learn"), "before the crowd, which judges it"
    shows.begin(shows.samples(wanted=shows.USUAL_SET))
    assert shows.shows() == [now]


def test_a_larger_set_takes_the_small_ones_place() -> None:
    filling.add_samples()
    shows.begin(show := shows.samples(wanted="mini"))
    ended = {"kind": "demo.step", "queue": "cpu", "state": State.SUCCEEDED, "finished_at": timezone.now()}
    learned = Job.objects.create(key=show.key("learn"), **ended)
    swapped = Job.objects.create(key=show.key("first"), **ended)
    shows.begin(shows.samples(wanted="sdxl"))
    (now,) = shows.shows()
    assert (now.learned, now.learns, now.model_set, now.along) == ("sdxl", LEARNED, "classical-mini", ())
    assert steps(now)[-1] == "learn", "it takes hours, and nobody waits for it"
    assert [Job.objects.get(pk=job.pk).key for job in (learned, swapped)] == [None, show.key("first")]
    shows.begin(shows.samples())
    assert shows.shows() == [now]


def test_methods_at_their_full_length_are_waited_for_by_nobody_and_give_way_to_the_short_ones() -> None:
    """As a show is kept that began before there were methods cut to minutes."""
    filling.add_samples()
    long = replace(shows.samples(wanted="mini"), learns=("dreambooth-lora", "ablation-no-novel-views"))
    assert (long.along, long.judged, steps(long)[-1]) == ((), SWAPS, "learn")
    shows.begin(long)
    ended = {"kind": "demo.step", "queue": "cpu", "state": State.SUCCEEDED, "finished_at": timezone.now()}
    jobs = {name: Job.objects.create(key=long.key(name), **ended) for name in ("first", "crowd", "gate", "learn")}
    shows.begin(shows.samples(wanted=shows.USUAL_SET))
    assert shows.shows() == [long]
    shows.begin(shows.samples())
    (now,) = shows.shows()
    assert (now.learns, now.along) == (SMALL, SMALL)
    kept = {name for name, job in jobs.items() if Job.objects.get(pk=job.pk).key}
    assert kept == {"first"}, "what learns, and all that a crowd says, is done anew"


@pytest.fixture
def former() -> Show:
    """A demonstration of before there was anything to learn in it: its photos are kept, without captions."""
    filling.make_people("a word", renew=False)
    filling.add_samples()
    show = shows.samples(wanted=shows.USUAL_SET)
    shows.begin(show)
    for sample in filling.in_order()[:2]:
        product = Product.objects.get(external_id=sample.row.external_id)
        photo = make_photo(product)
        Photo.objects.filter(pk=photo.pk).update(original_name=sample.photos[0].name)
        Product.objects.filter(pk=product.pk).update(photo_count=1)
    ended = {"kind": "demo.step", "queue": "cpu", "state": State.SUCCEEDED, "finished_at": timezone.now()}
    Job.objects.create(key=show.key("photos"), **ended)
    return show


def test_photos_that_are_kept_get_their_captions_once_something_learns(former: Show) -> None:
    shows.begin(former)
    assert not PhotoCaption.objects.exists()
    for _ in range(2):
        shows.begin(shows.samples())
    captions = PhotoCaption.objects.order_by("photo__product").values_list("photo__original_name", "template")
    assert dict(captions) == {
        name: filling.captions()[name] for name in Photo.objects.values_list("original_name", flat=True)
    }
    assert len(captions) == 2


def test_captions_that_a_former_version_kept_in_the_operators_name_are_the_catalogues(former: Show) -> None:
    first, second = Photo.objects.order_by("product")
    for photo, template in ((first, filling.captions()[first.original_name]), (second, "my {product}")):
        PhotoCaption.objects.create(photo=photo, template=template, made_by=shows.operator())
    shows.begin(former)
    assert [photo_state(photo).caption_by for photo in (first, second)] == ["catalogue", "person"]


def test_what_is_told_of_a_former_catalogues_photos_stays(former: Show) -> None:
    for pk in (former.products[0], former.products[-1]):
        Product.objects.filter(pk=pk).update(title="Of another colour")
    filling.add_samples()
    now = Product.objects.in_bulk(former.products)
    titles = [now[pk].title == "Of another colour" for pk in (former.products[0], former.products[-1])]
    assert titles == [True, False], "one without photos is taken over"


@pytest.mark.parametrize(
    ("products", "crowd", "said"),
    [
        pytest.param(24, True, "6 of them by the ablation too", id="the samples"),
        pytest.param(13, True, "6 of them by the ablation too", id="one more than pairs"),
        pytest.param(8, True, "by both methods", id="few"),
        pytest.param(24, False, "by both methods", id="no crowd"),
    ],
)
def test_how_many_the_ablation_runs_on_is_said(products: int, crowd: bool, said: str) -> None:
    show = Show("photos-1", "Own", tuple(range(1, products + 1)), crowd=crowd)
    assert step_named(show, "rest").about == f"The other products, {said}."


# --- the command -----------------------------------------------------------------------------------------------------
@pytest.fixture
def shop(tmp_path: Path, settings: LazySettings) -> Path:
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    for name in ("red mug", "blue mug"):
        (tmp_path / "shop" / name).mkdir(parents=True)
        render_product_photo("mug", len(name), 96).save(tmp_path / "shop" / name / "front.jpg")
    return tmp_path / "shop"


def demo(shop: Path, **options: Any) -> None:
    call_command("demo", photos=str(shop), no_start=True, stdout=io.StringIO(), stderr=io.StringIO(), **options)


def test_photos_of_ones_own_begin_a_show_once(shop: Path) -> None:
    demo(shop)
    demo(shop)
    (show,) = shows.shows()
    titles = set(Product.objects.filter(pk__in=show.products).values_list("title", flat=True))
    assert titles == {"red mug", "blue mug"}
    assert not show.crowd
    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"model_set": "sd99"}, "There is no model set 'sd99'"),
        ({"model_set": "sdxl"}, "manage.py models fetch sdxl"),
        ({"images": 0}, "1 to 40 products with 1 to 100 images"),
        ({"products": 41}, "1 to 40 products with 1 to 100 images"),
    ],
)
def test_what_cannot_be_shown_is_refused_before_it_begins(shop: Path, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        demo(shop, **options)
    assert not Job.objects.exists()


def test_what_is_left_out_is_told(shop: Path, settings: LazySettings) -> None:
    settings.MODEL_SETS_DIR = shop.parent
    views = '[roles.video]\nfamily = "turntable"\npath = "none"\nlicence = "Vitrine"\ncommercial = true'
    (shop.parent / "ours.toml").write_text(f'extends = "mini"\n{views}')
    told = io.StringIO()
    call_command("demo", photos=str(shop), no_start=True, model_set="ours", stdout=told)
    assert "ours comes without weights for new views" in told.getvalue()
    (show,) = shows.shows()
    assert show.learns == ("dreambooth-lora", "ablation-no-novel-views")


def test_with_the_small_set_the_samples_are_shown_by_more_methods(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    call_command("demo", photos="", no_start=True, products=2, model_set="mini", stdout=io.StringIO())
    (show,) = shows.shows()
    assert set(show.judged) <= set(Method.objects.values_list("name", flat=True))
    assert all(Method.objects.get(name=name).title.endswith("drawn by mini at 64 px") for name in show.along)
    assert [step for step in steps(show) if step in ("learn", "crowd", "compare")] == ["learn", "crowd", "compare"]


@pytest.mark.parametrize(("wanted", "kept"), [("classical-mini", True), ("mini", False), ("", False)])
def test_a_set_that_comes_too_late_is_told(wanted: str, kept: bool, settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR, told = tmp_path, io.StringIO()
    for model_set in ("", wanted):
        call_command("demo", photos="", no_start=True, model_set=model_set, stdout=told)
    sentence = "MODEL_SET=classical-mini leaves nothing out: the demonstration keeps mini, which it has begun with."
    assert (sentence in told.getvalue(), "leaves nothing out" in told.getvalue()) == (kept, kept)


@pytest.mark.parametrize(
    ("learned", "pace"),
    [("", {"VITRINE_CPU_CONCURRENCY": "3", "VITRINE_AFFINITY_SECONDS": "0"}),
     ("mini", {"VITRINE_CPU_CONCURRENCY": "3", "VITRINE_AFFINITY_SECONDS": "0"}),
     ("sdxl", {"VITRINE_CPU_CONCURRENCY": "1"})],
)  # fmt: skip
def test_workers_keep_a_pace_that_fits_the_models(
    learned: str, pace: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert pace_of([Show("samples", "", ()), Show("photos-1", "", (), learned=learned)]) == pace
    assert set(pace) <= set(re.findall(r'"(VITRINE_\w+)"', SETTINGS.read_text()))


def test_products_of_the_same_layout_from_elsewhere_are_not_shown(shop: Path) -> None:
    make_photo(older := make_product("Chair", source="folder"))
    Product.objects.filter(pk=older.pk).update(photo_count=1)
    demo(shop)
    demo(shop)
    (show,) = shows.shows()
    assert (len(show.products), older.pk in show.products) == (2, False)


def test_a_crowd_that_is_asked_for_later_comes(shop: Path) -> None:
    demo(shop)
    demo(shop, crowd=True)
    (show,) = shows.shows()
    assert "crowd" in steps(show)


def test_only_the_data_on_demand(shop: Path) -> None:
    demo(shop, no_show=True)
    assert Product.objects.count() == 2
    assert shows.shows() == []
