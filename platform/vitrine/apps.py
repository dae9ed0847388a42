from django.apps import AppConfig


class VitrineConfig(AppConfig):
    """The project as an app, for its commands and its wiring between rooms that may not import each other."""

    name = "vitrine"

    def ready(self) -> None:
        from vitrine import wiring  # noqa: PLC0415 - rooms can be imported only once Django is ready

        wiring.connect()
