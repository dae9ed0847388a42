"""Who may open and change what of ranking, by page and call; strange ids and wrong verbs."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from ranking.models import RatingPlan, Trial
from ranking.services import notices, training
from ranking.services.training import Wish
from tests.factories.generation import make_candidate
from tests.factories.ranking import make_evaluated, make_ranker_file

ClientFor = Callable[[User | None], Client]
pytestmark = pytest.mark.django_db
# Address, and the verb that it takes; {} is an id that is there.
LOOKED_AT = (
    "/ranking/", "/ranking/{ranker}/", "/ranking/trainings/{training}/", "/ranking/trainings/{training}/live/",
    "/ranking/plans/{plan}/", "/ranking/trials/{trial}/", "/ranking/jobs/{job}/", "/ranking/products/{product}/",
    "/ranking/candidates/{candidate}/",
    "/api/rankers/", "/api/rankers/champion/", "/api/rankers/policy/", "/api/rankers/{ranker}/", "/api/trainings/",
    "/api/trainings/{training}/", "/api/rating-plans/", "/api/rating-plans/{plan}/", "/api/products/{product}/picks/",
    "/api/candidates/{candidate}/scores/", "/api/rankers/notices/", "/api/rankers/{ranker}/files/ranker.json/",
    "/api/ranker-trials/", "/api/ranker-trials/{trial}/",
)  # fmt: skip
ASKED_BY_ANALYSTS = ("/ranking/candidates/{candidate}/explain/",)
OPERATED = ("/ranking/picks/edit/", "/ranking/train/", "/ranking/rate-next/")
CHANGED = (
    "/ranking/rollback/", "/ranking/plans/{plan}/campaign/", "/ranking/trials/{trial}/end/",
    "/ranking/notices/{notice}/close/", "/ranking/{ranker}/promote/", "/ranking/{ranker}/do/shadow/",
    "/api/rankers/rollback/", "/api/rankers/{ranker}/promote/", "/api/rankers/{ranker}/evaluate/",
    "/api/rankers/{ranker}/shadow/", "/api/rating-plans/{plan}/campaign/", "/ranking/trials/{trial}/campaign/",
    "/api/ranker-trials/{trial}/end/", "/api/ranker-trials/{trial}/campaign/", "/api/rankers/notices/{notice}/close/",
)  # fmt: skip


@pytest.fixture
def ids() -> dict[str, int]:
    ranker, candidate = make_evaluated(), make_candidate()
    asked = training.ask(Wish("heads"))
    make_ranker_file(ranker)
    return {
        "ranker": ranker.pk, "candidate": candidate.pk, "product": candidate.run.product_id, "training": asked.pk,
        "job": asked.job_id or 0, "plan": RatingPlan.objects.create(budget=2, seed=1).pk,
        "trial": Trial.objects.create(ranker=ranker, share=0.2, seed=1).pk,
        "notice": notices.open_notice(ranker, "scores", "", "They have moved.", {}).pk,
    }  # fmt: skip


def statuses(client: Client, verb: str, addresses: tuple[str, ...], ids: dict[str, int]) -> dict[str, int]:
    told = {}
    for one in addresses:
        answer = getattr(client, verb)(one.format(**ids))
        if answer.streaming:  # reading a file to its end closes it
            b"".join(answer.streaming_content)
        told[one] = answer.status_code
    return told


def test_anonymous_people_are_sent_to_sign_in_or_refused(client_for: ClientFor, ids: dict[str, int]) -> None:
    client = client_for(None)
    told = statuses(client, "get", (*LOOKED_AT, *OPERATED), ids)
    told |= statuses(client, "post", (*ASKED_BY_ANALYSTS, *CHANGED), ids)
    assert {one: status for one, status in told.items() if status not in (302, 401)} == {}


def test_raters_open_and_change_nothing(client_for: ClientFor, rater: User, ids: dict[str, int]) -> None:
    client = client_for(rater)
    told = statuses(client, "get", (*LOOKED_AT, *OPERATED), ids)
    told |= statuses(client, "post", (*ASKED_BY_ANALYSTS, *CHANGED, *OPERATED), ids)
    assert {one: status for one, status in told.items() if status != 403} == {}


def test_analysts_look_and_change_nothing(client_for: ClientFor, analyst: User, ids: dict[str, int]) -> None:
    client = client_for(analyst)
    looked = statuses(client, "get", LOOKED_AT, ids) | statuses(client, "post", ASKED_BY_ANALYSTS, ids)
    assert {one: status for one, status in looked.items() if status != 200} == {}
    told = statuses(client, "post", (*CHANGED, *OPERATED), ids) | statuses(client, "get", OPERATED, ids)
    assert {one: status for one, status in told.items() if status != 403} == {}


def test_operators_may_do_all_of_it(client_for: ClientFor, operator: User, ids: dict[str, int]) -> None:
    client = client_for(operator)
    looked = statuses(client, "get", (*LOOKED_AT, *OPERATED), ids)
    assert {one: status for one, status in looked.items() if status != 200} == {}
    told = statuses(client, "post", (*ASKED_BY_ANALYSTS, *CHANGED), ids)
    assert {one: status for one, status in told.items() if status in (401, 403, 404, 405)} == {}


def test_what_is_not_there_is_not_found(client_for: ClientFor, operator: User, ids: dict[str, int]) -> None:
    client, strange = client_for(operator), dict.fromkeys(ids, 987_654)
    named = tuple(one for one in LOOKED_AT if "{" in one and "/jobs/" not in one and "/ranking/products/" not in one)
    told = statuses(client, "get", named, strange)
    told |= statuses(client, "post", tuple(one for one in (*ASKED_BY_ANALYSTS, *CHANGED) if "{" in one), strange)
    assert {one: status for one, status in told.items() if status != 404} == {}


def test_another_verb_is_refused(client_for: ClientFor, operator: User, ids: dict[str, int]) -> None:
    client = client_for(operator)
    told = statuses(client, "get", (*ASKED_BY_ANALYSTS, *CHANGED), ids)
    told |= statuses(client, "post", tuple(one for one in LOOKED_AT if one.startswith("/ranking/")), ids)
    told |= statuses(client, "delete", (*OPERATED, *LOOKED_AT), ids)
    assert {one: status for one, status in told.items() if status != 405} == {}
