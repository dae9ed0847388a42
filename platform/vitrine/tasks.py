"""The demo's own job: drawing takes longer than a new user should wait, and shows what a job looks like."""

from functools import partial

from jobs.context import JobContext
from jobs.kinds import job_kind
from vitrine import demo


@job_kind("demo.draw_samples")
def draw_samples(context: JobContext) -> dict[str, int]:
    """Draw the photos of the sample products, one product a step."""
    new = 0
    for number, sample in enumerate(demo.SAMPLES, start=1):
        new += context.step(sample.external_id, partial(demo.draw_photos, sample))
        context.progress(number, len(demo.SAMPLES), sample.title)
    return {"photos": new}
