"""Campaigns with real pictures, for tests that look at them in a browser."""

import io
from functools import lru_cache
from typing import Any

from catalog.samples import render_product_photo
from raters.models import Campaign
from raters.services import campaigns, tasks, uploads

GUIDELINES = "## What to look for\n\n- Look at **all photos** first.\n- Judge what you see.\n"


@lru_cache(maxsize=32)
def picture_bytes(number: int, side: int = 96) -> bytes:
    """A small picture of a mug; another number, another mug."""
    buffer = io.BytesIO()
    render_product_photo("mug", number, side).save(buffer, "PNG")
    return buffer.getvalue()


def make_shown_campaign(
    images: int = 3, *, photos: int = 2, side: int = 96, state: str = "open", **settings: Any
) -> Campaign:
    """A campaign of so many pictures of one mug, with so many photos of it to hold them against."""
    settings.setdefault("guidelines", GUIDELINES)
    campaign = campaigns.make_campaign("Mugs and lamps, autumn", **settings)
    kept = [vars(uploads.keep_picture(picture_bytes(number, side), "photo.png")) for number in range(photos)]
    subject = tasks.subject_for(campaign, tasks.NewSubject("Stoneware mug", noun="mug", photos=kept))
    stored = [uploads.keep_picture(picture_bytes(number + 10, side), "image.png") for number in range(images)]
    new = [
        tasks.NewTask(
            one.key, one.width, one.height, subject, name=f"image-{number}", method="ab"[number % 2], prompt="{product}"
        )
        for number, one in enumerate(stored)
    ]
    tasks.add_tasks(campaign, new)
    return campaigns.open_campaign(campaign) if state == "open" else campaign
