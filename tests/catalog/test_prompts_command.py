"""`manage.py prompts`: import, export, load-bank."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog.models import ContextPrompt
from tests.factories.catalog import make_prompt, make_type

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[str, str]:
    out, errors = io.StringIO(), io.StringIO()
    call_command("prompts", *arguments, stdout=out, stderr=errors)
    return out.getvalue(), errors.getvalue()


def test_imports_files_as_drafts_or_approved(tmp_path: Path) -> None:
    file = tmp_path / "mugs.jsonl"
    file.write_text('{"type": "mug", "text": "A {product} on oak."}\n')
    out, errors = run("import", str(file), "--status", "approved")
    assert out == f"{file}: 1 added, 0 there already, 0 refused\n"
    assert errors == ""
    assert ContextPrompt.objects.get().status == "approved"


def test_an_import_with_refused_lines_names_them_and_ends_with_status_1(tmp_path: Path) -> None:
    file = tmp_path / "mugs.jsonl"
    file.write_text('{"type": "mug", "text": "A {product} on oak."}\n{"type": "mug"}\n')
    errors = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("prompts", "import", str(file), stdout=io.StringIO(), stderr=errors)
    assert end.value.code == 1
    assert f'{file}:2: The line needs a "type" and a "text"' in errors.getvalue()
    assert ContextPrompt.objects.count() == 1


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"nothing\.jsonl cannot be read: No such file or directory\."):
        run("import", str(tmp_path / "nothing.jsonl"))


def test_exports_by_type_and_status() -> None:
    make_prompt(make_type("mug"), "A {product} on oak.", status=ContextPrompt.Status.APPROVED)
    make_prompt(make_type("mug"), "A {product} on elm.")
    make_prompt(make_type("cup"), "A {product} on fir.", status=ContextPrompt.Status.APPROVED)
    out, _ = run("export", "--type", "mug", "--status", "approved")
    assert out == '{"type": "mug", "text": "A {product} on oak.", "status": "approved"}\n'
    assert len(run("export")[0].splitlines()) == 3
    with pytest.raises(CommandError, match="There is no product type 'kite'"):
        run("export", "--type", "kite")


def test_loads_the_shipped_bank() -> None:
    out, errors = run("load-bank")
    assert out.startswith("the shipped bank: ")
    assert (errors, ContextPrompt.objects.filter(origin="bank").exists()) == ("", True)
