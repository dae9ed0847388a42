"""The project as an app, and the admin that operators get in place of Django's own."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class VitrineConfig(AppConfig):
    """The project as an app, for its commands and its wiring between rooms that may not import each other."""

    name = "vitrine"

    def ready(self) -> None:
        from vitrine import wiring  # noqa: PLC0415 - rooms can be imported only once Django is ready

        wiring.connect()


class OperatorAdminConfig(AdminConfig):
    """Makes `django.contrib.admin.site` the operators' site, so that `admin.register` of each room reaches it."""

    default_site = "vitrine.admin.OperatorSite"
