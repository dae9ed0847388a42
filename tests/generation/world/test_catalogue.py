"""The sample catalogue: 24 products, five photos each, and a listing that says what they are."""

import json
from pathlib import Path

import pytest
from PIL import Image

from generation.world.captions import caption
from generation.world.catalogue import ARTICLES, CAPTIONS, LISTING, SHOTS, Article, write_catalogue
from generation.world.render import render
from generation.world.scenes import CONTEXTS, FAMILIES, GENES, LIGHTS, MARKS, MATERIALS, PALETTE, PATTERNS

SHIPPED = Path(__file__).parents[3] / "platform" / "catalog" / "data" / "sample_catalogue"


def test_there_are_four_of_each_family() -> None:
    families = [article.thing.family for article in ARTICLES]
    assert {family: families.count(family) for family in FAMILIES} == dict.fromkeys(FAMILIES, 4)
    assert len({article.external_id for article in ARTICLES}) == len({article.title for article in ARTICLES}) == 24


@pytest.mark.parametrize("article", ARTICLES, ids=lambda article: article.external_id)
def test_an_article_is_one_of_the_world(article: Article) -> None:
    (thing, context, light) = (article.thing, article.context, article.light)
    assert {thing.colour, thing.second_colour, thing.mark_colour} <= set(PALETTE)
    assert thing.pattern in PATTERNS
    assert thing.material in MATERIALS
    assert thing.mark in MARKS
    assert context in CONTEXTS
    assert light in LIGHTS
    assert len(thing.genes) == GENES
    assert any(gene != 0.5 for gene in thing.genes)


def test_photos_are_on_plain_ground_and_one_in_use() -> None:
    for article in ARTICLES:
        photos = dict(article.photos())
        assert list(photos) == [*SHOTS, "in-use"]
        assert {scene.context for name, scene in photos.items() if name != "in-use"} == {"studio"}
        assert photos["in-use"].context == article.context != "studio"
        assert all(scene.occluder == "" and scene.detail == "full" for scene in photos.values())


@pytest.mark.parametrize("name", ["quarter", "front", "side", "in-use"])
def test_products_are_whole_in_their_photos(name: str) -> None:
    """Nothing is cut off but in the detail shot: the mask does not touch the picture's edge."""
    scenes = [dict(article.photos())[name] for article in ARTICLES[::3]]
    for article, mask in zip(ARTICLES[::3], render(scenes, 24, 1).masks, strict=True):
        edge = max(mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max())
        assert edge == 0, article.external_id
        assert 0.03 < (mask > 0).mean() < 0.6


def test_the_listing_names_what_is_seen() -> None:
    rows = {article.external_id: article.row() for article in ARTICLES}
    star = rows["mug-star"]
    assert star["type"] == "mug"
    assert star["attributes"] == {
        "colour": "navy",
        "second colour": "cream",
        "material": "glossy",
        "mark": "mustard star",
        "sample": True,
        "rendered": True,
    }
    assert rows["bag-tote"]["type"] == "handbag"
    assert rows["mug-speckled"]["attributes"]["pattern"] == "speckled"
    assert rows["mug-speckled"]["photos"][0] == "photos/mug-speckled-quarter.webp"


def test_captions_of_photos_have_the_articles_words() -> None:
    photos = dict(ARTICLES[1].photos())
    assert caption(photos["front"]) == "a photo of a navy glossy mug with a mustard star in a studio, soft daylight"


def test_what_a_shop_notes_of_a_photo_says_where_it_was_taken_and_not_what_it_shows() -> None:
    assert ARTICLES[1].captions() == {
        f"mug-star-{name}.webp": f"a photo of a {{product}} {place}, soft daylight"
        for name, place in {**dict.fromkeys(SHOTS, "in a studio"), "in-use": "in an office"}.items()
    }


def test_photos_that_are_there_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generation.world.catalogue.ARTICLES", ARTICLES[:1])
    assert write_catalogue(tmp_path, side=8, samples=1) == 5
    kept = tmp_path / "photos" / "mug-speckled-front.webp"
    kept.write_bytes(b"mine")
    (tmp_path / "photos" / "mug-speckled-side.webp").unlink()
    assert write_catalogue(tmp_path, side=8, samples=1) == 1
    assert kept.read_bytes() == b"mine"
    assert [json.loads(line) for line in (tmp_path / LISTING).read_text().splitlines()] == [ARTICLES[0].row()]
    assert json.loads((tmp_path / CAPTIONS).read_text()) == ARTICLES[0].captions()


def test_what_is_shipped_is_this_catalogue() -> None:
    listed = [json.loads(line) for line in (SHIPPED / LISTING).read_text().splitlines()]
    assert listed == [article.row() for article in ARTICLES]
    told = json.loads((SHIPPED / CAPTIONS).read_text())
    assert told == {name: text for article in ARTICLES for name, text in article.captions().items()}
    assert set(told) == {Path(photo).name for row in listed for photo in row["photos"]}
    for row in listed:
        for photo in row["photos"]:
            with Image.open(SHIPPED / photo) as opened:
                assert (opened.size, opened.format) == ((768, 768), "WEBP")
