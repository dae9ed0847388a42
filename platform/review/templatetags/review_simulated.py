"""Says on the pages of review that made-up ratings are among what they show: figures of those are about no people."""

from django import template

from raters.models import Campaign
from raters.models.campaigns import CampaignState, Origin
from review.filters import Filters
from review.models import Voters

register = template.Library()


@register.simple_tag
def simulated(filters: Filters | str | None) -> bool:
    """Whether a campaign of a simulated crowd may be among what the filters choose; one query."""
    found = Campaign.objects.filter(origin=Origin.SIMULATION).exclude(state=CampaignState.DRAFT)
    if isinstance(filters, Filters):
        if filters.voters in (Voters.PEOPLE, Voters.IMPORTED):
            return False
        if filters.campaign is not None:
            found = found.filter(pk=filters.campaign)
    return found.exists()
