"""The raters' room as an app: what the site serves of its files."""

from django.apps import AppConfig


class RatersConfig(AppConfig):
    """Lets example pictures of guidelines be served. What is rated goes out by `views.pictures` alone."""

    name = "raters"

    def ready(self) -> None:
        from catalog import media  # noqa: PLC0415 - rooms can be imported only once Django is ready
        from raters.services.guidelines import PREFIX  # noqa: PLC0415

        media.serve_prefix(PREFIX)
