"""What the statistics are called, and what each says: for pages, the API and the documentation. Loads nothing heavy."""

from typing import NamedTuple


class Statistic(NamedTuple):
    """`level` is the level of measurement: answers as categories, or in their order."""

    title: str
    level: str
    about: str


STATISTICS = {
    "percent": Statistic(
        "Percent agreement",
        "nominal",
        "How often two raters of an image give the same answer. Chance is not taken out.",
    ),
    "alpha_nominal": Statistic(
        "Krippendorff's alpha, nominal",
        "nominal",
        "1 is full agreement, 0 what chance would give. Missing answers are fine.",
    ),
    "alpha_ordinal": Statistic(
        "Krippendorff's alpha, ordinal", "ordinal", "As the nominal one, but yes and maybe are nearer than yes and no."
    ),
    "fleiss": Statistic(
        "Fleiss' kappa",
        "nominal",
        "For the images that all have as many answers. Falls when one answer is very common.",
    ),
    "ac1": Statistic("Gwet's AC1", "nominal", "As kappa, but it does not fall when one answer is very common."),
    "ac2": Statistic("Gwet's AC2, ordinal weights", "ordinal", "AC1 with near answers counted as partly the same."),
}
