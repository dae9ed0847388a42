"""One plot of each kind, from figures as pages have them."""

from datetime import date, timedelta
from typing import Any

from review import plots
from review.figures import Answers, Line, QuestionFigures, QuestionTable, Week
from review.plotting import Plot
from review.statistics.rates import Rate

BEGIN = date(2026, 8, 3)


def rate(value: float, reach: float = 0.05) -> Rate:
    return Rate(value, max(0.0, value - reach), min(1.0, value + reach), 100, round(100 * value), 50)


LINES = [
    Line(name, None, rate(image), rate(whole), 0)
    for name, image, whole in (("paper-2503.08729 v1", 0.174, 0.455), ("dreambooth-lora v1", 0.10, 0.24))
]
QUESTIONS = tuple(
    QuestionFigures(key, topic, rate(0.8), Answers(0.1, 0.05, 0.02, 900), 0.1, 12)
    for key, topic in (("product", "Product fidelity"), ("size", "Size"))
)


def compared(value: float) -> dict[str, Any]:
    return {"difference": {"value": value, "low": value - 0.03, "high": value + 0.03}}


COMPARISON = {
    "first": "dreambooth-lora v1",
    "second": "paper-2503.08729 v1",
    "per_image": compared(0.074),
    "per_product": compared(0.21),
    "questions": [{"name": "Size", "compared": compared(-0.02)}],
    "types": [{"name": "chair", "compared": compared(0.05)}],
}


def every_plot() -> list[Plot]:
    weeks = [Week(BEGIN + timedelta(7 * at), rate(0.1 + 0.01 * at)) for at in range(4)]
    images = [
        {"x": 0.7 + at / 100, "y": at % 4 / 3, "verdict": "passed" if at % 4 > 1 else "failed"} for at in range(9)
    ]
    groups = [{"x": 0.7 + at / 10, "value": 0.2, "low": 0.1, "high": 0.3, "of": 9} for at in range(3)]
    tenths = [{"predicted": at / 10, "value": at / 11, "low": 0.0, "high": 0.9, "of": 9} for at in range(5)]
    picks = [{"week": BEGIN + timedelta(7 * at), "predicted": 0.3, "value": 0.2, "low": 0.1, "high": 0.3, "of": 9}
             for at in range(3)]  # fmt: skip
    studies = [{"products": at, "power": at / 100, "ratings": 60 * at} for at in range(10, 100, 10)]
    return [
        plots.by_line(LINES, "method"),
        plots.by_question(QuestionTable(1, QUESTIONS, (), 120)),
        plots.over_time(weeks),
        plots.differences(COMPARISON),
        plots.against_people("CLIP-I", images, groups, name="against-clip-i"),
        plots.reliability("blend v3", tenths, name="reliability-1"),
        plots.drift("blend v3", picks, name="drift-1"),
        plots.power(studies, 0.8),
    ]
