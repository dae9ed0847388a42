"""ABO: keys, languages, types, photos through images.csv, item folders; its traps one by one, and the real sample."""

from pathlib import Path
from typing import Any

import pytest

from catalog.exceptions import ImportUnreadable
from catalog.importing.abo_text import attributes_of, preferred
from catalog.models import Photo, Product
from tests.factories.catalog import image_bytes
from tests.factories.imports import gzipped, listing, listing_lines, make_files, reasons, run_import

pytestmark = pytest.mark.django_db
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SAMPLE, DREAMBOOTH = DATA / "abo_products", DATA / "dreambooth_products"


def told(**texts: str) -> list[dict[str, str]]:
    return [{"language_tag": tag, "value": text} for tag, text in texts.items()]


@pytest.mark.parametrize(
    ("values", "best"),
    [
        (told(zh_CN="椅子", en_IN="chair in", en_US="chair"), "chair"),
        (told(zh_CN="椅子", en_AE="chair ae", en_GB="chair gb"), "chair ae"),
        (told(es_MX="silla"), "silla"),
        ([{"value": "AMG10528516-10"}], "AMG10528516-10"),
        ([{"language_tag": "en_US", "value": "  "}, *told(de_DE="Stuhl")], "Stuhl"),
        ([{"language_tag": "en_US", "value": None}, "odd", {"value": 7}], "7"),
        (None, ""),
        ({"value": "x"}, ""),
    ],
)
def test_the_best_language_wins_wherever_it_stands(values: Any, best: str) -> None:
    assert preferred(values) == best


def test_attributes_keep_one_language_and_survive_missing_fields() -> None:
    side = {"value": 2.99, "unit": "inches", "normalized_value": {"value": 2.99, "unit": "inches"}}
    whole = listing("x", bullet_point=[*told(de_DE="leicht"), *told(en_US="light"), *told(en_US="soft")])
    whole |= {"item_dimensions": {"height": side, "length": side, "width": side}, "node": [{"node_name": "/A/B"}]}
    kept = attributes_of(whole)
    assert kept["bullet points"] == ["light", "soft"]
    assert kept["dimensions"] == "2.99 x 2.99 x 2.99 inches"
    assert (kept["brand"], kept["category"], kept["domain"]) == ("Rivet", "/A/B", "amazon.com")
    assert attributes_of({"node": [], "item_dimensions": {"height": None}, "brand": "odd"}) == {}


def test_the_key_is_item_and_domain(tmp_path: Path) -> None:
    lines = listing_lines(listing("B01"), listing("B01", domain_name="amazon.in"), listing("B02", domain_name=None))
    make_files(tmp_path, {"listings_0.json": lines})
    run_import(tmp_path, "abo")
    assert set(Product.objects.values_list("external_id", flat=True)) == {"B01@amazon.com", "B01@amazon.in", "B02"}
    assert {str(product.type) for product in Product.objects.all()} == {"cellular phone case"}


def test_gzipped_files_of_the_official_layout_with_photos(tmp_path: Path) -> None:
    first = listing("B01", main_image_id="81+a-L", other_image_id=["71-b+L"])
    second = listing("B02", other_image_id=["71-b+L"])
    index = "image_id,height,width,path\n81+a-L,64,48,14/14fe8812.jpg\n71-b+L,64,48,da/daab0cad.jpg\n"
    make_files(
        tmp_path,
        {
            "listings/metadata/listings_0.json.gz": gzipped(listing_lines(first)),
            "listings/metadata/listings_f.json.gz": gzipped(listing_lines(second)),
            "images/metadata/images.csv.gz": gzipped(index),
            "images/small/14/14fe8812.jpg": None,
            "images/small/da/daab0cad.jpg": image_bytes(),
        },
    )
    run = run_import(tmp_path)
    assert (run.layout, run.products_added, run.photos_added, run.refused) == ("abo", 2, 3, 0)
    product = Product.objects.get(external_id="B01@amazon.com")
    assert [photo.original_name for photo in product.photos.all()] == ["14fe8812.jpg", "daab0cad.jpg"]
    assert run_import(tmp_path).products_unchanged == 2


def test_missing_photos_are_reported_and_not_fatal(tmp_path: Path) -> None:
    lines = listing_lines(listing("B01", main_image_id="a", other_image_id=["b", "c", "a", 7]))
    index = "image_id,path\na,a.jpg\nb,../../b.jpg\n"
    make_files(tmp_path, {"listings_0.json": lines, "images.csv": index, "a.jpg": None})
    run = run_import(tmp_path, "abo")
    assert (run.products_added, run.photos_added) == (1, 1)
    assert reasons(run) == ["listings_0.json:1: 2 of 3 photos are not there: b, c"]


def test_metadata_only_looks_for_no_image(tmp_path: Path) -> None:
    lines = listing_lines(listing("B01", main_image_id="a"))
    make_files(tmp_path, {"listings_0.json": lines, "images.csv": "not,an,index\n"})
    run = run_import(tmp_path, "abo", photos=False)
    assert (run.products_added, run.refused, Photo.objects.count()) == (1, 0, 0)
    with pytest.raises(ImportUnreadable, match="no columns image_id and path"):
        run_import(tmp_path, "abo")


def test_bad_listings_are_refused_with_their_line_and_a_cut_file_spares_the_others(tmp_path: Path) -> None:
    bad = listing_lines(listing("B01")) + "{cut\n" + listing_lines(listing(""), listing("B02", item_name=[]))
    cut = gzipped(listing_lines(*(listing(f"C{n}") for n in range(500))))
    files = {"listings_0.json": bad, "listings_1.json.gz": cut[:-200], "listings_2.json": listing_lines(listing("B03"))}
    make_files(tmp_path, files)
    run = run_import(tmp_path, "abo", photos=False)
    said = reasons(run)
    assert said[0].startswith("listings_0.json:2: The line is not JSON")
    assert "listings_0.json:3: The listing has no item_id." in said
    assert "listings_0.json:4: The listing has no item_name." in said
    assert "listings_1.json.gz" in said[-1]
    assert {"B01@amazon.com", "B03@amazon.com"} <= set(Product.objects.values_list("external_id", flat=True))


def test_long_titles_are_cut_and_odd_types_do_not_stop(tmp_path: Path) -> None:
    odd = [listing("B01", item_name=told(en_US="x" * 900)), listing("B02", product_type="SHOES")]
    odd.append(listing("B03", product_type=[]))
    make_files(tmp_path, {"listings_0.json": listing_lines(*odd)})
    run = run_import(tmp_path, "abo", photos=False, type_name="thing")
    assert run.products_added == 3
    assert len(Product.objects.get(external_id="B01@amazon.com").title) == 500
    assert {str(product.type) for product in Product.objects.all()} == {"cellular phone case", "shoes", "thing"}


def test_item_folders_join_their_listing_or_stand_alone(tmp_path: Path) -> None:
    text = "{'brand': '[{language_tag=en_US, value=Starter}]', 'model_name': '[{language_tag=en_US, value=Yoga Bag}]'}"
    files: dict[str, str | None] = {"listings_0.json": listing_lines(listing("B000000001")), "B000000001/a.jpg": None}
    files |= {"B000000002/b.jpg": None, "B000000002/metadata.txt": text, "B000000003/metadata.txt": "("}
    make_files(tmp_path, files)
    run = run_import(tmp_path, "abo")
    assert dict(Product.objects.values_list("external_id", "title")) == {
        "B000000001@amazon.com": "Item B000000001",
        "B000000002": "Starter Yoga Bag",
    }
    assert run.photos_added == 2
    assert "not the dictionary" in reasons(run)[0]


def test_a_folder_that_is_not_abo(tmp_path: Path) -> None:
    with pytest.raises(ImportUnreadable, match="not ABO"):
        run_import(tmp_path, "abo")


@pytest.mark.skipif(not SAMPLE.exists(), reason="../shared/data is not here; made-up listings are tested above")
def test_the_real_sample() -> None:
    run = run_import(SAMPLE)
    assert (run.layout, run.products_added, run.photos_added, run.refused) == ("abo", 5, 8, 3)
    rug = Product.objects.get(external_id="B07B4YVDLQ")
    assert rug.title.startswith("Amazon Brand \N{EN DASH} Rivet Modern Geometric Wool Area Rug")
    bag = Product.objects.get(external_id="B0799CK52K")
    assert (bag.photo_count, bag.attributes["fabric"]) == (5, "100% Polyester")
    again = run_import(SAMPLE)
    assert (again.products_unchanged, again.photos_known) == (5, 8)


def test_dreambooth_layout(tmp_path: Path) -> None:
    classes = "Classes\n\nsubject_name,class\nbackpack,backpack\nshiny_sneaker,sneaker\n\nPrompts\na,b\n"
    photos = dict.fromkeys(["shiny_sneaker/00.jpg", "robot_toy/00.jpg", "x.jpg"])
    make_files(tmp_path, {"prompts_and_classes.txt": classes, **photos})
    run = run_import(tmp_path, type_name="toy")
    assert (run.layout, run.products_added, run.refused) == ("dreambooth", 2, 1)
    assert {(p.title, str(p.type)) for p in Product.objects.all()} == {
        ("shiny sneaker", "sneaker"),
        ("robot toy", "toy"),
    }


@pytest.mark.skipif(not DREAMBOOTH.exists(), reason="../shared/data is not here; a made-up data set is tested above")
def test_the_real_dreambooth_photos() -> None:
    run = run_import(DREAMBOOTH)
    assert (run.layout, run.products_added, run.photos_added) == ("dreambooth", 5, 28)
    assert reasons(run)[0].startswith("phone_mpo_with_gps.jpg")
    assert str(Product.objects.get(external_id="pink_sunglasses").type) == "glasses"
