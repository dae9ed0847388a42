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
    "days": Definition(
        "From, to", "Days, in UTC, of an image's newest rating that counts: both of them and all between them."
    ),
    "rater_group": Definition(
        "Ratings by",
        "Where all ratings of an image come from: people who rate here, raters of an imported file, or a simulated"
        " crowd; several of these, where it has ratings of more than one kind. There are no other groups of raters:"
        " those of one campaign are chosen by the campaign.",
    ),
    "best": Definition(
        "Only its best",
        "So many images of each product with the first places by that ranker, among all that it scored, or by the plain"
        " sum, judged or not and of whatever method: of these, the judged ones. Images that a ranker has not scored are"
        " left out. A comparison takes so many of each product and method.",
    ),
    "least": Definition(
        "A product passes from",
        "So many passing images make a product pass. It changes rates per product alone, and leaves no image out.",
    ),
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
    "ruled": Definition(
        "Ruled otherwise",
        "Images of which an adjudicator's newest ruling is not what the votes say. Rulings stand beside the votes: no"
        " figure here counts them.",
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
        " bring none: where some may be among these, no seconds of one are told.",
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
    "pearson": Definition(
        "Pearson",
        f"Pearson's correlation of the value and the verdict, 0 or 1: 0 is no relation, 1 a straight line. {_INTERVAL}",
    ),
    "spearman": Definition(
        "Spearman",
        "Spearman's rank correlation of the value and the share of ratings that accept the image: whether more of one"
        f" goes with more of the other, along any course. {_INTERVAL}",
    ),
    "auc": Definition(
        "ROC-AUC",
        "How often a passing image has a higher value than a failing one, over all such pairs: 0.5 is chance."
        f" {_INTERVAL}",
    ),
    "auc_within": Definition(
        "ROC-AUC within products",
        f"The same over pairs of images of one product, which is what choosing among its images takes. {_INTERVAL}",
    ),
    "first": Definition(
        "First of each product",
        "The pass rate of the judged images with the highest values of each product, the mean over products."
        f" {_INTERVAL}",
    ),
    "power": Definition(
        "Power", "The share of studies of this size that would find the difference, were it what is expected."
    ),
    "icc": Definition(
        "Likeness of a product's images",
        "Intraclass correlation: 0 where images of a product have nothing in common, 1 where all pass or none does. The"
        " more alike they are, the less another image of the same product tells.",
    ),
    "shared": Definition(
        "Likeness of methods on a product",
        "Correlation of how well products do under two methods. Products that are hard for both make differences"
        " between methods easier to see.",
    ),
    "design_effect": Definition(
        "Images for one independent one",
        "How many images it takes to learn as much as from one image of another product: 1 where a product's images"
        " have nothing in common.",
    ),
    "own_rate": Definition(
        "Its own pass rate",
        "Passing images of this product divided by those judged. The range behind it is Wilson's 95 % interval over its"
        " images: how more images of this very product, made in the same ways, would do. It says nothing of others.",
    ),
    "type_rate": Definition(
        "Pass rate of its type",
        f"The same over all products of its type, this one among them, with the filters that are set here. {_INTERVAL}",
    ),
    "fails": Definition(
        "Questions that fail",
        "For each question, the share of the product's images that fail it, of those where it was decided. An image"
        " fails as a whole where any question fails, so that shares do not add up. “By this alone” counts those that"
        " passed every other question.",
    ),
    "accepts": Definition(
        "Would accept the image",
        "Whether every answer of the rater passes; the share is of all raters whose ratings count.",
    ),
    "vote_outcome": Definition(
        "Together",
        "What most of the ratings that count say of the question. As many for as against is tied; fewer answers than"
        " most of the wanted raters is too few.",
    ),
    "metrics": Definition(
        "Metrics",
        "Cosines of embeddings, higher is better. CLIP-I and DINO-I hold the image against the product's photos, CLIP-T"
        " against its prompt; Seg ones look at the product alone. A dash: not measured, or no product was found.",
    ),
    "sum": Definition("Sum", "CLIP-I, CLIP-T and DINO-I added up: the pipeline's order until a ranker has won."),
    "place": Definition("Place", "Of the images of the same run, 1 is the best; a place is shared where figures are."),
    "probability": Definition(
        "Probability",
        "What the ranker that is chosen, else the champion, says of the chance that the image passes. A dash: that"
        " ranker has not looked at it.",
    ),
    "votes": Definition(
        "“2 of 3 accept”",
        "Ratings of the image that answer every question so that it passes, of those that count. The verdict is made by"
        " the campaign's vote rule, question by question where nothing else is set: an image can pass though few accept"
        " every answer.",
    ),
    "own_passing": Definition(
        "“3 of 5 pass”",
        "Passing images of the product, of those judged, among the images that the filters choose; undecided ones stand"
        " beside them. The badge is ticked where enough of them pass.",
    ),
    "agreement_images": Definition("Images", "Images of the campaign that the agreement is computed over."),
    "interval": Definition(
        "95 %", "The range in which the rate lies with 95 % confidence. It counts products, not images."
    ),
    "compared_rate": Definition(
        "Pass rate compared",
        "Of the products judged under both methods alone. Per image: passing images divided by images judged; per"
        " product: the share of products with enough passing images.",
    ),
    "difference": Definition(
        "Difference",
        "The method's rate less the baseline's, in percentage points. The range is a 95 % interval over products:"
        " Student's t below 50 products, from there a paired cluster bootstrap.",
    ),
    "ratio": Definition(
        "Ratio",
        "The method's rate divided by the baseline's: 1 is the same. The range is a 95 % interval.",
    ),
    "tests": Definition(
        "Tests",
        "How often methods that are alike would differ this much by chance. Per image: a paired t and a sign-flip test"
        " on products, and a logistic GEE on images clustered by product. Per product: McNemar's exact test.",
    ),
    "p_corrected": Definition(
        "p, corrected",
        "The p-value after Holm's correction for everything looked at beside it: methods, questions or types. Of parts"
        " it is that of the paired t test on products.",
    ),
    "better": Definition(
        "Better",
        "Named where the 95 % interval of the difference leaves zero out and p, corrected, is under 5 %. “Open”: nobody"
        " can be told.",
    ),
    "both": Definition("Products", "Products with judged images under both methods: only these are compared."),
    "changed_sides": Definition(
        "Changed sides",
        "Products with enough passing images under one of the two methods, too few under the other.",
    ),
    "measured": Definition("Images", "Judged images that have a value of the metric or a score of the ranker."),
    "mean_images": Definition("Images", "Images with metrics that means are taken over; held-back ones are left out."),
    "plan_products": Definition(
        "Products under both methods",
        "The smallest number of products with which the share of simulated studies asked for finds the difference.",
    ),
    "plan_images": Definition("Images of both", "Products, times images a product of each method, times two methods."),
    "plan_ratings": Definition(
        "Ratings of all",
        "Images times raters an image. A third rater only where the first two leave it open saves about a quarter.",
    ),
    "plan_hours": Definition(
        "Hours of attention",
        "Ratings times the seconds of one: those given, else the mean of the ratings here whose time is known.",
    ),
}
