"""The drawn products of the sample catalogue."""

import pytest
from PIL import Image, ImageChops, ImageStat

from catalog.samples import kinds, render_product_photo

SIDE = 96


@pytest.mark.parametrize("kind", kinds())
def test_a_picture_shows_something_on_a_plain_ground(kind: str) -> None:
    picture = render_product_photo(kind, 1, SIDE)
    assert (picture.mode, picture.size) == ("RGB", (SIDE, SIDE))
    corner = picture.crop((0, 0, SIDE // 5, SIDE // 5))
    middle = picture.crop((SIDE // 4, SIDE // 4, 3 * SIDE // 4, 7 * SIDE // 8))
    assert max(ImageStat.Stat(corner).stddev) < 12 < max(ImageStat.Stat(middle).stddev)


def test_the_same_arguments_give_the_same_picture() -> None:
    assert same(render_product_photo("mug", 7, SIDE), render_product_photo("mug", 7, SIDE))


@pytest.mark.parametrize("other", [{"seed": 8}, {"view": 1}, {"kind": "vase"}])
def test_another_product_or_view_is_another_picture(other: dict[str, object]) -> None:
    arguments: dict[str, object] = {"kind": "mug", "seed": 7, "view": 0}
    assert not same(photo(arguments), photo(arguments | other))


def test_a_kind_that_it_cannot_draw_is_named() -> None:
    with pytest.raises(ValueError, match=r"no sample picture of 'submarine'; there are bottle, bowl"):
        render_product_photo("submarine", 1)


def photo(arguments: dict[str, object]) -> Image.Image:
    return render_product_photo(size=SIDE, **arguments)  # type: ignore[arg-type]


def same(first: Image.Image, second: Image.Image) -> bool:
    return ImageChops.difference(first, second).getbbox() is None
