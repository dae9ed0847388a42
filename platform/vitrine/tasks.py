"""The demo's own job: keeping photos takes longer than a new user should wait, and shows what a job looks like."""

from functools import partial

from jobs.context import JobContext
from jobs.kinds import job_kind
from vitrine import demo


@job_kind("demo.add_photos")
def add_photos(context: JobContext) -> dict[str, int]:
    """Keep the photos of the sample products, one product a step."""
    new, samples = 0, demo.samples()
    for number, sample in enumerate(samples, start=1):
        new += context.step(sample.row.external_id, partial(demo.add_photos_of, sample))
        context.progress(number, len(samples), sample.row.title)
    return {"photos": new}
