"""How sure one product's own pass rate is, as far as it alone is asked about."""

from statistics import NormalDist

from review.statistics.rates import CONFIDENCE, Rate, Sums, wilson


def of_one_product(sums: Sums, confidence: float = CONFIDENCE) -> Rate:
    """The share of a product's images that pass, with Wilson's interval over its images.

    Given the product, its images are independent draws of the same methods: the interval is of what more images of this
    very product would do. It says nothing of other products.
    """
    if sums.images == 0:
        return Rate(said="No image is judged.")
    value = sums.passed / sums.images
    low, high = wilson(value, sums.images, NormalDist().inv_cdf((1 + confidence) / 2))
    return Rate(value, low, high, of=sums.images, passed=sums.passed, products=sums.products)
