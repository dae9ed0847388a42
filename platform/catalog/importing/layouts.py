"""Which reader fits a tree of files."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.exceptions import ImportUnreadable
from catalog.importing.abo import AboReader, listing_files
from catalog.importing.dreambooth import CLASSES_FILE, DreamBoothReader
from catalog.importing.folder import PHOTO_NAMES, FolderReader
from catalog.importing.manifest import CSV, JSON_LINES, ManifestReader
from catalog.importing.records import Reader
from catalog.importing.trees import Tree, join
from catalog.models import ImportRun

Layout = ImportRun.Layout


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: the type of products that name none, whether to take photos; and the types there are."""

    type_name: str = ""
    photos: bool = True
    known_types: Sequence[str] = ()


def detect(tree: Tree) -> Layout:
    """The layout that the files show: the most particular that fits, a folder per product otherwise."""
    if listing_files(tree):
        return Layout.ABO
    if any(tree.has(join(folder, CLASSES_FILE)) for folder in ("", "dataset")):
        return Layout.DREAMBOOTH
    if manifests(tree):
        return Layout.MANIFEST
    return Layout.FOLDER


def manifests(tree: Tree) -> list[str]:
    """Names of the files at the root that could be the manifest."""
    return [name for name in tree.files("") if CSV.fullmatch(name) or JSON_LINES.fullmatch(name)]


def reader_for(layout: Layout, tree: Tree, wish: Wish, *, manifest: str = "") -> Reader:
    """The reader of a layout over a tree; `manifest` names the file where the tree holds several.

    Raises ImportUnreadable when the tree does not have that layout.
    """
    if layout == Layout.MANIFEST:
        return ManifestReader(tree, manifest or _only_manifest(tree), type_name=wish.type_name)
    if layout == Layout.ABO:
        return AboReader(tree, photos=wish.photos, type_name=wish.type_name)
    if layout == Layout.DREAMBOOTH:
        return DreamBoothReader(tree, type_name=wish.type_name)
    return FolderReader(tree, type_name=wish.type_name, known_types=wish.known_types)


def unwrapped(tree: Tree, known_types: Sequence[str] = ()) -> Tree:
    """The tree inside the one folder that an archive or a browser put around everything, if there is one.

    A folder named after a type means something, and so does one that is itself a product.
    """
    folders = tree.folders("")
    if len(folders) != 1 or tree.files("") or folders[0].lower() in known_types:
        return tree
    inner = folders[0]
    if (
        not tree.folders(inner)
        and any(map(PHOTO_NAMES.fullmatch, tree.files(inner)))
        and not manifests(tree.within(inner))
    ):
        return tree
    return unwrapped(tree.within(inner), known_types)


def _only_manifest(tree: Tree) -> str:
    found = manifests(tree)
    if not found:
        raise ImportUnreadable(f"{tree.name} holds no manifest: a file that ends in .csv or .jsonl, at the top.")
    if len(found) > 1:
        raise ImportUnreadable(f"{tree.name} holds several lists ({', '.join(found[:5])}): leave the one to import.")
    return found[0]
