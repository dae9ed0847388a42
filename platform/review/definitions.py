"""What each figure means, in words: the one place that pages, files and the API take them from."""

from typing import NamedTuple


class Definition(NamedTuple):
    """A figure's label, and the sentences that say exactly what it is."""

    title: str
    words: str


_INTERVAL = (
    "The range behind it is a 95 % interval that counts products, not images: images of one product hang together, and"
    " an interval that ignores it is far too narrow."
)

DEFINITIONS = {
    "judged": Definition(
        "Images judged",
        "Images with a final verdict of passed or failed, counted once for each campaign they were rated in. Ties, and"
        " images with too few ratings that count, are undecided and stand apart; gold items never count.",
    ),
    "undecided": Definition(
        "Undecided",
        "Images whose ratings are all in and say neither pass nor fail: as many for as against, or too few that count.",
    ),
    "per_image": Definition(
        "Pass rate per image",
        "Passing images divided by images judged. An image passes by its campaign's vote rule; an adjudicator's ruling"
        f" stands beside the votes and does not change it. {_INTERVAL}",
    ),
    "per_product": Definition(
        "Pass rate per product",
        "Products with at least the chosen number of passing images, divided by products with a judged image. It grows"
        " with the number of images a product has. The range behind it is Wilson's 95 % interval over products.",
    ),
    "products": Definition("Products", "Products with at least one judged image among those chosen."),
    "ratings": Definition("Ratings", "Ratings behind the verdicts chosen: neither withdrawn nor excluded."),
    "hours": Definition(
        "Hours",
        "Attention that these ratings took, without time in which the page was hidden or idle. Imported ratings often"
        " bring none.",
    ),
    "ratings_per_verdict": Definition(
        "Ratings per verdict", "Ratings divided by final verdicts, undecided ones among them: what a verdict costs."
    ),
    "question_rate": Definition(
        "Passes",
        "Images of which most raters answered this question so that it passes, divided by images where it was decided."
        f" {_INTERVAL}",
    ),
    "maybe": Definition("Maybe", "Share of all answers to this question that are “maybe”."),
    "no": Definition(
        "No", "Share of all answers to this question that are “no”, or another answer that does not pass."
    ),
    "unclear": Definition("Unclear", "Share of all answers to this question that are “unclear”."),
    "alone": Definition(
        "Decided alone",
        "Images that failed by this question only, all others having passed, as a share of the images that failed. They"
        " are what better images in this one respect would win.",
    ),
    "agreement": Definition(
        "Agreement",
        "How far raters agree beyond chance: 0 is chance, 1 is always. Computed over all ratings of the campaign that"
        " count, with a 95 % interval by bootstrap over images.",
    ),
    "progress": Definition(
        "Progress", "Ratings that came in, of the ratings that the campaign asks for, without those of gold items."
    ),
    "design_effect": Definition(
        "Images for one independent one",
        "How many images it takes to learn as much as from one image of another product: 1 where a product's images"
        " have nothing in common.",
    ),
}
