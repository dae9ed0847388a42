"""The tables of rating.

`questions` is what is asked; `campaigns` the sets of images to rate and who rates them; `tasks` one image in one
campaign and who holds it; `ratings` what was answered, every change of it, and what it amounts to; `quality` what we
know better than the raters, and what operators decided about them.
"""

from raters.models.campaigns import Campaign, CampaignEvent, CampaignRater, GuidelinePicture, Rater
from raters.models.quality import Exclusion, GoldItem, Ruling
from raters.models.questions import Question, QuestionSet
from raters.models.ratings import Rating, RatingChange, Verdict
from raters.models.tasks import Assignment, Subject, Task

__all__ = [
    "Assignment",
    "Campaign",
    "CampaignEvent",
    "CampaignRater",
    "Exclusion",
    "GoldItem",
    "GuidelinePicture",
    "Question",
    "QuestionSet",
    "Rater",
    "Rating",
    "RatingChange",
    "Ruling",
    "Subject",
    "Task",
    "Verdict",
]
