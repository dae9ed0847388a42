"""What can go wrong in generation, each as one sentence that a person can act on."""

from collections.abc import Sequence


class GenerationError(Exception):
    """The base of everything that this room raises."""


class BadRecipe(GenerationError):
    """Parameters of a method do not fit; `problems` has one sentence for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = list(problems)


class CheckpointMissing(GenerationError):
    """A checkpoint of the model set is not on this machine, or a file of it is damaged."""


class FetchFailed(GenerationError):
    """A checkpoint could not be downloaded; the message says why and what to do."""


class BadModelSet(GenerationError):
    """A model set's file does not say what is needed, or names what there is not."""


class WriterFailed(GenerationError):
    """The server of the prompt writer gave no answer, or none that can be read."""


class LicenceRefused(GenerationError):
    """The run is commercial and a checkpoint's licence is not."""


class ProductNotFound(GenerationError):
    """No photo has a product that the segmenter could find: a person must mark it."""


class NotEnoughImages(GenerationError):
    """A stage is left with too few images to go on with."""


class TrainingDiverged(GenerationError):
    """The loss is no number any more; the message names the step and the last good checkpoint."""


class OutOfRoom(GenerationError):
    """Memory ran out with the smallest batch and everything saved that can be."""


class NotPossible(GenerationError):
    """What is asked does not fit the state of a run, a method or a picture."""


class Overtaken(NotPossible):
    """Somebody else has saved meanwhile; `by` is what holds now, for whoever saves over it all the same."""

    def __init__(self, sentence: str, by: str) -> None:
        super().__init__(sentence)
        self.by = by
