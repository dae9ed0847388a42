"""The DreamBooth data set: a folder of photos per subject, and prompts_and_classes.txt that gives each one's class."""

from collections.abc import Iterator

from catalog.exceptions import RowRefused
from catalog.importing.folder import PHOTO_NAMES
from catalog.importing.lines import Lines, decode
from catalog.importing.records import Record, Refusal
from catalog.importing.trees import Tree, join
from catalog.photos.naming import shown_name
from catalog.services.products import ProductRow, type_name_of

CLASSES_FILE = "prompts_and_classes.txt"
_HEADER = "subject_name,class"


class DreamBoothReader:
    """Subjects as products: the folder's name is the external id, its words the title, its class the type."""

    unit = "folders"

    def __init__(self, tree: Tree, *, type_name: str = "") -> None:
        self.tree = tree
        self.done = 0
        self._folder = next((name for name in ("", "dataset") if tree.has(join(name, CLASSES_FILE))), "")
        self._type_name = type_name
        self._subjects = tree.folders(self._folder)
        self.total: int | None = len(self._subjects)

    def __iter__(self) -> Iterator[Record | Refusal]:
        classes = read_classes(self.tree, join(self._folder, CLASSES_FILE))
        for name in self.tree.files(self._folder):
            if PHOTO_NAMES.fullmatch(name):
                reason = f"{shown_name(name)} lies beside the subjects' folders, so it is nobody's photo."
                yield Refusal(join(self._folder, name), 0, "", reason)
        for subject in self._subjects:
            path = join(self._folder, subject)
            photos = [join(path, name) for name in self.tree.files(path) if PHOTO_NAMES.fullmatch(name)]
            type_name = classes.get(subject) or self._type_name
            yield Record(path, 0, ProductRow(subject, subject.replace("_", " "), type_name), photos)
            self.done += 1


def read_classes(tree: Tree, path: str) -> dict[str, str]:
    """Classes by subject: the lines between the header "subject_name,class" and the next empty line."""
    classes: dict[str, str] = {}
    inside = False
    for _, line in Lines(tree, path) if tree.has(path) else ():
        try:
            text = decode(line or b"").strip()
        except RowRefused:
            continue
        if text == _HEADER:
            inside = True
        elif inside and not text:
            break
        elif inside:
            subject, _, noun = text.partition(",")
            classes[subject.strip()] = type_name_of(noun)
    return classes
