"""Adding, editing, deciding and importing prompts."""

import io

import pytest

from accounts.models import User
from catalog.exceptions import PromptRefused
from catalog.models import ContextPrompt, ProductType
from catalog.prompt_bank import line_of
from catalog.selectors.prompts import PromptFilter, exported, status_counts, type_counts
from catalog.services.prompts import add_prompt, decide, edit_prompt, import_prompts, load_bank
from tests.factories.catalog import make_prompt, make_type

pytestmark = pytest.mark.django_db
Status = ContextPrompt.Status


def line(text: str, type_name: str = "mug", **rest: str) -> str:
    extra = "".join(f', "{key}": "{value}"' for key, value in rest.items())
    return f'{{"type": "{type_name}", "text": "{text}"{extra}}}\n'


def test_adds_a_prompt_with_its_type_and_who_decided(operator: User) -> None:
    prompt = add_prompt(
        type_name="Phone Case", text=" A {product}  on oak. ", origin="person", by=operator, status=Status.APPROVED
    )
    assert (prompt.type.name, prompt.text, prompt.decided_by) == ("phone case", "A {product} on oak.", operator)
    assert prompt.decided_at is not None
    draft = add_prompt(type_name="phone case", text="A {product} on elm.", origin="person", by=operator)
    assert (draft.status, draft.decided_by, draft.decided_at) == (Status.DRAFT, None, None)


@pytest.mark.parametrize("again", ["A {product} on oak.", "a {product}  ON OAK.", " A {product} on\noak."])
def test_the_same_words_are_refused_within_a_type_only(again: str, operator: User) -> None:
    add_prompt(type_name="mug", text="A {product} on oak.", origin="person", by=operator)
    with pytest.raises(PromptRefused, match=r"mug has this prompt already: “A \{product\} on oak\.”"):
        add_prompt(type_name="mug", text=again, origin="person", by=operator)
    add_prompt(type_name="cup", text=again, origin="person", by=operator)
    assert ContextPrompt.objects.count() == 2


def test_a_refused_prompt_leaves_no_type_behind(operator: User) -> None:
    with pytest.raises(PromptRefused):
        add_prompt(type_name="kite", text="no placeholder here", origin="person", by=operator)
    assert not ProductType.objects.exists()


def test_an_edited_prompt_is_a_draft_again(operator: User) -> None:
    prompt = make_prompt(text="A {product} on oak.", status=Status.APPROVED)
    decide([prompt.pk], Status.REJECTED, operator)
    edited = edit_prompt(prompt, "A {product} on elm.")
    assert (edited.text, edited.status, edited.decided_by) == ("A {product} on elm.", Status.DRAFT, None)


def test_an_edit_that_changes_nothing_keeps_the_decision(operator: User) -> None:
    prompt = make_prompt(text="A {product} on oak.")
    decide([prompt.pk], Status.APPROVED, operator)
    edit_prompt(prompt, "A {product}  on oak. ")
    prompt.refresh_from_db()
    assert (prompt.status, prompt.decided_by) == (Status.APPROVED, operator)


def test_an_edit_may_change_case_but_not_become_another_prompt() -> None:
    one = make_prompt(text="A {product} on oak.")
    other = make_prompt(one.type, "A {product} on elm.")
    assert edit_prompt(one, "A {product} on OAK.").text == "A {product} on OAK."
    with pytest.raises(PromptRefused):
        edit_prompt(other, "a {product} on oak.")
    other.refresh_from_db()
    assert other.text == "A {product} on elm."


def test_deciding_names_who_and_when_and_undo_forgets_both(operator: User, analyst: User) -> None:
    prompts = [make_prompt() for _ in range(3)]
    ids = [prompt.pk for prompt in prompts]
    assert decide(ids[:2], Status.APPROVED, operator) == 2
    assert decide(ids, Status.APPROVED, analyst) == 1
    assert [prompt.decided_by for prompt in ContextPrompt.objects.order_by("id")] == [operator, operator, analyst]
    assert decide(ids[:1], Status.DRAFT, analyst) == 1
    first = ContextPrompt.objects.get(pk=ids[0])
    assert (first.status, first.decided_by, first.decided_at) == (Status.DRAFT, None, None)


def test_an_import_takes_the_good_lines_and_numbers_the_others(operator: User) -> None:
    lines = [line("A {product} on oak."), "nonsense\n", "\n", line("no placeholder"), line("A {product} on elm.")]
    done = import_prompts(lines, origin="import", by=operator, status=Status.APPROVED)
    assert (done.added, done.known) == (2, 0)
    assert [number for number, _ in done.refused] == [2, 4]
    assert set(ContextPrompt.objects.values_list("status", "origin", "decided_by")) == {
        ("approved", "import", operator.pk)
    }


def test_an_import_again_changes_nothing_and_keeps_decisions(operator: User) -> None:
    lines = [line("A {product} on oak."), line("A {product} on elm.", status="approved")]
    import_prompts(lines, origin="import", by=operator)
    oak = ContextPrompt.objects.get(text="A {product} on oak.")
    assert oak.status == Status.DRAFT
    decide([oak.pk], Status.REJECTED, operator)
    again = [
        line("A {product} on OAK.", status="approved"),
        *lines,
        line("a {product}  on fir."),
        line("A {product} on fir."),
    ]
    done = import_prompts(again, origin="import", by=None, status=Status.APPROVED)
    assert (done.added, done.known, done.refused) == (1, 4, [])
    oak.refresh_from_db()
    assert (oak.status, oak.decided_by) == (Status.REJECTED, operator)


def test_bytes_that_are_no_utf8_spoil_their_own_line_only() -> None:
    data = line("A {product} on oak.").encode() + b'{"type": "mug", "text": "A {product} \xff\xfe on"}\n'
    done = import_prompts(
        io.TextIOWrapper(io.BytesIO(data), "utf-8", errors="surrogateescape"), origin="import", by=None
    )
    assert (done.added, [number for number, _ in done.refused]) == (1, [2])


def test_what_is_exported_can_be_imported_elsewhere() -> None:
    make_prompt(make_type("mug"), "A {product} “café” on oak.", status=Status.APPROVED)
    make_prompt(make_type("cup"), "A {product} on elm.", status=Status.REJECTED)
    lines = [line_of(prompt) for prompt in exported(PromptFilter())]
    assert [row.split('"')[3] for row in lines] == ["cup", "mug"]
    ContextPrompt.objects.all().delete()
    assert import_prompts(lines, origin="import", by=None).added == 2
    assert [line_of(prompt) for prompt in exported(PromptFilter())] == lines


def test_the_shipped_bank_loads_approved_once() -> None:
    first, again = load_bank(), load_bank()
    assert first.added == again.known == ContextPrompt.objects.count() >= 800
    assert (again.added, first.refused) == (0, [])
    assert set(ContextPrompt.objects.values_list("status", "origin")) == {("approved", "bank")}


def test_counts_by_type_and_status() -> None:
    mug = make_type("mug")
    for status in (Status.DRAFT, Status.APPROVED, Status.APPROVED):
        make_prompt(mug, status=status)
    make_prompt(make_type("cup"), status=Status.REJECTED)
    make_type("unused")
    rows = [(row.type.name, row.drafts, row.approved, row.rejected) for row in type_counts()]
    assert rows == [("mug", 1, 2, 0), ("cup", 0, 0, 1)]
    counts = status_counts(mug.pk)
    assert (counts.drafts, counts.approved, counts.rejected, counts.all) == (1, 2, 0, 3)
    assert status_counts().all == 4
