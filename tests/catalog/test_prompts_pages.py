"""The pages of the prompt bank: overview, list, deciding, editing, adding, import and export."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from catalog.models import ContextPrompt
from tests.factories.catalog import make_prompt, make_type

pytestmark = pytest.mark.django_db
Status = ContextPrompt.Status
HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def client(client_for, operator: User) -> Client:
    return client_for(operator)


def texts(client: Client, query: str = "") -> list[str]:
    return [prompt.text for prompt in client.get(f"/prompts/list/{query}").context["page"].items]


def test_the_overview_counts_by_type_and_leads_to_the_drafts(client: Client) -> None:
    mug = make_type("mug")
    make_prompt(mug)
    make_prompt(mug, status=Status.APPROVED)
    page = client.get("/prompts/").content.decode()
    assert "Decide 1 draft" in page
    assert f"/prompts/list/?type={mug.pk}&amp;status=draft" in page


def test_an_empty_bank_says_how_to_fill_it(client: Client) -> None:
    assert "manage.py prompts load-bank" in client.get("/prompts/").content.decode()


def test_the_list_filters_by_type_status_and_words(client: Client) -> None:
    mug = make_type("mug")
    make_prompt(mug, "A {product} on oak.")
    make_prompt(mug, "A {product} on elm.", status=Status.APPROVED)
    make_prompt(make_type("cup"), "A {product} on fir.")
    assert texts(client) == ["A {product} on oak.", "A {product} on elm.", "A {product} on fir."]
    assert texts(client, f"?type={mug.pk}&status=draft") == ["A {product} on oak."]
    assert texts(client, "?q=ON+FIR") == ["A {product} on fir."]
    assert len(texts(client, "?type=x&status=odd")) == 3
    assert "Every prompt is decided." in client.get("/prompts/list/?status=draft&type=99").content.decode()
    assert (
        "No prompt holds “%_” among the draft ones."
        in client.get("/prompts/list/?status=draft&q=%25_").content.decode()
    )


def test_long_lists_are_paged(client: Client, django_assert_max_num_queries: Callable) -> None:
    kind = make_type("mug")
    ContextPrompt.objects.bulk_create(
        ContextPrompt(type=kind, text=f"A {{product}} number {number:03d}.", origin="test") for number in range(90)
    )
    with django_assert_max_num_queries(9):
        first = client.get("/prompts/list/")
    assert len(first.context["page"].items) == 40
    second = client.get("/prompts/list/" + first.context["pager"].next)
    assert second.context["page"].items[0].text == "A {product} number 040."


@pytest.mark.parametrize("status", ["approved", "rejected"])
def test_decides_one_and_undoes_it(client: Client, operator: User, status: str) -> None:
    prompt = make_prompt()
    response = client.post(f"/prompts/{prompt.pk}/decide/", {"status": status}, **HTMX)
    assert f'data-status="{status}"' in response.content.decode()
    assert b"<html" not in response.content
    prompt.refresh_from_db()
    assert (prompt.status, prompt.decided_by) == (status, operator)
    client.post(f"/prompts/{prompt.pk}/decide/", {"status": "draft"}, **HTMX)
    prompt.refresh_from_db()
    assert (prompt.status, prompt.decided_by) == ("draft", None)


def test_without_htmx_a_decision_leads_to_the_prompts_page(client: Client) -> None:
    prompt = make_prompt()
    response = client.post(f"/prompts/{prompt.pk}/decide/", {"status": "approved"}, follow=True)
    assert response.redirect_chain == [(f"/prompts/{prompt.pk}/", 302)]
    assert "Approved" in response.content.decode()


def test_a_status_that_is_none_changes_nothing(client: Client) -> None:
    prompt = make_prompt()
    client.post(f"/prompts/{prompt.pk}/decide/", {"status": "maybe"})
    client.post("/prompts/decide/", {"status": "maybe", "prompt": [prompt.pk]})
    prompt.refresh_from_db()
    assert prompt.status == "draft"


def test_decides_the_ticked_ones_and_returns_to_the_same_list(client: Client) -> None:
    prompts = [make_prompt() for _ in range(3)]
    response = client.post(
        "/prompts/decide/?status=draft&q=in", {"status": "approved", "prompt": [prompts[0].pk, prompts[2].pk, "x"]}
    )
    assert response.headers["Location"] == "/prompts/list/?status=draft&q=in"
    assert [prompt.status for prompt in ContextPrompt.objects.order_by("id")] == ["approved", "draft", "approved"]
    none = client.post("/prompts/decide/", {"status": "approved"}, follow=True)
    assert "No prompt was chosen." in none.content.decode()


def test_edits_in_place_and_keeps_a_refused_text(client: Client) -> None:
    prompt = make_prompt(text="A {product} on oak.", status=Status.APPROVED)
    form = client.get(f"/prompts/{prompt.pk}/edit/", **HTMX).content.decode()
    assert "A {product} on oak.</textarea>" in form
    refused = client.post(f"/prompts/{prompt.pk}/edit/", {"text": "A mug on <oak> now."}, **HTMX)
    assert refused.status_code == 200
    assert "must stand there exactly once" in refused.content.decode()
    assert "A mug on &lt;oak&gt; now.</textarea>" in refused.content.decode()
    saved = client.post(f"/prompts/{prompt.pk}/edit/", {"text": "A {product} on elm."}, **HTMX).content.decode()
    assert 'data-status="draft"' in saved
    assert client.post(f"/prompts/{prompt.pk}/edit/", {"text": "short"}).status_code == 422


def test_adds_by_hand_and_stays_for_the_next(client: Client, operator: User) -> None:
    data = {"type": "Mug", "text": "A {product} on oak.", "status": "approved"}
    page = client.post("/prompts/new/", data).content.decode()
    assert "Added to mug" in page
    prompt = ContextPrompt.objects.get()
    assert (prompt.origin, prompt.decided_by) == ("person", operator)
    again = client.post("/prompts/new/", data)
    assert again.status_code == 422
    assert "mug has this prompt already" in again.content.decode()


def test_imports_a_file_and_reports_its_bad_lines(client: Client, operator: User) -> None:
    data = b'{"type": "mug", "text": "A {product} on oak."}\n{"type": "mug"}\n{"type": "mug", "text": "\xff {product}"}'
    page = client.post(
        "/prompts/import/", {"file": SimpleUploadedFile("mugs.jsonl", data), "status": "draft"}
    ).content.decode()
    assert "1 prompt added" in page
    assert "2 lines refused" in page
    assert '<td class="number">2</td>' in page
    assert client.post("/prompts/import/", {"status": "draft"}).status_code == 422


def test_exports_what_the_filter_names(client: Client) -> None:
    make_prompt(make_type("mug"), "A {product} “here” on oak.", status=Status.APPROVED)
    make_prompt(make_type("cup"), "A {product} on elm.")
    response = client.get("/prompts/export.jsonl?status=approved")
    assert response.headers["Content-Disposition"] == 'attachment; filename="prompts.jsonl"'
    body = b"".join(response.streaming_content).decode()
    assert body == '{"type": "mug", "text": "A {product} “here” on oak.", "status": "approved"}\n'


def test_an_analyst_reads_without_buttons(client_for, analyst: User) -> None:
    make_prompt()
    page = client_for(analyst).get("/prompts/list/").content.decode()
    assert "Approve" not in page.split("<ol")[1].split("</ol>")[0]


@pytest.fixture
def everyone(client_for, rater: User, analyst: User, operator: User) -> list[Client]:
    return [client_for(user) for user in (None, rater, analyst, operator)]


@pytest.mark.parametrize("url", ["/prompts/", "/prompts/list/", "/prompts/{pk}/", "/prompts/export.jsonl"])
def test_analysts_and_operators_look(url: str, everyone: list[Client]) -> None:
    url = url.format(pk=make_prompt().pk)
    assert [client.get(url).status_code for client in everyone] == [302, 403, 200, 200]
    assert everyone[-1].post(url).status_code == 405


@pytest.mark.parametrize("url", ["/prompts/new/", "/prompts/import/", "/prompts/{pk}/edit/"])
def test_operators_alone_change(url: str, everyone: list[Client]) -> None:
    url = url.format(pk=make_prompt().pk)
    assert [client.get(url).status_code for client in everyone] == [302, 403, 403, 200]
    assert everyone[-1].delete(url).status_code == 405


@pytest.mark.parametrize("url", ["/prompts/{pk}/decide/", "/prompts/decide/"])
def test_deciding_takes_a_post_by_an_operator(url: str, everyone: list[Client]) -> None:
    url = url.format(pk=make_prompt().pk)
    assert [client.post(url).status_code for client in everyone] == [302, 403, 403, 302]
    assert everyone[-1].get(url).status_code == 405


@pytest.mark.parametrize("url", ["/prompts/999/", "/prompts/999/edit/", f"/prompts/{2**70}/"])
def test_an_id_that_is_nobodys_is_not_found(url: str, client: Client) -> None:
    assert client.get(url).status_code == 404
    assert client.post("/prompts/999/decide/").status_code == 404
