"""What the rating page calls: the answers, the refusals, and that nothing in them tells one image from another."""

import io
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from accounts.models import User
from raters import pictures
from raters.models import Assignment, Campaign, CampaignRater, Rating, Task
from raters.services import campaigns, gold, people, tasks
from tests.factories.accounts import make_user
from tests.factories.rating import KEYS, NO, YES, add_new, make_campaign, make_gold, make_picture, new_task
from vitrine.access import Role

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], Client]
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def post(client: Client, campaign: Campaign | int, call: str, body: Any = None) -> Any:
    number = campaign if isinstance(campaign, int) else campaign.pk
    return client.post(f"/rate/{number}/{call}", body or {}, content_type="application/json")


def answers_for(assignment: str, answers: Any = None, **more: Any) -> dict[str, Any]:
    return {"assignment": assignment, "request_id": str(uuid.uuid4()), "answers": answers or YES, **more}


def test_next_hands_out_two_and_submit_answers_with_what_follows(client_for: ClientFor, rater: User) -> None:
    campaign, client = make_campaign(3), client_for(rater)
    body = post(client, campaign, "next").json()
    assert list(body) == ["task", "ahead", "progress", "feedback", "notice"]
    assert body["progress"] == {"done": 0, "limit": None, "today": 0, "remaining": 3}
    first, second = body["task"], body["ahead"]
    assert set(first) == {
        "assignment", "number", "lease_seconds", "image", "image_size", "photos", "draft", "times", "active_ms",
    }  # fmt: skip
    assert first["image_size"] == [64, 48]
    assert len(first["photos"]) == 2
    assert 890 <= first["lease_seconds"] <= 900
    after = post(
        client, campaign, "submit", answers_for(first["assignment"], times={"size": 900}, active_ms=4000)
    ).json()
    assert after["task"]["assignment"] == second["assignment"]
    assert after["progress"] == {"done": 1, "limit": None, "today": 1, "remaining": 2}
    assert after["feedback"] is None


def test_the_page_loaded_again_shows_the_same_image_with_its_draft(client_for: ClientFor, rater: User) -> None:
    campaign, client = make_campaign(3), client_for(rater)
    task = post(client, campaign, "next").json()["task"]
    sent = {"assignment": task["assignment"], "answers": {"size": "no"}, "times": {"size": 5}, "active_ms": 7}
    assert post(client, campaign, "draft", sent).json() == {
        "saved": True, "lease_seconds": 900, "answers": {"size": "no"},
    }  # fmt: skip
    again = post(client, campaign, "next").json()["task"]
    assert (again["assignment"], again["draft"]) == (task["assignment"], {"size": "no"})
    assert (again["times"], again["active_ms"]) == ({"size": 5}, 7)


def test_the_prompt_is_shown_only_where_the_campaign_says_so(client_for: ClientFor, rater: User) -> None:
    for shown in (True, False):
        campaign = campaigns.make_campaign("Prompts", show_prompt=shown)
        subject = tasks.subject_for(campaign, tasks.NewSubject("Mug", noun="mug"))
        add_new(campaign, [new_task(subject, prompt="a photo of {product} on a table")])
        task = post(client_for(rater), campaigns.open_campaign(campaign), "next").json()["task"]
        assert task.get("prompt") == ("a photo of mug on a table" if shown else None)


def test_going_back_to_change_and_withdraw(client_for: ClientFor, rater: User) -> None:
    campaign, client = make_campaign(30), client_for(rater)
    body = post(client, campaign, "next").json()
    for _ in range(25):
        body = post(client, campaign, "submit", answers_for(body["task"]["assignment"])).json()
    page = client.get(f"/rate/{campaign.pk}/mine").json()
    assert len(page["ratings"]) == 20
    rest = client.get(f"/rate/{campaign.pk}/mine", {"before": page["before"]}).json()
    assert (len(rest["ratings"]), rest["before"]) == (5, None)
    newest = page["ratings"][0]
    assert (newest["answers"], newest["can_change"], newest["withdrawn"]) == (YES, True, False)
    changed = post(client, campaign, "change", {"assignment": newest["assignment"], "answers": NO}).json()
    assert changed == {"saved": True, "answers": NO}
    post(client, campaign, "withdraw", {"assignment": newest["assignment"]})
    first = client.get(f"/rate/{campaign.pk}/mine").json()["ratings"][0]
    assert (first["answers"], first["withdrawn"], first["can_change"]) == (NO, True, False)


def test_the_page_of_ones_own_ratings_holds_nobody_elses(client_for: ClientFor, rater: User) -> None:
    campaign, client = make_campaign(1), client_for(rater)
    other = client_for(make_user(Role.RATER))
    body = post(other, campaign, "next").json()
    post(other, campaign, "submit", answers_for(body["task"]["assignment"]))
    assert client.get(f"/rate/{campaign.pk}/mine").json() == {"ratings": [], "before": None}
    assert client.get(f"/rate/{campaign.pk}/mine", {"before": body["task"]["assignment"]}).status_code == 400
    assert client.get(f"/rate/{campaign.pk}/mine", {"before": "x"}).status_code == 400


@pytest.mark.parametrize(
    ("call", "body", "answered"),
    [
        pytest.param("submit", {"answers": YES}, (400, "bad_request"), id="no assignment"),
        pytest.param("submit", {"assignment": "7", "answers": YES}, (400, "bad_request"), id="an id for a UUID"),
        pytest.param("submit", answers_for(str(uuid.uuid4())), (404, "not_found"), id="an assignment of nobody"),
        pytest.param("submit", answers_for(str(uuid.uuid4()), active_ms=-5), (400, "bad_request"), id="no time at all"),
        pytest.param("submit", answers_for(str(uuid.uuid4()), active_ms="5"), (400, "bad_request"), id="time as text"),
        pytest.param("submit", [1], (400, "bad_request"), id="a list"),
        pytest.param("draft", {"assignment": str(uuid.uuid4()), "answers": {}}, (404, "not_found"), id="draft"),
        pytest.param("skip", {"assignment": str(uuid.uuid4()), "reason": "x"}, (404, "not_found"), id="skip"),
        pytest.param("report", {"assignment": str(uuid.uuid4()), "reason": "x"}, (404, "not_found"), id="report"),
        pytest.param("change", {"assignment": str(uuid.uuid4()), "answers": YES}, (404, "not_found"), id="change"),
        pytest.param("withdraw", {"assignment": str(uuid.uuid4())}, (404, "not_found"), id="withdraw"),
    ],
)
def test_refusals_have_a_code_and_a_sentence(
    client_for: ClientFor, rater: User, call: str, body: Any, answered: tuple[int, str]
) -> None:
    answer = post(client_for(rater), make_campaign(1), call, body)
    assert (answer.status_code, answer.json()["refused"]) == answered
    assert answer.json()["sentence"].endswith(".")


def test_partial_and_unknown_answers_are_refused_and_nothing_is_kept(client_for: ClientFor, rater: User) -> None:
    campaign, client = make_campaign(1), client_for(rater)
    task = post(client, campaign, "next").json()["task"]
    for wrong in ({"size": "yes"}, YES | {"size": "banana"}, {"": "yes"}):
        assert post(client, campaign, "submit", answers_for(task["assignment"], wrong)).status_code == 422
    assert not Rating.objects.exists()


def test_no_such_campaign_and_no_json(client_for: ClientFor, rater: User) -> None:
    client = client_for(rater)
    assert post(client, 999, "next").status_code == 404
    campaign = make_campaign(1)
    assert client.post(f"/rate/{campaign.pk}/next", b"{", content_type="application/json").status_code == 400
    assert client.get(f"/rate/{campaign.pk}/next").status_code == 405


@pytest.mark.parametrize("call", ["next", "submit", "draft", "skip", "report", "leave", "change", "withdraw"])
def test_only_raters_rate(client_for: ClientFor, analyst: User, operator: User, call: str) -> None:
    campaign = make_campaign(1)
    assert post(client_for(analyst), campaign, call).status_code == 403
    assert post(client_for(operator), campaign, call).status_code == 403
    assert post(client_for(None), campaign, call).status_code == 302


def test_a_request_without_a_csrf_token_is_refused(rater: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(rater, backend="django.contrib.auth.backends.ModelBackend")
    assert post(client, make_campaign(1), "next").status_code == 403


def test_another_raters_picture_is_not_found(client_for: ClientFor, rater: User) -> None:
    campaign = make_campaign(1)
    task = post(client_for(make_user(Role.RATER)), campaign, "next").json()["task"]
    client = client_for(rater)
    assert client.get(task["image"]).status_code == 404
    assert client.get(task["photos"][0]["url"]).status_code == 404


def mixed(count: int = 12) -> Campaign:
    """A campaign of real pictures: two methods, prompts, and gold items, in two formats with telling metadata."""
    campaign = campaigns.make_campaign("Mixed", gold_share=0.5)
    subject = tasks.subject_for(
        campaign, tasks.NewSubject("Mug", photos=[{"key": make_picture(), "width": 64, "height": 48}])
    )
    for method in ("paper-2503.08729 v1", "dreambooth-lora v1"):
        new = [
            new_task(
                subject, method=method, prompt=f"prompt of {method}", picture_key=make_picture(), name=f"{method} {n}"
            )
            for n in range(count // 2)
        ]
        add_new(campaign, new)
    add_new(campaign, [new_task(subject, picture_key=make_picture(), name=f"gold-{n}") for n in range(count)])
    for task in Task.objects.filter(name__startswith="gold-"):
        gold.make_gold(task, YES, explanation="because")
    return campaigns.open_campaign(campaign)


def test_nothing_tells_a_gold_item_or_a_method(client_for: ClientFor, rater: User) -> None:
    """Every answer and every picture's headers, with what must differ (UUIDs and counts) left out, are the same."""
    campaign, client = mixed(), client_for(rater)
    shapes: dict[str, set[str]] = {"gold": set(), "paper": set(), "dreambooth": set()}
    headers: dict[str, set[str]] = {kind: set() for kind in shapes}
    texts = []
    body = post(client, campaign, "next").json()
    while (task := body["task"]) is not None:
        shown = Assignment.objects.get(uuid=task["assignment"]).task
        kind = "gold" if shown.state == "gold" else shown.method.split("-")[0]
        picture = client.get(task["image"])
        texts += [str(body), str(picture.headers)]
        headers[kind].add(str(sorted((name, value) for name, value in picture.headers.items() if name not in UNTOLD)))
        shapes[kind].add(UUID.sub("*", str({**task, "number": 0, "lease_seconds": 0})))
        answered = post(client, campaign, "submit", answers_for(task["assignment"]))
        body = answered.json()
        assert list(body) == ["task", "ahead", "progress", "feedback", "notice"]
        assert body["feedback"] is None
        texts.append(str(answered.headers))
    for seen in (shapes, headers):
        assert seen["gold"] == seen["paper"] == seen["dreambooth"]
        assert len(seen["gold"]) == 1
    for told in ("gold", "paper", "dreambooth", "prompt of", "generated/", "method", "score", "expected", ".png"):
        assert not any(told in text for text in texts), told


UNTOLD = {"Content-Length", "X-Request-ID"}  # the size of a picture's file, and the number of a request


def test_progress_moves_with_each_image_whatever_it_is(client_for: ClientFor, rater: User) -> None:
    campaign, client = mixed(), client_for(rater)
    body = post(client, campaign, "next").json()
    seen = [body["progress"]]
    while body["task"] is not None:
        body = post(client, campaign, "submit", answers_for(body["task"]["assignment"])).json()
        seen.append(body["progress"])
    assert [row["done"] for row in seen] == list(range(len(seen)))
    assert [row["remaining"] for row in seen] == list(range(seen[0]["remaining"], seen[-1]["remaining"] - 1, -1))


def test_pictures_come_without_metadata_and_in_one_format(client_for: ClientFor, rater: User) -> None:
    campaign, client = mixed(2), client_for(rater)
    task = post(client, campaign, "next").json()["task"]
    for url in (task["image"], task["photos"][0]["url"]):
        answer = client.get(url)
        assert answer.headers["Content-Type"] == "image/webp"
        assert "immutable" in answer.headers["Cache-Control"]
        assert "ETag" not in answer.headers
        assert "Content-Disposition" not in answer.headers
        assert b"EXIF" not in answer.content
        assert b"XMP" not in answer.content
    assert client.get(task["photos"][0]["url"][:-1] + "9").status_code == 404


def test_feedback_on_gold_items_only_where_the_campaign_gives_it(client_for: ClientFor, rater: User) -> None:
    campaign = make_campaign(2, open=False, qualification_items=1, gold_feedback=True)
    make_gold(campaign, 1, {"size": ["no", "maybe"]}, use="qualification", explanation="It is as big as the table.")
    client = client_for(rater)
    task = post(client, campaigns.open_campaign(campaign), "next").json()["task"]
    told = post(client, campaign, "submit", answers_for(task["assignment"], NO)).json()["feedback"]
    assert told == {"right": True, "expected": {"size": ["no", "maybe"]}, "explanation": "It is as big as the table."}


def test_who_does_not_qualify_is_told_so_and_gets_no_more(client_for: ClientFor, rater: User) -> None:
    campaign = make_campaign(2, open=False, qualification_items=2, qualification_share=0.9)
    make_gold(campaign, 2, NO, use="qualification")
    campaigns.open_campaign(campaign)
    client = client_for(rater)
    body = post(client, campaign, "next").json()
    for _ in range(2):
        body = post(client, campaign, "submit", answers_for(body["task"]["assignment"])).json()
    assert body["task"] is None
    assert "differed too often" in body["notice"]
    refused = post(client, campaign, "next")
    assert (refused.status_code, refused.json()["refused"]) == (403, "not_qualified")
    assert CampaignRater.objects.get(rater=people.rater_of(rater)).state == "failed"


def test_statements_of_a_rating_are_bounded(client_for: ClientFor, rater: User) -> None:
    campaign, client = make_campaign(40), client_for(rater)
    body = post(client, campaign, "next").json()
    for _ in range(20):
        with CaptureQueriesContext(connection) as queries:
            body = post(client, campaign, "submit", answers_for(body["task"]["assignment"])).json()
        assert len(queries) <= 30, "\n".join(query["sql"][:150] for query in queries)


def test_a_made_picture_is_kept(client_for: ClientFor, rater: User) -> None:
    key = make_picture(size=(80, 60))
    first = pictures.rendition(key)
    assert pictures.rendition(key) == first
    with Image.open(io.BytesIO(first)) as opened:
        assert (opened.format, opened.size) == ("WEBP", (80, 60))


def test_every_question_of_the_default_set_is_asked() -> None:
    assert set(KEYS) == set(YES)


@pytest.mark.parametrize(
    ("reason", "kept"), [("bro\0ken", "broken"), ("half a letter \ud83d", "half a letter"), ("n" * 900, "n" * 500)]
)
def test_a_reason_is_kept_as_every_database_takes_it(
    client_for: ClientFor, rater: User, reason: str, kept: str
) -> None:
    campaign, client = make_campaign(2), client_for(rater)
    held = post(client, campaign, "next").json()["task"]["assignment"]
    assert post(client, campaign, "skip", {"assignment": held, "reason": reason}).status_code == 200
    assert Assignment.objects.get(uuid=held).reason == kept


def test_lists_within_lists_without_end_are_no_json(client_for: ClientFor, rater: User) -> None:
    body = b'{"answers": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    answer = client_for(rater).post(f"/rate/{make_campaign(1).pk}/next", body, content_type="application/json")
    assert (answer.status_code, answer.json()["refused"]) == (400, "bad_request")


def test_the_list_leads_to_all_that_one_has_rated_once_there_is_something(client_for: ClientFor, rater: User) -> None:
    campaign, client = make_campaign(2), client_for(rater)
    assert "/rate/mine." not in client.get("/rate/").content.decode()
    held = post(client, campaign, "next").json()["task"]["assignment"]
    post(client, campaign, "submit", answers_for(held))
    links = re.findall(r"/rate/mine\.\w+", client.get("/rate/").content.decode())
    assert links == ["/rate/mine.csv", "/rate/mine.jsonl"]
    assert {client.get(link).status_code for link in links} == {200}
