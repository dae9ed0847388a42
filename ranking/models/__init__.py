"""The tables of ranking.

`features` is where the stored features lie; `labels` what a training learned from; `rankers` what was trained and who
made it champion; `scores` what a ranker says of images and which of them it picks; `plans` what is to be rated next;
`notices` what has drifted. Nothing here computes: that is `ranking.learning` and `ranking.evaluation`.
"""

from ranking.models.features import FeatureChunk
from ranking.models.labels import LabelSet
from ranking.models.notices import DriftNotice
from ranking.models.plans import PlannedImage, RatingPlan
from ranking.models.rankers import Promotion, Ranker, RankerFile, Training
from ranking.models.scores import Explanation, Policy, Score, ScoredProduct, Trial

__all__ = [
    "DriftNotice",
    "Explanation",
    "FeatureChunk",
    "LabelSet",
    "PlannedImage",
    "Policy",
    "Promotion",
    "Ranker",
    "RankerFile",
    "RatingPlan",
    "Score",
    "ScoredProduct",
    "Training",
    "Trial",
]
