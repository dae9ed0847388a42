"""What the server refuses a rater or an operator, each in one plain sentence.

`code` is for programs, `status` what HTTP answers. The sentence says what was wrong and what to do.
"""


class Refused(Exception):
    """A rule of rating was broken; the text is the sentence for the person."""

    code = "refused"
    status = 400

    def __init__(self, sentence: str = "") -> None:
        super().__init__(sentence or self.sentence)

    sentence = "That cannot be done."


class AppendOnly(Refused):
    """A record of what happened is only ever added to."""

    code = "append_only"
    sentence = "The record of changes is only ever added to: nothing in it can be changed or removed."


class NotFound(Refused):
    code, status = "not_found", 404
    sentence = "There is no such image for you to rate. Load the page again for the next one."


class NotAllowed(Refused):
    """The rater may not rate in this campaign, or not yet."""

    code, status = "not_allowed", 403
    sentence = "You are not among the raters of this campaign. Ask its operator to invite you."


class NotQualified(NotAllowed):
    code = "not_qualified"
    sentence = "Your answers in the qualification round differed too often from the expected ones to go on here."


class CampaignNotOpen(Refused):
    code, status = "not_open", 409
    sentence = "This campaign is not open for rating now."


class NotHeld(Refused):
    """The rater does not hold the task (any more)."""

    code, status = "not_held", 409
    sentence = "You do not hold this image. Load the page again for the next one."


class AlreadyRated(Refused):
    code, status = "already_rated", 409
    sentence = "You have rated this image already. To change your answers, go back to it."


class EnoughRatings(Refused):
    """A surplus rating: the held time was over, and others have rated meanwhile."""

    code, status = "enough_ratings", 409
    sentence = "Your time for this image ran out, and others have rated it meanwhile. Go on with the next one."


class BadAnswers(Refused):
    """Answers that are missing, unknown, or to questions that were not asked."""

    code, status = "bad_answers", 422
    sentence = "The answers are incomplete."


class BadRequest(Refused):
    """The request itself is malformed."""

    code, status = "bad_request", 400
    sentence = "The request could not be read."


class AnswersShown(Refused):
    """The rater has been told what was expected: an answer given now would say nothing."""

    code, status = "answers_shown", 409
    sentence = "You have been shown the expected answers to this image, so your own stay as they were."


class RequestReused(Refused):
    code, status = "request_reused", 409
    sentence = "This request id belongs to your rating of another image. Use a new one for each rating."


class BadCampaign(Refused):
    """An operator's campaign, question set or choice of images that cannot be."""

    code, status = "bad_campaign", 400
    sentence = "The campaign cannot be made like that."
