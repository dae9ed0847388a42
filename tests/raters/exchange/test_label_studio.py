"""Label Studio's JSON: read as its export writes it, and written so that it is read again."""

import io
import json
from typing import Any

import pytest

from raters.exchange.importing import Wish, import_ratings
from raters.exchange.label_studio import NotReadable, rows_of_task, tasks_of
from raters.exchange.writing import as_json_list
from raters.models import Rating, Verdict
from tests.factories import rating as made


def choice(question: str, *choices: str) -> dict[str, Any]:
    return {"from_name": question, "to_name": "img", "type": "choices", "value": {"choices": list(choices)}}


def task(*annotations: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": 7, "data": {"image": "/data/x.png"}, "annotations": list(annotations), **fields}


def annotation(by: Any, *results: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": 1, "completed_by": by, "result": list(results), "lead_time": 8.5, "was_cancelled": False, **fields}


def test_single_choices_by_annotator() -> None:
    rows = list(rows_of_task(task(annotation(3, choice("size", "no"), choice("logo", "yes")))))
    assert [(row["task"], row["rater"], row["question"], row["answer"], row["seconds"]) for row in rows] == [
        ("7", "3", "size", "no", 8.5),
        ("7", "3", "logo", "yes", 8.5),
    ]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("cancelled", annotation(3, choice("size", "no"), was_cancelled=True)),
        ("a box", annotation(3, {"type": "rectanglelabels", "from_name": "box", "value": {}})),
        ("nothing", annotation(3)),
    ],
)
def test_what_is_no_answer_is_passed_over(name: str, given: dict[str, Any]) -> None:
    assert list(rows_of_task(task(given))) == [], name


def test_a_person_is_their_number_alone() -> None:
    rows = list(rows_of_task(task(annotation({"id": 5, "email": "ann@example.com"}, choice("size", "no")))))
    assert rows[0]["rater"] == "5"
    assert "example" not in json.dumps(rows)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"id": 1}, "has no list of annotations"),
        ("text", "has no list of annotations"),
        (task({"completed_by": 1}), "without a list of results"),
        (task(annotation(None, choice("size", "no"))), "of nobody"),
        (task(annotation(1, choice("size", "no", "yes"))), "has 2 choices for 'size'"),
    ],
)
def test_what_cannot_be_read(given: Any, sentence: str) -> None:
    with pytest.raises(NotReadable, match=sentence):
        list(rows_of_task(given))


@pytest.mark.django_db
def test_a_bad_task_is_told_by_its_place() -> None:
    file = io.BytesIO(json.dumps([task(annotation(1, choice("ok", "yes"))), {"id": 2}]).encode())
    report = import_ratings(file, "x.json", Wish("Theirs"))
    assert report.problems == ["Line 2 has no list of annotations."]
    assert report.campaign is None


@pytest.mark.django_db
def test_out_and_in_again() -> None:
    campaign = made.make_campaign(2)
    for answers in (made.YES, made.NO, made.YES):
        rater = made.make_rater()
        made.rate(rater, campaign, answers)
        made.rate(rater, campaign, answers)
    Rating.objects.filter(pk=Rating.objects.all()[0].pk).update(excluded=True)
    data = b"".join(as_json_list(tasks_of(campaign)))
    assert [len(one["annotations"]) for one in json.loads(data)] in ([2, 3], [3, 2])
    report = import_ratings(io.BytesIO(data), "x.json", Wish("Again", campaign.question_set))
    assert (report.ratings, report.problems) == (5, [])
    assert Verdict.objects.filter(campaign=report.campaign).count() == 2
