"""The Django project: settings, URLs, Celery, and what every room may use (access, paging, logs)."""

__version__ = "0.1.0"
