"""The Celery application: it carries messages between processes; the truth about work is in the `jobs` tables."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from kombu.transport import TRANSPORT_ALIASES

from vitrine.env import settings_or_exit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vitrine.settings")
settings_or_exit()
TRANSPORT_ALIASES["embedded"] = "jobs.broker:Transport"

# Without Celery's Django fixup: it closes the database after each task, which costs more than a small job does.
# jobs.process does what is needed of it.
app = Celery("vitrine", fixups=[])
app.config_from_object("django.conf:settings", namespace="CELERY")


@setup_logging.connect
def keep_django_logging(**_: Any) -> None:
    """With a receiver here Celery leaves the log as Django's settings have set it up."""
