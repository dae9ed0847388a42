"""The generation room as an app: what the site serves of its files."""

from django.apps import AppConfig
from django.db.models.signals import post_delete, pre_delete

from generation.files import PICTURES, THUMBNAILS


class GenerationConfig(AppConfig):
    """Lets pictures of the pipeline be served beside the catalogue's photos, and hears how its jobs end."""

    name = "generation"

    def ready(self) -> None:
        from catalog import media, panels, prompt_writers  # noqa: PLC0415 - rooms can be imported only once Django is ready
        from catalog.photos import storing  # noqa: PLC0415
        from generation import tasks  # noqa: PLC0415
        from generation.models import Run  # noqa: PLC0415
        from generation.selectors import photos, runs  # noqa: PLC0415
        from generation.services import graph, removing  # noqa: PLC0415
        from jobs import panels as job_panels  # noqa: PLC0415
        from jobs.signals import job_finished  # noqa: PLC0415

        storing.keep_while(photos.in_use)
        media.serve_prefix(PICTURES)
        media.serve_prefix(THUMBNAILS)
        panels.show("generation:product-photos", "The product in its photos")
        panels.show("generation:product-runs", "Runs")
        panels.offer("generation:batch-new", "Generate for these")
        panels.warn(runs.what_goes)
        job_panels.show(graph.FINETUNE_KIND, "generation:job-training", "Training")
        prompt_writers.provide("generation.bank_writing.write_prompts")
        pre_delete.connect(removing.before_run_goes, sender=Run, dispatch_uid="generation.before_run_goes")
        post_delete.connect(removing.after_run_went, sender=Run, dispatch_uid="generation.after_run_went")
        job_finished.connect(tasks.on_job_finished, dispatch_uid="generation.tasks.on_job_finished")
