"""What joins catalog and jobs: imports and the nightly sweep run as jobs, each asked for once."""

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from catalog.models import ImportRun, Product
from catalog.services.imports import make_import, request_import
from jobs.context import JobContext
from jobs.kinds import kind_named
from jobs.models import Job
from tests.factories.imports import make_files
from vitrine import wiring


@pytest.mark.django_db(transaction=True)
def test_a_requested_import_is_a_job_that_does_it(tmp_path: Path) -> None:
    make_files(tmp_path, {"list.csv": "id\na\n,\nb\n"})
    run = make_import(layout="auto", origin=str(tmp_path / "list.csv"))
    request_import(run)
    request_import(run)
    job = Job.objects.get()
    done = kind_named(job.kind).run(JobContext(job), job.params)
    assert done == {"rows": 2, "photos": 0, "refused": 0}
    assert Product.objects.count() == 2
    assert ImportRun.objects.get().source == "manifest"


@pytest.mark.django_db(transaction=True)
def test_the_nightly_sweep_is_one_job_a_day() -> None:
    default_storage.save("uploads/young.zip", ContentFile(b"x"))
    wiring.submit_sweep()
    wiring.submit_sweep()
    job = Job.objects.get(kind=wiring.SWEEP)
    assert kind_named(job.kind).run(JobContext(job), job.params) == {"photos": 0, "uploads": 0}
    assert default_storage.exists("uploads/young.zip")
    default_storage.delete("uploads/young.zip")
