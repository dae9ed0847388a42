"""The form that asks for an import: a file, photos in folders, or a folder of this server; exactly one of them."""

import json
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings

from catalog.exceptions import ImportUnreadable
from catalog.importing.archives import LONGEST_PATH
from catalog.importing.opening import path_in_import_dir
from catalog.importing.trees import is_clutter
from catalog.models import ImportRun
from catalog.services.imports import ask_for_import
from catalog.services.uploads import ending_of, keep_packed, keep_upload

ACCEPTED = ".zip,.csv,.tsv,.jsonl,.ndjson,.gz"


class ManyFiles(forms.FileInput):
    """A file input that takes a whole folder; the script beside it sends each file's path in `paths`."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:  # noqa: ARG002 - Django's signature
        return files.getlist(name)


class ManyFilesField(forms.FileField):
    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return [super(ManyFilesField, self).clean(file, initial) for file in data]


class ImportForm(forms.Form):
    """What to import and how. `save` stores what was uploaded and makes the run."""

    file = forms.FileField(
        required=False,
        label="A zip or a list",
        help_text="A .zip of photos in folders, or a manifest: .csv or .jsonl, alone or zipped with its photos.",
        widget=forms.FileInput(attrs={"accept": ACCEPTED}),
    )
    photos = ManyFilesField(
        required=False,
        label="A folder of photos",
        help_text="A folder in it for each product, by the product's name. Up to 499 photos; more in a zip.",
        widget=ManyFiles(attrs={"webkitdirectory": True}),
    )
    paths = forms.CharField(required=False, widget=forms.HiddenInput)
    server_path = forms.CharField(
        required=False,
        max_length=500,
        label="A folder or file on this server",
        help_text="Its path inside the import folder (VITRINE_IMPORT_DIR): for more than a browser should carry.",
        widget=forms.TextInput(attrs={"list": "server-paths", "autocomplete": "off"}),
    )
    layout = forms.ChoiceField(choices=ImportRun.Layout.choices, initial=ImportRun.Layout.AUTO)
    source = forms.SlugField(
        max_length=40,
        required=False,
        help_text="Whose external ids these are. The same source and id is the same product. Empty: the layout's name.",
    )
    type = forms.CharField(
        max_length=80,
        required=False,
        label="Product type",
        help_text="For products that name none: “mug”, “phone case”.",
        widget=forms.TextInput(attrs={"list": "type-names", "autocomplete": "off"}),
    )
    with_photos = forms.BooleanField(required=False, initial=True, label="Take the photos, too")
    dry_run = forms.BooleanField(required=False, label="Dry run: check everything and report, change nothing")

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and not ending_of(file.name):
            raise forms.ValidationError(f"{file.name} is neither a .zip, a .csv nor a .jsonl file.")
        return file

    def clean_paths(self) -> list[str]:
        try:
            paths = json.loads(self.cleaned_data["paths"] or "[]")
        except (ValueError, RecursionError):
            paths = None
        if not isinstance(paths, list) or not all(map(_is_path, paths)):
            raise forms.ValidationError("The browser sent no proper folder names. Make a zip of the folder instead.")
        return paths

    def clean_server_path(self) -> str:
        path: str = self.cleaned_data["server_path"].strip()
        try:
            if path:
                path_in_import_dir(path)
        except ImportUnreadable as error:
            raise forms.ValidationError(str(error)) from None
        return path

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        given = [name for name in ("file", "photos", "server_path") if data.get(name)]
        if len(given) != 1 and not self.errors:
            some = "Choose what to import: a file, a folder of photos, or a folder on this server."
            raise forms.ValidationError(f"Only one at a time: {' and '.join(given)} are given." if given else some)
        if data.get("photos") and len(data["photos"]) != len(data.get("paths") or ()):
            self.add_error("photos", "This browser did not send the folders' names. Make a zip of the folder instead.")
        return data

    def save(self, *, asked_by: Any) -> ImportRun:
        """Store the upload, then make the run and its job."""
        data = self.cleaned_data
        origin, upload_key = data["server_path"], ""
        if data["file"]:
            origin, upload_key = data["file"].name, keep_upload(data["file"], data["file"].name)
        elif data["photos"]:
            origin = Path(data["paths"][0]).parts[0][:200] + ".zip"
            upload_key = keep_packed(zip(data["paths"], data["photos"], strict=True))
        return ask_for_import(
            layout=data["layout"],
            origin=origin,
            source=data["source"],
            type_name=data["type"],
            photos=data["with_photos"],
            dry_run=data["dry_run"],
            asked_by=asked_by,
            upload_key=upload_key,
            in_import_dir=bool(data["server_path"]),
        )


def _is_path(value: object) -> bool:
    """Whether a browser could have sent this as a file's path and a zip can hold it; where it leads is asked later."""
    if not isinstance(value, str) or len(value) > LONGEST_PATH or "\x00" in value or not Path(value).name:
        return False
    return not any("\ud800" <= char <= "\udfff" for char in value)


def server_paths() -> list[str]:
    """What lies in the import folder of this server, for the form to suggest."""
    root = Path(settings.IMPORT_DIR)
    if not root.is_dir():
        return []
    return sorted(entry.name for entry in root.iterdir() if not is_clutter(entry.name))[:200]
