"""Which images a campaign holds: candidates that were generated here, and pictures made elsewhere."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Max, QuerySet
from django.utils import timezone

from catalog.models import Photo, Product
from generation.models import Candidate
from raters import leasing, rows
from raters.choosing import in_batches
from raters.exceptions import BadCampaign
from raters.models import Assignment, Campaign, CampaignEvent, CampaignRater, Rating, Subject, Task, Verdict
from raters.models.campaigns import CampaignState
from raters.models.tasks import TaskState
from raters.ordering import interleaved
from raters.turns import writing

BATCH = 2_000
# Of a new task, in the order in which `_insert` gives them; what else there is the database makes.
COLUMNS = (
    "campaign_id", "subject_id", "candidate_id", "name", "method", "prompt", "picture_key", "width", "height",
    "position", "state", "wanted", "extra", "held", "done", "stamp", "reports", "created_at",
)  # fmt: skip


@dataclass(frozen=True)
class NewTask:
    """An image to rate: its file, what it is of, and what is kept from raters about it."""

    picture_key: str
    width: int
    height: int
    subject: Subject
    name: str = ""
    method: str = ""
    prompt: str = ""
    candidate: int | None = None


@dataclass(frozen=True)
class NewSubject:
    """What uploaded images are of: a product of the catalogue, or a name with photos of its own."""

    name: str
    product: Product | None = None
    noun: str = ""
    photos: list[dict[str, Any]] = field(default_factory=list)


@writing()
def add_candidates(campaign: Campaign, candidates: Sequence[int]) -> int:
    """Add generated images by id (`raters.choosing.chosen`), without those that the campaign has; returns how many.

    Images that the safety filter held back are left out. Raises BadCampaign for a campaign that is closed.
    """
    new: list[NewTask] = []
    subjects: dict[int, Subject] = {}
    for ids in in_batches(candidates):
        known = Task.objects.filter(campaign=campaign, candidate__in=ids).values("candidate")
        fitting = Candidate.objects.filter(pk__in=ids, dropped="").exclude(pk__in=known).select_related("run__method")
        found = list(fitting.defer("words").order_by("pk"))
        subjects |= _product_subjects(campaign, {row.run.product_id for row in found} - set(subjects))
        new += [_of_candidate(row, subjects[row.run.product_id]) for row in found]
    return add_tasks(campaign, new)


@writing()
def add_tasks(campaign: Campaign, new: Sequence[NewTask]) -> int:
    """Add images in an order by chance and the campaign's seed, interleaved by method in each product.

    Later additions come after what is there. Raises BadCampaign for a campaign that is closed.
    """
    row = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if row.state == CampaignState.CLOSED:
        raise BadCampaign("A closed campaign takes no more images. Make a new one.")
    newest = Task.objects.filter(campaign=row).aggregate(newest=Max("position"))["newest"]
    first = 0 if newest is None else newest + 1
    places: list[tuple[Hashable, Hashable]] = [(task.subject.pk, task.method) for task in new]
    ordered = interleaved(new, places, row.seed + first)
    _insert(row, ordered, first)
    asked = len(new) * row.raters_per_image
    Campaign.objects.filter(pk=row.pk).update(
        task_count=F("task_count") + len(new), rating_target=F("rating_target") + asked
    )
    campaign.refresh_from_db(fields=["task_count", "rating_target"])
    return len(new)


@transaction.atomic
def subject_for(campaign: Campaign, new: NewSubject) -> Subject:
    """The campaign's subject of that product, or of that name and photos; made when there is none."""
    if new.product is not None:
        return _product_subjects(campaign, {new.product.pk})[new.product.pk]
    for found in Subject.objects.filter(campaign=campaign, product=None, name=new.name):
        if found.photos == new.photos:
            return found
    return Subject.objects.create(campaign=campaign, name=new.name, noun=new.noun, photos=new.photos)


@transaction.atomic
def remove_tasks(campaign: Campaign, tasks: QuerySet[Task]) -> int:
    """Take images out of a draft; returns how many. Raises BadCampaign once it was opened: what is rated stays."""
    row = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if row.state != CampaignState.DRAFT:
        raise BadCampaign("Images stay in a campaign once it was opened. Close it, and make a new one without them.")
    gone = tasks.filter(campaign=row)
    gold = gone.filter(gold__isnull=False).count()
    count = gone.count()
    gone.delete()
    row.task_count -= count - gold
    row.gold_count -= gold
    row.rating_target = row.task_count * row.raters_per_image
    row.save(update_fields=["task_count", "gold_count", "rating_target"])
    campaign.refresh_from_db()
    return count


@writing()
def release(task: Task, *, by: Any = None) -> None:
    """Let raters have an image again that was withheld. Raises BadCampaign for one that is not, and once it is closed.

    One that nobody has had is fresh again, and may become a gold item.
    """
    row, member = _locked(task)
    if row.state != TaskState.WITHHELD:
        raise BadCampaign(f"Image {row.pk} is not withheld: raters can have it already.")
    if Assignment.objects.filter(task=row.pk).exists():
        row.state, row.reports = TaskState.BEGUN, 0
        row.save(update_fields=["reports"])
        leasing.move(row, complete=Verdict.objects.filter(task=row.pk, early=True).exists())
    else:
        Task.objects.filter(pk=row.pk).update(state=TaskState.FRESH, stamp=0, reports=0)
    if member is not None and row.state == TaskState.COMPLETE:
        CampaignRater.objects.filter(pk=member.pk).update(finished=F("finished") + 1)
    CampaignEvent.objects.create(campaign_id=row.campaign_id, kind="image released", by=by, details={"task": row.pk})


@writing()
def withhold(task: Task, *, by: Any = None) -> None:
    """Hand an image out to nobody more until it is released; its ratings stay, and who holds it may finish.

    Raises BadCampaign for one that is withheld already, for a gold item, and once the campaign is closed.
    """
    row, member = _locked(task)
    if row.state == TaskState.GOLD:
        raise BadCampaign(f"Image {row.pk} is a gold item: it stays among the others.")
    if row.state == TaskState.WITHHELD:
        raise BadCampaign(f"Image {row.pk} is withheld already.")
    if row.state == TaskState.COMPLETE:
        if member is None:  # its one rating came between the two looks
            raise BadCampaign(f"Image {row.pk} was rated this very moment. Try again.")
        CampaignRater.objects.filter(pk=member.pk).update(finished=F("finished") - 1)
    Task.objects.filter(pk=row.pk).update(state=TaskState.WITHHELD)
    CampaignEvent.objects.create(campaign_id=row.campaign_id, kind="image withheld", by=by, details={"task": row.pk})


# What an operator may say of one image, by the name of the call.
ACTS: dict[str, Callable[..., None]] = {"release": release, "withhold": withhold}


def _locked(task: Task) -> tuple[Task, CampaignRater | None]:
    """The task, and who rated it last: theirs is the image that is done, where it is.

    A rater's row is locked before the task, as everywhere. Raises BadCampaign where nobody is shown it any more.
    """
    newest = Rating.objects.filter(task=task.pk, withdrawn_at=None).order_by("-pk").first()
    member = rows.member(newest.rater_id, newest.campaign_id) if newest else None
    row = Task.objects.select_for_update(of=("self",), no_key=True).select_related("campaign").get(pk=task.pk)
    if rows.campaign_state(row.campaign_id) == CampaignState.CLOSED:
        raise BadCampaign(
            f"The campaign “{row.campaign.name}” is closed and stays as it is: raters get none of its images any"
            " more. Make a new one to have them rated."
        )
    return row, member


def _of_candidate(row: Candidate, subject: Subject) -> NewTask:
    return NewTask(
        picture_key=row.key,
        width=row.width,
        height=row.height,
        subject=subject,
        method=str(row.run.method),
        prompt=row.prompt,
        candidate=row.pk,
    )


def _insert(campaign: Campaign, new: Iterable[NewTask], first: int) -> None:
    """Fresh tasks from that position on, straight into the table: Django's own way takes a CPU second for 8,000."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    wanted = campaign.raters_per_image
    lines = (
        (
            campaign.pk, one.subject.pk, one.candidate, one.name, one.method, one.prompt, one.picture_key, one.width,
            one.height, position, TaskState.FRESH.value, wanted, 0, 0, 0, 0, 0, now,
        )
        for position, one in enumerate(new, first)
    )  # fmt: skip
    names = ", ".join(COLUMNS)
    with connection.wrap_database_errors, connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY raters_task ({names}) FROM STDIN") as copy:
                for line in lines:
                    copy.write_row(line)
        else:
            marks = ", ".join(["%s"] * len(COLUMNS))
            cursor.executemany(f"INSERT INTO raters_task ({names}) VALUES ({marks})", list(lines))  # noqa: S608 - names


def _product_subjects(campaign: Campaign, products: set[int]) -> dict[int, Subject]:
    """The campaign's subjects of these products, by product id; the missing are made, with the photos of today."""
    found = {subject.product_id: subject for subject in Subject.objects.filter(campaign=campaign, product__in=products)}
    missing = list(Product.objects.filter(pk__in=products - set(found)).select_related("type"))
    photos: dict[int, list[dict[str, Any]]] = {}
    for photo in Photo.objects.filter(product__in=missing).order_by("product", "position", "id"):
        photos.setdefault(photo.product_id, []).append({"key": photo.key, "width": photo.width, "height": photo.height})
    made = [
        Subject(
            campaign=campaign,
            product=product,
            name=product.title,
            noun=product.type.name if product.type else "",
            photos=photos.get(product.pk, []),
        )
        for product in missing
    ]
    Subject.objects.bulk_create(made, batch_size=BATCH)
    return {key: subject for key, subject in found.items() if key is not None} | {
        subject.product_id: subject for subject in made if subject.product_id is not None
    }
