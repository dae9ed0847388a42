"""The analysts' room as an app: it hears of every verdict that changes."""

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """Notes each changed verdict for counting, in the transaction that changes it."""

    name = "review"

    def ready(self) -> None:
        from raters.signals import verdicts_changed  # noqa: PLC0415 - rooms can be imported only once Django is ready
        from review.counting import waiting  # noqa: PLC0415

        verdicts_changed.connect(waiting.note, dispatch_uid="review.waiting.note")
