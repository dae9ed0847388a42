"""The tables of rating.

`questions` is what is asked; `campaigns` the sets of images to rate and who rates them; `tasks` one image in one
campaign and who holds it; `ratings` what was answered, every change of it, and what it amounts to; `quality` what we
know better than the raters, and what operators decided about them; `figures` what is computed from the ratings;
`webhooks` who is told.
"""

from raters.models.campaigns import Campaign, CampaignEvent, CampaignRater, GuidelinePicture, Rater
from raters.models.figures import AlternativeVerdict, CampaignFigures, RaterFigures
from raters.models.imports import RatingsImport
from raters.models.quality import Exclusion, GoldItem, Ruling
from raters.models.questions import Question, QuestionSet
from raters.models.ratings import Rating, RatingChange, Verdict
from raters.models.tasks import Assignment, Subject, Task
from raters.models.webhooks import Delivery, Webhook

__all__ = [
    "AlternativeVerdict",
    "Assignment",
    "Campaign",
    "CampaignEvent",
    "CampaignFigures",
    "CampaignRater",
    "Delivery",
    "Exclusion",
    "GoldItem",
    "GuidelinePicture",
    "Question",
    "QuestionSet",
    "Rater",
    "RaterFigures",
    "Rating",
    "RatingChange",
    "RatingsImport",
    "Ruling",
    "Subject",
    "Task",
    "Verdict",
    "Webhook",
]
