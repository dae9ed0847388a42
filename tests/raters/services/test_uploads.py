"""Images made elsewhere, with a manifest."""

import io
import json
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from catalog.importing.trees import FolderTree
from catalog.photos.normalising import NormalisedPhoto, normalise
from raters.exceptions import BadCampaign
from raters.models import Subject, Task
from raters.services import campaigns, uploads
from tests.factories.catalog import image_bytes, make_photo, make_product

pytestmark = pytest.mark.django_db


def folder(path: Path, manifest: str, name: str = "list.csv") -> FolderTree:
    (path / "made").mkdir()
    for number in (1, 2):
        (path / "made" / f"{number}.png").write_bytes(image_bytes(encoding="PNG"))
    (path / "photo.jpg").write_bytes(image_bytes())
    (path / "broken.png").write_bytes(b"no image")
    (path / name).write_text(manifest)
    return FolderTree(path)


def test_a_manifest_with_photos_of_its_own(tmp_path: Path) -> None:
    manifest = (
        "image,product,photos,method,prompt\n"
        "made/1.png,A red mug,photo.jpg,ours,on a table\n"
        "made/2.png,A red mug,photo.jpg,theirs,\n"
    )
    campaign = campaigns.make_campaign("Elsewhere")
    report = uploads.add_uploaded(campaign, folder(tmp_path, manifest))
    assert (report.added, report.refused) == (2, [])
    assert sorted(Task.objects.values_list("name", "method", "prompt")) == [
        ("made/1.png", "ours", "on a table"), ("made/2.png", "theirs", ""),
    ]  # fmt: skip
    (subject,) = Subject.objects.all()
    assert (subject.name, len(subject.photos)) == ("A red mug", 1)
    for key in (*Task.objects.values_list("picture_key", flat=True), subject.photos[0]["key"]):
        assert key.startswith("rated/")
        assert default_storage.exists(key)


def test_json_lines_and_a_product_of_the_catalogue(tmp_path: Path) -> None:
    product = make_product("Blue mug", source="shop", external_id="7")
    make_photo(product)
    rows = [{"image": "made/1.png", "product": "shop/7", "name": "first"}, {"image": "made/2.png", "product": "shop/7"}]
    tree = folder(tmp_path, "\n".join(json.dumps(row) for row in rows), "list.jsonl")
    campaign = campaigns.make_campaign("Elsewhere")
    assert uploads.add_uploaded(campaign, tree).added == 2
    assert Subject.objects.get().product == product
    assert Task.objects.filter(name="first").exists()


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"product": "x", "photos": "photo.jpg"}, "names no image"),
        ({"image": "made/9.png", "photos": "photo.jpg"}, "is not there"),
        ({"image": "../secret.png", "photos": "photo.jpg"}, "leads out of the folder"),
        ({"image": "https://example.org/a.png", "photos": "photo.jpg"}, "is a web address"),
        ({"image": "broken.png", "photos": "photo.jpg"}, "broken.png"),
        ({"image": "made/1.png", "product": "shop/unknown"}, "is no product of the catalogue"),
        ({"image": "made/1.png", "photos": "none.jpg"}, "is not there"),
        ({"image": ["made/1.png"], "photos": "photo.jpg"}, "is no text"),
        ({"image": "made/1.png", "photos": "photo.jpg", "name": "n" * 201}, "has 201 characters; 200 are taken"),
        ({"image": "made/1.png", "photos": "photo.jpg", "prompt": "a\0b"}, "a character that cannot be kept"),
        ({"image": "made/1.png", "photos": "photo.jpg", "method": "\ud800"}, "a character that cannot be kept"),
    ],
)
def test_a_wrong_row_is_refused_by_itself(tmp_path: Path, row: dict[str, object], sentence: str) -> None:
    good = {"image": "made/2.png", "photos": "photo.jpg"}
    tree = folder(tmp_path, f"{json.dumps(row)}\n{json.dumps(good)}\n", "list.jsonl")
    report = uploads.add_uploaded(campaigns.make_campaign("Elsewhere"), tree)
    assert report.added == 1
    ((line, told),) = report.refused
    assert line == 1
    assert sentence in told


def test_the_same_name_twice_is_one_image(tmp_path: Path) -> None:
    row = json.dumps({"image": "made/1.png", "photos": "photo.jpg"})
    tree = folder(tmp_path, f"{row}\n{row}\n", "list.jsonl")
    campaign = campaigns.make_campaign("Elsewhere")
    assert uploads.add_uploaded(campaign, tree).refused == [(2, "'made/1.png' is in the list twice.")]
    assert uploads.add_uploaded(campaign, tree) == uploads.Report(there=2)


def test_when_the_time_is_over_the_rest_is_for_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each image takes ten seconds here: of three, the one after the end is left."""
    clock = [0.0]

    def slowly(data: bytes, name: str) -> NormalisedPhoto:
        clock[0] += 10
        return normalise(data, name)

    monkeypatch.setattr(uploads, "normalise", slowly)
    monkeypatch.setattr(uploads, "monotonic", lambda: clock[0])
    product = make_product(source="shop", external_id="7")
    make_photo(product)
    rows = [
        json.dumps({"image": f"made/{n}.png", "name": f"n{k}", "product": "shop/7"}) for k, n in enumerate((1, 2, 1))
    ]
    tree, campaign = folder(tmp_path, "\n".join(rows), "list.jsonl"), campaigns.make_campaign("Elsewhere")
    assert uploads.add_uploaded(campaign, tree, seconds=15) == uploads.Report(added=2, stopped_at=3)
    assert uploads.add_uploaded(campaign, tree, seconds=15) == uploads.Report(added=1, there=2)
    assert uploads.add_uploaded(campaign, tree, seconds=0) == uploads.Report(there=3)


def test_an_archive_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "LARGEST_ARCHIVE", 10)
    with pytest.raises(BadCampaign, match="The archive has 11 bytes; up to 10 are taken"):
        uploads.add_archive(campaigns.make_campaign("Elsewhere"), io.BytesIO(b"no archive!"), 11)


@pytest.mark.parametrize(
    ("manifest", "name", "sentence"),
    [
        ("picture,product\nmade/1.png,x\n", "list.csv", "no column image"),
        ("", "readme.txt", "There are 0 lists"),
        ("image\n\xff".encode("latin-1").decode("latin-1"), "list.txt", "There are 0 lists"),
    ],
)
def test_what_cannot_be_read_at_all(tmp_path: Path, manifest: str, name: str, sentence: str) -> None:
    with pytest.raises(BadCampaign, match=sentence):
        uploads.add_uploaded(campaigns.make_campaign("Elsewhere"), folder(tmp_path, manifest, name))
    assert not Task.objects.exists()
