"""Have a language model write scenes for the prompt bank: asked in rounds, checked, near-duplicates left out.

No Django here: the bank's rule comes as a function, and what is written goes back as texts.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from generation.captioning import as_template, names_product
from generation.checkpoints.roles import Clip, Writer
from generation.metrics import Rows
from generation.records import PLACEHOLDER

PER_ROUND = 20  # scenes asked for at once: more, and small models begin to repeat themselves
BARREN_ROUNDS = 3  # without a new scene, after which the model has no more to say
SHOWN = 12  # known scenes that the instruction shows, so that others come
ALIKE = 0.95  # cosine of two texts' CLIP embeddings above which they are the same scene
INSTRUCTION = """Write {count} prompts for an image generator, each of them one photo that shows a {noun} in a place \
where people really use or keep one.

Rules:
- One prompt a line, in English, 10 to 30 words. No numbers, no quotes, nothing else.
- Write {placeholder} exactly once in each, in the place of the {noun}: "A {placeholder} on a windowsill ...".
- Say the place, what is around the {noun}, the light and the camera's view.
- Vary place, season, time of day, light and view from line to line. Only what is possible in the real world.
- Never describe the {noun} itself: no colour, material or brand of it. No people's faces, no text in the picture."""
NOT_AGAIN = "\n\nThese are there already; write different ones:\n"


@dataclass(frozen=True)
class Asked:
    """How many new scenes for which product type, beside which. The same seed gives the same on the same machine."""

    noun: str
    count: int
    existing: tuple[str, ...] = ()
    seed: int = 0


@dataclass
class Written:
    """What came of it: scenes to be curated, and (line, reason) of those that were refused."""

    scenes: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    rounds: int = 0


def write_scenes(
    writer: Writer,
    clip: Clip,
    asked: Asked,
    *,
    clean: Callable[[str], str] = str.strip,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Written:
    """Up to the number of new scenes asked for; fewer when the writer brings none for three rounds.

    `clean` returns a text as the bank keeps it and raises ValueError with the reason why it does not.
    """
    done = Written()
    known = _Known(clip, asked.existing)
    barren = 0
    while len(done.scenes) < asked.count and barren < BARREN_ROUNDS:
        before = len(done.scenes)
        instruction = _instruction(asked, min(asked.count - before, PER_ROUND), done.scenes)
        told = writer.write(instruction, seed=_seed(asked, done.rounds))
        done.rounds += 1
        for line in lines_of(told):
            if len(done.scenes) == asked.count:
                break
            _take(line, asked.noun, clean, known, done)
        barren = 0 if len(done.scenes) > before else barren + 1
        progress(len(done.scenes), asked.count)
    return done


def lines_of(answer: str) -> list[str]:
    """The scenes of an answer: without numbers, bullets, quotes, fences and what comes before a colon's end."""
    lines = []
    for raw in re.sub(r"<think>.*?</think>", "", answer, flags=re.DOTALL).splitlines():
        line = re.sub(r"^\s*(?:[-*\u2022]|\(?\d{1,3}[.):])\s*", "", raw).strip().strip("\"'\u201c\u201d`").strip()
        if line and not line.endswith(":") and not line.startswith("```"):
            lines.append(line)
    return lines


def _take(line: str, noun: str, clean: Callable[[str], str], known: "_Known", done: Written) -> None:
    text = line if PLACEHOLDER in line else as_template(line, noun) if names_product(line, noun) else line
    try:
        text = clean(text)
    except ValueError as refusal:
        done.refused.append((line, str(refusal)))
        return
    twin = known.twin_of(text)
    if twin is not None:
        done.refused.append((line, f"It is nearly “{twin}”."))
        return
    done.scenes.append(text)


class _Known:
    """All scenes so far, with their embeddings."""

    def __init__(self, clip: Clip, existing: Iterable[str]) -> None:
        self._clip = clip
        self._texts = list(existing)
        self._rows: Rows | None = self._embedded(self._texts) if self._texts else None

    def twin_of(self, text: str) -> str | None:
        """The scene that this one repeats; else it is remembered, and None."""
        row = self._embedded([text])
        if self._rows is not None:
            cosines = self._rows @ row[0]
            nearest = int(np.argmax(cosines))
            if cosines[nearest] > ALIKE:
                return self._texts[nearest]
        self._texts.append(text)
        self._rows = row if self._rows is None else np.concatenate([self._rows, row])
        return None

    def _embedded(self, texts: Sequence[str]) -> Rows:
        # The noun would make all scenes alike; "it" leaves the sentence whole.
        return self._clip.texts([text.replace(PLACEHOLDER, "it") for text in texts])


def _instruction(asked: Asked, count: int, new: Sequence[str]) -> str:
    known = [*asked.existing, *new]
    instruction = INSTRUCTION.format(count=count, noun=asked.noun, placeholder=PLACEHOLDER)
    return instruction + NOT_AGAIN + "\n".join(known[-SHOWN:]) if known else instruction


def _seed(asked: Asked, number: int) -> int:
    return int(hashlib.sha256(f"{asked.seed} {asked.noun} {number}".encode()).hexdigest()[:8], 16)
