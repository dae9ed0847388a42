"""The forms that choose images for a campaign: generated here, or made elsewhere and uploaded."""

from typing import Any

from django import forms

from catalog.models import ProductType
from generation.models import Method
from raters.choosing import Choice, Strata


class ChoiceForm(forms.Form):
    """By run, batch, method, type, place and score; all that fit, or a sample of them."""

    methods = forms.ModelMultipleChoiceField(
        Method.objects.none(),
        required=False,
        label="Methods",
        widget=forms.CheckboxSelectMultiple,
        help_text="Two or more are interleaved per product, and raters cannot tell them apart.",
    )
    type = forms.ModelChoiceField(ProductType.objects.none(), required=False, empty_label="All types", label="Type")
    run = forms.IntegerField(min_value=1, required=False, label="Run", help_text="Its number.")
    batch = forms.IntegerField(min_value=1, required=False, label="Batch", help_text="Its number.")
    places = forms.IntegerField(
        min_value=1, required=False, label="Best of each run", help_text="So many, in the ranker's order."
    )
    score_from = forms.FloatField(required=False, label="Score from")
    score_to = forms.FloatField(required=False, label="Score to")
    picked = forms.BooleanField(required=False, label="Only those that were picked")
    sample = forms.IntegerField(
        min_value=1, required=False, label="How many", help_text="Drawn by chance. Left empty, all that fit."
    )
    strata = forms.ChoiceField(
        required=False,
        label="Spread the sample evenly over",
        choices=[
            (Strata.NONE.value, "nothing: plain chance"),
            (Strata.METHOD.value, "methods"),
            (Strata.TYPE.value, "types of product"),
            (Strata.PRODUCT.value, "products"),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        methods = Method.objects.filter(runs__isnull=False).distinct().order_by("name", "-version")
        self.fields["methods"].queryset = methods  # type: ignore[attr-defined]
        self.fields["type"].queryset = ProductType.objects.order_by("name")  # type: ignore[attr-defined]

    def choice(self, seed: int) -> Choice:
        """What is asked for, once the form is valid."""
        data = self.cleaned_data
        kept = {name: data[name] for name in ("picked", "places", "score_from", "score_to", "sample")}
        return Choice(
            methods=tuple(method.pk for method in data["methods"]),
            types=(data["type"].pk,) if data["type"] else (),
            runs=(data["run"],) if data["run"] else (),
            batches=(data["batch"],) if data["batch"] else (),
            strata=Strata(data["strata"]),
            seed=seed,
            **kept,
        )


class UploadForm(forms.Form):
    """Images made elsewhere: a zip archive with them and the list that says what each is of."""

    archive = forms.FileField(
        label="Zip archive",
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
        help_text="With a CSV file beside the images: image, name, product, photos, method, prompt.",
    )
