from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    """Finds the job kinds of every app, in its `tasks` module."""

    name = "jobs"

    def ready(self) -> None:
        from vitrine import celery  # noqa: F401, PLC0415 - binds shared tasks to our Celery application

        autodiscover_modules("tasks")
