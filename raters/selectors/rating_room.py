"""What raters see before they rate: their campaigns, and what the rating page asks."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.http import Http404

from raters.exceptions import NotFound
from raters.models import Campaign, CampaignRater, QuestionSet, Rater
from raters.models.campaigns import CampaignState
from raters.models.questions import Answer

_LABELS = {str(value): str(label) for value, label in Answer.choices}
OVER = 50  # campaigns that are over, in a rater's list
# Keys of the page itself; an answer whose first letter is one of these is given by its digit.
TAKEN = frozenset("zsrpfxc")


@dataclass(frozen=True)
class Invitation:
    """A campaign that a rater may open, and how far they are in it (None: not begun)."""

    campaign: Campaign
    member: CampaignRater | None

    @property
    def done(self) -> int:
        return self.member.ratings + self.member.gold_ratings if self.member else 0

    @property
    def state(self) -> str:
        """ "open", "paused", "blocked", "failed" (did not qualify) or "closed"."""
        if self.member and self.member.state in (CampaignRater.State.BLOCKED, CampaignRater.State.FAILED):
            return str(self.member.state)
        return str(self.campaign.state)


def invitations(rater: Rater) -> list[Invitation]:
    """Campaigns that are open to the rater, and those that they have rated in; open ones first, then newest first.

    Of those that are over, the newest OVER.
    """
    own = Exists(CampaignRater.objects.filter(rater=rater, campaign=OuterRef("pk")))
    campaigns = Campaign.objects.filter(own | Q(by_invitation=False)).exclude(state=CampaignState.DRAFT).order_by("-pk")
    going = list(campaigns.exclude(state=CampaignState.CLOSED))
    over = list(campaigns.filter(own, state=CampaignState.CLOSED)[:OVER])
    mine = {row.campaign_id: row for row in CampaignRater.objects.filter(rater=rater, campaign__in=going + over)}
    found = [Invitation(campaign, mine.get(campaign.pk)) for campaign in going + over]
    return sorted(found, key=lambda one: one.state != CampaignState.OPEN)


def opened(pk: int) -> Campaign:
    """A campaign that was opened: of a draft raters learn nothing, not even its name. Raises NotFound."""
    found = Campaign.objects.select_related("question_set").filter(pk=pk).exclude(state=CampaignState.DRAFT).first()
    if found is None:
        raise NotFound("There is no such campaign.")
    return found


def campaign_for(rater: Rater, pk: int) -> Campaign:
    """A campaign that the rater may see: opened, and to all or with a place for them. Raises Http404."""
    campaign = Campaign.objects.select_related("question_set").filter(pk=pk).exclude(state=CampaignState.DRAFT).first()
    invited = campaign is not None and (
        not campaign.by_invitation or CampaignRater.objects.filter(campaign=campaign, rater=rater).exists()
    )
    if campaign is None or not invited:
        raise Http404("There is no such campaign for you. Ask its operator to invite you.")
    return campaign


def asked(question_set: QuestionSet) -> list[dict[str, Any]]:
    """The questions as the page shows them, each with its choices: value, label and the letter that gives it."""
    return [
        {
            "key": question.key,
            "topic": question.topic,
            "wording": question.wording,
            "help_text": question.help_text,
            "shown": question.shown,
            "choices": choices(question.answers),
        }
        for question in question_set.questions.all()
    ]


def shared_choices(questions: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The choices of all questions of `asked` where they have the same ones; none where they differ."""
    first: list[dict[str, str]] = questions[0]["choices"] if questions else []
    return first if all(question["choices"] == first for question in questions) else []


def question_sets() -> list[Any]:
    """Every version of every set, with `question_count` and `campaign_count`."""
    counts = {"question_count": Count("questions", distinct=True), "campaign_count": Count("campaigns", distinct=True)}
    return list(QuestionSet.objects.annotate(**counts).order_by("name", "-version"))


def choices(answers: list[str]) -> list[dict[str, str]]:
    """Each answer with its label, and its first letter where no other answer and no key of the page has it."""
    letters = [answer[:1].lower() for answer in answers]
    return [
        {
            "value": answer,
            "label": _LABELS.get(answer, answer.replace("_", " ").capitalize()),
            "letter": letter if letters.count(letter) == 1 and letter not in TAKEN and letter.isalpha() else "",
        }
        for answer, letter in zip(answers, letters, strict=True)
    ]
