"""Example pictures beside a campaign's guidelines: good ones and bad ones."""

from typing import Any, BinaryIO

from django.db import transaction
from django.db.models import Max

from catalog.exceptions import CatalogError
from catalog.photos.checking import read_capped
from catalog.photos.normalising import normalise
from catalog.photos.storing import write
from raters.exceptions import BadCampaign
from raters.models import Campaign, CampaignEvent, GuidelinePicture
from raters.models.campaigns import CampaignState

PREFIX = "guidelines"  # of their files in storage
MOST_PICTURES = 40


def add_picture(  # noqa: PLR0913 - all but three by keyword
    campaign: Campaign, file: BinaryIO, name: str, *, good: bool, caption: str = "", by: Any = None
) -> GuidelinePicture:
    """Keep a picture, normalised as photos are: upright, in sRGB, without metadata. Raises BadCampaign.

    Of an open campaign's guidelines it makes the next version. It is decoded and stored before the campaign is locked:
    that takes its time, and raters share the campaign's row.
    """
    _check_takes_one(campaign)
    try:
        photo = normalise(read_capped(file, name), name)
    except CatalogError as refusal:
        raise BadCampaign(str(refusal)) from None
    key = f"{PREFIX}/{photo.sha256[:2]}/{photo.sha256}.{photo.format}"
    write(key, photo.data)
    with transaction.atomic():
        row = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        _check_takes_one(row)
        _changed(row, by, picture=key, good=good, caption=caption)
        last = row.guideline_pictures.aggregate(last=Max("order"))["last"]
        return GuidelinePicture.objects.create(
            campaign=row,
            key=key,
            width=photo.width,
            height=photo.height,
            good=good,
            caption=caption,
            order=0 if last is None else last + 1,
        )


@transaction.atomic
def remove_picture(campaign: Campaign, pk: int, *, by: Any = None) -> None:
    """Take a picture out of the guidelines; its file stays, another campaign may show it. Raises BadCampaign.

    Of an open campaign's guidelines it makes the next version.
    """
    row = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    _check_open(row)
    found = GuidelinePicture.objects.filter(campaign=row, pk=pk).first()
    if found is not None:
        found.delete()
        _changed(row, by, removed=found.key, good=found.good, caption=found.caption)


def _changed(row: Campaign, by: Any, **details: Any) -> None:
    """Once raters may have seen them, another picture makes other guidelines, and ratings say under which they are."""
    if row.state == CampaignState.DRAFT:
        return
    row.guidelines_version += 1
    row.save(update_fields=["guidelines_version"])
    CampaignEvent.objects.create(campaign=row, kind="guidelines changed", by=by, details=details)


def _check_takes_one(campaign: Campaign) -> None:
    _check_open(campaign)
    if campaign.guideline_pictures.count() >= MOST_PICTURES:
        raise BadCampaign(f"Guidelines have at most {MOST_PICTURES} pictures: remove one first.")


def _check_open(campaign: Campaign) -> None:
    if campaign.state == CampaignState.CLOSED:
        raise BadCampaign(
            f"The campaign “{campaign.name}” is closed and stays as it is, and so do its guidelines. Make a new one to"
            " show others."
        )
