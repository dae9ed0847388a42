"""Rating by a program that a rater has given a token: the very acts of the rating page, with the same refusals."""

# ruff: noqa: ARG002 - DRF calls with the request and the view, needed or not

from abc import ABC, abstractmethod
from typing import Any, cast

from rest_framework import permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from raters import handing
from raters.api.shared import RatersView
from raters.models import Campaign, Rater
from raters.selectors import own, rating_room
from raters.selectors.rating_room import Invitation, opened
from raters.services import changes, passing, people, rating
from raters.services.rating import Submission
from vitrine.access import Role, allow
from vitrine.api_fields import Body

LONGEST_MS = rating.LONGEST_MS


class _Milliseconds(serializers.IntegerField):
    """Attention: hidden tabs and idle time do not count."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=LONGEST_MS, required=False, **options)


class Nothing(Body):
    """No more than who asks. The library's own class would give its name in the schema to all that come of it."""


class Held(Body):
    """What is meant: an image that was handed to the rater."""

    assignment = serializers.UUIDField()


class Because(Held):
    reason = serializers.CharField(max_length=500)


class RateView(RatersView, ABC):
    """Calls by raters; `asked` is what was sent, checked."""

    permission_classes = [permissions.IsAuthenticated]
    Input: type[serializers.Serializer[Any]] = Nothing

    def post(self, request: Request, campaign: int) -> Response:
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        rater = people.rater_of(cast(User, request.user))
        return Response(self.act(rater, opened(campaign), dict(sent.validated_data)))

    @abstractmethod
    def act(self, rater: Rater, campaign: Campaign, asked: dict[str, Any]) -> dict[str, Any]:
        """Do it, and return the answer's body; refusals are raised."""


@allow(Role.RATER)
class RoomApi(RatersView):
    """GET: the campaigns that are open to the rater, and those that they have rated in."""

    permission_classes = [permissions.IsAuthenticated]

    def get(self, request: Request) -> Response:
        found = rating_room.invitations(people.rater_of(cast(User, request.user)))
        return Response({"results": [_invitation(one) for one in found]})


@allow(Role.RATER)
class AskedApi(RatersView):
    """GET: what a campaign asks: its questions with their answers, its guidelines in Markdown, and example pictures."""

    permission_classes = [permissions.IsAuthenticated]

    def get(self, request: Request, campaign: int) -> Response:
        found = rating_room.campaign_for(people.rater_of(cast(User, request.user)), campaign)
        names = ("id", "name", "state", "guidelines", "guidelines_version", "lease_minutes", "per_rater_limit")
        told = {name: getattr(found, name) for name in names}
        asked = rating_room.asked(found.question_set)
        return Response(told | {"questions": asked, "examples": handing.examples_of(found)})


@allow(Role.RATER)
class NextApi(RateView):
    """POST: what to rate now and after it; leased to the rater for so many seconds."""

    def act(self, rater: Rater, campaign: Campaign, asked: dict[str, Any]) -> dict[str, Any]:
        return handing.handout(rating.lease_next(rater, campaign))


@allow(Role.RATER)
class SubmitApi(RateView):
    """POST: a rating, and the answer of `next`. The same `request_id` twice is one rating."""

    class Input(Held):
        request_id = serializers.UUIDField()
        answers = serializers.DictField(help_text="by question key; all questions")
        times = serializers.DictField(child=_Milliseconds(), required=False, default=dict)
        active_ms = _Milliseconds(default=0)

    def act(self, rater: Rater, campaign: Campaign, asked: dict[str, Any]) -> dict[str, Any]:
        held = asked.pop("assignment")
        made, hands = rating.submit_and_lease(rater, held, Submission(**asked))
        # The image's own campaign says whether it tells, whatever campaign the address names.
        return handing.handout(hands, feedback=handing.feedback_on(made, hands.campaign))


@allow(Role.RATER)
class DraftApi(RateView):
    """POST: keep what is answered so far of an image that is held, and its lease for as long again."""

    class Input(Held):
        answers = serializers.DictField(help_text="by question key; those that there are")
        times = serializers.DictField(child=_Milliseconds(), required=False, default=dict)
        active_ms = _Milliseconds(default=0)

    def act(self, rater: Rater, campaign: Campaign, asked: dict[str, Any]) -> dict[str, Any]:
        kept = rating.save_draft(rater, asked["assignment"], asked["answers"], asked["times"], asked["active_ms"])
        return handing.drafted(kept)


@allow(Role.RATER)
class SkipApi(RateView):
    """POST: leave an image to others, with a reason, and the answer of `next`."""

    Input = Because

    def act(self, rater: Rater, campaign: Campaign, asked: dict[str, Any]) -> dict[str, Any]:
        return handing.handout(passing.skip_and_lease(rater, asked["assignment"], asked["reason"]))


@allow(Role.RATER)
class ReportApi(RateView):
    """POST: say that an image is broken or unsafe, and the answer of `next`."""

    Input = Because

    def act(self, rater: Rater, campaign: Campaign, asked: dict[str, Any]) -> dict[str, Any]:
        return handing.handout(passing.report_and_lease(rater, asked["assignment"], asked["reason"]))


@allow(Role.RATER)
class LeaveApi(RateView):
    """POST: give back what is held, but for what is named."""

    class Input(Body):
        keep = serializers.ListField(
            child=serializers.UUIDField(), required=False, default=list, max_length=rating.MOST_KEPT
        )

    def act(self, rater: Rater, campaign: Campaign, asked: dict[str, Any]) -> dict[str, Any]:
        return {"returned": rating.give_back(rater, campaign, keep=asked["keep"])}


@allow(Role.RATER)
class ChangeApi(RateView):
    """POST: other answers in place of one's own earlier ones, which are kept."""

    class Input(Held):
        answers = serializers.DictField(help_text="by question key; all questions")
        reason = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)

    def act(self, rater: Rater, campaign: Campaign, asked: dict[str, Any]) -> dict[str, Any]:
        changed = changes.change(rater, asked["assignment"], asked["answers"], reason=asked["reason"])
        return {"answers": changed.answers}


@allow(Role.RATER)
class WithdrawApi(RateView):
    """POST: take one's own rating back; it is kept, and does not count."""

    Input = Because

    def act(self, rater: Rater, campaign: Campaign, asked: dict[str, Any]) -> dict[str, Any]:
        changes.withdraw(rater, asked["assignment"], reason=asked["reason"])
        return {"withdrawn": True}


@allow(Role.RATER)
class MineApi(RatersView):
    """GET: one's own ratings in the campaign, newest first; `before` is the answer's."""

    permission_classes = [permissions.IsAuthenticated]

    def get(self, request: Request, campaign: int) -> Response:
        rater = people.rater_of(cast(User, request.user))
        return Response(own.ratings_page(rater, opened(campaign), request.query_params.get("before")))


def _invitation(one: Invitation) -> dict[str, Any]:
    return {"id": one.campaign.pk, "name": one.campaign.name, "state": one.state, "done": one.done}
