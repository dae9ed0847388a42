"""The addresses of review for programs."""

from django.urls import path

from review.api import comparisons, reports, studies, tables

_FILE = "<slug:name>.<slug:ending>"

api_urls = [
    path("api/review/overview/", tables.OverviewApi.as_view(), name="api-overview"),
    path("api/review/tables/<slug:name>/", tables.TableApi.as_view(), name="api-table"),
    path(f"api/review/tables/{_FILE}", tables.TableFileApi.as_view(), name="api-table-file"),
    path("api/review/paper/<slug:name>/", tables.PaperTableApi.as_view(), name="api-paper-table"),
    path(f"api/review/paper/{_FILE}", tables.PaperTableFileApi.as_view(), name="api-paper-table-file"),
    path("api/review/comparisons/", comparisons.ComparisonsApi.as_view(), name="api-comparisons"),
    path("api/review/comparisons/<int:pk>/", comparisons.ComparisonApi.as_view(), name="api-comparison"),
    path(
        f"api/review/comparisons/<int:pk>/{_FILE}", comparisons.ComparisonFileApi.as_view(), name="api-comparison-file"
    ),
    path("api/review/studies/", studies.StudiesApi.as_view(), name="api-studies"),
    path("api/review/studies/<int:pk>/", studies.StudyApi.as_view(), name="api-study"),
    path(f"api/review/studies/<int:pk>/{_FILE}", studies.StudyFileApi.as_view(), name="api-study-file"),
    path("api/review/reports/", reports.ReportsApi.as_view(), name="api-reports"),
    path("api/review/reports/<int:pk>/", reports.ReportApi.as_view(), name="api-report"),
    path("api/review/reports/<int:pk>/report.<slug:ending>", reports.ReportFileApi.as_view(), name="api-report-file"),
]
