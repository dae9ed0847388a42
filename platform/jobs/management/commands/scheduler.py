"""`manage.py scheduler`: send what is due, such as the look for jobs whose worker died."""

from typing import Any

from django.core.management.base import BaseCommand

from jobs import workers


class Command(BaseCommand):
    help = "Send the scheduled entries until Ctrl-C; run one for each installation."
    requires_system_checks = ()

    def handle(self, *_: Any, **__: Any) -> None:
        workers.schedule()
