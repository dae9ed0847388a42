"""What cannot be said from the numbers given; the text is the sentence for the person."""


class CannotCompare(ValueError):
    """Too few products, or counts that do not belong together."""


class CannotPlan(ValueError):
    """A study that no number of products makes possible, or figures that no study can have."""
