"""What the catalogue refuses, each with one plain sentence for the person who asked."""


class CatalogError(Exception):
    """Something the catalogue will not do; `str()` of it is the sentence to show."""


class PhotoRefused(CatalogError):
    """A file that is not kept as a photo."""


class RowRefused(CatalogError):
    """A product row that an import does not take."""


class ImportUnreadable(CatalogError):
    """Nothing of what was given can be imported: no such folder, not a zip, no header."""


class PromptRefused(CatalogError):
    """A text that the prompt bank does not take."""


class PromptsNotWritten(CatalogError):
    """The prompt writer cannot write: no model, no server, no answer."""


class ProductRefused(CatalogError):
    """A product that cannot be made or changed as asked."""
