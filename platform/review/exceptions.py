"""What review refuses, each with the sentence for the person."""


class CannotSave(ValueError):
    """A view that cannot be saved as it is."""


class CannotReport(ValueError):
    """A report that cannot be made."""


class TooLong(ValueError):
    """Filters that are longer than what is asked for can hold."""


class CannotChoose(ValueError):
    """Images that cannot be marked or sent together."""
