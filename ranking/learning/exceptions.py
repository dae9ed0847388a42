"""What learning refuses, each in a plain sentence that an operator may read."""


class CannotLearn(ValueError):
    """The labels or features at hand do not allow this ranker. The sentence names the figure and the way out."""


class WrongTable(ValueError):
    """A feature table or a set of labels is not what it should be: shapes, columns, ids."""


class BadRankerFile(ValueError):
    """A stored ranker is incomplete, changed or of a form that this version does not read."""
