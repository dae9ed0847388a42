"""What the pages on metrics and on planning take from their addresses, beside the overview's filters."""

from typing import Any
from urllib.parse import urlencode

from django import forms

from review.filters import Filters
from review.statistics.paper import METRICS as PAPER_METRICS
from vitrine.paging import LARGEST_ID

SUM = "sum"
METRICS = {**PAPER_METRICS, SUM: "Plain sum"}
FIRST = 3
LEAST, MOST = 0.1, 99.9  # percent


class MetricsForm(forms.Form):
    """`first`: of how many images of each product the pass rate is told; `metric`: whose plots are shown."""

    first = forms.IntegerField(required=False, min_value=1, max_value=20, label="First images of each product")
    metric = forms.CharField(required=False, max_length=40)

    def asked(self) -> tuple[int, str]:
        """Both, with what is usual where they are not given or cannot be; "" is the page's own choice of a metric."""
        self.is_valid()
        return self.cleaned_data.get("first") or FIRST, self.cleaned_data.get("metric") or ""


def metrics_query(filters: Filters, first: int) -> str:
    """Which figures on metrics are asked for, as an address says it."""
    return "&".join(part for part in (filters.but(least=1, questions=None).query, f"first={first}") if part)


class PlannerForm(forms.Form):
    """A study of two methods on the same products. Rates are percentages; what is left out is taken as observed."""

    base = forms.FloatField(min_value=LEAST, max_value=MOST, label="Pass rate per image now, %")
    expected = forms.FloatField(min_value=LEAST, max_value=MOST, label="Expected rate, %")
    images = forms.IntegerField(min_value=1, max_value=1_000, initial=10, label="Images a product, each method")
    raters = forms.IntegerField(min_value=1, max_value=20, initial=3, label="Raters an image")
    power = forms.FloatField(min_value=50, max_value=99, initial=80, label="Power, %")
    level = forms.FloatField(min_value=0.1, max_value=20, initial=5, label="Significance level, %")
    icc = forms.FloatField(
        required=False, min_value=0.01, max_value=0.95, label="Likeness of a product's images",
        help_text="Intraclass correlation; empty: as observed.",
    )  # fmt: skip
    shared = forms.FloatField(
        required=False, min_value=-0.9, max_value=0.95, label="Likeness of methods on a product",
        help_text="Correlation; empty: as observed.",
    )  # fmt: skip
    seconds = forms.FloatField(
        required=False, min_value=1, max_value=3_600, label="Seconds a rating", help_text="Empty: as observed."
    )
    campaign = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID, label="As observed in")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("base") is not None and cleaned.get("base") == cleaned.get("expected"):
            self.add_error("expected", f"Both rates are {cleaned['base']:g} %: no number of products tells them apart.")
        return cleaned

    @property
    def query(self) -> str:
        """What is asked for, as an address says it; empty where it cannot be."""
        if not self.is_valid():
            return ""
        told = {name: value for name, value in self.cleaned_data.items() if value is not None}
        return urlencode({name: f"{value:g}" if isinstance(value, float) else value for name, value in told.items()})
