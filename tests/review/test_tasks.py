"""The jobs of review: counting what waits, and counting anew each night."""

from jobs.models import Job
from review import tasks
from review.counting import waiting
from review.models import JudgedImage
from tests.factories.catalog import make_product, make_type
from tests.factories.rating import make_campaign, make_rater, rate
from tests.review.made import judged, run_job


def run_only_job() -> object:
    return run_job(Job.objects.get())


def test_nothing_is_queued_while_nothing_waits(db: None) -> None:
    tasks.submit_count()
    assert not Job.objects.exists()


def test_what_waits_is_counted_by_one_job(db: None) -> None:
    rate(make_rater(), make_campaign(1, raters_per_image=1))
    tasks.submit_count()
    tasks.submit_count()
    assert run_only_job() == {"verdicts": 1}
    assert waiting.how_many() == 0
    assert JudgedImage.objects.count() == 1


def test_a_product_that_got_another_type_is_found_at_night(db: None) -> None:
    mug = make_product(type="mug")
    judged([(mug, "a", "x", [True])])
    mug.type = make_type("lamp")
    mug.save()
    tasks.submit_rebuild()
    tasks.submit_rebuild()
    run_only_job()
    assert JudgedImage.objects.get().type == mug.type_id
