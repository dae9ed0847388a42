"""The analysts' room as an app: it hears of every verdict that changes."""

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """Notes each changed verdict in the transaction that changes it, and tells of products on their pages."""

    name = "review"

    def ready(self) -> None:
        from catalog import panels  # noqa: PLC0415 - rooms can be imported only once Django is ready
        from raters.signals import verdicts_changed  # noqa: PLC0415 - as above
        from review.counting import waiting  # noqa: PLC0415

        verdicts_changed.connect(waiting.note, dispatch_uid="review.waiting.note")
        panels.show("review:product-panel", "How people judged it")
