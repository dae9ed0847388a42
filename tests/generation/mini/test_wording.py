"""Captions and what they claim: a whole one is the world's own, a short one is true, a wrong one is wrong once."""

import pytest
import torch

from generation.mini import wording
from generation.mini.attributes import UNSAID, WORDS, labels_of
from generation.world.captions import caption
from generation.world.sampling import sample_scene

SCENES = [sample_scene(seed, detail="plain") for seed in range(300)]
LABELS = labels_of(SCENES)


def seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_claim_of_all_is_the_worlds_caption() -> None:
    open_ones = [place for place, scene in enumerate(SCENES) if not scene.occluder]
    assert len(open_ones) > 200
    assert [wording.worded(LABELS[place].tolist()) for place in open_ones] == [
        caption(SCENES[place]) for place in open_ones
    ]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"family": "mug"}, "a photo of a mug"),
        ({"family": "mug", "colour": "orange", "pattern": "plain"}, "a photo of an orange mug"),
        (
            {"family": "bag", "colour": "red", "pattern": "striped", "second": "white", "light": "dim lamplight"},
            "a photo of a red and white striped bag, dim lamplight",
        ),
        ({"family": "bag", "context": "beach"}, "a photo of a bag on a beach"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_what_is_unsaid_is_left_out(said: dict[str, str], text: str) -> None:
    claim = [WORDS[name].index(said[name]) if name in said else UNSAID for name in WORDS]
    assert wording.worded(claim) == text
    assert wording.worded(claim, photo=False) == text.removeprefix("a photo of ")


def test_an_extra_word_claims_nothing_and_has_its_article() -> None:
    claim = [WORDS["family"].index("vase"), *[UNSAID] * 5]
    assert wording.worded(claim, extra="old") == "a photo of an old vase"


def test_a_short_caption_is_true_of_its_picture_and_says_less() -> None:
    claims = wording.shortened(LABELS, seeded())
    assert wording.true_of(claims, LABELS).diagonal().all()
    assert (claims != LABELS).any(1).float().mean() > 0.5
    assert (claims[:, wording.FAMILY] == LABELS[:, wording.FAMILY]).all()
    unsaid = claims[:, wording.COLOUR] == UNSAID
    assert (claims[unsaid][:, [wording.PATTERN, wording.SECOND]] == UNSAID).all()


def test_a_wrong_caption_is_wrong_of_its_picture_and_could_be_one() -> None:
    claims = wording.falsified(LABELS, seeded())
    assert not wording.true_of(claims, LABELS).diagonal().any()
    patterned = claims[:, wording.PATTERN] != wording.PLAIN
    assert ((claims[:, wording.SECOND] != UNSAID) == patterned).all()
    assert (claims[patterned, wording.SECOND] != claims[patterned, wording.COLOUR]).all()
    changed = (claims != LABELS).sum(1)
    assert (changed == 1).float().mean() > 0.8
    assert all((claims[:, place] < len(words)).all() for place, words in enumerate(WORDS.values()))


def test_truth_is_by_claims() -> None:
    labels = torch.tensor([[0, 1, 0, UNSAID, 2, 3], [0, 1, 1, 4, 2, 3]])
    claims = torch.tensor([[0, UNSAID, UNSAID, UNSAID, UNSAID, UNSAID], [0, 1, 0, UNSAID, 2, 3], [0, 1, 1, 5, 2, 3]])
    assert wording.true_of(claims, labels).tolist() == [[True, True], [True, False], [False, False]]


def test_written_captions_are_the_seeds_and_mostly_photos() -> None:
    texts = wording.written(LABELS, seeded())
    assert texts == wording.written(LABELS, seeded())
    assert 0.7 < sum(text.startswith("a photo of") for text in texts) / len(texts) < 0.9
    assert any(word in text for text in texts for word in wording.STRANGE)
