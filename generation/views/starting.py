"""The form with which runs and batches are started."""

from django.http import HttpRequest

from generation.checkpoints.set_files import set_names
from generation.forms import StartForm
from generation.model_sets import places
from generation.selectors.methods import offered


def start_form(request: HttpRequest) -> StartForm:
    """The form with what can be chosen here and now."""
    return StartForm(request.POST or None, methods=offered(), model_sets=set_names(places()))
