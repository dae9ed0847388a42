"""What ranking refuses, each in one plain sentence: what was wrong, and what to do."""


class Refused(Exception):
    """A rule of ranking was broken; the text is the sentence for the person."""

    status = 400


class BadWish(Refused):
    """What was asked for cannot be done with these values."""


class NotEnoughLabels(Refused):
    """There is too little to learn from, or only one kind of it."""


class NotPromoted(Refused):
    """The gate said no, or something else is being promoted."""

    status = 409


class TooMany(Refused):
    """It would be one too many at once."""

    status = 429


class Damaged(Refused):
    """A stored file is gone, or is not what it was."""

    status = 500


class Outdated(Damaged):
    """What is stored was made by another version of the code, and cannot be gone on with."""

    status = 409
