"""Others' ratings in: all or nothing, a sentence with its line for each bad row, and their own published figures."""

import csv
import io
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from raters import figuring
from raters.exceptions import BadCampaign
from raters.exchange.importing import Report, Wish, import_ratings
from raters.exchange.reading import BadFile
from raters.exchange.rows import rows_of
from raters.exchange.writing import FORMATS
from raters.models import AlternativeVerdict, Campaign, CampaignRater, QuestionSet, Rating, Task, Verdict
from raters.services import questions, verdicts
from raters.statistics import consensus
from raters.statistics.agreement import agreement_of
from tests.factories import rating as made

pytestmark = pytest.mark.django_db
DATA = Path(__file__).resolve().parents[4] / "shared/data"
NAMED = {"scale": ["good", "fair", "bad"], "passing": ["good"]}
HEAD = "task,rater,question,answer"
GOOD = [HEAD, "a,r1,ok,yes", "a,r2,ok,yes", "a,r3,ok,no", "b,r1,ok,no", "b,r2,ok,no"]


def taken(lines: list[str], name: str = "theirs.csv", **wish: Any) -> Report:
    return import_ratings(io.BytesIO("\n".join(lines).encode()), name, Wish("Theirs", **wish))


def test_a_campaign_of_its_own_closed_and_judged() -> None:
    report = taken(GOOD)
    assert (report.rows, report.ratings, report.tasks, report.problems) == (5, 5, 2, [])
    campaign = report.campaign
    assert campaign is not None
    assert (campaign.state, campaign.origin, campaign.task_count) == ("closed", "import", 2)
    assert list(Verdict.objects.order_by("pk").values_list("outcome", "final")) == [("passed", True), ("failed", True)]
    assert verdicts.differences(Campaign.objects.all()) == []
    assert sum(row.ratings for row in CampaignRater.objects.all()) == 5
    assert sum(row.finished for row in CampaignRater.objects.all()) == 2


def test_what_stands_beside_the_answers_is_kept() -> None:
    head = f"{HEAD},subject,method,question_seconds,seconds,rated_at"
    taken([head, "a,r1,ok,yes,Chair,sdxl,1.5,12,2024-05-01T10:00:00+02:00", "a,r1,nice,no,Chair,sdxl,2,,"])
    rating, task = Rating.objects.get(), Task.objects.get()
    assert (rating.answers, rating.times, rating.active_ms) == (
        {"ok": "yes", "nice": "no"},
        {"ok": 1500, "nice": 2000},
        12_000,
    )
    assert rating.made_at.isoformat() == "2024-05-01T08:00:00+00:00"
    assert (task.subject.name if task.subject else None, task.method) == ("Chair", "sdxl")


def test_ratings_from_the_future_do_not_make_figures_old() -> None:
    began = timezone.now()
    taken([f"{HEAD},rated_at", "a,r1,ok,yes,2999-01-01T00:00:00Z", "b,r1,ok,no,2024-01-01T00:00:00Z"])
    last_at = CampaignRater.objects.get().last_at
    assert last_at is not None
    assert began <= last_at <= timezone.now()
    assert sorted(Rating.objects.values_list("made_at__year", flat=True)) == [2024, 2999]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("a,r9,ok", "Line 7 has 3 cells where the header has 4."),
        (",r9,ok,yes", "Line 7 has no task."),
        ("a,,ok,yes", "Line 7 has no rater."),
        ("a,r9,,yes", "Line 7 has no question."),
        ("a,r1,ok,no", "Line 7 is a second answer of rater 'r1' to 'ok' on image 'a': the first is in line 2."),
        (f"{'x' * 201},r9,ok,yes", "Line 7 has a task of 201 characters; 200 are taken."),
        ("a\x01b,r9,ok,yes", "Line 7 has a character in its task that cannot be shown."),
    ],
)
def test_a_bad_row_is_told_by_its_line_and_nothing_is_written(line: str, sentence: str) -> None:
    report = taken([*GOOD, line, "c,r1,ok,yes"])
    assert report.problems == [sentence]
    assert report.campaign is None
    assert not Campaign.objects.exists()
    assert not QuestionSet.objects.exists()


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("seconds", "fast", "Line 2 has 'fast' as seconds, which is no number."),
        ("seconds", "-1", "Line 2 has -1 as seconds; it is from 0 to a day."),
        ("seconds", "nan", "Line 2 has nan as seconds; it is from 0 to a day."),
        ("rated_at", "yesterday", "Line 2 has 'yesterday' as rated_at; write 2026-11-21T18:30:00+00:00."),
        ("rated_at", "0001-01-01T00:00:00+14:00", "out of range"),
    ],
)
def test_bad_figures_are_told(column: str, value: str, sentence: str) -> None:
    report = taken([f"{HEAD},{column}", f"a,r1,ok,yes,{value}"])
    assert sentence in report.problems[0]


def test_many_bad_rows_are_counted_and_the_first_told() -> None:
    report = taken([HEAD, *[f",r{number},ok,yes" for number in range(300)]])
    assert (report.bad, len(report.problems)) == (300, 100)


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("x.txt", b"a", "of no known kind"),
        ("x.csv", b"", "The column 'task' is missing"),
        ("x.csv", b"task,rater,question\n", "The column 'answer' is missing"),
        ("x.csv", b"task,rater,question,answer,task\n", "The column 'task' is there twice"),
        ("x.csv", b"task,rater,question,answer\na,b,c,\xff\n", "is no text in UTF-8"),
        ("x.csv", b'task,rater,question,answer\na,b,"c"d,e\n', "is no CSV"),
        ("x.csv", b"task,rater,question,answer\n", "The file has no answers."),
        ("x.parquet", b"PAR1 no", "no Parquet file"),
        ("x.json", b"{", "The file is no JSON"),
        ("x.json", b"{}", "a list of tasks"),
    ],
)
def test_a_file_that_cannot_be_read(name: str, data: bytes, sentence: str) -> None:
    with pytest.raises(BadFile, match=sentence):
        import_ratings(io.BytesIO(data), name, Wish("Theirs"))


def test_lines_of_json() -> None:
    row = {"task": "a", "rater": 1, "question": "ok", "answer": 0.5}
    report = taken([json.dumps(row), "", "nonsense", "[1]", json.dumps(row | {"rater": [1]})], name="x.jsonl")
    assert report.problems == ["Line 3 is no JSON.", "Line 4 is no JSON object.", "Line 5 has no text as its rater."]


@pytest.mark.parametrize(
    ("name", "answers", "wish", "scale", "passing"),
    [
        ("ours", ["yes", "no"], {}, ["yes", "maybe", "no", "unclear"], ["yes"]),
        ("numbers by size", ["10", "9", "1"], {}, ["1", "9", "10"], ["10"]),
        ("named scale", ["bad", "good"], NAMED, ["good", "fair", "bad"], ["good"]),
        ("letters", ["B", "A"], {"passing": ["A"]}, ["A", "B"], ["A"]),
    ],
)  # fmt: skip
def test_questions_follow_from_the_answers(
    name: str, answers: list[str], wish: dict[str, Any], scale: list[str], passing: list[str]
) -> None:
    report = taken([HEAD, *[f"a,r{place},q,{answer}" for place, answer in enumerate(answers)]], **wish)
    assert report.campaign is not None, name
    question = report.campaign.question_set.questions.get()
    assert (question.answers, question.passing) == (scale, passing)


@pytest.mark.parametrize(
    ("lines", "wish", "sentence"),
    [
        (["a,r1,q,A", "a,r2,q,B"], {}, "Which answers to 'q' pass"),
        (
            ["a,r1,q,A", "a,r2,q,B"],
            {"scale": ["A", "C"], "passing": ["A"]},
            "'B', an answer to 'q', is not in the scale",
        ),
        (["a,r1,is it ok?,yes"], {}, "'is it ok\\?' is no key of a question"),
    ],
)
def test_a_wish_that_cannot_be_leaves_nothing(lines: list[str], wish: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadCampaign, match=sentence):
        taken([HEAD, *lines], **wish)
    assert not Campaign.objects.exists()
    assert not QuestionSet.objects.exists()


def test_a_chosen_question_set_checks_the_answers() -> None:
    chosen = questions.default_question_set()
    report = taken([HEAD, "a,r1,size,huge", "a,r1,smell,yes"], question_set=chosen)
    assert report.problems == [
        "'huge', given 1 times, is no answer to 'size'. It may be yes, maybe, no, unclear.",
        "'smell' is no question of the chosen set. Its questions: product, logo, use, size, surroundings, placement,"
        " safety, business.",
    ]
    assert not Campaign.objects.exists()


@pytest.mark.parametrize("kind", FORMATS)
def test_out_and_in_again_is_the_same(kind: str, operator: User) -> None:
    campaign = made.make_campaign(3)
    for answers in (made.YES, made.NO, made.YES):
        rater = made.make_rater()
        for _ in range(3):
            made.rate(rater, campaign, answers, active_ms=9000)
    data = b"".join(FORMATS[kind][0](rows_of(campaign)))
    report = import_ratings(io.BytesIO(data), f"x.{kind}", Wish("Again", campaign.question_set, by=operator))
    assert report.problems == []
    again = report.campaign
    assert again is not None
    columns = ("outcome", "by_rater", "share", "questions", "ratings")
    first, second = (
        sorted(map(str, Verdict.objects.filter(campaign=one).values_list(*columns))) for one in (campaign, again)
    )
    assert first == second
    before, after = (agreement_of(figuring.read(one)[0], resamples=20) for one in (campaign, again))
    assert [one.figures[0].value for one in before] == [one.figures[0].value for one in after]


@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here; out and in again is tested above")
def test_imagenhub_imported_gives_its_published_agreement() -> None:
    """Subject-driven editing, 3 generators x 154 images x 3 raters: 18 figures to the printed digits."""
    lines: dict[str, list[str]] = {}
    with (DATA / "imagenhub_ratings/ratings_long.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["task"] == "Subject-Driven_IE":
                overall = str(round((float(row["sc"]) * float(row["pq"])) ** 0.5, 4))
                for key, answer in (("SC", row["sc"]), ("PQ", row["pq"]), ("O", overall)):
                    lines.setdefault(row["model"], [HEAD]).append(f"{row['item']},{row['rater']},{key},{answer}")
    found = {}
    for model, rows in lines.items():
        campaign = taken(rows, name=f"{model}.csv").campaign
        assert campaign is not None
        found[model] = {one.question: one for one in agreement_of(figuring.read(campaign)[0], resamples=20)}
    names = {"fleiss_kappa": "fleiss", "krippendorff_ordinal": "alpha_ordinal"}
    checked = 0
    with (DATA / "imagenhub_ratings/published_agreement.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["task"] == "Subject-Driven_IE":
                figure = found[row["model"]][row["question"]].figure(names[row["statistic"]])
                assert figure.value == pytest.approx(float(row["published"]), abs=0.00501), row
                checked += 1
    assert checked == 18


@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here; verdicts of made-up files are tested above")
def test_bluebirds_imported_have_the_published_share_of_right_verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Welinder et al. (2010), 108 photos x 39 people: the vote has 26 wrong, Dawid-Skene 11."""
    monkeypatch.setitem(consensus.METHODS, "mace", partial(consensus.mace, rounds=1))
    monkeypatch.setattr(consensus, "MACE_RESTARTS", 1)
    with (DATA / "crowd_bluebirds/truth.csv").open(newline="") as file:
        truth = {row["task"]: row["truth"] for row in csv.DictReader(file)}
    with (DATA / "crowd_bluebirds/labels.csv").open(newline="") as file:
        rows = [f"{row['task']},{row['worker']},indigo,{row['label']}" for row in csv.DictReader(file)]
    campaign = taken([HEAD, *rows], name="birds.csv").campaign
    assert campaign is not None
    figuring.compute(campaign)
    by_vote = dict(Verdict.objects.values_list("task__name", "outcome"))
    by_skill = dict(AlternativeVerdict.objects.filter(method="dawid_skene").values_list("task__name", "outcome"))
    for said, wrong in ((by_vote, 26), (by_skill, 11)):
        assert set(said) == set(truth)
        assert sum((outcome == "passed") != (truth[task] == "1") for task, outcome in said.items()) == wrong
