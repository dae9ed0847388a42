"""Others' ratings give their own published figures, to the printed digits."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from raters.statistics.agreement import Agreement, agreement, agreement_of
from raters.statistics.ballots import BallotBox, Scale
from raters.statistics.consensus import Consensus, Labels, dawid_skene, majority

DATA = Path(__file__).resolve().parents[4] / "shared/data"
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(),
    reason="../shared/data is not here; Krippendorff's, Fleiss' and Gwet's examples are tested beside.",
)
THREE = ("0.0", "0.5", "1.0")
BOTH = ("0.0", "0.5", "0.7071", "1.0")  # sqrt(SC * PQ)


def rows(path: str) -> Iterator[dict[str, str]]:
    with (DATA / path).open(newline="") as file:
        yield from csv.DictReader(file)


@pytest.fixture(scope="module")
def imagenhub() -> dict[tuple[str, str], dict[str, Agreement]]:
    boxes: dict[tuple[str, str], BallotBox] = {}
    for row in rows("imagenhub_ratings/ratings_long.csv"):
        scales = [Scale("SC", THREE), Scale("PQ", THREE), Scale("O", BOTH)]
        box = boxes.setdefault((row["task"], row["model"]), BallotBox(scales))
        overall = round((float(row["sc"]) * float(row["pq"])) ** 0.5, 4)
        box.add(row["item"], row["rater"], {"SC": row["sc"], "PQ": row["pq"], "O": str(overall)})
    found = {key: agreement_of(box.ballots(), resamples=50) for key, box in boxes.items()}
    return {key: {one.question: one for one in each} for key, each in found.items()}


def test_imagenhub_agreement_as_printed(imagenhub: dict[tuple[str, str], dict[str, Agreement]]) -> None:
    """42 figures, Fleiss' kappa and ordinal alpha, each within half of its last printed digit."""
    names = {"fleiss_kappa": "fleiss", "krippendorff_ordinal": "alpha_ordinal"}
    checked = 0
    for row in rows("imagenhub_ratings/published_agreement.csv"):
        figure = imagenhub[row["task"], row["model"]][row["question"]].figure(names[row["statistic"]])
        if row["published"] == "nan":
            assert figure.why.startswith("Undefined"), row
        else:
            assert figure.value == pytest.approx(float(row["published"]), abs=0.00501), row
        checked += 1
    assert checked == 42


def test_stanford_objects_as_two_libraries_give_them() -> None:
    box = BallotBox([Scale("score", ("1", "2", "3", "4", "5"))])
    for row in rows("stanford_t23d_ratings/ratings_long.csv"):
        box.add((row["prompt_id"], row["model"]), row["rater_slot"], {"score": row["score"]})
    found = agreement_of(box.ballots(), resamples=50)[0]
    printed = {"percent": 0.482, "fleiss": 0.345, "alpha_nominal": 0.346, "alpha_ordinal": 0.683}
    assert found.images == 360
    assert {name: round(found.figure(name).value or 0, 3) for name in printed} == printed


def crowd(name: str) -> tuple[Labels, np.ndarray, np.ndarray]:
    """The labels, and for the tasks with a known answer their positions and that answer's."""
    truth = {row["task"]: row["truth"] for row in rows(f"{name}/truth.csv")}
    given = list(rows(f"{name}/labels.csv"))
    names = tuple(sorted({row["label"] for row in given}))
    box = BallotBox([Scale("label", names)])
    for row in given:
        box.add(row["task"], row["worker"], {"label": row["label"]})
    ballots = box.ballots()
    labels = Labels(ballots.task, ballots.rater, ballots.answers[:, 0], names, len(ballots.task_ids))
    known = [(number, names.index(truth[task])) for number, task in enumerate(ballots.task_ids) if task in truth]
    places, right = np.array(known).T
    return labels, places, right


def accuracy(found: Consensus, places: np.ndarray, right: np.ndarray) -> float:
    return round(float((found.label[places] == right).mean()), 4)


def test_bluebirds_as_published() -> None:
    """Welinder et al. (2010): the vote has 26 of 108 wrong, Dawid-Skene 11 or 12."""
    labels, places, right = crowd("crowd_bluebirds")
    assert len(places) == 108
    assert accuracy(majority(labels.counts()), places, right) == 0.7593
    assert accuracy(dawid_skene(labels), places, right) == 0.8981


def test_adult_content_where_skill_does_not_beat_the_vote() -> None:
    labels, places, right = crowd("crowd_adultcontent2")
    vote = majority(labels.counts())
    assert len(places) == 333
    assert round(float(vote.probability[places, right].mean()), 4) == 0.7598
    assert accuracy(dawid_skene(labels), places, right) == 0.7477


def test_missing_answers_leave_alpha_defined_and_fleiss_partial() -> None:
    """Bluebirds is complete; with every third answer gone, alpha hardly moves, and Fleiss says what it leaves out."""
    labels, *_ = crowd("crowd_bluebirds")
    scale = Scale("label", ("0", "1"))
    whole = agreement(labels.counts(), scale, resamples=50)
    keep = np.arange(len(labels.task)) % 3 > 0
    part = Labels(labels.task[keep], labels.rater[keep], labels.label[keep], labels.names, labels.tasks)
    thinned = agreement(part.counts(), scale, resamples=50)
    assert thinned.figure("alpha_nominal").value == pytest.approx(whole.figure("alpha_nominal").value, abs=0.03)
    assert whole.figure("fleiss").why == ""
