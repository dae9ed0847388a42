"""A simulated world of products, pictures, metrics, embeddings and raters, for benchmarks, tests and demonstrations.

Nothing here is measured: it is a stated model, tuned to the paper's figures (17 to 18 % of pictures pass all eight
questions by majority of three, the sum of three metrics correlates .4 with passing). Each picture has six qualities,
part of each owed to how hard its product is. The questions are mixtures of qualities, the last one also of the worst.
Metrics see qualities through the product's type, and a nuisance (how new the scene is) that no rater minds;
embeddings hold the product, the scene, and a little of the qualities.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ranking.evaluation.exceptions import CannotEvaluate
from ranking.learning.labels import Labels
from ranking.learning.table import FeatureTable

Values = NDArray[np.float64]

METRICS = ("clip_i", "clip_t", "dino_i", "seg_clip_i", "seg_clip_t", "seg_dino_i")
SUMMED = ("clip_i", "clip_t", "dino_i")
EMBEDDING, QUESTIONS, TYPES, PANEL = 64, 8, 8, 3
_LIKENESS, _DETAIL, _PROPORTION, _CLEAN, _SCENE, _LIGHT = range(6)
_QUALITIES = 6

# Of each question: how much it asks of likeness, detail, proportion, cleanliness, scene, light.
_ASKED = np.array(
    [
        [0.95, 0.35, 0.10, 0.00, 0.00, 0.10],  # is it the product
        [0.20, 1.00, 0.00, 0.05, 0.00, 0.00],  # logo and text
        [0.00, 0.00, 0.25, 0.10, 0.90, 0.10],  # used as it would be
        [0.10, 0.00, 1.00, 0.00, 0.20, 0.00],  # size
        [0.00, 0.05, 0.00, 1.00, 0.10, 0.05],  # nothing made up around it
        [0.00, 0.00, 0.65, 0.15, 0.55, 0.25],  # placement
        [0.00, 0.00, 0.00, 0.30, 0.25, 0.10],  # safe and decent
        [0.45, 0.25, 0.20, 0.25, 0.35, 0.25],  # would the business show it
    ]
)
# How high each question's bar is, in standard deviations of what is asked; and what raters add of their own.
_BARS = np.array([0.34, -0.06, -0.26, -0.42, -0.12, -0.28, -1.86, 0.36])
_BLUR = np.array([0.35, 0.40, 0.40, 0.40, 0.40, 0.40, 0.60, 0.40])
# Of each metric: what it sees of the qualities, then of the scene's newness.
_SEEN = np.array(
    [
        [0.72, 0.22, 0.10, 0.00, 0.00, 0.08],
        [0.05, 0.00, 0.00, 0.20, 0.30, 0.05],
        [0.80, 0.28, 0.28, 0.05, 0.00, 0.00],
        [0.85, 0.32, 0.00, 0.00, 0.00, 0.05],
        [0.05, 0.00, 0.15, 0.00, 0.18, 0.00],
        [0.80, 0.45, 0.05, 0.00, 0.00, 0.00],
    ]
)
_NEWNESS = np.array([-0.88, 0.88, -0.98, -0.05, 0.30, -0.05])
_LEVEL = np.array([0.80, 0.215, 0.70, 0.74, 0.225, 0.80])
_STEP = np.array([0.060, 0.026, 0.075, 0.060, 0.020, 0.050])


@dataclass(frozen=True)
class Settings:
    """The world's numbers. `hardness` is the share of a quality's variance owed to the product."""

    raters: int = 30
    spammers: float = 0.07
    hardness: float = 0.43
    shared: float = 0.75  # of the products' effects on different qualities: correlation with one common hardness
    blur: float = 0.70  # of metrics: noise beside what they see
    offset: float = 0.45  # of metrics: what belongs to the product and not to its quality
    uneven: float = 0.35  # how differently metrics see qualities in different product types
    signal: float = 0.27  # of qualities in embeddings
    leaning: float = 0.25  # of raters: lenient or strict on all questions
    wavering: float = 0.32  # of raters: noise from picture to picture


@dataclass(frozen=True)
class Products:
    """Drawn products: effects on the qualities (p, 6), what they look like (p, 24), type (p), nuisances."""

    effects: Values
    looks: Values
    types: NDArray[np.intp]
    logo: NDArray[np.bool_]
    offsets: Values
    newness: Values

    def __len__(self) -> int:
        return len(self.types)


@dataclass(frozen=True)
class Pictures:
    """Drawn pictures (n) with what may be seen of them, what raters said, and the truth that only a simulation has.

    answers (n, 3, 8): yes or not; raters (n, 3); chance (n): how likely a fresh panel passes it, NaN where not asked.
    """

    products: NDArray[np.int64]
    candidates: NDArray[np.int64]
    types: NDArray[np.intp]
    metrics: Values
    embeddings: Values
    photos: Values  # of the product's own photos, one row a picture
    answers: NDArray[np.bool_]
    raters: NDArray[np.intp]
    chance: Values

    def __len__(self) -> int:
        return len(self.products)

    @cached_property
    def votes(self) -> NDArray[np.bool_]:
        """(n, 3): which raters passed it, all eight questions yes."""
        return np.asarray(self.answers.all(axis=2))

    def table(self) -> FeatureTable:
        """As the product's own feature table: metrics, type, embeddings of the picture and of its product's photos."""
        return FeatureTable.build(
            {
                "metrics": (METRICS, self.metrics),
                "types": ([f"type_{number}" for number in range(TYPES)], np.eye(TYPES)[self.types]),
                "emb.clip.candidate": (EMBEDDING, self.embeddings),
                "emb.clip.photos": (EMBEDDING, self.photos),
            },
            self.products,
            self.candidates,
        )

    def labels(self, rows: NDArray[np.intp] | None = None, weight: Values | None = None) -> Labels:
        """Verdicts: each question by majority of three, then all eight; of some rows if given."""
        said = self.answers if rows is None else self.answers[rows]
        at = slice(None) if rows is None else rows
        return Labels.build(
            self.candidates[at],
            self.products[at],
            verdicts(said).astype(float),
            share=said.all(axis=2).mean(axis=1),
            questions=said.mean(axis=1),
            weight=weight,
        )

    def summed(self) -> Values:
        """(n): the paper's score, the sum of three metrics."""
        return np.asarray(self.metrics[:, [METRICS.index(name) for name in SUMMED]].sum(axis=1))


class World:
    """A fixed crowd and fixed eyes of metrics, from which products and pictures are drawn; a seed gives it back."""

    def __init__(self, seed: int, settings: Settings | None = None) -> None:
        self.seed, self.settings = seed, settings or Settings()
        drawing = np.random.default_rng([101, seed])
        crowd = self.settings.raters
        if crowd < PANEL:
            raise CannotEvaluate(f"{crowd} rater(s) are too few: each picture is judged by {PANEL}.")
        self.leaning = drawing.normal(0, self.settings.leaning, crowd)
        self.own = drawing.normal(0, 0.15, (crowd, QUESTIONS))
        self.wavering = self.settings.wavering * np.exp(drawing.normal(0, 0.25, crowd))
        self.spams = drawing.permutation(crowd) < round(self.settings.spammers * crowd)
        uneven = self.settings.uneven
        self.eyes = np.exp(uneven * drawing.normal(size=(TYPES, len(METRICS))) - uneven**2 / 2)
        # Encoders are the same in all worlds: a model on the shelf.
        shelf = np.random.default_rng(2_024)
        self.of_looks = shelf.normal(size=(24, EMBEDDING)) / np.sqrt(24)
        self.of_scene = shelf.normal(size=(12, EMBEDDING)) / np.sqrt(12)
        self.into_signal = shelf.normal(size=(_QUALITIES + 1, 14)) * 0.8
        self.of_signal = shelf.normal(size=(14, EMBEDDING)) / np.sqrt(14)

    def products(self, count: int, seed: int) -> Products:
        """Draws products: some hard in everything, each harder in some qualities than in others."""
        drawing = np.random.default_rng([self.seed, seed, count, 1])
        shared = self.settings.shared
        common = drawing.normal(size=(count, 1))
        effects = shared * common + np.sqrt(1 - shared**2) * drawing.normal(size=(count, _QUALITIES))
        return Products(
            effects,
            drawing.normal(size=(count, 24)),
            drawing.integers(0, TYPES, count),
            drawing.random(count) < 0.55,
            drawing.normal(size=(count, len(METRICS))),
            0.5 * drawing.normal(size=count),
        )

    def draw(self, products: int, each: int, seed: int, *, panels: int = 0, first_id: int = 0) -> Pictures:
        """`each` pictures of each of `products` new products, rated by three; `panels` further ones tell the chance."""
        made = self.products(products, seed)
        drawing = np.random.default_rng([self.seed, seed, products, each])
        place = np.repeat(np.arange(products), each)
        qualities, asked = self._qualities(made, place, drawing)
        newness = made.newness[place] + np.sqrt(0.75) * drawing.normal(size=len(place))
        photos = made.looks @ self.of_looks
        answers, raters = self._rate(asked, drawing)
        passed = [verdicts(self._rate(asked, drawing)[0]) for _ in range(panels)]
        return Pictures(
            place + np.int64(first_id),
            np.arange(len(place), dtype=np.int64) + first_id * each,
            made.types[place],
            self._metrics(qualities, newness, made, place, drawing),
            self._embeddings(qualities, newness, photos[place], drawing),
            (photos + 0.1 * drawing.normal(size=photos.shape))[place],
            answers,
            raters,
            np.mean(passed, axis=0) if panels else np.full(len(place), np.nan),
        )

    def _qualities(
        self, made: Products, place: NDArray[np.intp], drawing: np.random.Generator
    ) -> tuple[Values, Values]:
        """Qualities (n, 6), and what each question asks of them less its bar (n, 8)."""
        count, hard = len(place), self.settings.hardness
        alike = drawing.normal(size=(count, 1))
        own = 0.35 * alike + np.sqrt(1 - 0.35**2) * drawing.normal(size=(count, _QUALITIES))
        qualities = np.sqrt(hard) * made.effects[place] + np.sqrt(1 - hard) * own
        mixture = _ASKED / np.linalg.norm(_ASKED, axis=1, keepdims=True)
        asked = qualities @ mixture.T + drawing.normal(size=(count, QUESTIONS)) * _BLUR
        asked[:, -1] = 0.55 * asked[:, -1] + 0.55 * qualities.min(axis=1) + 0.55
        asked[~made.logo[place], 1] += 3.0  # nothing written on it: nothing to get wrong
        return qualities, asked - _BARS

    def _rate(self, asked: Values, drawing: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """Answers (n, 3, 8) of panels drawn from the crowd (n, 3). A spammer says yes four times in five, unseeing."""
        panel = np.argsort(drawing.random((len(asked), self.settings.raters)), axis=1)[:, :PANEL]
        felt = asked[:, None, :] + (self.leaning[panel][:, :, None] + self.own[panel])
        felt = felt + 0.25 * drawing.normal(size=(*panel.shape, 1))
        felt = felt + self.wavering[panel][:, :, None] * drawing.normal(size=felt.shape)
        unseeing = drawing.random(felt.shape) < 0.8
        return np.where(self.spams[panel][:, :, None], unseeing, felt > 0), panel

    def _metrics(
        self, qualities: Values, newness: Values, made: Products, place: NDArray[np.intp], drawing: np.random.Generator
    ) -> Values:
        seen = qualities @ _SEEN.T * self.eyes[made.types[place]]
        # A near copy of the photo is like it beyond its worth, and says little of what the prompt asked.
        copied = np.maximum(qualities[:, _LIKENESS] - 1.2, 0)
        seen[:, 1] -= 0.35 * copied
        seen += np.outer(newness, _NEWNESS) + self.settings.offset * made.offsets[place]
        seen += self.settings.blur * drawing.normal(size=seen.shape)
        # One mask in twenty is wrong, and the metrics of what is inside it with it.
        astray = (drawing.random(len(place)) < 0.05) * drawing.gamma(2.0, 1.0, len(place))
        seen[:, [3, 5]] -= 1.2 * astray[:, None]
        return np.asarray(_LEVEL + _STEP * 2.5 * np.tanh(seen / 2.5))

    def _embeddings(self, qualities: Values, newness: Values, looks: Values, drawing: np.random.Generator) -> Values:
        scene = drawing.normal(size=(len(qualities), 12))
        scene[:, 0] = newness
        together = np.column_stack([qualities, qualities[:, _CLEAN] * qualities[:, _SCENE]])
        signal = np.tanh(together @ self.into_signal) @ self.of_signal
        noise = 0.45 * drawing.normal(size=looks.shape)
        return np.asarray(looks + 0.8 * scene @ self.of_scene + self.settings.signal * signal + noise)


def verdicts(answers: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n): each question by majority of its raters, then all questions; answers (n, raters, questions)."""
    return np.asarray((answers.sum(axis=1) * 2 > answers.shape[1]).all(axis=1))
