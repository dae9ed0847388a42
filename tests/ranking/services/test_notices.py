"""Notices stand until they are closed; the same one is never open twice."""

import pytest

from ranking.models import DriftNotice
from ranking.services import notices
from tests.factories.accounts import make_user
from tests.factories.ranking import make_ranker

pytestmark = pytest.mark.django_db


def test_the_same_notice_gets_the_newer_figures() -> None:
    ranker = make_ranker("champion")
    first = notices.open_notice(ranker, "features", "metrics.clip_i", "It has moved.", {"psi": 0.2})
    again = notices.open_notice(ranker, "features", "metrics.clip_i", "It has moved far.", {"psi": 0.4})
    assert first == again
    kept = DriftNotice.objects.get()
    assert (kept.sentence, kept.figures) == ("It has moved far.", {"psi": 0.4})


def test_a_closed_one_is_opened_anew() -> None:
    ranker, person = make_ranker("champion"), make_user()
    first = notices.open_notice(ranker, "scores", "", "They have moved.", {})
    notices.close(first, by=person)
    notices.close(first)
    first.refresh_from_db()
    assert first.closed_by == person
    assert notices.open_notice(ranker, "scores", "", "They have moved.", {}) != first


def test_what_is_not_found_again_closes_and_other_kinds_stay() -> None:
    ranker = make_ranker("champion")
    stays = notices.open_notice(ranker, "features", "a", "a", {})
    goes = notices.open_notice(ranker, "features", "b", "b", {})
    other = notices.open_notice(ranker, "broken", "", "It cannot score.", {})
    assert notices.close_others(ranker, ("features", "scores"), {("features", "a")}) == 1
    open_now = set(DriftNotice.objects.filter(closed_at=None))
    assert open_now == {stays, other}
    assert goes not in open_now
