"""The ranking room as an app: what stands on its jobs' pages, and what it hears."""

from django.apps import AppConfig


class RankingConfig(AppConfig):
    """Shows a training's figures on its job's page, orders new images by the champion, and hears how jobs end."""

    name = "ranking"

    def ready(self) -> None:
        from generation import ordering  # noqa: PLC0415 - rooms can be imported only once Django is ready
        from generation import panels as candidate_panels  # noqa: PLC0415
        from jobs import panels  # noqa: PLC0415
        from jobs.signals import job_finished  # noqa: PLC0415
        from ranking import tasks  # noqa: PLC0415

        ordering.provide("ranking.running.ordering.order")
        candidate_panels.show("ranking:candidate-score", "What rankers say of it")
        panels.show(tasks.TRAIN, "ranking:job-training", "Figures so far")
        job_finished.connect(tasks.on_job_finished, dispatch_uid="ranking.tasks.on_job_finished")
