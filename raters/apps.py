"""The raters' room as an app: what the site serves of its files."""

from django.apps import AppConfig
from django.db.models.signals import pre_delete


class RatersConfig(AppConfig):
    """Lets example pictures of guidelines be served, keeps what campaigns show, says what was accepted, and takes
    persons out of their votes.

    What is rated goes out by `views.pictures` alone.
    """

    name = "raters"

    def ready(self) -> None:
        from accounts.models import User  # noqa: PLC0415 - rooms can be imported only once Django is ready
        from catalog import media  # noqa: PLC0415
        from catalog.photos import storing  # noqa: PLC0415
        from generation import accepting, sweeping  # noqa: PLC0415
        from raters.selectors import accepted, files  # noqa: PLC0415
        from raters.services import people  # noqa: PLC0415
        from raters.services.guidelines import PREFIX  # noqa: PLC0415

        media.serve_prefix(PREFIX)
        storing.keep_while(files.photos_in_use)
        sweeping.keep_while(files.pictures_in_use)
        accepting.provide(accepted.judged)
        pre_delete.connect(people.before_user_goes, sender=User, dispatch_uid="raters.before_user_goes")
