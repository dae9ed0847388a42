"""Addresses of the figures that take a worker or a scan: metrics against people, the planner, plots over time."""

from django.urls import path

from review.views import metrics, planner, studies, weeks

study_urls = [
    path("review/metrics/", metrics.metrics, name="metrics"),
    path("review/planner/", planner.planner, name="planner"),
    path("review/studies/<int:pk>/", studies.state, name="study"),
    path("review/studies/<int:pk>/<slug:name>.<slug:ending>", studies.study_file, name="study-file"),
    path("review/weeks/", weeks.weeks, name="weeks"),
]
