"""The tables of generation: methods, runs, what stages made, candidates, and what people said of photos.

`methods` is a recipe with a name; `runs` is what was asked for; `results` what stages made, shared by the runs that
need the same; `candidates` the images that a run is for; `photos` what people told us of photos and types.
"""

from generation.models.candidates import Candidate
from generation.models.methods import Method
from generation.models.photos import PhotoCaption, PhotoMask, ProductTypeGuess
from generation.models.results import Adapter, ResultFile, SharedNegative, StageImage, StageResult, TrainingImage
from generation.models.runs import Batch, Run, RunStage

__all__ = [
    "Adapter",
    "Batch",
    "Candidate",
    "Method",
    "PhotoCaption",
    "PhotoMask",
    "ProductTypeGuess",
    "ResultFile",
    "Run",
    "RunStage",
    "SharedNegative",
    "StageImage",
    "StageResult",
    "TrainingImage",
]
