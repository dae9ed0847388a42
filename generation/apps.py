"""The generation room as an app: what the site serves of its files."""

from django.apps import AppConfig

from generation.files import PICTURES, THUMBNAILS


class GenerationConfig(AppConfig):
    """Lets pictures of the pipeline be served beside the catalogue's photos; its data files never are."""

    name = "generation"

    def ready(self) -> None:
        from catalog import media  # noqa: PLC0415 - rooms can be imported only once Django is ready

        media.serve_prefix(PICTURES)
        media.serve_prefix(THUMBNAILS)
