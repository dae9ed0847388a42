"""A crowd that does not exist: raters with skill, leaning and speed of their own, for demonstrations and for load.

They go through the services that people go through. Their rows say `origin = simulation`, their codes begin with S-.
"""

import math
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from django.db import transaction

from raters.models import Assignment, Campaign, Rater, Rating
from raters.models.campaigns import Origin
from raters.questions import Rule, rule_book
from raters.services import people, rating
from raters.services.rating import Submission

# What is true of an image: by the task's id and the question's key, whether a yes is deserved.
Truth = Callable[[int, str], bool]
UNSURE = 0.06  # of the answers that are not wrong: maybe or unclear
_SECONDS = 18.0  # median attention on an image of a rater of usual speed


@dataclass(frozen=True)
class Person:
    """One simulated rater: `skill` is how often an answer is right, `leaning` how often a wrong one is lenient.

    `careless` ones answer all questions the same without looking; `speed` divides the usual time.
    """

    skill: float
    leaning: float
    speed: float
    careless: bool


def person(seed: int, number: int, careless_share: float) -> Person:
    """The same seed and number give the same person."""
    chance = random.Random(f"{seed}/person/{number}")  # noqa: S311 - a made-up person
    careless = chance.random() < careless_share
    return Person(
        skill=min(0.99, max(0.55, chance.gauss(0.88, 0.06))),
        leaning=chance.betavariate(3, 3),
        speed=math.exp(chance.gauss(0, 0.25)) * (6 if careless else 1),
        careless=careless,
    )


def simulate(  # noqa: PLR0913 - all but one by keyword
    campaign: Campaign,
    *,
    raters: int,
    seed: int = 0,
    careless: float = 0.1,
    most: int | None = None,
    truth: Truth | None = None,
) -> Iterator[Rating]:
    """Have `raters` simulated people rate an open campaign in turns, until nothing is left or `most` ratings are made.

    `truth` is what a right answer says; without one it is made up, too. Raises Refused where the campaign takes none.
    """
    known = truth or partial(_made_up, seed)
    crowd = [(_rater(campaign, seed, number), person(seed, number, careless)) for number in range(raters)]
    made = 0
    while crowd:
        still = []
        for rater, who in crowd:
            if most is not None and made >= most:
                return
            found = _rate_one(campaign, rater, who, known, seed)
            if found is not None:
                made += 1
                still.append((rater, who))
                yield found
        crowd = still


def _rater(campaign: Campaign, seed: int, number: int) -> Rater:
    rater, _ = Rater.objects.get_or_create(
        code=f"S-{campaign.pk}-{seed}-{number}", defaults={"origin": Origin.SIMULATION}
    )
    if campaign.by_invitation:
        people.invite([rater], campaign)
    return rater


def _rate_one(campaign: Campaign, rater: Rater, who: Person, truth: Truth, seed: int) -> Rating | None:
    held = rating.lease_next(rater, campaign, hold=1).assignments
    if not held:
        return None
    sent = _submission(campaign, held[0], who, truth, seed)
    with transaction.atomic():
        made = rating.submit(rater, held[0].uuid, sent)
        Rating.objects.filter(pk=made.pk).update(origin=Origin.SIMULATION)
    made.origin = Origin.SIMULATION
    return made


def _submission(campaign: Campaign, held: Assignment, who: Person, truth: Truth, seed: int) -> Submission:
    chance = random.Random(f"{seed}/{held.rater_id}/{held.task_id}")  # noqa: S311 - a made-up answer
    rules = rule_book(campaign.question_set).rules
    answers = {rule.key: _answer(rule, held.task_id, who, truth, chance) for rule in rules}
    seconds = _SECONDS / who.speed * math.exp(chance.gauss(0, 0.35))
    times = {rule.key: round(seconds * 1000 / len(rules)) for rule in rules}
    return Submission(uuid.UUID(int=chance.getrandbits(128), version=4), answers, times, round(seconds * 1000))


def _answer(rule: Rule, task: int, who: Person, truth: Truth, chance: random.Random) -> str:
    passing = [answer for answer in rule.answers if answer in rule.passing]
    failing = [answer for answer in rule.answers if answer not in rule.passing]
    if who.careless:
        return passing[0]
    right = chance.random() < who.skill
    passes = truth(task, rule.key) if right else chance.random() < who.leaning
    if passes:
        return passing[0]
    # No, where it is an answer; sometimes one that is less sure.
    plain = "no" if "no" in failing else failing[-1]
    return chance.choice(failing) if chance.random() < UNSURE else plain


def _made_up(seed: int, task: int, question: str) -> bool:
    """What may be true of an image of which nothing is known: a bad one fails several questions, a good one few."""
    quality = random.Random(f"{seed}/image/{task}").betavariate(5, 1.2)  # noqa: S311 - made up
    return random.Random(f"{seed}/image/{task}/{question}").random() < 0.35 + 0.65 * quality  # noqa: S311
