"""What a picture's scene says, as numbers: only what the picture shows."""

from dataclasses import replace

import pytest

from generation.mini.attributes import UNSAID, WORDS, labels_of, places_of, words_of
from generation.world.sampling import sample_scene, sample_thing
from generation.world.scenes import Scene, Thing


def scene_of(**thing: str) -> Scene:
    made: Thing = replace(sample_thing(3, "mug"), **thing)  # type: ignore[arg-type]
    return sample_scene(3, made, "kitchen", "plain")


@pytest.mark.parametrize(
    ("thing", "pattern", "second"),
    [
        ({"pattern": "striped", "colour": "red", "second_colour": "white"}, "striped", "white"),
        ({"pattern": "plain", "colour": "red", "second_colour": "white"}, "plain", ""),
        ({"pattern": "marbled", "colour": "red", "second_colour": "white"}, "plain", ""),
    ],
    ids=["a pattern shows its second colour", "plain shows none", "too fine for 64 px is plain"],
)
def test_says_what_the_picture_shows(thing: dict[str, str], pattern: str, second: str) -> None:
    words = words_of(scene_of(**thing))
    assert (words["pattern"], words["second"]) == (pattern, second)
    assert (words["family"], words["colour"], words["context"]) == ("mug", "red", "kitchen")


def test_a_pattern_that_the_narrow_world_lacks_is_left_unsaid() -> None:
    full = replace(scene_of(pattern="marbled"), detail="full")
    assert words_of(full)["pattern"] == ""


def test_places_lead_back_to_the_words() -> None:
    words = words_of(scene_of(pattern="dotted"))
    back = {name: WORDS[name][place] for name, place in zip(WORDS, places_of(words), strict=True)}
    assert back == words
    assert places_of({"family": "vase"}) == [WORDS["family"].index("vase"), *[UNSAID] * (len(WORDS) - 1)]


def test_labels_are_a_row_a_scene() -> None:
    scenes = [scene_of(pattern="plain"), scene_of(pattern="striped")]
    assert labels_of(scenes).tolist() == [places_of(words_of(scene)) for scene in scenes]
    assert labels_of([]).shape == (0, len(WORDS))
