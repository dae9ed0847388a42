"""What the page of the demonstration shows of each step: its state, how far it is, what came of it, where to look."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.urls import resolve

from catalog.models import Product
from generation.models import Candidate
from jobs.models import Job, State
from vitrine.access import Role, roles_of, rule_of
from vitrine.demo.outcomes import Asked, Drawn, Progress, asked_of_people, best_drawn, judged, some_images
from vitrine.demo.shows import STEP, Show, shows
from vitrine.demo.steps import Step, steps_of

WORDS = {"waiting": "waits", "running": "under way", "done": "done", "failed": "stopped", "yours": "waits for you"}
SHOWN = 8  # images, or else photos, above the steps
_NOTHING = Progress(0, 1)


@dataclass(frozen=True)
class Line:
    """One step as it is now. `state` is a key of WORDS."""

    number: int
    name: str
    title: str
    about: str
    state: str
    progress: Progress
    links: list[tuple[str, str]]
    job: int | None = None
    error: str = ""

    @property
    def word(self) -> str:
        return WORDS[self.state]


@dataclass(frozen=True)
class Shown:
    """A show as it is now; `images` are some of what was made, for those who may know what made them.

    `drawn` is what the small set drew. Where there are no images, `products` are some of those with photos.
    `asked` wait for a person who may help them.
    """

    show: Show
    lines: list[Line]
    images: list[Candidate]
    drawn: list[Drawn]
    products: list[Product]
    asked: list[Asked]

    @property
    def live(self) -> bool:
        """Whether something of it goes on, or will, by itself."""
        return any(line.state in ("waiting", "running") for line in self.lines)

    @property
    def done(self) -> int:
        return sum(line.state == "done" for line in self.lines)


def all_shown(user: Any) -> list[Shown]:
    """Every show that has begun, as this user may see it."""
    return [_shown(show, user) for show in shows()]


def looks(user: Any) -> bool:
    """Whether the user may know what made an image, and how many pass: raters may not."""
    return bool(roles_of(user) & {Role.ANALYST, Role.OPERATOR})


def _shown(show: Show, user: Any) -> Shown:
    knows = looks(user)
    rows = Job.objects.filter(kind=STEP, key__startswith=show.key(" ")).only("pk", "key", "state", "error")
    jobs = {job.key: job for job in rows}
    lines: list[Line] = []
    for number, step in enumerate(steps_of(show), start=1):
        job = jobs.get(show.key(step.name))
        progress = step.progress(show) if job else _NOTHING
        state = _state(show, step, job, progress)
        # Raters are to know nothing of what made an image, or of how many pass.
        told = progress if knows or step.name == "rate" else Progress(progress.done, progress.total)
        lines.append(
            Line(
                number=number,
                name=step.name,
                title=step.title,
                about=step.about if knows or step.name in ("photos", "rate") else "",
                state=state,
                progress=told,
                links=[link for link in step.links(show) if job and _admits(link[1], user)],
                job=job.pk if job and knows else None,
                error=_last_line(job.error) if job and knows and state == "failed" else "",
            )
        )
    images = some_images(show, SHOWN) if knows else []
    drawn = best_drawn(show) if knows and show.along else []
    asked = asked_of_people(show) if Role.OPERATOR in roles_of(user) else []
    return Shown(show, lines, images, drawn, [] if images else _with_photos(show), asked)


def _with_photos(show: Show) -> list[Product]:
    """The first products that have a photo, in the order of the show."""
    places = {pk: place for place, pk in enumerate(show.products)}
    rows = Product.objects.filter(pk__in=show.products, cover__isnull=False).select_related("cover")
    return sorted(rows, key=lambda product: places[product.pk])[:SHOWN]


def _last_line(error: str) -> str:
    return error.strip().rpartition("\n")[2][:300]


def _state(show: Show, step: Step, job: Job | None, progress: Progress) -> str:
    if job is None:
        return "yours" if _waits_for_people(show, step) else "waiting"
    if job.state in (State.FAILED, State.CANCELLED):
        return "failed"
    if job.state == State.SUCCEEDED and progress.asks and (progress.over or step.name == "rate"):
        return "yours"
    if job.state == State.SUCCEEDED and progress.over:
        return "done"
    return "yours" if _waits_for_people(show, step) and judged(show) is None else "running"


def _waits_for_people(show: Show, step: Step) -> bool:
    """Whether it can begin only once a person has rated: the page need not look for it every few seconds."""
    return not show.crowd and step.name in ("figures", "compare")


def _admits(url: str, user: Any) -> bool:
    view: Callable[..., Any] = resolve(urlsplit(url).path).func
    rule = rule_of(view)
    return rule is not None and rule.admits(user)
