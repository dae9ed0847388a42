"""The bank of backgrounds, and a seller's own."""

from pathlib import Path

import pytest
from PIL import Image

from generation import backdrops
from generation.backdrops import bank, chosen, file_of, opened, picture_in
from generation.exceptions import NotPossible
from tests.factories.cutouts import backdrop, write_background


def test_the_shipped_bank_is_whole_and_small() -> None:
    there = bank()
    assert len(there) >= 24
    assert len({one.name for one in there}) == len(there)
    assert {one.view for one in there} == {"front", "above", "wall"}
    files = [file_of(one.name) for one in there]
    assert sum(file.stat().st_size for file in files) < 6_000_000
    for one, file in zip(there, files, strict=True):
        assert 0 <= one.floor[0] <= one.floor[1] <= 1, one.name
        assert one.words.count("{product}") == 1, one.name
        with Image.open(file) as image:
            assert min(image.size) >= 512, one.name


def test_a_picture_without_facts_is_a_plain_backdrop(tmp_path: Path) -> None:
    write_background(tmp_path, "my-shop-window")
    [own] = bank(tmp_path)
    assert (own.name, own.view) == ("my-shop-window", "front")
    assert own.words == "a {product} before the background my shop window"
    assert opened(own, tmp_path).size == (256, 256)


def test_facts_beside_a_picture_hold(tmp_path: Path) -> None:
    facts = {"words": "a {product} on a bench", "floor": [0.6, 0.7], "light": {"azimuth": 30}, "gloss": 0.2}
    write_background(tmp_path, "bench", facts)
    [own] = bank(tmp_path)
    assert (own.words, own.floor, own.light.azimuth, own.gloss) == ("a {product} on a bench", (0.6, 0.7), 30, 0.2)


BAD = {
    "no JSON": ("{", "is no valid JSON"),
    "a list": ("[1]", "no JSON object"),
    "a word for a number": ('{"gloss": "much"}', "gloss"),
    "a floor of one row": ('{"floor": [0.5]}', "floor"),
    "an unknown view": ('{"view": "below"}', "view"),
    "no product in the words": ('{"words": "a mug on a table"}', "name the product as"),
}


@pytest.mark.parametrize(("text", "told"), BAD.values(), ids=BAD)
def test_bad_facts_are_refused_by_name(tmp_path: Path, text: str, told: str) -> None:
    write_background(tmp_path, "bench").with_suffix(".json").write_text(text)
    with pytest.raises(NotPossible, match=told) as refused:
        bank(tmp_path)
    assert "bench.json" in str(refused.value)


def test_what_is_no_picture_or_too_small_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"not a picture")
    with pytest.raises(NotPossible, match=r"broken\.jpg cannot be read as a picture"):
        bank(tmp_path)
    (tmp_path / "broken.jpg").unlink()
    write_background(tmp_path, "stamp", side=64)
    with pytest.raises(NotPossible, match="64 x 64 pixels"):
        bank(tmp_path)


def test_one_of_too_many_pixels_is_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_background(tmp_path, "wide", side=300)
    monkeypatch.setattr(backdrops, "MOST_PIXELS", 80_000)
    for read in (lambda: bank(tmp_path), lambda: backdrops.picture_in(path)):
        with pytest.raises(NotPossible, match="300 x 300 pixels"):
            read()


def test_a_camera_s_file_is_found_upright_and_by_its_name(tmp_path: Path) -> None:
    """Cameras write .JPG, and turn pictures by a note."""
    lying = Image.new("RGB", (400, 300), "navy")
    lying.paste("white", (0, 0, 40, 300))
    note = Image.Exif()
    note[0x0112] = 6  # to be turned by a quarter to the right
    lying.save(tmp_path / "DSC_01.JPG", "JPEG", exif=note)
    [own] = bank(tmp_path)
    seen = opened(own, tmp_path)
    assert (own.name, seen.size) == ("DSC_01", (300, 400))
    assert min(seen.getpixel((150, 5))) > 200  # type: ignore[arg-type, type-var]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(tmp_path: Path, mode: str) -> None:
    clear = Image.new("RGBA", (256, 256), (0, 0, 0, 0)).convert(mode)
    clear.save(tmp_path / "clear.png", **({"transparency": 0} if mode == "P" else {}))
    [own] = bank(tmp_path)
    assert opened(own, tmp_path).getpixel((9, 9)) == (255, 255, 255)


def test_a_picture_that_ends_early_is_told_by_name(tmp_path: Path) -> None:
    noise = Image.effect_noise((300, 300), 60)
    noise.save(tmp_path / "half.jpg")
    whole = (tmp_path / "half.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(whole[: len(whole) // 2])
    [own] = bank(tmp_path)
    with pytest.raises(NotPossible, match=r"half\.jpg is damaged"):
        opened(own, tmp_path)


def test_a_picture_is_made_no_smaller_than_asked_and_never_larger(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Image.new("RGB", (900, 600)).save(path)
    sizes = [picture_in(path, most).size for most in (0, 300, 600, 1000)]
    assert sizes == [(900, 600), (450, 300), (900, 600), (900, 600)]


def test_names_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    write_background(tmp_path, "bench")
    Image.new("RGB", (300, 300)).save(tmp_path / "bench.jpg")
    with pytest.raises(NotPossible, match=r"bench\.jpg and bench\.png have one name"):
        bank(tmp_path)
    (tmp_path / "bench.jpg").rename(tmp_path / "desk, oak.jpg")
    with pytest.raises(NotPossible, match="has a comma"):
        bank(tmp_path)


def test_names_choose_in_their_order_and_an_unknown_one_is_refused() -> None:
    every = (backdrop("a"), backdrop("b"), backdrop("c"))
    assert [one.name for one in chosen(every, " c, a,c ")] == ["c", "a"]
    assert chosen(every, "") == every
    with pytest.raises(NotPossible, match="no background 'x'; there are a, b, c"):
        chosen(every, "a, x")


def test_a_changed_or_missing_picture_is_told(tmp_path: Path) -> None:
    write_background(tmp_path, "bench")
    [own] = bank(tmp_path)
    Image.new("RGB", (300, 300), "red").save(tmp_path / "bench.png")
    with pytest.raises(NotPossible, match="has changed since this was planned"):
        opened(own, tmp_path)
    (tmp_path / "bench.png").unlink()
    with pytest.raises(NotPossible, match="no background 'bench' any more"):
        opened(own, tmp_path)
    assert bank(tmp_path) == ()


def test_no_folder_is_no_background(tmp_path: Path) -> None:
    assert backdrops.bank(tmp_path / "nowhere") == ()
