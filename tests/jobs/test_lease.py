"""Holding a job."""

import pytest
from django.utils import timezone

from jobs import lease
from jobs.exceptions import LeaseLost
from jobs.models import Job, State
from tests.factories.jobs import make_dead_job, make_job


@pytest.mark.django_db
def test_renewing_writes_the_fields_and_tells_of_a_cancellation() -> None:
    job = make_dead_job()
    assert lease.renew(job, progress_done=4) is False
    row = Job.objects.get()
    assert row.progress_done == 4
    assert row.lease_until
    assert row.lease_until > timezone.now()
    Job.objects.update(cancel_requested=True)
    assert lease.renew(job) is True


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"fence": 2}, {"state": State.QUEUED}])
def test_who_no_longer_holds_the_job_changes_nothing(change: dict[str, object]) -> None:
    job = make_job(state=State.RUNNING)
    Job.objects.update(**change)
    with pytest.raises(LeaseLost, match=f"#{job.pk} is no longer held"):
        lease.renew(job, progress_done=99)
    with pytest.raises(LeaseLost):
        lease.hold_for_step(job)
    assert Job.objects.get().progress_done == 0
