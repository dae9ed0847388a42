"""What evaluation refuses, each in a plain sentence that an operator may read."""


class CannotEvaluate(ValueError):
    """Scores, labels or a wish that no figure can be made of. The sentence names the value and the way out."""


class FrozenProducts(ValueError):
    """Products of the frozen test split were about to be learned from."""
