"""Find the product in a picture with a segmenter: by itself, or again where it is known to be about."""

from dataclasses import dataclass

from PIL import Image

from generation import imaging
from generation.checkpoints.roles import MaskGuess, Segmenter
from generation.imaging import Mask
from generation.prompting import Guessed, best_of, prompt_near, prompts_for, stands_out
from generation.recipe import SegmentConfig

MARK_IT = "Mark the {noun} with a box or a few clicks."
LARGEST_HOLE = 0.01  # of the mask: what the segmenter missed; a mug's handle or a chair's back has larger ones


@dataclass(frozen=True)
class Found:
    """The product's mask and the segmenter's score, 0 where it gave none, or why there is no mask: plain sentences."""

    mask: Mask | None
    score: float
    problem: str = ""


def find_product(
    segmenter: Segmenter, image: Image.Image, config: SegmentConfig, *, noun: str = "product", embedding: bytes = b""
) -> Found:
    """The product in a photo that nobody marked. `embedding` is the segmenter's of this picture, where it is there.

    A segmenter that can never be sure enough where the ground is busy or nothing stands out is not asked there: it
    takes seconds to find nothing.
    """
    shares = (config.smallest_share, config.largest_share)
    guessed = stands_out(image)
    nothing = f"No {noun} was found in this photo; mark it with a box or a few clicks."
    if segmenter.most_on_busy_ground < config.surest and not (guessed and guessed.plain):
        busy = f"The cut-out is uncertain: the ground is busy, or the {noun} runs out of the photo."
        return Found(None, 0.0, f"{busy} {MARK_IT.format(noun=noun)}" if guessed else nothing)
    guesses = guesses_in(segmenter, image, guessed, embedding=embedding)
    best = best_of(guesses, guessed, shares)
    if best is None or best.score < config.surest:
        best = best_of([*guesses, *segmenter.everything(image)], guessed, shares)
    if best is None:
        return Found(None, 0.0, nothing)
    if best.score < config.surest:
        unsure = f"The cut-out is uncertain: its score is {best.score:.2f} and {config.surest:.2f} is asked."
        return Found(None, best.score, f"{unsure} {MARK_IT.format(noun=noun)}")
    return Found(tidied(best.mask), best.score)


def guesses_in(
    segmenter: Segmenter, image: Image.Image, guessed: Guessed | None, *, embedding: bytes = b""
) -> list[MaskGuess]:
    """All that the automatic prompts bring up, most promising prompt first; empty masks left out."""
    known = embedding or segmenter.embed(image)
    prompts = prompts_for(image.size, guessed)
    return [guess for prompt in prompts for guess in segmenter.cut(known, prompt) if guess.mask.any()]


def find_again(
    segmenter: Segmenter, image: Image.Image, reference: Mask, *, embedding: bytes = b""
) -> MaskGuess | None:
    """The product where it is about, as one that may have grown or changed: `reference` gives points and a wide box.

    The segmenter's own score decides, never the likeness to the reference: that is what is to be judged.
    None when nothing is found. Raises ValueError for an empty reference.
    """
    if not reference.any():
        raise ValueError("An empty reference mask does not say where to look.")
    guesses = segmenter.cut(embedding or segmenter.embed(image), prompt_near(reference))
    best = next((guess for guess in guesses if guess.mask.any()), None)
    return None if best is None else MaskGuess(tidied(best.mask), best.score)


def tidied(mask: Mask) -> Mask:
    """Pinholes filled and specks away; what is large stays, in several parts too."""
    return imaging.large_components(imaging.fill_holes(mask, LARGEST_HOLE), 0.02)
