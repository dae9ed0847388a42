"""The tables of review.

`counted` is what figures are counted from; `counting` how that stands; `asked` what workers make when somebody asks;
`kept` what people keep of what they saw.
"""

from review.models.asked import Asked, Comparison, Report, Study
from review.models.counted import (
    ALL,
    MOST_QUESTIONS,
    MOST_VOTES,
    PACKED,
    UNTYPED,
    Block,
    Item,
    JudgedImage,
    Name,
    Tally,
    Verdicts,
    Voters,
)
from review.models.counting import CHECK, Counter, Move, Waiting
from review.models.kept import FirstView, Mark, Note, SavedView

__all__ = [
    "ALL",
    "CHECK",
    "MOST_QUESTIONS",
    "MOST_VOTES",
    "PACKED",
    "UNTYPED",
    "Asked",
    "Block",
    "Comparison",
    "Counter",
    "FirstView",
    "Item",
    "JudgedImage",
    "Mark",
    "Move",
    "Name",
    "Note",
    "Report",
    "SavedView",
    "Study",
    "Tally",
    "Verdicts",
    "Voters",
    "Waiting",
]
