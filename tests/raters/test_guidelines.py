"""Guidelines: what Markdown becomes, what never gets through, and their example pictures."""

import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.photos.normalising import NormalisedPhoto, normalise
from raters.exceptions import BadCampaign
from raters.guidelines import rendered
from raters.services import campaigns, guidelines
from tests.factories.catalog import image_bytes
from tests.factories.rating import make_campaign


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# Title", "<h3>Title</h3>"),
        ("## Title", "<h3>Title</h3>"),
        ("## Title\n\n### Below", "<h4>Below</h4>"),
        ("# Title\n\n###### Deep", "<h6>Deep</h6>"),
        ("- one\n- two", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>"),
        ("**strong** and *soft*", "<p><strong>strong</strong> and <em>soft</em></p>"),
        ("| a |\n|---|\n| b |", "<td>b</td>"),
        ("[a page](https://example.org/)", 'href="https://example.org/"'),
    ],
)
def test_markdown_is_shown(text: str, html: str) -> None:
    assert html in rendered(text)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        '<a href="x" onclick="alert(1)">x</a>',
        "![x](https://example.org/pixel.png)",
        "<iframe src='https://example.org'></iframe>",
        "<style>body { display: none }</style>",
    ],
)
def test_what_could_run_or_call_home_is_no_element(text: str) -> None:
    html = rendered(text)
    for element in ("<script", "<img", "<iframe", "<style", '<a href="javascript', '<a href="x"'):
        assert element not in html


@pytest.mark.django_db
class TestPictures:
    def test_they_are_normalised_and_kept_in_order(self) -> None:
        campaign = make_campaign(1, open=False)
        for good in (True, False):
            guidelines.add_picture(campaign, io.BytesIO(image_bytes()), "a.jpg", good=good, caption=f"good: {good}")
        shown = list(campaign.guideline_pictures.values_list("good", "caption", "order"))
        assert shown == [(True, "good: True", 0), (False, "good: False", 1)]
        assert campaign.guideline_pictures.all()[0].key.startswith("guidelines/")

    def test_no_lock_is_held_while_one_is_decoded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Raters share the campaign's row: what locks it must be short."""
        seen: list[list[str]] = []

        def decoding(data: bytes, name: str) -> NormalisedPhoto:
            seen.append([query["sql"] for query in used.captured_queries])
            return normalise(data, name)

        monkeypatch.setattr(guidelines, "normalise", decoding)
        campaign = make_campaign(1)
        with CaptureQueriesContext(connection) as used:
            guidelines.add_picture(campaign, io.BytesIO(image_bytes()), "a.jpg", good=True)
        (before,) = seen
        assert not [sql for sql in before if "SAVEPOINT" in sql or "FOR NO KEY" in sql]
        assert any("SAVEPOINT" in query["sql"] for query in used.captured_queries)

    def test_what_is_no_picture_is_refused_in_words(self) -> None:
        with pytest.raises(BadCampaign, match=r"notes\.txt"):
            guidelines.add_picture(make_campaign(1), io.BytesIO(b"no picture"), "notes.txt", good=True)

    def test_a_closed_campaign_keeps_its_guidelines(self) -> None:
        campaign = make_campaign(1)
        kept = guidelines.add_picture(campaign, io.BytesIO(image_bytes()), "a.jpg", good=True)
        closed = campaigns.close(campaign)
        with pytest.raises(BadCampaign, match="stays as it is"):
            guidelines.add_picture(closed, io.BytesIO(image_bytes()), "a.jpg", good=True)
        with pytest.raises(BadCampaign, match="stays as it is"):
            guidelines.remove_picture(closed, kept.pk)

    def test_one_is_taken_out(self) -> None:
        campaign = make_campaign(1)
        kept = guidelines.add_picture(campaign, io.BytesIO(image_bytes()), "a.jpg", good=True)
        guidelines.remove_picture(campaign, kept.pk)
        assert not campaign.guideline_pictures.exists()

    @pytest.mark.parametrize(("opened", "version", "events"), [(False, 1, 0), (True, 3, 2)])
    def test_others_once_raters_have_seen_them_are_the_next_version(
        self, opened: bool, version: int, events: int
    ) -> None:
        """Each rating says under which guidelines it was made."""
        campaign = make_campaign(1, open=opened)
        kept = guidelines.add_picture(campaign, io.BytesIO(image_bytes()), "a.jpg", good=True)
        guidelines.remove_picture(campaign, kept.pk)
        guidelines.remove_picture(campaign, kept.pk)  # nothing is there any more, and nothing changes
        campaign.refresh_from_db()
        assert campaign.guidelines_version == version
        assert campaign.events.filter(kind="guidelines changed").count() == events

    def test_there_is_a_most(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(guidelines, "MOST_PICTURES", 0)
        with pytest.raises(BadCampaign, match="at most 0 pictures"):
            guidelines.add_picture(make_campaign(1), io.BytesIO(image_bytes()), "a.jpg", good=True)
